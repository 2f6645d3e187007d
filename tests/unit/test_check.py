"""Bad input ends in messages with file, place and remedy; all of them at once, and never in a traceback."""

import gzip

import pytest
from alliance.survey.check import check_study
from tiny_study import CODEBOOK, FIRST, ROSTER, SECOND, TERMS, changed, tiny_study


def problems_of(folder, config=None, **texts):
    config = config or tiny_study(folder, **texts)
    found, _ = check_study(config, "config.yaml")
    return [str(problem).replace(f"{folder.as_posix()}/", "") for problem in found]


def only(problems):
    assert len(problems) == 1, problems
    assert " -> " in problems[0]
    return problems[0]


def test_a_sound_study_passes_and_its_doubts_are_listed_without_values(tmp_path):
    problems, issues = check_study(tiny_study(tmp_path, first=changed(FIRST, 1, "b1", "7")))
    assert problems == []
    table = issues.check(minimum=2)
    assert "an entry error by the codebook: set to missing (<2 rows)" in table["problem"].tolist()
    assert table["severity"].tolist() == sorted(table["severity"], key=["error", "warning", "note"].index)


def test_missing_file(tmp_path):
    config = tiny_study(tmp_path)
    (tmp_path / "first.csv").unlink()
    expected = (
        "first.csv, config.yaml, key inputs.first: no such file -> put the file there, or change inputs.first.path"
    )
    assert only(problems_of(tmp_path, config)) == expected


def test_missing_codebook(tmp_path):
    config = tiny_study(tmp_path)
    (tmp_path / "codebook.csv").unlink()
    assert only(problems_of(tmp_path, config)).startswith("codebook.csv, config.yaml, key codebook: no such file")


def test_renamed_column(tmp_path):
    message = only(problems_of(tmp_path, first=FIRST.replace("b1,b2", "B_1,b2")))
    assert message.startswith('first.csv, header: column b1 is not in the file -> if it is now called "B_1", change')
    assert "row 5 of codebook.csv" in message


def test_unknown_answer_codes_come_with_counts_rows_and_the_row_of_the_codebook(tmp_path):
    text = changed(changed(FIRST, 2, "b1", "9"), 3, "b2", "Perhaps")
    first, second = problems_of(tmp_path, first=text)
    assert first == (
        'first.csv, column b1: code not in the codebook: "9" in row 2 -> '
        "add to values, missing or invalid in row 5 of codebook.csv, or correct the file"
    )
    assert '"Perhaps" in row 3' in second


def test_ids_numbers_and_long_texts_are_never_repeated_in_a_message(tmp_path):
    secret = "my mentor is Professor Example of Somewhere"
    text = changed(changed(FIRST, 2, "b1", secret), 1, "gpa", "17.25")
    for message in problems_of(tmp_path, first=text):
        assert secret not in message
        assert "17.25" not in message
        assert "row" in message


def test_cohort_without_rows(tmp_path):
    message = only(problems_of(tmp_path, roster=ROSTER.replace("2016", "2015")))
    assert message == (
        "the config, key sample.cohorts: cohort 2016 has no rows -> "
        "remove it, or look why no row has it: the data hold 2015"
    )


def test_a_cohort_that_the_filters_empty_names_the_step(tmp_path):
    first = changed(changed(FIRST, 2, "ok", "2"), 3, "ok", "2")
    assert "cohort 2016 has no rows left after the step consent" in only(problems_of(tmp_path, first=first))


def test_a_mistyped_key_of_the_config(tmp_path):
    config = tiny_study(tmp_path)
    config["descibe"] = config.pop("describe")
    assert only(problems_of(tmp_path, config)) == "config.yaml: unknown key descibe -> did you mean describe?"


def test_a_codebook_with_the_same_column_twice(tmp_path):
    message = only(problems_of(tmp_path, codebook=CODEBOOK + "first,gpa,gpa2,Again,number,,,,,,,,\n"))
    assert message.startswith("codebook.csv, row 18: column gpa of input first stands twice, first in row 7 -> ")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is a PNG picture, not CSV text"),
        (b"PK\x03\x04rest of a workbook", "is an Excel workbook or another zip archive, not CSV text"),
        (b"$FL2@(#) SPSS DATA FILE", "is an SPSS file, not CSV text -> write format: spss if that is meant"),
        (b"<!DOCTYPE html><html>Please log in</html>", "is a web page, not CSV text"),
        (b"id,mentor,ok\0,b1\n", "is a binary file, not CSV text"),
        (b"", "the file is empty -> export it again"),
        (b"id,mentor,ok,b1,b2,gpa\n", "has a header and no rows"),
        (b"\n\n", "has no header"),
        (FIRST.encode() + b"S5,M1,1\n", "1 rows do not have 6 fields (row 5 has 3)"),
        (FIRST.encode() + b'S5,"M1,1,2,2,3\nS6,M1,1,2,2,3\n', "quote"),
        (b"id,mentor,ok,b1,b1,b2,gpa\nS1,M1,1,1,2,2,3\n", "column b1 stands 2 times"),
        (FIRST.encode() + b"S5,M1,1,2,2,3\n" * 400 + b"S5,M\0,1,2,2,3\n", "NUL bytes"),
        (FIRST.encode() + b"S5,M\x81,1,2,2,3\n", "cannot be read as UTF-8 or Windows-1252"),
        (b"PAR1" + b"\0" * 100, "is a Parquet file, not CSV text"),
    ],
)
def test_a_file_that_is_not_what_it_should_be(tmp_path, content, what):
    config = tiny_study(tmp_path)
    (tmp_path / "first.csv").write_bytes(content)
    message = only(problems_of(tmp_path, config))
    assert message.startswith("first.csv, ")
    assert what in message


