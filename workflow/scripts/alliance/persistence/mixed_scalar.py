"""Logit with one random intercept: the marginal likelihood by adaptive Gauss-Hermite quadrature, with its gradient.

The integral over each cluster's standard normal effect u is taken at nodes around its mode (Pinheiro & Bates 1995);
one node is Laplace's approximation, as in lme4. The gradient is that of the approximation itself, the movement of the
nodes with the parameters included, so that optimisation ends at the approximation's own maximum.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_expit


class ScalarRandomIntercept:
    """Rows sorted by cluster; the parameters are the coefficients of ``X`` (p) and the effect's standard deviation."""

    def __init__(self, y: np.ndarray, X: np.ndarray, groups: np.ndarray, weights: np.ndarray, nodes: int):
        order = np.argsort(groups, kind="stable")
        self.y, self.X, self.w = y[order], X[order], weights[order]
        self.groups = groups[order]
        self.starts = np.flatnonzero(np.diff(self.groups, prepend=-1))
        self.u = np.zeros(len(self.starts))
        x, omega = np.polynomial.hermite.hermgauss(nodes)
        self.x, self.log_omega = x, np.log(omega) + x**2

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums of a row quantity by cluster."""
        return np.add.reduceat(values, self.starts)

    def _mode(self, eta: np.ndarray, sigma: float) -> np.ndarray:
        """Mode of each cluster's effect by Newton's method, from the last one found."""
        u = self.u
        for _ in range(100):
            mean = expit(eta + sigma * u[self.groups])
            gradient = sigma * self.sums(self.w * (self.y - mean)) - u
            curvature = 1 + sigma**2 * self.sums(self.w * mean * (1 - mean))
            step = gradient / curvature
            step = np.clip(step, -2.0, 2.0)
            u = u + step
            if np.abs(step).max() < 1e-11:
                break
        self.u = u
        return u

    def evaluate(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        """Log-likelihood and gradient at (coefficients, sigma)."""
        beta, sigma = parameters[:-1], parameters[-1]
        eta = self.X @ beta
        u = self._mode(eta, sigma)
        mean = expit(eta + sigma * u[self.groups])
        W = self.w * mean * (1 - mean)
        W3 = W * (1 - 2 * mean)
        sum_w, sum_w3 = self.sums(W), self.sums(W3)
        D = 1 + sigma**2 * sum_w
        s = np.sqrt(2 / D)
        heights, residuals, slopes = [], [], []
        for x in self.x:
            node = u + s * x
            at = eta + sigma * node[self.groups]
            residual = self.w * (self.y - expit(at))
            fit = self.w * (log_expit(at) - (1 - self.y) * at)
            heights.append(self.sums(fit) - 0.5 * node**2)
            residuals.append(residual)
            slopes.append(self.sums(residual))
        logs = self.log_omega[:, None] + np.array(heights)
        top = logs.max(axis=0)
        shares = np.exp(logs - top)
        total = shares.sum(axis=0)
        shares /= total
        value = float((top + np.log(total) + np.log(s) - 0.5 * np.log(2 * np.pi)).sum())

        nodes = u + s * self.x[:, None]
        sum_r = np.array(slopes)
        h_u = sigma * sum_r - nodes
        A = (shares * h_u).sum(axis=0)
        spread = -0.5 * ((shares * h_u * self.x[:, None]).sum(axis=0) * s + 1) / D  # dL/dD through the scale
        mode_r = self.sums(self.w * (self.y - mean))
        mode_sigma = (mode_r - sigma * u * sum_w) / D
        through_mode = A + spread * sigma**3 * sum_w3
        average = np.zeros_like(eta)
        for share, residual in zip(shares, residuals, strict=True):
            average += share[self.groups] * residual
        row = average + (spread * sigma**2)[self.groups] * W3 - (sigma / D * through_mode)[self.groups] * W
        by_sigma = (shares * nodes * sum_r).sum(axis=0) + through_mode * mode_sigma
        by_sigma += spread * (2 * sigma * sum_w + sigma**2 * u * sum_w3)
        return value, np.append(self.X.T @ row, by_sigma.sum())

    def mode_variance(self, parameters: np.ndarray) -> np.ndarray:
        """Conditional variance of each cluster's effect (on the scale of the linear predictor) at its mode."""
        beta, sigma = parameters[:-1], parameters[-1]
        eta = self.X @ beta
        mean = expit(eta + sigma * self._mode(eta, sigma)[self.groups])
        return sigma**2 / (1 + sigma**2 * self.sums(self.w * mean * (1 - mean)))
