"""The linking stage in one call: alliance scores to persistence, pooled and by cohort.

What stands in the tables are associations. A model that cannot be estimated becomes a row of the status table; the
others go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.analysis import Analysis, analysis_rows, flow_rows, model_frame, standardised_predictors
from alliance.persistence.fit import fit_outcome
from alliance.persistence.multiplicity import adjust
from alliance.persistence.result import OutcomeFit

if TYPE_CHECKING:
    import pandas as pd

RATIO_FAMILIES = ("logit", "hazard")
FAILED = ("constant_outcome", "too_few", "not_converged", "separated")


@dataclass(frozen=True)
class LinkTables:
    """The tables of the linking stage, in the columns of the contract between stages."""

    estimates: pd.DataFrame
    effects: pd.DataFrame
    cohorts: pd.DataFrame
    joint: pd.DataFrame
    flow: pd.DataFrame
    status: pd.DataFrame


def link_models(
    sample: pd.DataFrame,
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    periods: pd.DataFrame,
    config: Mapping[str, Any],
    minimum: int = 10,
) -> LinkTables:
    """Fit every model of ``link.models`` on the pooled sample and, if asked, on each cohort.

    ``minimum`` is the smallest number of students that a model is fitted to and shown for.
    """
    import pandas as pd

    link = config["link"]
    students = standardised_predictors(sample, scores, config)
    cohorts = sorted(students["cohort"].dropna().unique())
    samples = ["pooled", *(cohorts if link.get("by_cohort") and len(cohorts) > 1 else ())]
    estimates, effects, joint, flow, status = [], [], [], [], []
    for model, block in link["models"].items():
        chosen = outcomes[outcomes["outcome"] == block["outcome"]]
        for name in samples:
            rows = model_frame(students, chosen, link, None if name == "pooled" else name)
            flow += flow_rows(rows, model, name)
            analysis = analysis_rows(rows, periods, block, link, pooled=name == "pooled")
            key = {"outcome": block["outcome"], "model": model, "sample": name}
            if analysis.students < minimum:
                status.append(_status(key, "failed", f"fewer than {minimum} students with complete data"))
                continue
            fit, state, reason = fit_or_penalise(analysis, block["family"], link)
            status.append(_status(key, state, reason))
            if state == "failed":
                continue
            estimates.append(_estimates(fit, analysis, key, block["family"], link, minimum))
            effects.append(_effects(fit, analysis, key, link["predictors"]))
            joint.append({**key, **fit.test(link["predictors"])})
    table = pd.concat(estimates, ignore_index=True) if estimates else _empty(ESTIMATES)
    table = _adjusted(table, link)
    return LinkTables(
        table[list(ESTIMATES)],
        (pd.concat(effects, ignore_index=True) if effects else _empty(EFFECTS))[list(EFFECTS)],
        _cohorts(table, link["predictors"]),
        pd.DataFrame(joint, columns=list(JOINT)),
        pd.DataFrame(flow, columns=list(FLOW)),
        pd.DataFrame(status, columns=list(STATUS)),
    )


ESTIMATES = (
    "outcome", "model", "family", "sample", "estimator", "score_method", "group", "term", "estimate", "std_error",
    "statistic", "df", "p_value", "conf_low", "conf_high", "p_adjusted", "odds_ratio", "or_low", "or_high", "n",
    "n_events", "n_clusters", "se_type",
)  # fmt: skip
EFFECTS = (
    "outcome", "model", "sample", "term", "contrast", "ame", "std_error", "conf_low", "conf_high", "p_value", "n",
)  # fmt: skip
JOINT = ("outcome", "model", "sample", "test", "statistic", "df", "df_denominator", "p_value")
FLOW = ("model", "order", "step", "label", "cohort", "n_in", "excluded", "n_out", "reason")
STATUS = ("stage", "sample", "model", "status", "reason")
COHORTS = ("outcome", "model", "term", "sample", "estimate", "std_error", "conf_low", "conf_high", "n")


def fit_or_penalise(analysis: Analysis, family: str, link: Mapping[str, Any]) -> tuple[OutcomeFit, str, str]:
    """Fit one model; where the outcome is separated, fit it by Firth's penalised likelihood and say so."""
    options = {"cluster": link.get("cluster"), "vcov": link.get("vcov")}
    fit = fit_outcome(analysis.formula, analysis.data, family=family, **options)
    if fit.status == "separated" and family in RATIO_FAMILIES:
        penalised = fit_outcome(analysis.formula, analysis.data, family="firth", **options)
        state, _ = judge(penalised, link["predictors"])
        return penalised, state, f"{fit.reason}; Firth's penalised likelihood is used"
    return fit, *judge(fit, link["predictors"])


