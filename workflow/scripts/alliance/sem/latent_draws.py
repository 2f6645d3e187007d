"""Draws of the factors by data augmentation: the responses behind the answers, the factors, their regression.

Given the measurement parameters, three blocks are drawn in turn, each from its exact conditional distribution
(Tanner & Wong, 1987; Albert & Chib, 1993; Lee & Zhu, 2000): the regression of the factors on the conditioning
variables with its residual covariance (Jeffreys' prior), the normal responses behind ordered and missing answers,
and the factors. All cases at once; the cost of one sweep is that of one truncated normal per answer.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from .bivariate import FloatArray
from .eap_model import Posterior


class FactorSampler:
    """A chain over the factors of N cases.

    ``design``: N x c conditioning variables with an intercept in front, or None: then the factors' distribution is
    the measurement model's own. The chain stands at ``deviation`` (N x m), the factors minus the model's means.
    """

    def __init__(self, model: Posterior, design: FloatArray | None, rng: np.random.Generator) -> None:
        self.rng, self.design = rng, design
        self.deviation = rng.standard_normal((len(model.mean), model.root.shape[1])) @ model.root.T
        self.private = np.zeros((len(model.mean), model.private.shape[1]))
        if design is not None:
            gram = np.linalg.inv(design.T @ design)
            self._hat, self._spread = gram @ design.T, np.linalg.cholesky(gram)
        self.measure(model)

    def measure(self, model: Posterior) -> None:
        """Go on under other measurement parameters."""
        self.model = model
        self._scale, self._root = model.scale[None, :], model.root
        free = ~model.seen
        beyond = np.full(1, np.inf)
        self._upper = np.where(free, beyond, model.upper) / self._scale
        self._lower = np.where(free, -beyond, model.lower) / self._scale
        self._known = model.seen & ~model.ordered
        self._inverse_root = np.linalg.pinv(model.root)
        self._weights = model.slopes / model.scale[:, None] ** 2
        self._likelihood = model.slopes.T @ self._weights

    def run(self, sweeps: int) -> FloatArray:
        """The factors (N x m) after so many sweeps."""
        for _ in range(sweeps):
            mean, cov = self._regression()
            self._factors(self._responses(), mean, cov)
        return self.model.mean + self.deviation

    def _regression(self) -> tuple[FloatArray, FloatArray]:
        """Mean (N x r) and covariance (r x r) of the factors' standardised coordinates."""
        rank = self._root.shape[1]
        if self.design is None:
            return np.zeros((1, rank)), np.eye(rank)
        z = self.deviation @ self._inverse_root.T
        fitted = self._hat @ z
        residual = z - self.design @ fitted
        freedom = len(z) - self.design.shape[1]
        # Bartlett's decomposition of a Wishart matrix; its inverse is the covariance
        lower = np.tril(self.rng.standard_normal((rank, rank)), -1)
        lower[np.diag_indices(rank)] = np.sqrt(self.rng.chisquare(freedom - np.arange(rank)))
        half = np.linalg.solve(lower, np.linalg.cholesky(residual.T @ residual).T)
        cov = half.T @ half
        noise = self._spread @ self.rng.standard_normal((len(fitted), rank))
        return self.design @ (fitted + noise @ np.linalg.cholesky(cov).T), cov

    def _responses(self) -> FloatArray:
        """Responses minus their expectation at the factor means (N x p): as observed, or drawn within the bounds."""
        centre = self.deviation @ self.model.loadings.T + self.private @ self.model.private.T
        at = centre / self._scale
        low, high = self._lower - at, self._upper - at
        p = special.ndtr(high)
        below = special.ndtr(low)
        p -= below
        p *= self.rng.random(low.shape)
        p += below
        # beyond seven deviations, where p rounds to 0 or 1, a response stands at its nearer bound
        drawn = special.ndtri(np.clip(p, 1e-300, 1.0 - 1e-16, out=p), out=p)
        np.maximum(drawn, low, out=drawn)
        np.minimum(drawn, high, out=drawn)
        response = centre + self._scale * drawn
        return np.where(self._known, self.model.value, response)

    def _factors(self, responses: FloatArray, mean: FloatArray, cov: FloatArray) -> None:
        rank, d = self._root.shape[1], self.model.dimensions
        prior = np.eye(d)
        prior[:rank, :rank] = np.linalg.inv(cov)
        factor = np.linalg.cholesky(np.linalg.inv(prior + self._likelihood))
        pull = responses @ self._weights
        pull[:, :rank] += mean @ prior[:rank, :rank]
        z = pull @ factor @ factor.T + self.rng.standard_normal((len(responses), d)) @ factor.T
        self.deviation, self.private = z[:, :rank] @ self._root.T, z[:, rank:]
