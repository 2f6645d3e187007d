"""Outcomes with ordered or unordered categories: cumulative (proportional odds) and multinomial logits.

McCullagh (1980, J. R. Stat. Soc. B 42:109): P(y <= k) = F(a_k - x'b), so a positive b goes with higher categories; the
thresholds a_k are named "1|2" as in R's ordinal. Multinomial: log odds of each category against the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import expit, ndtr

Derivatives = tuple[float, np.ndarray, np.ndarray]  # log-likelihood, scores (n × P), Hessian (P × P)


@dataclass(frozen=True)
class CategoricalResult:
    """Estimates in the order of ``names``, the rows' scores and the inverse observed information."""

    names: list[str]
    coef: np.ndarray
    scores: np.ndarray
    inverse: np.ndarray
    log_likelihood: float
    converged: bool
    categories: list[Any]


def fit_ordinal(
    codes: np.ndarray, X: np.ndarray, names: list[str], categories: list[Any], weights: np.ndarray, link: str
) -> CategoricalResult:
    """Cumulative model: ``codes`` 0 .. K-1; ``X`` without intercept (n × p). ``link`` logit or probit."""
    K = len(categories)
    centre, scale = X.mean(axis=0), X.std(axis=0)
    Z = (X - centre) / scale
    shares = np.cumsum(np.bincount(codes, weights, K))[:-1] / weights.sum()
    start = np.concatenate([_quantile(shares, link), np.zeros(X.shape[1])])

    def derivatives(parameters: np.ndarray) -> Derivatives | None:
        if (np.diff(parameters[: K - 1]) <= 0).any():
            return None
        return _ordinal_derivatives(parameters, codes, Z, weights, K, link)

    parameters, value, converged = newton(derivatives, start)
    # back to the scale of X: thresholds take up the centring
    back = np.eye(len(parameters))
    back[K - 1 :, K - 1 :] = np.diag(1 / scale)
    back[: K - 1, K - 1 :] = centre / scale
    _, scores, hessian = _ordinal_derivatives(parameters, codes, Z, weights, K, link)
    inverse = back @ np.linalg.inv(-hessian) @ back.T
    thresholds = [f"{a}|{b}" for a, b in pairwise(categories)]
    scores = scores @ np.linalg.inv(back)
    return CategoricalResult(thresholds + names, back @ parameters, scores, inverse, value, converged, categories)


def _quantile(p: np.ndarray, link: str) -> np.ndarray:
    from scipy.special import logit, ndtri

    return logit(p) if link == "logit" else ndtri(p)


def row_terms(
    low: np.ndarray, high: np.ndarray, link: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """log P(low < latent <= high) and its derivatives by high and low: value, h, l, hh, hl, ll (per row)."""
    if link == "logit":
        F, f = expit, lambda z: expit(z) * expit(-z)

        def slope(z):
            return f(z) * (1 - 2 * expit(z))
    else:
        F = ndtr

        def f(z):
            return np.exp(-0.5 * np.clip(z, -37.0, 37.0) ** 2) / np.sqrt(2 * np.pi) * np.isfinite(z)

        def slope(z):
            return -np.clip(z, -37.0, 37.0) * f(z)

    # the difference is taken in the tail where it keeps its digits
    flip = low > 0
    p = np.where(flip, F(-low) - F(-high), F(high) - F(low))
    p = np.maximum(p, 1e-300)
    fh, fl, sh, sl = f(high), f(low), slope(high), slope(low)
    return np.log(p), fh / p, -fl / p, sh / p - (fh / p) ** 2, fh * fl / p**2, -sl / p - (fl / p) ** 2


def _ordinal_derivatives(parameters, codes, Z, weights, K: int, link: str) -> Derivatives:
    bounds = np.concatenate([[-np.inf], parameters[: K - 1], [np.inf]])
    eta = Z @ parameters[K - 1 :]
    value, h, low, hh, hl, ll = row_terms(bounds[codes] - eta, bounds[codes + 1] - eta, link)
    indicator = np.eye(K)
    upper = np.hstack([indicator[codes][:, : K - 1], -Z])
    lower = np.hstack([np.vstack([np.zeros(K - 1), np.eye(K - 1)])[codes], -Z])
    scores = weights[:, None] * (h[:, None] * upper + low[:, None] * lower)
    cross = upper.T @ ((weights * hl)[:, None] * lower)
    hessian = (
        upper.T @ ((weights * hh)[:, None] * upper) + lower.T @ ((weights * ll)[:, None] * lower) + cross + cross.T
    )
    return float(weights @ value), scores, hessian


def fit_multinomial(
    codes: np.ndarray, X: np.ndarray, names: list[str], categories: list[Any], weights: np.ndarray
) -> CategoricalResult:
    """Multinomial logit against the first category; ``X`` with its intercept (n × p). Names are "category: term"."""
    K, p = len(categories), X.shape[1]
    scale = np.sqrt((X**2).mean(axis=0))
    Z = X / scale
    Y = np.eye(K)[codes][:, 1:]

    def derivatives(parameters: np.ndarray) -> Derivatives:
        eta = Z @ parameters.reshape(K - 1, p).T
        top = np.maximum(eta.max(axis=1), 0.0)
        log_total = top + np.log(np.exp(-top) + np.exp(eta - top[:, None]).sum(axis=1))
        P = np.exp(eta - log_total[:, None])
        residual = weights[:, None] * (Y - P)
        scores = (residual[:, :, None] * Z[:, None, :]).reshape(len(Z), -1)
        hessian = np.empty(((K - 1) * p, (K - 1) * p))
        for a in range(K - 1):
            for b in range(K - 1):
                w = weights * P[:, a] * ((a == b) - P[:, b])
                hessian[a * p : (a + 1) * p, b * p : (b + 1) * p] = -Z.T @ (w[:, None] * Z)
        return float(weights @ ((Y * eta).sum(axis=1) - log_total)), scores, hessian

    parameters, value, converged = newton(derivatives, np.zeros((K - 1) * p))
    _, scores, hessian = derivatives(parameters)
    back = np.tile(1 / scale, K - 1)
    labels = [f"{category}: {name}" for category in categories[1:] for name in names]
    inverse = np.linalg.inv(-hessian) * np.outer(back, back)
    return CategoricalResult(labels, back * parameters, scores / back, inverse, value, converged, categories)


def newton(derivatives, start: np.ndarray, iterations: int = 100) -> tuple[np.ndarray, float, bool]:
    """Newton's method with step halving; ``derivatives`` returns None outside the parameter space."""
    x = start
    value, scores, hessian = derivatives(x)
    for _ in range(iterations):
        step = np.linalg.lstsq(-hessian, scores.sum(axis=0), rcond=None)[0]
        for _ in range(40):
            trial = derivatives(x + step)
            if trial is not None and np.isfinite(trial[0]) and trial[0] >= value - 1e-10 * (1 + abs(value)):
                break
            step = step / 2
        else:
            return x, value, False
        x = x + step
        value, scores, hessian = trial
        if np.abs(step).max() < 1e-10 * (1 + np.abs(x).max()):
            return x, value, True
    return x, value, False
