"""The linking stage on simulated students: tables that agree with each other, and cohorts that cannot be had."""

import numpy as np
import pytest
from alliance.errors import Stop
from alliance.persistence.analysis import baseline_categories
from alliance.persistence.link import link_models
from link_study import CONFIG, study


@pytest.fixture(scope="module")
def tables():
    return link_models(*study(), CONFIG)


def test_the_pooled_model_has_cohort_effects_and_the_analysed_number(tables):
    rows = tables.estimates.query("model == 'retained' and sample == 'pooled'")
    assert {"bond", "goal", "first_generation[yes]", "gpa", "cohort[2016]", "cohort[2017]"} <= set(rows["term"])
    assert rows["n"].unique() == [496]
    bond = rows.set_index("term").loc["bond"]
    assert bond["odds_ratio"] == pytest.approx(np.exp(bond["estimate"]))
    assert 0.4 < bond["estimate"] < 1.3  # 0.4 per point, 2 points in a standard deviation


def test_flow_ends_at_the_analysed_number(tables):
    flow = tables.flow.query("model == 'retained' and cohort == 'pooled'").set_index("step")
    assert flow["excluded"].to_dict() == {"scored": 0, "linked": 2, "at_risk": 1, "complete": 1}
    assert flow.loc["complete", "n_out"] == 496
    assert (tables.flow["n_in"] - tables.flow["excluded"] == tables.flow["n_out"]).all()


def test_a_cohort_of_eight_is_a_row_of_the_status_and_the_others_go_on(tables):
    status = tables.status.set_index(["model", "sample"])
    assert status.loc[("retained", "2017"), "status"] == "failed"
    assert "fewer than 10" in status.loc[("retained", "2017"), "reason"]
    assert set(tables.cohorts["sample"]) == {"pooled", "2015", "2016"}


def test_adjusted_p_values_only_where_the_family_is(tables):
    family = tables.estimates.query("sample == 'pooled' and term in ['bond', 'goal']")
    assert len(family) == 4
    assert (family["p_adjusted"] >= family["p_value"]).all()
    others = tables.estimates.drop(family.index)
    assert others["p_adjusted"].isna().all()


def test_effects_and_joint_tests_for_each_model(tables):
    assert set(tables.effects["contrast"]) == {"dY/dX", "p10-p90"}
    assert (tables.joint["df"] == 2).all()
    hazard = tables.estimates.query("model == 'left' and sample == 'pooled'").set_index("term")
    assert hazard.loc["bond", "estimate"] < 0  # a stronger bond, a smaller hazard of leaving
    assert hazard.loc["bond", "n"] == 499


def test_a_separated_cohort_is_estimated_by_firth_and_says_so():
    sample, scores, outcomes, periods = study()
    lucky = (sample["cohort"] == "2016") & (sample["first_generation"] == "yes")
    outcomes.loc[outcomes["student_id"].isin(sample.loc[lucky, "student_id"]) & outcomes["at_risk"], "value"] = 1.0
    tables = link_models(sample, scores, outcomes[outcomes["outcome"] == "retained_2"], periods, CONFIG | {
        "link": CONFIG["link"] | {"models": {"retained": {"outcome": "retained_2", "family": "logit"}}}
    })  # fmt: skip
    row = tables.status.set_index("sample").loc["2016"]
    assert row["status"] == "ok"
    assert "separated by first_generation" in row["reason"]
    assert tables.estimates.query("sample == '2016'")["estimator"].unique() == ["Firth"]


def test_a_predictor_without_scores_stops_with_its_name():
    sample, scores, outcomes, periods = study()
    with pytest.raises(Stop, match="no sum scores of goal"):
        link_models(sample, scores[scores["dimension"] == "bond"], outcomes, periods, CONFIG)


def test_sparse_periods_are_joined():
    period = np.array([1] * 20 + [2] * 20 + [3] * 4 + [4] * 2)
    event = np.array([1] * 6 + [0] * 14 + [1] * 2 + [0] * 18 + [1] * 3 + [0] + [1, 0])
    assert sorted(set(baseline_categories(period, event, 5))) == ["01", "02-04"]
