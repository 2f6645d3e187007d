"""Generalised estimating equations for yes/no and continuous outcomes (Liang & Zeger 1986), as R's geepack solves them.

The correlation parameter solves its own estimating equation over all pairs of a cluster's Pearson residuals; for "ar1"
that is nonlinear least squares of the pairs' products on a^|j-k|, which statsmodels does not do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alliance.persistence.links import LINKS

STRUCTURES = ("independence", "exchangeable", "ar1", "unstructured")


@dataclass(frozen=True)
class GeeResult:
    """Estimates, robust and naive covariance, the correlation parameters and the scale."""

    coef: np.ndarray
    robust: np.ndarray
    naive: np.ndarray
    alpha: np.ndarray
    scale: float
    converged: bool
    clusters: int


def fit_gee(
    y: np.ndarray, X: np.ndarray, groups: np.ndarray, start: np.ndarray, link: str, structure: str, fix_scale: bool
) -> GeeResult:
    """Solve the equations; rows of a cluster are in order of time. ``link`` logit or identity.

    ``fix_scale`` keeps the scale at its value in ``start``, the fit without correlation, as geepack does.
    """
    order = np.argsort(groups, kind="stable")
    y, X = y[order], X[order]
    blocks = cluster_blocks(groups)
    largest = max(rows.shape[1] for rows in blocks)
    scale = float((pearson_residuals(y, X @ start, link)[2] ** 2).mean())
    beta, alpha, scale, converged = solve(y, X, blocks, start, link, structure, scale, fix_scale, largest)
    _, root, residual = pearson_residuals(y, X @ beta, link)
    H, _, scores = _equations(X, root, residual, blocks, structure, alpha, scale, link, largest)
    naive = np.linalg.inv(H)
    clusters = sum(len(rows) for rows in blocks)
    return GeeResult(beta, naive @ (scores.T @ scores) @ naive, naive, alpha, scale, converged, clusters)


def cluster_blocks(groups: np.ndarray) -> list[np.ndarray]:
    """Row numbers, after sorting by cluster, as one array (clusters of a size × size) for each size.

    Clusters of one size share a correlation matrix.
    """
    sizes = np.bincount(groups)
    starts = np.cumsum(sizes) - sizes
    return [starts[sizes == m][:, None] + np.arange(m) for m in np.unique(sizes[sizes > 0])]


def solve(
    y: np.ndarray, X: np.ndarray, blocks: list[np.ndarray], start: np.ndarray, link: str, structure: str, scale: float,
    fix_scale: bool, largest: int, alpha: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, float, bool]:  # fmt: skip
    """Coefficients, correlation parameters, scale and whether they converged, from the rows in ``blocks``.

    Rows outside the blocks do not count. ``scale`` is kept with ``fix_scale``; ``largest`` is the size of the design's
    largest cluster; ``alpha`` where to start.
    """
    used = np.concatenate([rows.ravel() for rows in blocks])

    def moments(beta: np.ndarray, alpha: np.ndarray, scale: float):
        _, root, residual = pearson_residuals(y, X @ beta, link)
        if not fix_scale:
            scale = float((residual[used] ** 2).mean())
        return root, residual, scale, _alpha(residual, blocks, structure, scale, alpha, largest)

    beta, converged = start, False
    alpha = np.zeros(_count(structure, largest)) if alpha is None else alpha
    for _ in range(500):
        root, residual, scale, alpha = moments(beta, alpha, scale)
        H, score, _ = _equations(X, root, residual, blocks, structure, alpha, scale, link, largest)
        step = np.linalg.solve(H, score)
        beta = beta + step
        if np.abs(step).max() < 1e-11 * (1 + np.abs(beta).max()):
            converged = True
            break
    _, _, scale, alpha = moments(beta, alpha, scale)
    return beta, alpha, scale, converged


def information_criteria(y: np.ndarray, X: np.ndarray, found: GeeResult, independent: GeeResult) -> dict[str, float]:
    """Pan's (2001, Biometrics 57:120) QIC of a logit and its parts: qic, qicu, cic, quasi_likelihood, qicc.

    ``independent`` is the fit without correlation. CIC is the trace of the inverse of its naive covariance times the
    robust covariance of the fit; QICC adds the small-sample correction with the number of clusters.
    """
    likelihood = float(LINKS["logit"].log_likelihood(y, X @ found.coef).sum())
    cic = float(np.trace(np.linalg.solve(independent.naive, found.robust)))
    p = len(found.coef)
    k = p + len(found.alpha)
    qic = -2 * likelihood + 2 * cic
    few = found.clusters - k - 1
    return {
        "qic": qic, "qicu": -2 * likelihood + 2 * p, "cic": cic, "quasi_likelihood": likelihood,
        "qicc": qic + (2 * k * (k + 1) / few if few > 0 else np.nan),
    }  # fmt: skip


def pearson_residuals(y: np.ndarray, eta: np.ndarray, link: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, roots of the variance function and Pearson residuals (n each) at the linear predictor."""
    mean = LINKS[link].mean(eta)
    root = np.sqrt(mean * (1 - mean)) if link == "logit" else np.ones_like(mean)
    return mean, root, (y - mean) / root


