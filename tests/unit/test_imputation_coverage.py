"""Intervals from imputed data hold the true value as often as they say; clusters keep their variance."""

import numpy as np
import pandas as pd
import pytest
from alliance.survey.imputation import impute
from alliance.survey.imputation_plan import plan_imputation
from scipy.stats import t

TRUE = np.array([1.0, 0.5, 0.4])  # y = 1 + .5 x + .4 z + e


def sample(rng, mechanism, n):
    z = rng.normal(size=n)
    x = 0.5 * z + rng.normal(size=n) * np.sqrt(0.75)
    y = TRUE[0] + TRUE[1] * x + TRUE[2] * z + rng.normal(size=n)
    chance = np.full((2, n), 0.3)
    if mechanism != "MCAR":  # x is missing where z is high, y where z is low
        slope = {"MAR": 0.5, "strong MAR": 1.0}[mechanism]
        chance = 1 / (1 + np.exp(1 + np.array([[-slope], [slope]]) * z))
    gone = rng.random((2, n)) < chance
    return pd.DataFrame({"x": np.where(gone[0], np.nan, x), "z": z, "y": np.where(gone[1], np.nan, y)})


def rubin(estimates, squares, residual_df):
    """Estimate, standard error and Barnard-Rubin degrees of freedom."""
    m = len(estimates)
    within, between = np.mean(squares, axis=0), np.var(estimates, axis=0, ddof=1)
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total
    old = (m - 1) / share**2
    seen = (residual_df + 1) / (residual_df + 3) * residual_df * (1 - share)
    return np.mean(estimates, axis=0), np.sqrt(total), old * seen / (old + seen)


def analysed(imputations):
    estimates, squares = [], []
    for frame in imputations:
        X, y = np.column_stack([np.ones(len(frame)), frame["x"], frame["z"]]), frame["y"].to_numpy()
        inverse = np.linalg.inv(X.T @ X)
        b = inverse @ X.T @ y
        estimates.append(b)
        squares.append(np.diag(inverse) * np.sum((y - X @ b) ** 2) / (len(y) - 3))
    return rubin(estimates, squares, len(y) - 3)


# Matching draws slopes towards zero where donors are scarce: with strong MAR by 7% at n = 200 (coverage 93.5%), 1.4% at
# n = 1200 (coverage 92-93%), in mice as much (the mean slope of 40 such samples of n = 400 is .474 here and .475 in
# mice, error of the difference .004, truth .5). So strong MAR is asked of the linear model only.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("mechanism", "method", "n"),
    [("MCAR", "norm", 200), ("strong MAR", "norm", 200), ("MCAR", "pmm", 200), ("MAR", "pmm", 400)],
)
def test_slopes_are_covered_93_to_97_percent_with_bias_below_5_percent(mechanism, method, n):
    runs, estimates, inside = 600, [], []
    for run in range(runs):
        frame = sample(np.random.default_rng([run, 1]), mechanism, n)
        plan = plan_imputation(frame, ["x", "z", "y"], minimum_correlation=0, methods={"x": method, "y": method})
        estimate, error, df = analysed(impute(frame, plan, m=10, iterations=5, seed=run))
        estimates.append(estimate)
        inside.append(np.abs(estimate - TRUE) < t.ppf(0.975, df) * error)
    bias, coverage = np.mean(estimates, axis=0) / TRUE - 1, np.mean(inside, axis=0)
    print(mechanism, method, n, "bias", bias.round(4), "coverage", coverage.round(4))
    assert (np.abs(bias) < 0.05).all()
    assert (np.abs(coverage[1:] - 0.95) <= 0.02).all()


def variances(frame):
    """Analysis of variance: between-program variance and residual variance of y; programs are of equal size."""
    groups = frame.groupby("program")["y"]
    size = len(frame) / groups.ngroups
    within = groups.var(ddof=1).mean()
    return groups.mean().var(ddof=1) - within / size, within


def test_random_intercepts_keep_the_variance_between_programs_and_a_plain_model_loses_it():
    rng = np.random.default_rng(8)
    program = np.repeat(np.arange(40), 25)
    y = np.sqrt(0.4) * rng.normal(size=40)[program] + np.sqrt(0.6) * rng.normal(size=1000)
    complete = pd.DataFrame({"y": y, "x": 0.5 * y + rng.normal(size=1000), "program": program})
    frame = complete.assign(y=complete["y"].where(rng.random(1000) > 0.5))
    between, within = variances(complete)
    for method, kept in (("2l.norm", True), ("2l.pmm", True), ("pmm", False)):
        plan = plan_imputation(frame, ["y", "x"], methods={"y": method}, cluster="program")
        got = np.mean([variances(f) for f in impute(frame, plan, m=10, iterations=10, seed=2)], axis=0)
        if kept:
            np.testing.assert_allclose(got, [between, within], rtol=0.2)
        else:
            assert got[0] < 0.5 * between


def test_random_intercepts_of_two_categories():
    rng = np.random.default_rng(9)
    program = np.repeat(np.arange(40), 25)
    chance = 1 / (1 + np.exp(-1.5 * rng.normal(size=40)[program]))
    answer = np.where(rng.random(1000) < chance, "yes", "no")
    frame = pd.DataFrame({"answer": answer, "x": rng.normal(size=1000), "program": program})
    frame.loc[rng.random(1000) < 0.5, "answer"] = None
    missing = frame["answer"].isna()
    observed = frame.assign(y=frame["answer"] == "yes")[~missing].groupby("program")["y"].mean()
    for method, low, high in (("2l.probit", 0.75, 1.0), ("logreg", -0.5, 0.5)):
        plan = plan_imputation(frame, ["answer", "x"], methods={"answer": method}, cluster="program")
        drawn = [f.loc[missing].assign(y=lambda d: d["answer"] == "yes") for f in impute(frame, plan, m=10, seed=2)]
        share = pd.concat(drawn).groupby("program")["y"].mean()
        assert low < np.corrcoef(share, observed)[0, 1] < high
