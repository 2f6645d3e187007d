"""Cluster bootstrap of the generalised linear outcome models: whole clusters drawn with replacement, refitted fast.

A draw is a weight per cluster (how often it was drawn), so that a refit is a weighted fit on the same rows, started at
the estimates of the sample (Cameron, Gelbach & Miller 2008, Rev. Econ. Stat. 90:414, pairs cluster bootstrap).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alliance.persistence.fit import GLM_LINKS, unusable
from alliance.persistence.glm import aliased_columns
from alliance.persistence.links import LINKS
from alliance.persistence.prepare import prepare

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ClusterBootstrap:
    """``draws`` (draws × terms; NaN where one failed), percentile ``intervals`` by term, number of ``failed`` draws."""

    draws: np.ndarray
    intervals: pd.DataFrame
    failed: int


def cluster_bootstrap(
    formula: str,
    data: pd.DataFrame,
    *,
    cluster: str,
    family: str = "logit",
    draws: int = 1000,
    seed: int = 1,
    level: float = 0.95,
) -> ClusterBootstrap:
    """Percentile intervals of a linear, logit, probit or hazard model from resampled clusters.

    Raises ValueError when the model cannot be fitted to the sample itself.
    """
    import pandas as pd

    ready = prepare(formula, data, cluster=cluster)
    link = LINKS[GLM_LINKS[family]]
    trouble = unusable(ready, binary=link.name != "identity")
    if trouble:
        raise ValueError(trouble[1])
    kept = ~aliased_columns(ready.X)
    X = ready.X[:, kept]
    scale = np.sqrt((X**2).mean(axis=0))
    Z = X / scale
    start = _refit(ready.y, Z, np.ones(len(Z)), link, np.zeros(Z.shape[1]))
    if start is None:
        raise ValueError("the model has no finite estimates in the sample itself")
    rng = np.random.default_rng(seed)
    G = int(ready.groups.max()) + 1
    found = np.full((draws, ready.X.shape[1]), np.nan)
    for draw in range(draws):
        counts = np.bincount(rng.integers(0, G, G), minlength=G).astype(float)
        weight = counts[ready.groups]
        inside = weight > 0
        coef = _refit(ready.y[inside], Z[inside], weight[inside], link, start)
        if coef is not None:
            found[draw, kept] = coef / scale
    good = np.isfinite(found[:, kept]).all(axis=1)
    low, high = np.full((2, len(kept)), np.nan)
    if good.any():
        low, high = np.quantile(found[good], [(1 - level) / 2, (1 + level) / 2], axis=0)
    estimate, spread = np.full(len(kept), np.nan), np.full(len(kept), np.nan)
    estimate[kept] = start / scale
    spread[kept] = found[good][:, kept].std(axis=0, ddof=1) if good.sum() > 1 else np.nan
    table = pd.DataFrame(
        {"term": ready.design.names, "estimate": estimate, "std_error": spread, "conf_low": low, "conf_high": high}
    )
    return ClusterBootstrap(found, table, int((~good).sum()))


def _refit(y: np.ndarray, Z: np.ndarray, weight: np.ndarray, link, start: np.ndarray) -> np.ndarray | None:
    """Weighted maximum likelihood by Fisher scoring from ``start``; None when it does not settle (separation)."""
    coef = start
    for _ in range(40):
        eta = Z @ coef
        mean, slope = link.mean(eta), link.slope(eta)
        variance = np.ones_like(mean) if link.name == "identity" else np.maximum(mean * (1 - mean), 1e-12)
        ratio = weight * slope / variance
        information = Z.T @ (Z * (ratio * slope)[:, None])
        try:
            step = np.linalg.solve(information, Z.T @ (ratio * (y - mean)))
        except np.linalg.LinAlgError:
            return None
        coef = coef + step
        largest = np.abs(step).max()
        if not np.isfinite(largest) or np.abs(coef).max() > 50:
            return None
        if largest < 1e-8 * (1 + np.abs(coef).max()):
            return coef
    return None