@pytest.mark.parametrize(
    ("form", "content", "what"),
    [
        ("spss", FIRST.encode(), "is a text file, not an SPSS .sav file -> write format: csv if that is meant"),
        ("spss", b"$FL2@(#) cut off", "cannot be read as an SPSS .sav file"),
        ("excel", FIRST.encode(), "is a text file, not an Excel .xlsx workbook"),
        ("excel", b"PK\x03\x04cut off", "cannot be read as an Excel .xlsx workbook"),
        ("excel", b"\xd0\xcf\x11\xe0old", "is an old or protected Office file"),
        ("stata", b"<stata_dta>cut off", "cannot be read as a Stata .dta file"),
        ("parquet", b"PAR1cut off", "cannot be read as a Parquet file"),
        ("qualtrics", FIRST.encode(), "the third row does not hold Qualtrics import ids"),
    ],
)
def test_a_file_that_is_not_what_its_format_says(tmp_path, form, content, what):
    config = tiny_study(tmp_path)
    (tmp_path / "first.csv").write_bytes(content)
    config["inputs"]["first"]["format"] = form
    assert what in only(problems_of(tmp_path, config))


def test_a_cut_off_gzip_file(tmp_path):
    config = tiny_study(tmp_path)
    (tmp_path / "first.csv.gz").write_bytes(gzip.compress(FIRST.encode() * 50)[:40])
    config["inputs"]["first"]["path"] = str(tmp_path / "first.csv.gz")
    assert "cannot be decompressed" in only(problems_of(tmp_path, config))


def test_conflicting_duplicates_on_the_roster_name_rows_and_columns(tmp_path):
    message = only(problems_of(tmp_path, roster=ROSTER + "s1,2016,P1\n"))
    assert (
        "roster.csv, column student_id: a student stands twice with facts that differ: rows 1 and 5 in cohort"
        in message
    )
    assert "S1" not in message


def test_equal_duplicates_on_the_roster_are_only_noted(tmp_path):
    problems, issues = check_study(tiny_study(tmp_path, roster=ROSTER + "s1,2015,P1\n"))
    assert problems == []
    assert issues.frame()["problem"].tolist().count("student stands twice") == 1


def test_ids_that_link_to_nobody(tmp_path):
    message = only(problems_of(tmp_path, terms=TERMS.replace("S", "X").replace("16X", "16S")))
    assert message.startswith("terms.csv, input terms: not one student_id is on the roster -> compare how ids")


def test_term_codes_that_the_calendar_cannot_read(tmp_path):
    message = only(problems_of(tmp_path, terms=TERMS.replace("2016S", "SP16")))
    assert message.startswith(
        'terms.csv, column term: 1 term codes cannot be read: "SP16" -> change pattern and seasons'
    )


def test_all_problems_of_all_files_come_at_once(tmp_path):
    config = tiny_study(
        tmp_path,
        first=changed(FIRST, 1, "b1", "9"),
        second=SECOND.replace("b1", "c1"),
        codebook=CODEBOOK + "roster,id,other,Again,text,,,,,,,,\n",
    )
    (tmp_path / "terms.csv").write_bytes(b"\x89PNG")
    config["sead"] = 1
    problems = problems_of(tmp_path, config)
    for word in ('"9" in row 1', "column b1 is not in the file", "stands twice", "PNG", "unknown key sead"):
        assert sum(word in problem for problem in problems) == 1, (word, problems)
    assert len(problems) == 5


def test_a_cohort_without_rows_is_found_though_another_file_is_broken(tmp_path):
    config = tiny_study(tmp_path, roster=ROSTER.replace("2016", "2015"))
    (tmp_path / "second.csv").write_bytes(b"\x89PNG")
    problems = problems_of(tmp_path, config)
    assert len(problems) == 2
    assert "cohort 2016 has no rows" in problems[1]


def test_columns_that_the_codebook_does_not_know_are_a_warning(tmp_path):
    first = "\n".join(f"{line},x" for line in FIRST.strip().split("\n")).replace(",x", ",extra", 1) + "\n"
    problems, issues = check_study(tiny_study(tmp_path, first=first))
    assert problems == []
    row = issues.check(minimum=2).iloc[0]
    assert (row["severity"], row["place"]) == ("warning", "column extra")


def test_a_file_about_something_else_names_every_column_that_it_lacks(tmp_path):
    problems = problems_of(tmp_path, first="name,price\nTea,3\n")
    assert len(problems) == 6
    assert all("is not in the file" in problem for problem in problems)


def test_a_file_without_a_last_line_break_is_read_with_a_note(tmp_path):
    problems, issues = check_study(tiny_study(tmp_path, first=FIRST.rstrip("\n")))
    assert problems == []
    assert any("cut off" in problem.what for _, problem in issues.remarks)
