"""What counts as persistence, among whom, and how often it happened."""

from __future__ import annotations

import math
from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Figure, Section, TableBlock
from alliance.reporting.figures.axes import Scale
from alliance.reporting.figures.intervals import Interval, Panel, interval_plot
from alliance.reporting.figures.lines import Series, line_plot
from alliance.reporting.figures.scene import Scene
from alliance.reporting.figures.style import POOLED as POOLED_LOOK
from alliance.reporting.figures.style import look
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.results import POOLED, Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.tables import Column, Table

_MANY = 6


def outcomes_section(results: Results, labels: Labels) -> Section:
    """Definitions, rates by cohort and by group; one line when the config does not ask for outcomes."""
    section = Section("outcomes", "Outcomes")
    if not results.block("outcomes"):
        section.say("No outcomes were asked for in this study’s config.")
        return section
    section.blocks.append(TableBlock(_definitions(results, labels)))
    rows = [r for r in results.rows("outcomes_rates") if of_everybody(r)]
    figure = _rates(results, rows, labels)
    if figure:
        section.blocks.append(figure)
    groups = _by_group(results, labels)
    if groups.body:
        section.blocks.append(TableBlock(groups, folded=True))
    return section


def rate_name(results: Results, labels: Labels, outcome: str) -> str:
    """What a rate of the outcome is a rate of: a time to departure has the share that left."""
    kind = results.block("outcomes", "define", outcome, "kind")
    return labels.outcome(outcome) + (": left while followed" if kind == "time_to_departure" else "")


def of_everybody(row: dict[str, Any]) -> bool:
    """Whether a row of the rates is of the whole cohort and not of a group in it."""
    return is_missing_text(row.get("group_variable")) or row["group_variable"] == "all"


def _definitions(results: Results, labels: Labels) -> Table:
    table = Table(
        "outcomes",
        "Outcomes: definitions, risk sets and how often they happened",
        [
            Column("Outcome", numeric=False),
            Column("Definition", numeric=False),
            Column("Among whom", numeric=False),
            Column("At risk"),
            Column("Events"),
        ],
        note="Students outside the risk set are in no rate and in no model of that outcome.",
    )
    for r in results.rows("outcomes_definitions"):
        label = r["label"] if not is_missing_text(r.get("label")) else labels.outcome(r["outcome"])
        table.add(
            escape(label),
            escape(str(r["definition"])),
            escape(str(r["risk_set"])),
            apa.count(r["n_at_risk"]),
            apa.count(r["n_events"]),
        )
    return table


def _rates(results: Results, rows: list[dict[str, Any]], labels: Labels) -> Figure | None:
    known = [r for r in rows if not apa.is_missing(r["rate"])]
    if not known:
        return None
    cohorts = sorted({r["cohort"] for r in known if r["cohort"] != POOLED})
    outcomes = list(dict.fromkeys(r["outcome"] for r in known))
    cell = {(r["outcome"], r["cohort"]): r for r in rows}
    data = Table(
        "rates",
        "Rates of the outcomes by cohort",
        [Column("Cohort", numeric=False), Column("At risk"), Column("Events"), Column("Rate"), Column("95% CI")],
        note="A dash: fewer persons than the disclosure limit, or none at risk.",
    )
    for outcome in outcomes:
        data.heading(escape(rate_name(results, labels, outcome)))
        for cohort in [*cohorts, POOLED]:
            r = cell.get((outcome, cohort))
            if r:
                limits = apa.interval(100 * r["ci_lower"], 100 * r["ci_upper"], 1)
                data.add(
                    "All" if cohort == POOLED else escape(cohort),
                    apa.count(r["n_at_risk"]),
                    apa.count(r["n_events"]),
                    apa.percent(r["rate"]),
                    limits,
                )
    told = "; ".join(
        f"{rate_name(results, labels, o)} {apa.percent(cell[o, POOLED]['rate'])}"
        for o in outcomes
        if (o, POOLED) in cell
    )
    title = "Rates of the outcomes by cohort" if cohorts else "Rates of the outcomes"
    if len(cohorts) > _MANY:
        scenes = [
            _lines([rate_name(results, labels, o) for o in outcomes], outcomes, cohorts, cell, width)
            for width in (WIDE, NARROW)
        ]
        return Figure(
            "rates",
            title,
            f"Lines over cohorts {cohorts[0]} to {cohorts[-1]}. All cohorts: {told}.",
            scenes[0],
            data,
            scenes[1],
        )
    panels = []
    for i, outcome in enumerate(outcomes):
        lines = []
        for cohort in [*cohorts, POOLED]:
            r = cell.get((outcome, cohort))
            if r is None:
                continue
            whole = cohort == POOLED
            text = f"{apa.percent(r['rate'])} of {apa.count(r['n_at_risk'])}"
            shown = POOLED_LOOK if whole and cohorts else look(i)
            lines.append(
                Interval(
                    "All" if whole else cohort,
                    r["rate"],
                    r["ci_lower"],
                    r["ci_upper"],
                    shown,
                    text,
                    emphasis=whole and bool(cohorts),
                )
            )
        panels.append(Panel(rate_name(results, labels, outcome), lines))
    scale = Scale("share", "Rate among those at risk, with 95% interval")
    return Figure(
        name="rates",
        title=title,
        alt=f"Points with 95% intervals by cohort. All cohorts: {told}.",
        scene=interval_plot(panels, scale, WIDE, text_heading="rate of at risk"),
        narrow=interval_plot(panels, scale, NARROW, text_heading="rate of at risk"),
        data=data,
    )


def _lines(names: list[str], outcomes: list[str], cohorts: list[str], cell: dict, width: float) -> Scene:
    series = []
    for i, (name, outcome) in enumerate(zip(names, outcomes, strict=True)):
        values = (float(cell[outcome, c]["rate"]) if (outcome, c) in cell else math.nan for c in cohorts)
        series.append(Series(name, tuple(values), look(i)))
    return line_plot(cohorts, series, Scale("share", "Cohort"), width)


def _by_group(results: Results, labels: Labels) -> Table:
    rows = [r for r in results.rows("outcomes_rates", cohort=POOLED) if not of_everybody(r)]
    outcomes = list(dict.fromkeys(r["outcome"] for r in rows))
    table = Table(
        "rates_by_group",
        "Rates of the outcomes by group, all cohorts",
        [Column("Group", numeric=False), *(Column(escape(rate_name(results, labels, o))) for o in outcomes)],
        note="Rate (number at risk). A dash: fewer persons than the disclosure limit.",
    )
    cell = {(r["group_variable"], str(r["group"]), r["outcome"]): r for r in rows}
    for variable in dict.fromkeys(r["group_variable"] for r in rows):
        table.heading(escape(labels.variable(variable)))
        for group in dict.fromkeys(str(r["group"]) for r in rows if r["group_variable"] == variable):
            cells = []
            for outcome in outcomes:
                r = cell.get((variable, group, outcome))
                cells.append(
                    apa.MISSING
                    if r is None or apa.is_missing(r["rate"])
                    else f"{apa.percent(r['rate'])} ({apa.count(r['n_at_risk'])})"
                )
            table.add(escape(group), *cells, indent=True)
    return table
