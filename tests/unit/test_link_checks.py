"""Moderation by group, the shape of the associations and what the design can find, on students with a known truth."""

import numpy as np
import pandas as pd
import pytest
from alliance.persistence import fit_outcome
from alliance.persistence.link import link_models
from alliance.persistence.nonlinearity import spline_columns
from alliance.persistence.power import multiplier
from link_study import study, with_models


def curved_study(n=3000, seed=5):
    """Bond helps first-generation students only; the line of goal is bent like a U."""
    rng = np.random.default_rng(seed)
    periods = study()[3]
    ids = np.array([f"s{i:04d}" for i in range(n)])
    first = rng.choice(["yes", "no"], n)
    program = rng.integers(0, 60, n)
    bond, goal = rng.normal(size=(2, n))
    eta = 0.3 + 0.8 * bond * (first == "yes") + 0.5 * goal**2 + rng.normal(0, 0.7, 60)[program]
    value = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    sample = pd.DataFrame(
        {"student_id": ids, "cohort": "2015", "program": [f"p{k}" for k in program], "gpa": rng.normal(3, 0.4, n),
         "first_generation": pd.array(first, dtype="string")}
    )  # fmt: skip
    scores = pd.concat(
        pd.DataFrame({"student_id": ids, "dimension": d, "role": "mentee", "wave": 1, "method": "sum", "score": v})
        for d, v in (("bond", bond), ("goal", goal))
    )
    held = pd.DataFrame({"student_id": ids, "outcome": "retained_2", "value": value, "at_risk": True})
    return sample, scores, held.assign(censored=False, reason_not_at_risk=""), periods


MODELS = {
    "main": {"outcome": "retained_2", "family": "logit"},
    "grouped": {"outcome": "retained_2", "family": "logit", "group": "first_generation"},
    "by_gpa": {"outcome": "retained_2", "family": "linear", "interactions": ["goal*gpa"], "vcov": "CR2"},
}


@pytest.fixture(scope="module")
def tables():
    return link_models(*curved_study(), with_models(MODELS))


def test_slopes_within_groups_and_their_difference(tables):
    rows = tables.moderation.query("model == 'grouped'").set_index(["term", "group"])
    assert abs(rows.loc[("bond", "no"), "estimate"]) < 0.2
    assert rows.loc[("bond", "yes"), "estimate"] == pytest.approx(0.75, abs=0.2)
    assert rows.loc[("bond", "yes - no"), "interaction_p_adjusted"] < 0.001 < rows.loc[("goal", "yes - no"), "p_value"]
    estimates = tables.estimates.query("model == 'grouped'").set_index("term")
    product = estimates.loc["bond:first_generation[yes]"]
    assert rows.loc[("bond", "yes - no"), "estimate"] == pytest.approx(product["estimate"])
    assert rows.loc[("bond", "yes - no"), "std_error"] == pytest.approx(product["std_error"])
    assert rows.loc[("bond", "no"), "odds_ratio"] == pytest.approx(np.exp(estimates.loc["bond", "estimate"]))
    assert rows["joint_df"].unique() == [2]
    assert estimates["p_adjusted"].isna().all()  # a slope in the reference group is not a test of the family


def test_effects_within_groups_are_those_of_the_rows_moved_to_the_group(tables):
    sample, scores, held, _ = curved_study()
    wide = scores.set_index(["student_id", "dimension"])["score"].unstack()  # noqa: PD010
    people = sample.merge((wide - wide.mean()) / wide.std(), on="student_id").assign(y=held["value"])
    people["first_generation"] = people["first_generation"].astype(object)
    fit = fit_outcome("y ~ bond*first_generation + goal*first_generation + gpa", people, cluster="program", vcov="CR1")
    direct = fit.effects("bond", at={"first_generation": "yes"}).iloc[0]
    row = tables.moderation.set_index(["model", "term", "group"]).loc[("grouped", "bond", "yes")]
    assert row["ame"] == pytest.approx(direct["estimate"], rel=1e-6)
    assert row["ame_std_error"] == pytest.approx(direct["std_error"], rel=1e-6)


