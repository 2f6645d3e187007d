"""Fit of a covariance structure, in lavaan's conventions and under lavaan's names.

Covariances are divided by N and the chi-square is N x F (lavaan's ``likelihood = "normal"``).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, ncx2

from alliance.measurement.structure import FloatArray

CLOSE = 0.05  # the RMSEA of "close fit" (Browne & Cudeck, 1993)


def ml_discrepancy(observed: FloatArray, implied: FloatArray) -> float:
    """F = log|Sigma| - log|S| + tr(S Sigma^-1) - p; inf when Sigma is not positive definite."""
    sign, logdet = np.linalg.slogdet(implied)
    if sign <= 0:
        return float("inf")
    trace = np.trace(np.linalg.solve(implied, observed))
    return float(logdet - np.linalg.slogdet(observed)[1] + trace - len(observed))


def fit_measures(observed: FloatArray, implied: FloatArray, n: int, n_free: int) -> dict[str, float]:
    """Fit measures from observed and implied covariances (p x p, divided by N), N and the number of free parameters.

    The baseline is the independence model. RMSEA has a 90% interval (Steiger, 1990); SRMR is over variances and
    covariances; AIC and BIC count the parameters of the covariance structure (item means are saturated).
    """
    p = len(observed)
    df, df_baseline = p * (p + 1) // 2 - n_free, p * (p - 1) // 2
    chisq = n * max(ml_discrepancy(observed, implied), 0.0)
    baseline = n * ml_discrepancy(observed, np.diag(np.diag(observed)))
    logl = -0.5 * n * (p * np.log(2 * np.pi) + np.linalg.slogdet(implied)[1])
    logl -= 0.5 * n * float(np.trace(np.linalg.solve(implied, observed)))
    lower, upper = rmsea_interval(chisq, df, n)
    return {
        "chisq": chisq,
        "df": float(df),
        "pvalue": float(chi2.sf(chisq, df)) if df > 0 else float("nan"),
        "baseline_chisq": baseline,
        "baseline_df": float(df_baseline),
        "cfi": _cfi(chisq, df, baseline, df_baseline),
        "tli": _tli(chisq, df, baseline, df_baseline),
        "rmsea": float(np.sqrt(max(chisq - df, 0.0) / (df * n))) if df > 0 else 0.0,
        "rmsea_ci_lower": lower,
        "rmsea_ci_upper": upper,
        "rmsea_pvalue": float(ncx2.sf(chisq, df, n * df * CLOSE**2)) if df > 0 else float("nan"),
        "srmr": srmr(observed, implied),
        "logl": float(logl),
        "aic": float(-2 * logl + 2 * n_free),
        "bic": float(-2 * logl + n_free * np.log(n)),
        "npar": float(n_free),
        "ntotal": float(n),
    }


def rmsea_interval(chisq: float, df: int, n: int, level: float = 0.90) -> tuple[float, float]:
    """Interval of RMSEA: non-centralities at which ``chisq`` is the upper and lower tail's quantile."""
    if df <= 0:
        return 0.0, 0.0
    return tuple(np.sqrt(_noncentrality(chisq, df, q) / (df * n)) for q in (0.5 + level / 2, 0.5 - level / 2))


def _noncentrality(chisq: float, df: int, probability: float) -> float:
    """The non-centrality at which P(X <= chisq) = probability; 0 when even the central one is below it."""
    if chi2.cdf(chisq, df) < probability:
        return 0.0
    top = max(chisq, 1.0)
    while ncx2.cdf(chisq, df, top) > probability:
        top *= 2
    return float(brentq(lambda nc: ncx2.cdf(chisq, df, nc) - probability, 0.0, top, xtol=1e-12, rtol=1e-14))


def srmr(observed: FloatArray, implied: FloatArray) -> float:
    """Root mean square of standardised residuals over the lower triangle with the diagonal (Bentler, 1995)."""
    sd = np.sqrt(np.diag(observed))
    residual = ((observed - implied) / np.outer(sd, sd))[np.tril_indices(len(observed))]
    return float(np.sqrt(np.mean(residual**2)))


def residual_correlations(observed: FloatArray, implied: FloatArray) -> FloatArray:
    """Observed minus implied correlations, each matrix scaled by its own variances (lavaan's type = "cor")."""
    return _correlations(observed) - _correlations(implied)


def _correlations(cov: FloatArray) -> FloatArray:
    sd = np.sqrt(np.diag(cov))
    return cov / np.outer(sd, sd)


def _cfi(chisq: float, df: int, baseline: float, df_baseline: int) -> float:
    model = max(chisq - df, 0.0)
    worst = max(chisq - df, baseline - df_baseline, 0.0)
    return 1.0 if worst == 0 else 1 - model / worst


def _tli(chisq: float, df: int, baseline: float, df_baseline: int) -> float:
    if df == 0:
        return 1.0
    ratio = baseline / df_baseline
    return float("nan") if ratio == 1 else (ratio - chisq / df) / (ratio - 1)
