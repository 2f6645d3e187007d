"""The measurement stage: the menu, what is admissible, reliability, separability, and that nothing in data stops it."""

import numpy as np
import pandas as pd
import pytest
from alliance.errors import Stop
from alliance.measurement.estimate import FAILED, INADMISSIBLE, OK, fit_measurement
from alliance.measurement.intervals import WALD, correlation_interval
from alliance.measurement.models import build_model, why_not_identified
from alliance.measurement.reliability import alpha_with_se
from alliance.measurement.samples import by_sample
from alliance.measurement.stage import measure
from alliance.measurement.structure import Structure
from alliance.measurement.validity import FactorCorrelation, htmt, separability

KEY = {"warmth": ["w1", "w2", "w3"], "aims": ["a1", "a2", "a3"], "work": ["k1", "k2", "k3"]}
ITEMS = [item for items in KEY.values() for item in items]
SETTINGS = {"models": ["one", "correlated", "bifactor"], "separability_cut": 0.85, "estimator": "ML"}


def simulate(correlation=0.5, n=400, loading=0.75, seed=3, key=KEY):
    """Continuous items of one factor per dimension, all factor correlations equal."""
    rng = np.random.default_rng(seed)
    factors = len(key)
    phi = np.full((factors, factors), correlation) + (1 - correlation) * np.eye(factors)
    latent = rng.multivariate_normal(np.zeros(factors), phi, n)
    columns = {}
    for k, items in enumerate(key.values()):
        for item in items:
            columns[item] = loading * latent[:, k] + np.sqrt(1 - loading**2) * rng.standard_normal(n)
    return pd.DataFrame(columns)


def test_degrees_of_freedom_of_the_menu():
    twelve = {d: [f"{d}{k}" for k in range(4)] for d in "abc"}
    merged = {"a": ["a"], "rest": ["b", "c"]}
    menu = ("one", "two", "correlated", "second_order", "bifactor")
    assert [Structure(build_model(m, twelve, merged)).df for m in menu] == [54, 53, 51, 51, 42]


@pytest.mark.parametrize(
    ("name", "merged", "word"),
    [("three", None, "menu"), ("two", None, "exactly once"), ("two", {"x": ["warmth"], "y": ["aims"]}, "exactly once")],
)
def test_menu_stops_with_a_remedy(name, merged, word):
    with pytest.raises(Stop, match=word):
        build_model(name, KEY, merged)


def test_small_dimensions_are_said_before_estimation():
    short = {"warmth": ["w1", "w2", "w3"], "aims": ["a1", "a2"], "work": ["k1"]}
    assert "work has 1 item" in why_not_identified(build_model("correlated", short))
    pair = {"warmth": ["w1", "w2", "w3"], "aims": ["a1", "a2"]}
    assert why_not_identified(build_model("correlated", pair)) == ""
    assert "aims has 2 items" in why_not_identified(build_model("bifactor", pair))
    assert "second-order" in why_not_identified(build_model("second_order", pair))
    assert "equivalent by construction" in fit_measurement(build_model("second_order", KEY), simulate()).reason


def test_two_items_of_one_dimension_can_be_estimated_beside_others():
    pair = {"warmth": ["w1", "w2", "w3"], "aims": ["a1", "a2"]}
    assert fit_measurement(build_model("correlated", pair), simulate(key=pair)).status == OK


def test_fit_recovers_the_truth_of_a_large_sample():
    fit = fit_measurement(build_model("correlated", KEY), simulate(n=20_000))
    loadings = fit.parameters.query("op == '=~'")["std_all"].to_numpy()
    assert loadings == pytest.approx(np.full(9, 0.75), abs=0.02)


def test_reversed_item_gets_a_negative_loading():
    data = simulate()
    data["a2"] = -data["a2"]
    fit = fit_measurement(build_model("correlated", KEY), data)
    values = fit.parameters.query("op == '=~'").set_index("rhs")["est"]
    assert fit.status == OK
    assert values["a2"] < 0 < values["a3"]


def unusable():
    data = simulate(n=60)
    yield "constant", data.assign(a1=3.0), "no variation in a1"
    yield "few", data.head(9), "fewer than 10 complete cases for 9 items"
    yield "copy", data.assign(a1=data["a2"]), "linear combination"
    yield "empty", data.assign(a1=np.nan), "fewer than 10 complete cases"


@pytest.mark.parametrize(("data", "reason"), [case[1:] for case in unusable()], ids=[case[0] for case in unusable()])
def test_unusable_data_is_a_status_not_an_error(data, reason):
    fit = fit_measurement(build_model("correlated", KEY), data)
    assert fit.status == FAILED
    assert reason in fit.reason


