"""Random intercepts of clusters in imputation models: Gibbs sampling on sufficient statistics.

Linear model as mice's 2l.pan (Schafer & Yucel 2002): y = Xb + u_cluster + e. Binary variables as a probit with a latent
normal answer (Albert & Chib 1993). Clusters without an observed value get draws from the distribution of the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alliance.survey.imputation_draws import cholesky

FIRST, STEPS = 50, 10  # Gibbs steps at the first visit and at later ones; the state is kept from visit to visit
PRIOR_SQUARES = 0.02  # inverse-gamma prior of the intercepts' variance on one df, in units of the variable's variance


class ClusterRows:
    """Rows sorted by cluster, to sum their columns: rows (n,) places, cluster (n,) their codes, size clusters."""

    def __init__(self, rows: np.ndarray, cluster: np.ndarray, size: int):
        order = np.argsort(cluster, kind="stable")
        self.rows, self.size = rows[order], size
        self.present, self.starts = np.unique(cluster[order], return_index=True)
        self.counts = np.bincount(cluster, minlength=size).astype(float)

    def sums(self, X: np.ndarray) -> np.ndarray:
        """(size, k): column sums of the rows of each cluster; zero for clusters without rows."""
        out = np.zeros((self.size, X.shape[1]))
        out[self.present] = np.add.reduceat(X[self.rows], self.starts, axis=0)
        return out


@dataclass
class Intercepts:
    """State of one variable's random-intercept model: its observed rows, cluster effects (C,), variances."""

    rows: ClusterRows
    effects: np.ndarray
    variance: float = 0.1
    residual: float = 0.9
    visits: int = 0

    def steps(self) -> int:
        """How many steps to make at this visit."""
        self.visits += 1
        return FIRST if self.visits == 1 else STEPS


@dataclass
class Visit:
    """Result of some Gibbs steps: last draws, and means over the steps (the point predictions for matching)."""

    coefficients: np.ndarray
    effects: np.ndarray
    sigma: float
    mean_coefficients: np.ndarray
    mean_effects: np.ndarray


def gibbs_linear(
    gram: np.ndarray,
    cross: np.ndarray,
    square: float,
    sums: np.ndarray,
    y_sums: np.ndarray,
    sizes: np.ndarray,
    state: Intercepts,
    rng: np.random.Generator,
) -> Visit:
    """Some Gibbs steps of y = Xb + u + e for observed rows; ``state`` is updated.

    gram X'X (k, k), cross X'y (k,), square y'y; sums (C, k), y_sums (C,), sizes (C,): column sums of X, sums of y and
    numbers of observed rows by cluster.
    """
    root = cholesky(gram)
    inverse = np.linalg.inv(root)
    n = float(sizes.sum())
    u = state.effects
    mean_b, mean_u = np.zeros(len(cross)), np.zeros(len(u))
    steps = state.steps()
    for _ in range(steps):
        centre = inverse.T @ (inverse @ (cross - u @ sums))
        b = centre + np.sqrt(state.residual) * (inverse.T @ rng.standard_normal(len(cross)))
        left = y_sums - sums @ b
        squares = square - 2 * b @ cross + b @ gram @ b - 2 * u @ left + sizes @ u**2
        state.residual = float(max(squares, 1e-9) / rng.chisquare(n))
        u, pulled = _draw_effects(left, sizes, state.residual, state.variance, rng)
        state.variance = float((u @ u + PRIOR_SQUARES * square / n) / rng.chisquare(len(u) + 1))
        mean_b += centre / steps
        mean_u += pulled / steps
    state.effects = u
    return Visit(b, u, float(np.sqrt(state.residual)), mean_b, mean_u)


def gibbs_probit(
    X: np.ndarray, y: np.ndarray, cluster: np.ndarray, state: Intercepts, rng: np.random.Generator
) -> Visit:
    """Some Gibbs steps of the probit P(y = 1) = Phi(Xb + u) for observed rows; y is 0/1, cluster codes 0..C-1."""
    from scipy.special import ndtr, ndtri

    gram = X.T @ X
    inverse = np.linalg.inv(cholesky(gram))
    size = len(state.effects)
    sizes = np.bincount(cluster, minlength=size).astype(float)
    sign = 2.0 * y - 1.0
    u = state.effects
    b = _start_probit(X, y)
    mean_b, mean_u = np.zeros(X.shape[1]), np.zeros(size)
    steps = state.steps()
    for _ in range(steps):
        eta = X @ b + u[cluster]
        inside = np.clip(ndtr(sign * eta), 1e-300, 1.0)  # of the standard normal, what lies on the side of y
        latent = eta - sign * ndtri(inside * (1 - rng.random(len(y))))
        centre = inverse.T @ (inverse @ (X.T @ (latent - u[cluster])))
        b = centre + inverse.T @ rng.standard_normal(len(centre))
        left = np.bincount(cluster, latent - X @ b, minlength=size)
        u, pulled = _draw_effects(left, sizes, 1.0, state.variance, rng)
        state.variance = float((u @ u + PRIOR_SQUARES) / rng.chisquare(size + 1))
        mean_b += centre / steps
        mean_u += pulled / steps
    state.effects = u
    return Visit(b, u, 1.0, mean_b, mean_u)


def _start_probit(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Regression of the sign, in the scale of a probit: a start from which few steps are enough."""
    gram = X.T @ X
    root = cholesky(gram)
    half = np.linalg.solve(root, X.T @ (2.0 * y - 1.0))
    return 1.25 * np.linalg.solve(root.T, half)


def _draw_effects(left, sizes, residual, variance, rng) -> tuple[np.ndarray, np.ndarray]:
    """Cluster effects given the sums of what the coefficients leave: a draw, and its mean."""
    precision = sizes / residual + 1.0 / max(variance, 1e-12)
    mean = left / residual / precision
    return mean + rng.standard_normal(len(sizes)) / np.sqrt(precision), mean
