"""Reliability of dimension scores: alpha from the data; omega, AVE and the general factor's share from a model.

An omega is only as true as its model: its row names the model. With ordered items ``omega`` is that of the sum of
category numbers (Green & Yang, 2009), ``omega_latent`` that of the sum of latent responses, which nobody observes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alliance.measurement.estimate import OK, MeasurementFit
from alliance.measurement.intervals import alpha_interval, share_interval
from alliance.measurement.models import GENERAL

if TYPE_CHECKING:
    import pandas as pd

TOTAL = "total"  # the row about all items together


@dataclass(frozen=True)
class Reliability:
    """One coefficient of one dimension: ``model`` is empty for alpha, which has none."""

    dimension: str
    measure: str
    model: str
    value: float
    se: float
    ci_lower: float
    ci_upper: float
    interval: str
    n: int
    items: int


def alpha_with_se(items: NDArray) -> tuple[float, float]:
    """Cronbach's alpha of complete responses (n x k) and its standard error.

    The error is that of van Zyl, Neudecker & Nel (2000, eq. 21): multivariate normal items, no equality of variances
    or covariances assumed. nan when there is one item or no variance.
    """
    n, k = items.shape
    if k < 2 or n < 3:
        return float("nan"), float("nan")
    cov = np.cov(items, rowvar=False)
    total, trace = cov.sum(), np.trace(cov)
    if not total > 0:
        return float("nan"), float("nan")
    alpha = k / (k - 1) * (1 - trace / total)
    square = cov @ cov
    spread = total * (np.trace(square) + trace**2) - 2 * trace * square.sum()
    variance = 2 * (k / (k - 1)) ** 2 / total**3 * spread / n
    return float(alpha), float(np.sqrt(max(variance, 0.0)))


def alphas(data: pd.DataFrame, dimensions: Mapping[str, Sequence[str]]) -> list[Reliability]:
    """Alpha of every dimension, and of all items when there are several dimensions, each in its own complete cases."""
    blocks = {d: list(items) for d, items in dimensions.items() if len(items) > 1}
    if len(dimensions) > 1:
        blocks[TOTAL] = [item for items in dimensions.values() for item in items]
    rows = []
    for dimension, items in blocks.items():
        complete = data[items].dropna().to_numpy(dtype=float)
        value, se = alpha_with_se(complete)
        low, high, method = alpha_interval(value, se)
        rows.append(Reliability(dimension, "alpha", "", value, se, low, high, method, len(complete), len(items)))
    return rows


def model_reliabilities(fit: MeasurementFit, *, errors: bool = True) -> list[Reliability]:
    """Coefficients of a fit of the menu's plain and bifactor models, admissible or not; empty for other models.

    ``errors`` False leaves out standard errors and intervals, which cost a hundred times the coefficient.

    In a bifactor model ``omega_hierarchical`` and ``ecv`` of a dimension are its specific factor's share of the
    variance of the dimension's sum, and of its common variance (Rodriguez, Reise & Haviland, 2016).
    """
    if not fit.estimated or not (fit.model.plain or (fit.model.orthogonal and not fit.model.written)):
        return []
    rows = []
    for row in _coefficients(fit, errors).itertuples():
        if row.coefficient.startswith("alpha") or (fit.model.orthogonal and row.coefficient == "ave"):
            continue
        measure = row.coefficient
        if fit.model.orthogonal and measure in ("omega", "omega_latent"):
            measure = measure.replace("omega", "omega_hierarchical")
        dimension = TOTAL if row.factor == GENERAL else row.factor
        low, high, method = share_interval(row.est, row.se) if errors else (row.se, row.se, "none")
        rows.append(
            Reliability(
                dimension, measure, fit.model.name, row.est, row.se, low, high, method, fit.n,
                len(fit.model.factors[row.factor]),
            )
        )  # fmt: skip
    return rows + (_specific_ecv(fit) if fit.model.orthogonal else [])


def all_reliabilities(
    data: pd.DataFrame,
    key: Mapping[str, Sequence[str]],
    fits: Mapping[str, MeasurementFit],
    correlated: MeasurementFit,
    *,
    errors: bool,
) -> list[Reliability]:
    """One coefficient per dimension and measure: where two models hold the same dimension, that of ``correlated``.

    Model-based ones have intervals in the pooled sample only (``errors``). What a bifactor model says of a general
    factor is left out when its solution is not admissible: shares of variances that cannot be mean nothing.
    """
    sound = {name: fit for name, fit in fits.items() if name != "bifactor" or fit.status == OK}
    ordered = [correlated, *(sound[name] for name in ("two", "bifactor", "one") if name in sound)]
    found = {}
    for row in alphas(data, key) + [
        r for fit in ordered for r in model_reliabilities(fit, errors=errors or fit is correlated)
    ]:
        if row.dimension in key or row.dimension == TOTAL:
            found.setdefault((row.dimension, row.measure), row)
    return list(found.values())


def _coefficients(fit: MeasurementFit, errors: bool) -> pd.DataFrame:
    """The engine's table: factor, coefficient, est, se."""
    import pandas as pd

    from alliance.sem import reliability
    from alliance.sem.reliability_composite import coefficients, composites

    if errors:
        return reliability(fit.fit)
    values = coefficients(fit.fit, composites(fit.fit), fit.fit.theta)
    rows = [(factor, name, float(value), float("nan")) for (_, factor, name), value in values.items()]
    return pd.DataFrame(rows, columns=["factor", "coefficient", "est", "se"])


def _specific_ecv(fit: MeasurementFit) -> list[Reliability]:
    """Specific factors' shares of the common variance of their own items, from standardised loadings."""
    table = fit.parameters
    loadings = table[table["op"] == "=~"]
    square = {(r.lhs, r.rhs): r.std_all**2 for r in loadings.itertuples()}
    rows = []
    for factor, items in fit.model.factors.items():
        if factor == GENERAL:
            continue
        own = sum(square[factor, i] for i in items)
        value = own / (own + sum(square[GENERAL, i] for i in items))
        nan = float("nan")
        rows.append(Reliability(factor, "ecv", fit.model.name, float(value), nan, nan, nan, "none", fit.n, len(items)))
    return rows
