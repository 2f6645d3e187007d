"""No cell of an exported table is a formula; numbers stay numbers."""

import pandas as pd
import pytest
from alliance.spreadsheet import defused, write_csv

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", ' =HYPERLINK("x")', "-", "--5"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_is_quoted(text):
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["-5", "+3.2", "-.5", "-1e-05", "-12%", "", "yes", "a=b", "12-15", -4, 0.5, None, True]
)
def test_numbers_and_other_text_stay(text):
    assert defused(text) is text


def test_a_table_is_written_without_formulas_and_read_back_with_its_numbers(tmp_path):
    table = pd.DataFrame(
        {
            "=level": pd.Categorical(["=1+1", "no", "no"]),
            "n": pd.array([1, None, -3], "Int64"),
            "x": [-0.5, 2.0, float("nan")],
            "value": ["-99", "@x", None],
            "op": ["=~", "~~", "~"],
        }
    )
    before = table.copy()
    write_csv(table, tmp_path / "t.csv", keep=["op"])
    pd.testing.assert_frame_equal(table, before)
    read = pd.read_csv(tmp_path / "t.csv")
    assert read.columns.tolist() == ["'=level", "n", "x", "value", "op"]
    assert read["'=level"].tolist() == ["'=1+1", "no", "no"]
    assert read["x"][0] == -0.5
    assert read["n"][2] == -3
    assert read["value"].tolist()[:2] == ["-99", "'@x"]
    assert read["op"].tolist() == ["=~", "~~", "~"]
