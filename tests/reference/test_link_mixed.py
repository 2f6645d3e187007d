"""Mixed logits against lme4: adaptive quadrature, Laplace, nested and crossed effects, random slopes.

lme4 stops its inner iterations at a relative change of 1e-7 (tolPwrss) and takes the curvature one iteration earlier;
its default Laplace numbers are therefore up to 4e-4 away from the maximum of Laplace's own approximation. With
tolPwrss = 1e-13 lme4 gives ours: these numbers stand in mixed_logit_converged.json and are the ones compared closely.
"""

import numpy as np
import pandas as pd
import pytest
from alliance.persistence import FormulaError, fit_outcome
from alliance.persistence.mixed_general import GeneralRandomEffects
from alliance.persistence.mixed_scalar import ScalarRandomIntercept
from link_cases import close, column, data, expected

CONTRACEPTION = "use ~ age + I(age^2) + urban + livch"


def herds():
    """The aggregated cases of cbpp as one row per animal."""
    rows = data("mixed_logit", "cbpp.csv")
    animals = rows.loc[rows.index.repeat(rows["size"])]
    animals["y"] = (animals.groupby(level=0).cumcount() < animals["incidence"]).astype(int)
    return animals.assign(period=animals["period"].astype(str))


@pytest.mark.parametrize("nodes", [5, 10, 25])
def test_adaptive_quadrature(nodes):
    theirs = expected("mixed_logit")[f"cbpp_nAGQ{nodes}"]
    fit = fit_outcome("y ~ period", herds(), family="mixed_logit", random="(1 | herd)", quadrature=nodes)
    close(fit.coef, column(theirs["fixed"], "Estimate"), rel=1e-5)
    close(fit.std_error, column(theirs["fixed"], "Std. Error"), rel=1e-4)
    close(fit.variance_components["variance"], [theirs["varcorr"][0]["vcov"]], rel=1e-4)


@pytest.mark.slow
def test_adaptive_quadrature_with_covariates_and_laplace_log_likelihoods():
    case, rows = expected("mixed_logit"), data("mixed_logit", "contraception.csv")
    theirs = case["contraception_ri_agq15"]
    fit = fit_outcome(CONTRACEPTION, rows, family="mixed_logit", random="(1 | district)", quadrature=15)
    close(fit.coef, column(theirs["fixed"], "Estimate"), rel=1e-4)
    close(fit.std_error, column(theirs["fixed"], "Std. Error"), rel=1e-4)
    close(fit.variance_components["variance"], [theirs["varcorr"][0]["vcov"]], rel=1e-3)
    close(fit.log_likelihood, theirs["logLik"], rel=0, absolute=1e-3)
    for name, random in (("ri", "(1 | district)"), ("rs", "(1 + urban | district)")):
        theirs = case[f"contraception_{name}_laplace"]
        laplace = fit_outcome(CONTRACEPTION, rows, family="mixed_logit", random=random)
        assert 0 <= laplace.log_likelihood - theirs["logLik"] < 1e-3  # ours is the higher one
        close(laplace.coef, column(theirs["fixed"], "Estimate"), rel=5e-4)
    plain = fit_outcome(CONTRACEPTION, rows)
    close(plain.coef, column(case["contraception_logit_no_re"], "Estimate"), rel=1e-6)


CONVERGED = {
    "cbpp_nAGQ1": ("y ~ period", "(1 | herd)", 1, herds),
    "contraception_ri_laplace": (
        CONTRACEPTION, "(1 | district)", 1, lambda: data("mixed_logit", "contraception.csv"),
    ),
    "contraception_rs_laplace": (
        CONTRACEPTION, "(1 + urban | district)", 1, lambda: data("mixed_logit", "contraception.csv"),
    ),
    "one": ("stays ~ x + z", "(1 | mentor)", 1, lambda: data("levels", "simulated_levels.csv")),
    "one_agq": ("stays ~ x + z", "(1 | mentor)", 9, lambda: data("levels", "simulated_levels.csv")),
    "nested": ("stays ~ x + z", "(1 | program/mentor)", 1, lambda: data("levels", "simulated_levels.csv")),
    "crossed": ("stays ~ x + z", "(1 | program) + (1 | campus)", 1, lambda: data("levels", "simulated_levels.csv")),
}  # fmt: skip


SLOW = ("contraception_rs_laplace",)


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in CONVERGED])
def test_against_lme4_with_converged_inner_iterations(name):
    formula, random, nodes, rows = CONVERGED[name]
    theirs = expected("mixed_logit_converged")[name]
    fit = fit_outcome(formula, rows(), family="mixed_logit", random=random, quadrature=nodes)
    assert fit.status == "ok"
    close(fit.coef, theirs["coef"], rel=1e-4)
    close(fit.std_error, theirs["se"], rel=2e-4)
    ours = fit.variance_components.set_index(["group", "term_1", "term_2"])
    by_name = ours["variance"].to_dict()
    for row in theirs["vcov"]:
        first = str(row["var1"]).replace("(Intercept)", "Intercept")
        key = (row["grp"], first, row.get("var2") or "")
        close(by_name[key], row["vcov"], rel=1e-3)
    if name not in ("cbpp_nAGQ1", "one_agq"):
        close(fit.log_likelihood, theirs["logLik"], rel=0, absolute=1e-5)


