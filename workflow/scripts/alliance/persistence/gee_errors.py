"""Errors of generalised estimating equations beside the sandwich: of the correlation, and jackknifes over clusters.

As R's geepack (Yan & Fine 2004, Statistics in Medicine 23:859): coefficients, scale and correlation solve three sets of
equations, each of which depends on the parameters before it, so their joint derivative is a lower triangle of blocks.
"""

from __future__ import annotations

import numpy as np

from alliance.persistence.gee import GeeResult, cluster_blocks, pair_correlations, pearson_residuals, solve

JACKKNIFE = ("jackknife", "jackknife_1step")


def alpha_covariance(
    y: np.ndarray, X: np.ndarray, groups: np.ndarray, found: GeeResult, link: str, structure: str, fix_scale: bool
) -> np.ndarray:
    """Robust covariance (q × q) of the correlation parameters, with what comes from estimating the rest.

    It differs from what geepack 1.3.9 prints, by up to 81% where the scale is estimated: there two derivatives by the
    coefficients are not those of the equations (that of the scale is divided by the root of the variance once too
    often, those of a pair's product are multiplied with the wrong residual of the two). geepack's own jackknife of the
    correlation agrees with the numbers here.

    Arguments as :func:`alliance.persistence.gee.fit_gee`; rows of a cluster in order of time.
    """
    H, _, U = cluster_equations(y, X, groups, found, link, structure)
    p, q = X.shape[1], len(found.alpha)
    kept = np.r_[:p, [] if fix_scale else [p], p + 1 : p + 1 + q].astype(int)
    influence = np.linalg.solve(H[np.ix_(kept, kept)], U[:, kept].T)[len(kept) - q :]
    return influence @ influence.T


def jackknife_covariance(
    y: np.ndarray, X: np.ndarray, groups: np.ndarray, found: GeeResult, link: str, structure: str, fix_scale: bool,
    kind: str = "jackknife",
) -> np.ndarray:  # fmt: skip
    """Jackknife covariance (p × p) of the coefficients over the G clusters (Lipsitz, Dear & Zhao 1994, Biometrics 50).

    "jackknife" leaves out each cluster in turn and solves all equations again, "jackknife_1step" takes one step from
    the solution, which needs no refits. Squared differences are summed and multiplied by (G - k) / G, k the number of
    coefficients, correlation parameters and one for the scale. NaN where the rest of the clusters have no solution.
    """
    p = X.shape[1]
    if kind == "jackknife_1step":
        _, A, U = cluster_equations(y, X, groups, found, link, structure)
        moves = np.linalg.solve(A.sum(axis=0) - A, U[:, :p, None])[..., 0]
    else:
        moves = _refits(y, X, groups, found, link, structure, fix_scale)
    factor = (found.clusters - p - len(found.alpha) - 1) / found.clusters
    return factor * moves.T @ moves if factor > 0 else np.full((p, p), np.nan)


def _refits(y, X, groups, found: GeeResult, link: str, structure: str, fix_scale: bool) -> np.ndarray:
    order = np.argsort(groups, kind="stable")
    y, X, blocks = y[order], X[order], cluster_blocks(groups)
    largest = max(rows.shape[1] for rows in blocks)
    moves = []
    for b, rows in enumerate(blocks):
        for c in range(len(rows)):
            others = np.delete(rows, c, axis=0)
            rest = [*blocks[:b], *([others] if len(others) else []), *blocks[b + 1 :]]
            try:
                beta, _, _, converged = solve(
                    y, X, rest, found.coef, link, structure, found.scale, fix_scale, largest, found.alpha
                )
            except np.linalg.LinAlgError:
                converged = False
            moves.append(beta - found.coef if converged else np.full(X.shape[1], np.nan))
    return np.array(moves)


def cluster_equations(
    y: np.ndarray, X: np.ndarray, groups: np.ndarray, found: GeeResult, link: str, structure: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The k = p + 1 + q equations of coefficients, scale and correlation at a solution.

    Minus their derivative over all rows (k × k), each cluster's part of it for the coefficients (G × p × p), and each
    cluster's value of the equations (G × k). Clusters are in the order of :func:`cluster_blocks`.
    """
    order = np.argsort(groups, kind="stable")
    y, X, blocks = y[order], X[order], cluster_blocks(groups)
    largest = max(rows.shape[1] for rows in blocks)
    p, q, phi = X.shape[1], len(found.alpha), found.scale
    mean, root, residual = pearson_residuals(y, X @ found.coef, link)
    if link == "logit":  # derivatives by the coefficients of the mean over the root of the variance, of the residual
        D, dr = X * root[:, None], -X * (root + residual * (1 - 2 * mean) / 2)[:, None]
    else:
        D, dr = X, -X
    H, own, values = np.zeros((p + 1 + q, p + 1 + q)), [], []
    for rows in blocks:
        (G, m), r = rows.shape, residual[rows]
        R, E = pair_correlations(structure, found.alpha, m, largest)
        U = np.zeros((G, p + 1 + q))
        weighted = np.einsum("jk,ckp->cjp", np.linalg.inv(R) / phi, D[rows])
        own.append(np.einsum("cjp,cjq->cpq", D[rows], weighted))
        U[:, :p] = np.einsum("cjp,cj->cp", weighted, r)
        H[p, p] += G * m / (2 * phi)
        H[p, :p] -= np.einsum("cj,cjp->p", r, dr[rows]) / phi
        U[:, p] = (r**2 - phi).sum(axis=1) / (2 * phi)
        if q and m > 1:
            products, slope = _pairs(r, dr[rows], E)
            H[p + 1 :, p + 1 :] += G * E.T @ E
            H[p + 1 :, :p] -= slope / phi
            H[p + 1 :, p] += products.sum(axis=0) / phi**2
            U[:, p + 1 :] = products / phi - R[np.triu_indices(m, 1)] @ E
        values.append(U)
    A = np.concatenate(own)
    H[:p, :p] = A.sum(axis=0)
    return H, A, np.concatenate(values)


def _pairs(r: np.ndarray, dr: np.ndarray, E: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums over pairs of E times the product of residuals, by cluster (G × q), and its derivative over all (q × p).

    ``r`` (G × m) with derivatives ``dr`` (G × m × p); ``E`` (pairs × q).
    """
    j, k = np.triu_indices(r.shape[1], 1)
    if E.shape[1] == 1:  # one parameter: no array of clusters × pairs, which is large where clusters are
        W = np.zeros((r.shape[1], r.shape[1]))
        W[j, k] = W[k, j] = E[:, 0]
        weighted = r @ W
        return (weighted * r).sum(axis=1, keepdims=True) / 2, np.einsum("cj,cjp->p", weighted, dr)[None]
    crossed = np.einsum("cj,ckp->jkp", r, dr)
    return (r[:, j] * r[:, k]) @ E, E.T @ (crossed[j, k] + crossed[k, j])
