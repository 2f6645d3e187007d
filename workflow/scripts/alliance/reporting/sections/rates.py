"""How often the outcomes happened, by cohort."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Figure
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

_MANY = 6  # more cohorts than this are drawn as lines


def of_everybody(row: dict[str, Any]) -> bool:
    """Whether a row of the rates is of the whole cohort and not of a group in it."""
    return is_missing_text(row.get("group_variable")) or row["group_variable"] == "all"


def is_time(results: Results, outcome: str) -> bool:
    """Whether an outcome is a time to departure, whose share depends on how long a cohort was followed."""
    return results.block("outcomes", "define", outcome, "kind") == "time_to_departure"


def rate_name(results: Results, labels: Labels, outcome: str) -> str:
    """What a rate of the outcome is a rate of: a time to departure has the share that left."""
    return labels.outcome(outcome) + (": left while followed" if is_time(results, outcome) else "")


@dataclass
class _Rates:
    """Rates by outcome and cohort, and what they are called."""

    outcomes: dict[str, str]
    cohorts: list[str]
    cell: dict[tuple[str, str], dict[str, Any]]

    def row(self, outcome: str, cohort: str) -> dict[str, Any] | None:
        return self.cell.get((outcome, cohort))


def rates_figure(results: Results, labels: Labels) -> Figure | None:
    """Rates by cohort with their intervals (lines when there are many cohorts); None when there are no rates.

    The share that left is in the table only: younger cohorts were followed for a shorter time, so a picture would show
    the calendar.
    """
    rows = [r for r in results.rows("outcomes_rates") if of_everybody(r)]
    known = [r for r in rows if not apa.is_missing(r["rate"])]
    if not known:
        return None
    rates = _Rates(
        {o: rate_name(results, labels, o) for o in dict.fromkeys(r["outcome"] for r in known)},
        sorted({r["cohort"] for r in known if r["cohort"] != POOLED}),
        {(r["outcome"], r["cohort"]): r for r in rows},
    )
    data = _table(rates)
    drawn = _Rates({o: n for o, n in rates.outcomes.items() if not is_time(results, o)}, rates.cohorts, rates.cell)
    if not drawn.outcomes:
        return None
    lines = len(rates.cohorts) > _MANY
    draw = _lines if lines else _intervals
    told = [f"{name} {apa.percent(row['rate'])}" for o, name in drawn.outcomes.items() if (row := rates.row(o, POOLED))]
    kind = f"Lines over cohorts {rates.cohorts[0]} to {rates.cohorts[-1]}" if lines else "Points with 95% intervals"
    return Figure(
        name="rates",
        title="Rates of the outcomes by cohort" if rates.cohorts else "Rates of the outcomes",
        alt=f"{kind}. All students: {'; '.join(told)}.",
        scene=draw(drawn, WIDE),
        narrow=draw(drawn, NARROW),
        data=data,
    )


def _table(rates: _Rates) -> Table:
    table = Table(
        "rates",
        "Rates of the outcomes by cohort",
        [Column("Cohort", numeric=False), Column("At risk"), Column("Events"), Column("Rate"), Column("95% CI")],
        note="A dash: fewer persons than the disclosure limit, or none at risk. The share that left while followed is "
        "lower in younger cohorts because they were followed for a shorter time.",
    )
    for outcome, name in rates.outcomes.items():
        table.heading(escape(name))
        for cohort in [*rates.cohorts, POOLED]:
            r = rates.row(outcome, cohort)
            if r is None:
                continue
            counts = apa.count(r["n_at_risk"]), apa.count(r["n_events"])
            limits = apa.interval(100 * r["ci_lower"], 100 * r["ci_upper"], 1)
            table.add("All" if cohort == POOLED else escape(cohort), *counts, apa.percent(r["rate"]), limits)
    return table


def _intervals(rates: _Rates, width: float) -> Scene:
    panels = []
    for i, (outcome, name) in enumerate(rates.outcomes.items()):
        lines = []
        for cohort in [*rates.cohorts, POOLED]:
            r = rates.row(outcome, cohort)
            if r is None:
                continue
            whole = cohort == POOLED and bool(rates.cohorts)
            text = f"{apa.percent(r['rate'])} of {apa.count(r['n_at_risk'])}"
            label = "All" if cohort == POOLED else cohort
            shown = POOLED_LOOK if whole else look(i)
            lines.append(Interval(label, r["rate"], r["ci_lower"], r["ci_upper"], shown, text, emphasis=whole))
        panels.append(Panel(name, lines))
    scale = Scale("share", "Rate among those at risk, with 95% interval")
    return interval_plot(panels, scale, width, text_heading="rate of those at risk")


def _lines(rates: _Rates, width: float) -> Scene:
    series = []
    for i, (outcome, name) in enumerate(rates.outcomes.items()):
        found = [rates.row(outcome, cohort) for cohort in rates.cohorts]
        series.append(Series(name, tuple(math.nan if r is None else float(r["rate"]) for r in found), look(i)))
    return line_plot(rates.cohorts, series, Scale("share", "Cohort"), width)
