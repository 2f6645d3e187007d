"""Weighted least squares with a diagonal weight matrix: DWLS (weights 1 / diag Gamma) and ULS (weights 1).

F = sum_g (n_g / n) ((n_g - 1) / n_g) (s - sigma)' W (s - sigma) / 2 (Muthen, du Toit & Spisic 1997), so that the
chi-square is 2 n F with n_g - 1 in every group.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np


class MomentGroup(Protocol):
    """A group of the model that gives its statistics and their Jacobian."""

    def jacobian(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Implied statistics (k,) and Jacobian (k, n_par)."""


class LeastSquares:
    """Diagonally weighted or unweighted least squares on stacked statistics, one list entry per group."""

    def __init__(self, groups: list[MomentGroup], stats: list[np.ndarray], weights: list[np.ndarray], n: list[float]):
        self.groups, self.stats, self.weights = groups, stats, weights
        self.n = float(sum(n))
        self.share = np.array(n) / self.n
        self._last: dict[int, tuple[bytes, tuple[np.ndarray, np.ndarray]]] = {}
        self.factor = self.share * (np.array(n) - 1) / np.array(n)

    def _state(self, k: int, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residual and Jacobian of group ``k``, remembered for the last theta."""
        key = theta.tobytes()
        last = self._last.get(k)
        if last is None or last[0] != key:
            implied, delta = self.groups[k].jacobian(theta)
            last = (key, (self.stats[k] - implied, delta))
            self._last[k] = last
        return last[1]

    def values(self, theta: np.ndarray) -> np.ndarray:
        """F_g / 2 of each group, the factor (n - 1) / n included."""
        residuals = [self._state(k, theta)[0] for k in range(len(self.groups))]
        fits = np.array([float(w @ r**2) / 2 for w, r in zip(self.weights, residuals, strict=True)])
        return fits * self.factor / self.share

    def value(self, theta: np.ndarray) -> float:
        """F."""
        return float(self.share @ self.values(theta))

    def slope(self, theta: np.ndarray) -> np.ndarray:
        """Gradient of F."""
        grad = np.zeros(len(theta))
        for k, (w, factor) in enumerate(zip(self.weights, self.factor, strict=True)):
            residual, delta = self._state(k, theta)
            grad -= factor * ((w * residual) @ delta)
        return grad

    def approximation(self, theta: np.ndarray) -> np.ndarray:
        """The Gauss-Newton matrix Delta' W Delta."""
        info = np.zeros((len(theta), len(theta)))
        for k, (w, factor) in enumerate(zip(self.weights, self.factor, strict=True)):
            delta = self._state(k, theta)[1]
            info += factor * (delta.T @ (delta * w[:, None]))
        return info

    def scoring(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """F, gradient and Gauss-Newton matrix."""
        return self.value(theta), self.slope(theta), self.approximation(theta)
