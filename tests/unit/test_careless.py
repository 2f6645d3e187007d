"""Careless indices on answers small enough to work out by hand."""

import numpy as np
import pandas as pd
import pytest
from alliance.survey.careless import (
    even_odd,
    irv,
    item_pairs,
    longstring,
    mahalanobis_d2,
    psychometric_synonyms,
    seconds_per_item,
)
from alliance.survey.careless_flags import careless_flags, careless_indices

nan = np.nan


def test_runs_of_hand_made_rows():
    longest, average = longstring(
        np.array([[1, 1, 1, 2, 2, 3], [1, 2, 3, 4, 5, 1], [4, 4, nan, 4, 4, 4], [nan] * 6], dtype=float)
    )
    assert longest.tolist() == [3, 1, 3, 1]
    assert average.tolist() == [2, 1, 2, 1]  # the gap of row 3 is a run of its own: 2, 1, 3


def test_a_gap_does_not_hide_a_straight_liner_when_gaps_are_skipped():
    assert longstring(np.array([[4, 4, nan, 4, 4, 4.0]]), missing="skip")[0].tolist() == [5]


def test_irv_divides_by_n_minus_one():
    assert irv(np.array([[1, 2, 3, nan], [2, 2, 2, 2], [5, nan, nan, nan]]))[:2].tolist() == [1, 0]
    assert np.isnan(irv(np.array([[5, nan, nan, nan]]))[0])


def test_mahalanobis_of_uncorrelated_items_is_the_sum_of_squared_z():
    x = np.array([[1, 1], [1, 3], [3, 1], [3, 3.0]])  # variances 4/3, covariance 0
    np.testing.assert_allclose(mahalanobis_d2(x), 1.5)


def test_mahalanobis_says_which_item_does_not_vary_and_when_items_repeat():
    x = np.random.default_rng(1).integers(1, 6, (30, 3)).astype(float)
    with pytest.raises(ValueError, match=r"items \[2\] do not vary"):
        mahalanobis_d2(np.where([False, True, False], 3.0, x))
    with pytest.raises(ValueError, match="not positive definite"):
        mahalanobis_d2(np.column_stack([x, x[:, 0]]))


def test_synonyms_compare_the_two_sides_of_each_pair():
    pairs = np.array([[1, 0], [3, 2], [5, 4]])
    score, number = psychometric_synonyms(
        np.array([[1, 1, 3, 3, 5, 5], [1, 5, 3, 3, 5, 1], [1, 1, 2, 2, nan, 4], [2, 2, 2, 2, 2, 2]], float), pairs
    )
    assert score[:2].tolist() == [1, -1]
    assert np.isnan(score[2:]).all()
    assert number.tolist() == [3, 3, 2, 3]


def test_antonyms_are_the_negative_pairs():
    a = np.arange(10.0)
    x = np.column_stack([a, a[::-1], np.tile([1.0, 2.0], 5)])
    assert item_pairs(x, 0.6).tolist() == []
    assert item_pairs(x, 0.6, antonyms=True).tolist() == [[1, 0]]


def test_even_odd_agreement_is_minus_one_and_contradiction_one():
    x = np.array([[1, 1, 3, 3, 5, 5], [1, 5, 3, 3, 5, 1]], dtype=float)
    assert even_odd(x, [[0, 1], [2, 3], [4, 5]]).tolist() == [-1, 1]
    with pytest.raises(ValueError, match="two dimensions"):
        even_odd(x, [[0, 1, 2]])


def test_blocks_of_rows_change_nothing(monkeypatch):
    x = np.random.default_rng(2).integers(1, 6, (101, 8)).astype(float)
    x[np.random.default_rng(3).random(x.shape) < 0.1] = nan
    pairs = np.argwhere(np.tril(np.ones((8, 8)), -1))

    def everything():
        return [*longstring(x), irv(x), mahalanobis_d2(x), *psychometric_synonyms(x, pairs)]

    whole = everything()
    monkeypatch.setattr("alliance.survey.careless.BLOCK", 7)
    for one, other in zip(whole, everything(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def reports():
    rng = np.random.default_rng(5)
    factor = rng.normal(size=(200, 1))
    x = np.clip(np.round(3 + factor + 0.6 * rng.normal(size=(200, 6))), 1, 5)
    x[0] = 4
    frame = pd.DataFrame(x, columns=["b1", "b2", "g1", "g2", "t1", "t2"], index=range(1000, 1200)).astype("Int64")
    frame["b2"] = 6 - frame["b2"]  # asked in reverse, turned round at intake
    frame.loc[1001, ["b1", "g1"]] = pd.NA
    return frame


def test_reversed_items_are_turned_back_before_runs_are_counted():
    frame = reports()
    items = list(frame.columns)
    assert careless_indices(frame, items)["longstring"][1000] < 6
    assert careless_indices(frame, items, reverse={"b2": (1, 5)})["longstring"][1000] == 6


def test_flags_follow_the_stated_cut_offs_and_a_missing_index_flags_nobody():
    frame = reports()
    seconds = pd.Series(60.0, index=frame.index)
    seconds.loc[[1003, 1004]] = [11.0, nan]
    indices = careless_indices(
        frame,
        list(frame.columns),
        reverse={"b2": (1, 5)},
        dimensions={"bond": ["b1", "b2"], "goal": ["g1", "g2"], "task": ["t1", "t2"]},
        seconds=seconds,
    )
    flags = careless_flags(indices, {"longstring": 6, "irv": 0.1, "mahalanobis": 0.999, "seconds_per_item": 2})
    assert flags["longstring"][1000]
    assert flags["irv"][1000]
    assert flags.index[flags["seconds_per_item"]].tolist() == [1003]
    assert flags["mahalanobis"].tolist() == (indices["mahalanobis_d2"] > 22.457744484825326).tolist()  # qchisq(.999, 6)
    assert indices.loc[1001, "synonym_pairs"] < indices["synonym_pairs"].max()
    with pytest.raises(ValueError, match="unknown cut-offs speed"):
        careless_flags(indices, {"speed": 2})


def test_time_per_item():
    assert seconds_per_item(np.array([24.0, 12.0]), 12).tolist() == [2, 1]
