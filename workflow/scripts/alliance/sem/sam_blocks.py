"""Measurement blocks for the structural-after-measurement approach: which factors are estimated together, and how.

Every first-order factor is a block of its own (Rosseel & Loh 2022, default) unless the model ties it to another one:
a shared item, a residual covariance between their items, a shared label, or a ``==`` constraint.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .syntax import Element, Equality, parse
from .syntax_tokens import ModelSyntaxError
from .table_equal import Partition


@dataclass(frozen=True)
class Parts:
    """A model taken apart.

    factors: first-order factors; items: factor -> items; higher: second-order factors; observed: observed variables of
    the structural part; blocks: factors estimated together; texts: the measurement model of each block.
    """

    factors: list[str]
    items: dict[str, list[str]]
    higher: list[str]
    observed: list[str]
    blocks: list[list[str]]
    texts: list[str]


def take_apart(model: str, n_groups: int, blocks: Sequence[Sequence[str]] | None = None) -> Parts:
    """Split a model into measurement blocks and the structural part.

    ``blocks`` overrides which factors are estimated together. Raises ModelSyntaxError when an item also takes part in
    a regression or a factor has both items and factors as indicators.
    """
    statements = parse(model, n_groups)
    elements = [s for s in statements if isinstance(s, Element)]
    if any(e.block for e in elements):
        raise ModelSyntaxError("'group:' blocks are not available in fit_sam", 1, remedy="use c(...) modifiers")
    latent = list(dict.fromkeys(e.lhs for e in elements if e.op == "=~"))
    items: dict[str, list[str]] = {name: [] for name in latent}
    higher = []
    for e in elements:
        if e.op == "=~" and e.rhs in latent:
            higher.append(e.lhs)
        elif e.op == "=~":
            items[e.lhs].append(e.rhs)
    higher = list(dict.fromkeys(higher))
    for name in higher:
        if items[name]:
            raise ModelSyntaxError(f"'{name}' is measured by items and by factors", 1, name,
                                   "in fit_sam a factor has either items or factors as indicators")  # fmt: skip
    factors = [name for name in latent if name not in higher]
    if not factors:
        raise ModelSyntaxError("fit_sam needs at least one factor with items", 1, remedy="use fit_sem")
    of_item = {item: name for name in factors for item in items[name]}
    structural: list[str] = []
    for e in elements:
        if e.op != "~":
            continue
        for name in (e.lhs, e.rhs):
            if name in of_item:
                raise ModelSyntaxError(
                    f"'{name}' is an item of '{of_item[name]}' and also in a regression", e.line, name,
                    "fit_sam keeps the two apart: use fit_sem",
                )  # fmt: skip
            if name not in latent:
                structural.append(name)
    observed = list(dict.fromkeys(structural))
    grouped = _given_blocks(blocks, factors) if blocks is not None else _tied(statements, factors, items)
    return Parts(factors, items, higher, observed, grouped, [_block_text(b, items, statements) for b in grouped])


def _given_blocks(blocks: Sequence[Sequence[str]], factors: list[str]) -> list[list[str]]:
    given = [list(block) for block in blocks]
    named = [name for block in given for name in block]
    if sorted(named) != sorted(factors):
        raise ValueError(f"blocks must name every factor once: {', '.join(factors)}")
    return given


def _tied(statements: list, factors: list[str], items: dict[str, list[str]]) -> list[list[str]]:
    """Factors joined by items, residual covariances, labels of measurement parameters and constraints on them."""
    place = {name: k for k, name in enumerate(factors)}
    partition = Partition(len(factors))
    owners: dict[str, list[int]] = {}
    for name in factors:
        for item in items[name]:
            owners.setdefault(item, []).append(place[name])
    for owner in owners.values():
        for k in owner[1:]:
            partition.join(owner[0], k)
    by_label: dict[str, int] = {}
    for e in statements:
        if not isinstance(e, Element):
            continue
        mine = [place[e.lhs]] if e.op == "=~" and e.lhs in place else []
        mine += [owners[name][0] for name in (e.lhs, e.rhs) if e.op != "=~" and name in owners]
        for k in mine[1:]:
            partition.join(mine[0], k)
        if mine:
            for label in e.modifiers.label or ():
                if label:
                    partition.join(by_label.setdefault(label, mine[0]), mine[0])
    for s in statements:
        if isinstance(s, Equality):
            named = [by_label[name] for name in s.expression.names() if name in by_label]
            for k in named[1:]:
                partition.join(named[0], k)
    return [[factors[k] for k in members] for members in partition.members().values()]


def _block_text(block: list[str], items: dict[str, list[str]], statements: list) -> str:
    """The statements about the block's factors and items as model text."""
    inside = {item for name in block for item in items[name]}
    lines, labels = [], set()
    for e in statements:
        if not isinstance(e, Element):
            continue
        about_items = e.op in ("~~", "~1", "|", "~*~") and e.lhs in inside and (e.op != "~~" or e.rhs in inside)
        if (e.op == "=~" and e.lhs in block) or about_items:
            lines.append(element_text(e))
            labels.update(e.modifiers.label or ())
    for s in statements:
        if isinstance(s, Equality) and set(s.expression.names()) <= labels and any(s.expression.names()):
            lines.append(s.text)
    return "\n".join(lines)


def element_text(e: Element) -> str:
    """An element as a line of model text."""
    target = "1" if e.op == "~1" else e.rhs
    operator = "~" if e.op == "~1" else e.op
    terms = []
    for values, form in ((e.modifiers.fixed, "{}"), (e.modifiers.start, "start({})"), (e.modifiers.label, "{}")):
        if values is not None:
            words = [_word(value) for value in values]
            terms.append(form.format(words[0] if len(words) == 1 else f"c({', '.join(words)})"))
    if e.modifiers.equal:
        terms.append(f'equal("{e.modifiers.equal}")')
    return f"{e.lhs} {operator} " + (" + ".join(f"{term}*{target}" for term in terms) or target)


def _word(value: float | str) -> str:
    if isinstance(value, str):
        return f'"{value}"' if value else "NA"
    return "NA" if math.isnan(value) else repr(float(value))
