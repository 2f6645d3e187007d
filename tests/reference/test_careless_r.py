"""Careless indices equal to R: rle(), sd(), cov(use = "pairwise"), mahalanobis(), cor() on the same answers.

The numbers come from R 4.2 with the definitions of the package ``careless`` 1.2 written out in base R.
"""

import numpy as np
import pytest
from alliance.survey.careless import (
    even_odd,
    irv,
    item_pairs,
    longstring,
    mahalanobis_cutoff,
    mahalanobis_d2,
    psychometric_synonyms,
)

nan = np.nan
ANSWERS = np.array(
    [
        [5, 5, 5, 5, 5, 5, 5, 5, 5],
        [4, 4, 4, 4, 4, 4, 4, 4, 4],
        [4, 3, 2, nan, 3, 1, 2, 2, 2],
        [3, 3, 3, 3, 3, 1, 2, 2, 3],
        [nan, 1, 3, 2, 2, 1, 1, nan, 2],
        [2, 2, 1, 3, 3, 2, 2, 2, 2],
        [4, 3, 2, nan, nan, nan, nan, nan, nan],
        [4, 3, 2, 3, 4, 5, 2, 2, 4],
        [nan] * 9,
        [5, 5, 5, 5, 5, 5, 5, 4, 5],
        [4, 3, 4, 4, 4, 3, nan, 4, 4],
        [5, 5, 5, 5, 5, 5, 5, 5, 5],
    ]
)
D2_OF_FOUR = [
    1.70680801340409, 2.14256970783913, 5.83783231092713, 6.48444799604191, 7.21184435952217, 6.62003225273518,
    6.47494255604877, 4.97327406889632, nan, 1.70680801340409, 1.42841141620208, 1.70680801340409,
]  # fmt: skip


def test_longest_and_average_run_as_rle():
    longest, average = longstring(ANSWERS)
    assert longest.tolist() == [9, 9, 3, 5, 2, 4, 1, 2, 1, 7, 3, 9]
    np.testing.assert_allclose(
        average,
        [9, 9, 1.28571428571429, 2.25, 1.28571428571429, 2.25, 1, 1.125, 1, 3, 1.5, 9],
        rtol=1e-13,
    )


def test_longest_run_over_the_gaps():
    longest, average = longstring(ANSWERS, missing="skip")
    assert longest.tolist() == [9, 9, 3, 5, 2, 4, 1, 2, 0, 7, 3, 9]
    np.testing.assert_allclose(average, [9, 9, 4 / 3, 2.25, 1.4, 2.25, 1, 1.125, nan, 3, 1.6, 9], rtol=1e-13)


def test_irv_is_the_sample_sd_of_the_answered_items():
    expected = [
        0, 0, 0.916125381312904, 0.726483157256779, 0.755928946018454, 0.600925212577332,
        1, 1.092906420717000, nan, 1 / 3, 0.462910049886276, 0,
    ]  # fmt: skip
    np.testing.assert_allclose(irv(ANSWERS), expected, rtol=1e-13)


def test_irv_of_four_parts_is_cut_as_r_cuts():
    parts = irv(ANSWERS, splits=4)  # items 1-3, 4-5, 6-7, 8-9
    assert parts.shape == (12, 4)
    np.testing.assert_allclose(parts[4], [np.sqrt(2), 0, 0, nan], rtol=1e-13)
    np.testing.assert_allclose(parts[7], [1, np.sqrt(0.5), 2.121320343559642, np.sqrt(2)], rtol=1e-13)


def test_mahalanobis_of_complete_answers():
    complete = ANSWERS[~np.isnan(ANSWERS).any(axis=1), :3]
    expected = [
        1.017857142857142, 0.642857142857141, 4.017857142857139, 5.14285714285714, 5.14285714285714,
        1.017857142857142, 1.017857142857142,
    ]  # fmt: skip
    np.testing.assert_allclose(mahalanobis_d2(complete), expected, rtol=1e-10)


def test_mahalanobis_with_gaps_uses_pairwise_covariances_and_counts_a_gap_as_the_mean():
    np.testing.assert_allclose(mahalanobis_d2(ANSWERS[:, [0, 2, 5, 8]]), D2_OF_FOUR, rtol=1e-10)
    assert mahalanobis_cutoff(9) == pytest.approx(21.6659943334619, rel=1e-12)


def test_psychometric_synonyms_over_all_pairs_above_060():
    pairs = item_pairs(ANSWERS, 0.60)
    assert len(pairs) == 36
    assert (pairs[:, 0] > pairs[:, 1]).all()
    score, number = psychometric_synonyms(ANSWERS, pairs)
    assert number.tolist() == [36, 36, 28, 36, 21, 36, 3, 36, 0, 36, 28, 36]
    expected = [
        nan, nan, 0.0703597544730292, -0.0490924508615098, -0.158836808590083, -0.127993325034278,
        0.5, -0.126795405879413, nan, -0.08304547985374, -0.137620470640795, nan,
    ]  # fmt: skip
    np.testing.assert_allclose(score, expected, rtol=1e-11, atol=1e-13)


def test_even_odd_of_three_dimensions():
    score = even_odd(ANSWERS, [range(0, 3), range(3, 6), range(6, 9)])
    expected = [nan, nan, 0, 0, 1, -0.928203230275509, nan, -0.928203230275509, nan, nan, 1, nan]
    np.testing.assert_allclose(score, expected, rtol=1e-12, atol=1e-12)
