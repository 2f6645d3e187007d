"""Two or more reports of the same dimensions: change from wave to wave, agreement between roles.

Latent quantities come from the model in which the items are equal as far as the ladder found them so; they are in
standard deviations of the first occasion. The reports are never averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri, stdtrit

from alliance.measurement.intervals import Z95, correlation_interval
from alliance.measurement.scores import sum_scores

if TYPE_CHECKING:
    import pandas as pd

    from alliance.sem import Fit

CHANGE_COLUMNS = (
    "grouping", "dimension", "from", "to", "estimator", "n", "measure", "value", "se", "ci_lower", "ci_upper", "text",
)  # fmt: skip
AGREEMENT_COLUMNS = ("grouping", "dimension", "measure", "n", "value", "se", "ci_lower", "ci_upper", "unit")
WORDS = {
    "mean_change": "change of the mean, in standard deviations of the first occasion",
    "stability": "correlation of the dimension with itself: who is high stays high",
    "autoregression": "standard deviations of the later value per unit of the earlier one",
    "stable_share": "share of the variance common to both occasions (trait), if both measure one trait equally",
    "state_share": "share of the variance of its own on each occasion (state)",
    "variance_ratio": "variance of the later over that of the earlier occasion",
}


def latent_change(grouping: str, fit: Fit, waves: Mapping[str, Sequence[str]], estimator: str, *, means: bool) -> list:
    """Rows about each dimension from one occasion to the next; ``means``: whether means may be compared."""
    rows = []
    for dimension, factors in waves.items():
        for k, (early, late) in enumerate(pairwise(factors), start=1):
            head = {"grouping": grouping, "dimension": dimension, "from": k, "to": k + 1, "estimator": estimator}
            head["n"] = int(fit.n_total)
            for name, (value, se) in _pair(fit, early, late, means=means).items():
                half = Z95 * se
                low, high = (value - half, value + half)
                if name in ("stability", "stable_share"):
                    low, high, _ = correlation_interval(value, se)
                rows.append({**head, "measure": name, "value": value, "se": se, "ci_lower": low, "ci_upper": high,
                             "text": WORDS[name]})  # fmt: skip
    return rows


def _pair(fit: Fit, early: str, late: str, *, means: bool) -> dict[str, tuple[float, float]]:
    """Quantities of two factors with delta-method errors, from their covariance, variances and means."""
    cells = [(early, "~~", late), (early, "~~", early), (late, "~~", late), (early, "~1", ""), (late, "~1", "")]
    places = [_row(fit, *cell) for cell in cells]
    values = fit.row_values()
    x = np.array([values[p] if p is not None else 0.0 for p in places])
    number = [fit.table.free[p] if p is not None else 0 for p in places]
    vcov = np.zeros((5, 5))
    for i, a in enumerate(number):
        for j, b in enumerate(number):
            if a and b and fit.vcov is not None:
                vcov[i, j] = fit.vcov[a - 1, b - 1]
    functions = {
        "stability": lambda v: v[0] / np.sqrt(v[1] * v[2]),
        "autoregression": lambda v: v[0] / v[1],
        "variance_ratio": lambda v: v[2] / v[1],
        "stable_share": lambda v: v[0] / np.sqrt(v[1] * v[2]),
        "state_share": lambda v: 1 - v[0] / np.sqrt(v[1] * v[2]),
    }
    if means:
        functions = {"mean_change": lambda v: (v[4] - v[3]) / np.sqrt(v[1]), **functions}
    out = {}
    for name, function in functions.items():
        slope = np.array([(function(x + h) - function(x - h)) / 2e-6 for h in 1e-6 * np.eye(5)])
        out[name] = (float(function(x)), float(np.sqrt(max(slope @ vcov @ slope, 0.0))))
    return out


def _row(fit: Fit, lhs: str, op: str, rhs: str) -> int | None:
    table = fit.table
    for k in range(len(table.lhs)):
        if table.op[k] == op and (table.lhs[k], table.rhs[k] if op != "~1" else "") in ((lhs, rhs), (rhs, lhs)):
            return k
    return None


def latent_agreement(grouping: str, fit: Fit, waves: Mapping[str, Sequence[str]], *, means: bool) -> list[dict]:
    """Latent correlation of the two reports per dimension, and latent mean discrepancy where it is allowed."""
    rows = []
    for dimension, factors in waves.items():
        found = _pair(fit, factors[0], factors[1], means=means)
        head = {"grouping": grouping, "dimension": dimension, "n": int(fit.n_total)}
        r, se = found["stability"]
        low, high, _ = correlation_interval(r, se)
        rows.append({**head, "measure": "latent_correlation", "value": r, "se": se, "ci_lower": low, "ci_upper": high,
                     "unit": "correlation"})  # fmt: skip
        if means:
            value, error = found["mean_change"]
            half = Z95 * error
            rows.append({**head, "measure": "latent_discrepancy", "value": value, "se": error, "ci_lower": value - half,
                         "ci_upper": value + half, "unit": "standard deviations of the first role"})  # fmt: skip
    return rows


def observed_agreement(
    grouping: str, frames: Sequence[pd.DataFrame], key: Mapping[str, Sequence[str]], cluster: pd.Series | None,
    minimum: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """ICC(A,1) of the sum scores (McGraw & Wong, 1996) and their mean discrepancy, second minus first, in points."""
    rows = []
    for dimension, items in key.items():
        a, b = (sum_scores(frame[list(items)].to_numpy(dtype=float)) for frame in frames[:2])
        both = np.isfinite(a) & np.isfinite(b)
        n = int(both.sum())
        if n < max(minimum, 3):
            continue
        head = {"grouping": grouping, "dimension": dimension, "n": n}
        value, low, high = icc_agreement(np.column_stack([a[both], b[both]]))
        rows.append({**head, "measure": "icc_agreement", "value": value, "se": float("nan"), "ci_lower": low,
                     "ci_upper": high, "unit": "ICC(A,1) of sum scores"})  # fmt: skip
        difference = (b - a)[both]
        se, df = _mean_error(difference, None if cluster is None else cluster[both].astype(str).to_numpy())
        half = stdtrit(df, 0.975) * se
        mean = float(difference.mean())
        rows.append({**head, "measure": "mean_discrepancy", "value": mean, "se": se, "ci_lower": mean - half,
                     "ci_upper": mean + half, "unit": "points, second role minus first"})  # fmt: skip
    return rows


def icc_agreement(pairs: NDArray) -> tuple[float, float, float]:
    """ICC(A,1), absolute agreement of single reports, with its 95% interval; ``pairs`` is n x k without gaps."""
    n, k = pairs.shape
    grand = pairs.mean()
    rows = k * ((pairs.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    columns = n * ((pairs.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    total = ((pairs - grand) ** 2).sum()
    error = (total - rows * (n - 1) - columns * (k - 1)) / ((n - 1) * (k - 1))
    icc = (rows - error) / (rows + (k - 1) * error + k / n * (columns - error))
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    v = (a * columns + b * error) ** 2 / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    f_low, f_high = fdtri(n - 1, v, 0.975), fdtri(v, n - 1, 0.975)
    low = n * (rows - f_low * error) / (f_low * (k * columns + (k * n - k - n) * error) + n * rows)
    high = n * (f_high * rows - error) / (k * columns + (k * n - k - n) * error + n * f_high * rows)
    return float(icc), float(low), float(high)


def _mean_error(values: NDArray, cluster: NDArray | None) -> tuple[float, int]:
    """Standard error of a mean and its degrees of freedom; with clusters by sums of residuals (CR1)."""
    n = len(values)
    residual = values - values.mean()
    if cluster is None or len(set(cluster)) < 2:
        return float(residual.std(ddof=1) / np.sqrt(n)), n - 1
    _, code = np.unique(cluster, return_inverse=True)
    sums = np.bincount(code, residual)
    g = len(sums)
    return float(np.sqrt((sums**2).sum() * g / (g - 1)) / n), g - 1
