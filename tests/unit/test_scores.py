"""Scores: rules for missing answers, standard errors that mean what they say, numbers of lavaan."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from alliance.measurement.export import export_scores
from alliance.measurement.scores import sum_error, sum_scores
from alliance.measurement.scores_stage import model_tables, sum_tables
from small_survey import survey

REFERENCE = Path(__file__).parents[1] / "reference" / "measurement"
KEY = {d: [f"{d[0]}{k}_w1" for k in range(1, 5)] for d in ("bond", "goal", "task")}
SETTINGS = {"models": ["correlated"], "chosen": "correlated", "separability_cut": 0.85, "estimator": "MLR"}


@pytest.fixture(scope="module")
def items():
    columns = [item for items in KEY.values() for item in items]
    return pd.read_csv(REFERENCE.parent / "sem" / "data" / "alliance.csv", usecols=columns)[columns].astype(float)


def test_sum_score_needs_half_of_the_items():
    answers = np.array([[1, 2, 3, 4], [1, 2, np.nan, np.nan], [1, np.nan, np.nan, np.nan], [np.nan] * 4])
    assert sum_scores(answers) == pytest.approx(np.array([2.5, 1.5, np.nan, np.nan]), nan_ok=True)


def test_sum_error_is_the_spread_around_the_true_score():
    rng = np.random.default_rng(2)
    true = rng.standard_normal(50_000)
    answers = true[:, None] + rng.standard_normal((50_000, 4))
    se, alpha = sum_error(answers)
    assert alpha == pytest.approx(0.8, abs=0.01)
    assert se == pytest.approx((sum_scores(answers) - true).std(), abs=0.01)
    assert np.isnan(sum_error(answers[:, :1])[0])


def test_score_tables_are_long_and_say_how_good_they_are(items):
    ids, cohorts = pd.Series([f"S{k}" for k in range(900)]), pd.Series(["2015", "2016", "2017"] * 300)
    gaps = items.copy()
    gaps.loc[0, :] = np.nan
    long, about = sum_tables(ids, gaps, KEY, "mentee", 1, cohorts)
    assert len(long) == 3 * 899
    assert [row["n"] for row in about if row["dimension"] == "bond"] == [899, 299, 300, 300]
    scores, about, why = model_tables(ids, items, KEY, SETTINGS, ("mentee", 1), ["regression", "bartlett"], cohorts)
    assert why == []
    bartlett = scores.query("method == 'bartlett' and dimension == 'bond'")["score"]
    scores, about = scores.query("method == 'regression'"), [row for row in about if row["method"] == "regression"]
    assert bartlett.var() > scores.query("dimension == 'bond'")["score"].var()
    assert set(scores["dimension"]) == {"bond", "goal", "task"}
    bond = next(row for row in about if row["dimension"] == "bond" and row["sample"] == "pooled")
    spread = scores.query("dimension == 'bond'")["score"].var(ddof=0)
    assert bond["reliability"] == pytest.approx(spread, abs=0.02)
    assert bond["determinacy"] == pytest.approx(np.sqrt(bond["reliability"]))


def test_no_scores_without_an_admissible_model(items):
    broken = items.assign(b1_w1=items["b2_w1"])
    settings = SETTINGS | {"estimator": "ML"}
    scores, about, why = model_tables(items.index.to_series(), broken, KEY, settings, ("mentee", 1), ["regression"])
    assert scores.empty
    assert about == []
    assert "linear combination" in why[0]


def test_an_item_that_does_not_vary_is_left_out_of_the_model_and_named(items):
    flat = items.assign(b1_w1=3.0)
    scores, about, why = model_tables(items.index.to_series(), flat, KEY, SETTINGS, ("mentee", 1), ["regression"])
    assert len(scores) == 2700
    assert why == ["scores of mentee, wave 1: item b1_w1 has the same answer from everybody: left out of the models"]
    reliability = {row["dimension"]: row["reliability"] for row in about}
    assert reliability["bond"] < reliability["goal"]


def test_export_has_labels_in_every_program(items, tmp_path):
    ids = pd.Series([f"S{k}" for k in range(900)])
    long, _ = sum_tables(ids, items, KEY, "mentee", 1, None)
    config = {
        "instrument": {"dimensions": {"bond": "Bond"}},
        "roles": {"mentee": "Mentee report"},
        "waves": {1: "First"},
    }
    export_scores(long, config, tmp_path)
    frame, meta = pyreadstat.read_sav(str(tmp_path / "scores.sav"))
    assert len(frame) == 900
    assert meta.column_names_to_labels["bond_mentee_w1_sum"] == "Bond, Mentee report, First: mean of items"
    stata, about = pyreadstat.read_dta(str(tmp_path / "scores.dta"))
    assert stata["bond_mentee_w1_sum"].mean() == pytest.approx(frame["bond_mentee_w1_sum"].mean())
    assert about.column_labels[1] == meta.column_labels[1]
    assert set(pd.read_csv(tmp_path / "codebook.csv")["variable"]) == set(frame.columns)


def test_exported_files_have_the_same_bytes_whenever_they_are_written(tmp_path):
    scores = pd.DataFrame(
        {
            "student_id": ["A1", "A2"],
            "dimension": "bond",
            "role": "mentee",
            "wave": 1,
            "method": "sum",
            "score": [3.5, 4.25],
            "se": [0.3, 0.3],
        }
    )
    first = [path.read_bytes() for path in export_scores(scores, {}, tmp_path / "first")]
    time.sleep(1.1)  # both formats hold the second of their writing
    again = export_scores(scores, {}, tmp_path / "again")
    assert [path.read_bytes() for path in again] == first
    stata = pd.read_stata(tmp_path / "again/scores.dta")
    assert stata["bond_mentee_w1_sum"].tolist() == [3.5, 4.25]


@pytest.mark.parametrize("estimator", ["ML", "MLR", "WLSMV"])
def test_a_model_score_belongs_to_the_person_whose_answers_it_is_made_of(items, estimator):
    gaps = items.mask(np.random.default_rng(7).random(items.shape) < 0.05)
    ids = pd.Series([f"s{k}" for k in range(len(gaps))])
    settings = {**SETTINGS, "estimator": estimator}
    table, _, reasons = model_tables(ids, gaps, KEY, settings, ("mentee", 1), ["regression"])
    assert not reasons
    means = {d: pd.Series(gaps[columns].mean(axis=1).to_numpy(), index=ids) for d, columns in KEY.items()}
    for dimension, part in table.groupby("dimension"):
        assert np.corrcoef(part["score"], means[dimension][part["student_id"]])[0, 1] > 0.85
    complete = gaps.notna().all(axis=1).sum()
    assert len(table) == 3 * (complete if estimator == "ML" else gaps.notna().any(axis=1).sum())


def drawn(conditioning, seed=3):
    """Plausible values of a study in which the outcome goes with bond; the outcome beside the draws of bond."""
    study = survey({"bond": 4, "goal": 4}, n=700)
    noise = np.random.default_rng(8).standard_normal(700)
    study.sample["outcome"] = study.truth["mentee", 1][:, 0] + 0.7 * noise
    study.config |= {"scores": {"methods": ["plausible"], "draws": 6, "conditioning": conditioning}, "seed": seed}
    values = study.score()["plausible"]
    bond = values[values["dimension"] == "bond"].merge(study.sample[["student_id", "outcome"]])
    return values, float(bond.groupby("draw").apply(lambda d: np.cov(d["value"], d["outcome"])[0, 1]).mean())


def test_plausible_values_relate_rightly_only_to_what_they_were_drawn_with():
    values, slope = drawn(["outcome"])
    _, without = drawn([])
    assert slope == pytest.approx(1.0, abs=0.08)
    assert without < 0.9, "the reliability of bond, about, is what is left of the covariance"
    assert set(values["conditioning"]) == {"outcome"}
    assert len(values) == 700 * 6 * 2
    again, _ = drawn(["outcome"])
    other, _ = drawn(["outcome"], seed=4)
    assert again.equals(values)
    assert not other["value"].equals(values["value"])
