"""Coefficients of the sample moments alone: Cronbach's alpha and the heterotrait-monotrait ratio.

Both are smooth functions of the covariances; their standard errors are g' Gamma g / n with the gradient g and the
asymptotic covariance Gamma of the sample covariances (or polychoric correlations).
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .moment_covariance import moment_covariance
from .reliability_composite import composites
from .vech import vech_index

if TYPE_CHECKING:
    from .results import Fit

FloatArray = NDArray[np.float64]


def alphas(fit: Fit) -> dict[tuple[int, str, str], tuple[float, float, int]]:
    """(group, factor, "alpha" or "alpha_ordinal") -> estimate, standard error, number of items."""
    out = {}
    moments = [_moments(fit, g) for g in range(fit.n_groups)]
    for composite in composites(fit):
        if len(composite.items) < 2:
            continue
        cov, gamma, n, place = moments[composite.group]
        items = np.array(composite.items)
        value, slope = _alpha(cov[np.ix_(items, items)])
        gradient = np.zeros(0 if gamma is None else len(gamma))
        if gamma is not None:
            for i, j in zip(*vech_index(len(items)), strict=True):
                at = place.get(frozenset((items[i], items[j])))
                if at is not None:
                    gradient[at] += slope[i, j] * (1.0 if i == j else 2.0)
        name = "alpha_ordinal" if fit.structure.ordinal else "alpha"
        out[composite.group + 1, composite.factor, name] = (value, _error(gradient, gamma, n), len(items))
    return out


def _alpha(cov: FloatArray) -> tuple[float, FloatArray]:
    """Alpha and its derivative in every entry of the covariance matrix (entries taken as distinct)."""
    k = len(cov)
    total, trace = cov.sum(), np.trace(cov)
    slope = k / (k - 1) * (trace / total**2 - np.eye(k) / total)
    return float(k / (k - 1) * (1 - trace / total)), slope


def htmts(fit: Fit, *, geometric: bool) -> dict[tuple[int, str, str], tuple[float, float]]:
    """(group, factor, other factor) -> estimate, standard error; factors with two or more items of their own."""
    out = {}
    moments = [_moments(fit, g) for g in range(fit.n_groups)]
    scales = [c for c in composites(fit) if not c.general and len(c.items) > 1]
    for a, b in combinations(scales, 2):
        if a.group != b.group or set(a.items) & set(b.items):
            continue
        cov, gamma, n, place = moments[a.group]
        items = np.array([*a.items, *b.items])
        block = cov[np.ix_(items, items)]
        value = _ratio(block, len(a.items), geometric)
        if gamma is None:
            out[a.group + 1, a.factor, b.factor] = (value, float("nan"))
            continue
        gradient = np.zeros(len(gamma))
        for i, j in zip(*vech_index(len(items)), strict=True):
            at = place.get(frozenset((items[i], items[j])))
            if at is None:
                continue
            step = 1e-5 * np.sqrt(block[i, i] * block[j, j])
            ends = []
            for sign in (1, -1):
                moved = block.copy()
                moved[i, j] += sign * step
                moved[j, i] = moved[i, j]
                ends.append(_ratio(moved, len(a.items), geometric))
            gradient[at] = (ends[0] - ends[1]) / (2 * step)
        out[a.group + 1, a.factor, b.factor] = (value, _error(gradient, gamma, n))
    return out


def _ratio(cov: FloatArray, first: int, geometric: bool) -> float:
    sd = np.sqrt(np.diag(cov))
    r = cov / np.outer(sd, sd)
    rows, cols = np.tril_indices(len(r), -1)
    values = r[rows, cols]
    one, two, between = cols < first, rows >= first, (rows >= first) & (cols < first)
    parts = [values[one & (rows < first)], values[two & (cols >= first)], values[between]]
    if not geometric:
        within_a, within_b, across = (part.mean() for part in parts)
        return float(across / np.sqrt(within_a * within_b))
    if any((part <= 0).any() for part in parts):
        raise ValueError("HTMT2 needs positive correlations: recode reverse-keyed items or use geometric=False")
    within_a, within_b, across = (np.exp(np.log(part).mean()) for part in parts)
    return float(across / np.sqrt(within_a * within_b))


def _moments(fit: Fit, g: int) -> tuple[FloatArray, FloatArray | None, float, dict[frozenset[int], int]]:
    """Sample covariances (correlations when ordered), Gamma, n, and the place of each covariance in Gamma."""
    observed = fit.observed[g]
    if fit.structure.ordinal:
        number = {name: k for k, name in enumerate(observed.names)}
        place = {
            frozenset(number[name] for name in label[1:]): k
            for k, label in enumerate(observed.labels)
            if label[0] in ("cov", "var")
        }
        return observed.cov, observed.gamma, observed.n, place
    cov = observed.saturated[1]
    p = len(cov)
    offset = p if fit.structure.meanstructure else 0
    place = {frozenset((int(i), int(j))): offset + k for k, (i, j) in enumerate(zip(*vech_index(p), strict=True))}
    gamma = None if observed.data is None else moment_covariance(fit, g)
    return cov, gamma, observed.n, place


def _error(gradient: FloatArray, gamma: FloatArray | None, n: float) -> float:
    if gamma is None:
        return float("nan")
    return float(np.sqrt(max(gradient @ gamma @ gradient, 0.0) / n))
