"""Plausible values as predictors: the null dimension stays null, pooled as by hand, and failures become reasons."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from alliance.persistence import fit_outcome
from alliance.persistence.analysis import Analysis
from alliance.persistence.link_fit import fit_or_penalise
from alliance.persistence.plausible_draws import conditioning, cumulative_hazard
from alliance.persistence.plausible_fit import Draws, DrawTables, fit_declared
from alliance.sem import fit_sem, plausible_values, simulate

DIMENSIONS = ["bond", "goal", "task"]
LOADINGS = {"bond": (0.8, 0.7, 0.6, 0.75), "goal": (0.75, 0.7, 0.65, 0.6), "task": (0.7, 0.8, 0.6, 0.65)}
ITEMS = [f"{d}{j}" for d in DIMENSIONS for j in range(1, 5)]
MEASURED = "\n".join(f"{d} =~ " + " + ".join(f"{d}{j}" for j in range(1, 5)) for d in DIMENSIONS)
SETTINGS = {"predictors": DIMENSIONS, "cluster": None, "vcov": "classic"}
FITTER = partial(fit_or_penalise, family="probit", link=SETTINGS)
FORMULA = "persist ~ bond + goal + task"


def study(n, seed):
    """Ordered answers and a yes/no outcome with probit slopes .30, 0 and .40 on correlated dimensions."""
    loadings = "\n".join(
        f"{d} =~ " + " + ".join(f"{value}*{d}{j}" for j, value in enumerate(LOADINGS[d], 1)) for d in DIMENSIONS
    )
    cuts = "\n".join(f"{item} | -1.4*t1 + -0.4*t2 + 0.7*t3" for item in ITEMS)
    structure = (
        "bond ~~ 0.7*goal + 0.6*task\ngoal ~~ 0.75*task\npersist ~ 0.3*bond + 0*goal + 0.4*task\npersist | 0.3*t1"
    )
    data = simulate(f"{loadings}\n{cuts}\n{structure}", n=n, seed=seed)
    data["persist"] = (data["persist"] > data["persist"].min()).astype(float)
    return data.assign(student_id=[f"s{i:05d}" for i in range(n)])


def draws_for(data, m=10, seed=3):
    fit = fit_sem(MEASURED, data[ITEMS], ordered=ITEMS, std_lv=True)
    long = plausible_values(fit, m, seed, conditioning=data[["persist"]], standardise=True)
    values = np.stack([one[DIMENSIONS].to_numpy() for _, one in long.groupby("draw")])
    return Draws(data["student_id"].tolist(), DIMENSIONS, values)


@pytest.fixture(scope="module")
def known():
    data = study(4000, 11)
    return data, draws_for(data)


def test_the_null_dimension_stays_null_where_sum_scores_make_it_significant(known):
    data, draws = known
    means = data.assign(**{d: data[[f"{d}{j}" for j in range(1, 5)]].mean(axis=1) for d in DIMENSIONS})
    means[DIMENSIONS] = (means[DIMENSIONS] - means[DIMENSIONS].mean()) / means[DIMENSIONS].std()
    naive = fit_outcome(FORMULA, means, family="probit").estimates.set_index("term")
    fit, state, _ = fit_declared(FITTER, Analysis(FORMULA, means, len(means)), SETTINGS, draws)
    ours = fit.estimates.set_index("term")
    assert state == "ok"
    assert naive.loc["goal", "p_value"] < 0.001
    assert ours.loc["goal", "p_value"] > 0.05
    truth = pd.Series({"bond": 0.3, "goal": 0.0, "task": 0.4})
    assert (np.abs(ours.loc[DIMENSIONS, "estimate"] - truth) < 3 * ours.loc[DIMENSIONS, "std_error"]).all()
    assert naive.loc["task", "estimate"] < 0.85 * ours.loc["task", "estimate"]


def test_pooling_is_rubins_and_fast_refits_are_the_plain_ones(known):
    data, draws = known
    few = replace(draws, drawn=draws.drawn[:3])
    analysis = Analysis(FORMULA, data.assign(bond=0.0, goal=0.0, task=0.0), len(data))
    fit, _, _ = fit_declared(FITTER, analysis, SETTINGS, few)
    plain = [fit_outcome(FORMULA, rows, family="probit") for rows in few.fill(analysis)]
    coef = np.array([one.coef for one in plain])
    assert fit.coef == pytest.approx(coef.mean(axis=0))
    within = np.mean([np.diag(one.vcov) for one in plain], axis=0)
    assert fit.std_error**2 == pytest.approx(within + (1 + 1 / 3) * coef.var(axis=0, ddof=1))
    slopes = fit.effects(DIMENSIONS)
    one_by_one = np.mean([one.effects(DIMENSIONS)["estimate"] for one in plain], axis=0)
    assert slopes["estimate"].to_numpy() == pytest.approx(one_by_one)
    assert fit.test(DIMENSIONS)["test"] == "D1"
    assert fit.test(DIMENSIONS)["df"] == 3


def test_the_draws_know_outcome_covariates_and_cohorts():
    rows = pd.DataFrame(
        {
            "_value": [0.0, 1.0] * 40,
            "_censored": False,
            "cohort": ["a"] * 38 + ["b"] * 38 + ["c"] * 4,
            "gpa": np.linspace(2, 4, 80),
            "group": ["yes", "yes", "no", "no"] * 20,
        }
    )
    given = conditioning(rows, "logit", ["gpa", "group"], by_cohort=True)
    assert {"outcome 1", "gpa", "group yes", "cohort b x outcome 1", "cohort c"} <= set(given)
    assert "cohort c x outcome 1" not in given, "four students cannot have slopes of their own"
    assert given["cohort b x outcome 1"].sum() == 19
    crossed = conditioning(rows, "logit", ["group"], by_cohort=False, crossed=["group"])
    assert "outcome 1 x group yes" in crossed
    times = conditioning(rows.assign(_value=[1.0, 2.0] * 40), "hazard", [], by_cohort=False)
    assert list(times)[:2] == ["event", "cumulative hazard"]


def test_the_cumulative_hazard_is_nelson_and_aalens():
    time, event = np.array([1.0, 2.0, 2.0, 3.0]), np.array([True, True, False, True])
    assert cumulative_hazard(time, event) == pytest.approx([1 / 4, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3 + 1])


def test_without_draws_the_model_fails_and_says_why():
    about = pd.DataFrame({"model": ["retained"], "reason": ["measurement model correlated, inadmissible: Heywood"]})
    empty = pd.DataFrame(columns=["model", "draw", "student_id", *DIMENSIONS])
    draws = DrawTables(empty, about).of("retained", DIMENSIONS)
    data = study(60, 1).assign(bond=0.0, goal=0.0, task=0.0)
    fit, state, reason = fit_declared(FITTER, Analysis(FORMULA, data, 60), SETTINGS, draws)
    assert (fit, state) == (None, "failed")
    assert "Heywood" in reason
