"""Indices of careless responding, as R's ``careless`` 1.2 defines them, for many rows at once.

All functions take answers as a matrix (rows x items, NaN = not answered) **in the order and coding in which they were
asked**: a run of equal answers is only seen before reverse items are turned round (see ``careless_flags.py``).
Sources: Johnson (2005) J. Res. Pers. 39, 103 (long string, even-odd); Meade & Craig (2012) Psychol. Methods 17, 437
(Mahalanobis distance, psychometric synonyms); Dunn et al. (2018) J. Bus. Psychol. 33, 105 (IRV); Huang et al. (2012)
J. Bus. Psychol. 27, 99 (two seconds per item).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

BLOCK = 16_384  # rows handled at a time: temporaries stay in the processor's cache


def longstring(answers: np.ndarray, *, missing: str = "break") -> tuple[np.ndarray, np.ndarray]:
    """Longest and average run of equal consecutive answers, both (rows,).

    ``missing="break"`` (as R's ``rle``): an unanswered item ends the run and is itself a run of one.
    ``missing="skip"``: unanswered items are passed over, so a gap does not hide a straight-liner; a row without any
    answer then has longest 0 and average NaN.
    """
    if missing not in ("break", "skip"):
        raise ValueError(f'missing="{missing}" is not known: use "break" or "skip"')
    x = _matrix(answers)
    longest, average = np.empty(len(x), dtype=np.int64), np.empty(len(x))
    for rows, block in _blocks(x):
        columns = np.ascontiguousarray(block.T)
        if missing == "break":
            longest[rows], runs = _runs(columns)
            average[rows] = x.shape[1] / runs
        else:
            longest[rows], runs = _runs_without_gaps(columns)
            answered = (~np.isnan(columns)).sum(axis=0)
            average[rows] = np.divide(answered, runs, out=np.full(len(runs), np.nan), where=runs > 0)
    return longest, average


def _runs(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longest run and number of runs of each row; NaN equals nothing, not even NaN. ``columns`` is items x rows."""
    run = np.ones(columns.shape[1], dtype=np.int64)
    longest, runs = run.copy(), run.copy()
    for before, now in pairwise(columns):
        same = before == now
        run = run * same + 1
        np.maximum(longest, run, out=longest)
        runs += ~same
    return longest, runs


def _runs_without_gaps(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`_runs`, with unanswered items passed over."""
    last = np.full(columns.shape[1], np.nan)
    run = np.zeros(columns.shape[1], dtype=np.int64)
    longest, runs = run.copy(), run.copy()
    for now in columns:
        answered = ~np.isnan(now)
        same = now == last
        run = np.where(answered, run * same + 1, run)
        np.maximum(longest, run, out=longest)
        runs += answered & ~same
        last = np.where(answered, now, last)
    return longest, runs


def irv(answers: np.ndarray, *, splits: int = 1) -> np.ndarray:
    """Intra-individual response variability: each row's sample SD (n - 1) over its answered items.

    ``splits`` = 1 gives (rows,); more gives (rows, splits), one column for each part of the questionnaire, cut as R's
    ``cut(seq_along(x), splits)`` does. NaN where fewer than two items are answered.
    """
    x = _matrix(answers)
    if splits == 1:
        return _row_sd(x)
    p = x.shape[1]
    edges = np.linspace(1, p, splits + 1)
    part = np.searchsorted(edges[1:-1], np.arange(1, p + 1), side="left")
    return np.column_stack([_row_sd(x[:, part == k]) for k in range(splits)])


def _row_sd(x: np.ndarray) -> np.ndarray:
    out = np.full(len(x), np.nan)
    for rows, block in _blocks(x):
        answered = ~np.isnan(block)
        n = answered.sum(axis=1)
        filled = np.where(answered, block, 0.0)
        mean = filled.sum(axis=1) / np.maximum(n, 1)
        centred = np.where(answered, block - mean[:, None], 0.0)
        squares = np.einsum("ij,ij->i", centred, centred)
        out[rows] = np.where(n > 1, np.sqrt(squares / np.maximum(n - 1, 1)), np.nan)
    return out


def mahalanobis_d2(answers: np.ndarray) -> np.ndarray:
    """Squared Mahalanobis distance of each row from the item means (rows,), NaN for rows without any answer.

    As ``careless::mahad`` (``psych::outlier``): covariances of pairwise complete answers, and an unanswered item adds
    nothing (it counts as answered at the item's mean). Under normality D2 is chi-square with as many degrees of
    freedom as items. Raises ValueError when the covariance matrix is not positive definite.
    """
    x = _matrix(answers)
    some = ~np.isnan(x).all(axis=1)
    mean, covariance = _pairwise_moments(x)
    singular = np.flatnonzero(~(np.diag(covariance) > 0))
    if len(singular):
        raise ValueError(f"items {(singular + 1).tolist()} do not vary: leave them out of the Mahalanobis distance")
    roots = np.linalg.eigvalsh(covariance) if not np.isnan(covariance).any() else np.zeros(1)
    if not roots[0] > 1e-12 * roots[-1]:  # a negative root would give negative squared distances
        raise ValueError(
            "the items' pairwise covariances are not positive definite: too few reports, or an item repeats others"
        )
    inverse = np.linalg.inv(covariance)
    out = np.full(len(x), np.nan)
    for rows, block in _blocks(x):
        z = _filled(block - mean)
        out[rows] = np.einsum("ij,ij->i", z @ inverse, z)
    out[~some] = np.nan
    return out


def mahalanobis_cutoff(items: int, confidence: float = 0.99) -> float:
    """D2 above which a row is called an outlier: the chi-square quantile with ``items`` degrees of freedom."""
    from scipy.stats import chi2

    return float(chi2.ppf(confidence, items))


def _pairwise_moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Item means, and covariances each from the rows that answered both items (R's ``use = "pairwise"``)."""
    answered = ~np.isnan(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(answered, x, 0.0).sum(axis=0) / answered.sum(axis=0)
    p = x.shape[1]
    products, sums, pairs = np.zeros((p, p)), np.zeros((p, p)), np.zeros((p, p))
    for _, block in _blocks(x):
        seen = (~np.isnan(block)).astype(float)
        z = _filled(block - mean)
        products += z.T @ z
        sums += z.T @ seen
        pairs += seen.T @ seen
    with np.errstate(invalid="ignore", divide="ignore"):
        return mean, (products - sums * sums.T / pairs) / (pairs - 1)


def item_pairs(answers: np.ndarray, critical: float = 0.60, *, antonyms: bool = False) -> np.ndarray:
    """Pairs (i, j), i > j, of items correlated above ``critical`` (antonyms: below its negative); (pairs, 2)."""
    _, covariance = _pairwise_moments(_matrix(answers))
    sd = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        r = covariance / np.outer(sd, sd)
    wanted = r < -abs(critical) if antonyms else r > abs(critical)
    return np.argwhere(np.tril(wanted, k=-1))


def psychometric_synonyms(answers: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row's correlation over the pairs of :func:`item_pairs` that it answered, and their number, both (rows,).

    As ``careless::psychsyn(resample_na = FALSE)``: NaN with fewer than three pairs or without variation. Low values
    (antonyms: high) speak of carelessness.
    """
    x = _matrix(answers)
    p = x.shape[1]
    link = np.zeros((p, p))
    link[pairs[:, 0], pairs[:, 1]] = 1.0
    score, number = np.full(len(x), np.nan), np.zeros(len(x), dtype=np.int64)
    for rows, block in _blocks(x):
        seen = (~np.isnan(block)).astype(float)
        z = _filled(block)
        second, linked = z @ link, seen @ link  # sums over the first item of all pairs of each second item
        n = (linked * seen).sum(axis=1)
        sums = {
            "a": (second * seen).sum(axis=1),
            "b": (linked * z).sum(axis=1),
            "aa": (((z * z) @ link) * seen).sum(axis=1),
            "bb": (linked * z * z).sum(axis=1),
            "ab": (second * z).sum(axis=1),
        }
        number[rows] = n.astype(np.int64)
        score[rows] = np.where(n > 2, _correlation(n, **sums), np.nan)
    return score, number


def even_odd(answers: np.ndarray, dimensions: Sequence[Sequence[int]]) -> np.ndarray:
    """Even-odd inconsistency (rows,): minus the Spearman-Brown corrected correlation, over the dimensions, of the
    means of the even and the odd items. High values (at most 1) speak of carelessness.

    ``dimensions``: the item positions of each dimension in the order asked; at least two, three to be informative.
    As ``careless::evenodd`` since 1.2.1; NaN where a half does not vary over the dimensions.
    """
    if len(dimensions) < 2:
        raise ValueError("even-odd consistency needs at least two dimensions")
    if any(len(d) < 2 for d in dimensions):
        raise ValueError("even-odd consistency needs at least two items in each dimension")
    x = _matrix(answers)
    even = np.column_stack([_row_mean(x[:, list(d)[1::2]]) for d in dimensions])
    odd = np.column_stack([_row_mean(x[:, list(d)[0::2]]) for d in dimensions])
    both = ~np.isnan(even) & ~np.isnan(odd)
    a, b, n = np.where(both, even, 0.0), np.where(both, odd, 0.0), both.sum(axis=1).astype(float)
    r = _correlation(n, a.sum(axis=1), b.sum(axis=1), (a * a).sum(axis=1), (b * b).sum(axis=1), (a * b).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        corrected = np.where(r <= -1, -1.0, np.maximum(2 * r / (1 + r), -1.0))
    return -np.where(np.isnan(r), np.nan, corrected)


def seconds_per_item(seconds: np.ndarray, items: int | np.ndarray) -> np.ndarray:
    """Response time divided by the number of items shown (rows,); Huang et al. call less than 2 s too fast."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(seconds, dtype=float) / np.asarray(items, dtype=float)


def _row_mean(x: np.ndarray) -> np.ndarray:
    answered = ~np.isnan(x)
    n = answered.sum(axis=1)
    return np.where(n > 0, np.where(answered, x, 0.0).sum(axis=1) / np.maximum(n, 1), np.nan)


def _correlation(n, a, b, aa, bb, ab) -> np.ndarray:
    """Pearson correlation from sums; NaN where a side does not vary (up to rounding)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        va, vb, cov = aa - a * a / n, bb - b * b / n, ab - a * b / n
        flat = (va <= 1e-12 * aa) | (vb <= 1e-12 * bb)
        return np.where(flat | (n < 2), np.nan, np.clip(cov / np.sqrt(va * vb), -1.0, 1.0))


def _filled(block: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(block), 0.0, block)


def _matrix(answers: np.ndarray) -> np.ndarray:
    x = np.asarray(answers, dtype=float)
    if x.ndim != 2 or x.shape[1] < 2:
        raise ValueError(f"answers must be rows x items with at least two items, not of shape {x.shape}")
    return x


def _blocks(x: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    for start in range(0, len(x), BLOCK):
        yield slice(start, start + BLOCK), x[start : start + BLOCK]
