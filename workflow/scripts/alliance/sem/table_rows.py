"""Rows of the parameter table: what the user wrote, then what lavaan's ``cfa()`` / ``sem()`` add by default."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

from alliance.sem.syntax import Element
from alliance.sem.table_names import Roles, roles_of

NAN = math.nan


@dataclass(frozen=True)
class Options:
    """The arguments of ``build_table`` that decide defaults."""

    n_thresholds: Mapping[str, int]
    group_equal: frozenset[str]
    parameterization: str
    std_lv: bool
    orthogonal: bool
    meanstructure: bool
    fixed_x: bool


@dataclass
class Row:
    """One parameter of one group before numbering. ``value`` counts when not ``free``; ``exo``: value from data."""

    lhs: str
    op: str
    rhs: str
    group: int
    user: bool
    free: bool = True
    value: float = NAN
    start: float = NAN
    label: str = ""
    equal: str = ""
    exo: bool = False

    @property
    def cell(self) -> str:
        """``f=~x1``, the form in which ``group_partial`` and ``equal()`` name a parameter."""
        return f"{self.lhs}{self.op}{self.rhs}"

    @property
    def is_variance(self) -> bool:
        return self.op == "~~" and self.lhs == self.rhs

    @property
    def is_covariance(self) -> bool:
        return self.op == "~~" and self.lhs != self.rhs

    def fix(self, value: float) -> None:
        self.free, self.value = False, value

    def release(self) -> None:
        self.free, self.value = True, NAN


def block_rows(elements: list[Element], group: int, options: Options, in_block: bool) -> tuple[list[Row], Roles]:
    """All rows of one group, in lavaan's order, with modifiers applied."""
    roles = roles_of(elements)
    rows = [_user_row(element, group, roles) for element in elements]
    written = {row.cell for row in rows}
    ordered = ordered_of(roles, options.n_thresholds)
    defaults = [
        Row(lhs, op, rhs, group, user=False)
        for lhs, op, rhs in _default_cells(roles, ordered, options)
        if f"{lhs}{op}{rhs}" not in written
    ]
    rows += defaults
    _identify(rows, roles, options)
    _ordinal(rows, ordered)
    _fix_means(rows, roles)
    _fix_exogenous(rows, roles, options)
    if group > 1 and not in_block:
        _later_group(rows, roles, ordered, options)
    for row, element in zip(rows, elements, strict=False):
        _modify(row, element, group)
    return rows, roles


def ordered_of(roles: Roles, n_thresholds: Mapping[str, int]) -> list[str]:
    """Ordered variables of the model, in model order; exogenous covariates are numeric."""
    return [name for name in roles.ov if name in n_thresholds and name not in roles.ov_x]


def _user_row(element: Element, group: int, roles: Roles) -> Row:
    lhs, rhs = element.lhs, element.rhs
    if element.op == "~~" and roles.rank(lhs) > roles.rank(rhs):
        lhs, rhs = rhs, lhs
    return Row(lhs, element.op, rhs, group, user=True)


def _default_cells(roles: Roles, ordered: list[str], options: Options) -> list[tuple[str, str, str]]:
    """What must be in the table, in lavaan's order, whether the user wrote it or not."""
    cells = [(name, "|", f"t{k}") for name in ordered for k in range(1, options.n_thresholds[name] + 1)]
    cells += [(name, "~~", name) for name in roles.ov_nox + roles.lv]
    cells += [(a, "~~", b) for a, b in combinations(roles.lv_x, 2)]
    cells += [(a, "~~", b) for a, b in combinations(roles.y, 2)]
    cells += [(a, "~~", b) for a, b in combinations_with_replacement(roles.ov_x, 2)]
    cells += [(name, "~*~", name) for name in ordered]
    if options.meanstructure:
        cells += [(name, "~1", "") for name in roles.ov + roles.lv]
    return cells


def _identify(rows: list[Row], roles: Roles, options: Options) -> None:
    """Scale of the latent variables, single indicators, orthogonality."""
    loadings = [row for row in rows if row.op == "=~"]
    if not options.std_lv:
        for name in roles.lv:
            next(row for row in loadings if row.lhs == name).fix(1.0)
    n_indicators = Counter(row.lhs for row in loadings)
    n_factors = Counter(row.rhs for row in loadings)
    latent = set(roles.lv)
    alone = {row.rhs for row in loadings if n_indicators[row.lhs] == 1 and n_factors[row.rhs] == 1}
    for row in rows:
        if row.is_variance and row.lhs in latent and options.std_lv:
            row.fix(1.0)
            continue
        single = row.is_variance and row.lhs in alone
        uncorrelated = options.orthogonal and row.is_covariance and {row.lhs, row.rhs} <= latent
        if not row.user and (single or uncorrelated):
            row.fix(0.0)


def _ordinal(rows: list[Row], ordered: list[str]) -> None:
    """Latent responses: residual variance and scale are not parameters of their own, intercepts are zero."""
    for row in rows:
        if row.user or row.lhs not in ordered:
            continue
        if row.is_variance or row.op == "~*~":
            row.fix(1.0)
        elif row.op == "~1":
            row.fix(0.0)


def _fix_means(rows: list[Row], roles: Roles) -> None:
    for row in rows:
        if row.op == "~1" and not row.user and row.lhs in roles.lv:
            row.fix(0.0)


def _fix_exogenous(rows: list[Row], roles: Roles, options: Options) -> None:
    """Means, variances and covariances of covariates are taken from the sample."""
    if not options.fixed_x:
        return
    for row in rows:
        moment = row.op == "~1" or (row.op == "~~" and row.rhs in roles.ov_x)
        if moment and not row.user and row.lhs in roles.ov_x:
            row.fix(NAN)
            row.exo = True


def _later_group(rows: list[Row], roles: Roles, ordered: list[str], options: Options) -> None:
    """What equality across groups sets free from the second group on: latent means, scales, latent variances."""
    equal = options.group_equal
    for row in rows:
        if row.op == "~1" and row.lhs in roles.lv and not row.user:
            if equal & {"intercepts", "thresholds"} and "means" not in equal:
                row.release()
        elif row.is_variance and row.lhs in roles.lv and not row.user and options.std_lv:
            if "loadings" in equal and "lv.variances" not in equal:
                row.release()
        elif row.lhs in ordered and "thresholds" in equal:
            scale = row.op == "~*~" if options.parameterization == "delta" else row.is_variance
            if scale:
                row.release()


def _modify(row: Row, element: Element, group: int) -> None:
    """Fixed values, start values and labels as the user wrote them; they win over every default."""
    modifiers = element.modifiers
    fixed = modifiers.at("fixed", group)
    if isinstance(fixed, float):
        row.release() if math.isnan(fixed) else row.fix(fixed)
    start = modifiers.at("start", group)
    if isinstance(start, float) and row.free:
        row.start = start
    label = modifiers.at("label", group)
    row.label = label if isinstance(label, str) else ""
    row.equal = modifiers.equal or ""


def user_thresholds(elements: Sequence[Element]) -> dict[str, int]:
    """Ordered variables that only the model text declares, by the highest threshold it names."""
    found: dict[str, int] = {}
    for element in elements:
        if element.op == "|":
            found[element.lhs] = max(found.get(element.lhs, 0), int(element.rhs[1:]))
    return found
