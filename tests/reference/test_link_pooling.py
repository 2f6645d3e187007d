"""Pooling of cohorts and of imputations, dominance and E-values against metafor, mice and formulas."""

import numpy as np
import pandas as pd
import pytest
from alliance.persistence import dominance, evalue, fit_outcome, pool_cohorts, pool_imputations, pool_nested
from alliance.persistence.dominance_analysis import collinearity, relative_weights
from alliance.persistence.imputations import likelihood_ratio_test
from alliance.persistence.imputations_fit import pool_r_squared, stacked_ratio_test
from alliance.persistence.pooling import tau2_interval
from link_cases import close, column, data, expected
from scipy.stats import norm

OURS = ("estimate", "std_error", "conf_low", "conf_high", "tau2", "i2", "h2", "q", "p_value")
SWISS = "Fertility ~ Agriculture + Examination + Education + Catholic + Q('Infant.Mortality')"


def trials():
    rows = data("meta_analysis", "bcg.csv")
    return rows["yi"].to_numpy(), np.sqrt(rows["vi"].to_numpy()), rows


# metafor stops the root of PM (tol 1e-4) and of SJ's relatives early; EB is the same equation solved to the end
@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("FE", 1e-6), ("DL", 1e-6), ("REML", 1e-6), ("ML", 1e-6), ("PM", 1e-4), ("EB", 1e-6), ("SJ", 1e-6),
        ("HE", 1e-6), ("REML_knha", 1e-6), ("DL_knha", 1e-6), ("PM_knha", 1e-4),
    ],
)  # fmt: skip
def test_random_effects(name, tolerance):
    theirs = expected("meta_analysis")[name]
    y, se, _ = trials()
    method, _, test = name.partition("_")
    ours = pool_cohorts(y, se, method=method, test=test or "z")
    close(
        [getattr(ours, k) for k in OURS],
        [theirs[k] for k in ("b", "se", "ci.lb", "ci.ub", "tau2", "I2", "H2", "QE", "pval")],
        rel=tolerance * (10 if method == "PM" else 1),
    )  # fmt: skip
    if method != "FE":
        close([ours.prediction_low, ours.prediction_high], [theirs["pi.lb"], theirs["pi.ub"]], rel=tolerance)
    if method in ("ML", "REML"):
        close([ours.tau2_std_error, ours.log_likelihood], [theirs["se_tau2"], theirs["logLik"]], rel=tolerance)


def test_interval_of_the_variance_moderators_and_leaving_one_out():
    case = expected("meta_analysis")
    y, se, rows = trials()
    limits = [case["REML_tau2_ci"][0]["ci.lb"], case["REML_tau2_ci"][0]["ci.ub"]]
    close(tau2_interval(y, se), limits, rel=0, absolute=1.3e-4)  # uniroot's tolerance in metafor
    theirs = case["metareg_ablat"]
    ours = pool_cohorts(y, se, test="z", moderators=rows[["ablat"]].to_numpy())
    close(ours.coef, theirs["b"])
    close(ours.coef_std_error, theirs["se"])
    close([ours.tau2, ours.qm, ours.q], [theirs["tau2"], theirs["QM"], theirs["QE"]], rel=1e-5)
    whole = pool_cohorts(y, se, test="z")
    close(100 * (1 - ours.tau2 / whole.tau2), theirs["R2"], rel=1e-5)
    typical = whole.tau2 * (100 / whole.i2 - 1)  # I2 and H2 are functions of tau2
    mine = np.array(tau2_interval(y, se))
    for row, transform in ((2, lambda t: 100 * t / (t + typical)), (3, lambda t: t / typical + 1)):
        theirs = case["REML_tau2_ci"][row]
        close(transform(mine), [theirs["ci.lb"], theirs["ci.ub"]], rel=1e-3)  # uniroot's tolerance again
    egger = pool_cohorts(y, se, test="z", moderators=se[:, None])
    close(egger.coef[1] / egger.coef_std_error[1], case["egger"]["z"], rel=1e-5)
    close(2 * norm.sf(abs(egger.coef[1] / egger.coef_std_error[1])), case["egger"]["p"], rel=1e-5)
    for i, row in enumerate(case["leave1out"]):
        rest = pool_cohorts(np.delete(y, i), np.delete(se, i), test="z")
        close([rest.estimate, rest.std_error, rest.tau2, rest.i2], [row[k] for k in ("estimate", "se", "tau2", "I2")])
    nested = data("meta_analysis", "dropout_prevention.csv")
    flat = pool_cohorts(nested["LOR1"], np.sqrt(nested["varLOR"]), test="z")
    theirs = case["dropout_ignoring_nesting"]
    close([flat.estimate, flat.std_error, flat.tau2], [theirs["b"], theirs["se"], theirs["tau2"]])


