"""The grammar of model formulas: text to a tree of terms. Nothing is ever evaluated as Python.

``persist ~ bond + goal*task + C(program) + poly(gpa, 2)``: columns, ``+ - : *``, parentheses, and a few functions. See
:mod:`alliance.persistence.formula` for how terms become columns of a design matrix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FUNCTIONS = ("log", "log10", "exp", "sqrt", "abs")
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[^\W\d][\w.]*)|(?P<quoted>\"[^\"]*\"|'[^']*'|`[^`]*`)"
    r"|(?P<op>\*\*|[-+*:/^~(),=|]))"
)


class FormulaError(ValueError):
    """A formula that the grammar does not know or that names a column the data do not have."""


@dataclass(frozen=True)
class Node:
    """Part of an arithmetic expression inside ``I()``: ``kind`` is number, column, call, or an operator."""

    kind: str
    value: str | float = ""
    children: tuple[Node, ...] = ()

    def columns(self) -> tuple[str, ...]:
        """Names of the data columns used, in order."""
        own = (str(self.value),) if self.kind == "column" else ()
        return own + tuple(c for child in self.children for c in child.columns())


@dataclass(frozen=True)
class Factor:
    """One factor of a term: ``kind`` is "plain" (a column), "category" (C()), "expression", "poly" or "powers"."""

    kind: str
    text: str
    node: Node
    degree: int = 1
    reference: str | None = None


Term = tuple[Factor, ...]


@dataclass(frozen=True)
class Formula:
    """A parsed formula: the outcome's column, its terms in writing order and whether it has an intercept."""

    outcome: str
    terms: tuple[Term, ...]
    intercept: bool
    text: str

    def columns(self) -> tuple[str, ...]:
        """Columns on the right-hand side, each once, in order of appearance."""
        return tuple(dict.fromkeys(c for term in self.terms for f in term for c in f.node.columns()))


def tokens_of(text: str) -> list[tuple[str, str]]:
    """Tokens as (kind, text); raises :class:`FormulaError` at a character outside the grammar."""
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise FormulaError(f"formula {text!r}: unexpected {text[at:].strip()[:1]!r} at position {at + 1}")
        found.append((match.lastgroup or "", match[match.lastgroup or 0]))
        at = match.end()
    return found


