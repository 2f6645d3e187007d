"""Weighted least squares with a diagonal weight matrix: DWLS (weights 1 / diag Gamma) and ULS (weights 1).

F = sum_g (n_g / n) ((n_g - 1) / n_g) (s - sigma)' W (s - sigma) / 2 (Muthen, du Toit & Spisic 1997), so that the
chi-square is 2 n F with n_g - 1 in every group.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np


class MomentGroup(Protocol):
    """A group of the model that gives its statistics and their Jacobian."""

    def stats(self, theta: np.ndarray) -> np.ndarray:
        """Implied statistics (k,)."""

    def jacobian(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Implied statistics (k,) and Jacobian (k, n_par)."""


class LeastSquares:
    """Diagonally weighted or unweighted least squares on stacked statistics, one list entry per group."""

    def __init__(self, groups: list[MomentGroup], stats: list[np.ndarray], weights: list[np.ndarray], n: list[float]):
        self.groups, self.stats, self.weights = groups, stats, weights
        self.n = float(sum(n))
        self.share = np.array(n) / self.n
        self.factor = self.share * (np.array(n) - 1) / np.array(n)

    def values(self, theta: np.ndarray) -> np.ndarray:
        """F_g / 2 of each group, the factor (n - 1) / n included."""
        residual = [s - g.stats(theta) for g, s in zip(self.groups, self.stats, strict=True)]
        fits = np.array([float(w @ r**2) / 2 for w, r in zip(self.weights, residual, strict=True)])
        return fits * self.factor / self.share

    def value(self, theta: np.ndarray) -> float:
        """F."""
        return float(self.share @ self.values(theta))

    def scoring(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """F, gradient and the Gauss-Newton matrix Delta' W Delta."""
        total, grad, info = 0.0, np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
        for group, s, w, factor in zip(self.groups, self.stats, self.weights, self.factor, strict=True):
            implied, delta = group.jacobian(theta)
            residual = s - implied
            weighted = delta * w[:, None]
            total += factor * float(w @ residual**2) / 2
            grad -= factor * (weighted.T @ residual)
            info += factor * (delta.T @ weighted)
        return total, grad, info
