"""Scores: rules for missing answers, standard errors that mean what they say, numbers of lavaan."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.measurement.models import build_model
from alliance.measurement.scores import model_scores, regression_scores, sum_error, sum_scores
from alliance.measurement.scores_stage import regression_tables, sum_tables
from alliance.measurement.stage import measure
from alliance.measurement.structure import Structure

REFERENCE = Path(__file__).parents[1] / "reference" / "measurement"
KEY = {d: [f"{d[0]}{k}_w1" for k in range(1, 5)] for d in ("bond", "goal", "task")}
SETTINGS = {"models": ["correlated"], "chosen": "correlated", "separability_cut": 0.85, "role": "mentee", "wave": 1}


@pytest.fixture(scope="module")
def items():
    columns = [item for items in KEY.values() for item in items]
    return pd.read_csv(REFERENCE.parent / "sem" / "data" / "alliance.csv", usecols=columns)[columns].astype(float)


@pytest.fixture(scope="module")
def tables(items):
    return measure({"pooled": items}, KEY, {}, SETTINGS)


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


def test_regression_scores_agree_with_lavaan(items, tables):
    expected = json.loads((REFERENCE / "lavaan.json").read_text())["scores"]
    found = model_scores(build_model("correlated", KEY), tables["parameters"], items)
    first = np.column_stack([score[:5] for score, _ in found.values()])
    errors = [se[0] for _, se in found.values()]
    assert first == pytest.approx(np.array(expected["first"]), abs=2e-6)
    assert errors == pytest.approx(expected["se"], abs=2e-6)


def test_incomplete_rows_get_the_conditional_expectation(items, tables):
    """In simulated normal data the error's size is the stated one whichever items are missing."""
    structure = Structure(build_model("correlated", KEY))
    theta = np.array([r.est for r in tables["parameters"].itertuples() if r.se > 0])
    loadings, phi, residual = structure.matrices(theta)
    rng = np.random.default_rng(8)
    latent = rng.multivariate_normal(np.zeros(3), phi, 40_000)
    answers = latent @ loadings.T + rng.standard_normal((40_000, 12)) * np.sqrt(np.diag(residual))
    answers[:20_000, [0, 1, 5]] = np.nan
    score, se = regression_scores(structure, theta, np.zeros(12), answers)
    error = score - latent / np.sqrt(np.diag(phi))
    for rows in (slice(0, 20_000), slice(20_000, None)):
        assert error[rows].std(axis=0) == pytest.approx(se[rows][0], rel=0.02)
        assert error[rows].mean(axis=0) == pytest.approx(np.zeros(3), abs=0.02)
    assert (se[0] > se[-1]).all()
    nobody = regression_scores(structure, theta, np.zeros(12), np.full((1, 12), np.nan))
    assert np.isnan(nobody).all()


def test_score_tables_are_long_and_say_how_good_they_are(items, tables):
    ids, cohorts = pd.Series([f"S{k}" for k in range(900)]), pd.Series(["2015", "2016", "2017"] * 300)
    gaps = items.copy()
    gaps.loc[0, :] = np.nan
    long, about = sum_tables(ids, gaps, KEY, "mentee", 1, cohorts)
    assert len(long) == 3 * 899
    assert [row["n"] for row in about if row["dimension"] == "bond"] == [899, 299, 300, 300]
    scores, about, why = regression_tables(ids, items, KEY, SETTINGS, tables["parameters"], tables["status"], cohorts)
    assert why == ""
    assert set(scores["dimension"]) == {"bond", "goal", "task"}
    bond = next(row for row in about if row["dimension"] == "bond" and row["sample"] == "pooled")
    spread = scores.query("dimension == 'bond'")["score"].var(ddof=0)
    assert bond["reliability"] == pytest.approx(spread, abs=0.02)
    assert bond["determinacy"] == pytest.approx(np.sqrt(bond["reliability"]))


def test_no_scores_from_an_inadmissible_model(items, tables):
    status = tables["status"].assign(status="inadmissible", reason="Heywood")
    scores, about, why = regression_tables(
        items.index.to_series(), items, KEY, SETTINGS, tables["parameters"], status, None
    )
    assert scores.empty
    assert about == []
    assert "inadmissible: Heywood" in why