def test_a_slope_that_does_not_vary_is_said_and_the_rest_is_lme4s():
    theirs = expected("mixed_logit_converged")["slope"]
    rows = data("levels", "simulated_levels.csv")
    fit = fit_outcome("stays ~ x + z", rows, family="mixed_logit", random="(1 + x | campus)")
    assert fit.status == "singular_random_effect"
    close(fit.coef, theirs["coef"], rel=1e-3)
    close(fit.log_likelihood, theirs["logLik"], rel=0, absolute=1e-4)


def test_predicted_effects_of_the_herds():
    case = expected("mixed_logit")
    fit = fit_outcome("y ~ period", herds(), family="mixed_logit", random="(1 | herd)")
    effects = fit.extra["random_effects"]["herd"]["Intercept"]
    effects.index = effects.index.astype(int)
    close(effects.sort_index(), case["cbpp_ranef"], rel=0, absolute=1e-3)  # lme4's own variance is 6e-4 smaller
    close(fit.extra["icc"], case["cbpp_icc_latent"], rel=1e-3)


@pytest.mark.parametrize("nodes", [1, 7])
def test_the_gradient_is_that_of_the_approximation(nodes):
    rows = data("levels", "simulated_levels.csv")
    X = np.column_stack([np.ones(len(rows)), rows["x"], rows["z"]])
    groups = pd.factorize(rows["mentor"], sort=True)[0]
    one = ScalarRandomIntercept(rows["stays"].to_numpy(float), X, groups, np.ones(len(rows)), nodes)
    _check_gradient(one.evaluate, np.array([0.1, 0.4, -0.3, 0.8]))


def test_the_gradient_of_several_effects():
    rows = data("levels", "simulated_levels.csv")
    X = np.column_stack([np.ones(len(rows)), rows["x"]])
    codes = [pd.factorize(rows[c], sort=True)[0] for c in ("program", "campus")]
    many = GeneralRandomEffects(rows["stays"].to_numpy(float), X, codes, [X, X[:, :1]], np.ones(len(rows)))
    _check_gradient(many.evaluate, np.array([0.1, 0.4, 0.8, 0.2, 0.3, 0.6]))


def _check_gradient(evaluate, at):
    steps = np.eye(len(at)) * 1e-5
    numeric = [(evaluate(at + s)[0] - evaluate(at - s)[0]) / 2e-5 for s in steps]
    close(evaluate(at)[1], numeric, rel=1e-5, absolute=1e-5)


def test_no_variation_between_groups_is_said():
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"g": np.repeat(range(40), 10), "x": rng.normal(size=400)})
    rows["y"] = np.tile([0, 1], 200)  # every group has the same share
    fit = fit_outcome("y ~ x", rows, family="mixed_logit", random="(1 | g)")
    assert fit.status == "singular_random_effect"
    assert "g" in fit.reason
    close(fit.coef, fit_outcome("y ~ x", rows).coef, rel=1e-5, absolute=1e-6)


def test_what_cannot_be_read_as_random_effects():
    rows = data("levels", "simulated_levels.csv")
    with pytest.raises(FormulaError, match="no such column: lab"):
        fit_outcome("stays ~ x", rows, family="mixed_logit", random="(1 | lab)")
    with pytest.raises(FormulaError, match="write"):
        fit_outcome("stays ~ x", rows, family="mixed_logit", random="mentor")
    with pytest.raises(ValueError, match="exactly one random intercept"):
        fit_outcome("stays ~ x", rows, family="mixed_logit", random="(1 | program/mentor)", quadrature=7)


def test_effects_are_those_of_the_population_of_groups():
    rows = data("levels", "simulated_levels.csv")
    fit = fit_outcome("stays ~ x + z", rows, family="mixed_logit", random="(1 | mentor)", quadrature=9)
    rng = np.random.default_rng(1)
    drawn = rng.normal(scale=np.sqrt(fit.variance_components["variance"][0]), size=20_000)
    eta = fit.linear_predictor(rows.assign(z=1).head(5))
    simulated = (1 / (1 + np.exp(-(eta[:, None] + drawn)))).mean(axis=1)
    close(fit.predict(rows.assign(z=1).head(5)), simulated, rel=0, absolute=5e-3)
    gap = (fit.predict(z=1) - fit.predict(z=0)).mean()
    close(fit.effects("z")["estimate"], [gap])
    slopes = fit_outcome("stays ~ x", rows, family="mixed_logit", random="(1 + x | campus)")
    with pytest.raises(ValueError, match="random slopes"):
        slopes.effects("x")
