"""Which rows stay after each kind of exclusion."""

import numpy as np
import pandas as pd
from alliance.codebook import Column
from alliance.survey.filters import as_given, longest_run, stays

CODES = {str(k): f"answer {k}" for k in range(1, 6)}
ITEMS = [
    Column(2, "x", f"q{i}", f"item_{i}", type="item", codes=CODES, reverse=i == 3, role="mentee", wave=1)
    for i in (1, 2, 3)
]


def reports(*rows):
    frame = pd.DataFrame(rows, columns=["student_id", "mentor_id", "item_1", "item_2", "item_3"])
    items = [c.variable for c in ITEMS]
    frame[items] = frame[items].astype("Int64")
    return frame


def keeps(step, rows, **known):
    return stays(step, rows, ITEMS, **known).tolist()


def test_keep_and_drop_treat_missing_answers_as_they_say():
    rows = pd.DataFrame({"consent": pd.array(["yes", "no", None], dtype="string")})
    yes = {"variable": "consent", "in": ["yes"]}
    assert keeps({"keep": yes}, rows) == [True, False, False]
    assert keeps({"keep": {**yes, "missing": "keep"}}, rows) == [True, False, True]
    assert keeps({"drop": yes}, rows) == [False, True, True]
    assert keeps({"drop": {**yes, "missing": "drop"}}, rows) == [False, True, False]


def test_numbers_and_items_are_compared_as_numbers_and_codes():
    rows = pd.DataFrame({"age": [18.0, 21.5, np.nan], "item_1": pd.array([4, 5, None], dtype="Int64")})
    assert keeps({"keep": {"variable": "age", "in": [18, "21.5"]}}, rows) == [True, True, False]
    assert keeps({"keep": {"variable": "item_1", "in": ["4"]}}, rows) == [True, False, False]


def test_on_roster():
    rows = reports(("a", "", 1, 1, 1), ("b", "", 1, 1, 1), ("", "", 1, 1, 1))
    assert keeps({"on_roster": True}, rows, roster=frozenset({"a"})) == [True, False, False]


def test_of_repeated_reports_one_stays_and_reports_about_two_mentors_are_no_repeats():
    rows = reports(
        ("a", "m1", 1, None, None),
        ("a", "m1", 1, 2, 3),
        ("a", "m1", 3, 2, 1),
        ("a", "m2", 1, 1, None),
        ("", "m1", 1, 1, 1),
        ("", "m1", 1, 1, 1),
    )
    kept = keeps({"duplicates": "most_complete"}, rows)
    assert kept in ([False, True, False, True, True, True], [False, False, True, True, True, True])
    assert keeps({"duplicates": "first"}, rows) == [True, False, False, True, True, True]
    assert keeps({"duplicates": "last"}, rows) == [False, False, True, True, True, True]


def test_answered_counts_a_share_of_the_items():
    rows = reports(("a", "", 1, 2, None), ("b", "", 1, None, None), ("c", "", 1, 1, 1))
    assert keeps({"answered": 0.5}, rows) == [True, False, True]
    assert keeps({"answered": 1.0}, rows) == [False, False, True]


def test_longstring_looks_at_the_answers_as_they_were_given():
    rows = reports(("a", "", 2, 2, 4), ("b", "", 2, 2, 2), ("c", "", 2, None, 4))
    assert as_given(rows, ITEMS)[:, 2].tolist() == [2, 4, 2]
    assert keeps({"longstring": 3}, rows) == [False, True, True]


def test_a_missing_answer_ends_a_run():
    rows = reports(("a", "", 2, None, 2), ("b", "", 4, 4, None), ("c", "", None, None, None))
    assert longest_run(rows, ITEMS).tolist() == [1, 2, 1]


def test_of_equally_complete_reports_the_earliest_stays_and_the_order_of_rows_decides_nothing():
    rows = reports(("a", "m", 1, 2, 3), ("a", "m", 3, 2, 1), ("b", "m", 2, 2, 2), ("b", "m", 1, 3, 3))
    rows["date_"] = ["2016-03-09", "2016-03-07", "2016-03-08", "2016-03-08"]
    expected = {("a", 3), ("b", 1)}  # b has two of one day: a lot
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]):
        some = rows.iloc[order]
        kept = some[stays({"duplicates": "most_complete"}, some, ITEMS)]
        assert set(zip(kept["student_id"], kept["item_1"], strict=True)) == expected
    assert keeps({"duplicates": "first"}, rows) == [False, True, True, False]
    assert keeps({"duplicates": "last"}, rows) == [True, False, False, True]


def test_careless_steps_follow_the_flags_of_the_report():
    rows = reports(("a", "", 1, 1, 1), ("b", "", 1, 2, 3), ("c", "", 3, 1, 2))
    flags = pd.DataFrame({"outlier": [False, True, False], "fast": [True, False, False]})
    assert keeps({"name": "outlier", "careless": {}}, rows, flags=flags) == [True, False, True]
    assert keeps({"name": "fast", "careless": {}}, rows.iloc[[2, 0]], flags=flags) == [True, False]
