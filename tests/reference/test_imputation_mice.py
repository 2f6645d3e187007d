"""Imputations agree with R's mice 3.15 on the same data within Monte Carlo error.

``imputation/incomplete.csv`` is simulated (400 rows; item, number, two and three categories missing depending on the
others). The numbers of mice are ``pool()`` of a regression in its imputations: estimate, within and between variance.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.survey.imputation import impute
from alliance.survey.imputation_plan import plan_imputation
from scipy.stats import f as f_distribution

DATA = Path(__file__).parent / "imputation" / "incomplete.csv"

# mice(d[, c("y", "x1", "x2", "item")], m = 1000, maxit = 10, seed = 5): lm(y ~ x2 + item)
PMM = (
    1000,
    [0.38666963, 0.81527778, 0.22995006],
    [0.0372631964, 0.0046596958, 0.0036943621],
    [0.0165609055, 0.0017697807, 0.0017743560],
)
# mice(d[, -7], m = 200, maxit = 15, seed = 1): pmm, pmm, logreg, polyreg; lm(y ~ x2 + item + g + c)
ALL = (
    200,
    [0.1033050602, 0.7068995887, 0.2163023060, 0.4277649045, 0.3887841297, -0.3784264680],
    [0.046858975977, 0.004577122040, 0.003392545306, 0.011444353071, 0.017768536537, 0.021207631185],
    [0.018737668057, 0.001903417678, 0.001544587629, 0.003795668189, 0.004992903958, 0.006013453720],
)
# the same with norm for x2 and item, seed = 2
NORM = (
    200,
    [0.09434436346, 0.70109214686, 0.21606601192, 0.44954090151, 0.38240998478, -0.37667660427],
    [0.046972557342, 0.004558155732, 0.003376213913, 0.011415219846, 0.017690653019, 0.021145255794],
    [0.020393961196, 0.002194279518, 0.001672312667, 0.003606929379, 0.005062262108, 0.005252463905],
)


def numbers(frame):
    return np.column_stack([np.ones(len(frame)), frame["x2"], frame["item"]])


def everything(frame):
    dummies = [frame["g"] == "yes", frame["c"] == "bio", frame["c"] == "chem"]
    return np.column_stack([numbers(frame), *dummies])


def pooled(imputations, design):
    """Mean estimate, mean squared standard error and variance between imputations of a linear regression on y."""
    estimates, squares = [], []
    for frame in imputations:
        X, y = design(frame), frame["y"].to_numpy()
        inverse = np.linalg.inv(X.T @ X)
        b = inverse @ X.T @ y
        estimates.append(b)
        squares.append(np.diag(inverse) * np.sum((y - X @ b) ** 2) / (len(y) - X.shape[1]))
    return np.mean(estimates, axis=0), np.mean(squares, axis=0), np.var(estimates, axis=0, ddof=1)


def assert_within_monte_carlo_error(m, ours, reference):
    """Estimates within 3.5 errors of their difference; between variances within the 99.9% range of their ratio."""
    estimate, within, between = ours
    m_r, estimate_r, within_r, between_r = (np.asarray(part) for part in reference)
    error = np.sqrt(between / m + between_r / m_r)
    assert (np.abs(estimate - estimate_r) < 3.5 * error).all(), (estimate - estimate_r) / error
    np.testing.assert_allclose(within, within_r, rtol=0.02)
    low, high = f_distribution.ppf([0.0005, 0.9995], m - 1, m_r - 1)
    assert (between / between_r > low).all(), between / between_r
    assert (between / between_r < high).all(), between / between_r


def test_predictive_mean_matching_as_mice():
    frame = pd.read_csv(DATA)
    plan = plan_imputation(frame, ["y", "x1", "x2", "item"], minimum_correlation=0)
    result = impute(frame, plan, m=100, iterations=8, seed=11)
    assert_within_monte_carlo_error(100, pooled(result, numbers), PMM)


@pytest.mark.slow
@pytest.mark.parametrize(("methods", "reference"), [({}, ALL), ({"x2": "norm", "item": "norm"}, NORM)])
def test_numbers_items_and_categories_as_mice(methods, reference):
    frame = pd.read_csv(DATA)
    plan = plan_imputation(frame, ["y", "x1", "x2", "item", "g", "c"], minimum_correlation=0, methods=methods)
    result = impute(frame, plan, m=150, iterations=12, seed=12)
    assert_within_monte_carlo_error(150, pooled(result, everything), reference)


@pytest.mark.slow
def test_proportional_odds_agrees_with_matching():
    frame = pd.read_csv(DATA)
    plan = plan_imputation(frame, ["y", "x1", "x2", "item"], minimum_correlation=0, methods={"item": "polr"})
    estimate, within, between = pooled(impute(frame, plan, m=60, iterations=10, seed=13), numbers)
    error = np.sqrt(within + between)  # two right models of one variable differ by much less than a standard error
    assert (np.abs(estimate - PMM[1]) < 0.5 * error).all()


# method 2l.pan for x2 and item, program as class, maxit = 8, paniter = 100; seeds 5 and 6 with m = 150, 11 with m = 200
PAN = (
    500,
    [0.418844425, 0.812370513, 0.217773383],
    [0.036743659, 0.004574221, 0.003667700],
    [0.018571149, 0.002037636, 0.001920236],
)


@pytest.mark.slow
def test_random_intercepts_as_pan(monkeypatch):
    # pan's default prior has a sum of squares of 1 in the units of the variable; ours is flatter (.02 of its variance)
    monkeypatch.setattr("alliance.survey.imputation_clusters.PRIOR_SQUARES", 0.7)  # 1 / variance of x2 and item
    frame = pd.read_csv(DATA)
    plan = plan_imputation(
        frame,
        ["y", "x1", "x2", "item"],
        minimum_correlation=0,
        cluster="program",
        methods={"x2": "2l.norm", "item": "2l.norm"},
    )
    result = impute(frame, plan, m=500, iterations=8, seed=1)
    assert_within_monte_carlo_error(500, pooled(result, numbers), PAN)