def test_a_number_is_shown_low_middle_and_high(tables):
    rows = tables.moderation.query("model == 'by_gpa'").set_index("group")
    assert list(rows.index) == ["low (-1 SD)", "mean", "high (+1 SD)", "high (+1 SD) - low (-1 SD)"]
    middle = rows.loc[["low (-1 SD)", "high (+1 SD)"], "estimate"].mean()
    assert rows.loc["mean", "estimate"] == pytest.approx(middle)
    np.testing.assert_allclose(rows["ame"], rows["estimate"], rtol=1e-6)  # a linear model's effects are its slopes
    assert (rows["test"] == "HTZ F").all()


def test_a_group_too_small_to_show_has_no_numbers_and_the_other_no_size():
    sample, scores, held, periods = curved_study(n=600)
    few = sample["student_id"].isin(sample["student_id"].head(8))
    sample["first_generation"] = pd.array(np.where(few, "yes", "no"), dtype="string")
    models = {"grouped": MODELS["grouped"] | {"family": "firth"}}
    rows = link_models(sample, scores, held, periods, with_models(models)).moderation.set_index(["term", "group"])
    assert rows.loc[("bond", "yes"), "n"] == "<10"
    assert rows.loc[("bond", ["yes", "yes - no"]), "estimate"].isna().all()
    assert np.isfinite(rows.loc[("bond", "no"), "estimate"])
    assert pd.isna(rows.loc[("bond", "no"), "n"])


def test_a_bent_line_is_found_and_a_straight_one_is_not(tables):
    rows = tables.nonlinearity.set_index(["model", "term", "form"])
    assert rows.loc[("main", "goal", "quadratic"), "p_adjusted"] < 1e-6
    assert rows.loc[("main", "goal", "spline"), "p_adjusted"] < 1e-6
    assert rows.loc[("main", "goal", "spline"), "df"] == 2
    assert rows.loc[("main", "bond", "spline"), "p_value"] > 0.01
    assert "grouped" not in rows.index.get_level_values("model")


def test_the_spline_is_straight_outside_its_outer_knots():
    knots = np.array([-1.5, -0.5, 0.5, 1.5])
    x = np.linspace(-4, 4, 81)
    bend = np.diff(spline_columns(x, knots), n=2, axis=0)
    outside = (x[1:-1] < -1.55) | (x[1:-1] > 1.55)
    assert np.abs(bend[outside]).max() < 1e-12
    assert np.abs(bend[~outside]).max() > 1e-3


def test_the_smallest_association_is_the_standard_error_times_the_multiplier(tables):
    assert multiplier(np.inf) == pytest.approx(1.959964 + 0.841621, abs=1e-6)
    rows = tables.power.set_index(["model", "term"])
    bond = tables.estimates.set_index(["model", "term"]).loc[("main", "bond")]
    assert rows.loc[("main", "bond"), "detectable"] == pytest.approx(multiplier(59) * bond["std_error"])
    assert rows.loc[("main", "bond"), "detectable_ratio"] == pytest.approx(
        np.exp(rows.loc[("main", "bond"), "detectable"])
    )
    assert 0.5 < rows.loc[("main", "bond"), "design_effect"] < 2  # bond does not differ between programs
    assert ("grouped", "bond") not in rows.index
    assert ("by_gpa", "goal") not in rows.index
    assert np.isnan(rows.loc[("by_gpa", "bond"), "detectable_ratio"])


@pytest.mark.slow
def test_an_association_of_the_detectable_size_is_found_four_times_out_of_five():
    rng = np.random.default_rng(3)
    n, found, size = 400, 0, None
    x = rng.normal(size=n)
    data = pd.DataFrame({"x": x})
    fit = fit_outcome("y ~ x", data.assign(y=(rng.random(n) < 0.7).astype(float)))
    size = multiplier(np.inf) * fit.std_error[1]
    for _ in range(500):
        y = rng.random(n) < 1 / (1 + np.exp(-(0.85 + size * x)))
        found += fit_outcome("y ~ x", data.assign(y=y.astype(float))).estimates["p_value"][1] < 0.05
    assert 0.74 < found / 500 < 0.86
