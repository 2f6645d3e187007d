"""Exports in the forms in which they arrive; what was found out is recorded."""

import gzip

import pandas as pd
import pytest
from alliance.errors import Stop
from alliance.study import read_codebook
from alliance.survey.clean import clean
from alliance.survey.issues import Issues
from alliance.survey.readers import read_raw, record

CODEBOOK = """\
input,column,variable,label,type,values,range,missing,invalid,dimension,reverse,role,wave
x,id,student_id,Student,id,,,,,,,,
x,q1,bond_1,Bond,item,1=Never; 2=Always,,-99,,bond,no,mentee,1
x,gpa,gpa,Points,number,,0..4,,,,,,
"""


@pytest.fixture
def read(tmp_path):
    (tmp_path / "codebook.csv").write_text(CODEBOOK)
    codebook = read_codebook(tmp_path / "codebook.csv")

    def reader(content=None, name="x.csv", **entry):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        raw = read_raw("x", {"path": str(path), "kind": "survey", "format": "csv", **entry}, codebook)
        issues = Issues()
        return clean(raw, codebook, ["strip"], issues), record(raw), issues, raw

    return reader


PLAIN = b"id,q1,gpa\na,1,3.5\nb,Always,2\n"
TIDY = [["a", 1, 3.5], ["b", 2, 2.0]]


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter", "decimal"),
    [
        (PLAIN, "UTF-8", ",", "."),
        (PLAIN.replace(b"\n", b"\r\n"), "UTF-8", ",", "."),
        (b"\xef\xbb\xbf" + PLAIN, "UTF-8 with BOM", ",", "."),
        (b"\xef\xbb\xbfid;q1;gpa\na;1;3,5\nb;Always;2\n", "UTF-8 with BOM", ";", ","),
        (PLAIN.replace(b",", b"\t"), "UTF-8", "tab", "."),
        ("id,q1,gpa\na,1,3.5\nb,Always,2\n".encode("utf-16"), "UTF-16", ",", "."),
        (b'"id","q1","gpa"\n"a","1","3.5"\n"b","Always","2"\n\n', "UTF-8", ",", "."),
        (b"id,q1,gpa,caf\xe9\na,1,3.5,\nb,Always,2,\n", "Windows-1252 (not UTF-8, no encoding declared)", ",", "."),
    ],
)
def test_encoding_delimiter_and_decimal_mark_are_found_and_recorded(read, content, encoding, delimiter, decimal):
    tidy, row, _, _ = read(content)
    assert tidy.to_numpy().tolist() == TIDY
    assert (row["encoding"], row["delimiter"], row["decimal"]) == (encoding, delimiter, decimal)
    assert (row["rows"], len(row["sha256"]), row["bytes"]) == (2, 64, len(content))


def test_declared_is_not_guessed(read):
    _, row, _, _ = read(
        PLAIN.replace(b",", b";").replace(b"3.5", b"3,5"), delimiter=";", decimal=",", encoding="latin-1"
    )
    assert (row["encoding"], row["delimiter"], row["decimal"]) == ("latin-1", ";", ",")


def test_points_and_commas_in_one_file_are_an_error_with_both_places(read):
    _, _, issues, _ = read(b"id;q1;gpa\na;1;3,5\nb;1;2.5\n")
    assert "decimal points and decimal commas" in str(issues.errors[0])
    assert "row 2, column gpa and row 1, column gpa" in str(issues.errors[0])


def test_line_breaks_delimiters_and_quotes_in_quoted_cells_stay_in_their_cell(read):
    tidy, row, _, _ = read(b'id,note,q1,gpa\na,"one, ""two""\nthree",1,3.5\nb,,Always,2\n')
    assert tidy.to_numpy().tolist() == TIDY
    assert row["rows"] == 2


def test_a_qualtrics_file_begins_after_its_third_row(read):
    text = 'id,q1,gpa\n"Your id\n(as on your card)",How,Points\n' + ",".join(
        f'"{{""ImportId"":""QID{i}""}}"' for i in range(3)
    )
    tidy, row, _, raw = read((text + "\na,1,3.5\nb,Always,2\n").encode(), format="qualtrics")
    assert tidy.to_numpy().tolist() == TIDY
    assert row["format"] == "Qualtrics, 3 header rows"
    assert raw.frame.index.tolist() == [1, 2], "rows are counted from the first response"


