"""What must hold for any data: drawn samples, few examples each."""

import numpy as np
import pandas as pd
import pytest
from alliance.sem import fit_sem, simulate
from hypothesis import given, settings
from hypothesis import strategies as st

few = settings(max_examples=3, deadline=None, derandomize=True)
seeds = st.integers(0, 10_000)
ITEMS = [f"{k}{i}" for k in "bgt" for i in (1, 2, 3)]
POPULATION = """
bond =~ 0.8*b1 + 0.7*b2 + 0.6*b3
goal =~ 0.7*g1 + 0.8*g2 + 0.6*g3
task =~ 0.7*t1 + 0.6*t2 + 0.8*t3
bond ~~ 0.5*goal + 0.4*task
goal ~~ 0.6*task
"""
CUTS = "\n".join(f"{name} | -1*t1 + 0.2*t2 + 1.1*t3" for name in ITEMS)
MODEL = "bond =~ b1 + b2 + b3\ngoal =~ g1 + g2 + g3\ntask =~ t1 + t2 + t3"
MEASURES = ("chisq", "df", "pvalue", "cfi", "tli", "rmsea", "srmr")


def continuous(seed, n=250):
    return simulate(POPULATION, n=n, seed=seed)


def ordinal(seed, n=400):
    return simulate(POPULATION + CUTS, n=n, seed=seed)


def same_fit(one, two, rel=1e-6, names=MEASURES):
    for name in names:
        assert one.fit_measures[name] == pytest.approx(two.fit_measures[name], rel=rel, abs=1e-8), name


def same_estimates(one, two, columns=("est", "se"), rel=1e-5):
    for column in columns:
        assert one.parameters[column].to_numpy() == pytest.approx(two.parameters[column].to_numpy(), rel=rel, abs=1e-6)


@few
@given(seeds)
def test_the_order_of_rows_and_columns_does_not_matter(seed):
    data = continuous(seed)
    rng = np.random.default_rng(seed)
    shuffled = data.sample(frac=1, random_state=seed)[list(rng.permutation(data.columns))]
    one, two = fit_sem(MODEL, data, estimator="MLR"), fit_sem(MODEL, shuffled, estimator="MLR")
    same_estimates(one, two)
    same_fit(one, two, names=(*MEASURES, "chisq_scaled", "rmsea_robust"))
    assert two.scores().sort_index()["bond"].std() == pytest.approx(one.scores()["bond"].std())


@few
@given(seeds)
def test_the_order_of_rows_does_not_matter_for_ordered_items(seed):
    data = ordinal(seed)
    one = fit_sem(MODEL, data, ordered=ITEMS)
    two = fit_sem(MODEL, data.sample(frac=1, random_state=seed), ordered=ITEMS[::-1])
    same_estimates(one, two)
    same_fit(one, two, names=("chisq_scaled", "df", "cfi_scaled", "srmr"))


@few
@given(seeds, st.sampled_from([("b", "a"), (2, 1), ("10", "9"), (True, False)]))
def test_names_of_groups_do_not_matter_and_numbers_follow_appearance(seed, labels):
    data = continuous(seed).assign(site=np.repeat(["one", "two"], [120, 130]))
    renamed = data.assign(site=np.where(data["site"] == "one", labels[0], labels[1]))
    if isinstance(labels[0], bool):
        renamed["site"] = data["site"] == "one"
    one = fit_sem(MODEL, data, group="site", group_equal=["loadings"])
    two = fit_sem(MODEL, renamed, group="site", group_equal=["loadings"])
    assert list(two.group_labels) == list(labels)
    same_estimates(one, two)
    same_fit(one, two)


@few
@given(seeds, st.lists(st.floats(0.1, 10), min_size=9, max_size=9), st.floats(-50, 50))
def test_units_of_continuous_items_do_not_matter(seed, factors, shift):
    data = continuous(seed)
    scaled = data * np.array(factors) + shift
    one, two = fit_sem(MODEL, data, estimator="MLM"), fit_sem(MODEL, scaled, estimator="MLM")
    same_fit(one, two, names=("chisq", "chisq_scaled", "cfi", "rmsea", "srmr"))
    same_estimates(one, two, columns=("std_all",))
    loading = dict(zip(ITEMS, factors, strict=True))
    changed = two.parameters.query("op == '=~'")
    expected = one.parameters.query("op == '=~'")
    marker = {"bond": "b1", "goal": "g1", "task": "t1"}
    ratio = [loading[row.rhs] / loading[marker[row.lhs]] for row in expected.itertuples()]
    assert changed["est"].to_numpy() == pytest.approx(expected["est"].to_numpy() * ratio, rel=1e-5)


@few
@given(seeds, st.lists(st.integers(1, 9), min_size=4, max_size=4))
def test_codes_of_categories_do_not_matter_only_their_order(seed, steps):
    data = ordinal(seed)
    codes = dict(zip([1.0, 2.0, 3.0, 4.0], np.cumsum(steps) - 7, strict=True))
    one, two = fit_sem(MODEL, data, ordered=ITEMS), fit_sem(MODEL, data.replace(codes), ordered=ITEMS)
    same_estimates(one, two)
    assert two.scores().to_numpy() == pytest.approx(one.scores().to_numpy(), abs=1e-8)


