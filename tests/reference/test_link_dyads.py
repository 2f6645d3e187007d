"""Actor-partner models on 148 couples (dyadr::acipair, CC0) against nlme::gls and lavaan."""

import pytest
from alliance.persistence import fit_dyads
from alliance.persistence.dyads import intraclass_correlation
from alliance.sem import fit_sem
from link_cases import close, column, data, expected


def couples():
    return data("dyad_apim", "acitelli_pairwise.csv"), data("dyad_apim", "acitelli_wide.csv")


def test_distinguishable_members():
    case, (rows, _) = expected("dyad_apim"), couples()
    formula = "Satisfaction_A ~ 0 + Gender_A + Gender_A:OtherPos_A + Gender_A:OtherPos_P"
    fit = fit_dyads(formula, rows, dyad="CoupleID", role="Gender_A")
    theirs = case["gls_distinguishable_REML"]
    close(fit.coef, column(theirs, "est"), rel=1e-5)
    close(fit.std_error, column(theirs, "se"), rel=1e-5)
    close(fit.extra["rho"], case["gls_dist_rho"], rel=1e-5)
    # R's reference is the role of the first row, the wife; ours is the first in order, the husband
    close(1 / fit.extra["sigma_ratio"], case["gls_dist_sigma_ratio"], rel=1e-5)
    close(fit.log_likelihood, case["gls_dist_logLik"], rel=1e-6)


def test_indistinguishable_members():
    case, (rows, _) = expected("dyad_apim"), couples()
    for method in ("REML", "ML"):
        fit = fit_dyads("Satisfaction_A ~ OtherPos_A + OtherPos_P", rows, dyad="CoupleID", method=method)
        theirs = case[f"gls_indistinguishable_{method}" if method == "REML" else "gls_indist_ML"]
        close(fit.coef, column(theirs, "est"), rel=1e-5)
        close(fit.std_error, column(theirs, "se"), rel=1e-5)
        if method == "REML":
            close(fit.extra["rho"], case["gls_indist_rho"], rel=1e-5)
        else:
            close(fit.log_likelihood, case["gls_indist_ML_logLik"], rel=1e-6)


def test_agreement_of_the_two_members():
    case, (_, wide) = expected("dyad_apim"), couples()
    close(intraclass_correlation(wide["Satisfaction_w"], wide["Satisfaction_h"]), case["icc_satisfaction"])
    close(wide["Satisfaction_w"].corr(wide["Satisfaction_h"]), case["r_satisfaction"])


DISTINGUISHABLE = """
Satisfaction_w ~ aw*OtherPos_w + pw*OtherPos_h
Satisfaction_h ~ ah*OtherPos_h + ph*OtherPos_w
Satisfaction_w ~~ Satisfaction_h
OtherPos_w ~~ OtherPos_h
kw := pw/aw
kh := ph/ah
"""
INDISTINGUISHABLE = """
Satisfaction_w ~ a*OtherPos_w + p*OtherPos_h + i*1
Satisfaction_h ~ a*OtherPos_h + p*OtherPos_w + i*1
Satisfaction_w ~~ v*Satisfaction_w
Satisfaction_h ~~ v*Satisfaction_h
Satisfaction_w ~~ Satisfaction_h
OtherPos_w ~~ vx*OtherPos_w
OtherPos_h ~~ vx*OtherPos_h
OtherPos_w ~~ OtherPos_h
OtherPos_w ~ mx*1
OtherPos_h ~ mx*1
k := p/a
"""
COMMON_FATE = """
CP =~ 1*OtherPos_w + 1*OtherPos_h
CS =~ 1*Satisfaction_w + 1*Satisfaction_h
OtherPos_w ~~ Satisfaction_w
OtherPos_h ~~ Satisfaction_h
CS ~ CP
"""


@pytest.mark.parametrize(
    ("model", "name", "means"),
    [
        (DISTINGUISHABLE, "apim_distinguishable", True),
        (INDISTINGUISHABLE, "apim_indistinguishable", True),
        (COMMON_FATE, "common_fate", False),
    ],
)
def test_the_same_couples_as_path_models(model, name, means):
    theirs = expected("dyad_apim")[name]
    ours = fit_sem(model, couples()[1], meanstructure=means).parameters.set_index(["lhs", "op", "rhs"])
    for row in theirs:
        mine = ours.loc[(row["lhs"], row["op"], row["rhs"])]
        close(mine["est"], row["est"], rel=1e-5, absolute=1e-6)
        close(mine["se"], row["se"], rel=1e-4, absolute=1e-6)


def test_whether_members_can_be_told_apart_and_how_the_common_fate_fits():
    case, (_, wide) = expected("dyad_apim"), couples()
    assert len(wide) == case["n_dyads"]
    tested = fit_sem(INDISTINGUISHABLE, wide, meanstructure=True).fit_measures
    close([tested[k] for k in ("chisq", "df", "pvalue")], list(case["indist_test"]["chisq"].values()), rel=1e-5)
    fate = fit_sem(COMMON_FATE, wide, meanstructure=False).fit_measures
    theirs = case["common_fate_fit"]
    close([fate[k] for k in theirs], list(theirs.values()), rel=1e-4, absolute=1e-6)
