"""Groups by which a study is described: a variable, or a crossing of several written ``institution*race*sex``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"  # everybody, as a grouping and as its only level
BETWEEN = " × "


def factors(name: str) -> tuple[str, ...]:
    """The variables of a grouping."""
    return tuple(part.strip() for part in str(name).split("*"))


def group_levels(sample: pd.DataFrame, name: str) -> pd.Series:
    """The group of each row as text, missing where any variable of a crossing is."""
    first, *others = factors(name)
    levels = sample[first].astype("string")
    for other in others:
        levels = levels + BETWEEN + sample[other].astype("string")
    return levels


def rows_within(table: pd.DataFrame, variable: str, level: str, by: str) -> list[tuple[int, list[int]]]:
    """Which rows of a table of groups divide another row: (index of that row, indexes of the rows that divide it).

    ``table`` has one row for each value of the column ``by`` and level of a grouping (columns ``variable`` and
    ``level``, as :func:`group_levels` writes them). The rows of a crossing divide those of every grouping of some of
    its variables, and those of every grouping divide the row of everybody (``all`` in both columns).
    """
    place = {(unit, name, group): i for i, unit, name, group in table[[by, variable, level]].itertuples(name=None)}
    names = list(table[variable].unique())
    found: dict[tuple[int, str], list[int]] = {}
    for (unit, inner, group), i in place.items():
        own = factors(inner) if inner != ALL else ()
        values = str(group).split(BETWEEN)
        if len(values) != len(own):
            continue
        of = dict(zip(own, values, strict=True))
        for outer in names:
            outside = factors(outer) if outer != ALL else ()
            if set(outside) < set(own):
                whole = place.get((unit, outer, BETWEEN.join(of[f] for f in outside) if outside else ALL))
                if whole is not None:
                    found.setdefault((whole, inner), []).append(i)
    return [(whole, parts) for (whole, _), parts in found.items()]