class _Parser:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, text: str):
        self.text = text
        self.tokens = tokens_of(text)
        self.at = 0

    def fail(self, message: str) -> FormulaError:
        return FormulaError(f"formula {self.text!r}: {message}")

    def peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.tokens[place][1] if place < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise self.fail(f"ends where {expected or 'a term'} should follow")
        token = self.tokens[self.at]
        if expected is not None and token[1] != expected:
            raise self.fail(f"{expected!r} expected, found {token[1]!r}")
        self.at += 1
        return token

    # terms: sums of products ------------------------------------------------------------------------------------
    def terms(self) -> tuple[list[Term], bool]:
        """A right-hand side: the terms in order and whether the intercept stays."""
        found: list[Term] = []
        intercept = True
        sign = "+"
        if self.peek() in ("+", "-"):
            sign = self.take()[1]
        while True:
            if self.tokens[self.at : self.at + 1] and self.tokens[self.at][0] == "number":
                number = self.take()[1]
                if number not in ("0", "1"):
                    raise self.fail(f"only 0 and 1 may stand as terms, found {number!r}")
                intercept = (number == "1") == (sign == "+")
            else:
                new = self.product()
                if sign == "+":
                    found += [t for t in new if not _in(t, found)]
                else:
                    found = [t for t in found if not _in(t, new)]
            if self.peek() not in ("+", "-"):
                return found, intercept
            sign = self.take()[1]

    def product(self) -> list[Term]:
        left = self.interaction()
        while self.peek() == "*":
            self.take()
            right = self.interaction()
            left = _unique(left + right + [_cross(a, b) for a in left for b in right])
        return left

    def interaction(self) -> list[Term]:
        left = self.atom()
        while self.peek() == ":":
            self.take()
            right = self.atom()
            left = _unique([_cross(a, b) for a in left for b in right])
        return left

    def atom(self) -> list[Term]:
        if self.peek() == "(":
            self.take()
            inner, _ = self.terms()
            self.take(")")
            return inner
        return [(self.factor(),)]

    # factors --------------------------------------------------------------------------------------------------
    def column(self) -> Node:
        kind, text = self.take()
        if kind == "quoted":
            return Node("column", text[1:-1])
        if kind != "name":
            raise self.fail(f"a column name expected, found {text!r}")
        if text == "Q" and self.peek() == "(":
            self.take("(")
            _, quoted = self.take()
            self.take(")")
            return Node("column", quoted[1:-1])
        return Node("column", text)

    def factor(self) -> Factor:
        name = self.peek()
        if self.peek(1) != "(" or name == "Q":
            column = self.column()
            return Factor("plain", str(column.value), column)
        self.take()
        self.take("(")
        if name in ("C", "factor"):
            column, reference = self.column(), None
            if self.peek() == ",":
                self.take()
                if self.peek() in ("reference", "ref"):
                    self.take()
                    self.take("=")
                reference = self.take()[1].strip("\"'`")
            self.take(")")
            return Factor("category", f"C({column.value})", column, reference=reference)
        if name in ("poly", "powers"):
            column = self.column()
            self.take(",")
            degree = self.take()[1]
            self.take(")")
            if not degree.isdigit() or not 1 <= int(degree) <= 6:
                raise self.fail(f"{name}() takes a degree from 1 to 6, found {degree!r}")
            return Factor(name, f"{name}({column.value}, {degree})", column, degree=int(degree))
        if name in ("I", *FUNCTIONS):
            start = self.at
            node = self.sum()
            inner = "".join(t for _, t in self.tokens[start : self.at])
            self.take(")")
            call = node if name == "I" else Node("call", name, (node,))
            return Factor("expression", f"{name}({_pretty(inner)})", call)
        raise self.fail(f"unknown function {name!r}; known are C, I, poly, powers, {', '.join(FUNCTIONS)}")

    # arithmetic inside I() ------------------------------------------------------------------------------------
    def sum(self) -> Node:
        left = self.times()
        while self.peek() in ("+", "-"):
            left = Node(self.take()[1], "", (left, self.times()))
        return left

    def times(self) -> Node:
        left = self.power()
        while self.peek() in ("*", "/"):
            left = Node(self.take()[1], "", (left, self.power()))
        return left

    def power(self) -> Node:
        base = self.unit()
        if self.peek() in ("**", "^"):
            self.take()
            return Node("**", "", (base, self.power()))
        return base

    def unit(self) -> Node:
        if self.peek() == "-":
            self.take()
            return Node("-", "", (Node("number", 0.0), self.unit()))
        if self.peek() == "(":
            self.take()
            inner = self.sum()
            self.take(")")
            return inner
        if self.tokens[self.at : self.at + 1] and self.tokens[self.at][0] == "number":
            return Node("number", float(self.take()[1]))
        if self.peek() in FUNCTIONS and self.peek(1) == "(":
            name = self.take()[1]
            self.take("(")
            inner = self.sum()
            self.take(")")
            return Node("call", name, (inner,))
        return self.column()


def _pretty(inner: str) -> str:
    return inner.replace("^", "**").replace("**", " ** ")


def _cross(a: Term, b: Term) -> Term:
    """Product of two terms; a factor that stands in both counts once."""
    return a + tuple(f for f in b if f not in a)


def _in(term: Term, terms: list[Term]) -> bool:
    return any(set(term) == set(other) for other in terms)


def _unique(terms: list[Term]) -> list[Term]:
    kept: list[Term] = []
    for term in terms:
        if not _in(term, kept):
            kept.append(term)
    return kept


def parse_formula(text: str, columns: tuple[str, ...] | None = None) -> Formula:
    """Read a formula; with ``columns`` given, every column it names must be one of them.

    Terms come in order of their number of factors, then of writing (R's order). Raises :class:`FormulaError`.
    """
    if text.count("~") != 1:
        raise FormulaError(f"formula {text!r}: one '~' must stand between the outcome and the terms")
    left, right = text.split("~")
    outcome_parser = _Parser(left)
    outcome = str(outcome_parser.column().value)
    if outcome_parser.at != len(outcome_parser.tokens):
        raise FormulaError(f"formula {text!r}: the left-hand side must be one column")
    parser = _Parser(right)
    terms, intercept = parser.terms()
    if parser.at != len(parser.tokens):
        raise FormulaError(f"formula {text!r}: unexpected {parser.peek()!r}")
    formula = Formula(outcome, tuple(sorted(terms, key=len)), intercept, text.strip())
    if columns is not None:
        unknown = [c for c in dict.fromkeys((outcome, *formula.columns())) if c not in columns]
        if unknown:
            raise FormulaError(f"formula {text!r}: no such column: {', '.join(unknown)}; there are {_some(columns)}")
    return formula


def _some(columns: tuple[str, ...]) -> str:
    shown = ", ".join(list(columns)[:12])
    return shown + (", ..." if len(columns) > 12 else "")
