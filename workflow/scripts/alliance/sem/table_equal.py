"""Equality of parameters: shared labels, ``group_equal``, ``equal()``, and ``==`` between single labels.

Rows that must be equal share one number, so that the optimiser never sees the constraint; only equalities that
are more than "this label is that label (or number)" remain constraints.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from alliance.sem.expressions import Node
from alliance.sem.syntax import Equality
from alliance.sem.syntax_tokens import ModelSyntaxError
from alliance.sem.table_rows import Row

GROUP_EQUAL = (
    "loadings", "intercepts", "means", "thresholds", "residuals", "residual.covariances",
    "lv.variances", "lv.covariances", "regressions",
)  # fmt: skip


class Partition:
    """Union-find over rows; the representative of a set is its first row."""

    def __init__(self, size: int):
        self._parent = list(range(size))

    def find(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        a, b = sorted((self.find(i), self.find(j)))
        self._parent[b] = a

    def members(self) -> dict[int, list[int]]:
        """Representative -> all rows of its set, in order."""
        sets: dict[int, list[int]] = {}
        for i in range(len(self._parent)):
            sets.setdefault(self.find(i), []).append(i)
        return sets


def word_of(row: Row, latent: set[str]) -> str:
    """Which of lavaan's ``group.equal`` words speaks of this row ('' for none)."""
    if row.op == "~~":
        if row.lhs in latent and row.rhs in latent:
            return "lv.variances" if row.is_variance else "lv.covariances"
        if row.lhs in latent or row.rhs in latent:
            return ""
        return "residuals" if row.is_variance else "residual.covariances"
    if row.op == "~1":
        return "means" if row.lhs in latent else "intercepts"
    return {"=~": "loadings", "|": "thresholds", "~": "regressions"}.get(row.op, "")


def join_equal_rows(rows: list[Row], latent: set[str], group_equal: Sequence[str], partial: Sequence[str]) -> Partition:
    """Join rows by label, by ``equal()`` and across groups by ``group_equal`` (except cells in ``partial``)."""
    partition = Partition(len(rows))
    first: dict[str, int] = {}
    released = {re.sub(r"\s", "", cell) for cell in partial}
    for i, row in enumerate(rows):
        key = row.label or row.equal
        if key == "" and not row.exo and row.cell not in released and word_of(row, latent) in group_equal:
            key = row.cell
        if key == "":
            continue
        if row.equal and row.equal not in first:
            cells = [j for j, other in enumerate(rows) if other.cell == row.equal and not other.label]
            first[row.equal] = cells[0] if cells else i
        partition.join(first.setdefault(key, i), i)
    return partition


def fix_together(rows: list[Row], partition: Partition) -> None:
    """One fixed row fixes all that are equal to it, at the value of the first fixed one (as lavaan does)."""
    for members in partition.members().values():
        fixed = [rows[i].value for i in members if not rows[i].free]
        if len(members) > 1 and fixed:
            for i in members:
                rows[i].fix(fixed[0])


def label_equal_rows(rows: list[Row], partition: Partition) -> None:
    """Rows made equal without a label get lavaan's ``.pN.`` of the first of them."""
    for first, members in partition.members().items():
        if len(members) > 1 and rows[first].free:
            for i in members:
                rows[i].label = rows[i].label or rows[i].equal or f".p{first + 1}."


def absorb_equalities(rows: list[Row], partition: Partition, equalities: list[Equality]) -> list[Equality]:
    """Carry out ``a == b`` and ``a == 1`` on the table itself; return the equalities that remain.

    Runs until nothing changes, because ``a == b`` may fix b once ``a == 1`` has been read.
    """
    remaining = []
    for equality in equalities:
        left, right = _target(equality.left, rows), _target(equality.right, rows)
        if isinstance(left, int) and isinstance(right, int):
            _check_values(rows, partition, left, right, equality)
            partition.join(left, right)
        elif isinstance(left, int) and isinstance(right, float):
            _fix_set(rows, partition, left, right, equality)
        elif isinstance(left, float) and isinstance(right, int):
            _fix_set(rows, partition, right, left, equality)
        else:
            remaining.append(equality)
    fix_together(rows, partition)
    return remaining


def _target(node: Node, rows: list[Row]) -> int | float | None:
    """A row (int), a number (float), or None for anything that needs arithmetic."""
    if node.kind == "name":
        return row_named(node.name, rows)
    if not any(True for _ in node.names()):
        return float(node.constant())
    return None


def row_named(name: str, rows: list[Row]) -> int | None:
    """First row that carries this label or is lavaan's ``.pN.``."""
    for i, row in enumerate(rows):
        if row.label == name:
            return i
    match = re.fullmatch(r"\.p(\d+)\.", name)
    if match and 1 <= int(match[1]) <= len(rows):
        return int(match[1]) - 1
    return None


def _set_value(rows: list[Row], partition: Partition, i: int) -> float | None:
    members = partition.members()[partition.find(i)]
    fixed = [rows[j].value for j in members if not rows[j].free]
    return fixed[0] if fixed else None


def _check_values(rows: list[Row], partition: Partition, i: int, j: int, equality: Equality) -> None:
    a, b = _set_value(rows, partition, i), _set_value(rows, partition, j)
    if a is not None and b is not None and a != b:
        raise ModelSyntaxError(f"'{equality.text}' cannot hold: the two are fixed at {a:g} and {b:g}", equality.line,
                               "==", "remove one of the fixed values")  # fmt: skip


def _fix_set(rows: list[Row], partition: Partition, i: int, value: float, equality: Equality) -> None:
    old = _set_value(rows, partition, i)
    if old is not None and old != value:
        raise ModelSyntaxError(f"'{equality.text}' cannot hold: the parameter is fixed at {old:g}", equality.line, "==",
                               "remove the constraint or the fixed value")  # fmt: skip
    for j in partition.members()[partition.find(i)]:
        rows[j].fix(value)
