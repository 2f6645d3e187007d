"""What one cell means by its codebook row: a value, no answer, an entry error, or something nobody has declared."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any

from alliance.codebook import Column
from alliance.survey.ids import normalise


class Status(Enum):
    """How a cell was understood."""

    ANSWER = "answer"
    BLANK = "blank"
    MISSING = "missing"
    DECLARED = "missing by the file's own declaration"
    INVALID = "invalid"
    UNKNOWN = "unknown"
    RANGE = "outside the range"


Meaning = tuple[Any, Status]


def meanings(
    distinct: Sequence[str],
    column: Column,
    *,
    decimal: str = ".",
    ids: Sequence[str] = (),
    declared: Sequence[tuple[str, str]] = (),
) -> list[Meaning]:
    """Value and status of each distinct text of a column.

    Items become whole numbers on the codebook's scale (reversed where it says so), categories the words after the
    ``=``, numbers floats, dates ISO text, ids their normal form. The value is None unless the status is ANSWER.
    """
    read = _reader(column, decimal, ids)
    return [_meaning(text, column, read, decimal, declared) for text in distinct]


def _meaning(
    text: str, column: Column, read: Callable[[str], Meaning], decimal: str, declared: Sequence[tuple[str, str]]
) -> Meaning:
    text = text.strip()
    if not text:
        return None, Status.BLANK
    text = recoded(text, column) or text
    if column.missing and among(text, column.missing, decimal):
        return None, Status.MISSING
    if column.invalid and among(text, column.invalid, decimal):
        return None, Status.INVALID
    value, status = read(text)
    if declared and (status is not Status.ANSWER or column.type == "number"):
        limits = [low if low == high else f"{low}..{high}" for low, high in declared]
        if among(text, limits, decimal):
            return None, Status.DECLARED
    return value, status


def recoded(text: str, column: Column) -> str:
    """The code of the codebook that an older code or label of the same question stands for; "" when it is none."""
    if not column.recode:
        return ""
    text = text.strip()
    return column.recode.get(canonical(text), column.recode.get(text, ""))


def canonical(text: str) -> str:
    """A code as the codebook writes it: ``4.0`` and ``4,00`` are 4."""
    whole = re.fullmatch(r"([+-]?\d+)[.,]0+", text)
    return whole[1] if whole else text


def among(text: str, codes: Iterable[str], decimal: str = ".") -> bool:
    """Whether a text is one of the codes; a code may be a range of numbers such as ``90..99``."""
    plain = canonical(text)
    for code in codes:
        if plain == code or text == code:
            return True
        low, dots, high = code.partition("..")
        if dots:
            number, least, most = as_number(text, decimal), as_number(low, "."), as_number(high, ".")
            if number is not None and (least is None or number >= least) and (most is None or number <= most):
                return True
    return False


def as_number(text: str, decimal: str) -> float | None:
    """A number with the file's decimal mark; None when it is none. Thousands separators are not read."""
    pattern = rf"[+-]?(\d+({re.escape(decimal)}\d*)?|{re.escape(decimal)}\d+)([eE][+-]?\d+)?"
    if not re.fullmatch(pattern, text.strip()):
        return None
    number = float(text.strip().replace(decimal, "."))
    return number if math.isfinite(number) else None


def _reader(column: Column, decimal: str, ids: Sequence[str]) -> Callable[[str], Meaning]:
    if column.type == "item":
        return _item_reader(column)
    if column.type == "category" and column.codes:
        return _category_reader(column.codes, decimal)
    if column.type == "number":
        return lambda text: _number(text, column, decimal)
    if column.type == "date":
        return lambda text: _date(text, column)
    if column.type == "id":
        return lambda text: _id(text, ids)
    return lambda text: (text, Status.ANSWER)


def folded(text: str) -> str:
    """A label regardless of case, spaces and typographic apostrophes."""
    return " ".join(text.replace("\u2019", "'").casefold().split())


def _item_reader(column: Column) -> Callable[[str], Meaning]:
    low, high = column.scale
    labels = {folded(label): int(code) for code, label in (column.codes or {}).items()}
    allowed = {int(code) for code in column.codes} if column.codes else set(range(low, high + 1))

    def read(text: str) -> Meaning:
        plain = canonical(text)
        code = int(plain) if re.fullmatch(r"[+-]?\d{1,9}", plain) else labels.get(folded(text))
        if code is None or code not in allowed:
            return None, Status.UNKNOWN
        return (low + high - code if column.reverse else code), Status.ANSWER

    return read


def _category_reader(values: dict[str, str], decimal: str) -> Callable[[str], Meaning]:
    """Codes or labels; a code may be a range of numbers, which makes groups of them (``0..19=under 20``)."""
    labels = {folded(label): label for label in values.values()}
    ranges = [code for code in values if ".." in code]

    def read(text: str) -> Meaning:
        label = values.get(canonical(text), values.get(text, labels.get(folded(text))))
        if label is None:
            label = next((values[code] for code in ranges if among(text, [code], decimal)), None)
        return (label, Status.ANSWER) if label is not None else (None, Status.UNKNOWN)

    return read


def _number(text: str, column: Column, decimal: str) -> Meaning:
    number = as_number(text, decimal)
    if number is None:
        return None, Status.UNKNOWN
    if column.range and not column.range[0] <= number <= column.range[1]:
        return None, Status.RANGE
    if column.reverse and column.range:
        number = sum(column.range) - number
    return number, Status.ANSWER


def _id(text: str, steps: Sequence[str]) -> Meaning:
    name = normalise(text, steps)
    return (name, Status.ANSWER) if name else (None, Status.BLANK)


ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})([T ]\d{2}:\d{2}.*)?")
DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


def _declared_day(text: str, formats: str) -> dt.date:
    """By the first of the declared formats that fits; ValueError when none does."""
    for form in (part.strip() for part in formats.split(";")):
        try:
            return dt.datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise ValueError(text)


def _date(text: str, column: Column) -> Meaning:
    """ISO dates and day.month.year are read as they are; anything else needs its format in the codebook."""
    try:
        if column.date_format:
            day = _declared_day(text, column.date_format)
        elif match := ISO.fullmatch(text):
            day = dt.date(int(match[1]), int(match[2]), int(match[3]))
        elif match := DOTTED.fullmatch(text):
            day = dt.date(int(match[3]), int(match[2]), int(match[1]))
        else:
            return None, Status.UNKNOWN
    except ValueError:
        return None, Status.UNKNOWN
    if column.window and not column.window[0] <= day.isoformat() <= column.window[1]:
        return None, Status.RANGE
    return day.isoformat(), Status.ANSWER
