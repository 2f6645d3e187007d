"""Exclusions as the config declares them: each step says which rows stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alliance.codebook import Column

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

RULES = ("drop", "keep", "on_roster", "duplicates", "longstring", "answered")


def rule_of(step: Mapping[str, Any]) -> str:
    """Which exclusion a step of ``sample.filters`` is."""
    return next(rule for rule in RULES if rule in step)


def stays(
    step: Mapping[str, Any], rows: pd.DataFrame, items: Sequence[Column], roster: frozenset[str] | None = None
) -> np.ndarray:
    """Boolean array: which rows stay after one step. ``items`` are those of the rows' report, ``roster`` the ids."""
    import numpy as np

    rule = rule_of(step)
    if rule in ("drop", "keep"):
        return _condition(step[rule], rows, rule)
    if rule == "on_roster":
        return rows["student_id"].isin(roster or ()).to_numpy()
    if rule == "duplicates":
        return one_each(rows, ["student_id", "mentor_id"], step["duplicates"], items)
    if rule == "longstring":
        return longstring(as_given(rows, items)) < int(step["longstring"])
    if not items:
        return np.ones(len(rows), dtype=bool)
    return answered(rows, items) >= float(step["answered"]) * len(items) - 1e-9


def _condition(condition: Mapping[str, Any], rows: pd.DataFrame, rule: str) -> np.ndarray:
    import numpy as np
    import pandas as pd

    values = rows[condition["variable"]]
    if pd.api.types.is_float_dtype(values.dtype):
        hit = values.isin([float(answer) for answer in condition["in"]]).to_numpy()
    else:
        hit = values.astype("string").isin([str(answer) for answer in condition["in"]]).to_numpy(dtype=bool)
    blank = values.isna().to_numpy()
    missing_stays = condition.get("missing", "drop" if rule == "keep" else "keep") == "keep"
    return np.where(blank, missing_stays, hit if rule == "keep" else ~hit)


def answered(rows: pd.DataFrame, items: Sequence[Column]) -> np.ndarray:
    """Number of answered items of each row."""
    return rows[[c.variable for c in items]].notna().to_numpy().sum(axis=1)


def one_each(rows: pd.DataFrame, keys: Sequence[str], rule: str, items: Sequence[Column]) -> np.ndarray:
    """Keep one row for each combination of the keys: the first, the last or the most complete (of equals the first).

    Rows without a student id are never taken for repeats. Order is that of the frame: files of the config, then rows.
    """
    import numpy as np

    order = np.arange(len(rows))
    rank = {"first": order, "last": -order, "most_complete": -answered(rows, items) * (len(rows) + 1) + order}[rule]
    ranked = rows[list(keys)].assign(rank=rank, order=order).sort_values("rank", kind="stable")
    keep = np.zeros(len(rows), dtype=bool)
    keep[ranked.loc[~ranked.duplicated(list(keys)), "order"].to_numpy()] = True
    return keep | (rows["student_id"] == "").to_numpy()


def as_given(rows: pd.DataFrame, items: Sequence[Column]) -> np.ndarray:
    """Answers as the person gave them, reversed items turned back; float, rows x items, NaN where missing."""
    import numpy as np

    given = np.full((len(rows), len(items)), np.nan)
    for j, column in enumerate(items):
        values = rows[column.variable].astype("float64").to_numpy()
        limits = column.scale if column.type == "item" else column.range
        given[:, j] = sum(limits) - values if column.reverse and limits else values
    return given


def longstring(given: np.ndarray) -> np.ndarray:
    """Longest run of equal consecutive answers of each row; a missing answer ends a run (Johnson, 2005)."""
    import numpy as np

    longest = np.zeros(len(given), dtype=int)
    run = np.zeros(len(given), dtype=int)
    for j in range(given.shape[1]):
        there = ~np.isnan(given[:, j])
        same = there & (given[:, j] == given[:, j - 1]) if j else np.zeros(len(given), dtype=bool)
        run = np.where(same, run + 1, there.astype(int))
        longest = np.maximum(longest, run)
    return longest
