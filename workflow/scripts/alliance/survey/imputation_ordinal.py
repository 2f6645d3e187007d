"""Proportional-odds regression for missing answers in ordered categories (mice: polr), coefficients drawn."""

from __future__ import annotations

import numpy as np

from alliance.survey.imputation_draws import augmented, cholesky


def ordered_probabilities(
    X: np.ndarray,
    y: np.ndarray,
    X_missing: np.ndarray,
    levels: int,
    rng: np.random.Generator,
    start: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(missing, levels) probabilities from logit P(y <= c) = a_c - xb with drawn a and b, and the estimate.

    X (n, k) with the intercept first (the thresholds take its place), y (n,) categories 0..levels-1, each observed;
    ``start``: the estimate of the visit before.
    """
    rows, labels, weight = augmented(X, y, levels)
    estimate, information = fit_proportional_odds(rows[:, 1:], labels, weight, levels, start)
    root = cholesky(information)
    theta = estimate + np.linalg.solve(root.T, rng.standard_normal(len(estimate)))
    thresholds = np.sort(theta[: levels - 1])
    return _probabilities(thresholds, X_missing[:, 1:] @ theta[levels - 1 :]), estimate


def fit_proportional_odds(
    X: np.ndarray, y: np.ndarray, weight: np.ndarray, levels: int, start: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Fisher scoring: (thresholds, coefficients) in one vector, and their information. X without an intercept."""
    theta = start
    if theta is None:
        share = np.bincount(y, weight, levels).cumsum()[:-1] / weight.sum()
        theta = np.concatenate([np.log(share / (1 - share)), np.zeros(X.shape[1])])
    step, value = np.zeros_like(theta), np.inf
    for _ in range(60):
        tried = theta + step
        p = _probabilities(tried[: levels - 1], X @ tried[levels - 1 :])
        own = p[np.arange(len(y)), y]
        new = -float(weight @ np.log(np.maximum(own, 1e-300)))
        if (np.diff(tried[: levels - 1]) <= 0).any() or new > value + 1e-10 * abs(value):
            step = step / 2
            continue
        theta, value = tried, new
        gradient, information = _scores(X, y, weight, levels, theta, p)
        root = cholesky(information)
        step = np.linalg.solve(root.T, np.linalg.solve(root, gradient))
        if float(step @ gradient) < 2e-6:  # a further step would change the log-likelihood by less than 1e-6
            break
    return theta, information


def _scores(X, y, weight, levels, theta, p) -> tuple[np.ndarray, np.ndarray]:
    """Gradient of the log-likelihood and expected information."""
    n, k = X.shape
    edge = _logistic(theta[: levels - 1] - (X @ theta[levels - 1 :])[:, None])
    density = np.column_stack([np.zeros(n), edge * (1 - edge), np.zeros(n)])  # at the lower and upper edge of each
    gradient = np.zeros(levels - 1 + k)
    information = np.zeros((levels - 1 + k, levels - 1 + k))
    for c in range(levels):
        d = np.zeros((n, levels - 1 + k))  # derivative of P(y = c)
        if c < levels - 1:
            d[:, c] = density[:, c + 1]
        if c > 0:
            d[:, c - 1] = -density[:, c]
        d[:, levels - 1 :] = -(density[:, c + 1] - density[:, c])[:, None] * X
        pc = np.maximum(p[:, c], 1e-12)
        information += (d * (weight / pc)[:, None]).T @ d
        own = y == c
        gradient += (weight[own] / pc[own]) @ d[own]
    return gradient, information


def _probabilities(thresholds: np.ndarray, eta: np.ndarray) -> np.ndarray:
    edge = _logistic(thresholds - eta[:, None])
    return np.diff(np.column_stack([np.zeros(len(eta)), edge, np.ones(len(eta))]), axis=1)


def _logistic(x: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    return expit(x)
