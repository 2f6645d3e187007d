"""Every family of models through the linking stage, and studies in which some model cannot be had."""

import numpy as np
import pytest
from alliance.persistence import fit_outcome
from alliance.persistence.link import link_models
from link_study import study, with_models

MODELS = {
    "logit": {"outcome": "retained_2", "family": "logit"},
    "linear": {"outcome": "retained_2", "family": "linear", "vcov": "CR2"},
    "probit": {"outcome": "retained_2", "family": "probit"},
    "firth": {"outcome": "retained_2", "family": "firth"},
    "gee": {"outcome": "retained_2", "family": "gee", "corr": "exchangeable"},
    "mixed": {"outcome": "retained_2", "family": "mixed_logit"},
    "nodes": {"outcome": "retained_2", "family": "mixed_logit", "random": "(1 | program)", "quadrature": 7},
    "hazard": {"outcome": "departure", "family": "hazard"},
    "cloglog": {"outcome": "departure", "family": "hazard", "link": "cloglog"},
    "frailty": {"outcome": "departure", "family": "hazard", "random": "(1 | program)"},
    "cox": {"outcome": "departure", "family": "cox"},
}


@pytest.fixture(scope="module")
def tables():
    return link_models(*study(), with_models(MODELS))


def bond(tables, model):
    return tables.estimates.query("model == @model and term == 'bond'").iloc[0]


def test_every_family_is_estimated_and_agrees_in_direction(tables):
    assert set(tables.status["model"]) == set(MODELS)
    assert not (tables.status["status"] == "failed").any(), tables.status.to_string()
    for model, block in MODELS.items():
        assert np.sign(bond(tables, model)["estimate"]) == (1 if block["outcome"] == "retained_2" else -1), model
    assert bond(tables, "linear")["se_type"] == "CR2"
    assert bond(tables, "linear")["df"] < 19  # Satterthwaite: fewer than the 20 programs
    assert bond(tables, "cox")["odds_ratio"] == pytest.approx(bond(tables, "cloglog")["odds_ratio"], rel=0.1)
    assert np.isnan(bond(tables, "probit")["odds_ratio"])


def test_marginal_effects_of_the_families_are_those_of_one_quantity(tables):
    slopes = tables.effects.query("term == 'bond' and contrast == 'dY/dX'").set_index("model")["ame"]
    for model in ("linear", "probit", "firth", "gee", "mixed", "nodes"):
        assert slopes[model] == pytest.approx(slopes["logit"], rel=0.1), model
    assert slopes["frailty"] == pytest.approx(slopes["hazard"], rel=0.1)
    assert "cox" not in slopes.index  # a Cox model gives no probability


def test_the_stage_gives_what_a_direct_fit_gives(tables):
    sample, scores, outcomes, _ = study()
    wide = scores.pivot(index="student_id", columns="dimension", values="score")
    people = sample.merge((wide - wide.mean()) / wide.std(), on="student_id")
    value = outcomes.query("outcome == 'retained_2'").set_index("student_id")["value"]
    people["y"] = people["student_id"].map(value)
    people["first"] = (people["first_generation"] == "yes").astype(float)
    fit = fit_outcome("y ~ bond + goal + first + gpa + C(cohort)", people, family="mixed_logit",
                      random="(1 | program)")  # fmt: skip
    ours = tables.estimates.query("model == 'mixed'")
    np.testing.assert_allclose(ours["estimate"], fit.coef, rtol=1e-6)
    np.testing.assert_allclose(ours["std_error"], fit.std_error, rtol=1e-5)


def test_few_clusters_are_said():
    tables = link_models(*study(), with_models({"a": MODELS["logit"], "b": MODELS["logit"] | {"vcov": "CR2"}}))
    reasons = tables.status.set_index("model")["reason"]
    assert "20 clusters are few for CR1" in reasons["a"]
    assert "clusters" not in reasons["b"]


def several(rng_seed=2):
    """The study with a state (in the field, switched, left) and a satisfaction in four steps."""
    sample, scores, outcomes, periods = study()
    stays = outcomes[outcomes["outcome"] == "retained_2"].copy()
    rng = np.random.default_rng(rng_seed)
    n = len(stays)
    alliance = scores.query("dimension == 'bond'")["score"].to_numpy() - 5
    state = np.where(stays["value"] == 1, np.where(rng.random(n) < 0.25, 1.0, 0.0), 2.0)
    steps = np.digitize(0.5 * alliance + rng.logistic(size=n), [-1, 0, 1]).astype(float)
    state[stays["value"].isna()] = np.nan
    both = [stays.assign(outcome="state_2", value=state), stays.assign(outcome="wants", value=steps)]
    import pandas as pd

    config = with_models(
        {
            "state": {"outcome": "state_2", "family": "multinomial"},
            "wants": {"outcome": "wants", "family": "ordinal"},
            "wants_mixed": {"outcome": "wants", "family": "ordinal", "random": "(1 | program)"},
        },
        vcov="CR2",
    )
    config["outcomes"] = {
        "define": {
            "state_2": {"kind": "state", "fall": 2, "field": "stem", "label": "State"},
            "wants": {"kind": "ordered", "variable": "w", "order": ["never", "hardly", "perhaps", "yes"], "label": "W"},
        }
    }
    return sample, scores, pd.concat(both), periods, config


