"""Reading a codebook file, with every problem by its row and column."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterable
from pathlib import Path

from alliance.codebook import FIELDS, IDS, TAKEN, TYPES, Codebook, Column
from alliance.errors import Problem, Stop


def read_codebook(path: str | Path) -> Codebook:
    """Read a codebook; raises :class:`alliance.errors.Stop` with all problems when it cannot be used."""
    codebook, problems = parse_codebook(path)
    if problems:
        raise Stop("codebook", problems)
    return codebook


def parse_codebook(path: str | Path) -> tuple[Codebook, list[Problem]]:
    """Read as much of a codebook as can be understood, with every problem found on the way."""
    file = Path(path).as_posix()
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        remedy = "put the codebook there, or change the key codebook of the config"
        return Codebook((), file), [Problem("no such file", file, remedy=remedy)]
    except UnicodeDecodeError:
        return Codebook((), file), [Problem("is not UTF-8 text", file, remedy='save it as "CSV UTF-8"')]
    if "\0" in text:
        return Codebook((), file), [Problem("is not a text file", file, remedy='save it as "CSV UTF-8"')]
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return Codebook((), file), [Problem(f"cannot be read as CSV ({error})", file, remedy="check the quotes")]
    rows = [[cell.strip() for cell in row] for row in rows]
    if not rows or not any(any(row) for row in rows[1:]):
        return Codebook((), file), [Problem("has no rows", file, remedy="describe each raw column in one row")]
    return _parse_rows(rows, file)


def _parse_rows(rows: list[list[str]], file: str) -> tuple[Codebook, list[Problem]]:
    header = [name.lower() for name in rows[0]]
    problems = _header_problems(header, file)
    if problems:
        return Codebook((), file), problems
    columns = []
    for line, row in enumerate(rows[1:], 2):
        if not any(row):
            continue
        if len(row) != len(header):
            what = f"has {len(row)} fields, the header has {len(header)}"
            remedy = "put a text that holds a comma or semicolon in double quotes"
            problems.append(Problem(what, file, f"row {line}", remedy))
            continue
        column, found = _parse_column(dict(zip(header, row, strict=True)), line)
        columns.append(column)
        problems += [Problem(what, file, f"row {line}, column {place}", remedy) for place, what, remedy in found]
    return Codebook(tuple(columns), file), problems + _repeated(columns, file) + _unequal_types(columns, file)


def _header_problems(header: list[str], file: str) -> list[Problem]:
    problems = []
    for name in header:
        if name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, 1)
            meant = f"did you mean {near[0]}?" if near else f"the columns are {', '.join(FIELDS)}"
            problems.append(Problem(f"unknown column {name or '(without a name)'}", file, "header", meant))
    for name in sorted({name for name in header if header.count(name) > 1}):
        problems.append(Problem(f"column {name} stands twice", file, "header", "keep one of them"))
    for name in ("input", "column", "variable", "type"):
        if name not in header:
            problems.append(Problem(f"has no column {name}", file, "header", "add it"))
    return problems


Found = tuple[str, str, str]  # codebook column, what is wrong, remedy


def _parse_column(row: dict[str, str], line: int) -> tuple[Column, list[Found]]:
    found: list[Found] = []
    kind = row["type"].lower()
    if kind not in TYPES:
        found.append(("type", f'unknown type "{row["type"]}"', f"use one of {', '.join(TYPES)}"))
        kind = "text"
    for name in ("input", "column"):
        if not row[name]:
            found.append((name, "is empty", f"name the {'input of the config' if name == 'input' else 'raw column'}"))
    variable = row["variable"] or ("" if kind != "ignore" else row["column"])
    if kind != "ignore" and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", variable):
        remedy = "give the column a name of letters, digits and underscores that starts with a letter"
        found.append(("variable", f'"{variable}" is no name', remedy))
    if kind != "ignore" and variable in TAKEN:
        found.append(("variable", f'"{variable}" is a column that intake adds itself', "choose another name"))
    if kind == "id" and variable not in IDS:
        found.append(("variable", f'an id is called "{variable}"', f"use {' or '.join(IDS)}, or another type"))
    values, date_format = None, ""
    if kind == "date":
        date_format = row.get("values", "")
    elif kind in ("item", "category"):
        values = _coded(row.get("values", ""), "values", found, label_needed=True)
    limits, window = _limits(row.get("range", ""), kind, found)
    missing = _coded(row.get("missing", ""), "missing", found, label_needed=False)
    invalid = _coded(row.get("invalid", ""), "invalid", found, label_needed=False)
    reverse = _yes_no(row.get("reverse", ""), found)
    role, wave = row.get("role") or None, _wave(row.get("wave", ""), found)
    if (role is None) != (row.get("wave", "") == ""):
        found.append(("role", "role and wave go together", "fill both, or leave both empty"))
        role, wave = None, None
    dimension = row.get("dimension", "")
    if kind == "item":
        _item_problems(values, limits, role, found)
    elif kind == "number" and dimension:
        _number_problems(limits, role, found, reverse=reverse)
    elif dimension:
        what = f"only items and numbers have a dimension, this is type {kind}"
        found.append(("dimension", what, "empty it, or use type item"))
    aliases = tuple(dict.fromkeys(a.strip() for a in row.get("aliases", "").split(";") if a.strip()))
    recode = _recode(row.get("recode", ""), {*(values or {}), *(missing or {}), *invalid}, kind, found)
    clash = sorted(set(values or {}) & {*(missing or {}), *(invalid or {})})
    if clash:
        found.append(("values", f"code {', '.join(clash)} is also missing or invalid", "keep it in one place"))
    column = Column(
        line=line,
        input=row["input"],
        column=row["column"],
        variable=variable,
        label=row.get("label", ""),
        type=kind,
        codes=values or None,
        range=limits,
        date_format=date_format,
        window=window,
        missing=missing or None,
        invalid=tuple(invalid),
        dimension=dimension,
        reverse=reverse,
        role=role,
        wave=wave,
        aliases=aliases,
        recode=recode or None,
    )
    return column, found


def _coded(
    text: str, place: str, found: list[Found], *, label_needed: bool, labels_unique: bool = True
) -> dict[str, str]:
    """Read ``1=Never; 2=Rarely`` or ``-99; 999=refused`` into code -> label."""
    coded: dict[str, str] = {}
    for part in (p.strip() for p in text.split(";")):
        if not part:
            continue
        code, equals, label = (p.strip() for p in part.partition("="))
        if not code or (label_needed and not (equals and label)):
            remedy = "write 1=Never; 2=Rarely" if label_needed else "write -99; 999=refused"
            found.append((place, f'cannot read "{part}"', remedy))
        elif code in coded:
            found.append((place, f"code {code} stands twice", "keep one of them"))
        else:
            coded[code] = label
    if label_needed and labels_unique:
        folded = [label.casefold() for label in coded.values()]
        for label in sorted({label for label in folded if folded.count(label) > 1}):
            found.append((place, f'two codes have the label "{label}"', "give each code a label of its own"))
    return coded


def _recode(text: str, known: set[str], kind: str, found: list[Found]) -> dict[str, str]:
    """Read ``11=1; A2=2``: code in the file -> code of this row."""
    recode = _coded(text, "recode", found, label_needed=True, labels_unique=False) if text else {}
    if recode and kind not in ("item", "category"):
        found.append(("recode", f"type {kind} has no codes", "empty it, or use type item or category"))
    elif known:
        for code, target in recode.items():
            if target not in known:
                remedy = "name a code of values, missing or invalid after the ="
                found.append(("recode", f"{code} becomes {target}, which is no code of this row", remedy))
            elif code in known:
                found.append(("recode", f"code {code} is a code of this row too", "keep it in one place"))
    return recode


def _limits(text: str, kind: str, found: list[Found]) -> tuple[tuple[float, float] | None, tuple[str, str] | None]:
    if not text:
        return None, None
    low, dots, high = (part.strip() for part in text.partition(".."))
    if kind == "date":
        iso = r"\d{4}-\d{2}-\d{2}"
        if not dots or not re.fullmatch(iso, low) or not re.fullmatch(iso, high) or low > high:
            found.append(("range", f'cannot read "{text}"', "write 2015-08-01..2016-06-30"))
            return None, None
        return None, (low, high)
    try:
        limits = float(low), float(high)
    except ValueError:
        limits = (1.0, 0.0)
    if not dots or limits[0] > limits[1] or limits[0] != limits[0]:
        found.append(("range", f'cannot read "{text}"', "write the lowest and highest value as 0..4"))
        return None, None
    return limits, None


def _yes_no(text: str, found: list[Found]) -> bool:
    if text.lower() in ("yes", "no", ""):
        return text.lower() == "yes"
    found.append(("reverse", f'cannot read "{text}"', "write yes or no"))
    return False


def _wave(text: str, found: list[Found]) -> int | None:
    if not text:
        return None
    if re.fullmatch(r"\d+", text):
        return int(text)
    found.append(("wave", f'"{text}" is no number of a wave', "write 1, 2, ..."))
    return None


def _item_problems(
    values: dict[str, str] | None, limits: tuple[float, float] | None, role: str | None, found: list[Found]
) -> None:
    if not values and limits is None:
        found.append(("values", "an item needs its answer codes", "write 1=Never; 2=Rarely; ... or a range 1..5"))
    wrong = [code for code in values or {} if not re.fullmatch(r"[+-]?\d+", code)]
    if wrong:
        remedy = "use whole numbers before the =, or type category"
        found.append(("values", f"the codes of an item are whole numbers, not {', '.join(wrong)}", remedy))
    if role is None:
        found.append(("role", "an item belongs to a report", "fill role and wave"))


def _number_problems(
    limits: tuple[float, float] | None, role: str | None, found: list[Found], *, reverse: bool
) -> None:
    """A number with a dimension is measured like an item: it belongs to a report, and has limits if it is reversed."""
    if role is None:
        found.append(("role", "a number with a dimension belongs to a report", "fill role and wave"))
    if reverse and limits is None:
        found.append(("range", "a reversed number needs its limits", "write the lowest and highest value as 0..4"))


def _repeated(columns: Iterable[Column], file: str) -> list[Problem]:
    """The same raw column described twice, or two raw columns of a file that become the same variable."""
    problems = []
    raw: dict[tuple[str, str], int] = {}
    tidy: dict[tuple, int] = {}
    for c in columns:
        again = [n for n in (c.column, *c.aliases) if raw.setdefault((c.input, n), c.line) != c.line]
        if again:
            first = raw[c.input, again[0]]
            what = f"column {again[0]} of input {c.input} stands twice, first in row {first}"
            problems.append(Problem(what, file, f"row {c.line}", "keep one of the two rows"))
            continue
        if c.type == "ignore":
            continue
        first = tidy.setdefault((c.input, c.variable, c.report), c.line)
        if first != c.line:
            what = f"variable {c.variable} of input {c.input} is filled twice, first in row {first}"
            remedy = "give one of them another variable, role or wave"
            problems.append(Problem(what, file, f"row {c.line}, column variable", remedy))
    return problems


def _unequal_types(columns: Iterable[Column], file: str) -> list[Problem]:
    """A variable that stands in several files or waves must have one type."""
    first: dict[str, Column] = {}
    problems = []
    for c in columns:
        if c.type == "ignore":
            continue
        before = first.setdefault(c.variable, c)
        if before.type != c.type:
            what = f"variable {c.variable} is type {c.type} here and type {before.type} in row {before.line}"
            problems.append(Problem(what, file, f"row {c.line}, column type", "use one type, or another variable"))
    return problems
