"""The relationship stage in one call: the alliance as both of a pair report it, and as it changes.

All that stands in the tables are associations of students' outcomes with scores; N of every model is the end of its
flow. What cannot be estimated is a row of the status table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.analysis import FLOW_STEPS, reference_first
from alliance.persistence.flow_shared import shareable_flow
from alliance.persistence.multiplicity import adjust
from alliance.persistence.pooled_models import POOLED, StatusRows, unsuited
from alliance.persistence.relationship_designs import (
    ALL,
    BOTH,
    DISCREPANCY,
    MODERATION,
    OVER_TIME,
    SURFACE,
    Designs,
    estimate_rows,
    joint_rows,
    with_discrepancy,
    with_quadratic,
)
from alliance.persistence.response_surface import TERMS, surface_grid, surface_rows
from alliance.persistence.settings import grouped_covariates, model_settings
from alliance.persistence.two_way import (
    CHANGE,
    LEVEL,
    OWN,
    PARTNER,
    REPORTS,
    compared,
    report_scores,
    two_reports,
    two_waves,
)

if TYPE_CHECKING:
    import pandas as pd

KEY = ("outcome", "model", "sample", "dimension")
RELATIONSHIP = (
    *KEY, "design", "scores", "term", "estimate", "std_error", "statistic", "df", "df_denominator", "p_value",
    "p_adjusted", "conf_low", "conf_high", "odds_ratio", "or_low", "or_high", "ame", "ame_low", "ame_high", "n",
    "n_clusters", "se_type",
)  # fmt: skip
RESPONSE_SURFACE = (
    *KEY, "kind", "term", "column", "estimate", "std_error", "statistic", "df", "df_denominator", "p_value",
    "conf_low", "conf_high", "n", "n_clusters", "se_type",
)  # fmt: skip
GRID = (*KEY, "own", "partner", "predicted", "supported")
FLOW = ("model", "comparison", "dimension", "order", "step", "label", "cohort", "n_in", "excluded", "n_out", "reason")


@dataclass
class _Rows:
    relationship: list[dict[str, Any]] = field(default_factory=list)
    response_surface: list[dict[str, Any]] = field(default_factory=list)
    surface_grid: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    flow: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class RelationshipTables:
    """The tables of the stage; ``reports`` describes the two reports, or waves, of each dimension."""

    relationship: pd.DataFrame
    response_surface: pd.DataFrame
    surface_grid: pd.DataFrame
    reports: pd.DataFrame
    flow: pd.DataFrame
    status: pd.DataFrame


def relationship_tables(
    sample: pd.DataFrame,
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    periods: pd.DataFrame,
    config: Mapping[str, Any],
    minimum: int = 10,
) -> RelationshipTables:
    """Every analysis that the block ``link.relationship`` asks for.

    ``own`` is the report of ``measurement.role``, ``partner`` that of ``relationship.partner`` in the same wave;
    ``level`` and ``change`` are the own report's first wave and its difference to ``relationship.change.wave``. Scores
    are in their own unit (points of the answer scale for sum scores), so that both reports are measured alike.
    """
    import pandas as pd

    link, measured = config["link"], config["measurement"]
    asked, dimensions = link["relationship"], list(link["predictors"])
    method = asked.get("scores", "sum")
    students = reference_first(sample, grouped_covariates(config))
    first = report_scores(scores, method, measured["role"], measured["wave"])
    status, rows = StatusRows("relationship"), _Rows()

    def run(students, names, comparison, work) -> None:
        for name in names:
            block, settings = link["models"][name], model_settings(config, name)
            why = unsuited(settings)
            if why:
                status.add(name, "note", why)
                continue
            chosen = outcomes[outcomes["outcome"] == block["outcome"]]
            before = len(rows.relationship)
            work(Designs(name, block, settings, students, chosen, periods), dimensions, rows, status, minimum)
            for row in rows.relationship[before:]:
                row["scores"] = method
            if len(rows.relationship) > before:
                status.add(name, "ok", comparison)

    if "partner" in asked:
        other = report_scores(scores, method, asked["partner"], measured["wave"])
        about = {"comparison": "partner", "scores": method}
        rows.reports += compared(students, first, other, dimensions, about, minimum)
        paired = two_reports(students, first, other, dimensions)
        run(paired, asked.get("models", list(link["models"])), "both reports", _both_reports)
    if "change" in asked:
        later = report_scores(scores, method, measured["role"], asked["change"]["wave"])
        about = {"comparison": "change", "scores": method}
        rows.reports += compared(students, first, later, dimensions, about, minimum)
        changed = two_waves(students, first, later, dimensions)
        run(changed, asked["change"]["models"], "change", _change)
    columns = {"relationship": RELATIONSHIP, "response_surface": RESPONSE_SURFACE, "surface_grid": GRID,
               "reports": REPORTS, "flow": FLOW}  # fmt: skip
    tables = {name: pd.DataFrame(getattr(rows, name), columns=list(c)) for name, c in columns.items()}
    tables["relationship"] = _adjusted(tables["relationship"])
    tables["flow"] = shareable_flow(tables["flow"], ("model", "comparison", "dimension"), minimum)
    return RelationshipTables(**tables, status=status.table())


def _both_reports(designs: Designs, dimensions: list[str], rows: _Rows, status: StatusRows, minimum: int) -> None:
    key = {"outcome": designs.block["outcome"], "model": designs.name, "sample": POOLED}
    for dimension in dimensions:
        head = {**key, "dimension": dimension}
        columns = {OWN: f"{OWN}_{dimension}", PARTNER: f"{PARTNER}_{dimension}"}
        _, analysis, flow = designs.frame(columns)
        rows.flow += [{**row, "comparison": "partner", "dimension": dimension} for row in flow]
        if _too_few(designs, dimension, flow, status, minimum):
            continue
        for design, prepared, more in (
            (BOTH, analysis, ""),
            (MODERATION, analysis, f" + {OWN}:{PARTNER}"),
            (DISCREPANCY, with_discrepancy(analysis), f" + {OWN}:{DISCREPANCY}"),
        ):
            fit, state, reason = designs.fit(prepared, list(columns), more)
            if state != "ok" or reason:
                status.add(designs.name, state, f"{dimension}, {design}: {reason}")
            if fit is not None and state != "failed":
                rows.relationship += [{**head, **row} for row in estimate_rows(fit, design, analysis.students)]
        fit, state, reason = designs.fit(with_quadratic(analysis), TERMS)
        if state != "ok":
            status.add(designs.name, state, f"{dimension}, {SURFACE}: {reason}")
        if fit is not None and state != "failed":
            about = {**head, "n": analysis.students, "n_clusters": fit.n_clusters, "se_type": fit.se_type}
            rows.response_surface += [{**about, **row} for row in surface_rows(fit)]
            pairs = analysis.data.drop_duplicates("student_id")
            grid = surface_grid(fit, pairs[OWN].to_numpy(float), pairs[PARTNER].to_numpy(float), minimum)
            rows.surface_grid += [{**head, **row} for row in grid]
    if len(dimensions) > 1:
        _all_dimensions(designs, dimensions, rows, status, minimum, key)


def _all_dimensions(designs: Designs, dimensions, rows: _Rows, status: StatusRows, minimum: int, key) -> None:
    """All dimensions of both reports in one model: what each report says beyond the other."""
    sets = {who: [f"{who}_{d}" for d in dimensions] for who in (OWN, PARTNER)}
    columns = {name: name for names in sets.values() for name in names}
    _, analysis, flow = designs.frame(columns)
    rows.flow += [{**row, "comparison": "partner", "dimension": "all"} for row in flow]
    if _too_few(designs, "all dimensions", flow, status, minimum):
        return
    fit, state, reason = designs.fit(analysis, list(columns))
    if fit is None or state == "failed":
        status.add(designs.name, state, f"{ALL}: {reason}")
        return
    rows.relationship += [{**key, "dimension": "all", **row} for row in joint_rows(fit, sets, analysis.students)]


def _change(designs: Designs, dimensions: list[str], rows: _Rows, status: StatusRows, minimum: int) -> None:
    key = {"outcome": designs.block["outcome"], "model": designs.name, "sample": POOLED}
    for dimension in dimensions:
        columns = {LEVEL: f"{LEVEL}_{dimension}", CHANGE: f"{CHANGE}_{dimension}"}
        _, analysis, flow = designs.frame(columns)
        rows.flow += [{**row, "comparison": "change", "dimension": dimension} for row in flow]
        if _too_few(designs, dimension, flow, status, minimum):
            continue
        fit, state, reason = designs.fit(analysis, list(columns))
        if state != "ok":
            status.add(designs.name, state, f"{dimension}, {OVER_TIME}: {reason}")
        if fit is not None and state != "failed":
            head = {**key, "dimension": dimension}
            rows.relationship += [{**head, **row} for row in estimate_rows(fit, OVER_TIME, analysis.students)]


def _too_few(designs: Designs, what: str, flow: list[dict], status: StatusRows, minimum: int) -> bool:
    """Whether too few students have both scores and the outcome; then a status row says where they went."""
    n = flow[-1]["n_out"]
    if n >= minimum:
        return False
    lost = max(flow, key=lambda row: row["excluded"])["step"] if flow[0]["n_in"] else "scored"
    reason = {order[0]: order[2] for order in FLOW_STEPS.values()}[lost].lower() if lost != "scored" else (
        "one of the two scores is missing"
    )  # fmt: skip
    status.add(designs.name, "failed", f"{what}: fewer than {minimum} students with both scores; mostly {reason}")
    return True


def _adjusted(table: pd.DataFrame) -> pd.DataFrame:
    """Holm's p values over the dimensions and terms of each design of a model; simple slopes follow their
    interaction and are not counted."""
    counted = ~table["term"].astype(str).str.contains("_at_")
    for _, rows in table[counted].groupby(["model", "design"], sort=False):
        table.loc[rows.index, "p_adjusted"] = adjust(rows["p_value"].to_numpy(float), "holm")
    return table.astype({"p_adjusted": float}) if np.size(table) else table
