"""Fitting one linking model so that nothing is raised: what goes wrong becomes a status and a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from alliance.persistence.analysis import Analysis
from alliance.persistence.fit import fit_outcome
from alliance.persistence.result import OutcomeFit

FAILED = ("constant_outcome", "too_few", "not_converged", "separated")
PENALISED = ("logit", "hazard")  # families that Firth's likelihood stands in for when the outcome is separated
DOUBT = 0.05  # level at which hazards are called not proportional
FEW_EVENTS = 5  # of the rarer outcome per coefficient (Vittinghoff & McCulloch 2007, Am. J. Epidemiol. 165:710)
FEW_CLUSTERS = 40  # below, CR0 and CR1 are known to be too small (Cameron & Miller 2015, J. Hum. Resour. 50:317)


def fit_or_penalise(analysis: Analysis, family: str, link: Mapping[str, Any]) -> tuple[OutcomeFit | None, str, str]:
    """Fit one model; where the outcome is separated, fit it by Firth's penalised likelihood and say so.

    ``link`` holds the model's settings (cluster, vcov, predictors). Returns the fit, its status for the table (ok,
    inadmissible: to be read with care, failed) and the reason; the fit is None when the numbers allow none.
    """
    options = analysis.options | {"cluster": link.get("cluster"), "vcov": link.get("vcov")}
    if options.get("random"):
        options |= {"cluster": None, "vcov": None}
        family = "mixed_logit" if family == "hazard" else family
    try:
        fit = fit_outcome(analysis.formula, analysis.data, family=family, **options)
        if fit.status == "separated" and family in PENALISED and options.get("link", "logit") == "logit":
            options.pop("link", None)
            penalised = fit_outcome(analysis.formula, analysis.data, family="firth", **options)
            state, _ = judge(penalised, link["predictors"])
            return penalised, state, f"{fit.reason}; Firth's penalised likelihood is used"
    except (np.linalg.LinAlgError, ValueError) as error:
        return None, "failed", f"the model cannot be estimated from these rows ({error})"
    state, reason = judge(fit, link["predictors"])
    if family == "cox" and state == "ok":
        reason = "; ".join(filter(None, [reason, _hazards_note(fit, options["event"])]))
    if family == "ordinal" and state == "ok" and not options.get("random"):
        reason = "; ".join(filter(None, [reason, _odds_note(fit, analysis, link)]))
    return fit, state, reason


def _odds_note(fit: OutcomeFit, analysis: Analysis, link: Mapping[str, Any]) -> str:
    """What the test of proportional odds says of the predictors of an ordinal logit; empty when it says nothing."""
    import pandas as pd

    from alliance.persistence.parallel import proportional_odds

    cluster, predictors = link.get("cluster"), link["predictors"]
    whole = fit.n == len(analysis.data)  # the rows of the fit are those of the analysis
    groups = pd.factorize(analysis.data[cluster])[0] if cluster and whole else None
    try:
        tests = proportional_odds(fit, groups).set_index("term")["p_value"]
    except ValueError:
        return ""
    which = [name for name in predictors if name in tests.index and tests[name] < DOUBT]
    return f"odds are not proportional for {', '.join(which)}: see a multinomial model beside it" if which else ""


def _hazards_note(fit: OutcomeFit, event: str) -> str:
    """What the test of proportional hazards says against a Cox model; empty when it says nothing."""
    from alliance.persistence.survival import proportional_hazards

    tests = proportional_hazards(fit, event).set_index("term")["p_value"]
    if not tests["GLOBAL"] < DOUBT:
        return ""
    which = [name for name in tests.index[:-1] if tests[name] < DOUBT]
    named = f", above all for {', '.join(which)}" if which else ""
    return f"hazards are not proportional (test over all terms, p = {tests['GLOBAL']:.3f}{named})"


def judge(fit: OutcomeFit, predictors: list[str]) -> tuple[str, str]:
    """Status of a fit for the table: ok, inadmissible (read with care) or failed, and the reason."""
    if fit.status in FAILED:
        return "failed", fit.reason
    lost = [p for p in predictors if not np.isfinite(fit.coef[fit.terms([p])]).any()]
    if fit.status == "aliased":
        return ("failed" if lost else "ok"), fit.reason
    if lost:
        return "failed", f"constant or a combination of other terms, left out: {', '.join(lost)}"
    if fit.status in ("one_cluster", "singular_random_effect"):
        return "inadmissible", fit.reason
    if fit.status != "ok":
        return fit.status, fit.reason
    return "ok", "; ".join(filter(None, [fit.reason, _few_clusters(fit), _few_events(fit)]))


def _few_clusters(fit: OutcomeFit) -> str:
    if fit.n_clusters is None or fit.n_clusters >= FEW_CLUSTERS or fit.se_type not in ("CR0", "CR1", "CR1S"):
        return ""
    better = " (CR2 has Satterthwaite degrees of freedom)" if fit.clustered is not None else ""
    return f"{fit.n_clusters} clusters are few for {fit.se_type}: its errors may be too small{better}"


def _few_events(fit: OutcomeFit) -> str:
    """Says so when a coefficient has few of the rarer outcome; the count itself may be too small to be shown."""
    if fit.n_events is None or fit.family in ("firth", "linear", "cox"):
        return ""
    rarer, coefficients = min(fit.n_events, fit.n - fit.n_events), int(np.isfinite(fit.coef).sum())
    if rarer >= FEW_EVENTS * coefficients:
        return ""
    return f"fewer than {FEW_EVENTS} of the rarer outcome per coefficient: family firth has less bias"
