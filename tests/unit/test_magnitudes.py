"""How large, how alike, how fragile: curves with their students, cohorts pooled in two ways, E-values."""

import numpy as np
import pandas as pd
import pytest
import relation_study
from alliance.persistence.collinearity_stage import collinearity_tables
from alliance.persistence.confounding import confounding_rows
from alliance.persistence.curves import predictions, supported_points
from alliance.persistence.heterogeneity import two_stage_rows
from alliance.persistence.link import link_models
from alliance.persistence.magnitude_stage import magnitude_tables
from alliance.persistence.pooled_models import StatusRows, pooled_models


def made(data, config):
    linked = link_models(*data, {**config, "link": {**config["link"], "by_cohort": True}})
    closer = collinearity_tables(*data, config, draws=5)
    return magnitude_tables(*data, linked.cohorts, closer.parameterisations, config)


@pytest.fixture(scope="module")
def tables():
    return made(relation_study.study(), relation_study.config())


@pytest.fixture(scope="module")
def retained():
    data, config = relation_study.study(), relation_study.config()
    return next(pooled_models(*data, config, 10, StatusRows("test")))


def test_a_curve_is_the_average_prediction_with_the_model_s_own_covariance(retained):
    fit = retained.fit
    mine = predictions(fit, [{"bond": 1.0}])[0]
    theirs = fit.predictions({"bond": [1.0]}).iloc[0]
    assert mine["predicted"] == pytest.approx(theirs["estimate"])
    half = (mine["conf_high"] - mine["conf_low"]) / 2
    assert half == pytest.approx((theirs["conf_high"] - theirs["conf_low"]) / 2, rel=0.05)
    assert 0 < predictions(fit, [{"bond": 40.0}])[0]["conf_high"] <= 1


def test_the_dimensions_together_are_better_known_than_each_alone(tables):
    rows = tables.contrasts.query("model == 'retained'").set_index("term")
    assert list(rows.index) == ["bond", "goal", "task", "together"]
    assert (rows["std_error"].drop("together") > 1.3 * rows.loc["together", "std_error"]).all()
    assert rows.loc["together", "conf_low"] > 0
    ends = rows.loc["together"]
    assert ends["predicted_high"] - ends["predicted_low"] == pytest.approx(ends["difference"])
    leaving = tables.contrasts.query("model == 'left' and term == 'together'").iloc[0]
    assert leaving["difference"] < 0, "the curve of a hazard is the probability of leaving in a term"


def test_the_students_behind_a_curve_are_all_of_them_and_small_counts_do_not_show(tables):
    for _, rows in tables.curve.query("model == 'retained'").groupby("term"):
        shown = rows["n_students"].dropna()
        assert (shown.eq(0) | shown.ge(10)).all()
        gaps = rows["n_students"].isna().sum()
        assert gaps != 1, "a single gap could be found by subtraction"
        assert shown.sum() == 600 if gaps == 0 else shown.sum() < 600


def test_the_ends_of_a_curve_are_round_and_have_students_behind_them():
    values = np.random.default_rng(5).normal(size=400)
    points = supported_points(values, 10)
    step = points[1] - points[0]
    assert points / step == pytest.approx(np.round(points / step))
    assert (values <= points[0]).sum() >= 10
    assert (values >= points[-1]).sum() >= 10
    assert not len(supported_points(values[:15], 10))
    assert not len(supported_points(np.ones(100), 10))


def test_cohorts_that_differ_are_found_by_both_tests():
    first, second = relation_study.study(1, effects=(1.2, 0, 0)), relation_study.study(2, effects=(-1.2, 0, 0))
    parts = []
    for place, data in enumerate((first, second)):
        parts.append([frame.assign(student_id=frame["student_id"] + f"x{place}") for frame in data])
        parts[-1][0]["cohort"] = ["2015", "2016"][place]
    data = [pd.concat(pair, ignore_index=True) for pair in zip(*parts, strict=True)]
    found = made(data, relation_study.config(models=relation_study.RETAINED)).heterogeneity
    found = found.set_index(["stages", "term"])
    assert found.loc[("two", "bond"), "test_p_value"] < 0.001
    assert found.loc[("one", "bond"), "test_p_value"] < 0.001
    assert found.loc[("one", "all"), "test_df"] == 3
    assert found.loc[("two", "bond"), "i2"] > 90
    assert "two cohorts" in found.loc[("two", "bond"), "remark"]


def test_the_total_score_is_compared_between_cohorts_too(tables):
    rows = tables.cohorts_total.query("model == 'retained'").set_index("sample")
    assert rows["n"].tolist() == [200, 200, 200, 600]
    both = tables.heterogeneity.query("model == 'retained' and term == 'total'").set_index("stages")
    assert both.loc["one", "estimate"] == rows.loc["pooled", "estimate"]
    assert both.loc["two", "estimate"] == pytest.approx(rows.loc["pooled", "estimate"], abs=0.1)
    assert (both["test_df"] == 2).all()
    whole = tables.sensitivity.query("model == 'retained' and term == 'total'")["ratio"].iloc[0]
    assert np.log(whole) == pytest.approx(rows.loc["pooled", "estimate"])


def test_one_cohort_is_said_and_not_compared():
    data = relation_study.study(n=300, cohorts=("2015",))
    found = made(data, relation_study.config(models=relation_study.RETAINED))
    assert found.heterogeneity.query("stages == 'one'")["statistic"].isna().all()
    assert found.status["reason"].str.contains("one cohort").any()
    rows = pd.DataFrame(
        {"outcome": "o", "model": "m", "term": "bond", "sample": ["2015", "pooled"], "estimate": 0.2, "std_error": 0.1}
    )
    assert two_stage_rows(rows)[0]["remark"] == "heterogeneity needs two cohorts or more"


def test_cohorts_that_agree_give_the_pooled_estimate_again(tables):
    rows = tables.heterogeneity.query("model == 'retained' and term not in ('all', 'total')").set_index(
        ["stages", "term"]
    )
    assert rows.loc["two"]["estimate"].tolist() == pytest.approx(rows.loc["one"]["estimate"].tolist(), abs=0.15)
    two = rows.loc[("two", "bond")]
    assert two["prediction_low"] <= two["conf_low"] < two["estimate"] < two["conf_high"] <= two["prediction_high"]
    assert "hardly known" in two["remark"]


def test_an_odds_ratio_of_a_common_outcome_is_turned_into_a_risk_ratio_first():
    row = {"parameterisation": "joint", "term": "bond", "odds_ratio": 2.25, "or_low": 1.44, "or_high": 4.0, "n": 100}
    common = confounding_rows([row], "logit", 0.6, {})[0]
    assert common["risk_ratio"] == pytest.approx(1.5)
    assert common["e_value"] == pytest.approx(1.5 + np.sqrt(0.75))
    assert common["e_value_interval"] == pytest.approx(1.2 + np.sqrt(1.2 * 0.2))
    rare = confounding_rows([row], "logit", 0.95, {})[0]
    assert rare["risk_ratio"] == 2.25, "the other side of the outcome is rare"
    assert confounding_rows([row | {"or_low": 0.9}], "logit", 0.5, {})[0]["e_value_interval"] == 1


def test_e_values_are_given_for_the_dimensions_and_for_their_total(tables):
    rows = tables.sensitivity.query("model == 'retained'")
    assert rows["term"].tolist() == ["bond", "goal", "task", "total"]
    assert rows.set_index("term").loc["total", "e_value_interval"] > 1
    assert set(tables.sensitivity["measure"]) == {"OR", "HR"}
