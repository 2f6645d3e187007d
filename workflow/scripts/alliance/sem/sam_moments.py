"""Moments of the factors from measurement estimates: the second step of local SAM (Rosseel & Loh 2022, eqs. 7-12).

With loadings L, residual covariances T and intercepts v of the items, the matrix M = (L'T^-1 L)^-1 L'T^-1 gives
E(eta) = M (ybar - v) and Var(eta) = M S M' - M T M'. When sampling error would make Var(eta) improper, it is
corrected as in Fuller (1987, p. 193). Observed variables of the structural part stand for themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .sam_blocks import Parts

if TYPE_CHECKING:
    from .results import Fit

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class FactorMoments:
    """Of one group: names (factors, then observed), n, mean (q,), cov (q, q); ``shrunk``: Fuller's correction acted."""

    names: list[str]
    n: float
    mean: FloatArray
    cov: FloatArray
    shrunk: bool


@dataclass(frozen=True)
class SampleMoments:
    """Of one group: mean and covariance of all observed variables (responses on the observed scale when ordered)."""

    names: list[str]
    n: float
    mean: FloatArray
    cov: FloatArray
    shift: FloatArray  # the part of the mean that covariates explain, ordered variables only
    ordinal: bool = False  # whether some variable of the joint model is ordered


def sample_moments(joint: Fit, g: int, stats: FloatArray | None = None) -> SampleMoments:
    """Sample means and covariances of the joint model's variables, covariates included.

    ``stats`` replaces the stacked sample statistics (means then vech, or the ordinal statistics) for derivatives.
    """
    observed = joint.observed[g]
    if not joint.structure.ordinal:
        mean, cov = observed.saturated
        if stats is not None:
            from .vech import unvech

            p = len(observed.names)
            cov = unvech(stats[-p * (p + 1) // 2 :], p)
            mean = stats[:p] if joint.structure.meanstructure else mean
        return SampleMoments(observed.names, observed.n, mean, cov, np.zeros(len(mean)))
    stats = observed.stats if stats is None else stats
    at = {name: k for k, name in enumerate(observed.names)}
    at_x = {name: k for k, name in enumerate(observed.exo)}
    mean, slopes = np.zeros(len(at)), np.zeros((len(at), len(at_x)))
    cov = np.eye(len(at))
    for value, label in zip(stats, observed.labels, strict=True):
        if label[0] == "mean":
            mean[at[label[1]]] = -value
        elif label[0] == "slope":
            slopes[at[label[1]], at_x[label[2]]] = value
        elif label[0] == "var":
            cov[at[label[1]], at[label[1]]] = value
        elif label[0] == "cov":
            i, j = at[label[1]], at[label[2]]
            cov[i, j] = cov[j, i] = value
    if not at_x:
        return SampleMoments(observed.names, observed.n, mean, cov, np.zeros(len(mean)), True)
    cross = slopes @ observed.cov_x
    whole = np.block([[cov + cross @ slopes.T, cross], [cross.T, observed.cov_x]])
    names = [*observed.names, *observed.exo]
    shift = slopes @ observed.mean_x
    means = np.concatenate([mean + shift, observed.mean_x])
    return SampleMoments(names, observed.n, means, whole, np.concatenate([shift, np.zeros(len(at_x))]), True)


@dataclass(frozen=True)
class Measurement:
    """One block in one group: loadings (p x m), residual covariances (p x p), intercepts (p,), means of the factors.

    ``scale`` (p,) multiplies a latent response to give the response with unit variance (1 for numeric items).
    """

    loadings: FloatArray
    residual: FloatArray
    intercepts: FloatArray
    scale: FloatArray
    factor_means: FloatArray


def measurement(block: Fit, g: int, theta: FloatArray) -> Measurement:
    """The matrices of a measurement block at ``theta``."""
    group, linear = block.structure.groups[g], block.model[g]
    p = linear.p
    if block.structure.ordinal:
        at, scale, _ = group.state(theta)
    else:
        at, scale = group.implied(theta), np.ones(p)
    a, _, m, _ = linear.matrices(theta)
    intercepts = m[:p] if linear.meanstructure else block.observed[g].saturated[0]
    return Measurement(a[:p, p:], at.s[:p, :p], intercepts, scale, at.means[p:])


def error_left_on(alpha: float, n: float) -> float:
    """Share of the error variance that the small-sample correction leaves on: alpha / (n - 1), at most 1."""
    return min(alpha / (n - 1.0), 1.0)


def factor_moments(
    parts: Parts,
    blocks: list[Fit],
    thetas: list[FloatArray],
    sample: SampleMoments,
    g: int,
    *,
    correct: bool = True,
    alpha: float = 0.0,
) -> FactorMoments:
    """Mean and covariance of factors and structural observed variables in group g (see the head of this module)."""
    at = {name: k for k, name in enumerate(sample.names)}
    names = [*parts.factors, *parts.observed]
    place = {name: k for k, name in enumerate(names)}
    mapping = np.zeros((len(names), len(sample.names)))
    error = np.zeros((len(names), len(names)))
    mean = np.zeros(len(names))
    for block, theta in zip(blocks, thetas, strict=True):
        part = measurement(block, g, theta)
        linear = block.model[g]
        rows = [place[name] for name in linear.latent]
        columns = [at[name] for name in linear.observed]
        ordinal = block.structure.ordinal
        matrix = mapping_matrix(part.loadings, None if sample.ordinal else part.residual)
        mapping[np.ix_(rows, columns)] = matrix / part.scale
        error[np.ix_(rows, rows)] = matrix @ part.residual @ matrix.T
        # the thresholds say where ordered responses lie: their means come with the block
        if ordinal:
            mean[rows] = part.factor_means + matrix @ (sample.shift[columns] / part.scale)
        else:
            mean[rows] = matrix @ (sample.mean[columns] - part.intercepts)
    for name in parts.observed:
        mapping[place[name], at[name]] = 1.0
        mean[place[name]] = sample.mean[at[name]]
    total = mapping @ sample.cov @ mapping.T
    error *= 1.0 - error_left_on(alpha, sample.n)
    factor, shrunk = _fuller(total, error, sample.n) if correct else (1.0, False)
    cov = total - factor * error
    return FactorMoments(names, sample.n, mean, (cov + cov.T) / 2, shrunk)


def mapping_matrix(loadings: FloatArray, residual: FloatArray | None) -> FloatArray:
    """(L'T^-1 L)^-1 L'T^-1, or (L'L)^-1 L' without ``residual`` (models with ordered variables, as lavaan 0.7:
    residual variances that follow from correlations are too unsure to weight by)."""
    if residual is None:
        return np.linalg.solve(loadings.T @ loadings, loadings.T)
    sigma = residual + loadings @ loadings.T  # any L A L' may be added to T without changing M, so T may be singular
    weighted = np.linalg.solve(sigma, loadings)
    return np.linalg.solve(loadings.T @ weighted, weighted.T)


def _fuller(total: FloatArray, error: FloatArray, n: float) -> tuple[float, bool]:
    """Multiplier of the error part: 1, or less when total - error would not be positive definite."""
    roots = np.linalg.eigvals(np.linalg.solve(total, error)).real
    smallest = 1.0 / max(roots.max(), 1e-300)
    if smallest < 1.0 + 1.0 / (n - 1.0):
        return smallest - 1.0 / (n - 1.0), True
    return 1.0, False