@few
@given(seeds)
def test_turning_an_item_round_turns_its_loading(seed):
    data = ordinal(seed)
    turned = data.assign(b2=5 - data["b2"])
    one, two = fit_sem(MODEL, data, ordered=ITEMS), fit_sem(MODEL, turned, ordered=ITEMS)
    same_fit(one, two, names=("chisq_scaled", "srmr"))
    first = one.parameters.set_index(["lhs", "op", "rhs"])["est"]
    second = two.parameters.set_index(["lhs", "op", "rhs"])["est"]
    assert second["bond", "=~", "b2"] == pytest.approx(-first["bond", "=~", "b2"], rel=1e-5)
    assert second["b2", "|", "t1"] == pytest.approx(-first["b2", "|", "t3"], rel=1e-6)


@few
@given(seeds)
def test_delta_and_theta_are_one_model(seed):
    data = ordinal(seed).assign(site=np.arange(400) % 2)
    for args in ({}, {"group": "site", "group_equal": ["thresholds", "loadings"]}):
        one = fit_sem(MODEL, data, ordered=ITEMS, **args)
        two = fit_sem(MODEL, data, ordered=ITEMS, parameterization="theta", **args)
        same_fit(one, two, rel=1e-5, names=("chisq", "chisq_scaled", "df", "cfi_scaled", "rmsea_scaled"))
        keep = one.parameters["op"].isin(["=~", "~~", "|"]).to_numpy()
        first, second = (fit.parameters["std_all"].to_numpy()[keep] for fit in (one, two))
        assert first == pytest.approx(second, abs=1e-5)


@few
@given(seeds, st.booleans())
def test_identification_by_marker_or_by_variance_is_one_model(seed, ordered):
    data = ordinal(seed) if ordered else continuous(seed)
    args = {"ordered": ITEMS} if ordered else {}
    one, two = fit_sem(MODEL, data, **args), fit_sem(MODEL, data, std_lv=True, **args)
    three = fit_sem("bond =~ NA*b1 + b2 + 1*b3\ngoal =~ g1 + g2 + g3\ntask =~ t1 + t2 + t3", data, **args)
    for other in (two, three):
        same_fit(one, other, rel=1e-5, names=("chisq", "df", "cfi", "srmr"))
        same_estimates(one, other, columns=("std_all",))


@few
@given(seeds)
def test_full_information_is_maximum_likelihood_when_nothing_is_missing(seed):
    data = continuous(seed)
    one = fit_sem(MODEL, data, meanstructure=True)
    two = fit_sem(MODEL, data, missing="fiml")
    same_fit(one, two)
    same_estimates(one, two, columns=("est",))
    assert two.parameters["se"].to_numpy() == pytest.approx(one.parameters["se"].to_numpy(), rel=0.1, abs=1e-9)


@few
@given(seeds)
def test_a_second_order_factor_of_three_is_three_correlated_factors(seed):
    data = continuous(seed)
    one = fit_sem(MODEL, data)
    two = fit_sem(f"{MODEL}\nalliance =~ bond + goal + task", data)
    same_fit(one, two)
    sigma_one, sigma_two = one.implied_matrices()[0][1], two.implied_matrices()[0][1]
    assert sigma_one == pytest.approx(sigma_two, abs=1e-5)


@few
@given(seeds)
def test_a_covariance_matrix_says_all_that_maximum_likelihood_needs(seed):
    data = continuous(seed)
    shuffled = data.cov().loc[ITEMS[::-1], ITEMS[::-1]]
    one, two = fit_sem(MODEL, data), fit_sem(MODEL, sample_cov=shuffled, sample_nobs=len(data))
    same_estimates(one, two)
    same_fit(one, two)


@few
@given(seeds)
def test_equal_labels_and_equal_statements_are_one_constraint(seed):
    data = continuous(seed)
    one = fit_sem(MODEL.replace("b2", "a*b2").replace("g2", "a*g2"), data)
    two = fit_sem(MODEL.replace("b2", "a*b2").replace("g2", "c*g2") + "\na == c", data)
    three = fit_sem(MODEL.replace("b2", "a*b2").replace("g2", "c*g2") + "\na + 0*c == 2*c - c", data)
    for other in (two, three):
        same_fit(one, other, rel=1e-5)
        same_estimates(one, other, rel=1e-4)


@few
@given(seeds)
def test_uncounted_rows_of_a_listwise_sample_do_not_matter(seed):
    data = continuous(seed)
    rng = np.random.default_rng(seed)
    holes = data.mask(rng.random(data.shape) < 0.02)
    one, two = fit_sem(MODEL, holes), fit_sem(MODEL, holes.dropna())
    same_estimates(one, two)
    assert one.fit_measures["ntotal"] == len(holes.dropna())
    assert list(one.scores().index) == list(np.flatnonzero(holes.notna().all(axis=1)))


def test_a_table_of_numbers_stored_as_other_types_is_the_same_table():
    data = ordinal(1)
    one = fit_sem(MODEL, data, ordered=ITEMS)
    for kind in ("int8", "Int64", "float32"):
        same_estimates(one, fit_sem(MODEL, pd.DataFrame(data).astype(kind), ordered=ITEMS))
