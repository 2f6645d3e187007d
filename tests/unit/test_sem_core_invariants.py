"""What must not depend on how the data or the model are written down."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.sem import fit_sem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DATA = pd.read_csv(Path(__file__).parents[1] / "reference" / "sem" / "data" / "cohort.csv")
FEW = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
MODEL = "f1 =~ y1 + y2 + y3\nf2 =~ y4 + y5 + y6"
ORDERED = [f"o{k}" for k in range(1, 7)]
ORDINAL = MODEL.replace("y", "o")
seeds = st.integers(0, 10_000)


def same(first, second, columns=("est", "se", "std_all"), **tolerance):
    """Equal parameter tables, row by row of (lhs, op, rhs, group)."""
    key = ["lhs", "op", "rhs", "group"]
    a, b = first.parameters.set_index(key), second.parameters.set_index(key)
    np.testing.assert_allclose(
        a[list(columns)], b.loc[a.index, list(columns)], **{"rtol": 1e-6, "atol": 1e-7} | tolerance
    )
    assert first.fit_measures["chisq"] == pytest.approx(second.fit_measures["chisq"], rel=1e-7, abs=1e-8)


@FEW
@given(seeds)
def test_order_of_cases_and_columns(seed):
    shuffled = DATA.sample(frac=1, random_state=seed)
    shuffled = shuffled[list(np.random.default_rng(seed).permutation(shuffled.columns))]
    same(fit_sem(MODEL, DATA, estimator="MLR"), fit_sem(MODEL, shuffled, estimator="MLR"))
    same(fit_sem(ORDINAL, DATA, ordered=ORDERED), fit_sem(ORDINAL, shuffled, ordered=ORDERED))


@FEW
@given(seeds)
def test_order_of_indicators_and_factors(seed):
    rng = np.random.default_rng(seed)
    lines = []
    for k in rng.permutation(2):
        rest = rng.permutation([3 * k + 2, 3 * k + 3])
        lines.append(f"f{k + 1} =~ y{3 * k + 1} + " + " + ".join(f"y{j}" for j in rest))
    first, second = fit_sem(MODEL, DATA), fit_sem("\n".join(lines), DATA)
    a = first.parameters.assign(pair=lambda t: ["".join(sorted(p)) for p in zip(t.lhs, t.rhs, strict=True)])
    b = second.parameters.assign(pair=lambda t: ["".join(sorted(p)) for p in zip(t.lhs, t.rhs, strict=True)])
    joined = a.merge(b, on=["op", "pair"])
    assert len(joined) == len(a)
    np.testing.assert_allclose(joined[["est_x", "se_x"]], joined[["est_y", "se_y"]], rtol=1e-6)


@FEW
@given(st.permutations(["w", "x", "y", "z"]))
def test_labels_of_groups(labels):
    renamed = DATA.assign(site=DATA.site.map(dict(zip("ABCD", labels, strict=True))))
    options = {"group": "site", "group_equal": ["loadings", "intercepts"]}
    same(fit_sem(MODEL, DATA, **options), fit_sem(MODEL, renamed, **options))


@FEW
@given(st.floats(0.01, 100), st.floats(-50, 50))
def test_rescaling_of_continuous_items(factor, shift):
    rescaled = DATA.assign(y2=DATA.y2 * factor + shift)
    first = fit_sem(MODEL, DATA, estimator="MLR", meanstructure=True)
    second = fit_sem(MODEL, rescaled, estimator="MLR", meanstructure=True)
    location = first.parameters.op == "~1"
    np.testing.assert_allclose(first.parameters.std_all[~location], second.parameters.std_all[~location], atol=1e-6)
    for name in ("chisq", "chisq_scaled", "cfi_robust", "rmsea_robust", "srmr"):
        assert first.fit_measures[name] == pytest.approx(second.fit_measures[name], rel=1e-6, abs=1e-8)


@FEW
@given(st.lists(st.integers(-9, 99), min_size=3, max_size=3, unique=True).map(sorted))
def test_codes_of_ordered_categories(codes):
    recoded = DATA.assign(**{name: DATA[name].map(dict(zip((1, 2, 3), codes, strict=True))) for name in ORDERED})
    same(fit_sem(ORDINAL, DATA, ordered=ORDERED), fit_sem(ORDINAL, recoded, ordered=ORDERED))


def test_reversing_all_categories_keeps_the_fit():
    reverse = DATA.assign(**{name: 4 - DATA[name] for name in ORDERED})
    a, b = fit_sem(ORDINAL, DATA, ordered=ORDERED), fit_sem(ORDINAL, reverse, ordered=ORDERED)
    for name in ("chisq", "chisq_scaled", "rmsea_scaled", "srmr"):
        assert a.fit_measures[name] == pytest.approx(b.fit_measures[name], rel=1e-6)


@pytest.mark.parametrize("group_equal", [(), ("loadings", "thresholds")])
def test_delta_and_theta_are_the_same_model(group_equal):
    options = {"ordered": ORDERED, "group": "site", "group_equal": group_equal}
    delta, theta = (fit_sem(ORDINAL, DATA, parameterization=p, **options) for p in ("delta", "theta"))
    for name in ("chisq", "chisq_scaled", "df", "cfi_scaled", "rmsea_scaled", "srmr"):
        assert delta.fit_measures[name] == pytest.approx(theta.fit_measures[name], rel=1e-5, abs=1e-6)
    loadings = delta.parameters.op == "=~"
    np.testing.assert_allclose(delta.parameters.std_all[loadings], theta.parameters.std_all[loadings], atol=1e-5)


def test_marker_and_unit_variance_are_the_same_model():
    for options in ({}, {"missing": "fiml"}, {"estimator": "MLM"}):
        model = MODEL.replace("y", "ym") if options.get("missing") else MODEL
        marker, unit = fit_sem(model, DATA, **options), fit_sem(model, DATA, std_lv=True, **options)
        assert marker.fit_measures["chisq"] == pytest.approx(unit.fit_measures["chisq"], rel=1e-7)
        np.testing.assert_allclose(marker.parameters.std_all, unit.parameters.std_all, atol=1e-6)
        a, b = marker.standardized(), unit.standardized()
        np.testing.assert_allclose(a.se[a.op != "~1"], b.se[b.op != "~1"], atol=1e-5)


def test_full_information_of_complete_data_is_maximum_likelihood():
    plain = fit_sem(MODEL, DATA, estimator="MLR", meanstructure=True)
    full = fit_sem(MODEL, DATA, estimator="MLR", missing="fiml")
    same(plain, full)
    for name in ("logl", "chisq_scaled", "baseline_chisq_scaled", "cfi_robust", "rmsea_robust"):
        assert plain.fit_measures[name] == pytest.approx(full.fit_measures[name], rel=1e-6)


def test_weights_count_like_repeated_cases():
    """Estimates with integer weights are those of the data with the cases repeated."""
    weights = np.random.default_rng(1).integers(1, 4, len(DATA))
    repeated = DATA.loc[DATA.index.repeat(weights)]
    weighted = fit_sem(MODEL, DATA.assign(w=weights), sampling_weights="w")
    np.testing.assert_allclose(weighted.theta, fit_sem(MODEL, repeated).theta, rtol=1e-6)


@pytest.mark.parametrize("options", [{"estimator": "MLR"}, {"ordered": ORDERED}])
def test_clusters_of_one_case_are_no_clusters(options):
    """The sandwich differs by n / (n - 1) only."""
    alone = DATA.assign(each=range(len(DATA)))
    model = ORDINAL if "ordered" in options else MODEL
    plain = fit_sem(model, alone, meanstructure=True, **options)
    clustered = fit_sem(model, alone, meanstructure=True, cluster="each", **options)
    free = plain.parameters.se > 0
    ratio = (clustered.parameters.se / plain.parameters.se)[free] ** 2
    np.testing.assert_allclose(ratio, 1000 / 999, rtol=1e-5)


def test_covariance_input_gives_the_estimates_of_the_data():
    from_cov = fit_sem(MODEL, sample_cov=DATA[[f"y{k}" for k in range(1, 7)]].cov(), sample_nobs=len(DATA))
    same(fit_sem(MODEL, DATA), from_cov)
    lower = DATA[[f"y{k}" for k in range(1, 7)]].cov()
    lower = lower.where(np.tril(np.ones(lower.shape, dtype=bool)), 0.0)
    same(from_cov, fit_sem(MODEL, sample_cov=lower, sample_nobs=len(DATA)))
