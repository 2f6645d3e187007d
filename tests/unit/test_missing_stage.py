"""Patterns, Little's test and what being missing goes with; blocks that cannot be tested say why."""

import numpy as np
import pandas as pd
import pytest
from alliance.codebook import Codebook, Column
from alliance.persistence import fit_outcome
from alliance.persistence.multiplicity import adjust
from alliance.survey.missing_stage import missing_tables

REPORTS = [("mentee", 1), ("mentee", 2)]
CONFIG = {
    "instrument": {"dimensions": {"bond": "Bond"}},
    "sample": {"frame": {"role": "mentee", "wave": 1}, "cluster": "program"},
    "describe": {"groups": ["gender"]},
    "link": {"covariates": ["gpa"]},
    "report": {"minimum_cell": 10},
}


def study(n=600, seed=2):
    """Students with a strong bond stay for the second wave; answers to single items are missing at random."""
    rng = np.random.default_rng(seed)
    bond = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "student_id": [f"s{k:03d}" for k in range(n)],
            "cohort": np.where(np.arange(n) < 8, "2014", rng.choice(["2015", "2016"], n)),
            "program": rng.choice(list("abcdefghij"), n),
            "gender": rng.choice(["woman", "man"], n),
            "gpa": 3 + 0.5 * rng.normal(size=n),
        }
    )
    stays = rng.random(n) < 1 / (1 + np.exp(-bond))
    for role, wave in REPORTS:
        there = stays if wave == 2 else np.ones(n, dtype=bool)
        frame[f"answered_{role}_w{wave}"] = there
        for k in (1, 2, 3):
            item = np.clip(np.round(3 + bond + 0.7 * rng.normal(size=n)), 1, 5)
            frame[f"bond_{k}_{role}_w{wave}"] = np.where(there & (rng.random(n) > 0.05), item, np.nan)
    frame.loc[:29, "gpa"] = np.nan
    return frame


def codebook():
    columns = [
        Column(1, f"wave{wave}", f"b{k}", f"bond_{k}", type="item", dimension="bond", role=role, wave=wave)
        for role, wave in REPORTS
        for k in (1, 2, 3)
    ]
    return Codebook(tuple(columns), "codebook.csv")


def tables(frame, config=CONFIG):
    return missing_tables(frame, codebook(), config, fit_outcome, adjust)


@pytest.fixture(scope="module")
def found():
    return tables(study())


def test_patterns_name_what_is_missing_and_pool_the_rare_ones(found):
    frame = study()
    reports = found.patterns.query("block == 'reports'")
    there = int(frame["answered_mentee_w2"].sum())
    assert reports.set_index("missing")["n"].to_dict() == {"": there, "mentee_w2": 600 - there}
    items = found.patterns.query("block == 'items' and wave == 1")
    assert items["n"].sum() == 600
    assert len({"bond_1", "bond_2", "bond_3"} & set(items["missing"])) == 2, "the smallest is pooled with the rare ones"
    assert items["pattern"].iloc[-1] == "other"
    assert (found.patterns["n"] >= 10).all()


def test_whole_reports_are_not_missing_completely_at_random_but_single_items_are(found):
    little = found.little.set_index(["block", "wave"])
    assert little.loc[("means", slice(None)), "p_value"].iloc[0] < 0.001
    assert little.loc[("items", 1), "p_value"] > 0.01
    assert little.loc[("items", 1), "status"] == "ok"


def test_what_being_missing_goes_with(found):
    rows = found.predictors.query("gap == 'report'").set_index("variable")
    assert rows.loc["bond", "conf_high"] < 0.7  # a strong bond, seldom without a second report
    assert rows.loc["bond", "p_adjusted"] < 0.001
    assert rows.loc["gpa", "conf_low"] < 1 < rows.loc["gpa", "conf_high"]
    assert set(rows.loc[["cohort"], "level"]) <= {"2015", "2016"}, "the cohort of eight has no row"
    assert (found.predictors["p_adjusted"] >= found.predictors["p_value"]).all()


def test_the_odds_ratio_is_that_of_a_logit_on_the_standardised_variable(found):
    frame = study()
    data = frame.assign(y=(~frame["answered_mentee_w2"]).astype(float)).dropna(subset="gpa")
    data["gpa"] = (data["gpa"] - data["gpa"].mean()) / data["gpa"].std()
    fit = fit_outcome("y ~ gpa", data, cluster="program", vcov="CR1").estimates.set_index("term")
    row = found.predictors.query("gap == 'report' and variable == 'gpa'").iloc[0]
    assert row["odds_ratio"] == pytest.approx(np.exp(fit.loc["gpa", "estimate"]))
    assert row["p_value"] == pytest.approx(fit.loc["gpa", "p_value"])
    assert row["n"] == 570


def test_the_few_for_whom_a_variable_is_unknown_cannot_be_counted():
    frame = study()
    frame.loc[:3, "gender"] = None
    rows = tables(frame).predictors
    assert rows.loc[rows["variable"] == "gender", "n"].isna().all()
    assert rows.loc[rows["variable"] == "gpa", "n"].notna().all()


def test_a_constant_item_an_unanswered_one_and_an_empty_wave_are_said_and_the_rest_goes_on():
    frame = study()
    frame["bond_1_mentee_w1"] = 3.0
    frame["bond_2_mentee_w1"] = np.nan
    frame["answered_mentee_w2"] = False
    frame.loc[:, [c for c in frame if c.endswith("_w2") and c.startswith("bond")]] = np.nan
    found = tables(frame)
    little = found.little.set_index(["block", "wave"])
    assert little.loc[("items", 1), "reason"] == "fewer than two numbers that vary"
    assert little.loc[("items", 2), "reason"] == "fewer than 10 persons"
    assert set(found.status["model"]) == {"all"}
    assert set(found.status["reason"]) == {"left out: fewer than 10 students with or without it"}
    assert "any variable" in set(found.predictors["gap"])


def test_without_a_survey_only_the_students_variables_are_looked_at():
    config = CONFIG | {"sample": {"frame": "students"}, "instrument": {}}
    frame = study()[["student_id", "cohort", "program", "gender", "gpa"]]
    found = missing_tables(frame, Codebook((), "codebook.csv"), config, fit_outcome, adjust)
    assert found.patterns["block"].unique().tolist() == ["variables"]
    assert found.predictors["gap"].unique().tolist() == ["any variable"]
