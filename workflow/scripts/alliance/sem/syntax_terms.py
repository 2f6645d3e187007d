"""The right-hand side of a model statement: terms joined by ``+``, each with modifiers joined by ``*``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from alliance.sem.expressions import parse_expression
from alliance.sem.syntax_tokens import ModelSyntaxError, Token


@dataclass(frozen=True)
class Modifiers:
    """What was said about one cell; each a tuple with one entry (all groups) or one per group.

    ``fixed``: a number fixes, nan frees explicitly (``NA*``). ``label``: '' means none. ``equal`` names another cell
    ("f=~x1") by ``equal("f=~x1")``.
    """

    fixed: tuple[float, ...] | None = None
    start: tuple[float, ...] | None = None
    label: tuple[str, ...] | None = None
    equal: str | None = None

    def merge(self, other: Modifiers, line: int, word: str) -> Modifiers:
        """Both sets together; two values for the same modifier are a contradiction."""
        merged = {}
        for name in ("fixed", "start", "label", "equal"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine is not None and theirs is not None and not _same(mine, theirs):
                words = {"fixed": "fixed values", "start": "start values", "label": "labels", "equal": "equal()"}[name]
                raise ModelSyntaxError(f"two different {words} for '{word}'", line, word, "keep one of them")
            merged[name] = theirs if mine is None else mine
        return Modifiers(**merged)

    def at(self, name: str, group: int) -> float | str | None:
        """The entry for ``group`` (from 1), or None."""
        values = getattr(self, name)
        if values is None:
            return None
        return values[0] if len(values) == 1 else values[group - 1]


@dataclass(frozen=True)
class Term:
    """``modifier * ... * variable``; ``intercept`` when the variable is the number 1 (or 0)."""

    variable: str
    line: int
    intercept: bool = False
    modifiers: Modifiers = field(default_factory=Modifiers)


def _same(a: object, b: object) -> bool:
    return repr(a) == repr(b)


def _split(tokens: list[Token], signs: tuple[str, ...]) -> list[tuple[list[Token], str]]:
    """Pieces between ``signs`` outside parentheses, each with the sign that follows it ('' at the end)."""
    pieces: list[tuple[list[Token], str]] = []
    piece: list[Token] = []
    depth = 0
    for token in tokens:
        symbol = token.text if token.kind == "symbol" else ""
        depth += (symbol == "(") - (symbol == ")")
        if depth == 0 and symbol in signs:
            pieces.append((piece, symbol))
            piece = []
        else:
            piece.append(token)
    return [*pieces, (piece, "")]


def read_terms(tokens: list[Token], line: int, n_values: int) -> list[Term]:
    """All terms of a right-hand side; ``n_values`` is the length a ``c(...)`` must have."""
    terms = []
    for piece, _ in _split(tokens, ("+",)):
        if not piece:
            raise ModelSyntaxError("a variable was expected beside '+'", line, "+", "remove the '+' or add a name")
        terms.append(_read_term(piece, n_values))
        line = piece[-1].line
    return terms


def _read_term(tokens: list[Token], n_values: int) -> Term:
    pieces = _split(tokens, ("*", "?"))
    last = pieces[-1][0]
    if not last:
        raise ModelSyntaxError("a variable was expected after '*'", tokens[-1].line, tokens[-1].text)
    if len(last) > 1:
        word = last[1]
        if word.text == ":":
            product = f"{last[0].text}:{last[-1].text}"
            raise ModelSyntaxError("products of variables are not available", word.line, product,
                                   "compute the product as a column of the data")  # fmt: skip
        what = "'+' was expected between two terms" if word.kind == "name" else "'+' or '*' was expected"
        raise ModelSyntaxError(what, word.line, word.text)
    word = last[0]
    modifiers = Modifiers()
    for piece, sign in pieces[:-1]:
        if not piece:
            raise ModelSyntaxError(f"a label or a number was expected before '{sign}'", word.line, word.text)
        new = _read_modifier(piece, n_values, is_start=sign == "?")
        modifiers = modifiers.merge(new, piece[0].line, word.text)
    if word.kind == "name":
        return Term(word.text, word.line, False, modifiers)
    if word.kind == "number" and float(word.text) in (0.0, 1.0):
        if float(word.text) == 0.0:  # y ~ 0: no intercept
            modifiers = modifiers.merge(Modifiers(fixed=(0.0,)), word.line, word.text)
        return Term(word.text, word.line, True, modifiers)
    raise ModelSyntaxError("a variable's name was expected", word.line, word.text,
                           "write a modifier as modifier*variable, e.g. 0.5*x1")  # fmt: skip


def _read_modifier(tokens: list[Token], n_values: int, is_start: bool) -> Modifiers:
    head = tokens[0]
    call = head.text if head.kind == "name" and len(tokens) > 1 and tokens[1].text == "(" else ""
    if call in ("start", "label", "equal"):
        if tokens[-1].text != ")":
            raise ModelSyntaxError(f"')' was expected after {call}(", tokens[-1].line, tokens[-1].text)
        return _read_call(call, head, tokens[2:-1], n_values)
    if call in ("lower", "upper", "prior", "rv", "efa"):
        raise ModelSyntaxError(f"the modifier {call}() is not available", head.line, call, "remove it")
    values = _read_values(tokens, n_values)
    if is_start:
        return Modifiers(start=_numbers(values, head))
    return _fixed_or_label(values)


def _read_call(call: str, head: Token, inner: list[Token], n_values: int) -> Modifiers:
    if not inner:
        raise ModelSyntaxError(f"{call}() is empty", head.line, call)
    if call == "equal":
        if len(inner) != 1 or inner[0].kind != "string":
            raise ModelSyntaxError('equal() takes one quoted cell, e.g. equal("f=~x1")', head.line, call)
        return Modifiers(equal=inner[0].text.replace(" ", ""))
    values = _read_values(inner, n_values)
    if call == "start":
        return Modifiers(start=_numbers(values, head))
    return Modifiers(label=tuple(str(value) for value in values))


def _read_values(tokens: list[Token], n_values: int) -> list[float | str]:
    """One value, or the entries of ``c(...)``."""
    head = tokens[0]
    if head.text != "c" or len(tokens) < 2 or tokens[1].text != "(":
        return [_read_value(tokens)]
    if tokens[-1].text != ")":
        raise ModelSyntaxError("')' was expected after c(", tokens[-1].line, tokens[-1].text)
    values = []
    for piece, _ in _split(tokens[2:-1], (",",)):
        if not piece:
            raise ModelSyntaxError("an empty entry in c()", head.line, "c(", "write one entry per group")
        values.append(_read_value(piece))
    if len(values) not in (1, n_values):
        raise ModelSyntaxError(f"c() has {len(values)} entries but there are {n_values} group(s)", head.line, "c(",
                               "write one entry per group")  # fmt: skip
    return values


def _read_value(tokens: list[Token]) -> float | str:
    """A label (str), a number, or nan for NA."""
    head = tokens[0]
    if len(tokens) == 1 and head.kind == "string":
        return head.text
    if len(tokens) == 1 and head.kind == "name":
        return math.nan if head.text == "NA" else head.text
    expression = parse_expression(tokens, head.line)
    for name, line in expression.name_lines():
        raise ModelSyntaxError("a modifier is a number, NA, one label, c(...), start() or label()", line, name,
                               "put arithmetic on labels into a '==' or ':=' statement")  # fmt: skip
    return expression.constant()


def _numbers(values: list[float | str], head: Token) -> tuple[float, ...]:
    for value in values:
        if isinstance(value, str):
            raise ModelSyntaxError("a start value is a number", head.line, value)
    return tuple(float(value) for value in values)


def _fixed_or_label(values: list[float | str]) -> Modifiers:
    """``c(1, NA)`` fixes or frees, ``c(a, b)`` labels; mixed entries do each what they say."""
    labels = tuple(value if isinstance(value, str) else "" for value in values)
    if not any(labels):
        return Modifiers(fixed=tuple(float(value) for value in values))
    if all(labels) or all(isinstance(value, str) or math.isnan(value) for value in values):
        return Modifiers(label=labels)
    return Modifiers(fixed=tuple(math.nan if isinstance(v, str) else float(v) for v in values), label=labels)