def test_outcomes_with_several_categories():
    tables = link_models(*several())
    assert (tables.status["status"] != "failed").all(), tables.status.to_string()
    reasons = tables.status.set_index("model")["reason"]
    assert "there is no CR2 for the family multinomial: CR1 is used" in reasons["state"]
    terms = tables.estimates.query("model == 'state'").set_index("term")
    assert {"switched: bond", "left: bond", "left: first_generation[yes]"} <= set(terms.index)
    assert terms.loc["left: bond", "odds_ratio"] < 0.8
    assert terms.loc["left: bond", "p_adjusted"] >= terms.loc["left: bond", "p_value"]
    joint = tables.joint.set_index("model")
    assert joint.loc["state", "df"] == 4
    effects = tables.effects.query("contrast == 'dY/dX'").set_index(["model", "term"])["ame"]
    for model, categories in {
        "state": ["in_field", "switched", "left"],
        "wants": ["never", "hardly", "perhaps", "yes"],
    }.items():
        assert sum(effects[model, f"{c}: bond"] for c in categories) == pytest.approx(0, abs=1e-9)
    assert effects["wants", "yes: bond"] > 0 > effects["wants", "never: bond"]
    assert {"never|hardly", "bond"} <= set(tables.estimates.query("model == 'wants'")["term"])


def test_one_cluster_is_inadmissible_and_no_standard_error_is_invented():
    sample, scores, outcomes, periods = study()
    tables = link_models(sample.assign(program="only"), scores, outcomes, periods, with_models({"a": MODELS["logit"]}))
    row = tables.status.iloc[0]
    assert row["status"] == "inadmissible"
    assert "all rows are in one cluster" in row["reason"]
    assert tables.estimates["std_error"].isna().all()


@pytest.mark.parametrize("model", ["logit", "linear", "gee", "mixed", "probit", "firth"])
def test_an_outcome_that_everybody_has(model):
    sample, scores, outcomes, periods = study()
    outcomes.loc[outcomes["value"].notna() & (outcomes["outcome"] == "retained_2"), "value"] = 1.0
    tables = link_models(sample, scores, outcomes, periods, with_models({"a": MODELS[model], "b": MODELS["hazard"]}))
    status = tables.status.set_index("model")
    assert status.loc["a", "status"] == "failed"
    assert "constant" in status.loc["a", "reason"] or "everybody has the outcome" in status.loc["a", "reason"]
    assert status.loc["b", "status"] == "ok"


def test_a_cohort_in_which_everybody_stays_leaves_the_pooled_model_by_name():
    sample, scores, outcomes, periods = study()
    lucky = set(sample.loc[sample["cohort"] == "2016", "student_id"])
    rows = (outcomes["outcome"] == "retained_2") & outcomes["student_id"].isin(lucky)
    outcomes.loc[rows, "value"] = 1.0
    tables = link_models(sample, scores, outcomes, periods, with_models({"a": MODELS["logit"]}, by_cohort=True))
    status = tables.status.set_index("sample")
    assert status.loc["pooled", "status"] == "ok"
    assert "without cohort 2016: everybody has the outcome" in status.loc["pooled", "reason"]
    assert status.loc["2016", "status"] == "failed"
    flow = tables.flow.query("cohort == 'pooled'").set_index("step")
    assert flow.loc["varying", "excluded"] == 192
    assert flow.loc["varying", "n_out"] == tables.estimates.query("sample == 'pooled'")["n"].iloc[0] == 496 - 192


def test_a_cohort_without_anybody_at_risk_is_named():
    sample, scores, outcomes, periods = study()
    late = set(sample.loc[sample["cohort"] == "2016", "student_id"])
    rows = (outcomes["outcome"] == "retained_2") & outcomes["student_id"].isin(late)
    outcomes.loc[rows, ["value", "at_risk", "reason_not_at_risk"]] = [np.nan, False, "records end too early"]
    tables = link_models(sample, scores, outcomes, periods, with_models({"a": MODELS["logit"]}))
    assert "without cohort 2016: nobody at risk" in tables.status["reason"].iloc[0]


def test_a_predictor_that_is_constant_in_a_cohort_fails_there_only():
    sample, scores, outcomes, periods = study()
    same = sample.loc[sample["cohort"] == "2016", "student_id"]
    scores.loc[scores["student_id"].isin(same) & (scores["dimension"] == "goal"), "score"] = 3.0
    tables = link_models(sample, scores, outcomes, periods, with_models({"a": MODELS["logit"]}, by_cohort=True))
    status = tables.status.set_index("sample")
    assert status.loc["2016", "status"] == "failed"
    assert "goal" in status.loc["2016", "reason"]
    assert status.loc["pooled", "status"] == status.loc["2015", "status"] == "ok"


