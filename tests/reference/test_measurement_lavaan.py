"""The first-version measurement models against lavaan 0.6-14 (numbers: measurement/lavaan.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.measurement.estimate import OK, fit_measurement, standard_errors
from alliance.measurement.fit_measures import residual_correlations
from alliance.measurement.models import build_model
from alliance.measurement.reliability import model_reliabilities
from alliance.measurement.validity import factor_correlations

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
    assert len(expected["parameters"]) == len(fit.structure.rows)
    sign = {f: 1.0 for f in fit.structure.latents}
    if fit.model.std_lv:
        for f, items in fit.model.factors.items():
            sign[f] = np.sign(sum(theirs[f, "=~", i]["est"] for i in items))
    raw_se, std_se = standard_errors(fit)
    estimates, standardised = fit.structure.values(fit.theta), fit.structure.standardized(fit.theta)
    for row, est, se, std, sse in zip(fit.structure.rows, estimates, raw_se, standardised, std_se, strict=True):
        other = theirs[row.lhs, row.op, row.rhs]
        turn = sign[row.lhs] if row.op == "=~" else 1.0
        name = (row.lhs, row.op, row.rhs)
        assert est == pytest.approx(turn * other["est"], abs=5e-6), name
        assert std == pytest.approx(turn * other["std_all"], abs=5e-6), name
        assert se == pytest.approx(other["se"], abs=2e-6), name
        assert sse == pytest.approx(other["std_se"], abs=2e-6), name


@pytest.mark.parametrize("name", ["one", "two", "correlated", "second_order", "bifactor"])
def test_menu_agrees_with_lavaan(name, lavaan, alliance):
    fit = fit_measurement(build_model(name, KEY, MERGED), alliance)
    assert fit.status == OK
    assert fit.n == 900
    assert_like(fit, lavaan[name])
    residual = residual_correlations(fit.observed, fit.implied)
    assert residual == pytest.approx(np.array(lavaan[name]["residuals"]), abs=5e-6)


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
    bond = model_reliabilities(fit)[0]
    assert bond.value == pytest.approx(lavaan["omega_bond"]["est"], abs=1e-6)
    assert bond.se == pytest.approx(lavaan["omega_bond"]["se"], abs=1e-6)


def test_second_order_model_implies_the_same_correlations(alliance):
    first = factor_correlations(fit_measurement(build_model("correlated", KEY), alliance))
    second = factor_correlations(fit_measurement(build_model("second_order", KEY), alliance))
    for a, b in zip(first, second, strict=True):
        assert (a.r, a.se) == pytest.approx((b.r, b.se), abs=2e-6)
