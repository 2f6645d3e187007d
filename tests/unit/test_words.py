"""What the report says, and what it must not say."""

from __future__ import annotations

import math

import pytest
from alliance.reporting.words import (
    Association,
    FactorPair,
    JointTest,
    answer,
    in_points,
    listing,
    separability,
    tied_dimensions,
)
from alliance.reporting.words_measurement import fit_in_words, reliability_in_words
from alliance.reporting.words_missing import attrition_in_words
from alliance.reporting.words_recovery import recovery_in_words

CLEAR = JointTest(19.2, 3, 0.0002)
UNCLEAR = JointTest(2.1, 3, 0.55)
OUTCOME = "Enrolled in the second fall"


def found(label: str, ratio: float, spread: float = 1.2, p: float = 0.001) -> Association:
    return Association(label, ratio, ratio / spread, ratio * spread, p)


def test_all_intervals_exclude_one():
    text = answer([found("Bond", 1.5), found("Task", 1.4)], OUTCOME, unit="one standard deviation", joint=CLEAR)
    assert text == (
        "Higher scores on bond (OR 1.50, 95% CI [1.25, 1.80] per standard deviation) and task (OR 1.40, 95% CI "
        "[1.17, 1.68]) "
        "went with higher odds of “Enrolled in the second fall”, each with the other held constant."
    )


def test_one_of_three():
    text = answer([found("Bond", 1.5), found("Goal", 1.0, p=0.9), found("Task", 1.1, p=0.4)], OUTCOME, joint=CLEAR)
    assert text == (
        "Higher scores on bond (OR 1.50, 95% CI [1.25, 1.80]) went with higher odds of “Enrolled in the second "
        "fall”, with the other two held constant; "
        "goal and task showed no clear association of their own."
    )


def test_none():
    text = answer([found("Bond", 1.05), found("Goal", 1.0), found("Task", 1.1)], OUTCOME, joint=UNCLEAR)
    assert (
        text == "None of bond, goal and task showed a clear association with “Enrolled in the second fall”: every 95% "
        "confidence interval includes 1."
    )


def test_together_but_not_one_by_one():
    text = answer([found("Bond", 1.15), found("Goal", 1.1)], OUTCOME, joint=CLEAR)
    assert text.startswith(
        "Taken together, higher scores on bond and goal went with higher odds of “Enrolled in the second fall” "
        "(joint test *χ*²(3) = 19.20, *p* < .001)"
    )
    assert "no single one can be credited" in text
    opposed = answer([found("Bond", 1.15), found("Goal", 0.9)], OUTCOME, joint=JointTest(8.1, 2, 0.001, 59))
    assert opposed.startswith(
        "Taken together, bond and goal were associated with “Enrolled in the second fall” (joint test *F*(2, 59) = "
        "8.10, *p* = .001)"
    )


def test_dimensions_that_cannot_be_told_apart_are_not_read_apart():
    three = [found("Bond", 1.5), found("Goal", 1.1, p=0.9), found("Task", 1.4)]
    text = answer(three, OUTCOME, tied=["Bond", "Goal", "Task"], joint=CLEAR)
    assert text == (
        "Taken together, higher scores on bond, goal and task went with higher odds of “Enrolled in the second fall” "
        "(joint test *χ*²(3) = 19.20, *p* < .001); bond, goal and task cannot be told apart here, so their three "
        "coefficients are not read as separate effects."
    )


def test_two_of_three_cannot_be_told_apart():
    three = [found("Bond", 1.5), found("Goal", 0.9, p=0.9), found("Task", 1.4)]
    text = answer(three, OUTCOME, tied=["Goal", "Task"], joint=CLEAR)
    assert text == (
        "Taken together, bond, goal and task were associated with “Enrolled in the second fall” "
        "(joint test *χ*²(3) = 19.20, *p* < .001); higher scores on bond (OR 1.50, 95% CI [1.25, 1.80]) went with "
        "higher odds of it; goal and task cannot be told apart here, so their two coefficients are not read as "
        "separate effects."
    )
    silent = answer([found("Bond", 1.0), *three[1:]], OUTCOME, tied=["Goal", "Task"])
    assert silent.startswith("Bond showed no clear association of its own; goal and task cannot be told apart")


def test_not_told_apart_and_nothing_together():
    text = answer([found("Bond", 1.5), found("Goal", 1.0)], OUTCOME, tied=["Bond", "Goal"], joint=UNCLEAR)
    assert text.startswith("Taken together, bond and goal showed no clear association")


def test_an_interval_that_the_adjustment_does_not_bear_out():
    text = answer([found("Bond", 1.3, p=0.08), found("Goal", 1.0)], OUTCOME)
    assert "but not after adjustment for the number of tests" in text


def test_opposite_directions_and_leaving():
    text = answer([found("Bond", 0.7), found("Goal", 1.5)], "Terms to departure", hazard=True)
    assert "different odds of leaving in a term (higher for goal, lower for bond)" in text
    assert "lower odds of leaving in a term" in answer([found("Bond", 0.7)], "Terms to departure", hazard=True)


