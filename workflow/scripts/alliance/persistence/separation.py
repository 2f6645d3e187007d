"""Finding separation: predictors tell the outcome apart without error, and no maximum likelihood estimate exists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LIMIT = 50_000  # rows up to which the linear programme is solved


def separating_columns(y: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Columns of X (boolean, p) with a direction along which y is completely or quasi-completely separated.

    Linear programme of Konis (2007): maximise the sum of s_i x_i'b with s_i x_i'b >= 0, |b| <= 1, s = +1 for y = 1 and
    -1 for y = 0; any positive optimum is separation. Repeated rows are taken once.
    """
    from scipy.optimize import linprog

    signed = np.unique(np.where(y > 0.5, 1.0, -1.0)[:, None] * X, axis=0)
    if len(signed) > LIMIT:
        return np.zeros(X.shape[1], dtype=bool)
    scale = np.abs(signed).max(axis=0)
    scaled = signed / np.where(scale > 0, scale, 1.0)
    found = linprog(-scaled.sum(axis=0), A_ub=-scaled, b_ub=np.zeros(len(scaled)), bounds=(-1, 1), method="highs")
    if not found.success or -found.fun < 1e-6:
        return np.zeros(X.shape[1], dtype=bool)
    return np.abs(found.x) > 1e-7


def separating_variables(y: np.ndarray, X: np.ndarray, assign: Sequence[int]) -> list[int]:
    """Terms (numbers in ``assign``, one per column) without which the outcome would not be separated.

    When no single term is necessary, all terms of the separating direction. Empty without separation.
    """
    terms = np.asarray(assign)
    columns = separating_columns(y, X)
    found = sorted({int(t) for t in terms[columns]})
    necessary = [t for t in found if t != 0 and not separating_columns(y, X[:, terms != t]).any()]
    return necessary or [t for t in found if t != 0] or found


def suspicious(eta: np.ndarray, converged: bool) -> bool:
    """Whether fitted values are so extreme that separation should be looked for."""
    return not converged or bool(np.abs(eta).max(initial=0.0) > 12)
