"""Reliability of dimension scores: alpha from the data, omega from a model, the general factor's share from a bifactor.

All standard errors are of normal theory. An omega is only as true as its model: its row names the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alliance.measurement.estimate import MeasurementFit
from alliance.measurement.intervals import alpha_interval, share_interval
from alliance.measurement.models import GENERAL
from alliance.measurement.structure import delta_se

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


def model_reliabilities(fit: MeasurementFit) -> list[Reliability]:
    """Coefficients of an admissible or inadmissible fit: omegas of a simple structure, or those of a bifactor model."""
    if not fit.estimated:
        return []
    if fit.model.orthogonal:
        return _bifactor(fit)
    return [] if fit.model.higher else _omegas(fit)


def _omegas(fit: MeasurementFit) -> list[Reliability]:
    """McDonald's omega of each factor's items: true over true plus error variance of their unweighted sum."""

    def omega(columns: list[int], factor: int) -> Callable[[NDArray], NDArray]:
        def value(theta: NDArray) -> NDArray:
            loadings, phi, residual = fit.structure.matrices(theta)
            true = loadings[columns, factor].sum() ** 2 * phi[factor, factor]
            return np.array([true / (true + np.diag(residual)[columns].sum())])

        return value

    rows = []
    for factor, items in fit.model.factors.items():
        dimension = TOTAL if fit.model.name == "one" else factor
        columns = [fit.structure.items.index(item) for item in items]
        rows.append(_row(fit, dimension, "omega", omega(columns, fit.structure.latents.index(factor)), len(items)))
    return rows


def _bifactor(fit: MeasurementFit) -> list[Reliability]:
    """Omega total, omega hierarchical and ECV (Rodriguez, Reise & Haviland, 2016) of all items and of each dimension.

    For a dimension, ``omega_hierarchical`` is the specific factor's share of the dimension's sum (omega-HS) and
    ``ecv`` the specific factor's share of the dimension's common variance.
    """
    latents, items = fit.structure.latents, fit.structure.items

    def parts(theta: NDArray, columns: list[int], factor: int) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray]:
        loadings, _, residual = fit.structure.matrices(theta)
        block = loadings[columns]
        of_sum = block.sum(axis=0) ** 2
        common = (block**2).sum(axis=0)
        return of_sum[factor], of_sum.sum(), np.diag(residual)[columns].sum(), common[factor], common.sum()

    def measures(columns: list[int], factor: int) -> dict[str, Callable[[NDArray], NDArray]]:
        def omega_total(theta: NDArray) -> NDArray:
            _, true, error, _, _ = parts(theta, columns, factor)
            return np.array([true / (true + error)])

        def omega_hierarchical(theta: NDArray) -> NDArray:
            own, true, error, _, _ = parts(theta, columns, factor)
            return np.array([own / (true + error)])

        def ecv(theta: NDArray) -> NDArray:
            _, _, _, own, common = parts(theta, columns, factor)
            return np.array([own / common])

        return {"omega_total": omega_total, "omega_hierarchical": omega_hierarchical, "ecv": ecv}

    rows = []
    for factor, names in fit.model.factors.items():
        dimension = TOTAL if factor == GENERAL else factor
        columns = [items.index(item) for item in names]
        for measure, function in measures(columns, latents.index(factor)).items():
            rows.append(_row(fit, dimension, measure, function, len(names)))
    return rows


def _row(fit: MeasurementFit, dimension: str, measure: str, function, items: int) -> Reliability:
    value = float(function(fit.theta)[0])
    se = float(delta_se(function, fit.theta, fit.vcov)[0])
    low, high, method = share_interval(value, se)
    return Reliability(dimension, measure, fit.model.name, value, se, low, high, method, fit.n, items)
