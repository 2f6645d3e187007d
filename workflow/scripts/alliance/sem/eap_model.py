"""What a response pattern says about the factors: the posterior of a group of an ordinal model.

Given the factors the answers are independent: an ordered answer has the probability of an interval of a
normal response, a continuous one a normal density. Factors are written as mean + L z with z standard
normal, which also covers factors without disturbance; a residual covariance becomes one more, private,
dimension of z for the two items that share it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .bivariate import FloatArray, normal_density
from .scores import exogenous_observed

if TYPE_CHECKING:
    from .results import Fit

# Bounds of the first and last category: beyond any response.
_FAR = 1e3
_TINY = 1e-300
# Beyond this bound a difference of distribution functions near 1 loses digits.
_TAIL = 2.0


@dataclass(frozen=True)
class Posterior:
    """Likelihood of the answers of N cases in the standardised factors z (d dimensions).

    ``mean``: N x m factor means (they differ when covariates predict the factors); ``root``: m x r with
    factors = mean + root z[:r]; ``loadings``: p x m; ``private``: p x (d - r), what residual covariances add.
    ``scale``: p residual deviations. ``upper``/``lower``: N x p bounds of the response of an ordered answer
    minus its expectation at the factor means; ``value``: N x p the same for continuous variables.
    ``ordered``: p; ``seen``: N x p.
    """

    names: list[str]
    mean: FloatArray
    root: FloatArray
    loadings: FloatArray
    private: FloatArray
    scale: FloatArray
    upper: FloatArray
    lower: FloatArray
    value: FloatArray
    ordered: NDArray[np.bool_]
    seen: NDArray[np.bool_]

    @cached_property
    def slopes(self) -> FloatArray:
        """p x d slopes of the responses on z."""
        return np.hstack([self.loadings @ self.root, self.private])

    @property
    def dimensions(self) -> int:
        """d, the length of z."""
        return self.root.shape[1] + self.private.shape[1]

    def factors(self, z: FloatArray) -> FloatArray:
        """Factor values (..., m) at points z: N x d, or N x q x d."""
        mean = self.mean if z.ndim == 2 else self.mean[:, None, :]
        return mean + z[..., : self.root.shape[1]] @ self.root.T

    def take(self, rows: NDArray) -> Posterior:
        """The cases ``rows`` only."""
        per_case = ("mean", "upper", "lower", "value", "seen")
        return replace(self, **{name: getattr(self, name)[rows] for name in per_case})

    def with_prior(self, mean: FloatArray, cov: FloatArray) -> Posterior:
        """The same answers under another distribution of the factors: means N x m, covariance m x m."""
        shift = (self.mean - mean) @ self.loadings.T
        moved = {name: getattr(self, name) + shift for name in ("upper", "lower", "value")}
        return replace(self, mean=mean, root=covariance_root(cov), **moved)

    def log_likelihood(self, z: FloatArray) -> FloatArray:
        """Log-likelihood at points ``z``: N x d, or N x q x d for q points per case."""
        points = z if z.ndim == 3 else z[:, None, :]
        shift = points @ self.slopes.T
        total = np.zeros(shift.shape[:2])
        # item by item: the arrays stay small enough for the processor's cache
        for j, (is_ordered, scale) in enumerate(zip(self.ordered, self.scale, strict=True)):
            seen = self.seen[:, j]
            part = shift[:, :, j] if seen.all() else shift[seen, :, j]
            if is_ordered:
                high, low = (bound[seen, j, None] - part for bound in (self.upper, self.lower))
                high /= scale
                low /= scale
                value = np.log(interval(high, low))
            else:
                value = -0.5 * ((self.value[seen, j, None] - part) / scale) ** 2 - np.log(scale)
            if seen.all():
                total += value
            else:
                total[seen] += value
        return total if z.ndim == 3 else total[:, 0]

    def slopes_and_curvature(self, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Log posterior (up to a constant, N), gradient (N x d) and negative Hessian (N x d x d) at ``z`` (N x d)."""
        shift = z @ self.slopes.T
        high, low = (self.upper - shift) / self.scale, (self.lower - shift) / self.scale
        prob = interval(high, low)
        up, down = normal_density(high) / prob, normal_density(low) / prob
        residual = (self.value - shift) / self.scale
        first = np.where(self.ordered, down - up, residual) / self.scale
        curve = np.where(self.ordered, high * up - low * down + (up - down) ** 2, 1.0) / self.scale**2
        value = np.where(self.ordered, np.log(prob), -0.5 * residual**2)
        first, curve, value = (np.where(self.seen, part, 0.0) for part in (first, curve, value))
        information = np.einsum("np,pa,pb->nab", curve, self.slopes, self.slopes, optimize=True)
        information += np.eye(z.shape[1])
        return value.sum(axis=1) - 0.5 * (z * z).sum(axis=1), first @ self.slopes - z, information


def interval(high: FloatArray, low: FloatArray) -> FloatArray:
    """``Phi(high) - Phi(low)``, at least 1e-300; from the upper tails where both bounds are high."""
    prob = special.ndtr(high) - special.ndtr(low)
    tail = low > _TAIL
    if tail.any():
        prob[tail] = special.ndtr(-low[tail]) - special.ndtr(-high[tail])
    return np.maximum(prob, _TINY, out=prob)