def test_gzip_excel_parquet_stata_and_spss_give_the_same(read, tmp_path):
    import pyreadstat

    frame = pd.DataFrame({"id": ["a", "b"], "q1": [1, 2], "gpa": [3.5, 2.0]})
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(PLAIN))
    with pd.ExcelWriter(tmp_path / "x.xlsx") as book:
        pd.DataFrame({"read me": ["first"]}).to_excel(book, sheet_name="About", index=False)
        frame.to_excel(book, sheet_name="Data", index=False)
    frame.to_parquet(tmp_path / "x.parquet")
    pyreadstat.write_dta(frame, str(tmp_path / "x.dta"))
    pyreadstat.write_sav(frame, str(tmp_path / "x.sav"))
    forms = {"x.csv.gz": "csv", "x.xlsx": "excel", "x.parquet": "parquet", "x.dta": "stata", "x.sav": "spss"}
    for name, form in forms.items():
        sheet = {"sheet": "Data"} if form == "excel" else {}
        tidy, _, issues, _ = read(None, name, format=form, **sheet)
        assert tidy.to_numpy().tolist() == TIDY, name
        assert issues.errors == []


def test_user_missing_codes_of_spss_are_kept_as_codes_and_never_taken_for_answers(read, tmp_path):
    import pyreadstat

    frame = pd.DataFrame({"id": ["a", "b", "c"], "q1": [1.0, 8.0, -99.0], "gpa": [3.5, 3.0, 2.0]})
    missing = {"q1": [8, -99], "gpa": [3]}
    labels = {"q1": {1: "Always", 2: "Never", 8: "Does not apply"}}
    pyreadstat.write_sav(
        frame,
        str(tmp_path / "x.sav"),
        missing_ranges={k: [{"lo": c, "hi": c} for c in v] for k, v in missing.items()},
        variable_value_labels=labels,
    )
    tidy, _, issues, raw = read(None, "x.sav", format="spss")
    assert raw.frame["q1"].tolist() == ["1", "8", "-99"]
    assert tidy["q1"].isna().tolist() == [False, True, True]
    assert tidy["gpa"].isna().tolist() == [False, True, False]
    listed = issues.frame().dropna(subset="row")[["row", "column", "value"]].to_numpy().tolist()
    assert listed == [[2, "q1", "8"], [2, "gpa", "3"]], "-99 stands in the codebook, the others do not"
    assert any("has another label in the file" in p.what for _, p in issues.remarks), "1 is Never in the codebook"


def test_a_sheet_that_is_not_there_names_those_that_are(read, tmp_path):
    pd.DataFrame({"id": ["a"]}).to_excel(tmp_path / "x.xlsx", sheet_name="Roster", index=False)
    with pytest.raises(Exception, match=r"has no sheet Students.*the sheets are Roster"):
        read(None, "x.xlsx", format="excel", sheet="Students")


def test_ten_thousand_columns(read):
    extra = ",".join(f"v{i}" for i in range(10_000))
    zeros = ",".join(["0"] * 10_000)
    tidy, row, _, _ = read(f"id,q1,gpa,{extra}\na,1,3.5,{zeros}\nb,Always,2,{zeros}\n".encode())
    assert tidy.to_numpy().tolist() == TIDY
    assert row["columns"] == 10_003


@pytest.mark.parametrize("opened", [1, 2])
def test_a_quote_that_is_never_closed_is_an_error_even_in_a_column_that_is_not_read(read, opened):
    rows = ["a,1,3.5,fine", 'b,2,2,"open', "c,1,3,fine", "d,1,3,fine" if opened == 1 else 'd,1,3,"open', "e,1,3,fine"]
    with pytest.raises(Stop, match="a quote is opened in column note and never closed"):
        read(("id,q1,gpa,note\n" + "\n".join(rows) + "\n").encode())


def test_numbers_without_end_are_no_numbers(read):
    _, _, issues, _ = read(b"id,q1,gpa\na," + b"1" * 5000 + b",1e999\n")
    assert [p.place for p in issues.errors] == ["column q1", "column gpa, row 1"]


@pytest.mark.parametrize(("column", "stops"), [("gpa", True), ("other", False)])
def test_formulas_without_a_stored_value_are_not_blank_cells(read, tmp_path, column, stops):
    rows = {"id": ["a", "b"], "q1": [1, 2], "gpa": [3.5, 2.0], "other": [1, 2]} | {column: ["=1+2", 2]}
    pd.DataFrame(rows).to_excel(tmp_path / "x.xlsx", index=False)
    if stops:
        with pytest.raises(Stop, match=r"column gpa: 1 formulas have no stored value -> open the workbook in Excel"):
            read(None, "x.xlsx", format="excel")
    else:
        assert read(None, "x.xlsx", format="excel")[0].to_numpy().tolist() == TIDY
