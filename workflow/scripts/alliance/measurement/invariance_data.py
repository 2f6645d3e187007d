"""The data of one comparison: who is in it, which items can be compared, and the model as the ladder takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.measurement.collapse import collapse, constant_somewhere
from alliance.measurement.estimate import WLSMV, choose_estimator
from alliance.measurement.samples import left_out

if TYPE_CHECKING:
    import pandas as pd

MINIMUM_GROUP, MINIMUM_CATEGORY = 100, 5


@dataclass
class Comparison:
    """What one ladder compares: its data and how items map to columns.

    ``items``: item -> its columns (one for groups, one per occasion); ``factor``: item -> dimension; ``groups``: label
    of each row, None where occasions are compared; ``cluster``: its cluster; ``reason``: why there is nothing to do.
    """

    grouping: str
    kind: str
    data: pd.DataFrame
    items: dict[str, list[str]]
    factor: dict[str, str]
    groups: pd.Series | None = None
    cluster: pd.Series | None = None
    notes: list[str] = field(default_factory=list)
    reason: str = ""


def prepare(comparison: Comparison, log: list[dict[str, Any]], settings: Mapping[str, Any], minimum: int) -> str:
    """Collapse categories (rows go to ``log``), leave out constant items; says why nothing can be compared, or ""."""
    columns = [c for members in comparison.items.values() for c in members]
    _take_rows(comparison, columns, minimum)
    if len(comparison.data) < max(minimum, len(columns) + 1):
        return "too few persons with answers"
    for item, members in list(comparison.items.items()):
        empty = [c for c in members if comparison.data[c].notna().sum() < max(minimum, 20)]
        if empty:
            comparison.notes.append(f"hardly any answers to {', '.join(empty)}: item {item} left out")
            del comparison.items[item]
    columns = [c for members in comparison.items.values() for c in members]
    ordinal = choose_estimator(str(settings.get("estimator") or WLSMV), comparison.data[columns]) == WLSMV
    if ordinal:
        rule = int(settings.get("minimum_category", MINIMUM_CATEGORY))
        comparison.data, merged = collapse(comparison.data, comparison.items, comparison.groups, rule)
        for row in merged:
            n = f"<{minimum}" if row["smallest_n"] < minimum else str(row["smallest_n"])
            words = f"fewer than {rule} answers in a group: merged towards the middle, in all groups"
            log.append({"grouping": comparison.grouping, **row, "smallest_n": n, "rule": words})
    for item in list(comparison.items):
        if constant_somewhere(comparison.data, comparison.items[item], comparison.groups):
            where = "a group" if comparison.groups is not None else "one of them"
            comparison.notes.append(f"item {item} is constant in {where}: left out")
            del comparison.items[item]
    for dimension in dict.fromkeys(comparison.factor.values()):
        own = [i for i in comparison.items if comparison.factor[i] == dimension]
        if len(own) < 2:
            comparison.notes.append(f"dimension {dimension} has fewer than two items left: left out")
            for item in own:
                del comparison.items[item]
    return "" if comparison.items else "no dimension has two items that can be compared"


def _take_rows(comparison: Comparison, columns: list[str], minimum: int) -> None:
    """Keep who answered anything and has a group and a cluster; what is left out is counted in the notes."""
    total = len(comparison.data)
    kept = comparison.data[columns].notna().any(axis=1)
    lost = int((~kept).sum())
    if lost:
        comparison.notes.append(left_out(lost, total, "no answer to any item", minimum))
    if comparison.groups is not None:  # who has none was counted when the groups were made
        kept &= comparison.groups.notna()
    if comparison.cluster is not None:
        per_group = comparison.cluster[kept].groupby(comparison.groups[kept] if comparison.groups is not None else
                                                     np.zeros(int(kept.sum()))).nunique()  # fmt: skip
        if len(per_group) and per_group.min() < 2:
            what = f"fewer than two values of {comparison.cluster.name or 'cluster'} in a group"
            comparison.notes.append(f"{what}: errors do not allow for clusters")
            comparison.cluster = None
        else:
            unknown = int((kept & comparison.cluster.isna()).sum())
            kept &= comparison.cluster.notna()
            if unknown:
                comparison.notes.append(left_out(unknown, total, f"{comparison.cluster.name} not known", minimum))
    comparison.data = comparison.data[kept]
    comparison.groups = comparison.groups[kept] if comparison.groups is not None else None
    comparison.cluster = comparison.cluster[kept] if comparison.cluster is not None else None


def model_text(comparison: Comparison) -> tuple[str, dict | None, dict | None]:
    """Model text over the items that are left, and the engine's maps of waves and indicators."""
    dimensions = list(dict.fromkeys(comparison.factor[i] for i in comparison.items))
    if comparison.groups is not None:
        lines = [f"{d} =~ {' + '.join(i for i in comparison.items if comparison.factor[i] == d)}" for d in dimensions]
        return "\n".join(lines), None, None
    occasions = len(next(iter(comparison.items.values())))
    waves = {d: [f"{d}_{k + 1}" for k in range(occasions)] for d in dimensions}
    lines = [
        f"{waves[d][k]} =~ {' + '.join(cols[k] for i, cols in comparison.items.items() if comparison.factor[i] == d)}"
        for k in range(occasions)
        for d in dimensions
    ]
    return "\n".join(lines), waves, {i: list(cols) for i, cols in comparison.items.items()}
