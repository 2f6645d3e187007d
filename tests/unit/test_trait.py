"""Trait and state over three waves: the truth, a second-order factor, and the case in which one trait is not enough."""

import numpy as np
import pandas as pd
import pytest
from alliance.measurement.comparisons import by_occasion
from alliance.measurement.invariance_stage import run
from alliance.measurement.trait import trait_and_state, trait_share
from alliance.sem import fit_sem

KEY = {"bond": ["b1", "b2", "b3"]}
FACTORS = {"bond": ["bond_1", "bond_2", "bond_3"]}


def waves(covariance, n=3000, seed=2):
    """Three waves of three items whose factor has this covariance over the waves; items as numbers."""
    rng = np.random.default_rng(seed)
    eta = rng.multivariate_normal(np.zeros(3), covariance, n)
    return [pd.DataFrame({i: 0.8 * eta[:, w] + 0.6 * rng.standard_normal(n) for i in KEY["bond"]}) for w in range(3)]


def shares(covariance):
    frames = waves(np.array(covariance))
    found = run(by_occasion("waves", "wave", frames, KEY), {"estimator": "MLR"}, seed=1)
    fit = found.fits["intercepts"]
    rows = {row["measure"]: row for row in trait_and_state("waves", fit, FACTORS, "MLR")}
    return rows, pd.concat([f.add_suffix(f"_{k}") for k, f in enumerate(frames, 1)], axis=1)


def test_the_shares_of_trait_and_state_are_found_with_their_error():
    rows, data = shares(0.6 + 0.4 * np.eye(3))
    trait = rows["trait_share"]
    assert abs(trait["value"] - 0.6) < 3 * trait["se"]
    assert rows["state_share"]["value"] == pytest.approx(1 - trait["value"])
    assert trait["ci_lower"] < trait["value"] < trait["ci_upper"]
    lines = [f"bond_{w} =~ " + " + ".join(f"l{k}*b{k}_{w}" for k in (1, 2, 3)) for w in (1, 2, 3)]
    lines += [f"b{k}_{w} ~ i{k}*1" for k in (1, 2, 3) for w in (1, 2, 3)]
    lines += ["bond_2 ~ 1", "bond_3 ~ 1", "trait =~ 1*bond_1 + 1*bond_2 + 1*bond_3"]
    lines += [f"b{k}_1 ~~ b{k}_2\nb{k}_2 ~~ b{k}_3" for k in (1, 2, 3)]
    second = fit_sem("\n".join(lines), data, estimator="MLR", missing="fiml")
    est = second.parameters.set_index(["lhs", "op", "rhs"])["est"]
    common = est["trait", "~~", "trait"]
    whole = common + np.mean([est[f, "~~", f] for f in FACTORS["bond"]])
    assert trait["value"] == pytest.approx(common / whole, abs=0.003)


def test_a_trait_that_fades_is_not_one_trait():
    rows, *_ = shares([[1, 0.7, 0.49], [0.7, 1, 0.7], [0.49, 0.7, 1]])
    assert "p < .001" in rows["trait_share"]["text"]
    steady, *_ = shares(0.6 + 0.4 * np.eye(3))
    assert "p < .001" not in steady["trait_share"]["text"]


def test_exact_moments_give_the_exact_share():
    moments, vcov = np.array([1.0, 1.2, 0.8, 0.5, 0.5, 0.5]), np.diag([0, 0.01, 0.01, 0.02, 0.03, 0.04])
    share, se, chisq, df = trait_share(moments, vcov, 3)
    assert (share, chisq, df) == (pytest.approx(0.5), pytest.approx(0.0), 2)
    weight = 1 / np.array([0.02, 0.03, 0.04])
    by_hand = 1 / weight.sum() + 0.25 * (0.02 / 9)  # d share: 1 by the mean covariance, -.5 / 3 by each variance
    assert se == pytest.approx(np.sqrt(by_hand))


def test_two_waves_have_no_trait_of_their_own():
    assert trait_and_state("waves", None, {"bond": ["bond_1", "bond_2"]}, "MLR") == []