def test_heywood_case_is_inadmissible_and_not_ranked():
    """Implied by exact covariances: with r12 r13 / r23 > 1 the communality of the first item exceeds one."""
    cov = np.array([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1]])
    noise = np.random.default_rng(0).standard_normal((200, 3))
    noise -= noise.mean(axis=0)
    data = pd.DataFrame(noise @ np.linalg.inv(np.linalg.cholesky(noise.T @ noise / 200)).T @ np.linalg.cholesky(cov).T)
    data.columns = ["w1", "w2", "w3"]
    key = {"warmth": ["w1", "w2", "w3"]}
    fit = fit_measurement(build_model("one", key), data)
    assert fit.status == INADMISSIBLE
    assert "Heywood" in fit.reason
    tables = measure({"pooled": data}, key, {}, {"models": ["one"], "separability_cut": 0.85, "estimator": "ML"})
    assert "bic_rank" not in set(tables["fit"]["measure"])
    assert tables["fit"].set_index("measure").loc["df", "value"] == 0


def test_the_rest_goes_on_when_one_sample_cannot_be_fitted():
    data = simulate()
    tables = measure({"pooled": data, "2016": data.head(5)}, KEY, {"warmth": "Warmth"}, SETTINGS)
    status = tables["status"].set_index(["sample", "model"])["status"]
    assert status["pooled", "correlated"] == OK
    assert status["2016", "correlated"] == FAILED
    assert set(tables["fit"]["sample"]) == {"pooled"}
    verdicts = tables["separability"].set_index("sample")["verdict"]
    assert verdicts.to_dict() == {"pooled": "distinct", "2016": "not_judged"}
    assert not tables["reliability"].duplicated(["sample", "dimension", "measure"]).any()
    assert set(tables["residuals"].groupby("model").size()) == {9 * 8 / 2}
    ranks = tables["fit"].query("measure == 'bic_rank'").set_index("model")["value"]
    assert ranks["correlated"] == 1


def test_missing_answers_are_left_out_and_n_says_it():
    data = simulate()
    data.loc[:9, "w1"] = np.nan
    assert fit_measurement(build_model("correlated", KEY), data).n == 390


def test_separability_follows_the_interval_not_the_estimate():
    def pair(a, b, r, high):
        return FactorCorrelation(a, b, r, 0.05, r - 0.1, high, "")

    words = {d: d.capitalize() for d in KEY}
    apart, close = pair("warmth", "aims", 0.5, 0.6), pair("aims", "work", 0.80, 0.86)
    assert separability([apart], 0.85, words, 400).verdict == "distinct"
    mixed = separability([apart, close], 0.85, words, 400)
    assert mixed.verdict == "mixed"
    assert mixed.pairs == (("aims", "work"),)
    assert "Aims and Work (r = .80, 95% CI [.70, .86])" in mixed.text
    assert separability([close], 0.85, words, 400).verdict == "not_distinct"
    assert separability([], 0.85, words, 400).verdict == "not_judged"


def test_alpha_against_the_formula_and_its_error_against_simulation():
    draws = np.random.default_rng(5)
    cov = np.full((4, 4), 0.4) + 0.6 * np.eye(4)
    truth = 4 / 3 * (1 - 4 / cov.sum())
    found = np.array([alpha_with_se(draws.multivariate_normal(np.zeros(4), cov, 300)) for _ in range(600)])
    assert found[:, 0].mean() == pytest.approx(truth, abs=0.004)
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(), rel=0.08)


def test_htmt_of_equal_correlations_is_their_ratio():
    within, between = 0.6, 0.3
    r = np.full((6, 6), between)
    r[:3, :3] = r[3:, 3:] = within
    np.fill_diagonal(r, 1)
    key = {"warmth": ITEMS[:3], "aims": ITEMS[3:6]}
    assert htmt(r, ITEMS[:6], key) == {("warmth", "aims"): pytest.approx(0.5)}


def test_correlation_interval_stays_in_range_and_says_when_it_cannot():
    low, high, _ = correlation_interval(0.98, 0.02)
    assert -1 < low < 0.98 < high < 1
    assert correlation_interval(1.03, 0.02)[2] == WALD


def test_cohorts_follow_the_config():
    frame = pd.DataFrame({"cohort": ["2016", "2015", "2015"]})
    items = pd.DataFrame({"w1": [1.0, 2.0, 3.0]})
    found = by_sample(frame, items, {"cohort": "cohort", "cohorts": ["2015", "2016"]}, by_cohort=True)
    assert {name: len(rows) for name, rows in found.items()} == {"pooled": 3, "2015": 2, "2016": 1}
    assert list(by_sample(frame, items, {"cohort": "cohort"}, by_cohort=False)) == ["pooled"]
