"""Samples from fitted models and from population models."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.sem import ModelSyntaxError, fit_sem, simulate

DATA = pd.read_csv(Path(__file__).parents[1] / "reference" / "sem" / "data" / "alliance.csv")
POPULATION = """
bond =~ 0.8*b1 + 0.7*b2 + 0.6*b3
goal =~ 0.7*g1 + 0.7*g2 + 0.5*g3
bond ~~ 0.5*goal
gpa ~ 0.3*bond + 0.2*goal
"""


def test_a_population_model_has_the_moments_it_states():
    sample = simulate(POPULATION, n=200_000, seed=3)
    assert list(sample.columns) == ["b1", "b2", "b3", "g1", "g2", "g3", "gpa"]
    cov = sample.cov()
    assert np.diag(cov) == pytest.approx(1.0, abs=0.015)
    assert cov.loc["b1", "b2"] == pytest.approx(0.56, abs=0.01)
    assert cov.loc["b1", "g1"] == pytest.approx(0.8 * 0.5 * 0.7, abs=0.01)
    assert cov.loc["gpa", "b1"] == pytest.approx(0.8 * (0.3 + 0.2 * 0.5), abs=0.01)


def test_the_fitted_model_returns_to_the_population():
    sample = simulate(POPULATION, n=20_000, seed=4)
    model = "bond =~ b1 + b2 + b3\ngoal =~ g1 + g2 + g3\ngpa ~ bond + goal"
    found = fit_sem(model, sample, std_lv=True).parameters.set_index(["lhs", "op", "rhs"])["est"]
    assert found[("bond", "=~", "b1")] == pytest.approx(0.8, abs=0.03)
    assert found[("bond", "~~", "goal")] == pytest.approx(0.5, abs=0.03)
    assert found[("gpa", "~", "bond")] == pytest.approx(0.3, abs=0.03)


def test_thresholds_make_categories_and_groups_differ():
    model = "f =~ 0.8*x1 + 0.8*x2 + 0.8*x3\nx1 | -1*t1 + 0*t2 + 1*t3\nf ~ c(0, 1)*1"
    sample = simulate(model, n=[30_000, 20_000], seed=5)
    assert sample["group"].value_counts().to_dict() == {1: 30_000, 2: 20_000}
    assert sorted(sample["x1"].unique()) == [1, 2, 3, 4]
    first = sample[sample["group"] == 1]
    assert (first["x1"] == 1).mean() == pytest.approx(0.1587, abs=0.01)
    assert sample.groupby("group")["x2"].mean().diff().iloc[1] == pytest.approx(0.8, abs=0.03)


def test_the_same_seed_gives_the_same_rows():
    assert simulate(POPULATION, n=20, seed=1).equals(simulate(POPULATION, n=20, seed=1))
    assert not simulate(POPULATION, n=20, seed=1).equals(simulate(POPULATION, n=20, seed=2))


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"group": "group"},
        {"ordered": ["b1_w1", "b2_w1", "b3_w1", "persist"]},
        {"ordered": ["b1_w1", "b2_w1", "b3_w1", "persist"], "parameterization": "theta", "group": "group"},
    ],
)
def test_a_fitted_model_gives_back_its_estimates(args):
    model = "bond =~ b1_w1 + b2_w1 + b3_w1\npersist ~ bond + gpa"
    fit = fit_sem(model, DATA, **args)
    again = fit_sem(model, simulate(fit, n=4_000, seed=7), **args)
    for name in args.get("ordered", ()):
        assert set(again.levels[name]) == set(fit.levels[name])
    free = fit.parameters["se"] > 0
    z = (again.parameters["est"] - fit.parameters["est"])[free] / again.parameters["se"][free]
    assert z.abs().max() < 3.5
    assert z.pow(2).mean() < 2


def test_sizes_default_to_those_of_the_fit():
    fit = fit_sem("bond =~ b1_w1 + b2_w1 + b3_w1", DATA, group="group")
    sample = simulate(fit, seed=1)
    assert sample["group"].value_counts().to_dict() == DATA["group"].value_counts().to_dict()
    with pytest.raises(ValueError, match="2 groups"):
        simulate(fit, n=[10, 10, 10])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("f =~ 0.8*x1 + x2", "needs a value for 'f =~ x2'"),
        ("f =~ 0.8*x1 + 1.2*x2", "'x2' has more explained variance than 1"),
        ("f =~ 0.8*x1 + 0.8*x2\nx1 ~~ 0.9*x2\nx1 ~~ 0.1*x1\nx2 ~~ 0.1*x2", "not positive semi-definite"),
    ],
)
def test_impossible_populations_are_refused(model, message):
    with pytest.raises(ModelSyntaxError, match=message):
        simulate(model, n=10)
