"""The parameter table: every cell of the model as a row, numbered, with its equalities and constraints.

Rows and their order are those of lavaan's ``parameterEstimates``: what the user wrote, then the defaults, group by
group, then the defined parameters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from alliance.sem.expressions import Dual, Node
from alliance.sem.syntax import Definition, Element, Equality, parse
from alliance.sem.syntax_tokens import ModelSyntaxError
from alliance.sem.table_equal import (
    GROUP_EQUAL,
    absorb_equalities,
    fix_together,
    join_equal_rows,
    label_equal_rows,
    row_named,
)
from alliance.sem.table_names import Roles
from alliance.sem.table_rows import Options, Row, block_rows, ordered_of, user_thresholds

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass
class ParameterTable:
    """Columns of equal length, one entry per row.

    ``group`` counts from 1 and is 0 for ``:=``. ``free`` is 0 for a fixed row, else the parameter's number 1..n_par;
    rows that are equal share it. ``fixed`` holds the value where ``free`` is 0 (nan for covariates' moments, ``exo``,
    until the sample fills them). ``constraints`` are expressions that must be zero.
    """

    lhs: list[str]
    op: list[str]
    rhs: list[str]
    group: IntArray
    free: IntArray
    fixed: FloatArray
    start: FloatArray
    label: list[str]
    exo: BoolArray
    user: BoolArray
    ov_names: list[str]
    lv_names: list[str]
    ov_x: list[str]
    ov_ordered: list[str]
    n_groups: int
    parameterization: str = "delta"
    conditional_x: bool = False
    meanstructure: bool = False
    constraints: list[Node] = field(default_factory=list)
    constraint_texts: list[str] = field(default_factory=list)
    defined: dict[str, Node] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lhs)

    @property
    def n_par(self) -> int:
        """Number of distinct free parameters (before ``==`` constraints)."""
        return int(self.free.max(initial=0))

    def values(self, theta: FloatArray) -> FloatArray:
        """One value per row: free rows from ``theta`` (n_par,), fixed rows as they are, ``:=`` evaluated."""
        full = np.where(self.free > 0, np.append(theta, np.nan)[self.free - 1], self.fixed)
        if self.defined:
            full[np.array([op == ":=" for op in self.op])] = self.defined_values(theta)[0]
        return full

    def start_values(self, default: FloatArray) -> FloatArray:
        """``default`` (one value per row) collapsed to theta, with ``start()`` taking precedence."""
        theta = np.zeros(self.n_par)
        for i in reversed(np.flatnonzero(self.free > 0)):
            theta[self.free[i] - 1] = default[i]
        for i in reversed(np.flatnonzero((self.free > 0) & ~np.isnan(self.start))):
            theta[self.free[i] - 1] = self.start[i]
        return theta

    def defined_values(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values (m,) and gradients (m, n_par) of the ``:=`` parameters."""
        return self._evaluate(self.defined.values(), theta)

    def constraint_values(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values (c,), zero where they hold, and Jacobian (c, n_par) of the ``==`` constraints."""
        return self._evaluate(self.constraints, theta)

    def _evaluate(self, nodes: Iterable[Node], theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        names = self._name_duals(theta)
        duals = [node.dual(names, self.n_par) for node in nodes]
        values = np.array([value for value, _ in duals], dtype=float)
        gradients = np.array([gradient for _, gradient in duals], dtype=float).reshape(len(duals), self.n_par)
        return values, gradients

    def _name_duals(self, theta: FloatArray) -> dict[str, Dual]:
        """Value and gradient of every label, ``.pN.`` and defined name, resolved in order of definition."""
        unit = np.eye(self.n_par)
        names: dict[str, Dual] = {}
        for i, label in enumerate(self.label):
            if self.op[i] == ":=":
                continue
            k = self.free[i]
            dual = (float(theta[k - 1]), unit[k - 1]) if k > 0 else (float(self.fixed[i]), np.zeros(self.n_par))
            names[f".p{i + 1}."] = dual
            if label:
                names.setdefault(label, dual)
        for name, node in self.defined.items():
            names[name] = node.dual(names, self.n_par)
        return names


def build_table(
    model: str,
    *,
    ordered: Sequence[str] = (),
    n_thresholds: Mapping[str, int] | None = None,
    n_groups: int = 1,
    group_equal: Sequence[str] = (),
    group_partial: Sequence[str] = (),
    parameterization: str = "delta",
    std_lv: bool = False,
    orthogonal: bool = False,
    meanstructure: bool = False,
    fixed_x: bool = True,
    conditional_x: bool = False,
) -> ParameterTable:
    """Read a model and complete it with lavaan's defaults for ``cfa()`` and ``sem()``.

    Parameters
    ----------
    model : lavaan model syntax.
    ordered, n_thresholds : ordered variables and the number of thresholds (categories - 1) of each.
    n_groups, group_equal, group_partial : groups, lavaan's words for what is equal across them (``lv_variances`` or
        ``lv.variances``), and the cells ("f=~x2", "x1~1") that are not.
    parameterization : "delta" or "theta". ``meanstructure`` is implied by ordered variables and by ``~ 1``.

    Raises
    ------
    ModelSyntaxError : naming line and word. ValueError : unknown word in an argument.
    """
    equal = _equality_words(group_equal)
    if parameterization not in ("delta", "theta"):
        raise ValueError(f"parameterization is 'delta' or 'theta', not '{parameterization}'")
    statements = parse(model, n_groups)
    elements = [s for s in statements if isinstance(s, Element)]
    if not elements:
        raise ModelSyntaxError("the model names no variables", 1, remedy="write for example 'bond =~ b1 + b2 + b3'")
    thresholds = _threshold_counts(elements, ordered, n_thresholds or {})
    means = meanstructure or bool(thresholds) or any(e.op == "~1" for e in elements)
    options = Options(thresholds, equal, parameterization, std_lv, orthogonal, means, fixed_x)

    rows: list[Row] = []
    roles: list[Roles] = []
    in_blocks = any(e.block for e in elements)
    for group in range(1, n_groups + 1):
        mine = [e for e in elements if e.block in (0, group)]
        if not mine:
            raise ModelSyntaxError(f"no statement speaks of group {group}", 1, remedy=f"add a block 'group: {group}'")
        new, role = block_rows(mine, group, options, in_blocks)
        rows += new
        roles.append(role)

    latent = {name for role in roles for name in role.lv}
    _check_partial(group_partial, rows)
    partition = join_equal_rows(rows, latent, sorted(equal) if n_groups > 1 else (), group_partial)
    fix_together(rows, partition)
    label_equal_rows(rows, partition)
    equalities = absorb_equalities(rows, partition, [s for s in statements if isinstance(s, Equality)])
    definitions = [s for s in statements if isinstance(s, Definition)]
    _check_names(definitions, equalities, rows)

    number: dict[int, int] = {}
    free = [number.setdefault(partition.find(i), len(number) + 1) if row.free else 0 for i, row in enumerate(rows)]
    n_defined = len(definitions)
    return ParameterTable(
        lhs=[row.lhs for row in rows] + [d.name for d in definitions],
        op=[row.op for row in rows] + [":="] * n_defined,
        rhs=[row.rhs for row in rows] + [d.text for d in definitions],
        group=np.array([row.group for row in rows] + [0] * n_defined, dtype=np.int64),
        free=np.array(free + [0] * n_defined, dtype=np.int64),
        fixed=np.array([row.value for row in rows] + [math.nan] * n_defined),
        start=np.array([row.start for row in rows] + [math.nan] * n_defined),
        label=[row.label for row in rows] + [d.name for d in definitions],
        exo=np.array([row.exo for row in rows] + [False] * n_defined, dtype=bool),
        user=np.array([row.user for row in rows] + [True] * n_defined, dtype=bool),
        ov_names=_union(role.ov for role in roles),
        lv_names=_union(role.lv for role in roles),
        ov_x=_union(role.ov_x for role in roles),
        ov_ordered=_union(ordered_of(role, thresholds) for role in roles),
        n_groups=n_groups,
        parameterization=parameterization,
        conditional_x=conditional_x,
        meanstructure=means,
        constraints=[equality.expression for equality in equalities],
        constraint_texts=[equality.text for equality in equalities],
        defined={d.name: d.expression for d in definitions},
    )


def _union(lists: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(name for names in lists for name in names))


def _equality_words(group_equal: Sequence[str]) -> frozenset[str]:
    words = [group_equal] if isinstance(group_equal, str) else list(group_equal)
    words = [word.replace("_", ".") for word in words]
    unknown = [word for word in words if word not in GROUP_EQUAL]
    if unknown:
        raise ValueError(f"group_equal does not know {', '.join(unknown)}; use {', '.join(GROUP_EQUAL)}")
    return frozenset(words)


def _threshold_counts(elements: list[Element], ordered: Sequence[str], counts: Mapping[str, int]) -> dict[str, int]:
    missing = [name for name in ordered if name not in counts]
    if missing:
        raise ValueError(f"n_thresholds lacks the ordered variable(s) {', '.join(missing)}")
    named = user_thresholds(elements)
    for name, highest in named.items():
        if name in counts and highest > counts[name]:
            line = next(e.line for e in elements if e.op == "|" and e.lhs == name and e.rhs == f"t{highest}")
            raise ModelSyntaxError(
                f"'{name}' has {counts[name] + 1} categories and so {counts[name]} threshold(s)", line, f"t{highest}",
                "remove the threshold",
            )  # fmt: skip
    return named | dict(counts)


def _check_partial(partial: Sequence[str], rows: list[Row]) -> None:
    cells = {row.cell for row in rows}
    unknown = [cell for cell in partial if "".join(cell.split()) not in cells]
    if unknown:
        raise ValueError(f"group_partial names no parameter of the model: {', '.join(unknown)}; write e.g. 'f=~x2'")


def _check_names(definitions: list[Definition], equalities: list[Equality], rows: list[Row]) -> None:
    """Every name in an expression is a label, a ``.pN.`` or a parameter defined above."""
    defined: set[str] = set()
    for definition in definitions:
        _check_known(definition.expression, defined, rows)
        if row_named(definition.name, rows) is not None or definition.name in defined:
            raise ModelSyntaxError("this name is already a label", definition.line, definition.name,
                                   "define the new quantity under another name")  # fmt: skip
        defined.add(definition.name)
    for equality in equalities:
        _check_known(equality.expression, defined, rows)


def _check_known(expression: Node, defined: set[str], rows: list[Row]) -> None:
    for name, line in expression.name_lines():
        if name not in defined and row_named(name, rows) is None:
            raise ModelSyntaxError("no parameter carries this label", line, name,
                                   f"label one by writing {name}*variable in the model")  # fmt: skip
