"""Model text -> statements: what is measured by, regressed on, correlated with, defined as and constrained to what.

``parse`` reads lavaan's language (``model.syntax``); what the defaults add is the task of ``table``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from alliance.sem.expressions import Node, difference, parse_expression
from alliance.sem.syntax_terms import Modifiers, Term, read_terms
from alliance.sem.syntax_tokens import ModelSyntaxError, RawStatement, Token, raw_statements

__all__ = ["Definition", "Element", "Equality", "ModelSyntaxError", "Statement", "parse"]


@dataclass(frozen=True)
class Element:
    """One cell of the model: ``lhs op rhs`` with its modifiers. ``block`` 0: every group, k: group k only.

    Intercepts have ``op`` "~1" and ``rhs`` "".
    """

    lhs: str
    op: str
    rhs: str
    line: int
    block: int = 0
    modifiers: Modifiers = field(default_factory=Modifiers)


@dataclass(frozen=True)
class Definition:
    """``name := expression``: a new quantity with its delta-method standard error."""

    name: str
    expression: Node
    text: str
    line: int


@dataclass(frozen=True)
class Equality:
    """``left == right``; ``expression`` is left - right."""

    left: Node
    right: Node
    text: str
    line: int

    @property
    def expression(self) -> Node:
        return difference(self.left, self.right)


Statement = Element | Definition | Equality


def parse(text: str, n_groups: int = 1) -> list[Statement]:
    """Read a model.

    Parameters
    ----------
    text : lavaan model syntax.
    n_groups : number of groups; every ``c(...)`` must have that many entries.

    Raises
    ------
    ModelSyntaxError : naming line and word.
    """
    if not isinstance(text, str) or not text.strip():
        raise ModelSyntaxError("the model is empty", 1, remedy="write for example 'bond =~ b1 + b2 + b3'")
    statements: list[Statement] = []
    seen: dict[tuple[str, str, str, int], int] = {}
    block = 0
    for raw in raw_statements(text):
        if raw.relation == "block":
            block = _block_number(raw, n_groups)
        elif raw.relation in (":=", "==", "<", ">"):
            statements.append(_relation_of_parameters(raw))
        else:
            for element in _elements(raw, block, 1 if block else n_groups):
                _check_new(element, seen)
                statements.append(element)
    return statements


def _check_new(element: Element, seen: dict[tuple[str, str, str, int], int]) -> None:
    """The same cell twice (``x1 ~~ x2`` and ``x2 ~~ x1`` are one cell) is a slip, not a request."""
    lhs, rhs = element.lhs, element.rhs
    if element.op == "~~":
        lhs, rhs = sorted((lhs, rhs))
    key = (lhs, element.op, rhs, element.block)
    if key in seen:
        raise ModelSyntaxError(
            f"'{element.lhs} {element.op} {element.rhs}' already stands on line {seen[key]}", element.line, element.rhs,
            "remove one, or put both modifiers into one statement: NA*x + a*x",
        )  # fmt: skip
    seen[key] = element.line


def _block_number(raw: RawStatement, n_groups: int) -> int:
    word = raw.left[0]
    if word.text.lower() != "group":
        raise ModelSyntaxError("only 'group:' blocks are known", word.line, word.text,
                               "remove the block or write 'group: 1'")  # fmt: skip
    if len(raw.right) != 1 or raw.right[0].kind != "number":
        raise ModelSyntaxError("'group:' needs the number of a group", word.line, word.text, "write 'group: 1'")
    number = int(float(raw.right[0].text))
    if not 1 <= number <= n_groups:
        raise ModelSyntaxError(f"the data have {n_groups} group(s)", word.line, raw.right[0].text,
                               f"number groups from 1 to {n_groups}")  # fmt: skip
    return number


def _text(tokens: list[Token]) -> str:
    return "".join(token.text for token in tokens)


def _relation_of_parameters(raw: RawStatement) -> Statement:
    if raw.relation in ("<", ">"):
        raise ModelSyntaxError("inequality constraints are not available", raw.line, raw.relation,
                               "use '==' or inspect the unconstrained estimate")  # fmt: skip
    right = parse_expression(raw.right, raw.line)
    if raw.relation == "==":
        return Equality(parse_expression(raw.left, raw.line), right, f"{_text(raw.left)} == {_text(raw.right)}",
                        raw.line)  # fmt: skip
    if len(raw.left) != 1 or raw.left[0].kind != "name":
        raise ModelSyntaxError("one name belongs left of ':='", raw.line, _text(raw.left), "write 'total := a + b'")
    return Definition(raw.left[0].text, right, _text(raw.right), raw.line)


def _left_names(raw: RawStatement) -> list[Token]:
    """``a + b`` before a relation; every second token is a plus."""
    names = raw.left[::2]
    for token in names:
        if token.kind != "name":
            raise ModelSyntaxError(f"a variable's name was expected left of '{raw.relation}'", token.line, token.text)
    for token in raw.left[1::2]:
        if token.text != "+":
            raise ModelSyntaxError(
                f"'+' or '{raw.relation}' was expected", token.line, token.text,
                "modifiers such as labels and numbers belong on the right-hand side",
            )  # fmt: skip
    if len(raw.left) % 2 == 0:
        raise ModelSyntaxError(f"a variable's name was expected between '+' and '{raw.relation}'", raw.line, "+")
    return names


def _elements(raw: RawStatement, block: int, n_values: int) -> list[Element]:
    if raw.relation == "<~":
        raise ModelSyntaxError("formative (composite) measurement is not available", raw.line, "<~",
                               "use '=~', or form the composite in the data")  # fmt: skip
    names = _left_names(raw)
    terms = read_terms(raw.right, raw.line, n_values)
    elements = []
    for name in names:
        merged: dict[tuple[str, str], Element] = {}
        for term in terms:
            op, rhs = _op_and_rhs(raw.relation, name, term)
            new = Element(name.text, op, rhs, term.line, block, term.modifiers)
            if (op, rhs) in merged:  # NA*x1 + a*x1: one cell, several modifiers
                old = merged[op, rhs]
                new = replace(old, modifiers=old.modifiers.merge(new.modifiers, term.line, rhs))
            merged[op, rhs] = new
        elements += merged.values()
    return elements


def _op_and_rhs(relation: str, name: Token, term: Term) -> tuple[str, str]:
    if term.intercept:
        if relation != "~":
            raise ModelSyntaxError(f"a number alone cannot stand after '{relation}'", term.line, term.variable,
                                   "write a variable's name after the '*'")  # fmt: skip
        return "~1", ""
    if relation == "|" and not re.fullmatch(r"t[1-9]\d*", term.variable):
        raise ModelSyntaxError("thresholds are called t1, t2, ...", term.line, term.variable, "write 'x1 | t1 + t2'")
    if relation == "~*~" and term.variable != name.text:
        raise ModelSyntaxError("'~*~' scales a variable with itself", term.line, term.variable,
                               f"write '{name.text} ~*~ {name.text}'")  # fmt: skip
    if relation in ("=~", "~") and term.variable == name.text:
        raise ModelSyntaxError(f"'{name.text}' stands on both sides of '{relation}'", term.line, term.variable,
                               "remove one")  # fmt: skip
    return relation, term.variable