def test_a_difference_is_not_called_a_ratio():
    text = answer([Association("Bond", 0.3, 0.1, 0.5, 0.01, ratio=False)], "Grades")
    assert text == "Higher scores on bond (*b* 0.30, 95% CI [0.10, 0.50]) went with higher values of “Grades”."


def test_nothing_estimated():
    assert "could not" in answer([], OUTCOME) or "No model" in answer([], OUTCOME)


@pytest.mark.parametrize("word", ["effect of", "leads to", "causes", "improves", "increases"])
def test_no_causal_words(word):
    texts = [
        answer([found("Bond", r), found("Goal", 1.0)], OUTCOME, tied=v, joint=j)
        for r in (0.7, 1.0, 1.5)
        for v in ((), ("Bond", "Goal"))
        for j in (None, CLEAR, UNCLEAR)
    ]
    assert not [text for text in texts if word in text]


def test_probabilities_only_for_what_was_found():
    bond = Association("Bond", 1.5, 1.25, 1.8, 0.001, True, 0.042, 0.02, 0.064)
    goal = Association("Goal", 1.0, 0.8, 1.25, 0.9, True, 0.001, -0.02, 0.02)
    assert in_points([bond, goal], OUTCOME, "one standard deviation") == (
        "On the scale of probabilities, one standard deviation more goes on average with a difference in “Enrolled "
        "in the second fall” of "
        "4.2 percentage points for bond (95% CI [2.0, 6.4])."
    )
    assert in_points([goal], OUTCOME, "") == ""


PAIRS = [FactorPair("Bond", "Goal", 0.62, 0.55, 0.69), FactorPair("Goal", "Task", 0.91, 0.87, 0.95)]


def test_separability_verdicts():
    distinct = separability("distinct", PAIRS[:1], 0.85)
    assert "can be told apart" in distinct
    assert "bond with goal, *r* = .62, 95% CI [.55, .69]" in distinct
    mixed = separability("mixed", PAIRS, 0.85)
    assert "goal and task (*r* = .91, 95% CI [.87, .95])" in mixed
    assert "bond" not in mixed
    together = separability("not_distinct", PAIRS[1:], 0.85)
    assert "Do not read the coefficients of one model as separate effects: read the joint test." in together
    assert separability("distinct", [], 0.85) == ""
    assert tied_dimensions(PAIRS, 0.85) == ["Goal", "Task"]
    assert tied_dimensions([FactorPair("Bond", "Goal", 0.6, math.nan, math.nan)], 0.85) == ["Bond", "Goal"]


def test_lists():
    assert [listing(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_fit_and_reliability():
    values = {
        "chisq": 12.5,
        "df": 6,
        "pvalue": 0.0517,
        "n": 200,
        "cfi": 0.9871,
        "tli": 0.968,
        "rmsea": 0.0512,
        "rmsea_ci_lower": 0.0,
        "rmsea_ci_upper": 0.092,
        "srmr": 0.021,
    }
    assert fit_in_words(values) == (
        "Its fit: *χ*²(6, *N* = 200) = 12.50, *p* = .052, CFI = .987, TLI = .968, RMSEA = .051, 90% CI [.000, "
        ".092], SRMR = .021."
    )
    assert "could not be estimated" in fit_in_words({})
    text = reliability_in_words(
        [("Bond", 0.83), ("Goal", math.nan)],
        {"ecv": 0.752, "omega_hierarchical": 0.82},
        [("Bond", 0.35), ("Goal", 0.09)],
    )
    assert text == (
        "Reliability (ω) was .83 for bond. In the bifactor model one general factor explains .75 of the common "
        "variance "
        "(ECV) and .82 of the variance of the total score (ω hierarchical); what a dimension adds to it is .35 for "
        "bond "
        "and .09 for goal."
    )
    assert reliability_in_words([], {}, []) == ""


def test_attrition():
    found = [("Bond", 1.46, 1.25, 1.71), ("Goal", 1.19, 0.99, 1.44)]
    assert attrition_in_words("Mentee report, second year", 1143, 702, found) == (
        "**Mentee report, second year** exists for 702 of 1,143 students (61.4%), more often with higher scores on "
        "bond "
        "(OR 1.46, 95% CI [1.25, 1.71]) at the first occasion: what is seen later is seen among a selection."
    )
    assert "no clear association" in attrition_in_words("Mentor report", 100, 50, found[1:])
    assert attrition_in_words("Mentor report", 100, math.nan, []) == "**Mentor report**."


def test_recovery():
    rows = [
        {"kind": "link", "term": "bond", "bias": -0.12, "coverage": 0.88, "n_studies": 100},
        {"kind": "link", "term": "all", "bias": math.nan, "coverage": 0.91, "n_studies": 100},
        {"kind": "loading", "term": "bond_1", "bias": 0.01, "coverage": math.nan, "n_studies": 100},
        {"kind": "loading", "term": "all", "bias": 0.01, "coverage": 0.95, "n_studies": 100},
    ]
    assert recovery_in_words(rows) == (
        "In 100 simulated studies analysed in the same way, 95% intervals held the truth in 95% for standardised "
        "loadings (largest bias 0.01) and 91% for link coefficients (largest bias −0.12); nominal would be 95%. "
        "The table below has every parameter."
    )
    assert recovery_in_words([]) == ""
