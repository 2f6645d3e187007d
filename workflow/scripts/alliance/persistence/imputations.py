"""Pooling of the same model over imputed data sets (Rubin 1987), with small-sample degrees of freedom.

Barnard & Rubin (1999, Biometrika 86:948) for single coefficients; D1 (Li, Raghunathan & Rubin 1991) and D2 (Li, Meng,
Raghunathan & Rubin 1991) for several at once, as in R's mice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.glm import fit_glm
from alliance.persistence.links import LINKS
from alliance.persistence.result import OutcomeFit, table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PooledImputations:
    """``estimates`` has the columns of a fit's estimates and ubar, b, t, riv, lambda, fmi (fraction of missing
    information); ``coef`` (m × p) and ``vcov`` (m × p × p) are those of the single fits."""

    estimates: pd.DataFrame
    coef: np.ndarray
    vcov: np.ndarray
    df_complete: float
    m: int

    def test(self, terms: Sequence[str], method: str = "D1") -> dict[str, Any]:
        """Joint test that the coefficients of ``terms`` are zero: statistic (F), df, df_denominator, p_value, riv."""
        from scipy.stats import f

        names = list(self.estimates["term"])
        places = [i for i, n in enumerate(names) if n in set(terms) or n.split("[", 1)[0] in set(terms)]
        Q = self.coef[:, places]
        U = self.vcov[np.ix_(range(self.m), places, places)]
        statistic, df, riv = (_d1 if method == "D1" else _d2)(Q, U, self.df_complete)
        k = len(places)
        p = float(f.sf(statistic, k, df))
        return {"test": method, "statistic": statistic, "df": k, "df_denominator": df, "p_value": p, "riv": riv}


def pool_imputations(
    fits: Sequence[OutcomeFit], *, df_complete: float | None = None, level: float = 0.95
) -> PooledImputations:
    """Pool fits of one model to m imputed data sets.

    ``df_complete`` are the degrees of freedom that complete data would have (default: rows minus coefficients, or what
    the fits' own standard errors have when they are clustered). Terms that some fit could not estimate (constant, or
    combinations of others) are left out. Raises ValueError when the fits differ in their terms.
    """
    usable = [fit for fit in fits if np.isfinite(fit.coef).any()]
    if len(usable) < 2:
        raise ValueError("at least two imputed data sets must have estimates")
    names = usable[0].names
    if any(fit.names != names for fit in usable):
        raise ValueError("the imputed data sets gave different terms: fix the levels of categories first")
    kept = np.all([np.isfinite(fit.coef) & np.isfinite(np.diag(fit.vcov)) for fit in usable], axis=0)
    names = [name for name, keep in zip(names, kept, strict=True) if keep]
    coef = np.array([fit.coef[kept] for fit in usable])
    vcov = np.array([fit.vcov[np.ix_(kept, kept)] for fit in usable])
    if df_complete is None:
        own = np.min([np.min(fit.df[kept]) for fit in usable])
        df_complete = float(own) if np.isfinite(own) else float(usable[0].n - len(names))
    pooled = pool_rubin(coef, np.einsum("mii->mi", vcov), df_complete)
    frame = table(names, pooled["estimate"], np.sqrt(pooled["t"]), pooled["df"], level)
    for column in ("ubar", "b", "t", "riv", "lambda", "fmi"):
        frame[column] = pooled[column]
    return PooledImputations(frame, coef, vcov, df_complete, len(usable))


def likelihood_ratio_test(
    full: Sequence[OutcomeFit], restricted: Sequence[OutcomeFit], *, refit_intercept: bool = False
) -> dict[str, Any]:
    """D3, the pooled likelihood ratio test of nested models (Meng & Rubin 1992), each fitted to every imputed data set.

    Uses log-likelihoods at each data set's own estimates and at the pooled ones (for a linear model the residual
    variance is estimated anew at them). mice's D3 also estimates a new intercept at the pooled coefficients: that is
    ``refit_intercept``. Returns statistic (F), df, df_denominator, p_value, riv.
    """
    from scipy.stats import f

    m, k = len(full), int(np.isfinite(full[0].coef).sum() - np.isfinite(restricted[0].coef).sum())
    own = 2 * (np.mean([fit.log_likelihood for fit in full]) - np.mean([fit.log_likelihood for fit in restricted]))
    pooled = 2 * (_at_pooled(full, refit_intercept) - _at_pooled(restricted, refit_intercept))
    riv = (m + 1) / (k * (m - 1)) * (own - pooled)
    statistic = pooled / (k * (1 + riv))
    t = k * (m - 1)
    df = 4 + (t - 4) * (1 + (1 - 2 / t) / riv) ** 2 if t > 4 else t * (1 + 1 / k) * (1 + 1 / riv) ** 2 / 2
    p = float(f.sf(statistic, k, df))
    return {"test": "D3", "statistic": statistic, "df": k, "df_denominator": df, "p_value": p, "riv": riv}


def _at_pooled(fits: Sequence[OutcomeFit], refit_intercept: bool) -> float:
    """Mean log-likelihood over the data sets at the mean of their coefficients."""
    coef = np.nan_to_num(np.mean([fit.coef for fit in fits], axis=0))
    values = []
    for fit in fits:
        y = fit.data[fit.design.formula.outcome].to_numpy(float)
        eta = fit.design.matrix(fit.data) @ coef
        if refit_intercept:
            again = fit_glm(y, np.ones((len(y), 1)), fit.link, fit.weights, eta)
            eta = eta + again.coef[0]
        if fit.link == "identity":
            rss = float((fit.weights * (y - eta) ** 2).sum())
            values.append(-0.5 * len(y) * (np.log(2 * np.pi * rss / len(y)) + 1) + 0.5 * np.log(fit.weights).sum())
        else:
            values.append(float((fit.weights * LINKS[fit.link].log_likelihood(y, eta)).sum()))
    return float(np.mean(values))


def pool_rubin(estimates: np.ndarray, variances: np.ndarray, df_complete: float = np.inf) -> dict[str, np.ndarray]:
    """Rubin's rules for each column of ``estimates`` and ``variances`` (m × p), with Barnard and Rubin's df."""
    m = len(estimates)
    ubar, b = variances.mean(axis=0), estimates.var(axis=0, ddof=1)
    total = ubar + (1 + 1 / m) * b
    share = (1 + 1 / m) * b / total
    riv = (1 + 1 / m) * b / ubar
    with np.errstate(divide="ignore"):
        old = (m - 1) / share**2
    if np.isfinite(df_complete):
        observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
        df = np.where(np.isinf(old), observed, old * observed / np.where(np.isinf(old), 1.0, old + observed))
    else:
        df = old
    fmi = (riv + 2 / (df + 3)) / (riv + 1)
    return {
        "estimate": estimates.mean(axis=0), "ubar": ubar, "b": b, "t": total, "riv": riv, "lambda": share,
        "df": df, "fmi": fmi,
    }  # fmt: skip


def _d1(Q: np.ndarray, U: np.ndarray, df_complete: float) -> tuple[float, float, float]:
    m, k = Q.shape
    ubar = U.mean(axis=0)
    B = np.atleast_2d(np.cov(Q, rowvar=False, ddof=1))
    riv = (1 + 1 / m) * float(np.trace(B @ np.linalg.inv(ubar))) / k
    q = Q.mean(axis=0)
    statistic = float(q @ np.linalg.solve((1 + riv) * ubar, q)) / k
    t = k * (m - 1)
    if np.isfinite(df_complete) and t > 4:
        df = _reiter(k, m, riv, df_complete)
    elif t > 4:
        df = 4 + (t - 4) * (1 + (1 - 2 / t) / riv) ** 2
    else:
        df = t * (1 + 1 / k) * (1 + 1 / riv) ** 2 / 2
    return statistic, df, riv


def _reiter(k: int, m: int, riv: float, df_complete: float) -> float:
    """Degrees of freedom of D1 with a finite sample (Reiter 2007, Biometrika 94:502)."""
    t = k * (m - 1)
    a = riv * t / (t - 2)
    v = df_complete * (df_complete + 1) / (df_complete + 3)
    c0 = 1 / (t - 4)
    c1 = v - 2 * (1 + a)
    c2 = v - 4 * (1 + a)
    z = (
        1 / c2
        + c0 * a**2 * c1 / ((1 + a) ** 2 * c2)
        + c0 * 8 * a**2 * c1 / ((1 + a) * c2**2)
        + c0 * 4 * a**2 / ((1 + a) * c2)
        + c0 * 4 * a**2 / (c2 * c1)
        + c0 * 16 * a**2 * c1 / c2**3
        + c0 * 8 * a**2 / c2**2
    )
    return 4 + 1 / z


def _d2(Q: np.ndarray, U: np.ndarray, df_complete: float) -> tuple[float, float, float]:
    m, k = Q.shape
    wald = np.array([q @ np.linalg.solve(u, q) for q, u in zip(Q, U, strict=True)])
    riv = (1 + 1 / m) * float(np.var(np.sqrt(wald), ddof=1))
    statistic = (wald.mean() / k - (m + 1) / (m - 1) * riv) / (1 + riv)
    df = k ** (-3 / m) * (m - 1) * (1 + 1 / riv) ** 2
    return float(statistic), float(df), riv
