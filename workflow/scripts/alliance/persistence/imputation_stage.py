"""The imputation stage in one call: imputations, how they were made, and whether they can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.codebook import Codebook
from alliance.persistence.analysis import standardised_predictors
from alliance.persistence.imputed_study import STATUS, StudyFrame, completed, study_frame, study_plan
from alliance.survey.imputation import Imputations, impute
from alliance.survey.imputation_diagnostics import convergence
from alliance.survey.imputation_plan import ImputationPlan
from alliance.survey.overimputation import overimpute

if TYPE_CHECKING:
    import pandas as pd

DRAWS, ITERATIONS = 20, 20
OVER_DRAWS, OVER_ITERATIONS = 10, 5  # of the check: enough for the coverage of a 90% interval

PLAN = ("variable", "part", "method", "n_missing", "share", "predictors", "suppressed")
CONVERGENCE = ("variable", "statistic", "rhat", "drift", "settled")
TRACES = ("variable", "imputation", "iteration", "mean", "sd")
OVERIMPUTATION = (
    "variable", "method", "cells", "level", "coverage", "conf_low", "conf_high", "rank", "rank_se", "ok",
)  # fmt: skip


@dataclass(frozen=True)
class ImputationTables:
    """imputations: rows about persons (private); all others can be shared."""

    imputations: pd.DataFrame
    plan: pd.DataFrame
    convergence: pd.DataFrame
    traces: pd.DataFrame
    overimputation: pd.DataFrame
    status: pd.DataFrame


def impute_study(
    sample: pd.DataFrame,
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    codebook: Codebook,
    config: Mapping[str, Any],
    minimum: int = 10,
) -> ImputationTables:
    """Impute predictors, covariates, auxiliaries and unanswered outcomes of the link models.

    Traces, convergence and the overimputation check are shown for variables with at least ``minimum`` missing cells: of
    fewer, the mean of the imputed values would be nearly one person's value.
    """
    import pandas as pd

    wanted = config.get("imputation") or {}
    students = standardised_predictors(sample, scores, config)
    study = study_frame(students, outcomes, codebook, config)
    plan = study_plan(study, config)
    draws, iterations = int(wanted.get("draws", DRAWS)), int(wanted.get("iterations", ITERATIONS))
    found = impute(study.frame, plan, m=draws, iterations=iterations, seed=config["seed"])
    shown = [t.name for t in plan.problem.targets if study.frame[t.name].isna().sum() >= minimum]
    status = [*study.status, *_remarks(plan, found)]
    chains = found.chains[found.chains["variable"].isin(shown)]
    return ImputationTables(
        completed(study, found),
        _plan_table(study, plan, minimum),
        convergence(chains).reindex(columns=list(CONVERGENCE)),
        chains.reindex(columns=list(TRACES)),
        _overimputed(study, plan, shown, config["seed"]),
        pd.DataFrame(status, columns=list(STATUS)),
    )


def _plan_table(study: StudyFrame, plan: ImputationPlan, minimum: int) -> pd.DataFrame:
    """plan.csv: every variable that takes part, how it is imputed, and by how many terms; small counts are withheld."""
    import pandas as pd

    method = {t.name: t for t in plan.problem.targets}
    outcomes = {column for columns in study.outcomes.values() for column in columns}
    rows = []
    for name in [v.name for v in plan.problem.variables]:
        part = "outcome" if name in outcomes else "analysis" if name in study.analysis else "auxiliary"
        missing = int(study.frame[name].isna().sum())
        hidden = 0 < missing < minimum
        target = method.get(name)
        rows.append(
            (
                name,
                part,
                target.method if target else "",
                pd.NA if hidden else missing,
                np.nan if hidden else missing / max(len(study.frame), 1),
                len(target.predictors) if target else 0,
                hidden,
            )
        )
    return pd.DataFrame(rows, columns=list(PLAN)).astype({"n_missing": "Int64"})


def _overimputed(study: StudyFrame, plan: ImputationPlan, shown: list[str], seed: int) -> pd.DataFrame:
    """overimputation.csv: hidden observed cells against their imputations by the study's methods and predictors."""
    import pandas as pd

    from alliance.survey.imputation_plan import plan_imputation

    if not shown:
        return pd.DataFrame(columns=list(OVERIMPUTATION))
    methods = {t.name: t.method for t in plan.problem.targets}
    predictors = {t.name: list(t.predictors) for t in plan.problem.targets}

    def again(frame: pd.DataFrame) -> ImputationPlan:
        names = [v.name for v in plan.problem.variables]
        return plan_imputation(frame, names, methods=methods, predictors=predictors, cluster=study.cluster)

    table = overimpute(study.frame, again, m=OVER_DRAWS, iterations=OVER_ITERATIONS, seed=seed)
    return table[table["variable"].isin(shown)].reset_index(drop=True)


def _remarks(plan: ImputationPlan, found: Imputations) -> list[dict[str, str]]:
    """What the plan left out, and chains that have not settled, as rows of the status."""
    rows = [(r.variable, "note", f"{r.event}: {r.detail}") for r in plan.log.itertuples()]
    chains = convergence(found.chains) if len(found.chains) else None
    unsettled = [] if chains is None else chains.loc[~chains["settled"] & chains["rhat"].notna(), "variable"].unique()
    rows += [(name, "note", "not settled: R-hat is above 1.2, more iterations are needed") for name in unsettled]
    rows.append(("imputation", "ok", f"{found.m} imputations of {len(plan.problem.targets)} variables"))
    return [dict(zip(STATUS, ("imputation", "pooled", *row), strict=True)) for row in rows]
