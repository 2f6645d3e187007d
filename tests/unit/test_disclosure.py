"""Small counts go, and what would give them away by subtraction goes with them."""

import numpy as np
import pandas as pd
from alliance.disclosure import suppress_counts

TABLE = pd.DataFrame(
    {
        "cohort": ["2015", "2015", "2015", "2016", "2016", "2016"],
        "group": ["a", "b", "c", "a", "b", "c"],
        "n": [4, 30, 50, 40, 35, 60],
        "events": [1, 25, 12, 20, 15, 30],
        "rate": [0.25, 0.83, 0.24, 0.5, 0.43, 0.5],
    }
)


def test_a_small_count_and_what_is_computed_from_it_are_missing():
    shown = suppress_counts(TABLE, ["n"], 10, clear=["rate"])
    assert shown["n"].isna().tolist() == [True] + [False] * 5
    assert np.isnan(shown["rate"][0])
    assert shown["rate"].notna().sum() == 5
    assert shown["suppressed"].tolist() == [True] + [False] * 5
    assert TABLE["n"][0] == 4, "the table given is left alone"


def test_zero_is_shown_and_the_limit_itself_is_shown():
    shown = suppress_counts(pd.DataFrame({"n": [0, 1, 9, 10]}), ["n"], 10)
    assert shown["suppressed"].tolist() == [False, True, True, False]


def test_one_masked_cell_of_a_set_takes_the_next_smallest_with_it():
    shown = suppress_counts(TABLE, ["n"], 10, sets=[["cohort"]])
    assert shown["n"].isna().tolist() == [True, True, False, False, False, False]


def test_sets_over_rows_and_columns_leave_no_line_with_a_single_masked_cell():
    shown = suppress_counts(TABLE, ["n"], 10, sets=[["cohort"], ["group"]])
    masked = shown["n"].isna()
    for key in ("cohort", "group"):
        assert (masked.groupby(TABLE[key]).sum() != 1).all()


def test_a_small_remainder_is_masked_like_a_small_part():
    shown = suppress_counts(TABLE, ["n", "events"], 10, parts={"events": "n"})
    assert shown["events"].isna().tolist() == [True, True, False, False, False, False], "25 of 30 leaves 5"
    assert shown["n"].isna().tolist() == [True] + [False] * 5


def test_the_total_is_no_member_of_the_set_that_it_is_the_total_of():
    table = pd.DataFrame({"cohort": ["2015", "2016", "2017", "pooled"], "n": [4, 90, 80, 174]})
    shown = suppress_counts(table.assign(all="all"), ["n"], 10, sets=[["all"]], totals={"cohort": "pooled"})
    assert shown["n"].isna().tolist() == [True, False, True, False]


def test_how_many_did_not_say_is_masked_but_takes_no_other_count_with_it():
    table = pd.DataFrame({"variable": "gender", "level": ["woman", "man", "(missing)"], "n": [50, 40, 3]})
    shown = suppress_counts(table, ["n"], 10, sets=[["variable"]], unknown={"level": "(missing)"})
    assert shown["n"].isna().tolist() == [False, False, True]
    table.loc[3] = ["gender", "another", 4]
    shown = suppress_counts(table, ["n"], 10, sets=[["variable"]], unknown={"level": "(missing)"})
    assert shown["n"].isna().tolist() == [False, True, True, True], "3 + 4 would be left over, which is small too"
    table.loc[3, "n"] = 9
    shown = suppress_counts(table, ["n"], 10, sets=[["variable"]], unknown={"level": "(missing)"})
    assert shown["n"].isna().tolist() == [False, False, True, True], "the two hidden ones protect each other"
