"""Cox models with a gamma frailty: its equations, a known variance, and plain words when there is nothing to find."""

import numpy as np
import pandas as pd
import pytest
from alliance.persistence import fit_outcome
from alliance.persistence.frailty import fit_frailty


def study(variance, seed=5, groups=80, size=15):
    """Terms until departure with a shared multiplier per program; hazards double with one unit of x."""
    rng = np.random.default_rng(seed)
    program = np.repeat(np.arange(groups), size)
    shared = rng.gamma(1 / variance, variance, groups) if variance else np.ones(groups)
    x = rng.normal(size=len(program))
    time = rng.exponential(8 / (shared[program] * 2**x))
    rows = pd.DataFrame({"x": x, "program": program, "time": np.ceil(np.minimum(time, 10))})
    return rows.assign(left=(time < 10).astype(int))


ARGUMENTS = {"family": "cox", "event": "left", "random": "(1 | program)"}


def test_a_known_variance_is_found():
    fit = fit_outcome("time ~ x", study(0.5), **ARGUMENTS)
    assert fit.status == "ok"
    assert fit.variance_components["variance"].iloc[0] == pytest.approx(0.5, abs=0.2)
    assert fit.coef[0] == pytest.approx(np.log(2), abs=3 * fit.std_error[0])
    plain = fit_outcome("time ~ x", study(0.5), family="cox", event="left")
    assert plain.coef[0] < fit.coef[0]  # without the frailty the slope is drawn to zero
    assert fit.extra["frailty"]["p_value"] < 1e-6
    assert fit.extra["frailty"]["statistic"] == pytest.approx(2 * (fit.log_likelihood - plain.log_likelihood))


def test_multipliers_are_their_expectations_given_the_data():
    rows, variance = study(0.5), 0.7
    time, event, X, program = (rows[c].to_numpy(float) for c in ("time", "left", "x", "program"))
    groups = program.astype(int)
    found = fit_frailty(time, event, X[:, None], groups, ties="breslow", variance=variance)
    risk = np.exp(X * found.coef[0])
    hazard = {t: event[time == t].sum() / (found.multipliers[groups] * risk)[time >= t].sum() for t in np.unique(time)}
    cumulative = np.array([sum(h for t, h in hazard.items() if t <= end) for end in time]) * risk
    expected = (1 / variance + np.bincount(groups, event)) / (1 / variance + np.bincount(groups, cumulative))
    assert np.allclose(found.multipliers, expected)
    assert found.multipliers.mean() == pytest.approx(1)


def test_the_variance_has_the_largest_likelihood():
    rows = study(0.5)
    time, event, X = rows["time"].to_numpy(), rows["left"].to_numpy(float), rows[["x"]].to_numpy()
    best = fit_frailty(time, event, X, rows["program"].to_numpy())
    for factor in (0.9, 1.1):
        beside = fit_frailty(time, event, X, rows["program"].to_numpy(), variance=best.variance * factor)
        assert beside.log_likelihood < best.log_likelihood
    almost_none = fit_frailty(time, event, X, rows["program"].to_numpy(), variance=1e-7)
    assert almost_none.log_likelihood == pytest.approx(best.null, abs=1e-3)


def test_without_variation_it_is_the_cox_model():
    rows = study(0.0, seed=1).assign(program=lambda d: np.arange(len(d)) % 30)
    fit = fit_outcome("time ~ x", rows, **ARGUMENTS)
    plain = fit_outcome("time ~ x", rows, family="cox", event="left")
    assert fit.status == "singular_random_effect"
    assert np.allclose([fit.coef, fit.std_error], [plain.coef, plain.std_error])
    assert fit.extra["frailty"]["p_value"] == 0.5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"random": "(1 + x | program)"}, "exactly one random intercept"),
        ({"random": "(1 | school)"}, "no such column: school"),
        ({"vcov": "CR1", "cluster": "program"}, "leave out vcov CR1"),
        ({"ties": "exact"}, "efron or breslow"),
    ],
)
def test_misuse_is_said(options, words):
    with pytest.raises(ValueError, match=words):
        fit_outcome("time ~ x", study(0.5, groups=5), **{**ARGUMENTS, **options})
