"""How well a model fits over imputed data sets: pooled R squared, and the likelihood ratio of the stacked data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alliance.persistence.imputations import pool_rubin
from alliance.persistence.result import OutcomeFit

Z95 = 1.959963984540054


@dataclass(frozen=True)
class PooledShare:
    """A pooled R squared with its 95% interval and the fraction of missing information."""

    estimate: float
    conf_low: float
    conf_high: float
    fmi: float


def r_squared(fit: OutcomeFit, *, adjusted: bool = False) -> float:
    """Share of a linear model's variance that its terms explain."""
    y = fit.data[fit.design.formula.outcome].to_numpy(float)
    residual = y - fit.predict()
    share = 1 - (residual**2).sum() / ((y - y.mean()) ** 2).sum()
    if not adjusted:
        return float(share)
    return float(1 - (1 - share) * (fit.n - 1) / (fit.n - np.isfinite(fit.coef).sum()))


def pool_r_squared(fits: Sequence[OutcomeFit], *, adjusted: bool = False) -> PooledShare:
    """Pooled R squared of linear models by Fisher's z of the multiple correlation (Harel 2009, J. Appl. Stat. 36:1109).

    The limits are those of the normal distribution on the scale of z.
    """
    z = np.array([np.arctanh(np.sqrt(r_squared(fit, adjusted=adjusted))) for fit in fits])[:, None]
    pooled = pool_rubin(z, np.full_like(z, 1.0 / (fits[0].n - 3)))
    centre, spread = float(pooled["estimate"][0]), float(np.sqrt(pooled["t"][0]))
    low, middle, high = (float(np.tanh(centre + k * spread) ** 2) for k in (-Z95, 0.0, Z95))
    return PooledShare(middle, low, high, float(pooled["fmi"][0]))


def stacked_ratio_test(
    full: Sequence[OutcomeFit], restricted: Sequence[OutcomeFit], stacked: tuple[OutcomeFit, OutcomeFit]
) -> dict[str, Any]:
    """D4: likelihood ratio test of nested models from the stacked data (Chan & Meng 2022, Stat. Sinica 32:1489).

    ``full`` and ``restricted`` are fitted to each of m imputed data sets, ``stacked`` are the two models fitted to all
    of them under each other. Returns test, statistic (F), df, df_denominator, p_value, riv.
    """
    from scipy.stats import f

    m, k = len(full), int(np.isfinite(full[0].coef).sum() - np.isfinite(restricted[0].coef).sum())
    own = 2 * (np.mean([fit.log_likelihood for fit in full]) - np.mean([fit.log_likelihood for fit in restricted]))
    together = 2 * (stacked[0].log_likelihood - stacked[1].log_likelihood) / m
    riv = max((m + 1) / (k * (m - 1)) * (own - together), 0.0)
    statistic = together / (k * (1 + riv))
    df = np.inf if riv == 0 else k * (m - 1) * (1 + 1 / riv) ** 2
    return {"test": "D4", "statistic": statistic, "df": k, "df_denominator": df,
            "p_value": float(f.sf(statistic, k, df)), "riv": riv}  # fmt: skip
