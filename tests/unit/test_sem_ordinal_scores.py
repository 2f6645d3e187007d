"""Scores and plausible values of ordinal models: against lavaan, against brute force, and what they are good for."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.sem import fit_sem
from alliance.sem.eap import score_cases
from alliance.sem.eap_model import posterior
from alliance.sem.plausible import plausible_values

REFERENCE = Path(__file__).parents[1] / "reference"
THREE = "\n".join(
    f"{factor} =~ " + " + ".join(f"{factor[0]}{j}_w1" for j in range(1, 5)) for factor in ("bond", "goal", "task")
)
TWO = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6"


@cache
def alliance_fit():
    data = pd.read_csv(REFERENCE / "sem/data/alliance.csv")
    return fit_sem(THREE, data, ordered=[name for name in data if name.endswith("_w1")])


def sample(n=600, seed=4):
    """Two factors (r = .6), six five-point items, an outcome that depends on the first factor alone (slope 1)."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((n, 2)) @ np.linalg.cholesky([[1, 0.6], [0.6, 1]]).T
    responses = 0.75 * np.repeat(factors, 3, axis=1) + 0.66 * rng.standard_normal((n, 6))
    items = pd.DataFrame(responses, columns=[f"x{j}" for j in range(1, 7)])
    return items, factors, factors[:, 0] + rng.standard_normal(n)


def coarse(items):
    return items.apply(lambda column: np.digitize(column, [-1, -0.3, 0.4, 1.1])).astype(float)


def test_modes_equal_lavaan():
    expected = json.loads((REFERENCE / "invariance/ebm.json").read_text())
    found = alliance_fit().scores("EBM")
    np.testing.assert_allclose(found.iloc[:5], expected["first"], atol=5e-5)
    np.testing.assert_allclose(found.mean(), expected["mean"], atol=5e-6)
    np.testing.assert_allclose(found.std(), expected["sd"], atol=5e-6)
    assert found.attrs["method"] == "EBM"


def test_means_and_deviations_equal_dense_quadrature():
    fit = alliance_fit()
    found = fit.scores("EAP", se=True)
    model = posterior(fit, 0)
    axis = np.linspace(-5, 5, 35)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(1, -1, 3)
    for case in (0, 17, 400):
        one = model.take(np.array([case]))
        log_weight = one.log_likelihood(grid)[0] - 0.5 * (grid[0] ** 2).sum(axis=1)
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        factors = one.factors(grid)[0]
        mean = weight @ factors
        np.testing.assert_allclose(found.iloc[case, :3], mean, atol=2e-5)
        np.testing.assert_allclose(found.iloc[case, 3:], np.sqrt(weight @ (factors - mean) ** 2), atol=2e-5)


def test_many_dimensions_agree_with_the_nodes_of_few(monkeypatch):
    from alliance.sem import eap

    items, _, _ = sample(80)
    fit = fit_sem(TWO, coarse(items), ordered=list(items), std_lv=True)
    exact = fit.scores("EAP", se=True)
    monkeypatch.setattr(eap, "_HERMITE_DIMENSIONS", 0)
    monkeypatch.setattr(eap, "_POINTS", {})
    np.testing.assert_allclose(fit.scores("EAP", se=True), exact, atol=5e-3)


def test_posterior_deviations_are_honest():
    items, factors, _ = sample(2000)
    fit = fit_sem(TWO, coarse(items), ordered=list(items), std_lv=True)
    scores = fit.scores("EAP", se=True)
    error = (scores[["f", "g"]].to_numpy() - factors) / scores[["f_se", "g_se"]].to_numpy()
    assert error.std() == pytest.approx(1.0, abs=0.04)
    found = [np.corrcoef(scores[name], factors[:, k])[0, 1] for k, name in enumerate(("f", "g"))]
    assert list(scores.attrs["determinacy"][""].values()) == pytest.approx(found, abs=0.02)


def test_missing_answers_and_dropped_rows_keep_their_places():
    items, _, _ = sample(300)
    answers = coarse(items)
    answers.loc[3, "x1"] = np.nan
    answers.loc[5] = np.nan
    fit = fit_sem(TWO, answers, ordered=list(items), std_lv=True, missing="pairwise")
    scores = fit.scores("EAP", se=True)
    assert 5 not in scores.index
    assert scores.loc[3, "f_se"] > scores["f_se"].median()
    listwise = fit_sem(TWO, answers, ordered=list(items), std_lv=True).scores("EBM")
    assert {3, 5}.isdisjoint(listwise.index)


