"""Pooling of estimates that come in sets: several per study or institution, with errors robust to their dependence.

Three-level random-effects model (Konstantopoulos 2011, Res. Synth. Methods 2:61) by REML, as metafor's rma.mv with
nested effects; CR2 errors and Satterthwaite degrees of freedom of Pustejovsky & Tipton (2018) with the model's
covariance as working model, as in clubSandwich.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class NestedPool:
    """A pooled estimate with its model-based and robust standard error; variances between and within sets."""

    estimate: float
    std_error: float
    robust_std_error: float
    robust_df: float
    robust_p_value: float
    between: float
    within: float
    q: float
    log_likelihood: float
    k: int
    sets: int


def pool_nested(
    estimates: Sequence[float], std_errors: Sequence[float], sets: Sequence, subsets: Sequence | None = None
) -> NestedPool:
    """Pool k estimates that belong to ``sets`` (one label per estimate).

    ``within`` varies between ``subsets`` (labels within the sets, such as samples of a study); left out, each estimate
    is its own. Raises ValueError with fewer than two sets.
    """
    import pandas as pd
    from scipy.optimize import minimize
    from scipy.stats import t

    y, v = np.asarray(estimates, float), np.asarray(std_errors, float) ** 2
    inner = np.arange(len(y)) if subsets is None else np.asarray(subsets)
    known = np.isfinite(y) & np.isfinite(v)
    y, v, inner = y[known], v[known], inner[known]
    code, names = pd.factorize(np.asarray(sets)[known])
    if len(names) < 2:
        raise ValueError("pooling of nested estimates needs at least two sets")
    members = [np.flatnonzero(code == g) for g in range(len(names))]
    same = [inner[rows][:, None] == inner[rows][None, :] for rows in members]

    def covariances(parameters: np.ndarray) -> list[np.ndarray]:
        between, within = parameters**2
        return [np.diag(v[rows]) + between + within * s for rows, s in zip(members, same, strict=True)]

    def profile(parameters: np.ndarray) -> tuple[float, float, float]:
        """Restricted log-likelihood, information and pooled estimate."""
        log_det = information = weighted = squares = 0.0
        for rows, V in zip(members, covariances(parameters), strict=True):
            log_det += np.linalg.slogdet(V)[1]
            solved = np.linalg.solve(V, np.column_stack([np.ones(len(rows)), y[rows]]))
            information += solved[:, 0].sum()
            weighted += solved[:, 1].sum()
            squares += y[rows] @ solved[:, 1]
        estimate = weighted / information
        rss = squares - information * estimate**2
        constant = (len(y) - 1) * np.log(2 * np.pi) - np.log(len(y))
        return -0.5 * (log_det + np.log(information) + rss + constant), information, estimate

    start = np.full(2, np.std(y) / 2 or 0.1)
    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 1000}
    found = minimize(lambda x: -profile(x)[0], start, method="Nelder-Mead", options=options)
    value, information, estimate = profile(found.x)
    between, within = found.x**2
    residuals = [y[rows] - estimate for rows in members]
    variance, df = _robust(residuals, covariances(found.x), 1 / information)
    weight = 1 / v
    q = float((weight * (y - (weight @ y) / weight.sum()) ** 2).sum())
    return NestedPool(
        float(estimate), information**-0.5, variance**0.5, df, float(2 * t.sf(abs(estimate) / variance**0.5, df)),
        float(between), float(within), q, float(value), len(y), len(names),
    )  # fmt: skip


def _robust(residuals: list[np.ndarray], covariances: list[np.ndarray], bread: float) -> tuple[float, float]:
    """CR2 variance of the pooled mean and its Satterthwaite degrees of freedom."""
    total, own, sums = 0.0, [], []
    for residual, V in zip(residuals, covariances, strict=True):
        D = np.linalg.cholesky(V).T
        B = D @ (V - bread) @ D.T
        values, vectors = np.linalg.eigh((B + B.T) / 2)
        root = (vectors * np.where(values > 1e-12 * values.max(), values, np.inf) ** -0.5) @ vectors.T
        E = D.T @ root @ D @ np.linalg.solve(V, np.ones(len(V)))
        total += float(E @ residual) ** 2
        own.append(E @ V @ E)
        sums.append(E.sum())
    a, b = np.array(own) * bread**2, np.array(sums) * bread
    diagonal = bread * b**2
    square = (a**2).sum() - 2 * (a * diagonal).sum() + (bread * (b**2).sum()) ** 2
    return bread**2 * total, float((a - diagonal).sum() ** 2 / square)
