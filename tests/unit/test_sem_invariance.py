"""Design, model text and verdict of invariance ladders."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from alliance.sem.invariance import invariance_ladder
from alliance.sem.invariance_design import InvarianceError, read_design
from alliance.sem.invariance_syntax import step_model, step_words
from alliance.sem.invariance_verdict import Criteria, judge
from alliance.sem.table import build_table

TWO_WAVES = "f1 =~ a1 + b1 + c1\nf2 =~ a2 + b2 + c2"
SAME = {"waves": {"f": ["f1", "f2"]}, "indicators": {"a": ["a1", "a2"], "b": ["b1", "b2"], "c": ["c1", "c2"]}}


def design(model="f =~ a + b + c", n_groups=2, n_thresholds=None, lags=1, waves=None, indicators=None):
    return read_design(
        model, n_groups=n_groups, waves=waves, indicators=indicators, lags=lags, n_thresholds=n_thresholds or {}
    )


def table(found, step, parameterization="delta", partial=()):
    text = step_model(found, step_words(step), parameterization, partial)
    return build_table(
        text, n_groups=found.n_groups, ordered=list(found.n_thresholds), n_thresholds=found.n_thresholds,
        parameterization=parameterization, std_lv=True, meanstructure=True,
    )  # fmt: skip


def free_cells(found):
    rows = zip(found.lhs, found.op, found.rhs, found.group, found.free, strict=True)
    return {(lhs, op, rhs, int(group)): int(free) for lhs, op, rhs, group, free in rows}


def test_equal_loadings_release_the_variance_of_later_groups_only():
    cells = free_cells(table(design(), ["loadings"]))
    assert cells["f", "=~", "a", 1] == cells["f", "=~", "a", 2] > 0
    assert cells["f", "~~", "f", 1] == 0 < cells["f", "~~", "f", 2]
    assert cells["f", "~1", "", 2] == 0


def test_equal_intercepts_release_the_means_of_later_waves():
    cells = free_cells(table(design(TWO_WAVES, 1, **SAME), ["loadings", "intercepts"]))
    assert cells["a1", "~1", "", 1] == cells["a2", "~1", "", 1] > 0
    assert cells["f1", "~1", "", 1] == 0 < cells["f2", "~1", "", 1]


@pytest.mark.parametrize(
    ("categories", "intercept_free", "scale_free"), [(2, True, False), (3, True, True), (5, True, True)]
)
@pytest.mark.parametrize("parameterization", ["delta", "theta"])
def test_equal_thresholds_release_what_they_identify(categories, intercept_free, scale_free, parameterization):
    found = design(n_thresholds=dict.fromkeys("abc", categories - 1))
    cells = free_cells(table(found, ["thresholds"], parameterization))
    scale = "~*~" if parameterization == "delta" else "~~"
    assert (cells["a", "~1", "", 2] > 0) == intercept_free
    assert (cells["a", scale, "a", 2] > 0) == scale_free
    assert cells["a", "~1", "", 1] == cells["a", scale, "a", 1] == 0


@pytest.mark.parametrize(("lags", "pairs"), [(0, 0), (1, 2), (2, 3)])
def test_uniquenesses_correlate_across_up_to_lags_waves(lags, pairs):
    model = "\n".join(f"f{w} =~ a{w} + b{w} + c{w}" for w in (1, 2, 3))
    found = design(model, 1, lags=lags, waves={"f": ["f1", "f2", "f3"]})
    assert len(found.uniquenesses) == 3 * pairs


def test_indicators_are_matched_by_position_unless_named():
    assert design(TWO_WAVES, 1, waves=SAME["waves"]).uniquenesses == [("a1", "a2"), ("b1", "b2"), ("c1", "c2")]
    with pytest.raises(InvarianceError, match="different numbers of indicators"):
        design("f1 =~ a1 + b1 + c1\nf2 =~ a2 + b2", 1, waves=SAME["waves"])


def test_partial_invariance_releases_the_named_cells():
    cells = free_cells(table(design(), ["loadings", "intercepts"], partial=["f=~b", "c ~ 1"]))
    assert cells["f", "=~", "b", 1] != cells["f", "=~", "b", 2]
    assert cells["c", "~1", "", 1] != cells["c", "~1", "", 2]
    assert cells["f", "=~", "a", 1] == cells["f", "=~", "a", 2]


def test_statements_of_the_user_stay_in_the_model():
    cells = free_cells(table(design("f =~ a + b + c\na ~~ b"), ["loadings", "residual_covariances"]))
    assert cells["a", "~~", "b", 1] == cells["a", "~~", "b", 2] > 0


@pytest.mark.parametrize(
    ("arguments", "step", "message"),
    [
        ({"n_thresholds": {"a": 4, "b": 4, "c": 4}}, ["intercepts"], "add 'thresholds'"),
        ({}, ["means"], "add 'intercepts'"),
        ({}, ["lv_variances"], "add 'loadings'"),
        ({}, ["weights"], "unknown step word weights"),
        ({"model": "f =~ a + b + c\ng =~ f"}, ["loadings"], "measured by factors"),
        ({"model": "f =~ l*a + b + c"}, ["loadings"], "have labels"),
        ({"model": "f =~ a + b + c\nx := 1"}, ["loadings"], "leave ':=' and '==' out"),
        ({"model": TWO_WAVES, "waves": {"f": ["f1", "f9"]}}, ["loadings"], "f9 .* is no factor"),
    ],
)
def test_designs_that_do_not_fit_are_explained(arguments, step, message):
    with pytest.raises(InvarianceError, match=message):
        table(design(**arguments), step)


def test_waves_with_different_categories_are_named():
    with pytest.raises(InvarianceError, match=r"a has different categories \(a1: 5, a2: 4\)"):
        design(TWO_WAVES, 1, n_thresholds={"a1": 4, "a2": 3, "b1": 4, "b2": 4, "c1": 4, "c2": 4}, **SAME)


@pytest.mark.parametrize(
    ("delta_cfi", "delta_rmsea", "df", "p", "verdict"),
    [
        (-0.002, 0.001, 6, 0.40, "supported"),
        (-0.020, 0.020, 6, 0.001, "rejected"),
        (-0.002, 0.001, 6, 0.01, "unclear"),
        (-0.020, 0.020, 6, 0.20, "unclear"),
        (-0.020, 0.005, 6, 0.20, "supported"),
        (0.0, 0.0, 0, math.nan, "untestable"),
        (-0.001, 0.0, 6, math.nan, "unclear"),
    ],
)
def test_verdict_needs_both_the_indices_and_the_test(delta_cfi, delta_rmsea, df, p, verdict):
    assert judge(delta_cfi, delta_rmsea, df, p, Criteria())[0] == verdict


def test_reasons_are_written_as_in_a_paper():
    assert (
        judge(-0.0204, 0.0, 6, 0.0001, Criteria())[1]
        == "change in CFI \u2212.020, in RMSEA .000, but difference test p < .001"
    )


def simulated(n=400, seed=3):
    rng = np.random.default_rng(seed)
    group = np.repeat(["a", "b"], n // 2)
    factor = rng.normal(size=n) + 0.4 * (group == "b")
    items = {f"y{j}": 0.8 * factor + 0.6 * rng.normal(size=n) for j in range(1, 5)}
    items["y4"] = items["y4"] + 0.9 * (group == "b")
    return pd.DataFrame({"g": group, **items})


def test_a_shifted_item_stops_the_ladder_and_its_release_mends_it():
    data, model = simulated(), "f =~ y1 + y2 + y3 + y4"
    full = invariance_ladder(model, data, group="g")
    assert list(full.table["step"]) == [
        "configural", "loadings", "loadings+intercepts", "loadings+intercepts+residuals",
    ]  # fmt: skip
    assert full.table["verdict"].iloc[0] == "baseline"
    assert full.table["verdict"].iloc[2] == "rejected"
    assert full.supported == "loadings"
    mended = invariance_ladder(model, data, group="g", partial=["y4~1"])
    assert mended.table["verdict"].iloc[2] == "supported"
    assert mended.table["df_diff"].iloc[2] == full.table["df_diff"].iloc[2] - 1


def test_group_labels_and_row_order_do_not_matter():
    data, model = simulated(), "f =~ y1 + y2 + y3 + y4"
    once = invariance_ladder(model, data, group="g").table
    other = data.sample(frac=1, random_state=1).assign(g=lambda t: t["g"].map({"a": "z", "b": "b"}))
    again = invariance_ladder(model, other, group="g").table
    for measure in ("chisq", "cfi", "p_diff"):
        np.testing.assert_allclose(again[measure], once[measure], rtol=1e-5, atol=1e-8)


def test_residuals_of_ordered_items_are_compared_under_theta_whatever_was_asked():
    data = simulated()
    data[["y1", "y2", "y3", "y4"]] = np.digitize(data[["y1", "y2", "y3", "y4"]], [-0.8, 0.1, 1.0])
    found = invariance_ladder("f =~ y1 + y2 + y3 + y4", data, group="g", ordered=True)
    theta = invariance_ladder("f =~ y1 + y2 + y3 + y4", data, group="g", ordered=True, parameterization="theta")
    np.testing.assert_allclose(found.table["p_diff"], theta.table["p_diff"], rtol=1e-4)
    assert list(found.table["step"])[-1] == "thresholds+loadings+intercepts+residuals"


def test_nothing_to_compare_is_an_error():
    with pytest.raises(InvarianceError, match="name what is compared"):
        invariance_ladder("f =~ y1 + y2 + y3", simulated())
    with pytest.raises(InvarianceError, match="no column h"):
        invariance_ladder("f =~ y1 + y2 + y3", simulated(), group="h")


def test_release_finds_the_shifted_item_and_later_steps_build_on_it():
    found = invariance_ladder("f =~ y1 + y2 + y3 + y4", simulated(), group="g", release=2)
    assert list(found.table["step"])[2:4] == ["loadings+intercepts", "loadings+intercepts (partial)"]
    assert list(found.table["verdict"])[2:4] == ["rejected", "supported"]
    assert list(found.released["released"]) == ["y4~1"]
    assert found.released["accepted"].all()
    assert found.table["npar"].iloc[4] == found.table["npar"].iloc[3] - 4
    assert found.supported.startswith("loadings+intercepts")


def test_release_keeps_two_items_per_factor_equal():
    data = simulated()
    data["y3"] += 0.9 * (data["g"] == "b")
    data["y2"] -= 0.9 * (data["g"] == "b")
    found = invariance_ladder("f =~ y1 + y2 + y3 + y4", data, group="g", release=9)
    assert len(found.released.query("step == 'loadings+intercepts' and accepted")) <= 2
