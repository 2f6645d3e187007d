"""Asymptotic covariance of thresholds and polychoric correlations (Muthen 1984; lavaan's muthen1984).

The statistics solve two stages of estimating equations: thresholds from the margins, then each
correlation given its two sets of thresholds. With casewise scores ``s = (s_1, s_2)`` and
``A = [[A11, 0], [A21, A22]]`` (sums of score products), the covariance of the stacked statistics is
``A^-1 (sum s s') A^-T``. Everything but ``sum s s'`` comes from the pairwise tables; the scores of a
case are looked up in tables by its categories, so that one more pass over the rows is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bivariate import FloatArray, normal_density
from .polychoric_pairs import CELL_FLOOR, Cells, IntArray, PairTables, threshold_slopes

_CHUNK = 4096


@dataclass(frozen=True)
class ScoreTables:
    """Scores as functions of the categories and the matrices that turn them into influences.

    ``threshold``: (p, K+1, K-1) score of each threshold by category; the last row is a missing answer (0).
    ``pair``: (pairs, (K+1)^2) score of each correlation by the two categories, missing ones 0.
    ``bread_thresholds``: (p, K-1, K-1) inverse blocks of A11; ``bread_pairs``: (pairs) 1 / A22;
    ``cross_first`` / ``cross_second``: (pairs, K-1) the blocks of A21. Padding is 0 throughout.
    """

    threshold: FloatArray
    pair: FloatArray
    bread_thresholds: FloatArray
    bread_pairs: FloatArray
    cross_first: FloatArray
    cross_second: FloatArray


def score_tables(tables: PairTables, thresholds: FloatArray, rho: FloatArray, found: Cells) -> ScoreTables:
    """Scores and sums of their products from the pairwise tables; ``thresholds`` is (p, K-1) padded."""
    p, k = tables.margins.shape
    by_category = threshold_scores(tables.margins, thresholds)
    threshold = np.zeros((p, k + 1, k - 1))
    threshold[:, :k] = by_category
    inner = np.einsum("pk,pka,pkb->pab", tables.margins, by_category, by_category)
    real = np.arange(k - 1) < (tables.n_categories - 1)[:, None]
    inner[:, np.arange(k - 1), np.arange(k - 1)] += ~real  # padding inverts to itself ...
    bread = np.linalg.inv(inner) * (real[:, :, None] & real[:, None, :])  # ... and is removed
    score = pair_scores(found)
    counted = tables.tables * score
    pair = np.zeros((len(rho), k + 1, k + 1))
    pair[:, :k, :k] = score
    per_prob = counted / found.prob
    first, second = thresholds[tables.first], thresholds[tables.second]
    information = (counted * score).sum(axis=(1, 2))
    return ScoreTables(
        threshold,
        pair.reshape(len(rho), -1),
        bread,
        1.0 / np.where(information > 0, information, np.inf),
        cross_block(per_prob, threshold_slopes(first, second, rho)),
        cross_block(per_prob.transpose(0, 2, 1), threshold_slopes(second, first, rho)),
    )


def threshold_scores(margins: FloatArray, thresholds: FloatArray) -> FloatArray:
    """Score of each threshold for a case in each category: (..., p, K, K-1)."""
    share = margins / margins.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        density = normal_density(thresholds)
        below = density / share[..., :-1]
        above = density / share[..., 1:]
    k = margins.shape[-1]
    scores = np.zeros((*margins.shape, k - 1))
    steps = np.arange(k - 1)
    scores[..., steps, steps] = np.nan_to_num(below, posinf=0.0)
    scores[..., steps + 1, steps] = -np.nan_to_num(above, posinf=0.0)
    return scores


def pair_scores(found: Cells) -> FloatArray:
    """Score of each correlation by cell; cells at the floor of the probability carry none, as in lavaan."""
    return np.where(found.prob > CELL_FLOOR, found.slope / found.prob, 0.0)


def cross_block(per_prob: FloatArray, slopes: FloatArray) -> FloatArray:
    """Sum over cases of (score of the correlation) x (score of each threshold): (..., K-1).

    ``per_prob`` is count x score / probability, (..., K, K) with the threshold's variable first.
    """
    return (per_prob[..., :-1, :] * slopes - per_prob[..., 1:, :] * slopes).sum(axis=-1)


def influence_matrix(scores: ScoreTables, tables: PairTables) -> FloatArray:
    """``A^-1`` over all real thresholds (variable by variable) followed by the pairs."""
    p, _, inner = scores.threshold.shape
    m = len(scores.bread_pairs)
    full = np.zeros((p * inner + m, p * inner + m))
    blocks = full[: p * inner, : p * inner].reshape(p, inner, p, inner)
    blocks[np.arange(p), :, np.arange(p), :] = scores.bread_thresholds
    rows = p * inner + np.arange(m)
    full[rows, rows] = scores.bread_pairs
    low = full[p * inner :, : p * inner].reshape(m, p, inner)
    for cross, column in ((scores.cross_first, tables.first), (scores.cross_second, tables.second)):
        block = np.einsum("mb,mba->ma", cross, scores.bread_thresholds[column])
        low[np.arange(m), column] = -scores.bread_pairs[:, None] * block
    keep = np.concatenate([real_thresholds(tables.n_categories), np.ones(m, dtype=bool)])
    return full[np.ix_(keep, keep)]


def real_thresholds(n_categories: IntArray) -> NDArray[np.bool_]:
    """Mask of the entries of a flattened (p, K-1) array of padded thresholds that exist."""
    return (np.arange(n_categories.max() - 1) < (n_categories - 1)[:, None]).ravel()


def case_scores(codes: NDArray[np.int8], scores: ScoreTables, tables: PairTables) -> Iterator[tuple[slice, FloatArray]]:
    """Casewise scores (thresholds, then pairs), a slice of rows at a time."""
    n, p = codes.shape
    k = scores.threshold.shape[1] - 1
    keep = real_thresholds(tables.n_categories)
    m = len(tables.first)
    flat_thresholds = scores.threshold.reshape(p * (k + 1), -1)
    flat_pairs = scores.pair.ravel()
    offsets = np.arange(m) * (k + 1) ** 2
    for start in range(0, n, _CHUNK):
        part = slice(start, min(start + _CHUNK, n))
        place = codes[part].astype(np.intp)
        place[place < 0] = k
        out = np.empty((len(place), int(keep.sum()) + m))
        by_variable = flat_thresholds[place + np.arange(p) * (k + 1)].reshape(len(place), -1)
        out[:, : -m or None] = by_variable[:, keep] if not keep.all() else by_variable
        if m:
            cell = place[:, tables.first]
            cell *= k + 1
            cell += place[:, tables.second]
            cell += offsets
            np.take(flat_pairs, cell, out=out[:, -m:])
        yield part, out


def summed_products(
    chunks: Iterator[tuple[slice, FloatArray]],
    size: int,
    weights: FloatArray | None = None,
    cluster: IntArray | None = None,
) -> FloatArray:
    """``sum s s'`` over cases, or over clusters of summed scores.

    ``cluster`` holds numbers 0..C-1; with it the sum is inflated by C / (C - 1), as lavaan does for
    clustered maximum likelihood.
    """
    if cluster is None:
        total = np.zeros((size, size))
        for part, scores in chunks:
            if weights is not None:
                scores *= weights[part, None]
            total += scores.T @ scores
        return total
    count = int(cluster.max()) + 1
    if count < 2:
        raise ValueError("fewer than two clusters: errors cannot allow for them")
    sums = np.zeros((count, size))
    for part, scores in chunks:
        if weights is not None:
            scores *= weights[part, None]
        order = np.argsort(cluster[part], kind="stable")
        members = cluster[part][order]
        edges = np.flatnonzero(np.r_[True, members[1:] != members[:-1]])
        sums[members[edges]] += np.add.reduceat(scores[order], edges, axis=0)
    return sums.T @ sums * (count / (count - 1))
