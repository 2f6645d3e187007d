"""What is missing, and who was not there at the other occasions."""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Section, TableBlock
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.results import Results
from alliance.reporting.tables import Column, Table
from alliance.reporting.words_missing import attrition_in_words

_HIDDEN = "A dash: withheld, fewer persons than the disclosure limit (or what would reveal them)."
_MISSING_LEVEL = "(missing)"


def missing_section(results: Results, labels: Labels) -> Section:
    """Missing values by variable, and attrition: by whom the other reports exist and what that depends on."""
    section = Section("missing", "What is missing")
    values = [r for r in results.rows("describe_missingness", by="all")]
    attrition = results.rows("describe_attrition")
    if not values and not attrition:
        section.say("Missing values and attrition were not described in this study.")
        return section
    models = [r for r in attrition if r["part"] == "model"]
    for report in _reports(models):
        rows = [r for r in models if _report(r) == report and r["term"] != "Intercept"]
        found = [(labels.term(r["term"]), r["odds_ratio"], r["or_low"], r["or_high"]) for r in rows]
        n, responded = rows[0]["n"], rows[0]["n_responded"]
        section.say(attrition_in_words(labels.report_of(*report), n, responded, found))
    rates = [r for r in attrition if r["part"] == "rate"]
    if rates:
        section.blocks.append(TableBlock(_rates(rates, labels)))
    if models:
        section.blocks.append(TableBlock(_models(models, labels), folded=True))
    if not attrition:
        section.say("One report of each student: there is no attrition.")
    if values:
        section.blocks.append(TableBlock(_values(values, labels), folded=True))
    return section


def _report(row: dict[str, Any]) -> tuple[str, str]:
    wave = row["wave"]
    return str(row["role"]), "" if apa.is_missing(wave) else str(int(float(wave)))


def _reports(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(_report(r) for r in rows if not is_missing_text(r["role"])))


def _rates(rows: list[dict[str, Any]], labels: Labels) -> Table:
    reports = _reports(rows)
    table = Table(
        "attrition",
        "Who has the other reports: share of the sample by cohort and group",
        [Column("Group", numeric=False), *(Column(escape(labels.report_of(*report))) for report in reports)],
        note=f"Share (number) of the students of the sample for whom the report exists. {_HIDDEN}",
    )
    cell = {(_report(r), str(r["by"]), str(r["level"])): r for r in rows}
    for by in dict.fromkeys(str(r["by"]) for r in rows):
        levels = [level for level in dict.fromkeys(str(r["level"]) for r in rows if str(r["by"]) == by)]
        if by != "all":
            table.heading(escape("Cohort" if by == "cohort" else labels.variable(by)))
        for level in sorted(levels, key=lambda v: v == _MISSING_LEVEL):
            shown = [cell.get((report, by, level)) for report in reports]
            name = "All" if by == "all" else "not known" if level == _MISSING_LEVEL else level
            table.add(escape(name), *(_share(r, "rate", "n_responded") for r in shown), indent=by != "all")
    return table


def _share(row: dict[str, Any] | None, share: str, count: str) -> str:
    if row is None or apa.is_missing(row[share]):
        return apa.MISSING
    return f"{apa.percent(row[share])} ({apa.count(row[count])})"


def _models(rows: list[dict[str, Any]], labels: Labels) -> Table:
    table = Table(
        "attrition_models",
        "Having another report, by the first scores: logistic regressions",
        [Column("Dimension mean", numeric=False), Column("OR [95% CI]"), Column("*p*")],
        note="Odds ratio per standard deviation or unit as described; standard errors "
        f"{escape(str(rows[0]['se_type']))}.",
    )
    for report in _reports(rows):
        mine = [r for r in rows if _report(r) == report and r["term"] != "Intercept"]
        clusters = "" if apa.is_missing(mine[0]["n_clusters"]) else f", {apa.count(mine[0]['n_clusters'])} clusters"
        table.heading(f"{escape(labels.report_of(*report))} (*n* = {apa.count(mine[0]['n'])}{clusters})")
        for r in mine:
            ratio = apa.estimate(r["odds_ratio"], r["or_low"], r["or_high"])
            table.add(escape(labels.term(r["term"])), ratio, apa.p_cell(r["p_value"]), indent=True)
    return table


def _values(rows: list[dict[str, Any]], labels: Labels) -> Table:
    reports = _reports(rows)
    heads = [escape(labels.report_of(*report)) for report in reports] or ["Missing"]
    table = Table(
        "missingness",
        "Missing values",
        [Column("Variable", numeric=False), *map(Column, heads)],
        note=f"Share (number) missing among those who have the report or are in the sample. {_HIDDEN}",
    )
    cell = {(_report(r), str(r["variable"])): r for r in rows if not is_missing_text(r["role"])}
    for variable in dict.fromkeys(variable for _, variable in cell):
        name = labels.variable(variable)
        table.add(escape(name), *(_share(cell.get((report, variable)), "share", "n_missing") for report in reports))
    students = [r for r in rows if is_missing_text(r["role"])]
    if students and reports:
        table.heading("Variables of the student (share of the sample)")
    for r in students:
        blank = [""] * (len(heads) - 1)
        table.add(
            escape(labels.variable(str(r["variable"]))), _share(r, "share", "n_missing"), *blank, indent=bool(reports)
        )
    return table
