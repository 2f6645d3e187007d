"""Scaled tests: Satorra & Bentler (1994), scaled and shifted (Asparouhov & Muthen 2010), Yuan & Bentler (2000).

All rest on U = W - W Delta E^-1 Delta' W and Gamma, the covariance of the sample moments: under the model the
unscaled statistic is distributed as a sum of chi-squares weighted by the eigenvalues of U Gamma.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .structure import NormalStructure, OrdinalStructure
from .vech import block_diagonal


class ScaledTest(NamedTuple):
    """statistic = unscaled / factor + shift; ``trace`` is tr(U Gamma); h1 and h0 are the parts of Yuan & Bentler."""

    factor: float
    shift: float
    trace: float
    factor_h1: float = float("nan")
    factor_h0: float = float("nan")


def u_gamma(structure: NormalStructure | OrdinalStructure, theta: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """U Gamma over all groups (stacked moments squared)."""
    shares, deltas = structure.share, structure.delta(theta)
    weighted, plain, gammas = [], [], []
    for share, delta, weight, gamma in zip(shares, deltas, structure.weights(theta), structure.gamma(), strict=True):
        diagonal = weight.ndim == 1
        weighted.append(share * (delta * weight[:, None] if diagonal else weight @ delta))
        # (share W) (Gamma / share): the shares cancel
        plain.append(gamma * weight[:, None] if diagonal else weight @ gamma)
        gammas.append(gamma / share)
    w_delta = np.vstack(weighted)
    delta_w_gamma = np.hstack([w.T @ g for w, g in zip(weighted, gammas, strict=True)])
    return block_diagonal(plain) - w_delta @ (inverse @ delta_w_gamma)


def satorra_bentler(structure, theta: np.ndarray, inverse: np.ndarray, df: int) -> ScaledTest:
    """Mean-adjusted: the statistic is divided by tr(U Gamma) / df."""
    trace = 0.0
    parts = zip(structure.share, structure.delta(theta), structure.weights(theta), structure.gamma(), strict=True)
    for share, delta, weight, gamma in parts:
        diagonal = weight.ndim == 1
        weighted = delta * weight[:, None] if diagonal else weight @ delta
        whole = weight @ np.diag(gamma) if diagonal else np.sum(weight * gamma)
        trace += float(whole - share * np.sum(inverse * (weighted.T @ gamma @ weighted)))
    return ScaledTest(trace / df, 0.0, trace)


def scaled_shifted(structure, theta: np.ndarray, inverse: np.ndarray, df: int) -> ScaledTest:
    """Mean- and variance-adjusted with the model's own degrees of freedom: T a + b, a = sqrt(df / tr((U Gamma)^2))."""
    product = u_gamma(structure, theta, inverse)
    trace, square = float(np.trace(product)), float(np.sum(product * product.T))
    a = np.sqrt(df / square)
    return ScaledTest(float(1 / a), float(df - a * trace), trace)


def yuan_bentler(
    structure: NormalStructure, inverse: np.ndarray, meat: list[np.ndarray], df: int, h1: tuple[float, int]
) -> ScaledTest:
    """Yuan & Bentler's T2 as Mplus computes it: the trace is that of the saturated model minus that of the model.

    ``meat``: outer products of the casewise scores on theta, per case of each group; ``h1``: see ``saturated_trace``.
    """
    trace_h0 = sum(float(share * np.sum(block * inverse)) for share, block in zip(structure.share, meat, strict=True))
    trace = h1[0] - trace_h0
    rank = structure.n_par
    return ScaledTest(trace / df, 0.0, trace, h1[0] / h1[1], trace_h0 / rank if rank else float("nan"))


def saturated_trace(structure: NormalStructure) -> tuple[float, int]:
    """Sum over groups of tr(B A^-1) for the unrestricted model, and its number of parameters.

    A is the observed information, B the outer product of the casewise scores, both at the unrestricted estimates.
    """
    total, size = 0.0, 0
    for g, observed in enumerate(structure.moments):
        free = structure.free_moments(g)
        key = ("trace", structure.meanstructure)
        if key not in observed.cache:
            if _is_plain(observed):
                observed.cache[key] = _plain_trace(structure, g)
            else:
                at = np.ix_(free, free)
                a, b = h1_information(structure, g), h1_first_order(structure, g)
                observed.cache[key] = float(np.trace(np.linalg.solve(a[at], b[at])))
        total += observed.cache[key]
        size += int(free.sum())
    return total, size


def h1_information(structure: NormalStructure, g: int) -> np.ndarray:
    """Observed information of the unrestricted model at its estimates, per case of group ``g``."""
    observed = structure.moments[g]
    key = ("information", structure.meanstructure)
    if key not in observed.cache:
        observed.cache[key] = structure.h1_information(g, *observed.saturated, "observed")
    return observed.cache[key]


def h1_first_order(structure: NormalStructure, g: int) -> np.ndarray:
    """Outer products of the scores at the unrestricted estimates, per case of group ``g``."""
    observed = structure.moments[g]
    key = ("first order", structure.meanstructure)
    if key not in observed.cache:
        if not observed.missing and observed.x.size and observed.weights is None:
            # fixed covariates: what they explain does not count as sampling variation
            information = h1_information(structure, g)
            observed.cache[key] = information @ structure.gamma()[g] @ information
        else:
            scores = structure.moment_scores(g, *observed.saturated)
            observed.cache[key] = scores.T @ scores / observed.n
    return observed.cache[key]


def _is_plain(observed) -> bool:
    return not observed.missing and observed.weights is None and observed.cluster is None and not observed.x.size


def _plain_trace(structure: NormalStructure, g: int) -> float:
    """Complete independent cases: the trace is a function of Mardia's kurtosis alone."""
    observed = structure.moments[g]
    if observed.data is None:
        raise ValueError("robust standard errors and tests need the data, not only a covariance matrix")
    centred = observed.data - observed.mean
    squared = np.einsum("ij,ij->i", centred @ np.linalg.inv(observed.cov), centred)
    p = len(observed.mean)
    return float((np.mean(squared**2) - p) / 2 + (p if structure.meanstructure else 0))
