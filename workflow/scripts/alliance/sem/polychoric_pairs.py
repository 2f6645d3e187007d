"""Polychoric correlations from pairwise tables, all pairs at once (Olsson 1979, two-step).

The data are read once: a matrix product of one-hot columns counts every pairwise table. Thresholds
come from the margins, then each correlation maximises the likelihood of its table by a safeguarded
Newton iteration that runs over all pairs together; neither depends on the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .bivariate import binormal_cdf, binormal_density, log_density_slope, normal_density

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# lavaan's floor under cell probabilities and its bounds on correlations (0.6-14).
CELL_FLOOR = float(np.sqrt(np.finfo(float).eps))
RHO_LIMIT = 0.999
# Stands for plus infinity in padded thresholds: every normal density there is exactly 0.
_FAR = 40.0
_CHUNK = 16384
_TOLERANCE = 1e-6  # of the Newton step; the error after it is of its square


@dataclass(frozen=True)
class PairTables:
    """Counts of all pairs of ordered variables; categories are padded to the largest number ``K``.

    ``margins`` is (p, K) over the available cases of each variable; ``tables`` is (pairs, K, K) over
    the cases where both are present, first index = category of ``first``, in lavaan's order of pairs
    (column by column below the diagonal: ``first < second``).
    """

    margins: FloatArray
    tables: FloatArray
    first: IntArray
    second: IntArray
    n_categories: IntArray


@dataclass(frozen=True)
class Cells:
    """Cell probabilities of each table and their first derivatives in the correlation: (pairs, K, K)."""

    prob: FloatArray
    slope: FloatArray


def pair_indices(p: int) -> tuple[IntArray, IntArray]:
    """Columns ``first < second`` of all pairs in lavaan's vech order (strictly lower, column by column)."""
    second, first = np.tril_indices(p, -1)
    order = np.lexsort((second, first))
    return first[order], second[order]


def count_pairs(codes: NDArray[np.int8], n_categories: IntArray, weights: FloatArray | None = None) -> PairTables:
    """Count every pairwise table in one pass over the rows.

    ``codes`` is n x p with categories 0..K-1 and -1 for missing; ``weights`` (n) makes weighted counts.
    """
    n, p = codes.shape
    k = int(n_categories.max())
    levels = np.arange(k, dtype=np.int8)
    counts = np.zeros((p * k, p * k))
    for start in range(0, n, _CHUNK):
        hot = (codes[start : start + _CHUNK, :, None] == levels).reshape(-1, p * k)
        if weights is None:
            # float32 holds the counts of one chunk exactly and is twice as fast
            single = hot.astype(np.float32)
            counts += single.T @ single
        else:
            counts += (hot * weights[start : start + _CHUNK, None]).T @ hot.astype(np.float64)
    blocks = counts.reshape(p, k, p, k)
    first, second = pair_indices(p)
    margins = np.diagonal(blocks[np.arange(p), :, np.arange(p), :], axis1=1, axis2=2).copy()
    return PairTables(margins, blocks[first, :, second, :].copy(), first, second, n_categories)


def margin_thresholds(margins: FloatArray, n_categories: IntArray) -> FloatArray:
    """Thresholds (..., p, K-1) from category counts (..., p, K); entries past the last one are padding."""
    total = margins.sum(axis=-1, keepdims=True)
    upper = special.ndtri(np.minimum(np.cumsum(margins, axis=-1)[..., :-1] / total, 1.0))
    inside = np.arange(upper.shape[-1]) < (n_categories - 1)[:, None]
    return np.where(inside, upper, _FAR)


def cells(lower_first: FloatArray, lower_second: FloatArray, rho: FloatArray) -> tuple[Cells, FloatArray]:
    """Cell probabilities, slopes and second derivatives in ``rho`` for thresholds (m, K-1) of both variables."""
    m, inner = lower_first.shape
    h, k, r = lower_first[:, :, None], lower_second[:, None, :], rho[:, None, None]
    grid = np.zeros((3, m, inner + 2, inner + 2))
    grid[0, :, 1:-1, 1:-1] = binormal_cdf(h, k, r)
    grid[0, :, 1:-1, -1] = special.ndtr(lower_first)
    grid[0, :, -1, 1:-1] = special.ndtr(lower_second)
    grid[0, :, -1, -1] = 1.0
    density = binormal_density(h, k, r)
    grid[1, :, 1:-1, 1:-1] = density
    grid[2, :, 1:-1, 1:-1] = density * log_density_slope(h, k, r)
    prob, slope, curve = np.diff(np.diff(grid, axis=2), axis=3)
    return Cells(np.maximum(prob, CELL_FLOOR), slope), curve


