"""Ordinal, multinomial, GEE, Cox and mixed models: what they must agree with, and plain words for misuse."""

import numpy as np
import pandas as pd
import pytest
from alliance.persistence import (
    cluster_bootstrap,
    dominance,
    evalue,
    fit_dyads,
    fit_outcome,
    pool_cohorts,
    pool_imputations,
)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(12)
    n = 300
    rows = pd.DataFrame({"bond": rng.normal(size=n), "goal": rng.normal(size=n), "program": rng.integers(0, 30, n)})
    latent = 0.8 * rows["bond"] + rng.logistic(size=n)
    rows["stays"] = (latent > 0).astype(int)
    rows["intends"] = pd.cut(latent, [-np.inf, -1, 1, np.inf], labels=["no", "unsure", "yes"])
    rows["state"] = rng.choice(["in field", "left", "switched"], n)
    rows["terms"] = np.minimum(np.ceil(rng.exponential(4 * np.exp(0.3 * rows["bond"]))), 8)
    rows["left"] = (rows["terms"] < 8).astype(int)
    return rows


def test_an_ordinal_outcome_of_two_categories_is_a_logit(data):
    ordinal = fit_outcome("stays ~ bond + goal", data, family="ordinal", cluster="program", vcov="CR1")
    logit = fit_outcome("stays ~ bond + goal", data, cluster="program", vcov="CR1")
    assert np.allclose(ordinal.coef[1:], logit.coef[1:])
    assert ordinal.coef[0] == pytest.approx(-logit.coef[0])
    assert np.allclose(ordinal.std_error, logit.std_error)


def test_categories_keep_their_order(data):
    fit = fit_outcome("intends ~ bond", data, family="ordinal")
    assert fit.names == ["no|unsure", "unsure|yes", "bond"]
    assert fit.coef[2] > 0


def test_a_multinomial_outcome_of_two_categories_is_a_logit(data):
    fit = fit_outcome("stays ~ bond", data, family="multinomial")
    assert np.allclose(fit.coef, fit_outcome("stays ~ bond", data).coef)
    assert fit_outcome("state ~ bond", data, family="multinomial").names == [
        "left: Intercept", "left: bond", "switched: Intercept", "switched: bond",
    ]  # fmt: skip


def test_gee_with_independence_is_a_logit_with_clustered_errors(data):
    gee = fit_outcome("stays ~ bond", data, family="gee", cluster="program", corr="independence")
    logit = fit_outcome("stays ~ bond", data, cluster="program", vcov="CR0")
    assert np.allclose(gee.coef, logit.coef)
    assert np.allclose(gee.std_error, logit.std_error)
    assert gee.effects("bond")["estimate"].iloc[0] == pytest.approx(logit.effects("bond")["estimate"].iloc[0])


def test_jackknife_of_a_gee_is_close_to_the_sandwich_and_needs_two_clusters(data):
    how = {"family": "gee", "link": "identity", "cluster": "program", "corr": "exchangeable"}
    rows = data.assign(goal=data["goal"] + 0.1 * data["program"])
    fits = [fit_outcome("goal ~ bond", rows, vcov=kind, **how) for kind in ("CR0", "jackknife", "jackknife_1step")]
    for fit in fits[1:]:
        assert np.allclose(fit.coef, fits[0].coef)
        assert np.allclose(fit.std_error, fits[0].std_error, rtol=0.1)
    assert fits[0].extra["alpha_vcov"].shape == (1, 1)
    unsolvable = fit_outcome("goal ~ bond", data, vcov="jackknife", **how)  # correlation near its lower limit
    assert (unsolvable.status, "no jackknife" in unsolvable.reason) == ("not_converged", True)
    alone = fit_outcome("stays ~ bond", data.assign(one=1), family="gee", cluster="one", corr="independence",
                        vcov="jackknife")  # fmt: skip
    assert alone.status == "one_cluster"
    assert np.isnan(alone.std_error).all()


def test_cox_scores_sum_to_nothing_and_ratios_go_the_right_way(data):
    fit = fit_outcome("terms ~ bond", data, family="cox", event="left", cluster="program")
    assert fit.coef[0] < 0
    assert fit.n_events == data["left"].sum()
    with pytest.raises(ValueError, match="not defined for a cox model"):
        fit.effects("bond")


