"""What counts as persistence, among whom, and how often it happened."""

from __future__ import annotations

from alliance.reporting import apa
from alliance.reporting.blocks import Section, TableBlock
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text, prettify
from alliance.reporting.results import POOLED, Results
from alliance.reporting.sections.rates import of_everybody, rate_name, rates_figure
from alliance.reporting.sections.timeline import timeline_figure
from alliance.reporting.tables import Column, Table


def outcomes_section(results: Results, labels: Labels) -> Section:
    """Definitions, rates by cohort and by group; one line when the config does not ask for outcomes."""
    section = Section("outcomes", "Outcomes")
    if not results.block("outcomes"):
        section.say("No outcomes were asked for in this study’s config.")
        return section
    picture = timeline_figure(results, labels)
    if picture:
        section.blocks.append(picture)
    section.blocks.append(TableBlock(_definitions(results, labels)))
    figure = rates_figure(results, labels)
    if figure:
        section.blocks.append(figure)
    states = _states(results, labels)
    if states.body:
        section.blocks.append(TableBlock(states))
    groups = _by_group(results, labels)
    if groups.body:
        section.blocks.append(TableBlock(groups, folded=True))
    return section


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


def _states(results: Results, labels: Labels) -> Table:
    rows = results.rows("outcomes_states")
    cohorts = sorted({r["cohort"] for r in rows if r["cohort"] != POOLED})
    table = Table(
        "states",
        "Outcomes with several categories: shares of those at risk",
        [Column("Category", numeric=False), *(Column(escape(c)) for c in cohorts), Column("All")],
        note="A dash: fewer persons than the disclosure limit.",
    )
    cell = {(r["outcome"], r["category"], r["cohort"]): r for r in rows}
    for outcome in dict.fromkeys(r["outcome"] for r in rows):
        table.heading(escape(labels.outcome(outcome)))
        for category in dict.fromkeys(r["category"] for r in rows if r["outcome"] == outcome):
            found = [cell.get((outcome, category, c)) for c in [*cohorts, POOLED]]
            shares = [apa.MISSING if r is None else apa.percent(r["share"]) for r in found]
            table.add(escape(prettify(category)), *shares, indent=True)
    return table


def _by_group(results: Results, labels: Labels) -> Table:
    rows = [r for r in results.rows("outcomes_rates", cohort=POOLED) if not of_everybody(r)]
    rows = [r for r in rows if "*" not in r["group_variable"]]  # crossings are long, and stand in rates.csv
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
