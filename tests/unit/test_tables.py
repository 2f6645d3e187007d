"""One table, four forms."""

from __future__ import annotations

import csv
import io
import zipfile
from html.parser import HTMLParser

import pytest
from alliance.reporting.inline import escape, plain, to_html, to_latex
from alliance.reporting.tables import Column, Table, safe_cell, to_csv, to_html_table
from alliance.reporting.tables_latex import to_latex_table
from alliance.reporting.tables_word import to_docx


@pytest.fixture
def table() -> Table:
    made = Table(
        "links",
        "Odds & ratios",
        [Column("Term", numeric=False), Column("*b*", spanner="Model 1"), Column("*p*", spanner="Model 1")],
        note="*p* two-sided.",
    )
    made.heading("Enrolled")
    made.add("Bond", "−0.25", "< .001", indent=True)
    made.add("Goal", "1.50 [1.20, 1.88]", ".012", indent=True)
    return made


def test_a_row_needs_a_cell_for_every_column(table):
    with pytest.raises(ValueError, match="2 cells for 3 columns"):
        table.add("Task", "1")


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_html_can_be_read_aloud(table):
    html = to_html_table(table)
    tags = Tags()
    tags.feed(html)
    heads = [attrs.get("scope") for tag, attrs in tags.found if tag == "th"]
    assert heads == ["colgroup", "col", "col", "col", "rowgroup", "row", "row"]
    assert "<caption><span>Odds &amp; ratios</span></caption>" in html
    assert "<em>p</em>" in html
    assert "&lt;\u00a0.001" not in html.partition("<tbody>")[0]


def test_csv_has_numbers_that_a_spreadsheet_reads_and_no_formula(table):
    table.add('=HYPERLINK("x")', "−1,204.5", "@cmd")
    rows = list(csv.reader(io.StringIO(to_csv(table))))
    assert rows[0] == ["group", "Term", "Model 1: b", "Model 1: p"]
    assert rows[1] == ["Enrolled", "Bond", "-0.25", "< .001"]
    assert rows[3] == ["Enrolled", '\'=HYPERLINK("x")', "-1204.5", "'@cmd"]


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-cmd", "@x", "\tx"])
def test_text_that_a_spreadsheet_would_run_is_quoted(text):
    assert safe_cell(text).startswith("'")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("−.05", "-.05"),
        ("+4.2", "+4.2"),
        ("−2.0 [−12.1, 8.1]", "−2.0 [−12.1, 8.1]"),
        ("84.3%", "84.3%"),
        ("—", "—"),
        ("a*b", "a*b"),
    ],
)
def test_other_cells_stay(text, cell):
    assert safe_cell(escape(text)) == cell


def test_latex_escapes_what_latex_would_interpret(table):
    latex = to_latex_table(table)
    assert r"\caption{Odds \& ratios}" in latex
    assert r"\multicolumn{2}{c}{Model 1}" in latex
    assert r"\cmidrule(lr){2-3}" in latex
    assert r"\quad Bond & $-$0.25 & $<$ .001 \\" in latex
    assert to_latex("50% of *n*_1") == r"50\% of \textit{n}\_1"


def test_word_file_holds_the_cells_and_is_the_same_each_time(table):
    from docx import Document

    data = to_docx(table)
    assert data == to_docx(table)
    document = Document(io.BytesIO(data))
    assert document.paragraphs[0].text == "Odds & ratios"
    assert document.paragraphs[-1].text == "Note. p two-sided."
    assert [cell.text for cell in document.tables[0].rows[3].cells] == ["\u2003Bond", "−0.25", "< .001"]
    assert {entry.date_time[0] for entry in zipfile.ZipFile(io.BytesIO(data)).infolist()} == {1980}


def test_markup_renders_once():
    assert to_html("**not** <b> *p* \\* end") == "<strong>not</strong> &lt;b&gt; <em>p</em> * end"
    assert plain("*r* = .81, 95% CI [.77, .85]") == "r = .81, 95% CI [.77, .85]"
    assert to_html("*p* = .012, 95% CI [.77, .85]") == "<em>p</em>\u00a0=\u00a0.012, 95%\u00a0CI\u00a0[.77,\u00a0.85]"
