"""Analytic derivatives against finite differences: moments, discrepancies, ordinal statistics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.sem import fit_sem

DATA = Path(__file__).parents[1] / "reference" / "sem" / "data"
# regressions, a feedback-free chain, a residual covariance and a second-order factor: every kind of cell
PATHS = """
f1 =~ y1 + y2 + y3
f2 =~ y4 + y5 + y6
g =~ f1 + f2
f2 ~ f1
gpa ~ g + x1
y2 ~~ y5
y3 ~ y6
"""


@pytest.fixture(scope="module")
def cohort() -> pd.DataFrame:
    return pd.read_csv(DATA / "cohort.csv")


def numeric(function, theta, step=1e-6):
    """Central differences of a vector function: size x n_par."""
    columns = []
    for k in range(len(theta)):
        h = step * max(1.0, abs(theta[k]))
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        columns.append((np.asarray(function(up)) - np.asarray(function(down))) / (2 * h))
    return np.stack(columns, axis=-1)


def shaken(fit, seed=1):
    """A point away from the optimum."""
    theta = fit.theta
    return theta + 0.03 * np.random.default_rng(seed).normal(size=len(theta)) * np.maximum(np.abs(theta), 0.2)


@pytest.mark.parametrize("missing", ["listwise", "fiml"])
def test_slope_and_second_derivatives_of_maximum_likelihood(cohort, missing):
    model = PATHS if missing == "listwise" else PATHS.replace("y", "ym")
    fit = fit_sem(model, cohort, missing=missing, meanstructure=True)
    objective, theta = fit.structure.objective, shaken(fit)
    np.testing.assert_allclose(objective.slope(theta), numeric(objective.value, theta), atol=1e-7)
    np.testing.assert_allclose(objective.hessian(theta), numeric(objective.slope, theta), atol=1e-6)


def test_expected_information_is_the_observed_one_when_the_model_fits_exactly(cohort):
    model = "y1 ~~ y2 + y3\ny2 ~~ y3"
    objective = (fit := fit_sem(model, cohort, meanstructure=True)).structure.objective
    np.testing.assert_allclose(objective.approximation(fit.theta), objective.hessian(fit.theta), atol=1e-9)


ITEMS = ["o1", "o2", "o3", "d4", "d5", "d6"]
ORDINAL = "f1 =~ o1 + o2 + o3\nf2 =~ d4 + d5 + d6 + y7\nf2 ~ f1 + x1\nstay ~ f2 + x2\ny8 ~ stay"


@pytest.mark.parametrize("parameterization", ["delta", "theta"])
def test_jacobian_of_ordinal_statistics(cohort, parameterization):
    """An ordered mediator, numeric variables, covariates and free scaling factors in the second group."""
    cohort = cohort.assign(half=np.where(cohort.program % 2, "odd", "even"))
    fit = fit_sem(
        ORDINAL, cohort, ordered=[*ITEMS, "stay"], parameterization=parameterization, group="half",
        group_equal=["loadings", "thresholds"],
    )  # fmt: skip
    theta = shaken(fit)
    for group in fit.structure.groups:
        stats, jacobian = group.jacobian(theta)
        np.testing.assert_allclose(stats, group.stats(theta), atol=1e-12)
        np.testing.assert_allclose(jacobian, numeric(group.stats, theta), atol=1e-7)


def test_ordered_responses_keep_their_implied_variance_under_delta(cohort):
    fit = fit_sem(ORDINAL, cohort, ordered=[*ITEMS, "stay"])
    _, sigma = fit.implied_matrices()[0]
    names = fit.model[0].observed
    for item in [*ITEMS, "stay"]:
        assert sigma[names.index(item), names.index(item)] == pytest.approx(1.0)
