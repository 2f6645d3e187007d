"""The linking stage in one call: alliance scores to persistence, pooled and by cohort.

What stands in the tables are associations. A model that cannot be estimated becomes a row of the status table; the
others go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from alliance.persistence.analysis import (
    analysis_rows,
    flow_rows,
    model_frame,
    set_aside_constant,
    standardised_predictors,
)
from alliance.persistence.link_fit import fit_or_penalise
from alliance.persistence.link_tables import (
    EFFECTS,
    ESTIMATES,
    FLOW,
    JOINT,
    STATUS,
    cohort_table,
    effects_table,
    estimates_table,
    frame,
    status_row,
)
from alliance.persistence.moderation import moderation_rows, moderation_table
from alliance.persistence.multiplicity import adjust_table
from alliance.persistence.nonlinearity import nonlinearity_rows, nonlinearity_table
from alliance.persistence.plausible_fit import DrawTables, fit_declared
from alliance.persistence.power import COLUMNS as POWER
from alliance.persistence.power import power_rows
from alliance.persistence.settings import model_settings

if TYPE_CHECKING:
    import pandas as pd

POOLED = "pooled"


@dataclass(frozen=True)
class LinkTables:
    """The tables of the linking stage, in the columns of the contract between stages."""

    estimates: pd.DataFrame
    effects: pd.DataFrame
    cohorts: pd.DataFrame
    joint: pd.DataFrame
    flow: pd.DataFrame
    status: pd.DataFrame
    moderation: pd.DataFrame
    nonlinearity: pd.DataFrame
    power: pd.DataFrame


def link_models(
    sample: pd.DataFrame,
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    periods: pd.DataFrame,
    config: Mapping[str, Any],
    minimum: int = 10,
    draws: DrawTables | None = None,
) -> LinkTables:
    """Fit every model of ``link.models`` on the pooled sample and, if asked, on each cohort.

    ``draws``: plausible values (:func:`alliance.persistence.plausible_draws.draw_models`) where the config declares
    that estimator; without them the scores are the predictors. ``minimum`` is the smallest number of students that a
    model is fitted to and shown for.
    """
    link = config["link"]
    students = standardised_predictors(sample, scores, config)
    cohorts = sorted(students["cohort"].dropna().unique())
    samples = [POOLED, *(cohorts if link.get("by_cohort") and len(cohorts) > 1 else ())]
    estimates, effects, joint, flow, status = [], [], [], [], []
    moderated, bent, power = [], [], []
    for model, block in link["models"].items():
        settings = model_settings(config, model)
        chosen = outcomes[outcomes["outcome"] == block["outcome"]]
        known = None if draws is None else draws.of(model, link["predictors"])
        for name in samples:
            rows = model_frame(students, chosen, settings, None if name == POOLED else name)
            rows, notes = _cohorts_left_out(rows, settings) if name == POOLED else (rows, [])
            flow += flow_rows(rows, model, name)
            analysis = analysis_rows(rows, periods, block, settings, pooled=name == POOLED)
            key = {"outcome": block["outcome"], "model": model, "sample": name}
            if analysis.students < minimum:
                status.append(status_row(key, "failed", [f"fewer than {minimum} students with complete data", *notes]))
                continue
            fitter = partial(fit_or_penalise, family=block["family"], link=settings)
            fit, state, reason = fit_declared(fitter, analysis, settings, known)
            status.append(status_row(key, state, [reason, *notes, settings["note"]]))
            if state == "failed":
                continue
            estimates.append(estimates_table(fit, analysis, key, settings, minimum))
            effects.append(effects_table(fit, analysis, key, settings["predictors"]))
            joint.append({**key, **fit.test(settings["predictors"])})
            if name == POOLED:
                moderated += moderation_rows(fit, analysis, settings, key, minimum)
                bent += nonlinearity_rows(analysis, settings, key)
                power += power_rows(fit, analysis, settings, key, effects[-1], minimum)
    method = (link.get("adjust") or {}).get("method", "none")
    table = adjust_table(frame(estimates, ESTIMATES), link)
    return LinkTables(
        table,
        frame([e for e in effects if e is not None], EFFECTS),
        cohort_table(table, link["predictors"]),
        frame(joint, JOINT),
        frame(flow, FLOW),
        frame(status, STATUS),
        moderation_table(moderated, method),
        nonlinearity_table(bent, method),
        frame(power, POWER),
    )


def _cohorts_left_out(rows: pd.DataFrame, settings: Mapping[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """The pooled rows without cohorts that cannot contribute, and whom the pooled analysis is without, in words."""
    rows, notes = set_aside_constant(rows, settings)
    analysed = set(rows.loc[rows["_step"].isin([5, 7]), "cohort"])
    absent = sorted(set(rows["cohort"].dropna()) - analysed)
    notes += [f"without cohort {c}: nobody at risk with complete data" for c in absent]
    return rows, notes
