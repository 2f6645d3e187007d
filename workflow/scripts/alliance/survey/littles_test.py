"""Little's test of data missing completely at random.

Little (1988), J. Am. Stat. Assoc. 83, 1198: the means of each pattern of missing answers are compared with the means
that the maximum-likelihood estimates (EM) of the multivariate normal expect. As R's ``naniar::mcar_test``, with the
covariance matrix divided by n.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alliance.sem.observed import MissingMoments
from alliance.sem.saturated import fit_saturated

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LittlesTest:
    """statistic is chi-square with df degrees of freedom when answers are missing completely at random.

    n: rows with at least one answer; patterns: distinct patterns of missing answers among them; status: "ok", or
    "complete" (nothing missing), "too_few", "not_converged" with statistic and p_value NaN; reason in words.
    """

    statistic: float
    df: int
    p_value: float
    n: int
    patterns: int
    status: str = "ok"
    reason: str = ""


def littles_test(frame: pd.DataFrame, variables: Sequence[str]) -> LittlesTest:
    """Test the numeric columns ``variables`` together; rows without any answer are left out.

    Never raises for data: a test that cannot be made has a status other than "ok". It assumes normal, independent
    rows; with students in clusters and ordinal items it is a description, not a proof.
    """
    from scipy.stats import chi2

    x = frame[list(variables)].to_numpy(dtype=float, na_value=np.nan)
    x = x[~np.isnan(x).all(axis=1)]
    n, p = x.shape
    problem = _problem(x, variables)
    if problem:
        return LittlesTest(np.nan, 0, np.nan, n, 0, *problem)
    scale = np.nanstd(x, axis=0)  # the statistic does not depend on units; the iterations run better without them
    moments = MissingMoments.from_data(list(variables), (x - np.nanmean(x, axis=0)) / scale)
    patterns = len(moments.counts)
    df = int(moments.masks.sum()) - p
    if df == 0:
        return LittlesTest(np.nan, 0, np.nan, n, patterns, "complete", "no answer is missing")
    try:
        converged = fit_saturated(moments)
    except np.linalg.LinAlgError:
        converged = False
    if not converged:
        reason = "the means and covariances of the incomplete answers could not be estimated"
        return LittlesTest(np.nan, df, np.nan, n, patterns, "not_converged", reason)
    mean, cov = moments.saturated
    statistic = 0.0
    for seen, count, means in zip(moments.masks, moments.counts, moments.means, strict=True):
        shift = (means - mean)[seen]
        statistic += float(count * shift @ np.linalg.solve(cov[np.ix_(seen, seen)], shift))
    return LittlesTest(statistic, df, float(chi2.sf(statistic, df)), n, patterns)


def _problem(x: np.ndarray, variables: Sequence[str]) -> tuple[str, str] | None:
    """Why the test cannot be made: (status, reason)."""
    n, p = x.shape
    if n <= p + 1:
        return "too_few", f"{n} rows are too few for {p} variables"
    with np.errstate(invalid="ignore"):
        span = np.where(np.isnan(x), -np.inf, x).max(axis=0) - np.where(np.isnan(x), np.inf, x).min(axis=0)
    flat = [str(v) for v, s in zip(variables, span, strict=True) if not s > 0]
    if flat:
        return "too_few", f"{', '.join(flat)} {'does' if len(flat) == 1 else 'do'} not vary"
    seen = (~np.isnan(x)).astype(float)
    together = seen.T @ seen
    first, second = np.unravel_index(int(together.argmin()), together.shape)
    if together[first, second] < 2:
        return "too_few", f"hardly any row has both {variables[first]} and {variables[second]}"
    return None
