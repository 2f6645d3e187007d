"""Which counts must be hidden so that no small one can be worked out from the others, over any number of tables.

Cell suppression with secondary cells (NCES 2011-603; Willenborg & de Waal 2001, ch. 6; Hundepool et al. 2012, ch. 4):
counts of 1 to ``minimum`` - 1 are primary cells. Cells are added line by line until the hidden ones of each line are
enough together; then an audit by linear programming looks for primary cells that all printed counts together still give
away or bound too tightly, and a second programme finds the cheapest counts to hide for each (the heuristic of Kelly,
Golden & Assad 1992, Networks 22, 397-417).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from alliance.disclosure_attack import TOLERANCE, Bounds, Equation, balance, bounds

_NEAR = 300  # counts among which a cheap repair is looked for first
_OF_LINE = 4  # hidden ones, and open ones, of each sum on the way
_WHOLE = 3.0  # hiding a total costs as much as hiding so many parts


@dataclass
class CountBook:
    """All counts of some tables and how they add up; the same key is the same count wherever it is printed.

    >>> book = CountBook()
    >>> for key, n in {"all": 60, "a": 4, "b": 20, "c": 36}.items():
    ...     book.add(key, n)
    >>> book.total("all", ["a", "b", "c"])
    >>> sorted(book.protect(10))
    ['a', 'b']
    """

    counts: list[int] = field(default_factory=list)
    printed: list[bool] = field(default_factory=list)
    fixed: list[bool] = field(default_factory=list)
    telling: list[bool] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)
    places: dict[Hashable, int] = field(default_factory=dict)
    follows: list[tuple[int, int]] = field(default_factory=list)

    def add(
        self, key: Hashable, value: int, *, printed: bool = True, fixed: bool = False, telling: bool = True
    ) -> None:
        """A count of persons. Raises ValueError when the key is there with another value.

        printed: tables show it unless it is hidden here (False: a count that only follows from others, such as those
        without the event). fixed: printed elsewhere, cannot be hidden. telling: being small, it tells about somebody
        (False for how many did not answer).
        """
        if key in self.places:
            place = self.places[key]
            if self.counts[place] != int(value):
                raise ValueError(f"count {key!r} is {self.counts[place]} in one table and {int(value)} in another")
            self.printed[place] |= printed
            self.fixed[place] |= fixed
            self.telling[place] &= telling
            return
        self.places[key] = len(self.counts)
        self.counts.append(int(value))
        self.printed.append(printed)
        self.fixed.append(fixed)
        self.telling.append(telling)

    def total(self, whole: Hashable, parts: Iterable[Hashable], *, rest: bool = False) -> None:
        """State that ``whole`` is the sum of ``parts``; with ``rest``, and of persons in none of them (no answer).

        How many the rest are is taken to be known, the worst case. Raises ValueError when the parts do not add up.
        """
        place, own = self.places[whole], tuple(self.places[part] for part in parts)
        left = self.counts[place] - sum(self.counts[j] for j in own)
        if left < 0 or (left and not rest):
            raise ValueError(f"the parts of {whole!r} do not add up to it")
        if left:
            key = ("in none", len(self.equations), whole)
            self.add(key, left, fixed=True, telling=False)
            own = (*own, self.places[key])
        self.equations.append((place, own))

    def part(self, part: Hashable, whole: Hashable, *, telling: bool = True) -> None:
        """State that ``part`` is some of the persons of ``whole``: the rest is a count too, and hidden wholes take
        their parts with them. telling: whether a small rest tells about somebody."""
        rest = ("rest", whole, part)
        left = self.counts[self.places[whole]] - self.counts[self.places[part]]
        self.add(rest, left, printed=False, telling=telling)
        self.total(whole, [part, rest])
        self.follows.append((self.places[part], self.places[whole]))

    def merge(self, other: CountBook, name: Hashable) -> None:
        """Take in another book; its keys get ``name`` in front: ``(i, "n")`` becomes ``(name, i, "n")``."""
        start = len(self.counts)
        for key, place in other.places.items():
            self.places[name, *(key if isinstance(key, tuple) else (key,))] = start + place
        for mine, theirs in zip(self._columns(), other._columns(), strict=True):
            mine += theirs
        self.equations += [(start + whole, tuple(start + j for j in parts)) for whole, parts in other.equations]
        self.follows += [(start + part, start + whole) for part, whole in other.follows]

    def _columns(self) -> tuple[list, ...]:
        return self.counts, self.printed, self.fixed, self.telling

    def protect(self, minimum: int, hidden: Iterable[Hashable] = ()) -> set[Hashable]:
        """Keys of the printed counts to hide, those already ``hidden`` among them. Deterministic.

        Nothing more is hidden when ``minimum`` is 1 or less.
        """
        state = _Protection(self, minimum)
        state.hidden[[self.places[key] for key in hidden]] = True
        hidden = state.run()
        return {key for key, place in self.places.items() if hidden[place] and self.printed[place]}

    def attack(self, hidden: Iterable[Hashable], minimum: int) -> dict[Hashable, tuple[int, int]]:
        """Small telling counts that can be worked out although ``hidden`` are hidden: key -> (lowest, highest).

        Worked out: fewer values are left possible than the rule itself leaves (1 to ``minimum`` - 1).
        """
        mask = np.zeros(len(self.counts), dtype=bool)
        mask[[self.places[key] for key in hidden]] = True
        state = _Protection(self, minimum)
        state.hidden = mask | ~state.printed
        ask = np.flatnonzero(state.primary)
        found = state.bounds(ask)
        bad = found.possible < state.need
        names = {place: key for key, place in self.places.items()}
        lows, highs = found.low[bad], found.high[bad]
        return {names[j]: (int(a), int(b)) for j, a, b in zip(ask[bad], lows, highs, strict=True)}


class _Protection:
    """The state of the search: which counts are hidden so far."""

    def __init__(self, book: CountBook, minimum: int) -> None:
        self.values = np.array(book.counts, dtype=np.float64)
        self.printed = np.array(book.printed, dtype=bool)
        self.equations = book.equations
        self.need = max(minimum - 1, 2)
        fixed = np.array(book.fixed, dtype=bool)
        small = (self.values >= 1) & (self.values < minimum)
        self.primary = small & np.array(book.telling, dtype=bool) & ~fixed
        self.hidden = (small & ~fixed) | ~self.printed
        self.can_hide = self.printed & ~fixed & (self.values > 0)
        self.is_whole = np.zeros(len(self.values), dtype=bool)
        self.is_whole[[whole for whole, _ in book.equations]] = True
        self.lines_of: list[list[int]] = [[] for _ in book.counts]
        for line, (whole, parts) in enumerate(book.equations):
            for place in (whole, *parts):
                self.lines_of[place].append(line)
        # hiding more only adds to what is possible, so what was seen to be possible stays so
        self.seen = self.values.copy(), self.values.copy()
        self.parts_of: dict[int, list[int]] = {}
        for part, whole in book.follows:
            self.parts_of.setdefault(whole, []).append(part)

    def run(self) -> np.ndarray:
        """Hide until the audit finds nothing, or nothing can be done about what it finds."""
        for place in np.flatnonzero(self.hidden & self.printed):
            self._hide(int(place))
        self._lines()
        before = -1
        while before < int(self.hidden.sum()):
            before = int(self.hidden.sum())
            for place in self._exposed():
                self._repair(int(place))
            self._lines()
        return self.hidden

    @property
    def low(self) -> np.ndarray:
        """What a reader knows a hidden count to be at least."""
        return np.where(self.printed & (self.values > 0), 1.0, 0.0)

    def bounds(self, ask: np.ndarray, quick: bool = False) -> Bounds:
        """What a reader can work out about the counts ``ask``."""
        known = np.where(self.hidden, np.nan, self.values)
        return bounds(self.equations, known, self.low, ask, enough=self.need, seen=self.seen, quick=quick)

    def _exposed(self) -> np.ndarray:
        """Primary counts that are not yet seen to leave room."""
        ask = np.array([j for j in np.flatnonzero(self.primary) if self.lines_of[j]], dtype=np.int64)
        return ask[self.bounds(ask, quick=True).possible < self.need]

    def _hide(self, place: int) -> None:
        """Hide a count, and the parts of it that could be held against it."""
        self.hidden[place] = True
        for part in self.parts_of.get(place, ()):
            if self.can_hide[part] and not self.hidden[part]:
                self._hide(part)

    def _lines(self) -> None:
        """In every line with a hidden primary count, hide the smallest others until together they leave room."""
        waiting = list(range(len(self.equations)))
        while waiting:
            again: set[int] = set()
            for line in waiting:
                again |= self._line(line)
            waiting = sorted(again)

    def _line(self, line: int) -> set[int]:
        whole, parts = self.equations[line]
        if self.hidden[whole]:
            return set()
        unknown = [j for j in parts if self.hidden[j]]
        if not any(self.primary[j] for j in unknown):
            return set()
        touched: set[int] = set()
        room = sum(self.values[j] - (self.printed[j] and self.values[j] > 0) for j in unknown)
        others = sorted((j for j in parts if self.can_hide[j] and not self.hidden[j]), key=lambda j: self.values[j])
        if self.can_hide[whole]:
            others.append(whole)
        while (room < self.need - 1 or len(unknown) < 2) and others:
            place = others.pop(0)
            before = self.hidden.copy()
            self._hide(place)
            for changed in np.flatnonzero(self.hidden & ~before):
                touched.update(self.lines_of[changed])
            if place == whole:
                break
            room += self.values[place] - 1
            unknown.append(place)
        return touched

    def _repair(self, place: int) -> None:
        """Hide the cheapest counts that let the one at ``place`` be larger, by as much as is missing.

        Looked for near it first, then among all that hang together with it.
        """
        least, most = self.seen
        if most[place] - least[place] + 1 >= self.need - TOLERANCE:
            return
        up = least[place] + self.need - 1 - self.values[place]
        for index in (self._near(place), None):
            index = self._component(place) if index is None else index
            step = self._cheapest(place, up, index)
            if step is not None:
                least[index] = np.minimum(least[index], self.values[index] + step)
                most[index] = np.maximum(most[index], self.values[index] + step)
                to_hide = index[np.abs(step) > TOLERANCE]
                break
        else:  # nothing lets it grow: leave no neighbour to calculate with
            to_hide = [j for line in self.lines_of[place] for j in self._members(line)]
        for j in to_hide:
            if self.can_hide[j] and not self.hidden[j]:
                self._hide(int(j))

    def _cheapest(self, place: int, up: float, index: np.ndarray) -> np.ndarray | None:
        """Change of the counts ``index`` that adds ``up`` to one and leaves all sums as they are; None: there is none.

        Of all such changes the one that needs the cheapest counts to be hidden.
        """
        from scipy.optimize import linprog
        from scipy.sparse import hstack

        part = self.matrix[:, index].tocsr()
        part = part[np.flatnonzero(np.diff(part.indptr) > 0)]
        downwards = np.minimum(self.low[index] - self.values[index], 0.0)
        price = (1 + np.log2(1 + self.values[index])) * np.where(self.is_whole[index], _WHOLE, 1.0)
        cost = np.where(self.hidden[index], 1e-3, price)
        limits: list[tuple[float, Any]] = [(0.0, None)] * len(index) + [(0.0, float(-x)) for x in downwards]
        mine = int(np.searchsorted(index, place))
        limits[mine], limits[len(index) + mine] = (up, up), (0.0, 0.0)
        answer = linprog(
            np.concatenate([cost, cost]),
            A_eq=hstack([part, -part]).tocsr(),
            b_eq=np.zeros(part.shape[0]),
            bounds=limits,
        )
        return answer.x[: len(index)] - answer.x[len(index) :] if answer.status == 0 else None

    def _near(self, place: int) -> np.ndarray:
        """Counts a few sums away from one that are hidden or may be: in each sum those with most room, and cheapest."""
        found, edge = {place}, [place]
        while edge and len(found) < _NEAR:
            reached = []
            for line in dict.fromkeys(line for j in edge for line in self.lines_of[j]):
                members = [j for j in self._members(line) if self.hidden[j] or self.can_hide[j]]
                members.sort(key=lambda j: (not self.hidden[j], -self.values[j] if self.hidden[j] else self.values[j]))
                first_open = sum(bool(self.hidden[j]) for j in members)
                chosen = [*members[: min(first_open, _OF_LINE)], *members[first_open : first_open + _OF_LINE]]
                reached += [j for j in chosen if j not in found]
            edge = list(dict.fromkeys(reached))
            found.update(edge)
        return np.array(sorted(found))

    def _members(self, line: int) -> tuple[int, ...]:
        whole, parts = self.equations[line]
        return (whole, *parts)

    @cached_property
    def matrix(self) -> Any:
        """All equations (equations x counts)."""
        return balance(self.equations, len(self.values)).tocsc()

    @cached_property
    def _labels(self) -> tuple[np.ndarray, np.ndarray]:
        """Counts that are hidden or may be, and for each the name of the group of counts that hang together."""
        from scipy.sparse.csgraph import connected_components

        movable = np.flatnonzero(self.hidden | self.can_hide)
        part = abs(self.matrix[:, movable])
        return movable, connected_components(part.T @ part, directed=False)[1]

    def _component(self, place: int) -> np.ndarray:
        """All counts that hang together with one and are hidden or may be."""
        movable, label = self._labels
        return movable[label == label[np.searchsorted(movable, place)]]