def test_trials_pooled_by_their_counts():
    """Fixed trial effects and a random log odds ratio in one mixed logit (metafor's unconditional model)."""
    theirs, rows = expected("meta_analysis")["glmm_OR_UM_FS"], data("meta_analysis", "bcg.csv")
    long = pd.DataFrame(
        {"trial": f"t{r['trial']:02d}", "arm": arm, "y": y, "count": r[f"{letter}{kind}"]}
        for r in rows.to_dict("records")
        for letter, arm in (("t", 0.5), ("c", -0.5))
        for kind, y in (("pos", 1), ("neg", 0))
    )
    fit = fit_outcome("y ~ 0 + trial + arm", long, family="mixed_logit", random="(0 + arm | trial)", weights="count")
    ours = fit.estimates.set_index("term").loc["arm"]
    mine = [ours["estimate"], ours["std_error"], fit.variance_components["variance"].iloc[0]]
    lme4 = [-0.74502574296, 0.17571307093, 0.29554029704]  # glmer, nAGQ = 1 (Laplace as ours), tolPwrss = 1e-10
    close(mine, lme4, rel=2e-5)
    close(mine, [theirs[k] for k in ("b", "se", "tau2")], rel=3e-3)  # metafor takes seven nodes


@pytest.mark.slow
def test_several_estimates_per_study():
    theirs = expected("meta_analysis")["dropout_3level"]
    rows = data("meta_analysis", "dropout_prevention.csv")
    ours = pool_nested(rows["LOR1"], np.sqrt(rows["varLOR"]), rows["studyID"], rows["studySample"])
    robust = theirs["CR2"][0]
    assert ours.k == theirs["k"]
    close([ours.estimate, ours.std_error], [theirs["b"], theirs["se"]], rel=1e-5)
    close([ours.between, ours.within], theirs["sigma2"], rel=1e-5)
    close([ours.log_likelihood, ours.q], [theirs["logLik"], theirs["QE"]], rel=1e-5)
    mine = [ours.robust_std_error, ours.robust_df, ours.robust_p_value]
    close(mine, [robust[k] for k in ("SE", "df_Satt", "p_Satt")], rel=1e-4)


@pytest.mark.parametrize(
    ("file", "formula", "family", "name"),
    [
        ("swiss.csv", SWISS, "linear", "swiss_lm"),
        ("bfi_scales.csv", "age ~ A + C + E + N + O", "linear", "bfi_age_lm"),
        ("bfi_scales.csv", "college ~ A + C + E + N + O", "logit", "bfi_college_mcfadden"),
    ],
)  # fmt: skip
def test_dominance(file, formula, family, name):
    theirs = expected("dominance")[name]
    ours = dominance(formula, data("dominance", file), family=family)
    close(ours.total, theirs["total"])
    close(ours.general["general"], list(theirs["general"].values()))
    close(ours.general["standardized"], list(theirs["standardized"].values()))
    predictors = list(theirs["general"])
    for k, row in enumerate(theirs["conditional"]):
        close(ours.conditional.loc[k, predictors].astype(float), [row[p] for p in predictors])
    for row in theirs["complete"]:
        for other in predictors:
            if row[other] is not None:
                assert ours.complete.loc[row["row"], other] == row[other]
    close([ours.all_subsets[s] for s in theirs["all_subsets"]], list(theirs["all_subsets"].values()))


