"""Half-vectorisation of symmetric matrices in the field's order (Magnus & Neudecker 1999, ch. 3).

``vech`` stacks the lower triangle column by column, diagonal included: (0,0) (1,0) ... (p-1,0) (1,1) ...
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=64)
def vech_index(p: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns (rows >= columns) of the p(p+1)/2 entries of vech, column by column."""
    cols, rows = np.triu_indices(p)
    return rows, cols


@lru_cache(maxsize=64)
def strict_index(p: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the p(p-1)/2 entries strictly below the diagonal, column by column."""
    cols, rows = np.triu_indices(p, k=1)
    return rows, cols


@lru_cache(maxsize=64)
def vech_position(p: int) -> np.ndarray:
    """p x p matrix: where entry (i, j) stands in vech."""
    rows, cols = vech_index(p)
    position = np.empty((p, p), dtype=np.intp)
    position[rows, cols] = position[cols, rows] = np.arange(rows.size)
    return position


@lru_cache(maxsize=64)
def vech_weight(p: int) -> np.ndarray:
    """1 for diagonal entries and 2 for the others: tr(A B) = sum(weight * vech(A) * vech(B))."""
    rows, cols = vech_index(p)
    return np.where(rows == cols, 1.0, 2.0)


def vech(matrix: np.ndarray) -> np.ndarray:
    """vech of the last two axes."""
    rows, cols = vech_index(matrix.shape[-1])
    return matrix[..., rows, cols]


def unvech(vector: np.ndarray, p: int) -> np.ndarray:
    """The symmetric p x p matrix with this vech."""
    return vector[..., vech_position(p)]


def normal_theory_weight(inverse: np.ndarray) -> np.ndarray:
    """Expected information of vech(Sigma) per observation, 1/2 D'(A x A)D with A = inverse of Sigma.

    Entry ((i,j), (k,l)) is h h' (A_ik A_jl + A_il A_jk), h = 1/2 for a diagonal entry (Browne 1974, eq. 2.20).
    """
    rows, cols = vech_index(inverse.shape[0])
    half = np.where(rows == cols, 0.5, 1.0)
    out = inverse[np.ix_(rows, rows)] * inverse[np.ix_(cols, cols)]
    out += inverse[np.ix_(rows, cols)] * inverse[np.ix_(cols, rows)]
    return out * np.outer(half, half)


def block_diagonal(blocks: list[np.ndarray]) -> np.ndarray:
    """One matrix with the blocks on its diagonal (rows and columns may differ)."""
    if len(blocks) == 1:
        return blocks[0]
    out = np.zeros((sum(b.shape[0] for b in blocks), sum(b.shape[1] for b in blocks)))
    row = col = 0
    for block in blocks:
        out[row : row + block.shape[0], col : col + block.shape[1]] = block
        row, col = row + block.shape[0], col + block.shape[1]
    return out
