"""Maximum likelihood of linear and binary outcome models by Fisher scoring, with the pieces that sandwiches need.

Row by row: ``weight`` W is the working weight of iteratively reweighted least squares, ``score`` r the derivative of
the log-likelihood by the linear predictor, so that the gradient is X'r and the expected information X'WX (McCullagh &
Nelder 1989, ch. 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alliance.persistence.links import LINKS, Link

CHUNK = 8192  # rows


@dataclass(frozen=True)
class GlmResult:
    """A fitted generalised linear model.

    ``aliased`` marks columns that are combinations of earlier ones and were not estimated (their ``coef`` is NaN).
    ``inverse`` is (X'WX)^-1 of the estimated columns, ``dispersion`` the residual variance (1 for binary outcomes).
    """

    coef: np.ndarray
    eta: np.ndarray
    weight: np.ndarray
    score: np.ndarray
    inverse: np.ndarray
    dispersion: float
    log_likelihood: float
    converged: bool
    iterations: int
    aliased: np.ndarray


def aliased_columns(X: np.ndarray, tolerance: float = 1e-9) -> np.ndarray:
    """Which columns are constant zero or linear combinations of earlier columns (boolean, one per column)."""
    norm = np.sqrt((X**2).sum(axis=0))
    aliased = norm == 0
    if X.shape[0] == 0:
        return np.ones(X.shape[1], dtype=bool)
    while True:
        kept = np.flatnonzero(~aliased)
        if len(kept) > X.shape[0]:
            aliased[kept[X.shape[0] :]] = True
            continue
        r = np.linalg.qr(X[:, kept] / norm[kept], mode="r")
        small = np.flatnonzero(np.abs(np.diag(r)) < tolerance)
        if not len(small):
            return aliased
        aliased[kept[small[0]]] = True


def fit_glm(
    y: np.ndarray,
    X: np.ndarray,
    link: str,
    weights: np.ndarray | None = None,
    offset: np.ndarray | None = None,
    *,
    firth: bool = False,
    max_iterations: int = 100,
    tolerance: float = 1e-13,
) -> GlmResult:
    """Fit y (n) on X (n × p). Binary links maximise the Bernoulli likelihood; "identity" is least squares.

    ``firth`` adds Jeffreys' penalty, half the log-determinant of the information (Firth 1993; Heinze & Schemper 2002),
    to a logit: finite estimates under separation, less bias with few events. ``log_likelihood`` is then penalised.

    ``weights`` multiply each row's log-likelihood. The caller has made sure that there are rows.
    """
    w = np.ones(len(y)) if weights is None else weights
    shift = np.zeros(len(y)) if offset is None else offset
    aliased = aliased_columns(X)
    Z = np.ascontiguousarray(X[:, ~aliased])  # row after row in memory: the sums over rows go in pieces
    scale = np.sqrt((Z**2).mean(axis=0))
    Z /= scale
    if link == "identity":
        pieces = _least_squares(y - shift, Z, w)
    elif firth:
        pieces = _penalised(y, Z, w, shift, max_iterations, tolerance)
    else:
        pieces = _scoring(y, Z, w, shift, LINKS[link], max_iterations, tolerance)
    coef, eta, weight, score, dispersion, loglik, converged, iterations = pieces
    inverse = np.linalg.pinv(_gram(Z, weight), hermitian=True) / np.outer(scale, scale)
    full = np.full(X.shape[1], np.nan)
    full[~aliased] = coef / scale
    return GlmResult(full, eta, weight, score, inverse, dispersion, loglik, converged, iterations, aliased)


def _gram(Z: np.ndarray, weight: np.ndarray) -> np.ndarray:
    total = np.zeros((Z.shape[1], Z.shape[1]))
    for start in range(0, len(Z), CHUNK):  # in pieces that stay in the processor's cache
        rows = Z[start : start + CHUNK]
        total += rows.T @ (rows * weight[start : start + CHUNK, None])
    return total


def _least_squares(y: np.ndarray, Z: np.ndarray, w: np.ndarray):
    root = np.sqrt(w)
    coef = np.linalg.lstsq(Z * root[:, None], y * root, rcond=None)[0]
    eta = Z @ coef
    rss = float((w * (y - eta) ** 2).sum())
    n, df = len(y), len(y) - Z.shape[1]
    dispersion = rss / df if df > 0 else np.nan
    loglik = -0.5 * n * (np.log(2 * np.pi * rss / n) + 1) + 0.5 * np.log(w).sum() if rss > 0 else np.inf
    return coef, eta, w, w * (y - eta), dispersion, loglik, True, 1


def working(y: np.ndarray, eta: np.ndarray, link: Link) -> tuple[np.ndarray, np.ndarray]:
    """Working weight and score of each row at a linear predictor."""
    mean, slope = link.mean(eta), link.slope(eta)
    variance = np.maximum(mean * (1 - mean), 1e-300)
    if link.name == "logit":
        return mean * (1 - mean), y - mean
    ratio = slope / variance
    # in the far tails both slope and variance underflow; there the row carries no information
    ratio = np.where(variance <= 1e-299, 0.0, ratio)
    return slope * ratio, (y - mean) * ratio


def _scoring(y, Z, w, shift, link: Link, max_iterations: int, tolerance: float):
    rate = float(np.clip((w * y).sum() / w.sum(), 1e-6, 1 - 1e-6))
    coef = np.linalg.lstsq(Z.T @ Z, Z.T @ (link.start(rate) - shift), rcond=None)[0]
    eta = Z @ coef + shift
    loglik = float((w * link.log_likelihood(y, eta)).sum())
    converged = False
    for iteration in range(1, max_iterations + 1):  # noqa: B007 (reported below)
        weight, score = working(y, eta, link)
        gradient = Z.T @ (w * score)
        step = np.linalg.lstsq(_gram(Z, w * weight), gradient, rcond=None)[0]
        for _ in range(30):
            trial = Z @ (coef + step) + shift
            new = float((w * link.log_likelihood(y, trial)).sum())
            if np.isfinite(new) and new >= loglik - 1e-10 * (abs(loglik) + 1):
                break
            step = step / 2
        coef, eta = coef + step, trial
        change, loglik = abs(new - loglik), new
        if change <= tolerance * (abs(new) + 1) and np.abs(step).max() <= 1e-9 * (1 + np.abs(coef).max()):
            converged = True
            break
    weight, score = working(y, eta, link)
    return coef, eta, w * weight, w * score, 1.0, loglik, converged, iteration


def _penalised(y, Z, w, shift, max_iterations: int, tolerance: float):
    """Firth's logit by Newton steps on the modified score X'(w(y - m) + h(1/2 - m)), h the leverages."""
    link = LINKS["logit"]

    def state(coef):
        eta = Z @ coef + shift
        weight = w * link.slope(eta)
        information = _gram(Z, weight)
        value = float((w * link.log_likelihood(y, eta)).sum()) + 0.5 * np.linalg.slogdet(information)[1]
        return eta, weight, information, value

    coef = np.zeros(Z.shape[1])
    eta, weight, information, value = state(coef)
    converged = False
    for iteration in range(1, max_iterations + 1):  # noqa: B007 (reported below)
        mean = link.mean(eta)
        leverage = weight * (np.linalg.solve(information, Z.T).T * Z).sum(axis=1)
        score = w * (y - mean) + leverage * (0.5 - mean)
        step = np.linalg.solve(information, Z.T @ score)
        step *= min(1.0, 5.0 / max(np.abs(Z @ step).max(), 1e-300))
        for _ in range(30):
            trial = state(coef + step)
            if np.isfinite(trial[3]) and trial[3] >= value - 1e-10 * (abs(value) + 1):
                break
            step = step / 2
        coef = coef + step
        change = abs(trial[3] - value)
        eta, weight, information, value = trial
        if change <= tolerance * (abs(value) + 1) and np.abs(step).max() <= 1e-10 * (1 + np.abs(coef).max()):
            converged = True
            break
    mean = link.mean(eta)
    leverage = weight * (np.linalg.solve(information, Z.T).T * Z).sum(axis=1)
    score = w * (y - mean) + leverage * (0.5 - mean)
    return coef, eta, weight, score, 1.0, value, converged, iteration