def judge(fit: OutcomeFit, predictors: list[str]) -> tuple[str, str]:
    """Status of a fit for the table: ok, inadmissible (read with care) or failed, and the reason."""
    if fit.status in FAILED:
        return "failed", fit.reason
    if fit.status == "aliased":
        lost = [fit.names[i] for i in fit.terms(predictors) if not np.isfinite(fit.coef[i])]
        return ("failed" if lost else "ok"), fit.reason
    if fit.status == "one_cluster":
        return "inadmissible", fit.reason
    return fit.status, fit.reason


def _estimates(
    fit: OutcomeFit, analysis: Analysis, key: dict[str, str], family: str, link: Mapping[str, Any], minimum: int
) -> pd.DataFrame:
    table = fit.estimates.assign(
        **key, family=family, estimator=_estimator(fit), score_method=link["scores"], group="",
        p_adjusted=np.nan, n=analysis.students, n_events=_shown(fit.n_events, analysis.students, minimum),
        n_clusters=fit.n_clusters, se_type=fit.se_type,
    )  # fmt: skip
    table["term"] = [analysis.term(name) for name in table["term"]]
    for target, source in (("odds_ratio", "estimate"), ("or_low", "conf_low"), ("or_high", "conf_high")):
        table[target] = np.exp(table[source]) if family in RATIO_FAMILIES else np.nan
    return table[np.isfinite(table["estimate"])]


def _estimator(fit: OutcomeFit) -> str:
    return {"linear": "OLS", "firth": "Firth"}.get(fit.family, "ML")


def _shown(events: int | None, n: int, minimum: int) -> int | str | None:
    """The number of events, withheld where it or its complement is small."""
    if events is None:
        return None
    return events if min(events, n - events) >= minimum else f"<{minimum}"


def _effects(fit: OutcomeFit, analysis: Analysis, key: dict[str, str], predictors: list[str]) -> pd.DataFrame:
    import pandas as pd

    slopes = fit.effects(predictors)
    spread = fit.effects((), contrasts=dict.fromkeys(predictors, "p10-p90"))
    table = pd.concat([slopes, spread], ignore_index=True).rename(columns={"estimate": "ame"})
    return table.assign(**key, n=analysis.students)


def _adjusted(table: pd.DataFrame, link: Mapping[str, Any]) -> pd.DataFrame:
    """p values of the predictors in the pooled models, adjusted as one family."""
    family = (table["sample"] == "pooled") & table["term"].isin(link["predictors"])
    table.loc[family, "p_adjusted"] = adjust(
        table.loc[family, "p_value"].to_numpy(float), (link.get("adjust") or {}).get("method", "none")
    )
    return table


def _cohorts(table: pd.DataFrame, predictors: list[str]) -> pd.DataFrame:
    """The predictors' estimates cohort by cohort, with the pooled one last."""
    rows = table[table["term"].isin(predictors)].copy()
    rows["_model"] = rows["model"].map({m: i for i, m in enumerate(dict.fromkeys(table["model"]))})
    rows["_term"] = rows["term"].map({t: i for i, t in enumerate(predictors)})
    rows["_pooled"] = rows["sample"] == "pooled"
    rows = rows.sort_values(["_model", "_term", "_pooled", "sample"], kind="stable", ignore_index=True)
    return rows[list(COHORTS)]


def _status(key: dict[str, str], status: str, reason: str) -> dict[str, str]:
    return {"stage": "link", "sample": key["sample"], "model": key["model"], "status": status, "reason": reason}


def _empty(columns: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=list(columns))