def _count(structure: str, largest: int) -> int:
    return {"independence": 0, "exchangeable": 1, "ar1": 1}.get(structure, largest * (largest - 1) // 2)


def pair_correlations(structure: str, alpha: np.ndarray, m: int, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """Correlation matrix (m × m) of a cluster of size m and the derivative of its pairs (m(m-1)/2 × q) by ``alpha``."""
    R = np.eye(m)
    j, k = np.triu_indices(m, 1)
    slope = np.ones((len(j), len(alpha)))
    if structure == "independence" or m == 1:
        return R, slope
    if structure == "exchangeable":
        values = np.full(len(j), alpha[0])
    elif structure == "ar1":
        values = alpha[0] ** (k - j)
        slope = ((k - j) * alpha[0] ** (k - j - 1.0))[:, None]
    else:
        place = {pair: i for i, pair in enumerate(zip(*np.triu_indices(largest, 1), strict=True))}
        slope = np.eye(len(alpha))[[place[a, b] for a, b in zip(j, k, strict=True)]]
        values = slope @ alpha
    R[j, k] = R[k, j] = values
    return R, slope


def _alpha(residual, blocks, structure: str, scale: float, last: np.ndarray, largest: int) -> np.ndarray:
    """Correlation parameters from the products of residuals of all pairs within clusters."""
    if structure == "independence":
        return last
    total, count = np.zeros((largest, largest)), np.zeros((largest, largest))
    for rows in blocks:
        m = rows.shape[1]
        r = residual[rows]
        total[:m, :m] += r.T @ r / scale
        count[:m, :m] += len(rows)
    j, k = np.triu_indices(largest, 1)
    products, pairs = total[j, k], count[j, k]
    if structure == "exchangeable":
        return np.array([products.sum() / pairs.sum()])
    if structure == "unstructured":
        return products / pairs
    return np.array([_autoregressive(products, pairs, k - j)])


def _autoregressive(products: np.ndarray, pairs: np.ndarray, lag: np.ndarray) -> float:
    """Root of sum over pairs of lag a^(lag-1) (product - a^lag)."""
    from scipy.optimize import brentq

    def equation(a: float) -> float:
        return float((lag * a ** (lag - 1.0) * (products - pairs * a**lag)).sum())

    grid = np.linspace(1e-6, 0.999, 50)
    values = [equation(a) for a in grid]
    for low, high, f_low, f_high in zip(grid[:-1], grid[1:], values[:-1], values[1:], strict=True):
        if f_low > 0 >= f_high:
            return float(brentq(equation, low, high, xtol=1e-15))
    return float(np.clip(products[lag == 1].sum() / pairs[lag == 1].sum(), -0.99, 0.99))


def _equations(X, root, residual, blocks, structure: str, alpha, scale: float, link: str, largest: int):
    """Information H, score, and each cluster's score (clusters in the order of the blocks)."""
    p = X.shape[1]
    # dmean/deta over the root of the variance: the root itself for a logit, 1 for a linear model
    DX = X * root[:, None] if link == "logit" else X
    H = np.zeros((p, p))
    scores = []
    for rows in blocks:
        inverse = np.linalg.inv(pair_correlations(structure, alpha, rows.shape[1], largest)[0]) / scale
        D = DX[rows]
        weighted = np.einsum("jk,ckp->cjp", inverse, D)
        H += np.einsum("cjp,cjq->pq", D, weighted)
        scores.append(np.einsum("cjp,cj->cp", weighted, residual[rows]))
    each = np.vstack(scores)
    return H, each.sum(axis=0), each
