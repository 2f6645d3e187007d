"""Excel workbooks as text: the stored values of one sheet, whatever its formats show."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from alliance.errors import Problem, Stop
from alliance.survey.layouts import Header, header_rows, read_header
from alliance.survey.read_binary import as_text
from alliance.survey.readers import Raw

LARGEST = 2 * 1024**3  # bytes of a workbook when it is unpacked


def read_excel(name: str, file: str, entry: Mapping[str, Any], wanted: Sequence[str] | None) -> Raw:
    """One sheet of an Excel workbook with the header of its platform; formulas give their stored value."""
    import openpyxl
    import pandas as pd

    _refuse_bomb(file, name)
    book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    sheet = entry.get("sheet") or book.sheetnames[0]
    if sheet not in book.sheetnames:
        remedy = f"the sheets are {', '.join(book.sheetnames)}"
        raise Stop("intake", Problem(f"has no sheet {sheet}", file, f"key inputs.{name}.sheet", remedy))
    found = ([as_text(value) for value in row] for row in book[sheet].iter_rows(values_only=True))
    rows = [row for row in found if any(row)]
    book.close()
    if not rows:
        raise Stop("intake", Problem("the sheet is empty", file, f"sheet {sheet}", "name another sheet"))
    top = 1 if entry["format"] == "excel" else header_rows(entry)
    if len(rows) < top:
        what = f"has {len(rows)} rows, of which {top} should be the header"
        raise Stop("intake", Problem(what, file, f"sheet {sheet}", "export the file again"))
    width = max(i + 1 for row in rows[:top] for i, cell in enumerate(row) if cell)
    head = [(row + [""] * width)[:width] for row in rows[:top]]
    body = [(row + [""] * width)[:width] for row in rows[top:]]
    if entry["format"] == "excel":
        header = Header(head[0], "Excel")
    else:
        header = read_header(head, body[:2], {**entry, "name": name}, file)
    names = header.names
    columns = {c: [row[names.index(c)] for row in body] for c in header.chosen(wanted)}
    _refuse_empty_formulas(file, sheet, name, {i: names[i] for i in range(width) if names[i] in columns})
    frame = pd.DataFrame(columns, index=pd.RangeIndex(1, len(body) + 1), dtype="str")
    raw = Raw(name, file, frame, names, f"{header.called}, sheet {sheet}", labels=header.labels)
    beyond = sum(any(row[width:]) for row in rows[top:])
    if beyond:
        raw.repaired.append(f"{beyond} rows have cells right of the last column with a name: those are not read")
    return raw


def _refuse_empty_formulas(file: str, sheet: str, name: str, read: Mapping[int, str]) -> None:
    """Formulas whose value was never stored would be read as blank cells. ``read``: place and name of the columns."""
    import openpyxl

    with zipfile.ZipFile(file) as archive:
        parts = [n for n in archive.namelist() if n.startswith("xl/worksheets/")]
        if not any(b"<f>" in (part := archive.read(n)) or b"<f " in part for n in parts):
            return
    books = [openpyxl.load_workbook(file, read_only=True, data_only=stored) for stored in (False, True)]
    empty: dict[str, int] = {}
    for formulas, values in zip(*(book[sheet].iter_rows(values_only=True) for book in books), strict=True):
        for i, column in read.items():
            if i < len(formulas) and formulas[i] is not None and values[i] is None:
                empty[column] = empty.get(column, 0) + 1
    for book in books:
        book.close()
    if empty:
        what = f"{sum(empty.values())} formulas have no stored value"
        remedy = "open the workbook in Excel and save it, or replace the formulas by their values"
        place = f"input {name}, sheet {sheet}, column {', '.join(list(empty)[:5])}"
        raise Stop("intake", Problem(what, file, place, remedy))


def _refuse_bomb(file: str, name: str) -> None:
    """A zip archive can hold a thousand times its size; nobody's survey does."""
    with zipfile.ZipFile(file) as archive:
        sizes = [(member.file_size, member.compress_size) for member in archive.infolist()]
    if sum(size for size, _ in sizes) > LARGEST or any(s > 50e6 and s > 300 * max(c, 1) for s, c in sizes):
        what, remedy = "holds far more data than its size allows for", "save its sheet as CSV and name that file"
        raise Stop("intake", Problem(what, file, f"input {name}", remedy))
