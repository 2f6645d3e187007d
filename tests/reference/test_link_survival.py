"""Survival curves, concordance, proportional hazards and exact ties against survival; QIC against geepack."""

import pytest
from alliance.persistence import fit_outcome
from alliance.persistence.survival import concordance, kaplan_meier, log_rank, proportional_hazards
from link_cases import close, column, data, expected

FORMULA = "time ~ age + sex + Q('ph.ecog') + Q('wt.loss')"


@pytest.fixture(scope="module")
def lung():
    rows = data("cox_cluster", "lung.csv")
    return rows.assign(died=(rows["status"] == 2).astype(int))


def test_kaplan_meier_at_five_times(lung):
    for row in expected("cox_cluster")["lung_km"]:
        part = lung[lung["sex"] == int(row["strata"][-1])]
        curve = kaplan_meier(part["time"].to_numpy(), part["died"].to_numpy())
        ours = curve[curve["time"] <= row["time"]].iloc[-1]
        close(ours[["survival", "std_error", "conf_low", "conf_high"]],
              [row["surv"], row["se"], row["lower"], row["upper"]])  # fmt: skip


def test_log_rank(lung):
    statistic, df, p = log_rank(*(lung[c].to_numpy() for c in ("time", "died", "sex")))
    close(statistic, expected("cox_cluster")["lung_logrank"])
    assert (df, p < 0.01) == (1, True)


def test_life_table_is_the_curve_on_whole_periods():
    theirs = expected("discrete_time_hazard")["life_table"]
    people = data("discrete_time_hazard", "person.csv")
    curve = kaplan_meier(people["years"].to_numpy(), people["event"].to_numpy())
    kept = [row for row in theirs if row["events"]]
    close(curve["n_at_risk"], column(kept, "n"))
    close(curve["survival"], column(kept, "survival"))
    close(curve["std_error"], column(kept, "se_greenwood"))


def test_concordance_of_a_cox_model(lung):
    fit = fit_outcome(FORMULA, lung, family="cox", event="died")
    risk = lung[["age", "sex", "ph.ecog", "wt.loss"]].to_numpy(float) @ fit.coef
    found = concordance(lung["time"].to_numpy(), lung["died"].to_numpy(), risk)
    theirs = expected("cox_cluster")["lung_concordance"]
    close([found.value, found.std_error], [theirs["1"], theirs["se"]])


def test_proportional_hazards(lung):
    fit = fit_outcome(FORMULA, lung, family="cox", event="died")
    ours, theirs = proportional_hazards(fit, "died"), expected("cox_cluster")["lung_zph"]
    close(ours["statistic"], column(theirs, "chisq"))
    close(ours["p_value"], column(theirs, "p"))
    assert ours["term"].iloc[-1] == "GLOBAL"
    strata = fit_outcome("time ~ age", lung, family="cox", event="died", strata="sex")
    with pytest.raises(ValueError, match="without strata"):
        proportional_hazards(strata, "died")


def test_exact_ties_on_grouped_times():
    theirs = expected("discrete_time_hazard")["cox_on_grouped_time"]["exact"]
    people = data("discrete_time_hazard", "person.csv")
    fit = fit_outcome("years ~ trt + age10 + logbili", people, family="cox", event="event", ties="exact")
    names = ("trt", "age10", "logbili")
    close(fit.coef, [theirs[k] for k in names])
    close(fit.std_error, [theirs[f"se.{k}"] for k in names])
    close(fit.log_likelihood, theirs["loglik"])
    with pytest.raises(ValueError, match="no robust errors"):
        fit_outcome("years ~ trt", people, family="cox", event="event", ties="exact", vcov="HC0")


def test_qic_of_an_exchangeable_gee():
    theirs = expected("gee")["ohio_exch_QIC"]
    fit = fit_outcome("resp ~ age*smoke", data("gee", "ohio.csv"), family="gee", cluster="id", corr="exchangeable")
    ours = fit.extra["qic"]
    names = {"QIC": "qic", "QICu": "qicu", "Quasi Lik": "quasi_likelihood", "CIC": "cic", "QICC": "qicc"}
    for name, key in names.items():
        close(ours[key], theirs[name], rel=1e-5)
