"""One cell at a time: answers, missing codes, entry errors, and what nobody has declared."""

import pandas as pd
import pytest
from alliance.codebook import Column
from alliance.study import read_codebook
from alliance.survey.ids import normalise
from alliance.survey.intake import run_intake
from alliance.survey.values import Status, meanings
from tiny_study import FIRST, changed, tiny_study


def understood(texts, decimal=".", **column):
    return meanings(texts, Column(2, "x", "c", "v", **column), decimal=decimal)


AGREE = {"1": "Strongly disagree", "2": "Disagree", "3": "It's fine"}


def test_items_come_as_codes_or_labels_in_any_case_and_with_decimals():
    found = understood(["1", "2.0", "3,00", " strongly  DISAGREE ", "It\u2019s fine"], type="item", codes=AGREE)
    assert found == [(v, Status.ANSWER) for v in (1, 2, 3, 1, 3)]


def test_reversed_items_are_turned_by_the_range_of_the_codebook():
    values = [value for value, _ in understood(["1", "3", "Disagree"], type="item", codes=AGREE, reverse=True)]
    assert values == [3, 1, 2]
    assert understood(["0", "6"], type="item", range=(0, 6), reverse=True) == [(6, Status.ANSWER), (0, Status.ANSWER)]


def test_blank_missing_invalid_and_unknown_are_four_things():
    column = {"type": "item", "codes": AGREE, "missing": {"-99": "refused", "90..99": ""}, "invalid": ("7",)}
    status = [s for _, s in understood(["", "  ", "-99", "-99.0", "95", "7", "4", "Maybe", "1.5"], **column)]
    assert status == [Status.BLANK] * 2 + [Status.MISSING] * 3 + [Status.INVALID] + [Status.UNKNOWN] * 3


def test_missing_codes_are_per_column():
    assert understood(["9"], type="item", codes={str(k): f"a{k}" for k in range(1, 10)})[0][0] == 9
    assert understood(["9"], type="item", codes=AGREE, missing={"9": ""})[0] == (None, Status.MISSING)


def test_categories_become_the_words_of_the_codebook_and_open_ones_stay():
    assert understood(["1", "YES", "no"], type="category", codes={"1": "yes", "2": "no"}) == [
        (word, Status.ANSWER) for word in ("yes", "yes", "no")
    ]
    assert understood(["Physics "], type="category") == [("Physics", Status.ANSWER)]


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [("3.25", ".", 3.25), ("3,25", ",", 3.25), ("-1e3", ".", -1000.0), (".5", ".", 0.5), ("7", ",", 7.0)],
)
def test_numbers(text, decimal, value):
    assert understood([text], decimal, type="number") == [(value, Status.ANSWER)]


@pytest.mark.parametrize("text", ["1,234.5", "3.2.1", "abc", "1 000", "0x10", "nan", "inf", "--1", "3,25"])
def test_what_is_no_number_is_never_read_as_one(text):
    assert understood([text], type="number")[0][1] is Status.UNKNOWN


def test_numbers_out_of_range():
    assert [s for _, s in understood(["4.0", "4.01"], type="number", range=(0, 4))] == [Status.ANSWER, Status.RANGE]


def test_dates_are_iso_or_day_month_year_and_other_forms_are_declared():
    found = [v for v, _ in understood(["2016-03-07", "2016-03-07 10:00:00", "7.3.2016"], type="date")]
    assert found == ["2016-03-07"] * 3
    assert [s for _, s in understood(["03/07/2016", "31.2.2016"], type="date")] == [Status.UNKNOWN] * 2
    assert understood(["03/07/2016"], type="date", date_format="%m/%d/%Y")[0][0] == "2016-03-07"
    assert understood(["2014-01-01"], type="date", window=("2015-01-01", "2016-01-01"))[0][1] is Status.RANGE


STEPS = ["strip", "uppercase", "drop_email_domain", "drop_punctuation", "drop_leading_zeros"]


@pytest.mark.parametrize("text", ["0012345a", " 12345A ", "0012345A@UNI.EDU", "001-2345-a", "12345_a"])
def test_one_student_written_in_many_ways_is_one(text):
    assert normalise(text, STEPS) == "12345A"


def test_ids_that_a_spreadsheet_made_decimal_are_whole_again():
    assert normalise("1234.0", STEPS) == "1234"
    assert normalise("m-0109", STEPS) == normalise("M109", STEPS) == "M109"
    assert normalise("000", STEPS) == "0"


def test_reports_students_and_terms_of_a_study(tmp_path):
    config = tiny_study(tmp_path)
    intake = run_intake(config, read_codebook(config["codebook"]))
    assert intake.issues.errors == []
    first = intake.responses[intake.responses["wave"] == 1]
    assert first["student_id"].tolist() == ["S1", "S2", "S3", "S4"]
    assert first["bond_1"].tolist() == [1, 3, pd.NA, 2]
    assert first["bond_2"].tolist() == [2, 1, 3, 2], "reversed"
    assert first["consent"].tolist() == ["yes", "yes", "yes", "no"]
    assert str(first["bond_1"].dtype) == "Int64"
    assert intake.students["cohort"].tolist() == ["2015", "2016", "2016", "2015"]
    assert intake.terms.columns.tolist()[:4] == ["student_id", "term", "field", "institution"]
    assert intake.degrees.empty


def test_issues_name_file_row_column_and_value_and_the_summary_hides_small_counts(tmp_path):
    config = tiny_study(tmp_path, first=changed(changed(FIRST, 1, "b1", "7"), 4, "id", " "))
    issues = run_intake(config, read_codebook(config["codebook"])).issues
    cells = issues.frame().dropna(subset="row")
    listed = cells[cells["problem"] != "the student is not on the roster"]
    assert listed[["row", "column", "value", "severity", "action"]].to_numpy().tolist() == [
        [1, "b1", "7", "warning", "set to missing"],
        [4, "id", "", "warning", "kept without a link"],
    ]
    summary = issues.summary(10)
    assert "value" not in summary
    assert set(summary["n"]) == {"<10", ""}, "what is about a whole file has no count"


def test_a_wide_file_gives_one_report_for_each_role_and_wave_that_has_answers(tmp_path):
    header = "input,column,variable,label,type,values,range,missing,invalid,dimension,reverse,role,wave\n"
    rows = ["wide,id,student_id,,id,,,,,,,,", "wide,sex,sex,,category,,,,,,,,"]
    rows += [f"wide,b{w},bond_1,,item,1=No; 2=Yes,,,,bond,no,mentee,{w}" for w in (1, 2)]
    config = tiny_study(tmp_path, codebook=header + "\n".join(rows) + "\n", wide="id,sex,b1,b2\ns1,f,1,2\ns2,m,2,\n")
    config["inputs"] = {"wide": {"path": str(tmp_path / "wide.csv"), "kind": "survey", "format": "csv"}}
    responses = run_intake(config, read_codebook(config["codebook"])).responses
    assert responses[["row", "wave", "student_id", "sex", "bond_1"]].to_numpy().tolist() == [
        [1, 1, "S1", "f", 1],
        [1, 2, "S1", "f", 2],
        [2, 1, "S2", "m", 2],
    ]
