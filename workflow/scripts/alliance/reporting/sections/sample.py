"""Who is in the sample, overall and by cohort."""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Section, TableBlock
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.results import POOLED, Results
from alliance.reporting.tables import Column, Table

_MISSING_LEVEL = "(missing)"
_MANY = 6  # with more cohorts than this, tables by cohort stand in the files only


def sample_section(results: Results, labels: Labels) -> Section:
    """Characteristics of the sample, overall and by cohort."""
    section = Section("sample", "Who is in the sample")
    rows = [r for r in results.rows("describe_characteristics") if "*" not in r["variable"]]  # crossings are long
    if not rows:
        section.say("A description of the sample was not asked for in this study’s config.")
        return section
    section.blocks.append(TableBlock(_characteristics(rows, labels)))
    clustering = results.rows("describe_icc")
    if clustering:
        section.blocks.append(TableBlock(_clustering(clustering, labels), folded=True))
    return section


def _clustering(rows: list[dict[str, Any]], labels: Labels) -> Table:
    table = Table(
        "icc",
        "How much of the variance of the dimension means lies between clusters",
        [
            Column("Dimension mean", numeric=False),
            Column("Cluster", numeric=False),
            *(Column(head) for head in ("*n*", "Clusters", "ICC [95% CI]", "Design effect")),
        ],
        note="ICC: intraclass correlation. Design effect: factor by which clustering inflates the variance of a mean.",
    )
    for report in dict.fromkeys((str(r["role"]), r["wave"]) for r in rows):
        table.heading(escape(labels.report_of(*report)))
        for r in rows:
            if (str(r["role"]), r["wave"]) == report:
                icc = apa.estimate(r["icc"], r["conf_low"], r["conf_high"], unit_bound=True)
                counts = apa.count(r["n"]), apa.count(r["n_clusters"])
                dimension, cluster = escape(labels.dimension(r["dimension"])), escape(labels.variable(r["cluster"]))
                table.add(dimension, cluster, *counts, icc, apa.number(r["design_effect"]), indent=True)
    return table


def _characteristics(rows: list[dict[str, Any]], labels: Labels) -> Table:
    cohorts = [c for c in dict.fromkeys(r["cohort"] for r in rows) if c != POOLED]
    shown = [POOLED, *(sorted(cohorts) if len(cohorts) <= _MANY else [])]
    spanner = "By cohort" if len(shown) > 1 else ""
    columns = [
        Column("Characteristic", numeric=False),
        *(Column("All" if c == POOLED else c, spanner="" if c == POOLED else spanner) for c in shown),
    ]
    table = Table(
        "characteristics",
        "Characteristics of the sample",
        columns,
        note="Numbers are *n* (%) or *M* (*SD*). A dash: withheld, fewer persons than the disclosure limit.",
    )
    cell = {(r["variable"], str(r["level"]), r["cohort"]): r for r in rows}
    for variable in dict.fromkeys(r["variable"] for r in rows):
        levels = list(dict.fromkeys(str(r["level"]) for r in rows if r["variable"] == variable))
        values = {level: [_characteristic(cell.get((variable, level, c))) for c in shown] for level in levels}
        number = next((level for level in levels if level in ("nan", "")), None)
        if number is not None:
            table.add(escape(labels.variable(variable)), *values.pop(number))
        else:
            table.heading(escape(labels.variable(variable)))
        for level in sorted(values, key=lambda v: v == _MISSING_LEVEL):
            table.add("not known" if level == _MISSING_LEVEL else escape(level), *values[level], indent=True)
    return table


def _characteristic(row: dict[str, Any] | None) -> str:
    if row is None:
        return apa.MISSING
    if not apa.is_missing(row.get("mean")):
        return f"{apa.number(row['mean'])} ({apa.number(row['sd'])})"
    share = f" ({apa.percent(row['share'])})" if not apa.is_missing(row.get("share")) else ""
    return f"{apa.count(row['n'])}{share}"