@pytest.mark.parametrize(
    ("formula", "options", "words"),
    [
        ("stays ~ bond", {"family": "poisson"}, "unknown family"),
        ("stays ~ bond", {"family": "gee"}, "needs a cluster"),
        ("stays ~ bond", {"family": "gee", "cluster": "program", "corr": "toeplitz"}, "corr must be"),
        ("terms ~ bond", {"family": "cox"}, "event="),
        ("intends ~ bond", {"family": "ordinal", "vcov": "CR2", "cluster": "program"}, "has no vcov 'CR2'"),
        ("intends ~ bond", {"family": "ordinal", "linl": "probit"}, "knows no option linl"),
        ("stays ~ bond", {"family": "mixed_logit"}, "needs random effects"),
        ("stays ~ bond", {"vcov": "CR1"}, "needs a cluster"),
        ("stays ~ bond", {"family": "hazard", "link": "identity"}, "no link 'identity'"),
    ],
)
def test_misuse_is_said(data, formula, options, words):
    with pytest.raises(ValueError, match=words):
        fit_outcome(formula, data, **options)


def test_nothing_to_estimate_is_a_status(data):
    assert fit_outcome("c ~ bond", data.assign(c="a"), family="ordinal").status == "constant_outcome"
    assert fit_outcome("terms ~ bond", data.assign(left=0), family="cox", event="left").status == "constant_outcome"
    assert fit_outcome("s ~ bond", data.assign(s=1), family="gee", cluster="program").status == "constant_outcome"
    constant = fit_outcome("stays ~ bond", data.assign(stays=1), family="mixed_logit", random="(1 | program)")
    assert constant.status == "constant_outcome"


def test_pooling_of_cohorts_that_agree_has_no_heterogeneity_and_one_cohort_says_nothing_of_it():
    same = pool_cohorts([0.3, 0.3, 0.3], [0.1, 0.1, 0.1], test="z")
    assert same.tau2 == 0
    assert same.std_error == pytest.approx(0.1 / np.sqrt(3))
    one = pool_cohorts([0.3, np.nan], [0.1, 0.1])
    assert one.estimate == 0.3
    assert np.isnan(one.tau2)
    with pytest.raises(ValueError, match="no cohort"):
        pool_cohorts([np.nan], [0.1])


def test_imputations_that_agree_add_no_uncertainty(data):
    fits = [fit_outcome("stays ~ bond", data)] * 3
    pooled = pool_imputations(fits).estimates
    assert np.allclose(pooled["std_error"], fits[0].std_error)
    assert np.allclose(pooled["lambda"], 0)
    with pytest.raises(ValueError, match="at least two"):
        pool_imputations(fits[:1])


def test_dominance_beyond_covariates_with_intervals(data):
    found = dominance("stays ~ bond + goal", data, always=("C(program)",), bootstrap=0)
    assert found.general["predictor"].tolist() == ["bond", "goal"]
    assert found.general["standardized"].sum() == pytest.approx(1)
    assert found.general["general"].sum() == pytest.approx(found.total)
    intervals = dominance("stays ~ bond + goal", data, bootstrap=40, cluster="program", seed=4).general
    assert (intervals["conf_low"] <= intervals["conf_high"]).all()
    assert intervals.equals(dominance("stays ~ bond + goal", data, bootstrap=40, cluster="program", seed=4).general)


def test_an_interval_that_holds_the_null_needs_no_confounder():
    assert evalue(1.3, 0.9, 1.9).interval == 1
    with pytest.raises(ValueError, match="kind must be"):
        evalue(1.3, kind="beta")


def test_dyads_need_two_members(data):
    rows = data.assign(pair=np.arange(300) // 3, role="mentee")
    with pytest.raises(ValueError, match="more than two"):
        fit_dyads("bond ~ goal", rows, dyad="pair")
    with pytest.raises(ValueError, match="two kinds"):
        fit_dyads("bond ~ goal", rows.assign(pair=np.arange(300) // 2), dyad="pair", role="role")


def test_the_cluster_bootstrap_agrees_with_the_clustered_errors(data):
    found = cluster_bootstrap("stays ~ bond + goal", data, cluster="program", draws=300, seed=2)
    fit = fit_outcome("stays ~ bond + goal", data, cluster="program", vcov="CR1")
    assert np.allclose(found.intervals["estimate"], fit.coef)
    assert np.allclose(found.intervals["std_error"], fit.std_error, rtol=0.25)
    assert found.failed == 0
    again = cluster_bootstrap("stays ~ bond + goal", data, cluster="program", draws=300, seed=2)
    assert np.array_equal(found.draws, again.draws)
    with pytest.raises(ValueError, match="everybody"):
        cluster_bootstrap("stays ~ bond", data.assign(stays=1), cluster="program")
