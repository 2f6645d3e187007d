"""Arithmetic on named parameters with exact gradients, for ``:=``, ``==`` and constants in the model text.

A small expression tree, evaluated by forward-mode differentiation (Griewank & Walther, 2008, chapter 3); nothing is
ever handed to Python's ``eval``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alliance.sem.syntax_tokens import ModelSyntaxError, Token

Dual = tuple[float, NDArray[np.float64]]
_FUNCTIONS: dict[str, Callable[[np.float64], tuple[np.float64, np.float64]]] = {
    "exp": lambda x: (np.exp(x), np.exp(x)),
    "log": lambda x: (np.log(x), 1 / x),
    "sqrt": lambda x: (np.sqrt(x), 0.5 / np.sqrt(x)),
    "abs": lambda x: (np.abs(x), np.copysign(1.0, x)),
    "sin": lambda x: (np.sin(x), np.cos(x)),
    "cos": lambda x: (np.cos(x), -np.sin(x)),
    "tan": lambda x: (np.tan(x), 1 + np.tan(x) ** 2),
    "tanh": lambda x: (np.tanh(x), 1 - np.tanh(x) ** 2),
    "atanh": lambda x: (np.arctanh(x), 1 / (1 - x * x)),
}


@dataclass(frozen=True)
class Node:
    """``kind``: number, name, call, or an operator sign; ``parts`` are the operands."""

    kind: str
    value: float = 0.0
    name: str = ""
    parts: tuple[Node, ...] = ()
    line: int = 0

    def names(self) -> Iterator[str]:
        """Names in order of appearance (with repeats)."""
        if self.kind == "name":
            yield self.name
        for part in self.parts:
            yield from part.names()

    def name_lines(self) -> Iterator[tuple[str, int]]:
        """Names with the line on which they stand."""
        if self.kind == "name":
            yield self.name, self.line
        for part in self.parts:
            yield from part.name_lines()

    def dual(self, values: Mapping[str, Dual], size: int) -> Dual:
        """Value and gradient (length ``size``), given the same for every name; nan or inf where not defined."""
        with np.errstate(all="ignore"):
            value, gradient = self._dual(values, size)
        return float(value), gradient

    def _dual(self, values: Mapping[str, Dual], size: int) -> tuple[np.float64, NDArray[np.float64]]:
        if self.kind == "number":
            return np.float64(self.value), np.zeros(size)
        if self.kind == "name":
            value, gradient = values[self.name]
            return np.float64(value), gradient
        x, dx = self.parts[0]._dual(values, size)
        if self.kind == "call":
            value, slope = _FUNCTIONS[self.name](x)
            return value, slope * dx
        if self.kind == "negative":
            return -x, -dx
        y, dy = self.parts[1]._dual(values, size)
        if self.kind == "+":
            return x + y, dx + dy
        if self.kind == "-":
            return x - y, dx - dy
        if self.kind == "*":
            return x * y, y * dx + x * dy
        if self.kind == "/":
            return x / y, dx / y - x / (y * y) * dy
        power = x**y
        gradient = (y * x ** (y - 1) if y != 0 else 0.0) * dx
        if np.any(dy):
            gradient = gradient + power * np.log(x) * dy
        return power, gradient

    def constant(self) -> float:
        """The value of an expression without names; ModelSyntaxError when it has none (1/0, sqrt(-1))."""
        value = self.dual({}, 0)[0]
        if not np.isfinite(value):
            raise ModelSyntaxError("this expression has no value", self.line, remedy="write a number")
        return value


def difference(left: Node, right: Node) -> Node:
    """``left - right``, the form in which a constraint is zero."""
    return Node("-", parts=(left, right), line=left.line)


def parse_expression(tokens: list[Token], line: int) -> Node:
    """Read ``+ - * / ^``, parentheses, numbers, names and exp, log, sqrt, abs, sin, cos, tan, tanh, atanh."""
    reader = _Reader(tokens, line)
    node = reader.sum()
    if reader.at < len(tokens):
        word = tokens[reader.at]
        raise ModelSyntaxError("the expression should end here or go on with an operator", word.line, word.text,
                               "use + - * / ^ between terms")  # fmt: skip
    return node


class _Reader:
    """Recursive descent with the usual precedence: sign binds looser than ^, as in R."""

    def __init__(self, tokens: list[Token], line: int):
        self.tokens, self.at, self.line = tokens, 0, line

    def _peek(self) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at].kind == "symbol":
            return self.tokens[self.at].text
        return ""

    def _take(self, expected: str) -> Token:
        if self.at >= len(self.tokens):
            raise ModelSyntaxError(f"the expression ends where {expected} was expected", self.line)
        token = self.tokens[self.at]
        self.at += 1
        self.line = token.line
        return token

    def sum(self) -> Node:
        node = self._product()
        while self._peek() in ("+", "-"):
            sign = self._take("an operator").text
            node = Node(sign, parts=(node, self._product()), line=node.line)
        return node

    def _product(self) -> Node:
        node = self._signed()
        while self._peek() in ("*", "/"):
            sign = self._take("an operator").text
            node = Node(sign, parts=(node, self._signed()), line=node.line)
        return node

    def _signed(self) -> Node:
        if self._peek() == "-":
            token = self._take("a sign")
            return Node("negative", parts=(self._signed(),), line=token.line)
        if self._peek() == "+":
            self._take("a sign")
            return self._signed()
        return self._power()

    def _power(self) -> Node:
        node = self._atom()
        if self._peek() in ("^", "**"):
            self._take("an operator")
            return Node("^", parts=(node, self._signed()), line=node.line)
        return node

    def _atom(self) -> Node:
        token = self._take("a number, a label or '('")
        if token.kind == "number":
            return Node("number", value=float(token.text), line=token.line)
        if token.kind == "name" and self._peek() == "(":
            return self._call(token)
        if token.kind == "name":
            return Node("name", name=token.text, line=token.line)
        if token.text == "(":
            node = self.sum()
            self._close()
            return node
        raise ModelSyntaxError("a number, a label or '(' was expected", token.line, token.text)

    def _call(self, token: Token) -> Node:
        if token.text not in _FUNCTIONS:
            raise ModelSyntaxError("this function is not known in an expression", token.line, token.text,
                                   f"use one of {', '.join(_FUNCTIONS)}")  # fmt: skip
        self._take("'('")
        node = self.sum()
        self._close()
        return Node("call", name=token.text, parts=(node,), line=token.line)

    def _close(self) -> None:
        token = self._take("')'")
        if token.text != ")":
            raise ModelSyntaxError("')' was expected", token.line, token.text)
