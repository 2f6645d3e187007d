"""Reliability, HTMT: semTools 0.5-6 (tests/reference/sem/reliability.R), resampling, and identities."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.sem import fit_sem, htmt, reliability, simulate

HERE = Path(__file__).parents[1] / "reference" / "sem"
EXPECTED = json.loads((HERE / "reliability.json").read_text())
DATA = pd.read_csv(HERE / "data" / "alliance.csv")
ITEMS = [f"{k}{i}_w1" for k in "bgt" for i in range(1, 5)]
THREE = "\n".join(
    f"{name} =~ " + " + ".join(f"{name[0]}{i}_w1" for i in range(1, 5)) for name in ("bond", "goal", "task")
)
MODELS = {
    "three": (THREE, {}),
    "ordinal": (THREE, {"ordered": ITEMS}),
    "theta": (THREE, {"ordered": ITEMS, "parameterization": "theta"}),
    "groups": (THREE, {"group": "group"}),
    "second": (f"{THREE}\nalliance =~ bond + goal + task", {}),
    "bifactor": (f"{THREE}\nalliance =~ {' + '.join(ITEMS)}", {"orthogonal": True, "std_lv": True}),
    "bifactor_ordinal": (
        f"{THREE}\nalliance =~ {' + '.join(ITEMS)}", {"orthogonal": True, "std_lv": True, "ordered": ITEMS},
    ),
}  # fmt: skip


@cache
def fitted(name):
    model, args = MODELS[name]
    return fit_sem(model, DATA, **args)


@cache
def table(name):
    return reliability(fitted(name)).set_index(["group", "factor", "coefficient"])


@pytest.mark.parametrize(
    ("expected", "name", "coefficient", "group"),
    [
        ("alpha", "three", "alpha", 1),
        ("omega", "three", "omega", 1),
        ("alpha_ordinal", "ordinal", "alpha_ordinal", 1),
        ("omega_ordinal", "ordinal", "omega", 1),
        ("omega_latent", "ordinal", "omega_latent", 1),
        ("ave_ordinal", "ordinal", "ave", 1),
        ("group_2_omega", "groups", "omega", 2),
        ("group_2_alpha", "groups", "alpha", 2),
        ("second", "second", "omega", 1),
        ("bifactor", "bifactor", "omega", 1),
        ("bifactor_ordinal", "bifactor_ordinal", "omega", 1),
    ],
)
def test_semtools_gives_the_same(expected, name, coefficient, group):
    for factor, value in EXPECTED[expected].items():
        key = (group, "alliance", "omega_total") if factor == "total" else (group, factor, coefficient)
        assert table(name).loc[key, "est"] == pytest.approx(value, abs=5e-5), factor


@pytest.mark.parametrize(
    ("expected", "name", "geometric"),
    [("htmt2", "three", True), ("htmt", "three", False), ("htmt2_ordinal", "ordinal", True)],
)
def test_semtools_gives_the_same_htmt(expected, name, geometric):
    for row in htmt(fitted(name), geometric=geometric).itertuples():
        assert row.est == pytest.approx(EXPECTED[expected][f"{row.factor}_{row.other}"], abs=1e-6)
        assert row.ci_lower < row.est < row.ci_upper


def test_delta_and_theta_agree():
    for column in ("est", "se"):
        assert table("theta")[column].to_numpy() == pytest.approx(table("ordinal")[column].to_numpy(), abs=2e-5)


def test_ave_is_the_mean_squared_standardised_loading():
    loadings = fitted("three").parameters.query("op == '=~' and lhs == 'bond'")["std_all"]
    assert table("three").loc[(1, "bond", "ave"), "est"] == pytest.approx((loadings**2).mean())


def test_ecv_is_the_share_of_squared_loadings_of_the_general_factor():
    loadings = fitted("bifactor").parameters.query("op == '=~'")
    general = loadings.query("lhs == 'alliance'")["est"] ** 2
    expected = general.sum() / (loadings["est"] ** 2).sum()
    assert table("bifactor").loc[(1, "alliance", "ecv"), "est"] == pytest.approx(expected)
    assert 0 < table("second").loc[(1, "alliance", "ecv"), "est"] < 1


@pytest.mark.slow
def test_errors_agree_with_the_spread_over_samples():
    """Ordered items, 40 samples from the fitted model: the mean standard error is near the standard deviation."""
    fit = fitted("ordinal")
    frames = []
    for seed in range(40):
        again = fit_sem(THREE, simulate(fit, seed=seed), ordered=ITEMS)
        frames.append(reliability(again).set_index(["factor", "coefficient"])[["est", "se"]])
    found = pd.concat(frames).groupby(level=[0, 1], sort=False)
    ratio = found["se"].mean() / found["est"].std()
    assert ratio.mean() == pytest.approx(1.0, abs=0.12)


def test_alpha_and_htmt_errors_hold_without_normality():
    """A bootstrap of skewed data: Gamma-based errors follow it."""
    rng = np.random.default_rng(1)
    data = DATA.assign(**{name: np.exp(DATA[name] / 2) for name in ITEMS})
    alphas, ratios = [], []
    for _ in range(150):
        sample = data.iloc[rng.integers(0, len(data), len(data))]
        cov = np.cov(sample[ITEMS[:4]].to_numpy().T)
        alphas.append(4 / 3 * (1 - np.trace(cov) / cov.sum()))
        r = np.corrcoef(sample[ITEMS[:8]].to_numpy().T)
        low = [r[:4, :4][np.tril_indices(4, -1)], r[4:, 4:][np.tril_indices(4, -1)]]
        ratios.append(r[:4, 4:].mean() / np.sqrt(low[0].mean() * low[1].mean()))
    fit = fit_sem(THREE, data)
    se = reliability(fit).set_index(["factor", "coefficient"]).loc[("bond", "alpha"), "se"]
    assert se == pytest.approx(np.std(alphas), rel=0.2)
    assert htmt(fit, geometric=False).loc[0, "se"] == pytest.approx(np.std(ratios), rel=0.2)


def test_htmt2_refuses_negative_correlations():
    data = DATA.assign(b1_w1=-DATA["b1_w1"])
    with pytest.raises(ValueError, match="recode reverse-keyed items"):
        htmt(fit_sem(THREE, data))


def test_a_covariance_matrix_gives_values_without_errors_for_sample_coefficients():
    fit = fit_sem(THREE, sample_cov=DATA[ITEMS].cov(), sample_nobs=len(DATA))
    found = reliability(fit).set_index(["factor", "coefficient"])
    assert np.isnan(found.loc[("bond", "alpha"), "se"])
    assert found.loc[("bond", "omega"), "se"] > 0
