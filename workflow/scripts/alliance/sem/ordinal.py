"""Sample statistics of ordered and mixed data: thresholds, correlations and their asymptotic covariance.

The observed side of the WLS family for one group, in the order and with the conventions of lavaan
0.6-14 (its muthen1984): two-step maximum likelihood, Gamma from casewise scores, covariates conditioned
on. Data of ordered variables alone are counted once; see ``polychoric`` and ``ordinal_gamma``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .bivariate import FloatArray
from .ordinal_checks import data_warnings, empty_cells
from .ordinal_gamma import case_scores, influence_matrix, score_tables, summed_products
from .ordinal_mixed import mixed_statistics
from .polychoric_pairs import (
    IntArray,
    adjust_two_by_two,
    code_categories,
    correlate,
    count_pairs,
    margin_thresholds,
    pair_indices,
)

BoolArray = NDArray[np.bool_]


class OrdinalDataError(ValueError):
    """The data cannot give ordinal sample statistics; the message names every item and group concerned."""


@dataclass
class OrdinalMoments:
    """Sample statistics of one group; covariates are conditioned on (lavaan's ``conditional.x = TRUE``).

    ``stats`` stacks thresholds (and minus the mean of a continuous variable, at the variable's place),
    slopes (covariate by covariate), variances of continuous variables and the covariances strictly below
    the diagonal, column by column; ``labels`` says what each entry is. ``gamma`` is the asymptotic
    covariance of ``sqrt(n) * stats`` (None when not asked for). The cases stay at hand for scores and
    resampling: ``codes`` (N x p, categories 0..K-1, -1 missing or continuous), ``data`` (N x p, only when
    there are continuous variables), ``exo_data``, ``weights``, ``cluster`` (0..C-1), ``rows`` (positions in the data).
    """

    names: list[str]
    ordered: BoolArray
    exo: list[str]
    n: float
    thresholds: list[FloatArray]
    means: FloatArray
    slopes: FloatArray
    cov: FloatArray
    stats: FloatArray
    labels: list[tuple]
    gamma: FloatArray | None
    mean_x: FloatArray
    cov_x: FloatArray
    warnings: list[str] = field(default_factory=list)
    codes: NDArray[np.int8] | None = None
    data: FloatArray | None = None
    exo_data: FloatArray | None = None
    weights: FloatArray | None = None
    cluster: IntArray | None = None
    rows: IntArray | None = None


def ordinal_moments(
    columns: FloatArray,
    names: Sequence[str],
    ordered: Sequence[bool] | BoolArray,
    exo: FloatArray | None = None,
    exo_names: Sequence[str] = (),
    *,
    missing: str = "listwise",
    weights: FloatArray | None = None,
    cluster: NDArray | None = None,
    levels: dict[str, FloatArray] | None = None,
    with_gamma: bool = True,
    group: str = "",
) -> OrdinalMoments:
    """Thresholds, (residual) covariances and Gamma of one group.

    ``columns`` is n x p with nan for missing, ``ordered`` says which columns are ordinal, ``exo`` is n x q.
    ``missing``: "listwise", or "pairwise" (each statistic from the cases that have it; cases without any
    answer or with a missing covariate are left out). ``weights`` are sampling weights, already scaled;
    ``n`` is then their sum. ``cluster`` (any labels) makes Gamma robust to clustering: the scores are summed
    by cluster first. ``levels`` fixes the categories of an ordered variable over all groups; a category
    nobody chose here is an error. Raises ``OrdinalDataError``.
    """
    ordered = np.asarray(ordered, dtype=bool)
    exo = np.empty((len(columns), 0)) if exo is None else np.asarray(exo, dtype=float)
    if missing not in ("listwise", "pairwise"):
        raise ValueError(f"missing = {missing!r} is not available for ordered data; use 'listwise' or 'pairwise'")
    rows = _usable_rows(columns, exo, missing)
    if rows is not None:
        columns, exo = columns[rows], exo[rows]
        weights = None if weights is None else weights[rows]
        cluster = None if cluster is None else np.asarray(cluster)[rows]
    clusters = None if cluster is None else np.unique(cluster, return_inverse=True)[1]
    codes, n_categories = _codes(columns, names, ordered, levels, group)
    n = float(len(columns)) if weights is None else float(weights.sum())
    if ordered.all() and not exo.shape[1]:
        parts = _pure(codes, n_categories, weights, clusters, with_gamma, n)
    else:
        parts = _mixed(columns, codes, n_categories, exo, weights, clusters, with_gamma)
    thresholds, means, slopes, cov, gamma, unconverged, empty = parts
    stats, labels = _stack(names, ordered, exo_names, thresholds, means, slopes, cov)
    warnings = data_warnings(
        names, cov, unconverged, empty, None if clusters is None else int(clusters.max()) + 1, group
    )
    share = np.full(len(exo), 1.0 / n) if weights is None else weights / n
    mean_x = share @ exo
    centred = exo - mean_x
    cov_x = centred.T @ (centred * share[:, None])
    return OrdinalMoments(
        list(names),
        ordered,
        list(exo_names),
        n,
        thresholds,
        means,
        slopes,
        cov,
        stats,
        labels,
        gamma,
        mean_x,
        cov_x,
        warnings,
        codes,
        None if ordered.all() else columns,
        exo,
        weights,
        clusters,
    )


def _usable_rows(columns: FloatArray, exo: FloatArray, missing: str) -> BoolArray | None:
    """Rows that take part, or None for all of them."""
    absent = np.isnan(columns)
    if not absent.any() and not np.isnan(exo).any():
        return None
    drop = absent.any(axis=1) if missing == "listwise" else absent.all(axis=1)
    return ~(drop | np.isnan(exo).any(axis=1))


def _codes(
    columns: FloatArray, names: Sequence[str], ordered: BoolArray, levels: dict[str, FloatArray] | None, group: str
) -> tuple[NDArray[np.int8], IntArray]:
    """Category numbers of the ordered columns and how many there are; every unusable item is named at once."""
    where = f" in group {group}" if group else ""
    if len(columns) < 2:
        raise OrdinalDataError(f"{len(columns)} usable cases{where}: at least 2 are needed")
    which = np.flatnonzero(ordered)
    wanted = None
    if levels is not None:
        wanted = [levels[names[j]] if names[j] in levels else np.unique(columns[:, j]) for j in which]
    coded, found = code_categories(columns[:, which], wanted)
    problems = []
    for place, j in enumerate(which):
        counts = np.bincount(coded[:, place][coded[:, place] >= 0], minlength=len(found[place]))
        if (counts > 0).sum() < 2:
            problems.append(f"{names[j]} is constant{where}: leave it out")
        elif (counts == 0).any():
            missed = ", ".join(f"{value:g}" for value in found[place][counts == 0])
            shown = " ".join(str(count) for count in counts)
            problems.append(
                f"{names[j]} has no answer in category {missed}{where} (frequencies [{shown}]): "
                "collapse categories in all groups, or leave the item out"
            )
    for j in np.flatnonzero(~ordered):
        if not np.nanvar(columns[:, j]) > 0:
            problems.append(f"{names[j]} is constant{where}: leave it out")
    if problems:
        raise OrdinalDataError("; ".join(problems))
    codes = np.full(columns.shape, -1, dtype=np.int8)
    codes[:, which] = coded
    n_categories = np.zeros(columns.shape[1], dtype=np.int64)
    n_categories[which] = [len(values) for values in found]
    return codes, n_categories


# thresholds, means, slopes, covariances, Gamma, pairs that did not converge, pairs with empty cells
Parts = tuple[
    list[FloatArray],
    FloatArray,
    FloatArray,
    FloatArray,
    FloatArray | None,
    list[tuple[int, int]],
    list[tuple[int, int]],
]


def _pure(
    codes: NDArray[np.int8],
    n_categories: IntArray,
    weights: FloatArray | None,
    clusters: IntArray | None,
    with_gamma: bool,
    n: float,
) -> Parts:
    """Only ordered variables, no covariates: everything from the pairwise tables but one product of scores."""
    p = codes.shape[1]
    tables = count_pairs(codes, n_categories, weights)
    thresholds = margin_thresholds(tables.margins, n_categories)
    both_binary = (n_categories[tables.first] == 2) & (n_categories[tables.second] == 2)
    adjusted = adjust_two_by_two(tables.tables, both_binary)
    rho, found, unconverged = correlate(adjusted, thresholds[tables.first], thresholds[tables.second])
    cov = np.eye(p)
    cov[tables.first, tables.second] = cov[tables.second, tables.first] = rho
    gamma = None
    if with_gamma:
        scores = score_tables(tables, thresholds, rho, found)
        size = int((n_categories - 1).sum()) + len(rho)
        meat = summed_products(case_scores(codes, scores, tables), size, weights, clusters)
        influence = influence_matrix(scores, tables)
        gamma = n * influence @ meat @ influence.T
    listed = [tau[: k - 1] for tau, k in zip(thresholds, n_categories, strict=True)]
    failed = [(int(tables.first[m]), int(tables.second[m])) for m in np.flatnonzero(unconverged)]
    return listed, np.full(p, np.nan), np.empty((p, 0)), cov, gamma, failed, empty_cells(tables)


def _mixed(
    columns: FloatArray,
    codes: NDArray[np.int8],
    n_categories: IntArray,
    exo: FloatArray,
    weights: FloatArray | None,
    clusters: IntArray | None,
    with_gamma: bool,
) -> Parts:
    """Continuous variables or covariates among them: the casewise route."""
    found = mixed_statistics(columns, codes, n_categories, exo, weights, clusters, with_gamma)
    deviation = np.sqrt([margin.variance for margin in found.margins])
    cov = found.correlation * np.outer(deviation, deviation)
    means = np.array([np.nan if margin.ordered else margin.location[0] for margin in found.margins])
    thresholds = [margin.location if margin.ordered else np.empty(0) for margin in found.margins]
    slopes = np.array([margin.slopes for margin in found.margins]).reshape(len(means), exo.shape[1])
    return thresholds, means, slopes, cov, found.gamma, found.unconverged, []


def _stack(
    names: Sequence[str],
    ordered: BoolArray,
    exo_names: Sequence[str],
    thresholds: list[FloatArray],
    means: FloatArray,
    slopes: FloatArray,
    cov: FloatArray,
) -> tuple[FloatArray, list[tuple]]:
    """The statistics as one vector in lavaan's order, and the meaning of each entry."""
    values: list[float] = []
    labels: list[tuple] = []
    for j, name in enumerate(names):
        if ordered[j]:
            values.extend(thresholds[j])
            labels.extend(("th", name, k + 1) for k in range(len(thresholds[j])))
        else:
            values.append(-means[j])
            labels.append(("mean", name))
    for x, covariate in enumerate(exo_names):
        values.extend(slopes[:, x])
        labels.extend(("slope", name, covariate) for name in names)
    for j in np.flatnonzero(~ordered):
        values.append(cov[j, j])
        labels.append(("var", names[j]))
    first, second = pair_indices(len(names))
    values.extend(cov[second, first])
    labels.extend(("cov", names[i], names[j]) for j, i in zip(first, second, strict=True))
    return np.array(values), labels
