"""Sparse answer categories, collapsed by one declared rule and logged.

A category with fewer than ``minimum`` answers in any group (or on any occasion) is merged, in all of them, with its
neighbour nearer to the middle of the scale. Nothing is merged that the rule does not name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["grouping", "item", "category", "into", "smallest_n", "rule"]


def collapse(
    data: pd.DataFrame, concepts: Mapping[str, Sequence[str]], groups: pd.Series | None, minimum: int
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """``data`` with categories merged, and one row per merger: item, category, into, smallest_n.

    ``concepts``: item -> its columns (one, or one per occasion); categories are merged in all columns of an item.
    ``groups``: label of each row, or None. A category that nobody used anywhere is no category.
    """
    out, log = data.copy(), []
    for item, columns in concepts.items():
        while True:
            counts = _counts(out, columns, groups)
            levels = sorted({level for count in counts for level in count})
            if len(levels) < 2:
                break
            smallest = {level: min(count.get(level, 0) for count in counts) for level in levels}
            sparse = [level for level in levels if smallest[level] < minimum]
            if not sparse or len(levels) == 2:
                break
            level = min(sparse, key=lambda v: (smallest[v], -abs(v - np.mean(levels))))
            into = _neighbour(levels, level)
            for column in columns:
                out[column] = out[column].where(out[column] != level, into)
            log.append({"item": item, "category": level, "into": into, "smallest_n": smallest[level]})
    return out, log


def _counts(data: pd.DataFrame, columns: Sequence[str], groups: pd.Series | None) -> list[dict[float, int]]:
    """Answers per category, for each group and column."""
    found = []
    for column in columns:
        parts = [data[column]] if groups is None else [part for _, part in data[column].groupby(groups)]
        found += [part.value_counts().to_dict() for part in parts]
    return found


def _neighbour(levels: Sequence[float], level: float) -> float:
    """The next category towards the middle of the categories in use; from the middle itself, the one below."""
    at, middle = levels.index(level), (len(levels) - 1) / 2
    return levels[at + 1] if at < middle else levels[at - 1]


def constant_somewhere(data: pd.DataFrame, columns: Sequence[str], groups: pd.Series | None) -> bool:
    """Whether some group (or occasion) has fewer than two categories of the item."""
    return any(len(count) < 2 for count in _counts(data, columns, groups))
