"""Two-stage pooling of cohorts: random-effects meta-analysis with an honest interval and a prediction interval.

Estimators of the between-cohort variance as in Viechtbauer (2005, J. Educ. Behav. Stat. 30:261) and R's metafor; the
Knapp-Hartung adjustment (2003, Stat. Med. 22:2693); Q-profile interval of Viechtbauer (2007, Stat. Med. 26:37).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

METHODS = ("FE", "DL", "HE", "SJ", "ML", "REML", "PM", "EB")


@dataclass(frozen=True)
class PooledCohorts:
    """A pooled estimate. ``i2`` in percent; ``q`` is Cochran's test of heterogeneity on ``k`` - 1 degrees of freedom.

    With moderators ``coef`` and ``coef_std_error`` hold all coefficients, intercept first, and ``estimate`` is the
    intercept. ``prediction_low`` and ``prediction_high`` are limits for the effect in a new cohort.
    """

    estimate: float
    std_error: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    df: float
    tau2: float
    tau2_std_error: float
    i2: float
    h2: float
    q: float
    q_p_value: float
    prediction_low: float
    prediction_high: float
    log_likelihood: float
    k: int
    method: str
    test: str
    coef: np.ndarray = field(default_factory=lambda: np.empty(0))
    coef_std_error: np.ndarray = field(default_factory=lambda: np.empty(0))
    qm: float = np.nan


def pool_cohorts(
    estimates: Sequence[float],
    std_errors: Sequence[float],
    method: str = "REML",
    test: str = "knha",
    *,
    moderators: np.ndarray | None = None,
    level: float = 0.95,
) -> PooledCohorts:
    """Pool one estimate per cohort.

    ``method`` is one of FE, DL, HE, SJ, ML, REML, PM, EB; ``test`` "knha" (t with k - p degrees of freedom) or "z".
    Cohorts without an estimate are left out. ``moderators`` (k × m) makes it a meta-regression. Raises ValueError for
    unknown words and when no cohort is left. With one cohort nothing can be said of heterogeneity: tau2 is NaN.
    """
    from scipy.stats import chi2, norm, t

    if method not in METHODS or test not in ("knha", "z"):
        raise ValueError(f"method must be one of {', '.join(METHODS)} and test knha or z, not {method!r} and {test!r}")
    y, v = np.asarray(estimates, float), np.asarray(std_errors, float) ** 2
    X = np.ones((len(y), 1)) if moderators is None else np.column_stack([np.ones(len(y)), moderators])
    known = np.isfinite(y) & np.isfinite(v) & (v > 0)
    y, v, X = y[known], v[known], X[known]
    k, p = X.shape
    if k == 0:
        raise ValueError("no cohort has an estimate")
    if k <= p:
        return _single(y[0], np.sqrt(v[0]), k, method, test, level)
    tau2 = 0.0 if method == "FE" else max(_TAU2[method](y, v, X), 0.0)
    b, V, rss = _weighted(y, X, 1 / (v + tau2))
    _, _, q = _weighted(y, X, 1 / v)
    adjust = rss / (k - p) if test == "knha" else 1.0
    df = k - p if test == "knha" else np.inf
    se = np.sqrt(np.diag(V) * adjust)
    critical = t.ppf((1 + level) / 2, df) if np.isfinite(df) else norm.ppf((1 + level) / 2)
    typical = (k - p) / np.trace(_projection(X, 1 / v))
    spread = np.sqrt(se[0] ** 2 + tau2)
    ratio = b[0] / se[0]
    slopes = np.arange(1, p) if p > 1 else np.arange(p)
    qm = float(b[slopes] @ np.linalg.solve(V[np.ix_(slopes, slopes)] * adjust, b[slopes]))
    heterogeneity = (max(q - (k - p), 0.0) / q, q / (k - p)) if method == "FE" else (
        tau2 / (typical + tau2), tau2 / typical + 1
    )  # fmt: skip
    return PooledCohorts(
        float(b[0]), float(se[0]), float(ratio), float(2 * t.sf(abs(ratio), df)),
        float(b[0] - critical * se[0]), float(b[0] + critical * se[0]), float(df),
        float(tau2), _tau2_error(v, X, tau2, method), 100 * heterogeneity[0], heterogeneity[1],
        float(q), float(chi2.sf(q, k - p)), float(b[0] - critical * spread), float(b[0] + critical * spread),
        _log_likelihood(y, v, X, tau2, restricted=method == "REML"), k, method, test, b, se, qm,
    )  # fmt: skip


def tau2_interval(estimates: Sequence[float], std_errors: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Q-profile confidence interval of the between-cohort variance; limits below zero are zero."""
    from scipy.stats import chi2

    y, v = np.asarray(estimates, float), np.asarray(std_errors, float) ** 2
    X = np.ones((len(y), 1))
    df = len(y) - 1
    limits = []
    for quantile in ((1 + level) / 2, (1 - level) / 2):
        target = chi2.ppf(quantile, df)
        limits.append(_root(lambda tau2, target=target: _weighted(y, X, 1 / (v + tau2))[2] - target, y))
    return limits[0], limits[1]


