"""Raw text to tidy columns by the codebook, with a list of everything that was not simply an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from alliance.codebook import Codebook, Column
from alliance.survey.id_checks import note_spellings
from alliance.survey.issues import Issues
from alliance.survey.readers import Raw, strangers
from alliance.survey.values import Status, as_number, folded, meanings, recoded

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

DTYPES = {"item": "Int64", "number": "float64", "category": "string", "date": "string", "text": "string", "id": "str"}
ACTIONS = {
    Status.INVALID: ("an entry error by the codebook", "warning", "set to missing"),
    Status.DECLARED: ("declared missing in the file, not in the codebook", "warning", "set to missing"),
}


def clean(
    raw: Raw, codebook: Codebook, ids: Sequence[str], issues: Issues, window: tuple[str, str] | None = None
) -> pd.DataFrame:
    """The columns of one raw file as the codebook types them, named by raw column, indexed by data row.

    Problems go to ``issues``: entry errors and user-missing codes as warnings by cell, undeclared codes and values out
    of range as errors by column. No answer of type id is "", all others are missing values. Dates outside ``window``
    (first and last day of the study, ISO) are warnings.
    """
    import pandas as pd

    columns = [c for c in codebook.of_input(raw.input) if c.type != "ignore"]
    raw.decimal = find_decimal(raw, columns, issues)
    for text in raw.repaired:
        issues.remark("note", text, raw.file, f"input {raw.input}")
    _remark_strangers(raw, codebook, issues)
    cleaned = {}
    for column in columns:
        _compare_labels(raw, column, issues)
        cleaned[column.column] = _clean_column(raw, column, codebook.file, ids, issues)
        if window and column.type == "date":
            _outside(raw, column, cleaned[column.column], window, issues)
    return pd.DataFrame(cleaned, index=raw.frame.index)


def find_decimal(raw: Raw, columns: Sequence[Column], issues: Issues) -> str:
    """The decimal mark of the number columns: declared, or the one that occurs; both in one file is an error."""
    if raw.decimal:
        return raw.decimal
    if raw.is_text:
        seen: dict[str, tuple[str, int]] = {}
        for column in (c for c in columns if c.type == "number"):
            texts = raw.frame[column.column]
            distinct = texts.unique().tolist()
            for mark in ".,":
                pattern = re.compile(rf"\s*[+-]?\d*\{mark}\d+\s*")
                first = next((text for text in distinct if pattern.fullmatch(text)), None)
                if first is not None:
                    seen.setdefault(mark, (column.column, int((texts == first).idxmax())))
        if len(seen) == 2:
            places = " and ".join(f"row {row}, column {column}" for column, row in seen.values())
            remedy = "write all numbers of the file with the same decimal mark"
            issues.error("numbers have decimal points and decimal commas", raw.file, places, remedy)
        return "," if "," in seen else "."
    return "."


def _remark_strangers(raw: Raw, codebook: Codebook, issues: Issues) -> None:
    for name in strangers(raw, codebook):
        place = f"column {name or '(without a name)'}"
        remedy = f"add a row for it to {codebook.file} (type ignore, when it is not needed)"
        issues.remark("warning", "the codebook does not know this column; it is not read", raw.file, place, remedy)


def _compare_labels(raw: Raw, column: Column, issues: Issues) -> None:
    """The file's own value labels against the codebook's: a swapped code would otherwise go unseen."""
    own = raw.value_labels.get(column.column)
    if not own or not column.codes:
        return
    labels = {folded(label) for label in column.codes.values()}
    wrong = [c for c, text in column.codes.items() if c in own and folded(own[c]) != folded(text)]
    moved = [code for code in wrong if folded(own[code]) in labels]
    if moved:
        what = f"code {', '.join(moved)} has another label in the file than in the codebook"
        remedy = "compare the two and correct column values of the codebook"
        issues.remark("warning", what, raw.file, f"column {column.column}", remedy)


def _clean_column(raw: Raw, column: Column, book: str, ids: Sequence[str], issues: Issues) -> Any:
    import numpy as np
    import pandas as pd

    texts = raw.frame[column.column]
    places, distinct = pd.factorize(texts)
    distinct = distinct.tolist()
    found = meanings(
        distinct,
        column,
        decimal=raw.decimal,
        ids=ids,
        declared=raw.declared_missing.get(column.column, ()),
    )
    blank = "" if column.type == "id" else pd.NA
    values = [value if status is Status.ANSWER else blank for value, status in found]
    if column.type == "number":
        known = np.array([np.nan if v is pd.NA else v for v in values] + [np.nan], dtype="float64")
        tidy = known[places]
    else:
        tidy = pd.array([*values, blank], dtype=DTYPES[column.type]).take(places)
    _note(raw, column, book, places, distinct, [status for _, status in found], issues)
    if column.recode:
        _note_recoded(raw, column, places, distinct, issues)
    if column.type == "id":
        changed = sum(text.strip() != value for text, value in zip(distinct, values, strict=True) if value)
        if changed:
            issues.remark("note", "ids are not in their normal form and were normalised", raw.file, _place(column))
        note_spellings(raw.file, column.column, raw.frame.index.to_numpy(), places, distinct, values, issues)
    return tidy


def _note(
    raw: Raw,
    column: Column,
    book: str,
    places: np.ndarray,
    distinct: list[str],
    status: Sequence[Status],
    issues: Issues,
) -> None:
    import numpy as np

    rows = raw.frame.index.to_numpy()
    doubtful: dict[Status, list[int]] = {}
    for i, kind in enumerate(status):
        if kind is not Status.ANSWER:
            doubtful.setdefault(kind, []).append(i)
    for kind, (problem, severity, action) in ACTIONS.items():
        if kind in doubtful:
            hit = np.flatnonzero(np.isin(places, doubtful[kind]))
            values = [distinct[places[i]] for i in hit]
            issues.cells(raw.file, column.column, rows[hit].tolist(), values, problem, severity, action)
    for kind in (Status.UNKNOWN, Status.RANGE):
        if codes := doubtful.get(kind):
            where = {code: rows[places == code] for code in codes[:200]}
            total = int(np.isin(places, codes).sum())
            _undeclared(raw, column, book, kind, [(distinct[c], w) for c, w in where.items()], total, issues)


def _note_recoded(raw: Raw, column: Column, places: np.ndarray, distinct: list[str], issues: Issues) -> None:
    """Answers in the codes of an older version of the question: read as the new ones, and listed."""
    import numpy as np

    rows = raw.frame.index.to_numpy()
    for i, text in enumerate(distinct):
        if code := recoded(text, column):
            hit = rows[np.flatnonzero(places == i)]
            issues.cells(
                raw.file, column.column, hit, [text] * len(hit), "recoded by the codebook", "note", f"read as {code}"
            )


def _outside(raw: Raw, column: Column, days: Any, window: tuple[str, str], issues: Issues) -> None:
    """Dates before or after the study: kept, but somebody should look."""
    import numpy as np
    import pandas as pd

    days = pd.Series(days, index=raw.frame.index, dtype="string")
    outside = ((days < window[0]) | (days > window[1])).fillna(False).to_numpy(dtype=bool)
    rows, texts = raw.frame.index.to_numpy()[outside], raw.frame[column.column].to_numpy()[np.flatnonzero(outside)]
    problem = f"date outside the study window {window[0]}..{window[1]}"
    issues.cells(raw.file, column.column, rows, texts, problem, "warning", "kept")


def _place(column: Column) -> str:
    return f"column {column.column}"


def _undeclared(
    raw: Raw,
    column: Column,
    book: str,
    kind: Status,
    found: list[tuple[str, np.ndarray]],
    total: int,
    issues: Issues,
) -> None:
    """The error about what the codebook does not allow. Codes are shown, for they are the remedy; numbers, dates and
    long texts are not, because they may be somebody's own words or values: their rows lead to them."""
    remedy = f"add to values, missing or invalid in row {column.line} of {book}, or correct the file"
    if kind is Status.RANGE:
        remedy = f"correct range in row {column.line} of {book}, or declare the value under missing or invalid"
    first = sorted(int(row) for _, rows in found for row in rows[:10])[:10]
    listed = ", ".join(map(str, first)) + (", ..." if total > len(first) else "")
    place = f"column {column.column}, {'rows' if total > 1 else 'row'} {listed}"
    if column.type in ("item", "category"):
        codes = [f"{_code(text)} in {_rows(rows)}" for text, rows in found[:10]]
        more = f" and {len(found) - 10} more" if len(found) > 10 else ""
        what = f"{'code' if len(found) == 1 else 'codes'} not in the codebook: {'; '.join(codes)}{more}"
        place = f"column {column.column}"
    elif kind is Status.RANGE:
        what = f"{total} values outside the range" if total > 1 else "a value is outside the range"
    elif column.type == "date":
        what = f"{total} dates cannot be read" if total > 1 else "a date cannot be read"
        remedy = f"write their format (such as %d/%m/%Y) under values in row {column.line} of {book}"
    else:
        what = f"{total} cells are not numbers" if total > 1 else "a cell is not a number"
        if all(as_number(text, "," if raw.decimal == "." else ".") is not None for text, _ in found):
            what += f" (decimal mark {raw.decimal} was found in this file)"
    issues.error(what, raw.file, place, remedy)


def _code(text: str) -> str:
    text = re.sub(r"\s+", " ", text.strip())
    return f'"{text}"' if len(text) <= 24 else f"a text of {len(text)} characters"


def _rows(rows: np.ndarray) -> str:
    listed = ", ".join(str(int(row)) for row in rows[:5])
    return f"row {listed}" if len(rows) == 1 else f"{len(rows)} rows ({listed}{', ...' if len(rows) > 5 else ''})"
