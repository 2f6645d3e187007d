"""What a reader can work out about hidden counts: exact bounds from everything that is printed, by linear programming.

The audit of cell suppression of Willenborg & de Waal (2001, Elements of Statistical Disclosure Control, ch. 6) and
Hundepool et al. (2012, Statistical Disclosure Control, section 4.2): the reader knows the printed counts and how counts
add up, and asks for the smallest and largest value that each hidden one can have. A hidden count is at least as large
as ``low`` says: 1 where a printed table withholds it (zeros are printed), 0 where no table has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Equation = tuple[int, tuple[int, ...]]  # whole = sum of parts, as places of the counts
TOLERANCE = 1e-6
_WORTH_A_PROGRAMME = 3  # counts that a common programme must settle to be better than one for each
_PATIENCE = 4  # common programmes in a row that settle fewer


class Contradiction(ValueError):
    """The printed counts cannot all be true: they do not add up."""


@dataclass(frozen=True)
class Bounds:
    """Smallest and largest whole number that each count asked about can have; the same where it is known."""

    low: np.ndarray
    high: np.ndarray

    @property
    def possible(self) -> np.ndarray:
        """How many values each count can have (1: it is recovered)."""
        return self.high - self.low + 1


def bounds(
    equations: Sequence[Equation],
    known: np.ndarray,
    low: np.ndarray,
    ask: Sequence[int],
    *,
    enough: float = np.inf,
    seen: tuple[np.ndarray, np.ndarray] | None = None,
    quick: bool = False,
) -> Bounds:
    """Bounds of the counts ``ask`` that follow from ``equations``, the printed counts, and ``low``.

    known: (k,) printed counts, NaN where hidden. low: (k,) what a hidden count is at least. A count is followed only
    until ``enough`` different values are found possible (then its bounds are what was found so far). ``seen`` holds the
    smallest and largest values (k,) of solutions that are known already; what is found here is added to it (in place).
    ``quick`` leaves out the counts that no common programme settles. Raises Contradiction when no counts agree with
    what is printed.
    """
    least, most = (np.full(len(known), np.inf), np.full(len(known), -np.inf)) if seen is None else seen
    printed = ~np.isnan(known)
    least[printed] = most[printed] = known[printed]
    wanted = np.unique(np.asarray(ask, dtype=np.int64))
    wanted = wanted[~printed[wanted] & ~(most[wanted] - least[wanted] + 1 >= enough)]
    if len(wanted):
        system = _Hidden(equations, known, low, wanted)
        if np.isfinite(enough):
            wanted = system.together(wanted, least, most, enough)
        if not quick:
            system.one_by_one(wanted, least, most, enough)
    chosen = np.asarray(ask, dtype=np.int64)
    return Bounds(np.ceil(least[chosen] - TOLERANCE), np.floor(most[chosen] + TOLERANCE))


def balance(equations: Sequence[Equation], k: int) -> csr_array:
    """The equations as a matrix (equations x k) whose product with the true counts is zero."""
    from scipy.sparse import csr_array

    sizes = [1 + len(parts) for _, parts in equations]
    rows = np.repeat(np.arange(len(equations)), sizes)
    columns = np.array([j for whole, parts in equations for j in (whole, *parts)], dtype=np.int64)
    signs = np.array([s for _, parts in equations for s in (-1.0, *([1.0] * len(parts)))])
    return csr_array((signs, (rows, columns)), shape=(len(equations), k))


class _Hidden:
    """The hidden counts that hang together with those asked about, and what the printed ones say of their sums."""

    def __init__(self, equations: Sequence[Equation], known: np.ndarray, low: np.ndarray, wanted: np.ndarray) -> None:
        from scipy.sparse.csgraph import connected_components

        matrix = balance(equations, len(known))
        hidden = np.flatnonzero(np.isnan(known))
        right = -(matrix @ np.nan_to_num(known))
        part = matrix[:, hidden].tocsr()
        wrong = (np.diff(part.indptr) == 0) & (np.abs(right) > TOLERANCE)
        if wrong.any():
            raise Contradiction(f"equation {int(np.flatnonzero(wrong)[0])} does not hold")
        _, label = connected_components(abs(part).T @ abs(part), directed=False)
        concerned = np.isin(label, label[np.isin(hidden, wanted)])
        self.cells, self.label = hidden[concerned], label[concerned]
        self.low = low[self.cells]
        self.matrix = part[:, np.flatnonzero(concerned)].tocsr()
        self.right = right
        self.roof = 1000.0 + 10 * float(np.abs(right).sum())  # stands for: nothing limits it

    def together(self, wanted: np.ndarray, least: np.ndarray, most: np.ndarray, enough: float) -> np.ndarray:
        """Widen the ranges by programmes for all of ``wanted`` at once; those that are still not wide enough."""
        everywhere = np.arange(len(self.cells))
        rng = np.random.default_rng(0)
        idle, sign = 0, 1.0
        while len(wanted) and idle < _PATIENCE:
            # down and up in turn; counts stand in each other's way, so each programme favours some of them, at random
            weights = np.zeros(len(self.cells))
            weights[np.searchsorted(self.cells, wanted)] = sign * rng.exponential(size=len(wanted)) ** 2
            sign = -sign
            self._solve(everywhere, weights, least, most)
            before = len(wanted)
            wanted = wanted[~(most[wanted] - least[wanted] + 1 >= enough - TOLERANCE)]
            idle = 0 if before - len(wanted) >= _WORTH_A_PROGRAMME else idle + 1
        return wanted

    def one_by_one(self, wanted: np.ndarray, least: np.ndarray, most: np.ndarray, enough: float) -> None:
        """The exact range of each, or until it is wide enough."""
        for place in wanted:
            own = int(np.searchsorted(self.cells, place))
            inside = np.flatnonzero(self.label == self.label[own])
            for sign in (1.0, -1.0):
                if most[place] - least[place] + 1 >= enough - TOLERANCE:
                    break
                self._solve(inside, np.where(inside == own, sign, 0.0), least, most)
            if most[place] >= self.roof / 2:
                most[place] = np.inf

    def _solve(self, inside: np.ndarray, weights: np.ndarray, least: np.ndarray, most: np.ndarray) -> None:
        from scipy.optimize import linprog

        part = self.matrix[:, inside].tocsr() if len(inside) < len(self.cells) else self.matrix
        rows = np.flatnonzero(np.diff(part.indptr) > 0)
        limits = np.column_stack([self.low[inside], np.full(len(inside), self.roof)])
        answer = linprog(weights, A_eq=part[rows], b_eq=self.right[rows], bounds=limits)
        if answer.status != 0:
            raise Contradiction(f"no counts agree with what is printed ({answer.message})")
        cells = self.cells[inside]
        least[cells] = np.minimum(least[cells], answer.x)
        most[cells] = np.maximum(most[cells], answer.x)
