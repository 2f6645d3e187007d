"""Outcome models on small data: formulas, known answers, and plain words where a model cannot be had."""

import numpy as np
import pandas as pd
import pytest
from alliance.persistence import FormulaError, fit_outcome, parse_formula
from alliance.persistence.formula import build_design


def students(n=400, seed=3):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "bond": rng.normal(size=n),
            "goal": rng.normal(size=n),
            "gender": rng.choice(["man", "woman", "another"], n),
            "first": rng.integers(0, 2, n),
            "program": rng.integers(0, 25, n),
        }
    )
    shift = rng.normal(scale=0.5, size=25)[data["program"]]
    data["stays"] = (rng.random(n) < 1 / (1 + np.exp(-(0.3 + 0.6 * data["bond"] + shift)))).astype(int)
    return data


# --- formulas -----------------------------------------------------------------------------------------------------


def test_terms_and_their_names():
    design, X = build_design("stays ~ bond*first + C(gender) + I(bond**2)", students())
    assert design.names == [
        "Intercept", "bond", "first", "C(gender)[T.man]", "C(gender)[T.woman]", "I(bond ** 2)", "bond:first",
    ]  # fmt: skip
    assert X.shape == (400, 7)


def test_text_columns_are_categories_and_a_reference_can_be_chosen():
    assert build_design("stays ~ gender", students())[0].names[1:] == ["gender[T.man]", "gender[T.woman]"]
    names = build_design('stays ~ C(gender, reference="woman")', students())[0].names
    assert names[1:] == ["C(gender)[T.another]", "C(gender)[T.man]"]


def test_without_intercept_the_first_category_is_whole_and_later_ones_are_not():
    names = build_design("stays ~ 0 + C(first) + gender", students())[0].names
    assert names == ["C(first)[0]", "C(first)[1]", "gender[T.man]", "gender[T.woman]"]


def test_orthogonal_polynomials_keep_their_scale_for_new_rows():
    data = students()
    design, X = build_design("stays ~ poly(bond, 3)", data)
    assert np.allclose(X[:, 1:].T @ X[:, 1:], np.eye(3))
    assert np.allclose(design.matrix(data.head(5)), X[:5])


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("stays ~ bnd", "no such column: bnd"),
        ("stays ~ __import__('os')", "unexpected|unknown function|no such column"),
        ("stays ~ bond + open('x')", "unknown function 'open'"),
        ("stays ~ bond.values", "no such column"),
        ("stays ~ bond +", "ends where"),
        ("stays bond", "one '~'"),
        ("stays ~ 2 + bond", "only 0 and 1"),
        ("stays ~ C(gender, reference=nobody)", "no level 'nobody'"),
    ],
)
def test_what_the_grammar_does_not_know_is_refused(formula, words):
    with pytest.raises(FormulaError, match=words):
        fit_outcome(formula, students())


def test_minus_takes_a_term_away():
    assert [len(t) for t in parse_formula("y ~ a*b - a:b").terms] == [1, 1]


# --- known answers ------------------------------------------------------------------------------------------------


def test_a_logit_on_one_yes_no_predictor_is_the_log_odds_ratio():
    data = pd.DataFrame({"x": [0] * 50 + [1] * 50, "y": [1] * 10 + [0] * 40 + [1] * 30 + [0] * 20})
    fit = fit_outcome("y ~ x", data)
    row = fit.estimates.set_index("term").loc["x"]
    assert row["estimate"] == pytest.approx(np.log((30 / 20) / (10 / 40)), rel=1e-10)
    assert row["std_error"] == pytest.approx(np.sqrt(1 / 30 + 1 / 20 + 1 / 10 + 1 / 40), rel=1e-8)
    effect = fit.effects("x").iloc[0]
    assert effect["estimate"] == pytest.approx(0.6 - 0.2)
    assert effect["std_error"] == pytest.approx(np.sqrt(0.6 * 0.4 / 50 + 0.2 * 0.8 / 50), rel=1e-8)


