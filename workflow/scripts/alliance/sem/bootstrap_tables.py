"""Thresholds, polychoric correlations and their variances of many draws at once, from pairwise tables.

The least-squares weights need only the diagonal of Gamma, and its entries are functions of the tables: a threshold's
variance of its own margin, a correlation's of its table and two margins (``ordinal_gamma`` without the pass
over the cases).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bivariate import FloatArray
from .ordinal import OrdinalMoments
from .ordinal_gamma import cross_block, pair_scores, threshold_scores
from .polychoric_pairs import (
    IntArray,
    adjust_two_by_two,
    correlate,
    margin_thresholds,
    pair_indices,
    threshold_slopes,
)

_CHUNK_CELLS = 4_000_000


@dataclass(frozen=True)
class DrawnMoments:
    """What a refit needs of a drawn sample: size, statistics and the diagonal of Gamma."""

    n: float
    stats: FloatArray
    variances: FloatArray


def drawn_ordinal_moments(moments: OrdinalMoments, counts: FloatArray) -> list[DrawnMoments | None]:
    """Moments of each row of ``counts`` (draws x cases); None where a category has no case."""
    codes, weights = moments.codes, moments.weights
    assert codes is not None
    n_categories = np.array([len(thresholds) + 1 for thresholds in moments.thresholds])
    drawn = counts if weights is None else counts * weights
    margins, tables = drawn_tables(codes, n_categories, drawn)
    real = np.arange(margins.shape[2]) < n_categories[:, None]
    usable = ~((margins == 0) & real).any(axis=(1, 2))
    out: list[DrawnMoments | None] = [None] * len(counts)
    which = np.flatnonzero(usable)
    if len(which):
        stats, variances = _statistics(margins[which], tables[which], n_categories, moments)
        sizes = drawn[which].sum(axis=1)
        for k, n, values, variance in zip(which, sizes, stats, variances * sizes[:, None], strict=True):
            out[k] = DrawnMoments(float(n), values, variance)
    return out


def drawn_tables(codes: NDArray[np.int8], n_categories: IntArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Margins (draws, p, K) and pairwise tables (draws, pairs, K, K) under each row of weights (draws x cases)."""
    n, p = codes.shape
    k, size = int(n_categories.max()), len(weights)
    first, second = pair_indices(p)
    levels = np.arange(k, dtype=np.int8)
    margins, tables = np.zeros((size, p, k)), np.zeros((size, len(first), k, k))
    step = max(1, _CHUNK_CELLS // (p * k))
    for start in range(0, n, step):
        hot = (codes[start : start + step, :, None] == levels).reshape(-1, p * k).astype(float)
        for draw, weight in enumerate(weights[:, start : start + step]):
            kept = weight > 0
            used = hot[kept]
            blocks = (used.T @ (used * weight[kept, None])).reshape(p, k, p, k)
            margins[draw] += np.diagonal(blocks[np.arange(p), :, np.arange(p), :], axis1=1, axis2=2)
            tables[draw] += blocks[first, :, second, :]
    return margins, tables


def _statistics(
    margins: FloatArray, tables: FloatArray, n_categories: IntArray, moments: OrdinalMoments
) -> tuple[FloatArray, FloatArray]:
    """Stacked statistics and their variances (draws x statistics), the latter per sum of weights."""
    draws = len(tables)
    k = margins.shape[2]
    first, second = pair_indices(margins.shape[1])
    thresholds = margin_thresholds(margins, n_categories)
    tau_1, tau_2 = (thresholds[:, at].reshape(-1, k - 1) for at in (first, second))
    flat = tables.reshape(-1, k, k)
    binary = np.tile((n_categories[first] == 2) & (n_categories[second] == 2), draws)
    start = np.tile(moments.cov[second, first], draws)
    rho, found, _ = correlate(adjust_two_by_two(flat, binary), tau_1, tau_2, start=start)
    scores = threshold_scores(margins, thresholds)
    real = np.arange(k - 1) < (n_categories - 1)[:, None]
    inner = np.einsum("dpk,dpka,dpkb->dpab", margins, scores, scores, optimize=True)
    inner[:, :, np.arange(k - 1), np.arange(k - 1)] += ~real
    bread = np.linalg.inv(inner) * (real[:, :, None] & real[:, None, :])
    pair = pair_scores(found)
    counted = flat * pair
    per_prob = counted / found.prob
    information = (counted * pair).sum(axis=(1, 2))
    # influence of a correlation: its own score less what its thresholds' scores explain
    slope_1 = _solve(cross_block(per_prob, threshold_slopes(tau_1, tau_2, rho)), bread[:, first])
    slope_2 = _solve(cross_block(per_prob.transpose(0, 2, 1), threshold_slopes(tau_2, tau_1, rho)), bread[:, second])
    by_cell = (
        pair
        - np.einsum("mka,ma->mk", scores[:, first].reshape(-1, k, k - 1), slope_1)[:, :, None]
        - np.einsum("mka,ma->mk", scores[:, second].reshape(-1, k, k - 1), slope_2)[:, None, :]
    )
    variance_rho = (flat * by_cell**2).sum(axis=(1, 2)) / np.maximum(information, 1e-300) ** 2
    variance_tau = np.diagonal(bread, axis1=2, axis2=3)
    keep = real.ravel()
    stats = np.hstack([thresholds.reshape(draws, -1)[:, keep], rho.reshape(draws, -1)])
    variances = np.hstack([variance_tau.reshape(draws, -1)[:, keep], variance_rho.reshape(draws, -1)])
    return stats, variances


def _solve(cross: FloatArray, bread: FloatArray) -> FloatArray:
    """Each pair's cross products times the inverse information of its thresholds: (draws * pairs, K-1)."""
    return np.einsum("ma,mab->mb", cross, bread.reshape(-1, *bread.shape[2:]), optimize=True)