def posterior(fit: Fit, g: int, theta: FloatArray | None = None) -> Posterior:
    """The posterior of group ``g`` (from 0) at ``theta`` (the estimates), for ordinal and continuous models.

    Exogenous covariates are conditioned on. Raises ValueError when factors depend on indicators, when no unique
    variance is left or the data are gone.
    """
    group, moments = fit.structure.groups[g], fit.observed[g]
    theta = fit.theta if theta is None else theta
    ordinal, linear = fit.structure.ordinal, fit.model[g]
    data = moments.codes if ordinal else moments.data
    if data is None:
        raise ValueError("scores need the data: fit the model to a data frame, not to a covariance matrix")
    at = group.state(theta)[0] if ordinal else group.implied(theta)
    a, _, intercepts, b = linear.matrices(theta)
    values = data if moments.data is None else moments.data
    if ordinal:
        y, covariates = np.arange(linear.p), moments.exo_data
    else:
        if not fit.structure.meanstructure:
            values = values - moments.saturated[0]
        known = set(exogenous_observed(fit.table))
        own = np.array([name in known for name in linear.observed], dtype=bool)
        y, x = np.flatnonzero(~own), np.flatnonzero(own)
        covariates, b = values[:, x], a[:, x]
        values, data = values[:, y], data[:, y]
    keep = np.concatenate([y, np.arange(linear.p, len(a))])
    a, s, b, intercepts = a[np.ix_(keep, keep)], at.s[np.ix_(keep, keep)], b[keep], intercepts[keep]
    p, n = len(y), len(data)
    if np.any(a[p:, :p]):
        raise ValueError("scores are not defined here: a factor is regressed on an observed variable of the model")
    inverse, inner = np.linalg.inv(np.eye(p) - a[:p, :p]), np.linalg.inv(np.eye(len(a) - p) - a[p:, p:])
    loadings = inverse @ a[:p, p:]
    shift = intercepts + covariates @ b.T if covariates.shape[1] else np.tile(intercepts, (n, 1))
    mean = shift[:, p:] @ inner.T
    base = shift[:, :p] @ inverse.T + mean @ loadings.T
    names = [linear.observed[j] for j in y]
    private, unique = _private_dimensions(inverse @ s[:p, :p] @ inverse.T, names)
    ordered = np.asarray(moments.ordered, dtype=bool) if ordinal else np.zeros(p, dtype=bool)
    upper, lower = np.full((n, p), _FAR), np.full((n, p), -_FAR)
    if ordinal:
        upper, lower = _bounds(data, moments.thresholds, group.state(theta)[2])
    seen = np.where(ordered, data >= 0, ~np.isnan(values))
    value = np.where(seen & ~ordered, values - base, 0.0)
    return Posterior(
        linear.latent, mean, covariance_root(inner @ s[p:, p:] @ inner.T), loadings, private, np.sqrt(unique),
        upper - base, lower - base, value, ordered, seen,
    )  # fmt: skip


def _bounds(codes: NDArray[np.int8], thresholds: list[FloatArray], tau: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Thresholds above and below each answer (N x p) on the scale of the responses; far away at the ends."""
    upper, lower = np.full(codes.shape, _FAR), np.full(codes.shape, -_FAR)
    start = 0
    for j, own in enumerate(thresholds):
        if len(own):
            edges = np.concatenate([[-_FAR], tau[start : start + len(own)], [_FAR]])
            answer = np.maximum(codes[:, j], 0).astype(np.intp)
            upper[:, j], lower[:, j] = edges[answer + 1], edges[answer]
            start += len(own)
    return upper, lower


def covariance_root(cov: FloatArray) -> FloatArray:
    """``L`` with ``L L' = cov``, one column per positive eigenvalue."""
    values, vectors = np.linalg.eigh(cov)
    if values[0] < -1e-8 * max(values[-1], 1.0):
        raise ValueError("the latent covariance matrix is not positive semi-definite: scores are not defined")
    keep = values > 1e-12 * max(values[-1], 1.0)
    return vectors[:, keep] * np.sqrt(values[keep])


def _private_dimensions(omega: FloatArray, names: list[str]) -> tuple[FloatArray, FloatArray]:
    """Residual covariances as private dimensions (p x number of pairs) and the unique variances left (p)."""
    pairs = [(i, j) for i, j in np.argwhere(np.tril(np.abs(omega) > 1e-12, -1))]
    private = np.zeros((len(omega), len(pairs)))
    unique = np.diag(omega).copy()
    for k, (i, j) in enumerate(pairs):
        # the split between the two items is free; this one leaves both the same share of their variance
        ratio = np.sqrt(omega[i, i] / omega[j, j])
        size = abs(omega[i, j])
        private[i, k] = np.sqrt(size * ratio)
        private[j, k] = np.sign(omega[i, j]) * np.sqrt(size / ratio)
        unique[i] -= size * ratio
        unique[j] -= size / ratio
    low = [name for name, value in zip(names, unique, strict=True) if value <= 1e-10]
    if low:
        raise ValueError(f"scores are not defined: no unique variance is left for {', '.join(low)}")
    return private, unique