def test_residual_covariances_count_in_the_posterior():
    """Two items that share more than the factor say less about it than two that do not."""
    items, _, _ = sample(800)
    answers = coarse(items).assign(x2=lambda t: t["x1"].where(np.arange(len(t)) % 2 == 0, t["x2"]))
    free = fit_sem(TWO + "\nx1 ~~ x2", answers, ordered=list(items), std_lv=True)
    scores = free.scores("EAP", se=True)
    model = posterior(free, 0)
    assert model.private.shape[1] == 1
    implied = model.slopes @ model.slopes.T + np.diag(model.scale**2)
    np.testing.assert_allclose(implied, free.implied_matrices()[0][1], atol=1e-10)
    assert np.isfinite(scores.to_numpy()).all()


def test_continuous_models_have_the_regression_score_as_their_mode():
    items, _, _ = sample(200)
    fit = fit_sem(TWO, items, std_lv=True)
    mode, se = score_cases(posterior(fit, 0), "EBM")
    expected = fit.scores("regression", se=True)
    np.testing.assert_allclose(mode, expected[["f", "g"]], atol=1e-8)
    np.testing.assert_allclose(se, expected[["f_se", "g_se"]], atol=1e-8)


def test_unknown_methods_are_refused():
    with pytest.raises(ValueError, match="'EBM' or 'EAP'"):
        alliance_fit().scores("Bartlett")


@pytest.mark.parametrize("kind", ["ordinal", "continuous"])
def test_plausible_values_need_to_know_the_outcome(kind):
    """Drawn without the outcome its slope is attenuated; drawn with it the slope is right (Mislevy 1991)."""
    items, _, outcome = sample(2000)
    if kind == "ordinal":
        fit = fit_sem(TWO, coarse(items), ordered=list(items), std_lv=True)
    else:
        fit = fit_sem(TWO, items, std_lv=True)

    def slopes(conditioning):
        drawn = plausible_values(fit, 4, 1, conditioning=conditioning, uncertain=False)
        found = []
        for _, one in drawn.groupby("draw"):
            design = np.column_stack([np.ones(len(one)), one[["f", "g"]]])
            found.append(np.linalg.lstsq(design, outcome, rcond=None)[0][1:])
        return np.mean(found, axis=0), drawn

    blind, drawn = slopes(None)
    seeing, _ = slopes(pd.DataFrame({"outcome": outcome}))
    assert blind[0] < 0.85
    np.testing.assert_allclose(seeing, [1.0, 0.0], atol=0.09)
    assert drawn.groupby("draw")[["f", "g"]].var().to_numpy().mean() == pytest.approx(1.0, abs=0.06)


def test_plausible_values_repeat_with_the_seed_and_spread_with_the_parameters():
    items, _, _ = sample(150)
    fit = fit_sem(TWO, coarse(items), ordered=list(items), std_lv=True)
    once, again = plausible_values(fit, 3, 9), plausible_values(fit, 3, 9)
    pd.testing.assert_frame_equal(once, again)
    assert not np.allclose(once["f"], plausible_values(fit, 3, 10)["f"])
    with pytest.raises(ValueError, match="without missing values in the conditioning variables: z"):
        plausible_values(fit, 1, conditioning=pd.DataFrame({"z": np.full(150, np.nan)}))


def test_scores_of_groups_are_those_of_separate_fits_and_theta_only_rescales():
    """lavaan 0.6-14 gives other numbers in both cases: it scores all groups and theta with the wrong thresholds."""
    items, _, _ = sample(400)
    answers = coarse(items).assign(site=np.arange(400) % 2)
    together = fit_sem(TWO, answers, ordered=list(items), group="site").scores("EBM")
    for site in (0, 1):
        one = answers[answers["site"] == site]
        alone = fit_sem(TWO, one, ordered=list(items)).scores("EBM")
        np.testing.assert_allclose(together[answers["site"].to_numpy() == site], alone, atol=1e-5)
    unit = fit_sem(TWO, answers, ordered=list(items), std_lv=True).scores("EAP", se=True)
    theta = fit_sem(TWO, answers, ordered=list(items), std_lv=True, parameterization="theta").scores("EAP", se=True)
    np.testing.assert_allclose(theta, unit, atol=1e-5)
