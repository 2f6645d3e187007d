"""The flow adds up, whatever the filters; and the sample is its last box."""

import pandas as pd
import pytest
from alliance.study import read_codebook
from alliance.survey.flow import Flow
from alliance.survey.intake import run_intake
from alliance.survey.sample import Study, build_sample
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_study import FIRST, SECOND, tiny_study


def sample_of(config):
    intake = run_intake(config, read_codebook(config["codebook"]))
    study = Study(config, read_codebook(config["codebook"]), intake.responses, intake.students, intake.terms)
    sample = build_sample(study, intake.issues)
    assert intake.issues.errors == []
    return sample


def test_steps_are_counted_per_cohort_and_pooled(tmp_path):
    flow = sample_of(tiny_study(tmp_path)).flow
    pooled = flow[flow["cohort"] == "pooled"]
    assert pooled[["step", "n_in", "excluded", "n_out", "reason"]].to_numpy().tolist() == [
        ["frame", 4, 0, 4, ""],
        ["consent", 4, 1, 3, "No consent"],
        ["unlinked", 3, 0, 3, "Not on the roster"],
    ]
    assert flow.loc[flow["step"] == "consent", ["cohort", "excluded"]].to_numpy().tolist() == [
        ["2015", 1],
        ["2016", 0],
        ["pooled", 1],
    ]


def test_the_sample_has_one_row_per_student_with_roster_report_and_later_waves(tmp_path):
    sample = sample_of(tiny_study(tmp_path)).students.set_index("student_id").sort_index()
    assert sample.index.tolist() == ["S1", "S2", "S3"]
    assert sample["program"].tolist() == ["P1", "P1", "P2"]
    assert sample["bond_1_mentee_w1"].tolist() == [1, 3, pd.NA]
    assert sample["bond_2_mentee_w2"].tolist() == [2, pd.NA, pd.NA], "reversed; S3 left it open"
    assert sample["answered_mentee_w2"].tolist() == [True, False, True]
    assert sample["gpa"].tolist()[:2] == [3.5, 2.0]


def test_waves_tell_raw_kept_linked_and_used_reports(tmp_path):
    waves = sample_of(tiny_study(tmp_path)).waves
    second = waves[(waves["wave"] == 2) & (waves["cohort"] == "pooled")].iloc[0]
    assert second[["n_reports_raw", "n_kept", "n_linked", "n_in_sample"]].tolist() == [3, 2, 2, 2]


def test_a_report_of_a_later_wave_about_another_mentor_is_not_taken(tmp_path):
    sample = sample_of(tiny_study(tmp_path, second=SECOND.replace("S1,M1", "S1,M7"))).students.sort_values("student_id")
    assert sample["answered_mentee_w2"].tolist() == [False, False, True]


def test_a_student_with_two_mentors_has_one_row_and_the_flow_says_so(tmp_path):
    config = tiny_study(tmp_path, first=FIRST + "S1,M2,1,2,,3\n")
    config["sample"]["several_reports"] = "most_complete"
    result = sample_of(config)
    last = result.flow.iloc[-1]
    assert (last["step"], last["n_in"], last["excluded"], last["n_out"]) == ("several_reports", 4, 1, 3)
    assert result.students.set_index("student_id").loc["S1", "mentor_id"] == "M1"


def test_reports_without_id_or_cohort_leave_in_steps_of_their_own(tmp_path):
    config = tiny_study(tmp_path, first=FIRST + ",M1,1,1,1,2\nS77,M1,1,1,1,2\n")
    config["sample"]["filters"] = []
    flow = sample_of(config).flow
    pooled = flow[flow["cohort"] == "pooled"].set_index("step")
    assert pooled["excluded"].to_dict() == {"frame": 0, "identified": 1, "cohort": 1}
    assert flow.loc[(flow["step"] == "frame") & (flow["cohort"] == "unknown"), "n_out"].item() == 2


def test_without_roster_and_cohort_there_is_one_cohort_called_all(tmp_path):
    config = tiny_study(tmp_path)
    del config["inputs"]["roster"], config["inputs"]["terms"], config["sample"]["cohorts"]
    config["sample"] |= {"cohort": None, "cluster": None, "filters": []}
    result = sample_of(config)
    assert result.students["cohort"].unique().tolist() == ["all"]
    assert result.flow["cohort"].tolist() == ["all", "pooled"]
    assert result.students["gpa"].notna().sum() == 3


def test_students_as_the_frame_with_the_cohort_derived_from_terms(tmp_path):
    config = tiny_study(tmp_path)
    for name in ("first", "second"):
        del config["inputs"][name]
    config["sample"] = {
        "frame": "students",
        "cohort": {"derive": "first_fall"},
        "filters": [{"name": "p1", "reason": "Other program", "keep": {"variable": "program", "in": ["P1"]}}],
    }
    result = sample_of(config)
    assert result.students[["student_id", "cohort", "program"]].to_numpy().tolist() == [
        ["S1", "2015", "P1"],
        ["S2", "2016", "P1"],
    ]
    assert result.waves.empty


def test_a_flow_that_loses_rows_is_refused():
    flow = Flow(["a"])
    flow.open("frame", "Frame", pd.Series(["a", "a"]))
    flow.exclude("x", "X", "", pd.Series(["a"]), pd.Series([True]).to_numpy())
    with pytest.raises(AssertionError, match="does not begin where the last one ended"):
        flow.frame()


@settings(max_examples=100, deadline=None)
@given(
    cohorts=st.lists(st.sampled_from(["2015", "2016", "unknown"]), max_size=30),
    steps=st.lists(st.integers(0, 2**30), max_size=5),
)
def test_rows_in_are_rows_kept_plus_rows_excluded(cohorts, steps):
    rows = pd.Series(cohorts, dtype="str")
    flow = Flow(["2015", "2016", "unknown"])
    flow.open("frame", "Frame", rows)
    for number, bits in enumerate(steps):
        stay = pd.Series([bool(bits >> i & 1) for i in range(len(rows))], dtype=bool).to_numpy()
        flow.exclude(f"step_{number}", "Step", "", rows, stay)
        rows = rows[stay]
    table = flow.frame()
    assert (table["n_in"] - table["excluded"] == table["n_out"]).all()
    pooled = table[table["cohort"] == "pooled"]
    assert len(cohorts) == pooled["excluded"].sum() + len(rows)
    assert pooled["n_out"].iloc[-1] == len(rows)
