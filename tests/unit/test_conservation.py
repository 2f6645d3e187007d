"""Whatever the data and the order of the filters: rows in are rows kept and rows excluded, and none is created."""

import numpy as np
import pandas as pd
import pytest
from alliance.survey.issues import Issues
from alliance.survey.sample import build_sample
from hypothesis import given, settings
from hypothesis import strategies as st
from survey_frames import study

FILTERS = [
    {"name": "consent", "reason": "No consent", "keep": {"variable": "consent", "in": ["yes"]}},
    {"name": "unlinked", "reason": "Not on the roster", "on_roster": True},
    {"name": "repeated", "reason": "Repeated", "duplicates": "most_complete"},
    {"name": "straight", "reason": "Straight-liner", "longstring": 6},
    {"name": "outlier", "reason": "Unusual answers", "careless": {"index": "mahalanobis", "cut": 0.95}},
    {"name": "hasty", "reason": "Too fast", "careless": {"index": "seconds_per_item", "cut": 4}},
    {"name": "answered", "reason": "Too few answers", "answered": 0.7},
]
DURATION = {"duration": {"seconds": "seconds"}}
STUDIES = st.fixed_dictionaries(
    {
        "filters": st.permutations(FILTERS).flatmap(lambda f: st.integers(0, len(f)).map(lambda n: f[:n])),
        "seed": st.integers(0, 2**20),
        "students": st.sampled_from([12, 40, 90]),
    }
)


def sample_of(made):
    return build_sample(made, Issues())


@settings(max_examples=6, deadline=None)
@given(STUDIES)
def test_rows_in_are_rows_kept_and_rows_excluded_by_reason(drawn):
    made = study(**drawn, careless=DURATION)
    sample = sample_of(made)
    flows = [(made.frame, sample.flow)]
    flows += [(key, part) for key, part in sample.flow_reports.groupby(["role", "wave"])]
    for (role, wave), flow in flows:
        assert (flow["n_in"] - flow["excluded"] == flow["n_out"]).all()
        assert (flow[["n_in", "excluded", "n_out"]] >= 0).all().all()
        pooled = flow[flow["cohort"] == "pooled"]
        assert pooled["n_in"].iloc[0] == len(made.reports(role, wave)), "every raw row enters"
        assert pooled["n_in"].iloc[0] == pooled["excluded"].sum() + pooled["n_out"].iloc[-1]
        assert pooled["n_out"].iloc[-1] == sample.students[f"answered_{role}_w{wave}"].sum()
        cohorts = flow[flow["cohort"] != "pooled"].groupby("order")[["n_in", "excluded", "n_out"]].sum()
        assert (cohorts.to_numpy() == pooled[["n_in", "excluded", "n_out"]].to_numpy()).all()
    for cohort in set(sample.students["cohort"]):
        mine = sample.flow[sample.flow["cohort"] == cohort]
        assert mine["n_out"].iloc[-1] == (sample.students["cohort"] == cohort).sum()
    links = sample.linkage
    assert (links["matched"] + links["only_left"] == links["n_left"]).all()
    assert (links["matched"] + links["only_right"] == links["n_right"]).all()


@settings(max_examples=4, deadline=None)
@given(STUDIES)
def test_every_row_of_the_sample_is_a_raw_row_and_none_is_there_twice(drawn):
    made = study(**drawn, careless=DURATION)
    sample = sample_of(made).students
    assert sample["student_id"].is_unique
    given_ids = ["item_1", "item_2", "item_3", "item_4", "item_5", "item_6"]
    for role, wave in made.codebook.reports():
        mine = sample[sample[f"answered_{role}_w{wave}"]]
        raw = made.reports(role, wave)
        taken = mine[["student_id", *(f"{name}_{role}_w{wave}" for name in given_ids)]]
        raw_rows = {tuple(row) for row in raw[["student_id", *given_ids]].astype("string").fillna("").to_numpy()}
        assert {tuple(row) for row in taken.astype("string").fillna("").to_numpy()} <= raw_rows


@settings(max_examples=5, deadline=None)
@given(STUDIES, st.booleans(), st.integers(0, 2**20))
def test_the_order_of_rows_in_the_raw_files_changes_nothing(drawn, dated, seed):
    made, other = (study(**drawn, dated=dated, careless=DURATION) for _ in range(2))
    rng = np.random.default_rng(seed)
    shuffled = other.responses.iloc[rng.permutation(len(other.responses))]
    other.responses = shuffled.reset_index(drop=True)
    other.students = other.students.iloc[rng.permutation(len(other.students))].reset_index(drop=True)
    other.terms = other.terms.iloc[rng.permutation(len(other.terms))].reset_index(drop=True)
    one, two = sample_of(made), sample_of(other)
    pd.testing.assert_frame_equal(one.students, two.students)
    for name in ("flow", "flow_reports", "waves", "linkage", "relationships", "careless"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))


def test_the_last_report_by_date_stays_whatever_the_order_of_rows():
    filters = [{"name": "repeated", "reason": "Repeated", "duplicates": "last"}]
    made = study(filters, seed=3)
    latest = made.reports("mentee", 1).groupby(["student_id", "mentor_id"])["date_"].max()
    made.responses = made.responses.iloc[::-1].reset_index(drop=True)
    sample = sample_of(made).students
    for student, mentor, day in zip(sample["student_id"], sample["mentor_id"], sample["started"], strict=True):
        assert day == latest[student, mentor]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(STUDIES, st.booleans(), st.integers(0, 2**20))
def test_all_of_it_on_many_more_studies(drawn, dated, seed):
    test_rows_in_are_rows_kept_and_rows_excluded_by_reason.hypothesis.inner_test(drawn)
    test_the_order_of_rows_in_the_raw_files_changes_nothing.hypothesis.inner_test(drawn, dated, seed)
