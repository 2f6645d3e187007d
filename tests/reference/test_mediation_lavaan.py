"""Latent mediation against lavaan and a Monte Carlo interval of two million draws."""

import numpy as np
import pandas as pd
import pytest
from alliance.persistence.mediation import monte_carlo
from alliance.sem import fit_sem
from link_cases import close, data, expected

DEMOCRACY = """
ind60 =~ x1+x2+x3
dem60 =~ y1+y2+y3+y4
dem65 =~ y5+y6+y7+y8
y1~~y5
y2~~y4+y6
y3~~y7
y4~~y8
y6~~y8
dem60 ~ a*ind60
dem65 ~ c*ind60+b*dem60
ind := a*b
total := c+a*b
prop := ind/total"""
TRAITS = """
A =~ A2+A3+A4+A5
E =~ E1+E2+E3+E4+E5
E ~ a*A
college ~ b*E + c*A + age10
A ~ age10
E ~ age10
ab := a*b
tot := c+a*b"""
FIT = {"ml_fit": ("chisq", "df", "pvalue", "cfi", "tli", "rmsea", "srmr", "aic", "bic", "logl"),
       "mlr_fit": ("chisq.scaled", "df.scaled", "chisq.scaling.factor", "cfi.robust", "rmsea.robust")}  # fmt: skip


def same(fit, theirs, rel):
    rows = pd.DataFrame(theirs)
    ours = fit.parameters.query("op in ('~', ':=')").drop(columns="label")
    both = rows.merge(ours, on=["lhs", "op", "rhs"], suffixes=("_r", ""))
    assert len(both) == len(rows)
    close(both["est"], both["est_r"], rel=rel, absolute=1e-6)
    close(both["se"], both["se_r"], rel=rel, absolute=1e-6)


@pytest.mark.parametrize("estimator", ["ML", "MLR", "MLM"])
def test_direct_indirect_total(estimator):
    case, rows = expected("mediation_latent"), data("mediation_latent", "politicaldemocracy.csv")
    fit = fit_sem(DEMOCRACY, rows, estimator=estimator)
    same(fit, case[estimator.lower()], 1e-5)
    names = FIT.get(f"{estimator.lower()}_fit", ())
    for name in names:
        close(fit.fit_measures[name.replace(".", "_")], case[f"{estimator.lower()}_fit"][name], rel=1e-5)


def test_the_monte_carlo_interval():
    case, rows = expected("mediation_latent"), data("mediation_latent", "politicaldemocracy.csv")
    fit = fit_sem(DEMOCRACY, rows)
    low, high, spread = monte_carlo(fit, ["a", "b"], lambda v: v[..., :1] * v[..., 1:], draws=400_000, seed=3)
    theirs = case["monte_carlo_ci_ab"]
    close([low[0], high[0]], [theirs["2.5%"], theirs["97.5%"]], rel=0.01)
    assert spread[0] > 0
    with pytest.raises(ValueError, match="no free parameter has the label z"):
        monte_carlo(fit, ["z"], np.asarray)


def test_a_yes_no_outcome():
    case, rows = expected("mediation_latent"), data("mediation_latent", "bfi_acec.csv")
    rows["age10"] = rows["age"] / 10
    items = [*(f"A{j}" for j in range(1, 6)), *(f"E{j}" for j in range(1, 6))]
    ordered = [i for i in items if i != "A1"]
    fit = fit_sem(TRAITS, rows, ordered=[*ordered, "college"])
    same(fit, case["wlsmv_binary_outcome"], 1e-4)
    for name, value in case["wlsmv_fit"].items():
        close(fit.fit_measures[name.replace(".", "_")], value, rel=1e-4)
