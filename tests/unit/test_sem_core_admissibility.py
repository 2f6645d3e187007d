"""Solutions that must not be used say so, with the item and the group named; bad input says what to change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.sem import SampleError, equivalent, fit_sem

DATA = pd.read_csv(Path(__file__).parents[1] / "reference" / "sem" / "data" / "cohort.csv")
THREE = "f1 =~ y1 + y2 + y3\nf2 =~ y4 + y5 + y6\nf3 =~ y7 + y8 + y9"


def from_cov(model: str, cov: np.ndarray, names: list[str], n: int = 200):
    return fit_sem(model, sample_cov=pd.DataFrame(cov, names, names), sample_nobs=n)


def test_a_clean_fit_has_no_warnings():
    assert fit_sem(THREE, DATA).warnings == []


def test_heywood_case_names_the_item():
    loadings = np.array([1.15, 0.6, 0.5])
    cov = np.outer(loadings, loadings)
    np.fill_diagonal(cov, 1.0)
    fit = from_cov("f =~ a + b + c", cov, ["a", "b", "c"])
    assert fit.converged
    assert fit.parameters.set_index(["lhs", "op", "rhs"]).est[("a", "~~", "a")] == pytest.approx(1 - 1.15**2, abs=0.01)
    assert any("negative residual variance of a " in text for text in fit.warnings)


def test_latent_correlation_beyond_one_names_the_factors():
    cov = np.full((4, 4), 0.6)
    cov[:2, :2] = cov[2:, 2:] = 0.5
    np.fill_diagonal(cov, 1.0)
    fit = from_cov("p =~ a + b\nq =~ c + d", cov, list("abcd"))
    assert any("latent variables is not positive definite: correlation of p and q (1.2" in t for t in fit.warnings)


@pytest.mark.parametrize(
    ("model", "named"),
    [
        ("f =~ NA*y1 + y2 + y3 + y4", ["f=~y1", "f~~f"]),
        ("f =~ y1 + y2 + y3 + y4\ng =~ f + y5", ["g=~y5", "g~~g"]),
        ("f =~ y1 + y2 + y3 + y4\nf ~ 1", ["f~1", "y1~1"]),
    ],
)
def test_unidentified_parameters_are_named_and_have_no_standard_errors(model, named):
    fit = fit_sem(model, DATA)
    text = next(t for t in fit.warnings if "not identified" in t)
    assert all(name in text for name in named)
    assert fit.vcov is None
    assert fit.parameters.se.isna().any()


def test_too_few_moments_are_counted():
    assert any("4 free parameters for 3 sample moments" in t for t in fit_sem("f =~ y1 + y2", DATA).warnings)


def test_equality_by_constraint_identifies():
    assert fit_sem("f =~ NA*y1 + a*y1 + b*y2 + y3 + y4\na == b\nf ~~ 1*f", DATA).warnings == []


def test_second_order_of_three_factors_is_recognised_as_three_factors():
    first, second = fit_sem(THREE, DATA), fit_sem(f"{THREE}\ng =~ f1 + f2 + f3", DATA)
    one = fit_sem("g =~ " + " + ".join(f"y{k}" for k in range(1, 10)), DATA)
    assert first.fit_measures["chisq"] == pytest.approx(second.fit_measures["chisq"], rel=1e-8)
    assert equivalent(first, second)
    assert not equivalent(first, one)
    # the same fit with a different restriction is not the same model
    assert not equivalent(first, fit_sem(f"{THREE}\ng =~ 1*f1 + 1*f2 + f3", DATA))


def test_too_few_iterations_are_reported():
    from alliance.sem.estimation import minimise

    fit = fit_sem(THREE, DATA)
    short = minimise(fit.structure.objective, np.full(len(fit.theta), 0.5), max_iter=2)
    assert not short.converged
    assert "iteration limit" in short.message


def test_empty_category_names_item_category_and_group():
    sparse = DATA.assign(o2=np.where((DATA.site == "B") & (DATA.o2 == 3), 2, DATA.o2))
    with pytest.raises(SampleError, match=r"o2 has no answer in category 3 in group B"):
        fit_sem("f =~ o1 + o2 + o3", sparse, ordered=["o1", "o2", "o3"], group="site")


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"y2": 1.0}, {}, "y2 constant: leave the item out"),
        ({"y2": "often"}, {}, "y2 are not numeric"),
        ({"y2": np.inf}, {}, "y2 hold infinite values"),
        ({"y2": np.nan}, {}, "fewer than 2 usable cases"),
        ({}, {"group": "campus"}, "no grouping column 'campus'"),
        ({}, {"cluster": "lab"}, "no column\\(s\\) lab"),
        ({"weight": -1.0}, {"sampling_weights": "weight"}, "negative values"),
        ({"y2": DATA.y1}, {}, "y1, y2 are linearly"),
    ],
)
def test_unusable_data_are_named(change, options, message):
    with pytest.raises(SampleError, match=message):
        fit_sem("f =~ y1 + y2 + y3", DATA.assign(**change), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimator": "GLS"}, "use one of"),
        ({"estimator": "ML", "ordered": ["y1"]}, "use WLSMV"),
        ({"missing": "pairwise"}, "use missing='fiml'"),
        ({"estimator": "MLM", "missing": "fiml"}, "ML or MLR"),
        ({"estimator": "MLM", "sampling_weights": "weight"}, "MLR"),
        ({"parameterization": "gamma"}, "delta"),
    ],
)
def test_combinations_that_cannot_be_estimated_say_what_to_choose(options, message):
    with pytest.raises(ValueError, match=message):
        fit_sem("f =~ y1 + y2 + y3", DATA, **options)


def test_robust_tests_need_the_data():
    cov = DATA[["y1", "y2", "y3", "y4"]].cov()
    with pytest.raises(ValueError, match="need the data"):
        fit_sem("f =~ y1 + y2 + y3 + y4", sample_cov=cov, sample_nobs=1000, estimator="MLR").fit_measures  # noqa: B018


def test_variables_never_observed_together_are_named():
    split = DATA.assign(ym1=DATA.y1.where(DATA.index < 500), ym2=DATA.y2.where(DATA.index >= 500))
    with pytest.raises(SampleError, match="ym2 and ym1"):
        fit_sem("f =~ ym1 + ym2 + y3 + y4", split, missing="fiml")


def test_comparing_models_of_different_variables_is_refused():
    with pytest.raises(ValueError, match="different variables"):
        fit_sem("f =~ y1 + y2 + y3 + y4", DATA).compare(fit_sem("f =~ y1 + y2 + y3 + y5\nf ~~ 1*f", DATA))
