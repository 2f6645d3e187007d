"""Who came in, who was left out and why, and who is in the sample."""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Figure, Section, TableBlock
from alliance.reporting.figures.flow import Analyses, Box, flow_diagram
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text, prettify
from alliance.reporting.plain_tables import plain_table
from alliance.reporting.results import POOLED, Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.tables import Column, Table

_MISSING_LEVEL = "(missing)"
_MANY = 6  # with more cohorts than this, tables by cohort stand in the files only


def flow_section(results: Results, labels: Labels) -> Section:
    """The flow of participants as a diagram and a table."""
    section = Section("flow", "Participants")
    rows = results.rows("sample_flow", cohort=POOLED)
    if not rows:
        section.say("No flow of participants was written.")
        return section
    survey = isinstance(results.block("sample", "frame"), dict)
    whom = "reports" if survey else "students"
    section.say(
        f"Of {apa.count(rows[0]['n_in'])} {whom} received, {apa.count(rows[-1]['n_out'])} "
        f"{'make up the sample, one for each student' if survey else 'make up the sample'}. "
        "Every exclusion is declared in the config."
    )
    section.blocks.append(_diagram(results, labels, rows, survey))
    return section


def _diagram(results: Results, labels: Labels, rows: list[dict[str, Any]], survey: bool) -> Figure:
    frame = results.block("sample", "frame")
    start = labels.report_of(frame["role"], frame["wave"]) if survey else "Students in the records"
    out = [r for r in rows if _some(r["excluded"])]
    first = Box(start, [("Received", apa.count(rows[0]["n_in"]))])
    excluded = Box("Excluded", [(_reason(r), apa.count(r["excluded"])) for r in out]) if out else None
    cohorts = [r for r in _last_by_cohort(results) if r["cohort"] not in (POOLED, "unknown")]
    by_cohort = [(f"Cohort {r['cohort']}", apa.count(r["n_out"])) for r in cohorts if len(cohorts) <= _MANY]
    sample = Box("Sample", [("Students", apa.count(rows[-1]["n_out"])), *by_cohort])
    further = [
        (labels.report_of(role, wave), apa.count(n))
        for (role, wave), n in _reports(results).items()
        if not survey or (role, str(wave)) != (frame["role"], str(frame["wave"]))
    ]
    side = Box("Further reports about these students", further) if further else None
    analyses = _analyses(results, labels)
    spine = [(first, excluded), (sample, side)]
    data = plain_table(
        [
            {
                "step": _reason(r),
                "cohort": "all" if r["cohort"] == POOLED else r["cohort"],
                **{k: r[k] for k in ("n_in", "excluded", "n_out")},
            }
            for r in sorted(results.rows("sample_flow"), key=lambda r: r["cohort"] != POOLED)
        ],
        "flow",
        "Flow of participants by step and cohort",
        heads={"n_in": "Before", "excluded": "Excluded", "n_out": "After"},
        note="“unknown”: reports that could not be linked to a cohort. Before − excluded = after, in every row.",
    )
    told = [f"{first.heading}: {first.lines[0][1]} received"]
    told += [f"excluded: {', '.join(f'{name} {n}' for name, n in excluded.lines)}"] if excluded else []
    told += [f"sample: {', '.join(f'{name} {n}' for name, n in sample.lines)}"]
    told += [f"analysed: {', '.join(f'{name} {counts[-1]}' for name, counts in analyses.rows)}"] if analyses else []
    return Figure(
        name="flow",
        title="Flow of participants",
        alt="Boxes from top to bottom. " + "; ".join(told) + ".",
        scene=flow_diagram(spine, analyses, WIDE),
        narrow=flow_diagram(spine, analyses, NARROW),
        data=data,
    )


def _some(excluded: Any) -> bool:
    return isinstance(excluded, str) or (not apa.is_missing(excluded) and excluded != 0)


def _reason(row: dict[str, Any]) -> str:
    text = row.get("reason") if not is_missing_text(row.get("reason")) else row.get("label")
    return escape(str(text)) if not is_missing_text(text) else prettify(str(row["step"]))


def _last_by_cohort(results: Results) -> list[dict[str, Any]]:
    last: dict[str, dict[str, Any]] = {}
    for row in results.rows("sample_flow"):
        last[row["cohort"]] = row
    return [last[c] for c in sorted(last)]


def _reports(results: Results) -> dict[tuple[str, Any], Any]:
    """Reports in the sample by role and wave: the pooled row, else the sum over cohorts."""
    counts: dict[tuple[str, Any], Any] = {}
    rows = results.rows("sample_waves")
    pooled = [r for r in rows if r["cohort"] == POOLED]
    for row in pooled or rows:
        key = (row["role"], row["wave"])
        n = row["n_in_sample"]
        counts[key] = n if isinstance(n, str) or key not in counts else counts[key] + n
    return counts


def _analyses(results: Results, labels: Labels) -> Analyses | None:
    """What each link model analysed and why it lost students; without a link, who was at risk of each outcome."""
    rows = results.rows("link_flow", cohort=POOLED)
    if rows:
        steps = list(
            dict.fromkeys(
                _reason(r) for r in rows if any(_some(x["excluded"]) for x in rows if _reason(x) == _reason(r))
            )
        )
        table = []
        for model in dict.fromkeys(r["model"] for r in rows):
            mine = [r for r in rows if r["model"] == model]
            lost = {_reason(r): apa.count(r["excluded"]) for r in mine}
            table.append((labels.link_model(model), [*(lost.get(s, "0") for s in steps), apa.count(mine[-1]["n_out"])]))
        return Analyses("Analysed, by model", [*steps, "Analysed"], table)
    rows = results.rows("outcomes_definitions")
    if rows:
        return Analyses(
            "Outcomes",
            ["Students", "At risk"],
            [(labels.outcome(r["outcome"]), [apa.count(r["n_frame"]), apa.count(r["n_at_risk"])]) for r in rows],
        )
    return None


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