def test_relative_weights_of_all_provinces():
    theirs = expected("dominance")["swiss_relative_weights"]
    ours = relative_weights(data("dominance", "swiss.csv"), "Fertility", list(theirs["raw"]))
    close(ours["raw"], list(theirs["raw"].values()))
    close(ours["rescaled"], list(theirs["rescaled"].values()))
    close(ours["raw"].sum(), theirs["R2"])


def test_relative_weights_and_variance_inflation():
    case, rows = expected("dominance"), data("dominance", "bfi_scales.csv")
    assert dominance("age ~ A + C + E + N + O", rows, family="linear").n == case["n_bfi"]
    ours = relative_weights(rows, "age", ["A", "C", "E", "N", "O"])
    close(ours["raw"], list(case["bfi_age_relative_weights"]["raw"].values()))
    close(ours["rescaled"], list(case["bfi_age_relative_weights"]["rescaled"].values()))
    close(collinearity(rows[["A", "C", "E", "N", "O"]].to_numpy())["vif"], list(case["bfi_vif"].values()))


def test_evalues():
    for row in expected("evalue")["table"]:
        if row["type"] == "SMD":
            rows = data("evalue", "evalues.csv")
            error = 0.14 if row["est"] == 0.42 else 0.08
            assert row["est"] in set(rows["est"])
            ours = evalue(row["est"], kind="SMD", std_error=error)
        else:
            ours = evalue(row["est"], row["lo"], row["hi"], kind=row["type"], rare=row["rare"] in (True, "TRUE"))
        close(
            [ours.risk_ratio, ours.risk_ratio_low, ours.risk_ratio_high, ours.estimate, ours.interval],
            [row[k] for k in ("rr", "rr_lo", "rr_hi", "evalue", "evalue_ci")],
        )


CASES = {
    "nhanes2_lm": ("nhanes2_m20_long.csv", "chl ~ age + bmi", "linear", ["age"]),
    "boys_glm": ("boys_m10_long.csv", "late ~ age + hgt + C(reg, reference=north)", "logit", ["C(reg)"]),
    "boys_lm": ("boys_m10_long.csv", "hc ~ age + hgt + wgt + C(reg, reference=north)", "linear", ["C(reg)"]),
}


@pytest.mark.parametrize("name", CASES)
def test_imputations(name):
    case = expected("mice_pool")
    file, formula, family, tested = CASES[name]
    rows = data("mice_pool", file)
    if "gen" in rows:
        rows["late"] = rows["gen"].isin(["G4", "G5"]).astype(int)
    fits = [fit_outcome(formula, part, family=family) for _, part in rows.groupby(".imp")]
    pooled = pool_imputations(fits)
    rel = 1e-5 if family == "logit" else 1e-6  # R's glm stopped at its default epsilon of 1e-8
    names = [t.replace("age40", "age[T.40").replace("age60", "age[T.60") for t in column(case[name], "term")]
    ours = pooled.estimates.set_index(
        pooled.estimates["term"].str.replace("C(reg)[T.", "reg", regex=False).str.replace("]", "", regex=False)
        .str.replace("Intercept", "(Intercept)")
    )  # fmt: skip
    for term, row in zip(names, case[name], strict=True):
        mine = ours.loc[term]
        close(
            [
                mine["estimate"],
                mine["std_error"],
                mine["df"],
                mine["p_value"],
                mine["conf_low"],
                mine["fmi"],
                mine["riv"],
            ],
            [row[k] for k in ("estimate", "std.error", "df", "p.value", "ci_low", "fmi", "riv")],
            rel=rel,
        )
    for method in ("D1", "D2"):
        theirs = case[name.replace("_lm", "_lm_D" if name != "nhanes2_lm" else "_D").replace("_glm", "_glm_D")][method]
        theirs = theirs[0] if isinstance(theirs, list) else theirs
        mine = pooled.test(tested, method)
        close(
            [mine["statistic"], mine["df"], mine["df_denominator"], mine["riv"]],
            [theirs[k] for k in ("F.value", "df1", "df2", "RIV")],
            rel=rel,
        )


