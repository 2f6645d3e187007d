"""One table object, written as HTML, CSV, LaTeX and Word: the same cells everywhere.

Cells are text already in APA form (:mod:`alliance.reporting.apa`). The LaTeX and Word forms stand in
:mod:`alliance.reporting.tables_latex` and :mod:`alliance.reporting.tables_word`.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field

from alliance.reporting.apa import MINUS
from alliance.reporting.inline import plain, to_html
from alliance.spreadsheet import defused

_NUMBER = re.compile(r"[+-]?(\d[\d,]*)?\.?\d+%?$")


@dataclass(frozen=True)
class Column:
    """A column: its heading, whether it holds numbers, and the spanner above it (columns with one spanner stand
    together)."""

    label: str
    numeric: bool = True
    spanner: str = ""


@dataclass(frozen=True)
class Row:
    """The cells of a row, first the row's name; ``indent`` sets it under the heading above it."""

    cells: tuple[str, ...]
    indent: bool = False


@dataclass(frozen=True)
class Heading:
    """A line across the table that names the rows below it."""

    label: str


@dataclass
class Table:
    """A table with a caption and a note, in the order in which it is read.

    ``name`` is the file name without ending. Raises ValueError when a row does not have one cell per column.
    """

    name: str
    caption: str
    columns: list[Column]
    rows: list[Row | Heading] = field(default_factory=list)
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if isinstance(row, Row) and len(row.cells) != len(self.columns):
                raise ValueError(
                    f"table {self.name}: {len(row.cells)} cells for {len(self.columns)} columns in {row.cells}"
                )

    def add(self, *cells: str, indent: bool = False) -> None:
        """Append a row."""
        if len(cells) != len(self.columns):
            raise ValueError(f"table {self.name}: {len(cells)} cells for {len(self.columns)} columns in {cells}")
        self.rows.append(Row(tuple(cells), indent))

    def heading(self, label: str) -> None:
        """Append a line that names the rows below it."""
        self.rows.append(Heading(label))

    @property
    def body(self) -> list[Row]:
        """The rows without the headings."""
        return [row for row in self.rows if isinstance(row, Row)]

    def spanners(self) -> list[tuple[str, int]]:
        """Neighbouring columns under one spanner: (label, number of columns); empty when there are none."""
        groups: list[tuple[str, int]] = []
        for column in self.columns:
            if groups and column.spanner and groups[-1][0] == column.spanner:
                groups[-1] = (column.spanner, groups[-1][1] + 1)
            else:
                groups.append((column.spanner, 1))
        return groups if any(label for label, _ in groups) else []


def to_html_table(table: Table, *, caption: bool = True) -> str:
    """An accessible table: caption, ``scope`` on every heading, row names as headings of their rows."""
    out = [f'<table id="table-{table.name}">' if caption else "<table>"]
    out.append(f"<caption><span>{to_html(table.caption)}</span></caption>")
    out.append("<thead>")
    spanners = table.spanners()
    if spanners:
        cells = [
            f'<th scope="colgroup" colspan="{width}" class="spanner">{to_html(label)}</th>'
            if label
            else f'<td colspan="{width}"></td>'
            for label, width in spanners
        ]
        out.append(f"<tr>{''.join(cells)}</tr>")
    heads = [f'<th scope="col"{_kind(column)}>{to_html(column.label)}</th>' for column in table.columns]
    out.append(f"<tr>{''.join(heads)}</tr></thead>")
    out.append("<tbody>")
    for row in table.rows:
        if isinstance(row, Heading):
            out.append(
                f'<tr class="group"><th scope="rowgroup" colspan="{len(table.columns)}">{to_html(row.label)}</th></tr>'
            )
            continue
        first = f'<th scope="row"{" class=indent" if row.indent else ""}>{to_html(row.cells[0])}</th>'
        cells = [
            f"<td{_kind(c)}>{to_html(text)}</td>" for c, text in zip(table.columns[1:], row.cells[1:], strict=True)
        ]
        out.append(f"<tr>{first}{''.join(cells)}</tr>")
    out.append("</tbody></table>")
    if table.note:
        out.append(f'<p class="note"><em>Note.</em> {to_html(table.note)}</p>')
    return "".join(out)


def _kind(column: Column) -> str:
    return ' class="num"' if column.numeric else ""


def safe_cell(text: str) -> str:
    """A cell for a spreadsheet: numbers with an ASCII minus; other text that a spreadsheet would run as a formula is
    quoted."""
    text = plain(text)
    bare = text.replace(MINUS, "-")
    if _NUMBER.match(bare):
        return bare.replace(",", "")
    return defused(text)


def to_csv(table: Table) -> str:
    """The cells with a header line; a heading's label goes in a first column ``group``."""
    grouped = any(isinstance(row, Heading) for row in table.rows)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = [f"{c.spanner}: {c.label}" if c.spanner else c.label for c in table.columns]
    writer.writerow([*(["group"] if grouped else []), *(safe_cell(name) for name in names)])
    group = ""
    for row in table.rows:
        if isinstance(row, Heading):
            group = row.label
        else:
            writer.writerow([*([safe_cell(group)] if grouped else []), *(safe_cell(c) for c in row.cells)])
    return stream.getvalue()
