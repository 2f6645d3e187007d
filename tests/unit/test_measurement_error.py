"""Measurement error side by side: comparable numbers by every method, and a verdict where sum scores mislead."""

import numpy as np
import pandas as pd
import pytest
from alliance.persistence.measurement_error import side_by_side, with_verdicts
from alliance.persistence.measurement_error_latent import latent_slopes, mean_density
from alliance.persistence.plausible_draws import analysed_rows, draw_models
from test_plausible_link import DIMENSIONS, ITEMS, study

KEY = {d: [f"{d}{j}" for j in range(1, 5)] for d in DIMENSIONS}
CONFIG = {
    "seed": 3,
    "measurement": {"role": "mentee", "wave": 1, "chosen": "correlated", "estimator": "WLSMV"},
    "link": {
        "scores": "sum",
        "estimator": "plausible",
        "draws": 8,
        "predictors": DIMENSIONS,
        "covariates": ["gpa"],
        "cluster": "program",
        "vcov": "CR1",
        "models": {"retained": {"outcome": "retained_2", "family": "logit"}},
    },
}


@pytest.fixture(scope="module")
def tables():
    data = study(3000, 5)
    rng = np.random.default_rng(2)
    sample = data.assign(cohort="2015", program=rng.integers(0, 60, len(data)).astype(str), gpa=rng.normal(size=3000))
    scores = pd.concat(
        pd.DataFrame({"student_id": data["student_id"], "dimension": d, "role": "mentee", "wave": 1, "method": "sum",
                      "score": data[KEY[d]].mean(axis=1), "se": 0.1})
        for d in DIMENSIONS
    )  # fmt: skip
    outcomes = pd.DataFrame({"student_id": data["student_id"], "outcome": "retained_2", "value": data["persist"],
                             "at_risk": True, "censored": False, "reason_not_at_risk": ""})  # fmt: skip
    items, periods = data[ITEMS], pd.DataFrame(columns=["student_id", "outcome", "period", "event"])
    analysed = analysed_rows(sample, scores, outcomes, CONFIG)
    draws = draw_models(sample, analysed, items, KEY, CONFIG, 10)
    reliability = {("sum", d): 0.75 for d in DIMENSIONS}
    return draws, side_by_side(sample, scores, outcomes, periods, items, KEY, reliability, draws, CONFIG, 10)


def test_the_draws_are_described(tables):
    about = tables[0].about.iloc[0]
    assert (about["status"], about["n"], about["draws"], about["estimator"]) == ("ok", 3000, 8, "WLSMV")
    assert about["conditioning"] == "outcome 1; gpa"
    assert len(tables[0].table) == 8 * 3000


def test_every_method_is_on_one_scale(tables):
    table = tables[1].set_index(["method", "term"])
    assert list(dict.fromkeys(tables[1]["method"])) == ["sum", "plausible", "latent", "sam", "croon"]
    assert (tables[1]["status"] == "ok").all()
    right = table.loc["latent"]
    for method in ("plausible", "sam", "croon"):
        assert np.abs(table.loc[method, "ame"] - right["ame"]).max() < right["ame_error"].max()
    for method in ("sam", "croon"):  # eight draws give no stable error of plausible values
        assert table.loc[method, "ame_error"].to_numpy() == pytest.approx(right["ame_error"].to_numpy(), rel=0.3)
    for method in ("plausible", "sam"):
        assert np.abs(table.loc[method, "std_estimate"] - right["std_estimate"]).max() < 0.08
    assert table.loc["sum", "ame_error"].max() < right["ame_error"].min()
    assert tables[1].query("declared")["method"].unique() == ["plausible"]
    assert table.loc[("sum", "goal"), "reliability"] == 0.75


def test_sum_scores_mislead_about_goal_and_the_table_says_so(tables):
    table = tables[1].set_index(["method", "term"])
    assert table.loc[("sum", "goal"), "p_value"] < 0.05 < table.loc[("plausible", "goal"), "p_value"]
    assert table.loc[("sum", "goal"), "verdict"] == "significance"
    assert table.loc[("sum", "task"), "difference"] < 0


def row(method, estimate, error, p):
    return {"method": method, "term": "bond", "estimate": estimate, "std_error": error, "p_value": p, "status": "ok"}


@pytest.mark.parametrize(
    ("naive", "ours", "verdict"),
    [
        ((0.3, 0.10, 0.003), (0.33, 0.12, 0.006), "agree"),
        ((0.3, 0.10, 0.003), (0.10, 0.15, 0.500), "significance"),
        ((0.3, 0.10, 0.003), (-0.3, 0.12, 0.010), "sign"),
        ((0.3, 0.10, 0.003), (0.80, 0.12, 0.0001), "difference"),
    ],
)
def test_verdicts(naive, ours, verdict):
    rows = with_verdicts([row("sum", *naive), row("plausible", *ours)], "plausible")
    assert rows[0]["verdict"] == verdict
    assert rows[0]["difference_error"] == pytest.approx(np.sqrt(ours[1] ** 2 - naive[1] ** 2))
    assert "verdict" not in rows[1]


def test_the_density_of_a_rare_outcome_is_small_and_two_items_are_measured_with_the_others():
    outcome = (np.arange(2000) < 40).astype(float)
    assert mean_density(outcome, np.empty((2000, 0))) == pytest.approx(0.0484, abs=0.001)
    data = study(1500, 8)
    short = {d: items[:2] for d, items in KEY.items()}
    slopes = latent_slopes("sam", data[ITEMS], short, data["persist"].to_numpy(), np.empty((1500, 0)), None)
    assert np.isfinite(slopes.std_error).all()
