"""Robust covariances, marginal effects and discrete-time hazards against clubSandwich, sandwich and glm."""

import numpy as np
import pandas as pd
import pytest
from alliance.persistence import fit_outcome
from link_cases import close, column, data, expected
from scipy.stats import norm

TERMS = "treated + father_ed + mother_ed + siblings + immigrant + lagscore"


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR1S", "CR2", "CR3"])
@pytest.mark.parametrize(("model", "family"), [("lm", "linear"), ("logit", "logit")])
def test_cluster_robust_errors_and_satterthwaite_df(model, family, kind):
    case = expected("cluster_robust")
    rows = data("cluster_robust")
    fit = fit_outcome(f"Bagrut_status ~ {TERMS}", rows, family=family, cluster="school_id", vcov=kind)
    close(fit.coef, list(case[f"{model}_coef"].values()))
    close(fit.std_error, list(case[model][kind]["se"].values()))
    close(fit.clustered.satterthwaite(np.eye(7)), column(case[model][kind]["satterthwaite"], "df_Satt"))
    if kind == "CR2":
        close(fit.estimates["p_value"], column(case[model][kind]["satterthwaite"], "p_Satt"), rel=1e-5)
        close(fit.estimates["conf_low"], column(case[model][kind]["ci"], "CI_L"))
    assert (fit.n, fit.n_clusters) == (case["n"], case["clusters"])


@pytest.mark.parametrize(("model", "family"), [("lm", "linear"), ("logit", "logit")])
def test_joint_test_with_few_clusters(model, family):
    rows = {row["test"]: row for row in expected("cluster_robust")[f"{model}_wald3"]}
    fit = fit_outcome(
        f"Bagrut_status ~ {TERMS}", data("cluster_robust"), family=family, cluster="school_id", vcov="CR2"
    )
    ours = fit.test(["father_ed", "mother_ed", "siblings"])
    close(
        [ours["statistic"], ours["df"], ours["df_denominator"], ours["p_value"]],
        [rows["HTZ"][k] for k in ("Fstat", "df_num", "df_denom", "p_val")],
        rel=1e-5,
    )


def test_hc3_of_a_linear_model():
    fit = fit_outcome(f"Bagrut_status ~ {TERMS}", data("cluster_robust"), family="linear", vcov="HC3")
    close(fit.std_error, list(expected("cluster_robust")["lm_HC3"].values()))


@pytest.mark.parametrize(
    ("vcov", "name"),
    [("classic", "ame_model"), ("CR0", "ame_cluster_CR0"), ("CR1", "ame_cluster_CR1"), ("CR2", "ame_cluster_CR2")],
)
def test_average_marginal_effects_with_an_interaction(vcov, name):
    rows = data("average_marginal_effects")
    formula = "Bagrut_status ~ treated + father_ed + lagscore + treated:lagscore + C(qrtl)"
    fit = fit_outcome(formula, rows, cluster="school_id", vcov=vcov)
    ours = pd.concat(
        [
            fit.effects(["treated", "father_ed", "lagscore"]),
            fit.effects("lagscore", at={"treated": 1}),
            fit.predictions({"treated": [1, 0]}),
            fit.effects("qrtl").tail(1),
            fit.effects("father_ed", at="mean"),
            fit.effects((), contrasts={"father_ed": "sd"}),
        ]
    )
    theirs = expected("average_marginal_effects")[name]
    close(ours["estimate"], column(theirs, "est"))
    close(ours["std_error"], column(theirs, "se"))


