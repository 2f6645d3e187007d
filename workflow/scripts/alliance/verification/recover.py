"""Attack on the published tables of groups: what a reader can work out about hidden counts from all of them together.

Reads only what is shared (characteristics.csv, rates.csv, the last step of flow.csv) and knows what every reader knows:
levels add up to their cohort, cohorts to the pooled row, the cells of a crossing to the levels of its variables, those
at risk are some of the group and events some of those at risk. Every hidden count is then bounded by linear programming
over all tables at once (:mod:`alliance.disclosure_attack`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from alliance.disclosure_attack import Bounds, Equation, bounds
from alliance.survey.flow import POOLED
from alliance.survey.groups import ALL, rows_within

if TYPE_CHECKING:
    import pandas as pd

MISSING = "(missing)"


@dataclass
class Published:
    """All counts of the published tables, by key, and how they add up.

    Keys: ("size" | ("n", outcome) | ("events", outcome), cohort, variable, level). A hidden count is NaN.
    """

    known: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    places: dict[Hashable, int] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)

    def add(self, key: Hashable, value: float, low: float = 1.0) -> int:
        """A printed (or, as NaN, a hidden) count; ``low``: what a hidden one is at least."""
        self.places[key] = len(self.known)
        self.known.append(float(value))
        self.low.append(low)
        return self.places[key]

    def hidden(self) -> list[Hashable]:
        """Keys of the counts that a printed table withholds."""
        no_table = ("rest", "in none")
        return [k for k, j in self.places.items() if np.isnan(self.known[j]) and k[0] not in no_table]

    def attack(
        self, keys: list[Hashable], *, enough: float = np.inf, truth: Mapping[Hashable, int] | None = None
    ) -> Bounds:
        """Bounds of the counts at ``keys``; see :func:`alliance.disclosure_attack.bounds`.

        truth: the true counts of all keys, when they are at hand: it only spares work.
        """
        seen = None
        if truth is not None:
            point = self._complete(truth)
            seen = point.copy(), point.copy()
        ask = [self.places[key] for key in keys]
        return bounds(self.equations, np.array(self.known), np.array(self.low), ask, enough=enough, seen=seen)

    def _complete(self, truth: Mapping[Hashable, int]) -> np.ndarray:
        """True values of all counts: those given, and the remainders that follow from them."""
        values = np.array([truth.get(key, np.nan) for key in self.places], dtype=np.float64)
        printed = ~np.isnan(np.array(self.known))
        values[printed] = np.array(self.known)[printed]
        for whole, parts in self.equations:
            unknown = [j for j in (whole, *parts) if np.isnan(values[j])]
            if len(unknown) == 1 and unknown[0] != whole:
                values[unknown[0]] = values[whole] - np.nansum(values[list(parts)])
        return values


def published(characteristics: pd.DataFrame, rates: pd.DataFrame, flow: pd.DataFrame) -> Published:
    """The published counts of a study. Cohorts and levels must be text; numbers are NaN where they are withheld."""
    import pandas as pd

    book = Published()
    last = flow.sort_values("order").groupby("cohort", sort=False).tail(1)
    totals = pd.DataFrame({"cohort": last["cohort"], "variable": ALL, "level": ALL, "n": last["n_out"]})
    described = characteristics[characteristics["level"] != ""]
    sizes = pd.concat([totals, described[["cohort", "variable", "level", "n"]]], ignore_index=True)
    sizes = sizes[sizes["cohort"].isin(described["cohort"])].reset_index(drop=True)
    _add_table(book, "size", sizes, exact=True)
    names = {"group_variable": "variable", "group": "level"}
    complete = set(described["variable"]) - set(described.loc[described["level"] == MISSING, "variable"])
    for outcome, rows in rates.rename(columns=names).groupby("outcome", sort=False):
        table = rows.reset_index(drop=True)
        for kind, column in (("n", "n_at_risk"), ("events", "n_events")):
            own = table[["cohort", "variable", "level"]].assign(n=table[column].to_numpy())
            _add_table(book, (kind, outcome), own, exact=False, complete=complete)
        for key in table[["cohort", "variable", "level"]].itertuples(index=False, name=None):
            _part(book, (("events", outcome), *key), (("n", outcome), *key))
            if ("size", *key) in book.places:
                _part(book, (("n", outcome), *key), ("size", *key))
    return book


def _part(book: Published, part: Hashable, whole: Hashable) -> None:
    rest = book.add(("rest", part, whole), np.nan, low=0.0)
    book.equations.append((book.places[whole], (book.places[part], rest)))


def _add_table(
    book: Published, name: Hashable, table: pd.DataFrame, *, exact: bool, complete: frozenset | set = frozenset()
) -> None:
    """A table of groups: its counts, groups within groups, and cohorts that add up to the pooled row."""
    rows = list(table[["cohort", "variable", "level"]].itertuples(index=False, name=None))
    low = 1.0 if exact else 0.0  # a table of sizes prints its zeros; of those at risk they may be withheld
    place = [book.add((name, *key), n, low) for key, n in zip(rows, table["n"].astype("float64"), strict=True)]
    present = table[table["level"] != MISSING]
    blanks = {(c, v): i for i, (c, v, level) in enumerate(rows) if level == MISSING}
    for whole, parts in rows_within(present, "variable", "level", "cohort"):
        cohort, outer, _ = rows[whole]
        inner = rows[parts[0]][1]
        own = [place[i] for i in parts]
        if exact and outer == ALL and (cohort, inner) in blanks:
            own.append(place[blanks[cohort, inner]])
        elif (exact and outer != ALL and any(v == inner for _, v in blanks)) or (not exact and inner not in complete):
            own.append(book.add(("in none", name, rows[whole], inner), np.nan, low=0.0))
        book.equations.append((place[whole], tuple(own)))
    by_level: dict[tuple[str, str], list[int]] = {}
    for i, (cohort, variable, level) in enumerate(rows):
        if cohort != POOLED:
            by_level.setdefault((variable, level), []).append(place[i])
    for (variable, level), parts in by_level.items():
        if (name, POOLED, variable, level) in book.places:
            book.equations.append((book.places[name, POOLED, variable, level], tuple(parts)))
