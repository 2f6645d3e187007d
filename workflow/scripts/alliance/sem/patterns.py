"""Incomplete data: the normal log-likelihood by missing-data pattern, its derivatives and information.

Every pattern's inverse covariance is embedded in a p x p matrix with zeros for the absent variables, so all patterns
are handled in batches and sums over patterns of products A (x) A' are single matrix products of the half-vectorised
inverses (Savalei 2010 for the information matrices; Yuan & Bentler 2000). With M the absent variables and P the
inverse of the whole Sigma, A = P - P_.M (P_MM)^-1 P_M. and |Sigma_oo| = |Sigma| |P_MM|: only the small block of the
absent variables is inverted in each pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from .observed import MissingMoments
from .vech import vech, vech_index, vech_position, vech_weight


@dataclass
class PatternState:
    """Per pattern (P of them) at one (mu, Sigma): inverse A, A d with d = mean - mu, and what follows."""

    moments: MissingMoments
    inverse: np.ndarray  # P x p x p
    log_det: np.ndarray  # P
    pull: np.ndarray  # P x p, A d
    within: np.ndarray  # Q x p x p, A S A of the patterns with more than one case
    trace: np.ndarray  # P, tr(A (S + d d'))

    @cached_property
    def packed(self) -> np.ndarray:
        """vech of the inverses, P x p(p+1)/2."""
        return vech(self.inverse)

    @cached_property
    def spread(self) -> np.ndarray:
        """vech of A (S + d d') A, P x p(p+1)/2."""
        rows, cols = vech_index(self.pull.shape[1])
        out = self.pull[:, rows] * self.pull[:, cols]
        out[self.moments.many] += vech(self.within)
        return out


def pattern_state(moments: MissingMoments, mu: np.ndarray, sigma: np.ndarray) -> PatternState:
    """Inverses of all patterns. Raises LinAlgError when Sigma is not positive definite."""
    whole_log_det = 2 * float(np.sum(np.log(np.diag(np.linalg.cholesky(sigma)))))
    whole = np.linalg.inv(sigma)
    whole = (whole + whole.T) / 2
    p = len(mu)
    inverse = np.empty((len(moments.counts), p, p))
    log_det = np.full(len(moments.counts), whole_log_det)
    for patterns, absent in moments.by_absent:
        k = absent.shape[1]
        if k == 0:
            inverse[patterns] = whole
            continue
        border = whole[absent]  # patterns x k x p
        block = border[np.arange(len(patterns))[:, None, None], np.arange(k)[:, None], absent[:, None, :]]
        if k == 1:
            log_det[patterns] += np.log(block[:, 0, 0])
            inverse[patterns] = whole - border.transpose(0, 2, 1) * (border / block)
        else:
            log_det[patterns] += 2 * np.log(np.einsum("kii->ki", np.linalg.cholesky(block))).sum(axis=1)
            inverse[patterns] = whole - border.transpose(0, 2, 1) @ np.linalg.solve(block, border)
        # exact zeros, not rounding, for the absent variables
        inverse[patterns[:, None], absent] = 0.0
        inverse[patterns[:, None, None], np.arange(p)[:, None], absent[:, None, :]] = 0.0
    d = np.where(moments.masks, moments.means - mu, 0.0)
    pull = np.matmul(inverse, d[:, :, None])[:, :, 0]
    trace = np.einsum("ki,ki->k", pull, d)
    half = inverse[moments.many] @ moments.covs
    trace[moments.many] += np.einsum("kii->k", half)
    return PatternState(moments, inverse, log_det, pull, half @ inverse[moments.many], trace)


def deviance(moments: MissingMoments, state: PatternState) -> float:
    """-2 log-likelihood / n without the constant p log(2 pi)."""
    return float(moments.counts @ (state.log_det + state.trace)) / moments.n


def constant(moments: MissingMoments) -> float:
    """The part of -2 log-likelihood that only counts observed values: sum of n p_observed log(2 pi)."""
    return float(moments.counts @ moments.masks.sum(axis=1)) * float(np.log(2 * np.pi))


def gradient(moments: MissingMoments, state: PatternState) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives of half the deviance: with respect to mu (p,) and, as a symmetric W with dF = tr(W dSigma), Sigma."""
    share = moments.counts / moments.n
    p = len(state.pull.T)
    w = (share @ state.inverse.reshape(len(share), -1)).reshape(p, p) - (state.pull.T * share) @ state.pull
    w -= np.tensordot(share[moments.many], state.within, axes=(0, 0))
    return -(share @ state.pull), w / 2


@lru_cache(maxsize=8)
def _pair_positions(p: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flat positions into the Gram matrix of vech entries: (ik, jl) and (il, jk); and the factors of diagonals."""
    rows, cols = vech_index(p)
    at, size = vech_position(p), rows.size
    half = np.where(rows == cols, 0.5, 1.0)
    straight = at[np.ix_(rows, rows)] * size + at[np.ix_(cols, cols)]
    crossed = at[np.ix_(rows, cols)] * size + at[np.ix_(cols, rows)]
    return straight, crossed, np.outer(half, half)


def information(moments: MissingMoments, state: PatternState, kind: str) -> np.ndarray:
    """Per-case information on (mu, vech Sigma) given the patterns: "expected" or "observed" (the Hessian)."""
    p = moments.masks.shape[1]
    rows, cols = vech_index(p)
    share = moments.counts / moments.n
    packed = state.packed
    weighted = packed.T * share
    straight, crossed, factor = _pair_positions(p)
    out = np.zeros((p + rows.size, p + rows.size))
    out[:p, :p] = (share @ state.inverse.reshape(len(share), -1)).reshape(p, p)
    if kind == "expected":
        gram = (weighted @ packed).ravel()
    else:
        gram = weighted @ (2 * state.spread - packed)
        gram = ((gram + gram.T) / 2).ravel()
        cross = weighted @ state.pull  # (pairs, p): sum of A_ab (A d)_c
        at, first = vech_position(p), np.arange(p)[:, None]
        mixed = cross[at[first, rows], cols] + cross[at[first, cols], rows]
        mixed *= np.where(rows == cols, 0.5, 1.0)
        out[:p, p:], out[p:, :p] = mixed, mixed.T
    out[p:, p:] = (gram[straight] + gram[crossed]) * factor
    return out


def case_scores(moments: MissingMoments, mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """N x (p + p(p+1)/2): derivative of each case's log-likelihood with respect to mu and vech(Sigma)."""
    state = pattern_state(moments, mu, sigma)
    p = len(mu)
    rows, cols = vech_index(p)
    z = _standardised(moments, state, mu)
    pairs = z[:, rows]
    pairs *= z[:, cols]
    pairs -= state.packed[moments.pattern]
    pairs *= vech_weight(p) / 2
    return np.hstack([z, pairs])


def _standardised(moments: MissingMoments, state: PatternState, mu: np.ndarray, chunk: int = 4096) -> np.ndarray:
    """N x p: A (y - mu) of each case, zero where absent."""
    d = np.where(moments.masks[moments.pattern], moments.filled - mu, 0.0)
    if len(d) < 4 * len(moments.counts):  # nearly every case has its own pattern
        parts = [
            np.matmul(state.inverse[moments.pattern[start : start + chunk]], d[start : start + chunk, :, None])[:, :, 0]
            for start in range(0, len(d), chunk)
        ]
        return np.concatenate(parts)
    z = np.empty_like(d)
    order = np.argsort(moments.pattern, kind="stable")
    bounds = np.searchsorted(moments.pattern[order], np.arange(len(moments.counts) + 1))
    for k in range(len(moments.counts)):
        cases = order[bounds[k] : bounds[k + 1]]
        z[cases] = d[cases] @ state.inverse[k]
    return z