def test_weights_of_zero_leave_the_students_out_of_flow_and_model():
    sample, scores, outcomes, periods = study()
    sample["weight"] = np.where(np.arange(len(sample)) % 5 == 0, 0.0, 1.0)
    weighted = link_models(sample, scores, outcomes, periods, with_models({"a": MODELS["logit"]}, weights="weight"))
    flow = weighted.flow.set_index("step")
    assert flow.loc["weighted", "excluded"] == 99  # of the 496, row 10 is without records
    kept = sample[sample["weight"] > 0].drop(columns="weight")
    n = weighted.estimates["n"].iloc[0]
    assert n == flow.loc["weighted", "n_out"] == 397
    plain = link_models(kept, scores, outcomes, periods, with_models({"a": MODELS["logit"]}, standardise=False))
    unscaled = with_models({"a": MODELS["logit"]}, weights="weight", standardise=False)
    again = link_models(sample, scores, outcomes, periods, unscaled)
    np.testing.assert_allclose(again.estimates["estimate"], plain.estimates["estimate"], rtol=1e-8)


def test_separated_mixed_and_gee_models_fail_with_the_variable_that_does_it():
    sample, scores, outcomes, periods = study()
    lucky = set(sample.loc[sample["first_generation"] == "yes", "student_id"])
    rows = (outcomes["outcome"] == "retained_2") & outcomes["student_id"].isin(lucky) & outcomes["at_risk"]
    outcomes.loc[rows, "value"] = 1.0
    tables = link_models(sample, scores, outcomes, periods, with_models({"a": MODELS["mixed"], "b": MODELS["gee"]}))
    assert (tables.status["status"] == "failed").all()
    assert tables.status["reason"].str.contains("separated by first_generation").all()
    assert tables.estimates.empty


def test_a_random_effect_without_variation_is_to_be_read_with_care():
    sample, scores, outcomes, periods = study()
    # outcomes alternate within every program: programs cannot differ by more than chance
    sample["program"] = [f"p{k}" for k in np.arange(len(sample)) // 2 % 20]
    rows = outcomes["outcome"] == "retained_2"
    outcomes.loc[rows & outcomes["value"].notna(), "value"] = (np.arange(500) % 2.0)[
        outcomes.loc[rows, "value"].notna()
    ]
    tables = link_models(sample, scores, outcomes, periods, with_models({"a": MODELS["mixed"]}))
    row = tables.status.iloc[0]
    assert row["status"] == "inadmissible"
    assert "no variation found" in row["reason"]
    assert np.isfinite(tables.estimates["std_error"]).all()


def test_families_of_tests():
    models = {"a": MODELS["logit"], "b": MODELS["hazard"]}

    def adjusted(family):
        tables = link_models(*study(), with_models(models, adjust={"method": "bonferroni", "family": family}))
        rows = tables.estimates.set_index(["model", "term"])
        ratio = (rows["p_adjusted"] / rows["p_value"]).dropna()
        return ratio[rows.loc[ratio.index, "p_adjusted"] < 1].round(6).to_dict()

    assert set(adjusted("predictors").values()) == {4}
    assert set(adjusted("outcome").values()) == {2}
    assert ("a", "gpa") not in adjusted("predictors")
    assert set(adjusted("all").values()) == {8}
    assert adjusted(["a: bond", "b: bond"]) == {("a", "bond"): 2, ("b", "bond"): 2}
    assert adjusted({"one": ["a: bond"], "two": ["b: bond", "b: goal"]})["a", "bond"] == 1


def test_hazards_that_are_not_proportional_are_said():
    sample, scores, outcomes, periods = study()
    late = outcomes["outcome"] == "departure"
    bond = outcomes["student_id"].map(scores.query("dimension == 'bond'").set_index("student_id")["score"])
    # a weak bond goes with leaving in the first two terms, a strong one with leaving in the fourth and fifth
    weak = bond < 5
    rng = np.random.default_rng(4)
    time = np.where(weak, rng.choice([1, 2, 6], len(bond)), rng.choice([4, 5, 6], len(bond)))
    outcomes.loc[late, "value"] = time[late]
    outcomes.loc[late, "censored"] = time[late] == 6
    tables = link_models(sample, scores, outcomes, periods, with_models({"cox": MODELS["cox"]}))
    assert "hazards are not proportional" in tables.status["reason"].iloc[0]
    assert "above all for bond" in tables.status["reason"].iloc[0]


def test_few_events_are_said():
    sample, scores, outcomes, periods = study()
    rows = outcomes.index[(outcomes["outcome"] == "retained_2") & (outcomes["value"] == 0)]
    outcomes.loc[rows, "value"] = 1.0
    outcomes = outcomes.reset_index(drop=True)
    rare = np.flatnonzero((outcomes["outcome"] == "retained_2") & outcomes["at_risk"])[::31]
    outcomes.loc[rare, "value"] = 0.0
    models = {"a": MODELS["logit"] | {"covariates": []}, "b": MODELS["firth"] | {"covariates": []}}
    reasons = link_models(sample, scores, outcomes, periods, with_models(models)).status.set_index("model")["reason"]
    assert "fewer than 5 of the rarer outcome per coefficient" in reasons["a"]
    assert "rarer" not in reasons["b"]
