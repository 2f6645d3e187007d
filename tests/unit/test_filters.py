"""Which rows stay after each kind of exclusion."""

import numpy as np
import pandas as pd
from alliance.codebook import Column
from alliance.survey.filters import as_given, longstring, stays

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
    assert keeps({"duplicates": "most_complete"}, rows) == [False, True, False, True, True, True]
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


def test_longest_runs():
    given = np.array([[1, 1, 2, 2, 2, 1], [1, np.nan, 1, 1, np.nan, np.nan], [1, 2, 3, 4, 5, 1], [np.nan] * 6])
    assert longstring(given).tolist() == [3, 2, 1, 0]
