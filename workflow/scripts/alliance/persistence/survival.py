"""Times to an event beside the Cox model: survival curves, their test, concordance, a check of proportional hazards.

As R's survival (Therneau & Grambsch 2000): Kaplan-Meier with Greenwood's variance, the log-rank test, Harrell's
concordance with an infinitesimal-jackknife error, and the score test of Grambsch & Therneau (1994).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alliance.persistence.cox import Stratum

if TYPE_CHECKING:
    import pandas as pd

    from alliance.persistence.result import OutcomeFit

Z95 = 1.959963984540054


def kaplan_meier(time: np.ndarray, event: np.ndarray) -> pd.DataFrame:
    """Survival at every moment with an event: time, n_at_risk, n_events, survival, std_error, conf_low, conf_high.

    ``time`` (n) to the event or to censoring, ``event`` 0/1. Who is censored at a moment was at risk there. Limits are
    symmetric on the scale of log survival. On whole periods this is the life table.
    """
    import pandas as pd

    moments, deaths = np.unique(time[event > 0], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), moments, side="left")
    survival = np.cumprod(1 - deaths / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(deaths / (at_risk * (at_risk - deaths).astype(float))))
        low, high = survival * np.exp(-Z95 * spread), np.minimum(survival * np.exp(Z95 * spread), 1.0)
    return pd.DataFrame(
        {"time": moments, "n_at_risk": at_risk, "n_events": deaths, "survival": survival,
         "std_error": survival * spread, "conf_low": low, "conf_high": high}
    )  # fmt: skip


def log_rank(time: np.ndarray, event: np.ndarray, group: np.ndarray) -> tuple[float, int, float]:
    """Test that the groups' survival curves are equal: chi-square, degrees of freedom, p."""
    from scipy.stats import chi2

    names = np.unique(group)
    moments = np.unique(time[event > 0])
    deaths = np.array([[((time == m) & (event > 0) & (group == g)).sum() for g in names] for m in moments], dtype=float)
    at_risk = np.array([[((time >= m) & (group == g)).sum() for g in names] for m in moments], dtype=float)
    d, n = deaths.sum(axis=1), at_risk.sum(axis=1)
    share = at_risk / n[:, None]
    difference = (deaths - d[:, None] * share).sum(axis=0)
    factor = np.where(n > 1, d * (n - d) / np.maximum(n - 1, 1), 0.0)
    V = np.diag(factor @ share) - share.T @ (factor[:, None] * share)
    statistic = float(difference[:-1] @ np.linalg.solve(V[:-1, :-1], difference[:-1]))
    return statistic, len(names) - 1, float(chi2.sf(statistic, len(names) - 1))


@dataclass(frozen=True)
class Concordance:
    """Share of comparable pairs in which the one predicted to leave earlier did, and its standard error."""

    value: float
    std_error: float


def concordance(time: np.ndarray, event: np.ndarray, risk: np.ndarray) -> Concordance:
    """Harrell's C of a risk score (n; higher: earlier). Equal scores count one half; needs memory for n × n pairs."""
    earlier = (event[:, None] > 0) & (
        (time[:, None] < time[None, :]) | ((time[:, None] == time[None, :]) & (event[None, :] == 0))
    )
    right = np.where(risk[:, None] > risk[None, :], 1.0, np.where(risk[:, None] == risk[None, :], 0.5, 0.0)) * earlier
    value = right.sum() / earlier.sum()
    own = (right.sum(axis=0) + right.sum(axis=1)) - value * (earlier.sum(axis=0) + earlier.sum(axis=1))
    return Concordance(float(value), float(np.sqrt(((own / earlier.sum()) ** 2).sum())))


def proportional_hazards(fit: OutcomeFit, event: str) -> pd.DataFrame:
    """Does a coefficient of a Cox model change with time? Score tests: term, statistic, df, p_value; last row GLOBAL.

    Time enters as one minus the Kaplan-Meier curve just before each event. ``event`` is the column that marks events.
    Models with strata are not supported (ValueError).
    """
    import pandas as pd
    from scipy.stats import chi2

    if fit.family != "cox" or fit.extra.get("strata"):
        raise ValueError("proportional hazards are tested for Cox models without strata")
    time, happened = _times(fit, event)
    X = fit._design().matrix(fit.data)[:, [fit._design().names.index(n) for n in fit.names]]
    layer = Stratum(time, happened, X - X.mean(axis=0), fit.extra["ties"])
    curve = kaplan_meier(time, happened)
    clock = 1 - np.concatenate([[1.0], curve["survival"].to_numpy()[:-1]])[layer.step_moment]
    clock = clock - clock.mean()
    mean, spread = layer.step_moments(fit.coef)
    dying = np.repeat(layer.dying(layer.X), layer.deaths, axis=0) / layer.deaths[layer.step_moment][:, None]
    U = clock @ (dying - mean)
    p = len(fit.coef)
    I_bb, I_bg, I_gg = (np.einsum("k,kij->ij", w, spread) for w in (np.ones_like(clock), clock, clock**2))
    rows = []
    for name, places in [*((n, [i]) for i, n in enumerate(fit.names)), ("GLOBAL", list(range(p)))]:
        B = I_bg[:, places]
        V = I_gg[np.ix_(places, places)] - B.T @ np.linalg.solve(I_bb, B)
        statistic = float(U[places] @ np.linalg.solve(V, U[places]))
        rows.append((name, statistic, len(places), float(chi2.sf(statistic, len(places)))))
    return pd.DataFrame(rows, columns=["term", "statistic", "df", "p_value"])


def _times(fit: OutcomeFit, event: str) -> tuple[np.ndarray, np.ndarray]:
    return fit.data[fit.design.formula.outcome].to_numpy(float), fit.data[event].to_numpy(float)
