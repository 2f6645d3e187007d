"""What is missing, and who was not there at the other occasions."""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Figure, Section, TableBlock
from alliance.reporting.figures.patterns import Pattern, pattern_plot
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.results import Results
from alliance.reporting.tables import Column, Table
from alliance.reporting.words import listing
from alliance.reporting.words_missing import attrition_in_words, chance_in_words

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
    figure = _patterns(results, labels)
    if figure:
        section.blocks.append(figure)
    models = [r for r in attrition if r["part"] == "model"]
    for report in _reports(models):
        rows = [r for r in models if _report(r) == report and r["term"] != "Intercept"]
        found = [(labels.term(r["term"]), r["odds_ratio"], r["or_low"], r["or_high"]) for r in rows]
        n, responded = rows[0]["n"], rows[0]["n_responded"]
        section.say(attrition_in_words(labels.report_of(*report), n, responded, found))
    chance = _chance(results, labels)
    if chance:
        section.say(chance)
    rates = [r for r in attrition if r["part"] == "rate"]
    if rates:
        section.blocks.append(TableBlock(_rates(rates, labels)))
    if models:
        section.blocks.append(TableBlock(_models(models, labels), folded=True))
    predictors = results.rows("missing_predictors")
    if predictors:
        section.blocks.append(TableBlock(_predictors(predictors, labels), folded=True))
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


def _patterns(results: Results, labels: Labels) -> Figure | None:
    """Which reports exist together; None when every student has the same."""
    rows = results.rows("missing_patterns", block="reports")
    gone = [str(r["missing"]).split("; ") if not is_missing_text(r["missing"]) else [] for r in rows]
    columns = sorted({name for names in gone for name in names})
    if len(rows) < 2 or not columns:
        return None
    heads = [labels.sample(name) for name in columns]
    data = Table(
        "missing_patterns",
        "Which reports exist together",
        [*(Column(escape(head), numeric=False) for head in heads), Column("Students")],
        note=f"Among the students of the sample. {_HIDDEN}",
    )
    drawn = []
    for row, names in zip(rows, gone, strict=True):
        text = f"{apa.percent(row['share'])} ({apa.count(row['n'])})" if not apa.is_missing(row["n"]) else apa.MISSING
        pooled = row["pattern"] == "other"
        there = None if pooled else tuple(name not in names for name in columns)
        cells = ("other patterns",) * len(columns) if pooled else tuple("yes" if t else "no" for t in there or ())
        data.add(*cells, text)
        drawn.append(Pattern(there, 0.0 if apa.is_missing(row["share"]) else row["share"], text, "Other patterns"))
    told = "; ".join(
        f"{p.text} have {'some other pattern' if p.there is None else _having(heads, p.there)}" for p in drawn
    )
    return Figure(
        name="missing_patterns",
        title="Which reports exist together",
        alt=f"One row per pattern of reports, most frequent first. {told}.",
        scene=pattern_plot(heads, drawn, 700),
        narrow=pattern_plot(heads, drawn, 350),
        data=data,
        note="Beside the report that opens the study. Filled: the report exists.",
    )


def _having(heads: list[str], there: tuple[bool, ...]) -> str:
    kept = [head.lower() for head, t in zip(heads, there, strict=True) if t]
    return listing(kept) if kept else "none of them"


def _chance(results: Results, labels: Labels) -> str:
    """Little's test in words."""
    rows = [r for r in results.rows("missing_little") if r["status"] == "ok" and not apa.is_missing(r["p_value"])]
    items = [(labels.report_of(*_report(r)).lower(), r["p_value"]) for r in rows if r["block"] == "items"]
    means = next(((r["statistic"], r["df"], r["p_value"]) for r in rows if r["block"] == "means"), None)
    return chance_in_words(items, means)


def _predictors(rows: list[dict[str, Any]], labels: Labels) -> Table:
    table = Table(
        "missing_predictors",
        "What being missing goes with, one variable at a time",
        [Column("Variable", numeric=False), Column("OR [95% CI]"), Column("*p*, adjusted"), Column("*n*")],
        note="Odds ratios of being missing per standard deviation, or against the largest group; errors allow for "
        "clusters; p values adjusted over the whole table (Holm).",
    )
    names = {"any item": "Items left open", "any variable": "A variable of the student is missing"}
    for gap in dict.fromkeys((str(r["gap"]), *_report(r)) for r in rows):
        report = labels.report_of(*gap[1:]) if not is_missing_text(gap[1]) else ""
        title = f"No {report[:1].lower()}{report[1:]}" if gap[0] == "report" else names.get(gap[0], gap[0])
        table.heading(escape(title + (f": {report[:1].lower()}{report[1:]}" if gap[0] == "any item" else "")))
        for r in rows:
            if (str(r["gap"]), *_report(r)) != gap:
                continue
            level = "" if is_missing_text(r["level"]) else f": {r['level']}"
            ratio = apa.estimate(r["odds_ratio"], r["conf_low"], r["conf_high"])
            name = escape(labels.sample_column(str(r["variable"])) + level)
            table.add(name, ratio, apa.p_cell(r["p_adjusted"]), apa.count(r["n"]), indent=True)
    return table


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
