"""Ordinal, GEE and Cox models against ordinal, geepack and survival."""

import numpy as np
import pandas as pd
import pytest
from alliance.persistence import fit_outcome
from link_cases import close, column, data, expected


def same(fit, rows, value="Estimate", error="Std. Error", rel=1e-6):
    close(fit.coef, column(rows, value), rel=rel)
    close(fit.std_error, column(rows, error), rel=rel)


def test_cumulative_logit_and_probit():
    case, wine = expected("ordinal_outcome"), data("ordinal_outcome", "wine.csv")
    logit = fit_outcome("rating ~ temp + contact", wine, family="ordinal")
    same(logit, case["clm_logit"])
    assert logit.names == ["1|2", "2|3", "3|4", "4|5", "temp[T.warm]", "contact[T.yes]"]
    close(logit.log_likelihood, case["clm_logLik"])
    same(fit_outcome("rating ~ temp + contact", wine, family="ordinal", link="probit"), case["clm_probit"])
    smaller = fit_outcome("rating ~ temp", wine, family="ordinal")
    close(2 * (logit.log_likelihood - smaller.log_likelihood), case["lr_contact"]["LR.stat"])
    people = data("ordinal_outcome", "bfi_education.csv")
    bfi = fit_outcome("edu ~ age10 + female + O", people, family="ordinal")
    same(bfi, case["bfi_clm"])
    close(bfi.log_likelihood, case["bfi_logLik"])


@pytest.mark.parametrize(("name", "nodes"), [("clmm_laplace", 1), ("clmm_agq10", 10)])
def test_cumulative_logit_with_a_random_intercept(name, nodes):
    theirs = expected("ordinal_outcome")[name]
    wine = data("ordinal_outcome", "wine.csv")
    fit = fit_outcome("rating ~ temp + contact", wine, family="ordinal", random="(1 | judge)", quadrature=nodes)
    same(fit, theirs["coef"], rel=1e-4)
    close(fit.variance_components["variance"], [theirs["var"]], rel=1e-4)
    close(fit.log_likelihood, theirs["logLik"], rel=1e-6)


OHIO = ("resp ~ age*smoke", "id", "ohio.csv")
RESPIRATORY = ("outcome ~ C(center) + C(treat) + C(sex) + age + baseline", "pid", "respiratory.csv")


@pytest.mark.parametrize("corr", ["independence", "exchangeable", "ar1", "unstructured"])
@pytest.mark.parametrize(
    ("study", "source", "fixed"),
    [("ohio", OHIO, False), ("ohio", OHIO, True), ("respiratory", RESPIRATORY, False)],
)
def test_gee(study, source, fixed, corr):
    formula, cluster, file = source
    theirs = expected("gee")[f"{study}_{corr}" + ("_scalefix" if fixed else "")]
    fit = fit_outcome(formula, data("gee", file), family="gee", cluster=cluster, corr=corr, scale_fix=fixed)
    same(fit, theirs["coef"], "est", "se", rel=1e-5)
    close(fit.extra["naive_vcov"].diagonal() ** 0.5, theirs["naive_se"], rel=1e-5)
    close(fit.extra["alpha"], theirs["alpha"], rel=1e-5)
    close(fit.extra["scale"], theirs["scale"], rel=1e-5)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox(ties):
    case, lung = expected("cox_cluster"), data("cox_cluster", "lung.csv")
    lung["died"] = (lung["status"] == 2).astype(int)
    formula = "time ~ age + sex + Q('ph.ecog') + Q('wt.loss')"
    plain = fit_outcome(formula, lung, family="cox", event="died", ties=ties)
    theirs = case[f"lung_{ties}"]
    same(plain, theirs["coef"], "coef", "se(coef)")
    close([plain.extra["null_log_likelihood"], plain.log_likelihood], theirs["loglik"])
    assert (plain.n, plain.n_events) == (theirs["n"], theirs["nevent"])
    clustered = fit_outcome(formula, lung, family="cox", event="died", ties=ties, cluster="inst")
    rows = case[f"lung_cluster_inst_{ties}"]["coef"]
    same(clustered, rows, "coef", "robust se")
    close(clustered.estimates["p_value"], column(rows, "Pr(>|z|)"), rel=1e-5)
    strata = fit_outcome(
        "time ~ age + Q('ph.ecog') + Q('wt.loss')", lung, family="cox", event="died", ties=ties, strata="sex"
    )
    same(strata, case[f"lung_strata_sex_{ties}"]["coef"], "coef", "se(coef)")
    rats = data("cox_cluster", "rats.csv")
    litter = fit_outcome("time ~ rx + female", rats, family="cox", event="status", ties=ties, cluster="litter")
    same(litter, case[f"rats_cluster_litter_{ties}"]["coef"], "coef", "robust se")


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox_on_grouped_times_with_many_ties(ties):
    theirs = expected("discrete_time_hazard")["cox_on_grouped_time"][ties]
    people = data("discrete_time_hazard", "person.csv")
    fit = fit_outcome("years ~ trt + age10 + logbili", people, family="cox", event="event", ties=ties)
    close(fit.coef, [theirs[k] for k in ("trt", "age10", "logbili")])
    close(fit.std_error, [theirs[f"se.{k}"] for k in ("trt", "age10", "logbili")])
    close(fit.log_likelihood, theirs["loglik"])


