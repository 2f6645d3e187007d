"""Incomplete data: the normal log-likelihood by missing-data pattern, its derivatives and information.

Every pattern's inverse covariance is embedded in a p x p matrix with zeros for the variables not observed, so all
patterns are handled in one batch, and sums over patterns of products A (x) A' are single matrix products of the
half-vectorised inverses (Savalei 2010 for the information matrices; Yuan & Bentler 2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .observed import MissingMoments
from .vech import vech, vech_index, vech_position, vech_weight


@dataclass
class PatternState:
    """Per pattern (P of them) at one (mu, Sigma): inverse A, A d with d = mean - mu, A T A with T = S + d d'."""

    inverse: np.ndarray  # P x p x p
    log_det: np.ndarray  # P
    pull: np.ndarray  # P x p, A d
    spread: np.ndarray  # P x p x p, A T A
    trace: np.ndarray  # P, tr(A T)


def pattern_state(moments: MissingMoments, mu: np.ndarray, sigma: np.ndarray) -> PatternState:
    """Invert Sigma in every pattern at once. Raises LinAlgError when one is not positive definite."""
    masks = moments.masks
    pair = masks[:, :, None] & masks[:, None, :]
    p = sigma.shape[0]
    padded = np.where(pair, sigma, np.eye(p))
    log_det = 2 * np.log(np.einsum("kii->ki", np.linalg.cholesky(padded))).sum(axis=1)
    inverse = np.linalg.inv(padded) * pair
    d = np.where(masks, moments.means - mu, 0.0)
    t = moments.covs + d[:, :, None] * d[:, None, :]
    half = inverse @ t
    trace = np.einsum("kii->k", half)
    return PatternState(inverse, log_det, np.einsum("kij,kj->ki", inverse, d), half @ inverse, trace)


def deviance(moments: MissingMoments, state: PatternState) -> float:
    """-2 log-likelihood / n without the constant p log(2 pi)."""
    return float(moments.counts @ (state.log_det + state.trace)) / moments.n


def constant(moments: MissingMoments) -> float:
    """The part of -2 log-likelihood that only counts observed values: sum of n p_observed log(2 pi)."""
    return float(moments.counts @ moments.masks.sum(axis=1)) * float(np.log(2 * np.pi))


def gradient(moments: MissingMoments, state: PatternState) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives of half the deviance: with respect to mu (p,) and, as a symmetric W with dF = tr(W dSigma), Sigma."""
    share = moments.counts / moments.n
    w = np.tensordot(share, state.inverse - state.spread, axes=(0, 0)) / 2
    return -(share @ state.pull), w


def information(moments: MissingMoments, state: PatternState, kind: str) -> np.ndarray:
    """Per-case information on (mu, vech Sigma) given the patterns: "expected" or "observed" (the Hessian)."""
    p = moments.masks.shape[1]
    rows, cols = vech_index(p)
    at = vech_position(p)
    half = np.where(rows == cols, 0.5, 1.0)
    share = moments.counts / moments.n
    packed = vech(state.inverse)
    out = np.zeros((p + rows.size, p + rows.size))
    out[:p, :p] = np.tensordot(share, state.inverse, axes=(0, 0))
    ik, jl = at[np.ix_(rows, rows)], at[np.ix_(cols, cols)]
    il, jk = at[np.ix_(rows, cols)], at[np.ix_(cols, rows)]
    if kind == "expected":
        gram = (packed.T * share) @ packed
        block = gram[ik, jl] + gram[il, jk]
    else:
        gram = (packed.T * share) @ vech(2 * state.spread - state.inverse)
        block = (gram[ik, jl] + gram[il, jk] + gram[jl, ik] + gram[jk, il]) / 2
        cross = (packed.T * share) @ state.pull  # (pairs, p): sum of A_ab (A d)_c
        first = np.arange(p)[:, None]
        mixed = (cross[at[first, rows], cols] + cross[at[first, cols], rows]) * half
        out[:p, p:], out[p:, :p] = mixed, mixed.T
    out[p:, p:] = block * np.outer(half, half)
    return out


def case_scores(moments: MissingMoments, mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """N x (p + p(p+1)/2): derivative of each case's log-likelihood with respect to mu and vech(Sigma)."""
    state = pattern_state(moments, mu, sigma)
    p = len(mu)
    rows, cols = vech_index(p)
    d = np.where(moments.masks[moments.pattern], moments.filled - mu, 0.0)
    z = np.empty_like(d)
    order = np.argsort(moments.pattern, kind="stable")
    bounds = np.searchsorted(moments.pattern[order], np.arange(len(moments.counts) + 1))
    for k in range(len(moments.counts)):
        cases = order[bounds[k] : bounds[k + 1]]
        z[cases] = d[cases] @ state.inverse[k]
    pairs = z[:, rows] * z[:, cols] - vech(state.inverse)[moments.pattern]
    return np.hstack([z, pairs * (vech_weight(p) / 2)])