def test_coefficients_and_means_of_an_interaction_at_typical_covariates():
    """emmeans' predictions: covariates at their means, every quarter counting alike, interval by the log odds."""
    case, rows = expected("average_marginal_effects"), data("average_marginal_effects")
    fit = fit_outcome("Bagrut_status ~ treated + father_ed + lagscore + treated:lagscore + C(qrtl)", rows)
    by_name = fit.estimates.set_index("term").rename(index=lambda t: t.replace("C(qrtl)[T.", "q").rstrip("]"))
    for theirs in case["coef"]:
        ours = by_name.loc[theirs["term"].replace("(Intercept)", "Intercept")]
        close(ours[["estimate", "std_error", "statistic"]], [theirs[k] for k in ("Estimate", "Std. Error", "z value")])
    means = rows[["father_ed", "lagscore"]].mean()
    for theirs in case["emmeans_treated"]:
        typical = pd.DataFrame({"treated": theirs["treated"], **means, "qrtl": sorted(rows["qrtl"].unique())})
        x = fit.design.matrix(typical).mean(axis=0)
        eta, error = x @ fit.coef, np.sqrt(x @ fit.vcov @ x)
        p = 1 / (1 + np.exp(-eta))
        low, high = (1 / (1 + np.exp(-(eta + side * norm.ppf(0.975) * error))) for side in (-1, 1))
        close([p, p * (1 - p) * error, low, high], [theirs[k] for k in ("prob", "SE", "asymp.LCL", "asymp.UCL")])


def test_discrete_time_hazard():
    case, rows = expected("discrete_time_hazard"), data("discrete_time_hazard", "person_period.csv")
    formula = "y ~ 0 + C(t) + trt + age10 + logbili"
    logit = fit_outcome(formula, rows, family="hazard", cluster="id", vcov="CR0")
    close(logit.coef, column(case["logit"], "Estimate"))
    close(logit.std_error, list(case["logit_cluster_se_HC0"].values()))
    close(logit.log_likelihood, case["logit_loglik"])
    close(fit_outcome(formula, rows, family="hazard").std_error, column(case["logit"], "Std. Error"))
    cloglog = fit_outcome(formula, rows, family="hazard", link="cloglog")
    close(cloglog.coef, column(case["cloglog"], "Estimate"))
    close(cloglog.std_error, column(case["cloglog"], "Std. Error"))
    close(cloglog.log_likelihood, case["cloglog_loglik"])
    smooth = fit_outcome("y ~ t + I(t^2) + trt + age10 + logbili", rows, family="hazard")
    close(smooth.coef, column(case["logit_quadratic_time"], "Estimate"))
    changing = fit_outcome(formula + " + trt:t", rows.astype({"t": float}), family="hazard")
    close(2 * (changing.log_likelihood - logit.log_likelihood), case["nonproportional_LR"]["Deviance"], rel=1e-5)
    reference = pd.DataFrame({"t": range(1, 11), "trt": 0, "age10": 5.0, "logbili": 0.0})
    hazard = logit.predict(reference)
    close(hazard, case["predicted_hazard_ref"])
    close((1 - hazard).cumprod(), case["predicted_survival_ref"])


def test_weights_against_attrition():
    case, rows = expected("ipw_attrition"), data("ipw_attrition")
    rows["responded"] = rows["college"].notna().astype(int)
    response = fit_outcome("responded ~ female + age10 + I(age10^2) + O", rows)
    close(response.coef, column(case["response_model"], "Estimate"))
    there = rows[rows["responded"] == 1].assign(w=1 / response.predict()[rows["responded"] == 1])
    close(there["w"].sum() ** 2 / (there["w"] ** 2).sum(), case["weights"]["kish_neff"])
    formula = "college ~ O + female + age10"
    close(fit_outcome(formula, there).coef, column(case["unweighted"], "Estimate"))
    weighted = fit_outcome(formula, there, weights="w", vcov="HC0")
    close(weighted.coef, column(case["ipw_svyglm"], "Estimate"))
    close(weighted.std_error, list(case["ipw_HC0_se"].values()))
    n = len(there)
    close(weighted.std_error * (n / (n - 1)) ** 0.5, column(case["ipw_svyglm"], "Std. Error"))
    low, high = there["w"].quantile([0.01, 0.99])
    trimmed = fit_outcome(formula, there.assign(w=there["w"].clip(low, high)), weights="w", vcov="HC0")
    close(trimmed.coef, column(case["trimmed_svyglm"], "Estimate"))
