"""Model text -> tokens -> raw statements: comments, semicolons, continued lines, line numbers.

The language is lavaan's (Rosseel, 2012, Journal of Statistical Software 48(2), section 3 and the manual page
``model.syntax``); see docs/engine.md for what is covered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from alliance.errors import Problem, Stop

RELATIONS = ("=~", "<~", "~*~", "~~", "~", "|", ":=", "==", "<", ">")
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f]+)
      | (?P<comment>[\#!].*)
      | (?P<string>"[^"]*"|'[^']*')
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>(?:[^\W\d]|\.(?!\d))[\w.]*)
      | (?P<symbol>=~|<~|~\*~|~~|:=|==|\*\*|[~|<>+\-*/^?(),:])
    """,
    re.VERBOSE,
)


class ModelSyntaxError(Stop, ValueError):
    """The model text cannot be read: names the line, the word and what was expected.

    ``line`` counts from 1; ``word`` is the piece of text at which reading stopped ('' at the end of a line).
    """

    def __init__(self, what: str, line: int, word: str = "", remedy: str = ""):
        self.line, self.word = line, word
        place = f"line {line}" + (f", word '{word}'" if word else "")
        super().__init__("model syntax", Problem(what, "model", place, remedy))


@dataclass(frozen=True)
class Token:
    """One word or sign. ``kind``: name, number, string, symbol."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True)
class RawStatement:
    """``left relation right`` as tokens; relation ``group:`` opens a block for one group."""

    left: list[Token]
    relation: str
    right: list[Token]
    line: int


def tokenize(text: str) -> list[list[Token]]:
    """Tokens line by line; a semicolon ends a line without advancing the line number."""
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        for piece in _split_semicolons(line):
            tokens = _tokens_of(piece, number)
            if tokens:
                lines.append(tokens)
    return lines


def _split_semicolons(line: str) -> list[str]:
    """Cut at ``;`` but not inside quotes or comments."""
    if ";" not in line:
        return [line]
    pieces, start, quote = [], 0, ""
    for i, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "#!":
            break
        elif char == ";":
            pieces.append(line[start:i])
            start = i + 1
    return [*pieces, line[start:]]


def _tokens_of(piece: str, line: int) -> list[Token]:
    tokens, at = [], 0
    while at < len(piece):
        match = _TOKEN.match(piece, at)
        if match is None:
            raise ModelSyntaxError(
                "this sign is not part of the model language", line, piece[at:].split()[0],
                "use letters, digits, '.' and '_' in names, and the operators =~ ~ ~~ | ~*~ := ==",
            )  # fmt: skip
        at = match.end()
        kind = match.lastgroup or ""
        if kind == "string":
            tokens.append(Token(kind, match.group()[1:-1], line))
        elif kind in ("number", "name", "symbol"):
            tokens.append(Token(kind, match.group(), line))
    return tokens


def raw_statements(text: str) -> list[RawStatement]:
    """Join continued lines and cut every statement at its relation."""
    joined: list[list[Token]] = []
    for tokens in tokenize(text):
        if _relation_at(tokens) is not None or _is_block(tokens):
            joined.append(tokens)
        elif joined and not _is_block(joined[-1]):
            joined[-1] = joined[-1] + tokens
        else:
            raise ModelSyntaxError(
                "this line holds no operator", tokens[0].line, tokens[0].text,
                "write for example 'bond =~ b1 + b2 + b3' or 'persist ~ bond'",
            )  # fmt: skip
    return [_cut(tokens) for tokens in joined]


def _relation_at(tokens: list[Token]) -> int | None:
    """Position of the first relation outside parentheses."""
    depth = 0
    for i, token in enumerate(tokens):
        if token.kind != "symbol":
            continue
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.text in RELATIONS:
            return i
    return None


def _is_block(tokens: list[Token]) -> bool:
    return len(tokens) >= 2 and tokens[0].kind == "name" and tokens[1].text == ":" and _relation_at(tokens) is None


def _cut(tokens: list[Token]) -> RawStatement:
    if _is_block(tokens):
        return RawStatement(tokens[:1], "block", tokens[2:], tokens[0].line)
    at = _relation_at(tokens)
    assert at is not None
    relation, right = tokens[at], tokens[at + 1 :]
    if at == 0:
        raise ModelSyntaxError(f"nothing stands left of '{relation.text}'", relation.line, relation.text,
                               "write the name of a variable before it")  # fmt: skip
    if not right:
        raise ModelSyntaxError(f"nothing stands right of '{relation.text}'", relation.line, relation.text,
                               "write what belongs after it")  # fmt: skip
    second = _relation_at(right)
    if second is not None:
        word = right[second]
        raise ModelSyntaxError(f"a second operator in one statement (after '{relation.text}')", word.line, word.text,
                               "put each statement on its own line")  # fmt: skip
    return RawStatement(tokens[:at], relation.text, right, tokens[0].line)
