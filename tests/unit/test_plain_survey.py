"""An anonymous survey of numbers: rows without ids, test scores that measure, and groups made of a number."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from alliance.codebook import Column
from alliance.codebook_file import parse_codebook
from alliance.study import read_codebook, validate_config
from alliance.survey.check import check_study
from alliance.survey.describe import item_table
from alliance.survey.intake import run_intake
from alliance.survey.issues import Issues
from alliance.survey.sample import Study, build_sample
from alliance.survey.values import Status, meanings

CODEBOOK = """\
input,column,variable,label,type,values,range,missing,invalid,dimension,reverse,role,wave
tests,age,age_group,Age group,category,0..19=under 20; 20..29.9=20 to 29; 30..120=30 and over,,,,,,,
tests,x1,x1,Test 1,number,,,,,speed,no,pupil,1
tests,x2,x2,Test 2,number,,0..10,,,speed,yes,pupil,1
"""
TESTS = "age,x1,x2\n17,1.25,9.5\n29.5,2.5,0\n30,,4\n"


@pytest.fixture
def config(tmp_path: Path) -> dict:
    (tmp_path / "codebook.csv").write_text(CODEBOOK)
    (tmp_path / "tests.csv").write_text(TESTS)
    return {
        "study": {"name": "tests", "title": "Tests"},
        "seed": 1,
        "results": "results",
        "codebook": str(tmp_path / "codebook.csv"),
        "inputs": {"tests": {"path": str(tmp_path / "tests.csv"), "kind": "survey", "format": "csv"}},
        "ids": {"person": "row"},
        "roles": {"pupil": "Pupils"},
        "waves": {1: "Testing"},
        "instrument": {"name": "Two tests", "dimensions": {"speed": "Speed"}},
        "sample": {"frame": {"role": "pupil", "wave": 1}},
        "report": {"minimum_cell": 1},
    }


def sample_of(config: dict) -> tuple[pd.DataFrame, object]:
    codebook = read_codebook(config["codebook"])
    intake = run_intake(config, codebook)
    assert not intake.issues.errors
    study = Study(config, codebook, intake.responses, intake.students, intake.terms)
    return build_sample(study, Issues()).students, codebook


def test_each_row_of_a_file_without_ids_is_a_person(config):
    assert check_study(config)[0] == []
    sample, _ = sample_of(config)
    assert len(sample) == 3
    assert sample["student_id"].is_unique


def test_numbers_with_a_dimension_are_measured_and_reversed_within_their_range(config):
    sample, codebook = sample_of(config)
    assert sorted(sample["x2_pupil_w1"]) == [0.5, 6.0, 10.0]
    assert sample["x1_pupil_w1"].isna().sum() == 1
    table = item_table(sample, codebook, config)
    assert table["variable"].tolist() == ["x1", "x2"]
    assert not [c for c in table if c.startswith("share_")], "a number has no answer categories"


def test_ranges_make_groups_of_a_number(config):
    assert sorted(sample_of(config)[0]["age_group"]) == ["20 to 29", "30 and over", "under 20"]
    groups = Column(2, "x", "c", "v", type="category", codes={"0..19": "under 20", "20..120": "20 and over"})
    found = meanings(["19", "19.5", "20,0", "200", "under 20"], groups, decimal=",")
    assert found[0] == ("under 20", Status.ANSWER)
    assert found[2:] == [("20 and over", Status.ANSWER), (None, Status.UNKNOWN), ("under 20", Status.ANSWER)]
    assert found[1][1] is Status.UNKNOWN, "19.5 is no number where the decimal mark is a comma"


def test_rows_as_persons_cannot_be_linked_to_anything(config, tmp_path):
    config["inputs"]["roster"] = {"path": str(tmp_path / "tests.csv"), "kind": "students", "format": "csv"}
    problems = [p.what for p in validate_config(config)]
    assert any("one survey file without ids" in what for what in problems)


def test_a_reversed_number_needs_its_limits(tmp_path):
    (tmp_path / "book.csv").write_text(CODEBOOK.replace("0..10", ""))
    assert [p.what for p in parse_codebook(tmp_path / "book.csv")[1]] == ["a reversed number needs its limits"]
