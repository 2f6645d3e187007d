"""From a data frame and a formula to the arrays that every outcome model is fitted to, with checks in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.formula import Design, build_design, category_levels
from alliance.persistence.formula_syntax import Formula, FormulaError, parse_formula

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Prepared:
    """The analysed rows: outcome y (n), design matrix X (n × p), weights (n), cluster codes (n) or None."""

    formula: Formula
    design: Design
    data: pd.DataFrame
    y: np.ndarray
    X: np.ndarray
    weights: np.ndarray
    groups: np.ndarray | None
    n_dropped: int
    categories: list[Any] = field(default_factory=list)

    @property
    def n_clusters(self) -> int | None:
        """Number of clusters among the analysed rows."""
        return None if self.groups is None else int(self.groups.max(initial=-1)) + 1


def prepare(
    formula: str,
    data: pd.DataFrame,
    *,
    cluster: str | Sequence | None = None,
    weights: str | Sequence | None = None,
    also: Sequence[str] = (),
    categorical: bool = False,
) -> Prepared:
    """Complete rows of the formula's columns, the cluster, the weights and the columns ``also``.

    With ``categorical`` the outcome's y are codes into ``categories`` (in the order of the column's categories, else
    sorted). Rows with weight zero are left out. Raises :class:`FormulaError` for unknown columns and
    :class:`ValueError` for negative weights.
    """
    import pandas as pd

    columns = tuple(map(str, data.columns))
    parsed = parse_formula(formula, columns)
    used = list(dict.fromkeys((parsed.outcome, *parsed.columns(), *also)))
    frame = data[used].copy()
    group_column = _extra(data, cluster, "cluster")
    weight_column = _extra(data, weights, "weights")
    complete = frame.notna().all(axis=1).to_numpy()
    if group_column is not None:
        complete = complete & pd.notna(group_column)
    w = np.ones(len(data))
    if weight_column is not None:
        w = np.asarray(weight_column, dtype=float)
        if np.nanmin(w, initial=0.0) < 0:
            raise ValueError("weights must not be negative")
        complete = complete & (np.nan_to_num(w) > 0)
    rows = frame.loc[complete].reset_index(drop=True)
    design, X = build_design(parsed, rows) if len(rows) else (Design(parsed), np.empty((0, 0)))
    groups = None if group_column is None else pd.factorize(group_column[complete], sort=True)[0]
    dropped = int((~complete).sum())
    if categorical:
        categories = category_levels(rows[parsed.outcome])
        codes = pd.Index(categories).get_indexer(pd.Index(rows[parsed.outcome].astype(object)))
        return Prepared(parsed, design, rows, codes, X, w[complete], groups, dropped, categories)
    y = outcome_values(rows, parsed.outcome)
    return Prepared(parsed, design, rows, y, X, w[complete], groups, dropped)


def outcome_values(rows: pd.DataFrame, name: str) -> np.ndarray:
    """The outcome column as floats."""
    try:
        return rows[name].to_numpy(dtype=float)
    except (TypeError, ValueError) as error:
        raise FormulaError(f"outcome {name} must hold numbers, 0 and 1 for a binary outcome") from error


def _extra(data: pd.DataFrame, given: str | Sequence | None, what: str) -> np.ndarray | None:
    if given is None:
        return None
    if isinstance(given, str):
        if given not in data.columns:
            raise FormulaError(f"{what}: no column {given!r}")
        return data[given].to_numpy()
    values = np.asarray(given)
    if len(values) != len(data):
        raise ValueError(f"{what} has {len(values)} values for {len(data)} rows")
    return values