def test_clusters_of_one_row_are_no_clusters():
    data = students().assign(row=range(400))
    one = fit_outcome("stays ~ bond", data, cluster="row", vcov="CR0").estimates
    assert np.allclose(one["std_error"], fit_outcome("stays ~ bond", data, vcov="HC0").estimates["std_error"])


def test_weights_of_two_are_rows_twice_and_weights_of_zero_no_rows():
    data = students()
    twice = fit_outcome("stays ~ bond", pd.concat([data, data[data["first"] == 1]]))
    weighted = fit_outcome("stays ~ bond", data.assign(w=1 + data["first"]), weights="w")
    assert np.allclose(twice.estimates["estimate"], weighted.estimates["estimate"])
    assert np.allclose(twice.estimates["std_error"], weighted.estimates["std_error"])
    without = fit_outcome("stays ~ bond", data.assign(w=data["first"]), weights="w")
    assert without.n == data["first"].sum()
    with pytest.raises(ValueError, match="negative"):
        fit_outcome("stays ~ bond", data.assign(w=-1.0), weights="w")


def test_joint_test_of_one_term_is_its_own_test():
    for vcov in ("classic", "CR1", "CR2"):
        fit = fit_outcome("stays ~ bond + goal", students(), cluster="program", vcov=vcov)
        row = fit.estimates.set_index("term").loc["bond"]
        joint = fit.test(["bond"])
        assert joint["statistic"] == pytest.approx(row["statistic"] ** 2)
        assert joint["p_value"] == pytest.approx(row["p_value"], rel=1e-6)


def test_missing_rows_are_left_out_and_counted():
    data = students()
    data.loc[:9, "bond"] = np.nan
    fit = fit_outcome("stays ~ bond", data)
    assert (fit.n, fit.n_dropped) == (390, 10)


# --- models that cannot be had ------------------------------------------------------------------------------------


def test_separation_is_found_named_and_answered_by_firth():
    data = students(60).assign(stays=lambda d: (d["bond"] > 0).astype(int))
    fit = fit_outcome("stays ~ bond + goal", data)
    assert fit.status == "separated"
    assert "separated by bond:" in fit.reason
    assert fit.estimates["estimate"].isna().all()
    firth = fit_outcome("stays ~ bond + goal", data, family="firth")
    assert firth.status == "ok"
    assert np.isfinite(firth.estimates["estimate"]).all()


def test_one_level_in_which_everybody_has_the_outcome_is_quasi_separation():
    data = students()
    data.loc[data["gender"] == "another", "stays"] = 1
    fit = fit_outcome("stays ~ bond + gender", data)
    assert fit.status == "separated"
    assert "separated by gender:" in fit.reason


def test_firth_of_a_two_by_two_table_adds_half_to_each_cell():
    data = pd.DataFrame({"x": [0] * 5 + [1] * 5, "y": [0] * 5 + [1] * 3 + [0] * 2})
    fit = fit_outcome("y ~ x", data, family="firth")
    assert fit.coef[1] == pytest.approx(np.log((3.5 / 2.5) / (0.5 / 5.5)), rel=1e-8)


@pytest.mark.parametrize(
    ("change", "formula", "status", "words"),
    [
        ({"stays": 1}, "stays ~ bond", "constant_outcome", "everybody"),
        ({"stays": 0}, "stays ~ bond", "constant_outcome", "nobody"),
        ({"goal": 2.0}, "stays ~ bond + goal", "aliased", "goal"),
        ({"program": 1}, "stays ~ bond", "one_cluster", "one cluster"),
        ({"bond": np.nan}, "stays ~ bond", "too_few", "no complete rows"),
    ],
)
def test_each_trouble_has_its_status(change, formula, status, words):
    fit = fit_outcome(formula, students().assign(**change), cluster="program", vcov="CR1")
    assert fit.status == status
    assert words in fit.reason


def test_more_coefficients_than_students():
    assert fit_outcome("stays ~ bond + goal + gender + first", students(5)).status == "too_few"


def test_an_outcome_other_than_zero_and_one_is_refused():
    with pytest.raises(ValueError, match="0 and 1"):
        fit_outcome("program ~ bond", students())
