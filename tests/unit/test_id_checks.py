"""Doubts about ids and records: found with their rows, counted without values, and nothing is changed by them."""

import pandas as pd
import pytest
from alliance.study import read_codebook
from alliance.survey.id_checks import ways
from alliance.survey.intake import run_intake
from tiny_study import FIRST, ROSTER, TERMS, changed, tiny_study

DEGREES = "id,term\nS1,2019S\n"
MORE = """\
degrees,id,student_id,Student,id,,,,,,,,
degrees,term,term,Term,text,,,,,,,,
terms,place,institution,Institution,text,,,,,,,,
"""


def issues_of(config):
    return run_intake(config, read_codebook(config["codebook"])).issues


def rows_of(issues, words):
    """(raw row, value) of the issues whose problem holds these words."""
    found = issues.frame()
    found = found[found["problem"].str.contains(words, regex=False)]
    return [(int(r), v) for r, v in zip(found["row"], found["value"], strict=True)]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["s1", "S1"], ["case"]),
        (["S1 2", "S1  2"], ["spaces"]),
        (["S01", "S1"], ["leading zeros"]),
        (["S-1", "S1"], ["punctuation"]),
        (["s1@x.edu", "s1"], ["the domain of the address"]),
        (["s1@x.edu", "S01"], ["case", "the domain of the address", "leading zeros"]),
    ],
)
def test_how_two_spellings_differ(texts, found):
    assert ways(texts) == found


def test_spellings_of_one_id_are_noted_by_what_differs(tmp_path):
    issues = issues_of(tiny_study(tmp_path, first=FIRST + "S-1,M1,1,1,2,3\nS3,M2,1,2,2,2\n"))
    assert rows_of(issues, "spellings that differ in leading zeros") == [
        (1, "s-01"), (3, "s03"), (5, "S-1"), (6, "S3"),
    ]  # fmt: skip
    assert rows_of(issues, "spellings that differ in case") == [(1, "s-01"), (3, "s03"), (5, "S-1"), (6, "S3")]


def test_one_name_at_two_domains_is_a_warning(tmp_path):
    issues = issues_of(tiny_study(tmp_path, first=changed(FIRST, 3, "id", "s02@y.edu")))
    found = issues.frame().query("problem.str.contains('several domains')")
    assert found[["row", "severity"]].to_numpy().tolist() == [[2, "warning"], [3, "warning"]]


def test_ids_that_nearly_are_one_are_told_apart_from_the_roster_and_kept(tmp_path):
    config = tiny_study(tmp_path)
    config["ids"]["normalise"] = ["strip", "uppercase"]
    intake = run_intake(config, read_codebook(config["codebook"]))
    found = rows_of(intake.issues, "differs from another id only in")
    assert (1, "S-01") in found
    assert (2, "S02@X.EDU") in found
    assert not {"S001", "S2", "S3", "S4"} & {value for _, value in found}, "those stand on the roster"
    assert "S-01" in set(intake.responses["student_id"])


def test_repeated_reports_with_the_same_and_with_other_answers(tmp_path):
    first = FIRST + "S1,M1,1,1,2,2.0\nS2,M1,1,2,2,2\nS3,M9,1,1,1,1\n"
    issues = issues_of(tiny_study(tmp_path, first=first))
    assert [row for row, _ in rows_of(issues, "same mentor, with the same answers")] == [1, 5]
    assert [row for row, _ in rows_of(issues, "same mentor, with different answers")] == [2, 6]


def test_rows_of_strangers_are_listed(tmp_path):
    issues = issues_of(tiny_study(tmp_path, terms=TERMS + "X7,2015F,11\n"))
    assert rows_of(issues, "not on the roster") == [(3, "S9"), (6, "X7")]


def registrar(folder, terms, degrees=DEGREES, roster=ROSTER):
    from tiny_study import CODEBOOK

    config = tiny_study(folder, codebook=CODEBOOK + MORE, terms=terms, roster=roster)
    (folder / "degrees.csv").write_text(degrees)
    config["inputs"]["degrees"] = {"path": str(folder / "degrees.csv"), "kind": "degrees", "format": "csv"}
    return issues_of(config)


def test_impossible_sequences_of_terms(tmp_path):
    terms = """\
id,term,cip,place
S1,2015F,11.01,A
S1,2015F,11.01,A
S1,2016S,11.01,A
S1,2016S,14.01,A
S1,2016F,14.01,A
S1,2016F,14.01,B
S1,2019S,14.01,A
S1,2021F,14.01,A
S2,2015S,50.01,A
S2,2016U,50.01,A
S2,2016F,50.01,A
S2,2022F,50.01,A
"""
    issues = registrar(tmp_path, terms, "id,term\nS1,2019S\nS2,2014F\nS4,2019S\n")
    assert rows_of(issues, "a term stands twice") == [(1, "2015F"), (2, "2015F"), (3, "2016S"), (4, "2016S")]
    assert [r for r, _ in rows_of(issues, "twice with facts that differ")] == [3, 4]
    assert [r for r, _ in rows_of(issues, "one term at two institutions")] == [5, 6]
    assert rows_of(issues, "enrolled 2 years or more after a degree") == [(8, "2021F"), *[(r, t) for r, t in LATE]]
    assert rows_of(issues, "a term before the student's entry") == [(9, "2015S")], "the summer before counts as entry"
    assert rows_of(issues, "a degree before the student's entry") == [(2, "2014F")]
    assert rows_of(issues, "a degree before the student's first term") == [(2, "2014F")]
    assert rows_of(issues, "the first term after 5 years or more away") == [(12, "2022F")]
    assert rows_of(issues, "a degree without any term") == [(3, "S4")]


LATE = [(11, "2016F"), (12, "2022F")]  # S2's degree of 2014 cannot be right, so its later terms are noted too


def test_the_summary_has_counts_and_no_values_and_the_gravest_comes_first(tmp_path):
    issues = issues_of(tiny_study(tmp_path, first=changed(FIRST, 3, "id", "s02@y.edu")))
    table = issues.summary(minimum=3)
    assert table["severity"].tolist() == sorted(table["severity"], key=["error", "warning", "note"].index)
    assert "s02" not in table.to_csv().lower()
    by = table.set_index("problem")["n"]
    assert by["one name at several domains: these may be several persons"] == "<3"
    many = issues_of(tiny_study(tmp_path, terms=TERMS + "".join(f"X{k},2015F,11\n" for k in range(7))))
    assert "3 or more" in set(many.summary(minimum=3).set_index("problem")["n"]["the student is not on the roster"])
    assert by["no key for pseudonyms: the private results hold the ids of the files"] == ""


def test_with_a_key_the_private_list_names_nobody(tmp_path, monkeypatch):
    config = tiny_study(tmp_path, first=changed(FIRST, 1, "b1", "7"))
    config["ids"]["key"] = {"env": "STUDY_KEY"}
    monkeypatch.setenv("STUDY_KEY", "0123456789abcdef0123")
    listed = issues_of(config).frame()
    assert listed.loc[listed["problem"] == "the student is not on the roster", "value"].tolist() == [""]
    assert listed.loc[listed["column"] == "b1", "value"].tolist() == ["7"], "answers are no ids"
    assert pd.notna(listed.loc[listed["problem"] == "the student is not on the roster", "row"]).all()
