"""Average predicted shares of the categories of ordinal and multinomial models, with gradients by the coefficients."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, ndtr

from alliance.persistence.result import OutcomeFit

NODES = 31  # Gauss-Hermite nodes over a random intercept


def average_shares(fit: OutcomeFit, matrix: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean probability of each category over the rows of a design (K) and its gradient by all coefficients (K × P).

    With a random intercept the probabilities are means over its distribution, whose variance is taken as known.
    """
    X = matrix[:, [fit._design().names.index(name) for name in fit.extra["columns"]]]
    w = weights / weights.sum()
    return (_multinomial if fit.family == "multinomial" else _ordinal)(fit, X, w)


def _multinomial(fit: OutcomeFit, X: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    p = X.shape[1]
    eta = np.column_stack([np.zeros(len(X)), X @ fit.coef.reshape(-1, p).T])
    P = np.exp(eta - eta.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    K = P.shape[1]
    gradient = np.empty((K, K - 1, p))
    for k in range(K):
        for j in range(1, K):
            gradient[k, j - 1] = (w * P[:, k] * ((j == k) - P[:, j])) @ X
    return w @ P, gradient.reshape(K, -1)


def _ordinal(fit: OutcomeFit, X: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    K = len(fit.extra["categories"])
    thresholds, beta = fit.coef[: K - 1], fit.coef[K - 1 :]
    F, f = (expit, lambda z: expit(z) * expit(-z)) if fit.link.endswith("logit") else (ndtr, _density)
    eta = X @ beta
    shares, gradient = np.zeros(K), np.zeros((K, len(fit.coef)))
    for shift, share in _random_nodes(fit):
        below = F(thresholds - (eta + shift)[:, None])
        slope = f(thresholds - (eta + shift)[:, None])
        shares += share * np.diff(np.concatenate([[0.0], w @ below, [1.0]]))
        by_threshold = w @ slope
        by_beta = -(slope * w[:, None]).T @ X  # K - 1 × p: of the mean share at or below each threshold
        for k in range(K):
            if k < K - 1:
                gradient[k, k] += share * by_threshold[k]
                gradient[k, K - 1 :] += share * by_beta[k]
            if k > 0:
                gradient[k, k - 1] -= share * by_threshold[k - 1]
                gradient[k, K - 1 :] -= share * by_beta[k - 1]
    return shares, gradient


def _density(z: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)


def _random_nodes(fit: OutcomeFit) -> list[tuple[float, float]]:
    if fit.variance_components is None:
        return [(0.0, 1.0)]
    x, omega = np.polynomial.hermite.hermgauss(NODES)
    spread = np.sqrt(2 * float(fit.variance_components["variance"].sum()))
    return list(zip(spread * x, omega / np.sqrt(np.pi), strict=True))
