"""The codebook page and the Psych-DS file say what codebook and shared tables say, and nothing that is withheld."""

import json

import pandas as pd
import pytest
from alliance.reporting.codebook_page import codebook_html
from alliance.reporting.results import Results
from alliance.study import read_codebook
from alliance.survey.psych_ds import dataset_description

HEADER = "input,column,variable,label,type,values,range,missing,invalid,dimension,reverse,role,wave\n"
ROWS = (
    "s,id,student_id,Student,id,,,,,,,,\n"
    "s,q1,bond_1,My mentor & I <trust>,item,1=no; 2=partly; 3=yes,,,,bond,yes,mentee,1\n"
    "s,sex,gender,Gender,category,1=woman; 2=man; 3=another,,,,,,,\n"
    "s,gpa,gpa,Grades,number,,0..4,,,,,,\n"
    "s,x,unused,Unused,ignore,,,,,,,,\n"
)
CONFIG = {
    "study": {"name": "tiny", "title": "A tiny study", "simulated": True},
    "roles": {"mentee": "Mentee report"},
    "waves": {1: "First year"},
    "instrument": {"name": "Alliance, one item", "dimensions": {"bond": "Bond"}},
    "report": {"minimum_cell": 10},
}
ITEM = {"role": "mentee", "wave": 1, "variable": "bond_1", "n": 90, "missing": None, "mean": 2.4, "sd": 0.7}
SHARES = {"share_1": None, "share_2": 0.25, "share_3": 0.75, "share_4": None}


@pytest.fixture
def codebook(tmp_path):
    (tmp_path / "codebook.csv").write_text(HEADER + ROWS)
    return read_codebook(tmp_path / "codebook.csv")


@pytest.fixture
def page(codebook):
    levels = [("woman", 60, 0.6), ("man", 30, 0.3), ("another", None, None), ("(missing)", None, None)]
    described = [{"variable": "gender", "level": a, "cohort": "pooled", "n": n, "share": s} for a, n, s in levels]
    tables = {"describe_items": pd.DataFrame([ITEM | SHARES]), "describe_characteristics": pd.DataFrame(described)}
    return codebook_html(Results(CONFIG, tables), codebook, "body{}")


def test_every_variable_that_is_read_is_on_the_page_with_its_question(page):
    assert "<code>bond_1</code>" in page
    assert "My mentor &amp; I &lt;trust&gt;" in page, "text of the codebook is text"
    assert "turned at intake" in page
    assert "unused" not in page
    assert page.index("Mentee report, First year") < page.index("File s")


def test_answers_are_bars_with_words_and_what_is_withheld_is_an_open_frame(page):
    assert 'aria-label="no: withheld; partly: 25%; yes: 75%"' in page
    assert page.count('<rect class="open"') == 2, "one answer of the item, one gender"
    assert "M = 2.40, SD = 0.70" in page
    assert "another: withheld" in page
    assert "n withheld" in page, "the sum of the genders would tell the withheld one"
    assert "missing: few" in page


def test_the_page_needs_nothing_from_elsewhere(page):
    assert "http" not in page
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert page.count("<h1>") == 1
    assert '<th scope="row">' in page


def test_psych_ds_lists_the_variables_with_their_codes(codebook):
    about = json.loads(json.dumps(dataset_description(CONFIG, codebook)))
    assert about["@context"] == "https://schema.org/"
    assert about["@type"] == "Dataset"
    assert about["name"] == "tiny"
    assert "do not exist" in about["description"]
    variables = {v["name"]: v for v in about["variableMeasured"]}
    assert list(variables) == ["student_id", "bond_1_mentee_w1", "gender", "gpa"]
    item = variables["bond_1_mentee_w1"]
    assert (item["minValue"], item["maxValue"]) == (1, 3)
    assert [v["name"] for v in item["valueReference"]] == ["no", "partly", "yes"]
    assert "dimension: Bond" in item["description"]
    assert (variables["gpa"]["minValue"], variables["gpa"]["maxValue"]) == (0, 4)
