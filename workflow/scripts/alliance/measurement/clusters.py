"""How alike are members of a cluster? ICC and design effect of each item and each factor.

The estimator is that of one-way analysis of variance with unequal clusters (Donner, 1986). For a factor it is applied
to Bartlett scores, which are the person's own factor value plus an error of known variance: taking that variance away
leaves the ICC of the factor itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alliance.measurement.estimate import MLR, fit_measurement
from alliance.measurement.models import MeasurementModel

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = [
    "sample",
    "cluster",
    "kind",
    "variable",
    "n",
    "n_clusters",
    "mean_size",
    "icc",
    "ci_lower",
    "ci_upper",
    "design_effect",
]


def components(values: NDArray, clusters: NDArray) -> tuple[float, float, float, int, int]:
    """Between and within variance, average cluster size (n0), N and number of clusters; nan-free input (n,)."""
    _, code = np.unique(clusters, return_inverse=True)
    size = np.bincount(code)
    n, k = len(values), len(size)
    if k < 2 or n <= k:
        return float("nan"), float("nan"), float("nan"), n, k
    mean = np.bincount(code, values) / size
    within = float(((values - mean[code]) ** 2).sum() / (n - k))
    between = float((size * (mean - values.mean()) ** 2).sum() / (k - 1))
    n0 = (n - (size**2).sum() / n) / (k - 1)
    return (between - within) / n0, within, float(n0), n, k


def icc_interval(icc: float, n0: float, n: int, k: int) -> tuple[float, float]:
    """95% interval from the F distribution of the mean squares (Searle, 1971; approximate for unequal sizes)."""
    from scipy.special import fdtri

    if not np.isfinite(icc) or icc >= 1:
        return float("nan"), float("nan")
    ratio = (1 + (n0 - 1) * icc) / (1 - icc)
    low, high = ratio / fdtri(k - 1, n - k, 0.975), ratio / fdtri(k - 1, n - k, 0.025)
    return float((low - 1) / (low + n0 - 1)), float((high - 1) / (high + n0 - 1))


def cluster_rows(
    sample: str, data: pd.DataFrame, clusters: pd.Series, name: str, model: MeasurementModel, minimum: int = 10
) -> list[dict[str, Any]]:
    """ICC and design effect, 1 + (mean size - 1) ICC, of every item and factor of ``model``; empty when too few."""
    rows = []
    for item in model.items:
        rows.append(_row(sample, name, "item", item, data[item].to_numpy(dtype=float), clusters, minimum))
    fit = fit_measurement(model, data, minimum, estimator=MLR)
    if fit.estimated and not model.higher:
        used = data[model.items].notna().any(axis=1).to_numpy()
        scores = fit.fit.scores("Bartlett", se=True)
        who = clusters[used].reset_index(drop=True)
        for factor in model.factors:
            values, errors = scores[factor].to_numpy(), scores[f"{factor}_se"].to_numpy()
            rows.append(_row(sample, name, "factor", factor, values, who.loc[scores.index], minimum, errors))
    return [row for row in rows if row]


def _row(sample: str, cluster: str, kind: str, variable: str, values: NDArray, clusters: pd.Series, minimum: int,
         errors: NDArray | None = None) -> dict[str, Any]:  # fmt: skip
    known = np.isfinite(values) & clusters.notna().to_numpy()
    if known.sum() < minimum:
        return {}
    between, within, n0, n, k = components(values[known], clusters.to_numpy()[known].astype(str))
    if not np.isfinite(between):
        return {}
    noise = 0.0 if errors is None else float(np.mean(errors[known] ** 2))
    true_within = max(within - noise, 1e-12)
    icc = between / (between + true_within)
    low, high = icc_interval(between / (between + within), n0, n, k)
    stretch = 1.0 if errors is None else icc / max(between / (between + within), 1e-12)
    mean_size = n / k
    return {
        "sample": sample, "cluster": cluster, "kind": kind, "variable": variable, "n": n, "n_clusters": k,
        "mean_size": mean_size, "icc": icc, "ci_lower": low * stretch, "ci_upper": high * stretch,
        "design_effect": 1 + (mean_size - 1) * max(icc, 0.0),
    }  # fmt: skip