def _single(y: float, se: float, k: int, method: str, test: str, level: float) -> PooledCohorts:
    from scipy.stats import norm

    margin = norm.ppf((1 + level) / 2) * se
    nan = np.nan
    return PooledCohorts(
        float(y), float(se), float(y / se), float(2 * norm.sf(abs(y / se))), float(y - margin), float(y + margin),
        np.inf, nan, nan, nan, nan, nan, nan, nan, nan, nan, k, method, test,
    )  # fmt: skip


def _weighted(y: np.ndarray, X: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Coefficients, their covariance and the weighted residual sum of squares."""
    V = np.linalg.inv((X * w[:, None]).T @ X)
    b = V @ (X.T @ (w * y))
    return b, V, float((w * (y - X @ b) ** 2).sum())


def _projection(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    WX = X * w[:, None]
    return np.diag(w) - WX @ np.linalg.solve(X.T @ WX, WX.T)


def _root(function: Callable[[float], float], y: np.ndarray) -> float:
    """Zero of a decreasing function of tau2, or 0 when it is negative at 0."""
    from scipy.optimize import brentq

    if function(0.0) <= 0:
        return 0.0
    high = 10 * np.var(y) + 1.0
    while function(high) > 0:
        high *= 10
    return float(brentq(function, 0.0, high, xtol=1e-14, rtol=1e-14))


def _dersimonian_laird(y, v, X):
    _, _, q = _weighted(y, X, 1 / v)
    return (q - (len(y) - X.shape[1])) / np.trace(_projection(X, 1 / v))


def _hedges(y, v, X):
    _, _, rss = _weighted(y, X, np.ones(len(y)))
    P = _projection(X, np.ones(len(y)))
    return (rss - np.trace(P * v[None, :])) / (len(y) - X.shape[1])


def _sidik_jonkman(y, v, X):
    first = ((y - y.mean()) ** 2).mean()
    _, _, rss = _weighted(y, X, 1 / (v + first))
    return first * rss / (len(y) - X.shape[1])


def _paule_mandel(y, v, X):
    df = len(y) - X.shape[1]
    return _root(lambda tau2: _weighted(y, X, 1 / (v + tau2))[2] - df, y)


def _likelihood(restricted: bool):
    def estimate(y, v, X):
        """Zero of the score of tau2: y'PPy - tr(P) (REML) or - tr(W) (ML); the best of the stationary points."""
        from scipy.optimize import brentq, minimize_scalar

        def score(tau2: float) -> float:
            w = 1 / (v + tau2)
            b, _, _ = _weighted(y, X, w)
            trace = np.trace(_projection(X, w)) if restricted else w.sum()
            return float(((w * (y - X @ b)) ** 2).sum() - trace)

        upper = 10 * np.var(y) + 1.0
        found = minimize_scalar(
            lambda tau2: -_log_likelihood(y, v, X, tau2, restricted), bounds=(0.0, upper), method="bounded"
        ).x
        if score(0.0) <= 0 and found < 1e-4 * upper:
            return 0.0
        low, high = max(found * 0.9 - 1e-5, 0.0), found * 1.1 + 1e-5
        return float(brentq(score, low, high, xtol=1e-15, rtol=1e-14)) if score(low) * score(high) < 0 else float(found)

    return estimate


_TAU2: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], float]] = {
    "DL": _dersimonian_laird,
    "HE": _hedges,
    "SJ": _sidik_jonkman,
    "PM": _paule_mandel,
    "EB": _paule_mandel,  # the empirical Bayes estimator has the same estimating equation
    "ML": _likelihood(False),
    "REML": _likelihood(True),
}


def _log_likelihood(y: np.ndarray, v: np.ndarray, X: np.ndarray, tau2: float, restricted: bool) -> float:
    k, p = X.shape
    w = 1 / (v + tau2)
    _, V, rss = _weighted(y, X, w)
    value = 0.5 * np.log(w).sum() - 0.5 * rss
    if not restricted:
        return float(value - 0.5 * k * np.log(2 * np.pi))
    determinants = np.linalg.slogdet(X.T @ X)[1] + np.linalg.slogdet(V)[1]
    return float(value - 0.5 * (k - p) * np.log(2 * np.pi) + 0.5 * determinants)


def _tau2_error(v: np.ndarray, X: np.ndarray, tau2: float, method: str) -> float:
    """Standard error of tau2 from the expected information, where the method is by likelihood."""
    w = 1 / (v + tau2)
    if method == "ML":
        return float(np.sqrt(2 / (w**2).sum()))
    if method == "REML":
        P = _projection(X, w)
        return float(np.sqrt(2 / np.trace(P @ P)))
    return np.nan
