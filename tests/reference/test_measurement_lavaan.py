"""The menu of measurement models against lavaan 0.6-14 (numbers: measurement/lavaan.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.measurement.comparison import EQUIVALENT, NESTED, compare, relations
from alliance.measurement.estimate import OK, fit_measurement
from alliance.measurement.models import build_model
from alliance.measurement.reliability import model_reliabilities
from alliance.measurement.scores import REGRESSION, model_scores

HERE = Path(__file__).parent / "measurement"
KEY = {d: [f"{d[0]}{k}_w1" for k in range(1, 5)] for d in ("bond", "goal", "task")}
MERGED = {"bond": ["bond"], "agreement": ["goal", "task"]}


@pytest.fixture(scope="module")
def lavaan():
    return json.loads((HERE / "lavaan.json").read_text())


@pytest.fixture(scope="module")
def alliance():
    return pd.read_csv(HERE.parent / "sem" / "data" / "alliance.csv")


def assert_like(fit, expected):
    """Fit measures to 1e-6, estimates to 5e-6 (a factor of the bifactor model may be turned round), errors to 2e-6."""
    for name, value in expected["fit"].items():
        tolerance = {"rel": 1e-6, "abs": 1e-7}
        assert fit.measures[name.replace(".", "_")] == pytest.approx(value, **tolerance), name
    theirs = {}
    for row in expected["parameters"]:
        theirs[row["lhs"], row["op"], row["rhs"]] = theirs[row["rhs"], row["op"], row["lhs"]] = row
    sign = {f: 1.0 for f in fit.model.latents}
    if fit.model.std_lv:
        for f, items in fit.model.factors.items():
            sign[f] = np.sign(sum(theirs[f, "=~", i]["est"] for i in items))
    rows = [r for r in fit.parameters.itertuples() if r.op != "~1"]
    assert len(expected["parameters"]) == len(rows)
    for row in rows:
        other = theirs[row.lhs, row.op, row.rhs]
        turn = sign[row.lhs] if row.op == "=~" else 1.0
        name = (row.lhs, row.op, row.rhs)
        assert row.est == pytest.approx(turn * other["est"], abs=5e-6), name
        assert row.std_all == pytest.approx(turn * other["std_all"], abs=5e-6), name
        assert row.se == pytest.approx(other["se"], abs=2e-6), name
        assert row.std_se == pytest.approx(other["std_se"], abs=2e-6), name


@pytest.mark.parametrize("name", ["one", "two", "correlated", "second_order", "bifactor"])
def test_menu_agrees_with_lavaan(name, lavaan, alliance):
    fit = fit_measurement(build_model(name, KEY, MERGED), alliance)
    assert fit.status == OK
    assert fit.n == 900
    assert_like(fit, lavaan[name])
    assert fit.fit.residuals()[0] == pytest.approx(np.array(lavaan[name]["residuals"]), abs=5e-6)


def test_other_instrument_agrees_with_lavaan(lavaan):
    """Nine tests of ability (Holzinger & Swineford), rebuilt as data with exactly the published covariances."""
    cov = np.array(lavaan["hs"]["covariance"])
    noise = np.random.default_rng(1).standard_normal((301, 9))
    noise -= noise.mean(axis=0)
    white = noise @ np.linalg.inv(np.linalg.cholesky(noise.T @ noise / 301)).T
    data = pd.DataFrame(white @ np.linalg.cholesky(cov).T, columns=[f"x{k}" for k in range(1, 10)])
    key = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}
    fit = fit_measurement(build_model("correlated", key), data)
    expected = lavaan["hs"]
    assert fit.measures["chisq"] == pytest.approx(85.305521769973, abs=1e-6)
    assert_like(fit, expected)


def test_omega_and_its_error(lavaan, alliance):
    fit = fit_measurement(build_model("correlated", KEY), alliance)
    bond = next(r for r in model_reliabilities(fit) if (r.dimension, r.measure) == ("bond", "omega"))
    assert bond.value == pytest.approx(lavaan["omega_bond"]["est"], abs=1e-6)
    assert bond.se == pytest.approx(lavaan["omega_bond"]["se"], abs=1e-6)


def test_regression_scores_agree_with_lavaan(lavaan, alliance):
    fit = fit_measurement(build_model("correlated", KEY), alliance)
    items = [item for items in KEY.values() for item in items]
    found = model_scores(fit, alliance[items].notna().all(axis=1).to_numpy(), REGRESSION)
    expected = lavaan["scores"]
    first = np.column_stack([score[:5] for score in found.score.values()])
    assert first == pytest.approx(np.array(expected["first"]), abs=2e-6)
    assert [se[0] for se in found.se.values()] == pytest.approx(expected["se"], abs=2e-6)


def test_second_order_model_is_recognised_as_the_same_model(alliance):
    fits = {m: fit_measurement(build_model(m, KEY, MERGED), alliance) for m in ("two", "correlated", "second_order")}
    found = relations(fits)
    assert found["correlated", "second_order"] == EQUIVALENT
    assert found["two", "correlated"] == NESTED
    row = next(r for r in compare("pooled", fits, found) if r["model_restricted"] == "two")
    difference = fits["two"].measures["chisq"] - fits["correlated"].measures["chisq"]
    assert row["chisq_diff"] == pytest.approx(difference)
    assert row["df_diff"] == 2
