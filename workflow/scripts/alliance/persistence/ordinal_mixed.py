"""Cumulative model with one random intercept, by Laplace or adaptive Gauss-Hermite quadrature (as R's clmm)."""

from __future__ import annotations

import numpy as np

from alliance.persistence.categorical import row_terms


class OrdinalRandomIntercept:
    """Parameters: thresholds (K - 1), coefficients of ``X`` without intercept (p), the effect's standard deviation."""

    def __init__(self, codes: np.ndarray, X: np.ndarray, groups: np.ndarray, K: int, nodes: int, link: str):
        order = np.argsort(groups, kind="stable")
        self.codes, self.X, self.groups, self.K, self.link = codes[order], X[order], groups[order], K, link
        self.starts = np.flatnonzero(np.diff(self.groups, prepend=-1))
        self.u = np.zeros(len(self.starts))
        x, omega = np.polynomial.hermite.hermgauss(nodes)
        self.x, self.log_omega = x, np.log(omega) + x**2

    def log_likelihood(self, parameters: np.ndarray) -> float:
        """Approximate marginal log-likelihood; minus infinity where the thresholds are not in order."""
        thresholds, sigma = parameters[: self.K - 1], parameters[-1]
        if (np.diff(thresholds) <= 0).any():
            return -np.inf
        bounds = np.concatenate([[-np.inf], thresholds, [np.inf]])
        eta = self.X @ parameters[self.K - 1 : -1]
        low, high = bounds[self.codes] - eta, bounds[self.codes + 1] - eta
        u = self.u
        for _ in range(100):
            shift = sigma * u[self.groups]
            _, h, lo, hh, hl, ll = row_terms(low - shift, high - shift, self.link)
            gradient = -sigma * self._sums(h + lo) - u
            D = 1 - sigma**2 * self._sums(hh + 2 * hl + ll)
            step = np.clip(gradient / D, -2.0, 2.0)
            u = u + step
            if np.abs(step).max() < 1e-12:
                break
        self.u = u
        shift = sigma * u[self.groups]
        _, _, _, hh, hl, ll = row_terms(low - shift, high - shift, self.link)
        D = 1 - sigma**2 * self._sums(hh + 2 * hl + ll)
        s = np.sqrt(2 / D)
        logs = []
        for x, log_omega in zip(self.x, self.log_omega, strict=True):
            node = u + s * x
            shift = sigma * node[self.groups]
            logs.append(log_omega + self._sums(row_terms(low - shift, high - shift, self.link)[0]) - 0.5 * node**2)
        heights = np.array(logs)
        top = heights.max(axis=0)
        total = top + np.log(np.exp(heights - top).sum(axis=0))
        return float((total + np.log(s) - 0.5 * np.log(2 * np.pi)).sum())

    def _sums(self, values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, self.starts)

    def evaluate(self, parameters: np.ndarray, step: float = 1e-5) -> tuple[float, np.ndarray]:
        """Log-likelihood and its gradient by central differences."""
        gradient = np.empty(len(parameters))
        for i in range(len(parameters)):
            move = np.zeros(len(parameters))
            move[i] = step
            gradient[i] = (self.log_likelihood(parameters + move) - self.log_likelihood(parameters - move)) / (2 * step)
        return self.log_likelihood(parameters), gradient
