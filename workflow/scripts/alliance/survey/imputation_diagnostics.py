"""Have the chains of an imputation settled? Potential scale reduction of means and SDs over the iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def convergence(chains: pd.DataFrame, *, limit: float = 1.2) -> pd.DataFrame:
    """R-hat of each imputed variable from the second half of its chains.

    chains: imputation, iteration, variable, mean, sd, as :class:`alliance.survey.imputation.Imputations` keeps them.
    Returns variable, statistic ("mean" | "sd"), rhat, drift, settled (rhat below ``limit``) in the chains' order.
    drift: mean over imputations of last minus first kept iteration, in SDs between imputations; both are NaN with
    fewer than four iterations or one imputation, rhat also where nothing varies.
    """
    import pandas as pd

    rows = []
    for variable, part in chains.groupby("variable", sort=False):
        for statistic in ("mean", "sd"):
            grid = part.pivot_table(index="imputation", columns="iteration", values=statistic, dropna=False).to_numpy()
            kept = grid[:, grid.shape[1] // 2 :]
            value = rhat(kept)
            between = kept.std(axis=0, ddof=1).mean() if len(kept) > 1 else np.nan
            drift = (kept[:, -1] - kept[:, 0]).mean() / between if between > 0 else np.nan
            rows.append((variable, statistic, value, drift, bool(value < limit)))
    return pd.DataFrame(rows, columns=["variable", "statistic", "rhat", "drift", "settled"])


def rhat(draws: np.ndarray) -> float:
    """Potential scale reduction factor (Gelman & Rubin 1992) of chains x iterations; NaN when it does not exist.

    sqrt(((n - 1) / n W + B / n) / W) with W the mean variance within chains and B n times the variance of their means.
    """
    m, n = draws.shape
    if m < 2 or n < 2:
        return np.nan
    within = draws.var(axis=1, ddof=1).mean()
    between = n * draws.mean(axis=1).var(ddof=1)
    if not within > 0:
        return np.nan
    return float(np.sqrt(((n - 1) / n * within + between / n) / within))
