"""A table as a Word document in APA form: number and title above, three rules, note below. Same bytes on every run."""

from __future__ import annotations

import io
import zipfile

from alliance.reporting.inline import runs
from alliance.reporting.tables import Heading, Table

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip archive can hold


def to_docx(table: Table) -> bytes:
    """The bytes of a .docx file that holds this table. The archive's dates are fixed, so that equal tables are equal
    files."""
    from docx import Document
    from docx.shared import Pt

    document = Document()
    normal = document.styles["Normal"]
    normal.font.name = "Times New Roman"
    normal.font.size = Pt(10)
    normal.paragraph_format.space_after = Pt(1)  # once for all cells: a property of each would take most of the time
    caption = document.add_paragraph()
    caption.paragraph_format.space_after = Pt(6)
    _write(caption, table.caption)
    spanners = table.spanners()
    n_head = 2 if spanners else 1
    grid = document.add_table(rows=n_head + len(table.rows), cols=len(table.columns))
    cells = [list(row.cells) for row in grid.rows]  # grid.cell() searches the whole table each time
    if spanners:
        at = 0
        for label, width in spanners:
            cell = cells[0][at] if width == 1 else cells[0][at].merge(cells[0][at + width - 1])
            _fill(cell, label, centre=True)
            at += width
    for j, column in enumerate(table.columns):
        _fill(cells[n_head - 1][j], column.label, centre=column.numeric and j > 0)
    for i, row in enumerate(table.rows, n_head):
        if isinstance(row, Heading):
            _fill(cells[i][0].merge(cells[i][-1]), row.label)
            continue
        for j, text in enumerate(row.cells):
            _fill(
                cells[i][j],
                f"\u2003{text}" if j == 0 and row.indent else text,
                centre=table.columns[j].numeric and j > 0,
            )
    _rule(cells[0], "top")
    _rule(cells[n_head - 1], "bottom")
    _rule(cells[-1], "bottom")
    if table.note:
        _write(document.add_paragraph(), f"*Note.* {table.note}")
    stream = io.BytesIO()
    document.save(stream)
    return _fixed_dates(stream.getvalue())


def _write(paragraph, text: str) -> None:
    for style, part in runs(text):
        run = paragraph.add_run(part)
        if style == "italic":
            run.italic = True
        elif style == "bold":
            run.bold = True


def _fill(cell, text: str, *, centre: bool = False) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph = cell.paragraphs[0]
    if centre:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _write(paragraph, text)


def _rule(cells: list, edge: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for element in {id(cell._tc): cell._tc for cell in cells}.values():
        properties = element.get_or_add_tcPr()
        borders = properties.find(qn("w:tcBorders"))
        if borders is None:
            borders = OxmlElement("w:tcBorders")
            properties.append(borders)
        line = OxmlElement(f"w:{edge}")
        for key, value in (("val", "single"), ("sz", "6"), ("color", "000000")):
            line.set(qn(f"w:{key}"), value)
        borders.append(line)


def _fixed_dates(data: bytes) -> bytes:
    """The same archive with every date at the epoch: python-docx writes the clock's."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return out.getvalue()
