"""Sample statistics when some variables are continuous or covariates are conditioned on (casewise route).

Assembles margins and pairs into lavaan's stacked statistics and their asymptotic covariance: the general
form of Muthen (1984). Pairs of ordered variables without covariates still come from their table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bivariate import FloatArray
from .ordinal_gamma import pair_scores, summed_products
from .ordinal_margins import Margin, numeric_margin, ordered_margin
from .ordinal_pairs import PairFit, pearson, polychoric_given_covariates, polyserial
from .polychoric_pairs import (
    IntArray,
    adjust_two_by_two,
    correlate,
    count_pairs,
    margin_thresholds,
    pair_indices,
    threshold_slopes,
)


@dataclass(frozen=True)
class MixedStatistics:
    """Margins, residual correlations (p x p) and, where asked for, Gamma of the stacked statistics."""

    margins: list[Margin]
    correlation: FloatArray
    gamma: FloatArray | None
    unconverged: list[tuple[int, int]]


def mixed_statistics(
    columns: FloatArray,
    codes: NDArray[np.int8],
    n_categories: IntArray,
    exo: FloatArray,
    weights: FloatArray | None,
    cluster: IntArray | None,
    with_gamma: bool,
) -> MixedStatistics:
    """``columns`` n x p (nan missing); ``codes`` n x p with -1 missing; ``n_categories`` 0 for continuous variables."""
    n, p = columns.shape
    w = np.ones(n) if weights is None else weights
    margins = [
        ordered_margin(codes[:, j].astype(np.int64), int(n_categories[j]), exo, w)
        if n_categories[j]
        else numeric_margin(columns[:, j], exo, w)
        for j in range(p)
    ]
    first, second = pair_indices(p)
    tabled = {} if exo.shape[1] else _tabled_pairs(codes, n_categories, weights, margins)
    pairs: list[PairFit] = []
    for i, j in zip(first, second, strict=True):
        one, two = margins[i], margins[j]
        if (i, j) in tabled:
            pairs.append(tabled[i, j][0])
        elif one.ordered and two.ordered:
            pairs.append(polychoric_given_covariates(one, two, w))
        elif one.ordered:
            swapped = polyserial(two, one, w)
            pairs.append(PairFit(swapped.rho, swapped.score, swapped.second, swapped.first))
        elif two.ordered:
            pairs.append(polyserial(one, two, w))
        else:
            pairs.append(pearson(one, two, w))
    correlation = np.eye(p)
    correlation[first, second] = correlation[second, first] = [pair.rho for pair in pairs]
    gamma = _gamma(margins, pairs, first, second, exo, weights, cluster) if with_gamma else None
    return MixedStatistics(margins, correlation, gamma, [key for key, (_, failed) in tabled.items() if failed])


def _tabled_pairs(
    codes: NDArray[np.int8], n_categories: IntArray, weights: FloatArray | None, margins: list[Margin]
) -> dict[tuple[int, int], tuple[PairFit, bool]]:
    """Pairs of ordered variables without covariates, as casewise fits looked up in their tables."""
    which = np.flatnonzero(n_categories)
    if len(which) < 2:
        return {}
    chosen = codes[:, which]
    tables = count_pairs(chosen, n_categories[which], weights)
    thresholds = margin_thresholds(tables.margins, tables.n_categories)
    tau_1, tau_2 = thresholds[tables.first], thresholds[tables.second]
    both_binary = (tables.n_categories[tables.first] == 2) & (tables.n_categories[tables.second] == 2)
    rho, found, unconverged = correlate(adjust_two_by_two(tables.tables, both_binary), tau_1, tau_2)
    scores = pair_scores(found)
    with np.errstate(divide="ignore"):
        inverse = np.where(scores != 0, 1.0 / found.prob, 0.0)
    slope_1 = threshold_slopes(tau_1, tau_2, rho)
    slope_2 = threshold_slopes(tau_2, tau_1, rho).transpose(0, 2, 1)
    pairs = {}
    for m, (i, j) in enumerate(zip(tables.first, tables.second, strict=True)):
        a, b = chosen[:, i], chosen[:, j]
        both = (a >= 0) & (b >= 0)

        def look_up(table: FloatArray, a: NDArray = a, b: NDArray = b, both: NDArray = both) -> FloatArray:
            return np.where(both, table[a, b], 0.0)

        none_1, none_2 = np.zeros((1, slope_1.shape[2])), np.zeros((slope_2.shape[1], 1))
        fit = PairFit(
            float(rho[m]),
            look_up(scores[m]),
            (
                look_up(np.vstack([slope_1[m], none_1]) * inverse[m]),
                look_up(-np.vstack([none_1, slope_1[m]]) * inverse[m]),
            ),
            (
                look_up(np.hstack([slope_2[m], none_2]) * inverse[m]),
                look_up(-np.hstack([none_2, slope_2[m]]) * inverse[m]),
            ),
        )
        pairs[int(which[i]), int(which[j])] = (fit, bool(unconverged[m]))
    return pairs


def _gamma(
    margins: list[Margin],
    pairs: list[PairFit],
    first: IntArray,
    second: IntArray,
    exo: FloatArray,
    weights: FloatArray | None,
    cluster: IntArray | None,
) -> FloatArray:
    """``n A^-1 (sum s s') A^-T``, turned from correlations into covariances and from means into their negatives."""
    n, q = exo.shape
    p, m = len(margins), len(pairs)
    w = np.ones(n) if weights is None else weights
    place, size = _positions(margins, q)
    scores = np.empty((n, size + m))
    inverse = np.zeros((size + m, size + m))
    for spot, margin in zip(place, margins, strict=True):
        scores[:, spot] = margin.scores
        block = margin.scores.T @ (margin.scores * w[:, None])
        inverse[np.ix_(spot, spot)] = np.linalg.inv(block)
    for k, pair in enumerate(pairs):
        scores[:, size + k] = pair.score
        information = w @ pair.score**2
        bread = 1.0 / information if information > 0 else 0.0
        inverse[size + k, size + k] = bread
        for index, derivatives in ((first[k], pair.first), (second[k], pair.second)):
            cross = _cross_row(margins[index], derivatives, w * pair.score, exo)
            spot = place[index]
            inverse[size + k, spot] = -bread * (cross @ inverse[np.ix_(spot, spot)])
    chunks = iter([(slice(0, n), scores)])
    meat = summed_products(chunks, size + m, weights, cluster)
    deviation = np.sqrt([margin.variance for margin in margins])
    transform = np.eye(size + m)
    transform[size:, size:] = np.diag(deviation[first] * deviation[second])
    for k, pair in enumerate(pairs):
        for here, other in ((first[k], second[k]), (second[k], first[k])):
            if not margins[here].ordered:
                transform[size + k, place[here][-1]] = 0.5 * pair.rho * deviation[other] / deviation[here]
    for index in range(p):
        if not margins[index].ordered:
            transform[place[index][0]] *= -1.0
    influence = transform @ inverse
    return float(w.sum()) * influence @ meat @ influence.T


def _positions(margins: list[Margin], q: int) -> tuple[list[IntArray], int]:
    """Where each margin's parameters stand in lavaan's order (thresholds, slopes by covariate, variances)."""
    p = len(margins)
    lengths = np.array([len(margin.location) for margin in margins])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    slopes = starts[-1] + np.arange(q * p).reshape(q, p)
    variance_at = starts[-1] + q * p
    place = []
    for j, margin in enumerate(margins):
        spot = [np.arange(starts[j], starts[j + 1]), slopes[:, j]]
        if not margin.ordered:
            spot.append(np.array([variance_at]))
            variance_at += 1
        place.append(np.concatenate(spot).astype(np.int64))
    return place, int(variance_at)


def _cross_row(
    margin: Margin, derivatives: tuple[FloatArray, FloatArray], weighted_score: FloatArray, exo: FloatArray
) -> FloatArray:
    """Sum over cases of a pair's score times the derivative in each parameter of one of its margins."""
    one, two = weighted_score * derivatives[0], weighted_score * derivatives[1]
    if not margin.ordered:
        return np.concatenate([[one.sum()], exo.T @ one, [two.sum()]])
    answer = np.where(margin.present, margin.codes, 0)
    size = len(margin.location) + 1
    by_threshold = np.bincount(answer, one, size)[:-1] + np.bincount(answer, two, size)[1:]
    return np.concatenate([by_threshold, -(exo.T @ (one + two))])
