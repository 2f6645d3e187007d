"""Covariance of estimates that allows for heteroscedastic and clustered rows, with small-sample degrees of freedom.

HC0-HC3 after MacKinnon & White (1985); CR0, CR1 (factor G/(G-1)), CR1S (times (n-1)/(n-p)), CR2 and CR3 after Bell &
McCaffrey (2002) in the form of Pustejovsky & Tipton (2018, J. Bus. Econ. Stat. 36:672), as in R's clubSandwich; the
working covariance of a row is the inverse of its working weight. Satterthwaite degrees of freedom and the
approximate Hotelling test (HTZ) come from the same article.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

CLUSTERED = ("CR0", "CR1", "CR1S", "CR2", "CR3")
HETEROSCEDASTIC = ("HC0", "HC1", "HC2", "HC3")
DENSE_LIMIT = 400  # rows of a cluster up to which its matrix root is taken by eigenvalues, above by quadrature


@dataclass
class Clustered:
    """A cluster-robust covariance and what its degrees of freedom need.

    ``bread`` is (X'WX)^-1. ``moments`` gives K and L (each G × p × p): E'ΦE and X'E of each cluster, with E the
    adjusted, weighted design (rows × p) and Φ the working covariance; they are made when first asked for.
    """

    vcov: np.ndarray
    bread: np.ndarray
    clusters: int
    moments: Callable[[], tuple[np.ndarray, np.ndarray]]

    @cached_property
    def _kl(self) -> tuple[np.ndarray, np.ndarray]:
        return self.moments()

    @property
    def K(self) -> np.ndarray:
        """E'ΦE of each cluster."""
        return self._kl[0]

    @property
    def L(self) -> np.ndarray:
        """X'E of each cluster."""
        return self._kl[1]

    def satterthwaite(self, contrasts: np.ndarray) -> np.ndarray:
        """Degrees of freedom of each contrast (rows of ``contrasts``: k × p) under the working model."""
        return np.array([self._df(c) for c in np.atleast_2d(contrasts)])

    def _df(self, contrast: np.ndarray) -> float:
        direction = self.bread @ contrast
        a = np.einsum("i,gij,j->g", direction, self.K, direction)
        b = self.L @ direction
        # P = diag(a) - b M b' over pairs of clusters; the degrees of freedom are tr(P)^2 / tr(PP)
        diagonal = ((b @ self.bread) * b).sum(axis=1)
        product = b.T @ b @ self.bread
        square = (a**2).sum() - 2 * (a * diagonal).sum() + np.trace(product @ product)
        trace = (a - diagonal).sum()
        return float(trace**2 / square) if square > 0 else np.nan

    def hotelling(self, contrasts: np.ndarray, estimate: np.ndarray) -> tuple[float, float, float]:
        """HTZ test that ``contrasts @ estimate`` (q) is zero: F, its denominator degrees of freedom and p."""
        from scipy.stats import f

        C = np.atleast_2d(contrasts)
        q = len(C)
        value = C @ estimate
        wald = float(value @ np.linalg.solve(C @ self.vcov @ C.T, value))
        directions = C @ self.bread
        A = np.einsum("qi,gij,rj->gqr", directions, self.K, directions)
        B = np.einsum("gij,qj->giq", self.L, directions)
        MB = np.einsum("ij,gjq->giq", self.bread, B)
        own = A - np.einsum("giq,gir->gqr", B, MB)
        values, vectors = np.linalg.eigh(own.sum(axis=0))
        root = (vectors / np.sqrt(values)) @ vectors.T
        A = root @ A @ root
        B, MB = B @ root, MB @ root
        variance = 0.0
        for g in range(self.clusters):
            P = -np.einsum("iq,hir->hqr", B[g], MB)
            P[g] += A[g]
            diagonal = np.einsum("hqq->hq", P)
            variance += (diagonal.sum(axis=1) ** 2).sum() + (P * P.transpose(0, 2, 1)).sum()
        nu = q * (q + 1) / variance
        df = nu - q + 1
        F = df / nu * wald / q
        return F, df, float(f.sf(F, q, df)) if df > 0 else np.nan


def heteroscedastic_vcov(
    X: np.ndarray, score: np.ndarray, weight: np.ndarray, bread: np.ndarray, kind: str
) -> np.ndarray:
    """HC0-HC3 covariance (p × p) from the design, the rows' scores and working weights, and (X'WX)^-1."""
    n, p = X.shape
    squared = score**2
    if kind == "HC1":
        squared = squared * (n / (n - p))
    elif kind in ("HC2", "HC3"):
        leverage = weight * ((X @ bread) * X).sum(axis=1)
        squared = squared / np.maximum(1 - leverage, 1e-12) ** (1 if kind == "HC2" else 2)
    return bread @ (X.T @ (X * squared[:, None])) @ bread


def clustered_vcov(
    X: np.ndarray,
    score: np.ndarray,
    weight: np.ndarray,
    bread: np.ndarray,
    groups: np.ndarray,
    kind: str,
    slope: np.ndarray | None = None,
) -> Clustered:
    """Cluster-robust covariance; ``groups`` numbers each row's cluster from 0. Needs at least two clusters.

    ``slope`` (dmean/deta per row; 1 for a linear model) puts the adjustment on the scale of the response, where the
    working variance of a row is slope² / weight, as clubSandwich does for generalised linear models.
    """
    n, p = X.shape
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    G = len(starts)
    factor = {"CR1": G / (G - 1), "CR1S": G / (G - 1) * (n - 1) / (n - p)}.get(kind, 1.0)
    if kind in ("CR2", "CR3"):
        D, phi, residual = _response_scale(X, score, weight, slope, order)
        adjust = _cr2 if kind == "CR2" else _cr3
        E = np.concatenate([adjust(D[rows], phi[rows], bread) for rows in _blocks(starts, n)])
        sums = np.add.reduceat(E * residual[:, None], starts, axis=0)
        moments = _moments(D, phi, E, _blocks(starts, n))
        return Clustered(factor * bread @ (sums.T @ sums) @ bread, bread, G, lambda: moments)
    sums = np.add.reduceat(X[order] * score[order, None], starts, axis=0)

    def plain_moments() -> tuple[np.ndarray, np.ndarray]:
        D, phi, _ = _response_scale(X, score, weight, slope, order)
        return _moments(D, phi, D / phi[:, None], _blocks(starts, n))

    return Clustered(factor * bread @ (sums.T @ sums) @ bread, bread, G, plain_moments)


def _blocks(starts: np.ndarray, n: int) -> list[slice]:
    return [slice(a, b) for a, b in pairwise([*starts, n])]


def _response_scale(X, score, weight, slope, order) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Design, working variance and residual of the rows on the scale of the response, sorted by cluster."""
    informative = weight[order] > 0
    weight = np.where(informative, weight[order], 1.0)
    d = np.ones(len(order)) if slope is None else np.where(informative, slope[order], 1.0)
    D = X[order] * np.where(informative, d, 0.0)[:, None]
    return D, d**2 / weight, np.where(informative, score[order] * d / weight, 0.0)


def _moments(D: np.ndarray, phi: np.ndarray, E: np.ndarray, blocks: list[slice]) -> tuple[np.ndarray, np.ndarray]:
    """K and L of :class:`Clustered`."""
    K = np.stack([(E[rows] * phi[rows, None]).T @ E[rows] for rows in blocks])
    return K, np.stack([D[rows].T @ E[rows] for rows in blocks])


def _cr2(D: np.ndarray, phi: np.ndarray, bread: np.ndarray) -> np.ndarray:
    """A Φ^-1 D of one cluster, A = Φ^(1/2) B^(-1/2) Φ^(1/2), B = Φ^(1/2) (Φ - D M D') Φ^(1/2): unbiased if Φ holds."""
    root = np.sqrt(phi)
    right = D / root[:, None]
    if len(D) > DENSE_LIMIT:
        return root[:, None] * _inverse_root(phi**2, root[:, None] * D, bread, right)
    B = -(D @ bread @ D.T) * np.outer(root, root)
    B[np.diag_indices_from(B)] += phi**2
    values, vectors = np.linalg.eigh((B + B.T) / 2)
    inverse = np.where(values > 1e-12 * values.max(), values, np.inf) ** -0.5
    return root[:, None] * (vectors @ (inverse[:, None] * (vectors.T @ right)))


def _cr3(D: np.ndarray, phi: np.ndarray, bread: np.ndarray) -> np.ndarray:
    """(I - H)^-1' Φ^-1 D of one cluster: the jackknife-like adjustment, by Woodbury."""
    weighted = D / phi[:, None]
    # (I - D M D'Φ^-1)'^-1 Φ^-1 D = Φ^-1 D (I - M D'Φ^-1 D)^-1
    return weighted @ np.linalg.pinv(np.eye(D.shape[1]) - bread @ (D.T @ weighted))


def _inverse_root(diagonal: np.ndarray, U: np.ndarray, bread: np.ndarray, V: np.ndarray, nodes: int = 48) -> np.ndarray:
    """(diag(a) - U M U')^(-1/2) V by Gauss-Legendre quadrature of (2/π) ∫ (B + t²)^-1 V dt, t = s tan θ; O(n p²)."""
    theta, gauss = np.polynomial.legendre.leggauss(nodes)
    theta = (theta + 1) * np.pi / 4
    low, high = diagonal.min(), diagonal.max()
    scale = np.sqrt(np.sqrt(low * high))
    inner = np.linalg.inv(bread)
    total = np.zeros_like(V)
    for angle, g in zip(theta, gauss, strict=True):
        t2 = (scale * np.tan(angle)) ** 2
        jacobian = scale / np.cos(angle) ** 2
        d = 1 / (diagonal + t2)
        DU, DV = d[:, None] * U, d[:, None] * V
        # Woodbury: (D - U M U')^-1 = D^-1 + D^-1 U (M^-1 - U'D^-1U)^-1 U' D^-1
        total += g * jacobian * (DV + DU @ np.linalg.lstsq(inner - U.T @ DU, U.T @ DV, rcond=None)[0])
    return total * (np.pi / 4) * (2 / np.pi)
