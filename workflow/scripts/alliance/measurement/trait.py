"""How much of a dimension is a lasting trait, how much the state of one occasion: three or more waves.

The factors of the waves, in one unit because their items are equal, are trait + state: every covariance between waves
is the variance of the trait. That model is fitted to the factors' covariances by optimal minimum distance (Chamberlain,
1982), which is as efficient as a second-order factor and needs no further search. Its test says whether one trait of
equal weight is enough: where covariances fall with the distance of the waves it is not, and what looks like trait holds
slow change too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from alliance.measurement.intervals import share_interval

if TYPE_CHECKING:
    from alliance.sem import Fit

FloatArray = NDArray[np.float64]


def trait_and_state(
    grouping: str, fit: Fit, waves: Mapping[str, Sequence[str]], estimator: str
) -> list[dict[str, Any]]:
    """Rows ``trait_share`` and ``state_share`` of each dimension, mean over its waves; none for fewer than three.

    ``fit``: a ladder's model with loadings equal across waves; ``waves``: dimension -> its factors in order.
    """
    rows = []
    for dimension, factors in waves.items():
        if len(factors) < 3:
            continue
        share, se, chisq, df = trait_share(*_moments(fit, factors), len(factors))
        head = {"grouping": grouping, "dimension": dimension, "from": 1, "to": len(factors), "estimator": estimator,
                "n": int(fit.n_total)}  # fmt: skip
        p = float(chdtrc(df, chisq))
        shown = "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".")
        test = f"one trait of equal weight on all occasions: χ²({df}) = {chisq:.1f}, {shown}"
        what = {"trait_share": "share of the variance that lasts over all occasions (trait)",
                "state_share": "share of the variance of one occasion only (state)"}  # fmt: skip
        for measure, value in (("trait_share", share), ("state_share", 1 - share)):
            low, high, _ = share_interval(value, se)
            rows.append({**head, "measure": measure, "value": value, "se": se, "ci_lower": low, "ci_upper": high,
                         "text": f"{what[measure]}; {test}"})  # fmt: skip
    return rows


def trait_share(moments: FloatArray, vcov: FloatArray, waves: int) -> tuple[float, float, float, int]:
    """Trait variance over the mean variance of the waves, its standard error, and the test (chi-square, df).

    ``moments``: the variances of the waves (zero rows in ``vcov`` where they are fixed), then the covariances of all
    pairs; ``vcov``: their covariance matrix. Only the covariances are restricted; the variances follow them by
    regression. nan where the covariances have no proper covariance matrix.
    """
    v, c = moments[:waves], moments[waves:]
    v_c, v_cc = vcov[:waves, waves:], vcov[waves:, waves:]
    ones = np.ones(len(c))
    try:
        weight = np.linalg.inv(v_cc)
    except np.linalg.LinAlgError:
        return float("nan"), float("nan"), float("nan"), len(c) - 1
    mean = weight @ ones / (ones @ weight @ ones)  # the optimal mean of the covariances
    trait = float(mean @ c)
    pull = v_c @ weight
    variances = v - pull @ (c - trait)
    chisq = float((c - trait) @ weight @ (c - trait))
    share = trait / variances.mean()
    by_c = mean / variances.mean() - trait / variances.mean() ** 2 * (
        (-pull + np.outer(pull @ ones, mean)).mean(axis=0)
    )
    by_v = np.full(waves, -trait / variances.mean() ** 2 / waves)
    slope = np.concatenate([by_v, by_c])
    return float(share), float(np.sqrt(max(slope @ vcov @ slope, 0.0))), chisq, len(c) - 1


def _moments(fit: Fit, factors: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """Estimated variances and covariances of the factors, and the covariance matrix of these estimates."""
    table, values = fit.table, fit.row_values()
    rows = {}
    for k, (lhs, op, rhs) in enumerate(zip(table.lhs, table.op, table.rhs, strict=True)):
        if op == "~~":
            rows[frozenset((lhs, rhs))] = k
    places = [rows[frozenset(pair)] for pair in [*((f, f) for f in factors), *combinations(factors, 2)]]
    numbers = np.array([table.free[k] for k in places])
    vcov = np.zeros((len(places), len(places)))
    free = numbers > 0
    if fit.vcov is not None:
        vcov[np.ix_(free, free)] = fit.vcov[np.ix_(numbers[free] - 1, numbers[free] - 1)]
    return np.array([values[k] for k in places], dtype=float), vcov
