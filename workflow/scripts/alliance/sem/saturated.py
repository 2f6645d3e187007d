"""Unrestricted maximum-likelihood mean and covariance of incomplete data.

A few EM steps (Dempster, Laird & Rubin 1977) bring the estimates near the maximum; scoring with the expected
information finishes quadratically. One EM step written with the likelihood's derivatives W = dF/dSigma, w = dF/dmu
is mu + Sigma w and Sigma - 2 Sigma W Sigma - (shift)(shift)', so both share the batched pattern code.
"""

from __future__ import annotations

import numpy as np

from .observed import MissingMoments
from .patterns import deviance, gradient, information, pattern_state
from .vech import unvech, vech, vech_weight


def fit_saturated(moments: MissingMoments, *, em_steps: int = 4, tolerance: float = 1e-9, max_iter: int = 500) -> bool:
    """Fill ``moments.mean`` and ``moments.cov``; returns False when they did not settle within ``max_iter`` steps."""
    mu, variances = moments.univariate()
    sigma = np.diag(np.maximum(variances, 1e-8))
    state = pattern_state(moments, mu, sigma)
    value, p = deviance(moments, state), len(mu)
    weight = vech_weight(p)
    scoring_left, near = 30, False
    for step in range(max_iter):
        w_mu, w = gradient(moments, state)
        moved = False
        if step >= em_steps and scoring_left:
            grad = np.concatenate([w_mu, vech(w) * weight])
            move, decrement = _direction(moments, state, grad, near)
            if move is None:
                scoring_left = 0
            else:
                if decrement * moments.n < tolerance**2:
                    moments.mean, moments.cov = mu, sigma
                    return True
                near = decrement * moments.n < 10
                moved, mu, sigma, state, value = _search(moments, mu, sigma, state, value, move, decrement)
                scoring_left = scoring_left - 1 if moved else 0
        if not moved:
            shift = -sigma @ w_mu
            new_sigma = sigma - 2 * sigma @ w @ sigma - np.outer(shift, shift)
            mu, old = mu + shift, sigma
            sigma = (new_sigma + new_sigma.T) / 2
            state = pattern_state(moments, mu, sigma)
            value = deviance(moments, state)
            if max(np.abs(shift).max(), np.abs(sigma - old).max()) < tolerance:
                moments.mean, moments.cov = mu, sigma
                return True
    moments.mean, moments.cov = mu, sigma
    return False


def _direction(moments, state, grad, near: bool) -> tuple[np.ndarray | None, float]:
    """Newton step where the observed information (tried when ``near``) gives descent, else a scoring step."""
    for kind in ("observed", "expected") if near else ("expected",):
        try:
            move = np.linalg.solve(information(moments, state, kind), grad)
        except np.linalg.LinAlgError:
            continue
        if grad @ move > 0:
            return move, float(grad @ move)
    return None, 0.0


def _search(moments, mu, sigma, state, value, move, decrement):
    """Halve the scoring step until the deviance does not rise; (moved, mu, sigma, state, value)."""
    p = len(mu)
    length = 1.0
    for _ in range(8):
        new_mu = mu - length * move[:p]
        new_sigma = sigma - length * unvech(move[p:], p)
        try:
            new_state = pattern_state(moments, new_mu, new_sigma)
        except np.linalg.LinAlgError:
            length /= 2
            continue
        new_value = deviance(moments, new_state)
        if new_value <= value - 1e-4 * length * decrement + 1e-13 * abs(value):
            return True, new_mu, new_sigma, new_state, new_value
        length /= 2
    return False, mu, sigma, state, value