DIMENSIONS = {d: [f"{d}{i}" for i in range(1, 6)] for d in "ACE"}
MODELS = {"logit": "logit", "probit": "probit", "lpm": "linear"}


def survey_scores(rows, score):
    """Scores of the three dimensions: means of complete or nearly complete answers, or first principal components."""
    found = {}
    for name, items in DIMENSIONS.items():
        answered = rows[items].notna().sum(axis=1)
        if score == "pc1":
            whole = rows.loc[answered == 5, items]
            z = (whole - whole.mean()) / whole.std()
            direction = np.linalg.eigh(whole.corr())[1][:, -1]
            found[name] = (z @ (direction * np.sign(direction.sum()))).reindex(rows.index)
        else:
            found[name] = rows[items].mean(axis=1).where(answered >= (5 if score == "mean_complete" else 3))
    return found


@pytest.mark.parametrize("every", [36, pytest.param(1, marks=pytest.mark.slow)])
def test_specifications_of_the_multiverse(every):
    rows = data("multiverse")
    theirs = data("multiverse", "expected_specifications.csv")
    for item in ("A1", "C4", "C5", "E1", "E2"):
        rows[item] = 7 - rows[item]
    scores = {score: survey_scores(rows, score) for score in ("mean_complete", "mean_any3", "pc1")}
    found = []
    for spec in theirs.iloc[::every].itertuples():
        frame = pd.DataFrame({"female": (rows["gender"] == 2).astype(float), "age": rows["age"], **scores[spec.score]})
        cut = 4 if spec.outcome == "college" else 5
        frame["y"] = (rows["education"] >= cut).astype(float).where(rows["education"].notna())
        keep = {"all": frame["age"] > 0, "adults18": frame["age"] >= 18, "female": frame["female"] == 1}[spec.sample]
        covariates = {"none": [], "demo": ["age", "female"]}.get(
            spec.covars, ["age", "female", *[d for d in DIMENSIONS if d != spec.dim]]
        )
        covariates = [c for c in covariates if not (spec.sample == "female" and c == "female")]
        used = frame.loc[keep, ["y", spec.dim, *covariates]].dropna()
        used[spec.dim] = (used[spec.dim] - used[spec.dim].mean()) / used[spec.dim].std()
        fit = fit_outcome(f"y ~ {' + '.join([spec.dim, *covariates])}", used, family=MODELS[spec.model])
        ame = fit.effects(spec.dim)["estimate"].iloc[0]
        assert fit.n == spec.n
        # near zero the probits differ by 2e-9: R stopped at a relative change of the deviance of 1e-12
        close([fit.coef[1], fit.std_error[1], ame], [spec.est, spec.se, spec.ame], rel=1e-6, absolute=1e-8)
        found.append((spec.dim, ame, fit.coef[1] > 0))
    if every > 1:
        return
    case = expected("multiverse")
    assert len(found) == case["n_specs"]
    ours = pd.DataFrame(found, columns=["dim", "ame", "positive"]).groupby("dim")
    for name, function in {"median_ame": "median", "min_ame": "min", "max_ame": "max"}.items():
        close(ours["ame"].agg(function), column(case["summary"], name), absolute=1e-8)
    close(ours["positive"].mean(), column(case["summary"], "share_positive"))