def adjust_two_by_two(tables: FloatArray, binary: NDArray[np.bool_]) -> FloatArray:
    """Move half a count into the one empty cell of a 2 x 2 table, keeping the margins (lavaan's zero.add = .5)."""
    corner = tables[:, :2, :2]
    one_empty = binary & ((corner == 0).sum(axis=(1, 2)) == 1)
    if not one_empty.any():
        return tables
    adjusted = tables.copy()
    on_diagonal = (corner[:, 0, 0] == 0) | (corner[:, 1, 1] == 0)
    shift = np.where(one_empty, np.where(on_diagonal, 0.5, -0.5), 0.0)
    adjusted[:, :2, :2] += shift[:, None, None] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return adjusted


def correlate(
    tables: FloatArray, first: FloatArray, second: FloatArray, start: FloatArray | None = None
) -> tuple[FloatArray, Cells, NDArray[np.bool_]]:
    """Maximum-likelihood correlation of each table given thresholds (m, K-1) of its two variables.

    Returns the correlations (m), the cells at the solution, and a mask of tables whose iteration did
    not converge. The gradient's sign keeps a bracket; a Newton step that leaves it is replaced by bisection.
    """
    m, k = len(tables), tables.shape[1]
    rho = np.clip(_moment_start(tables, first, second) if start is None else start, -0.95, 0.95)
    low, high = np.full(m, -RHO_LIMIT), np.full(m, RHO_LIMIT)
    prob, slope = np.empty((m, k, k)), np.empty((m, k, k))
    active = np.arange(m)
    for _ in range(60):
        whole = len(active) == m  # spares the copies while every table is still moving
        at = rho[active]
        here, curve = cells(first if whole else first[active], second if whole else second[active], at)
        counts, ratio = tables if whole else tables[active], here.slope / here.prob
        gradient = (counts * ratio).sum(axis=(1, 2))
        hessian = (counts * (curve / here.prob - ratio * ratio)).sum(axis=(1, 2))
        low[active] = np.where(gradient > 0, at, low[active])
        high[active] = np.where(gradient < 0, at, high[active])
        step = np.where(hessian < 0, -gradient / np.where(hessian < 0, hessian, -1.0), np.sign(gradient))
        done = (np.abs(step) < _TOLERANCE) & (np.abs(at + step) <= RHO_LIMIT)
        # at the limit of lavaan's range with the likelihood still rising outwards: the boundary is the answer
        done |= (np.abs(at) == RHO_LIMIT) & (gradient * at > 0)
        target = np.where(done & (np.abs(at) == RHO_LIMIT), at, np.clip(at + step, -RHO_LIMIT, RHO_LIMIT))
        inside = done | ((target > low[active]) & (target < high[active])) | (np.abs(target) == RHO_LIMIT)
        target = np.where(inside, target, 0.5 * (low[active] + high[active]))
        done |= np.abs(target - at) < 1e-10
        # the last step is so short that a Taylor series carries the cells along
        last = np.where(done, target - at, 0.0)[:, None, None]
        prob[active] = np.maximum(here.prob + last * (here.slope + 0.5 * last * curve), CELL_FLOOR)
        slope[active] = here.slope + last * curve
        rho[active] = target
        active = active[~done]
        if not len(active):
            break
    unconverged = np.zeros(m, dtype=bool)
    unconverged[active] = True
    return rho, Cells(prob, slope), unconverged


