"""The magnitudes stage in one call: how large the associations are across the range of the alliance, whether the
cohorts agree, and how strong an unmeasured confounder would have to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alliance.persistence.confounding import COLUMNS as SENSITIVITY
from alliance.persistence.confounding import confounding_rows
from alliance.persistence.curves import CONTRAST, CURVE, curve_tables
from alliance.persistence.heterogeneity import COHORTS, one_stage_rows, total_rows, two_stage_rows
from alliance.persistence.heterogeneity import COLUMNS as HETEROGENEITY
from alliance.persistence.parameterisations import JOINT, TOTAL
from alliance.persistence.plausible_fit import DrawTables
from alliance.persistence.pooled_models import PooledModel, StatusRows, pooled_models

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class MagnitudeTables:
    """The tables of the stage."""

    curve: pd.DataFrame
    contrasts: pd.DataFrame
    heterogeneity: pd.DataFrame
    cohorts_total: pd.DataFrame
    sensitivity: pd.DataFrame
    status: pd.DataFrame


def magnitude_tables(
    sample: pd.DataFrame,
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    periods: pd.DataFrame,
    cohorts: pd.DataFrame,
    parameterisations: pd.DataFrame,
    config: Mapping[str, Any],
    minimum: int = 10,
    drawn: DrawTables | None = None,
) -> MagnitudeTables:
    """Curves, contrasts, heterogeneity and E-values of every pooled model of ``link.models``.

    ``cohorts`` and ``parameterisations`` are the tables of the linking and the collinearity stage; ``drawn`` the
    plausible values where they are the declared estimator.
    """
    import pandas as pd

    status = StatusRows("magnitudes")
    curves: list[pd.DataFrame] = []
    contrasts, heterogeneity, sensitivity, by_cohort = [], two_stage_rows(cohorts), [], []
    for model in pooled_models(sample, scores, outcomes, periods, config, minimum, status, drawn):
        curve, rows = curve_tables(model, minimum)
        curves += [curve] if len(curve) else []
        contrasts += rows
        rows, reason = one_stage_rows(model)
        heterogeneity += rows
        reasons = [reason] if reason else []
        if len(model.link["predictors"]) > 1:
            totals, rows, more = total_rows(model, minimum)
            by_cohort, heterogeneity, reasons = by_cohort + totals, heterogeneity + rows, reasons + more
        for text in reasons:
            status.add(model.name, "note", text)
        own = parameterisations[parameterisations["model"] == model.name]
        known = own[own["parameterisation"].isin([JOINT, TOTAL])].to_dict("records")
        sensitivity += confounding_rows(known, model.block["family"], share_of_students(model), model.key)
    order = {name: place for place, name in enumerate(config["link"]["models"])}
    table = pd.DataFrame(heterogeneity, columns=list(HETEROGENEITY))
    return MagnitudeTables(
        pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=list(CURVE)),
        pd.DataFrame(contrasts, columns=list(CONTRAST)),
        table.sort_values("model", key=lambda c: c.map(order), kind="stable", ignore_index=True),
        pd.DataFrame(by_cohort, columns=list(COHORTS)),
        pd.DataFrame(sensitivity, columns=list(SENSITIVITY)),
        status.table(),
    )


def share_of_students(model: PooledModel) -> float:
    """Share of the analysed students who have the outcome; of a hazard, who left while they were followed."""
    rows = model.analysis.data
    if model.block["family"] == "hazard":
        return float(rows.groupby("student_id")["event"].max().mean())
    return float(rows["_value"].mean())