@pytest.mark.parametrize(
    ("name", "restricted"),
    [("nhanes2_lm", "chl ~ bmi"), ("boys_glm", "late ~ age + hgt"), ("boys_lm", "hc ~ age + hgt + wgt")],
)
def test_likelihood_ratio_over_imputations(name, restricted):
    theirs = expected("mice_pool")["nhanes2_D" if name == "nhanes2_lm" else f"{name}_D"]["D3"]
    file, formula, family, _ = CASES[name]
    rows = data("mice_pool", file)
    if "gen" in rows:
        rows["late"] = rows["gen"].isin(["G4", "G5"]).astype(int)
    parts = [part for _, part in rows.groupby(".imp")]
    mine = likelihood_ratio_test(
        [fit_outcome(formula, part, family=family) for part in parts],
        [fit_outcome(restricted, part, family=family) for part in parts],
        refit_intercept=True,
    )
    close(
        [mine["statistic"], mine["df"], mine["df_denominator"], mine["p_value"], mine["riv"]],
        [theirs[k] for k in ("F", "df1", "df2", "p", "RIV")],
        rel=1e-5,
    )


@pytest.mark.parametrize(
    ("name", "restricted"),
    [("nhanes2_lm", "chl ~ bmi"), ("boys_glm", "late ~ age + hgt"), ("boys_lm", "hc ~ age + hgt + wgt")],
)
def test_likelihood_ratio_of_the_stacked_data(name, restricted):
    theirs = expected("mice_pool")["nhanes2_D" if name == "nhanes2_lm" else f"{name}_D"]["mitml_D4"][0]
    file, formula, family, _ = CASES[name]
    rows = data("mice_pool", file)
    if "gen" in rows:
        rows["late"] = rows["gen"].isin(["G4", "G5"]).astype(int)
    parts = [part for _, part in rows.groupby(".imp")]
    both = [[fit_outcome(f, part, family=family) for part in parts] for f in (formula, restricted)]
    stacked = tuple(fit_outcome(f, pd.concat(parts), family=family) for f in (formula, restricted))
    mine = stacked_ratio_test(*both, stacked)
    keys = ("statistic", "df", "df_denominator", "p_value", "riv")
    close([mine[k] for k in keys], [theirs[k] for k in ("F.value", "df1", "df2", "P(>F)", "RIV")])


@pytest.mark.parametrize(
    ("case", "model", "adjusted"),
    [("nhanes2_r2", "nhanes2_lm", False), ("boys_r2", "boys_lm", False), ("boys_r2_adj", "boys_lm", True)],
)
def test_pooled_r_squared(case, model, adjusted):
    theirs = expected("mice_pool")[case][0]
    file, formula, _, _ = CASES[model]
    fits = [fit_outcome(formula, part, family="linear") for _, part in data("mice_pool", file).groupby(".imp")]
    mine = pool_r_squared(fits, adjusted=adjusted)
    # mice takes 1.96 for the quantile of the normal distribution, we take 1.959964
    centre, low = (np.arctanh(np.sqrt(value)) for value in (mine.estimate, mine.conf_low))
    half = (centre - low) * 1.96 / norm.ppf(0.975)
    limits = [np.tanh(centre - half) ** 2, np.tanh(centre + half) ** 2]
    close([mine.estimate, *limits, mine.fmi], [theirs[k] for k in ("est", "lo 95", "hi 95", "fmi")])