def _moment_start(tables: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """Start of the iteration: covariance of the category numbers over what unit correlation gives to first order.

    The covariance of a category number with its own latent response is the sum of the densities at the thresholds.
    """
    k = tables.shape[1]
    score = np.arange(k, dtype=float)
    total = tables.sum(axis=(1, 2))
    mean_1, mean_2 = (tables.sum(axis=2) @ score) / total, (tables.sum(axis=1) @ score) / total
    cross = (tables @ score) @ score / total - mean_1 * mean_2
    return cross / (normal_density(first).sum(axis=1) * normal_density(second).sum(axis=1))


def threshold_slopes(thresholds: FloatArray, other: FloatArray, rho: FloatArray) -> FloatArray:
    """``dPhi2/dtau`` between neighbouring thresholds of the other variable: (m, K-1, K).

    Entry (a, b) is ``phi(tau_a) P(other in category b | variable = tau_a)``: what the cell below
    threshold ``a`` gains and the cell above it loses when ``tau_a`` moves up.
    """
    m, inner = thresholds.shape
    conditional = np.zeros((m, inner, inner + 2))
    root = np.sqrt(1.0 - rho * rho)[:, None, None]
    shifted = (other[:, None, :] - rho[:, None, None] * thresholds[:, :, None]) / root
    conditional[:, :, 1:-1] = special.ndtr(shifted)
    conditional[:, :, -1] = 1.0
    return normal_density(thresholds)[:, :, None] * np.diff(conditional, axis=2)


def code_categories(
    columns: FloatArray, levels: list[FloatArray] | None = None
) -> tuple[NDArray[np.int8], list[FloatArray]]:
    """Category numbers 0..K-1 (-1 missing) of each column (n x p) and the values they stand for.

    ``levels`` fixes the categories of each column (all groups share them); without it they are the
    distinct values present. At most 100 categories per variable.
    """
    n, p = columns.shape
    codes = np.empty((n, p), dtype=np.int8)
    found: list[FloatArray] = []
    for j in range(p):
        column = columns[:, j]
        known = distinct(column) if levels is None else np.asarray(levels[j], dtype=float)
        if len(known) > 100:
            raise ValueError(f"column {j + 1} of the ordered variables has {len(known)} distinct values; at most 100")
        if len(known) and np.array_equal(known, known[0] + np.arange(len(known))):
            shifted = column - known[0]
            bad = np.isnan(shifted) | (shifted < 0) | (shifted >= len(known)) | (shifted != np.floor(shifted))
            codes[:, j] = np.where(bad, -1, shifted).astype(np.int8)
        else:
            place = np.minimum(np.searchsorted(known, column), max(len(known) - 1, 0))
            codes[:, j] = np.where(known[place] == column, place, -1)
        found.append(known)
    return codes, found


def distinct(column: FloatArray) -> FloatArray:
    """The sorted distinct values of a column, missing ones left out; quick where they are small whole numbers."""
    present = column[~np.isnan(column)]
    if len(present) and present.min() >= 0 and present.max() < 256:
        whole = present.astype(np.int64)
        if np.array_equal(whole, present):
            return np.flatnonzero(np.bincount(whole)).astype(float)
    return np.unique(present)


def polychoric(
    data: pd.DataFrame, ordered: list[str] | tuple[str, ...] | None = None, *, missing: str = "listwise"
) -> pd.DataFrame:
    """Polychoric, polyserial and Pearson correlations of all columns, as a square DataFrame.

    ``ordered`` names the ordinal columns (None: all); the others count as continuous. ``missing`` is
    "listwise" (lavaan's default) or "pairwise". Two-step maximum likelihood (Olsson 1979; Olsson,
    Drasgow & Dorans 1982): the numbers of lavaan's ``lavCor``. Raises ``OrdinalDataError`` naming the
    column when an item is constant, ``KeyError`` when ``ordered`` names an unknown column.
    """
    import pandas as pd

    from .ordinal import ordinal_moments

    names = [str(name) for name in data.columns]
    chosen = set(names if ordered is None else ordered)
    unknown = sorted(chosen - set(names))
    if unknown:
        raise KeyError(f"ordered names columns that the data do not have: {', '.join(unknown)}")
    columns = np.empty(data.shape)
    for j, name in enumerate(data.columns):
        column = data[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            columns[:, j] = np.where(column.cat.codes < 0, np.nan, column.cat.codes)
        else:
            columns[:, j] = column.to_numpy(dtype=float, na_value=np.nan)
    mask = np.array([name in chosen for name in names])
    moments = ordinal_moments(columns, names, mask, missing=missing, with_gamma=False)
    scale = np.sqrt(np.diag(moments.cov))
    return pd.DataFrame(moments.cov / np.outer(scale, scale), index=names, columns=names)
