"""Who came in, who was left out and why, who could be linked, and what was analysed."""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.associations import models
from alliance.reporting.blocks import Block, Figure, Section, TableBlock
from alliance.reporting.figures.flow import Analyses, Box, flow_diagram
from alliance.reporting.flow_words import WITHHELD, difference, excluded_some, exclusions, is_shown, reason
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.plain_tables import plain_table
from alliance.reporting.results import POOLED, Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.sections.linkage import careless_blocks, linkage_blocks
from alliance.reporting.tables import Column, Table

_MANY = 6  # with more cohorts than this, counts by cohort stand in the files only


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
    section.blocks += _steps_of_reports(results, labels)
    section.blocks += linkage_blocks(results, labels)
    section.blocks += careless_blocks(results, labels)
    return section


def _diagram(results: Results, labels: Labels, rows: list[dict[str, Any]], survey: bool) -> Figure:
    frame = results.block("sample", "frame")
    start = labels.report_of(frame["role"], frame["wave"]) if survey else "Students in the records"
    out = exclusions(rows)
    first = Box(start, [("Received", apa.count(rows[0]["n_in"]))])
    excluded = Box("Excluded", [(escape(name), n) for name, n in out]) if out else None
    cohorts = [r for r in _last_by_cohort(results) if r["cohort"] not in (POOLED, "unknown")]
    by_cohort = [(f"Cohort {r['cohort']}", apa.count(r["n_out"])) for r in cohorts if len(cohorts) <= _MANY]
    sample = Box("Sample", [("Students", apa.count(rows[-1]["n_out"])), *by_cohort])
    lists = [part for part in (_reports(results, labels), _analyses(results, labels)) if part]
    spine: list[tuple[Box, Box | None]] = [(first, excluded), (sample, None)]
    hidden = "" if all(is_shown(r) for r in results.rows("sample_flow")) else f" {WITHHELD}"
    data = plain_table(
        [
            {
                "step": reason(r),
                "cohort": "all" if r["cohort"] == POOLED else r["cohort"],
                **{k: r[k] for k in ("n_in", "excluded", "n_out")},
            }
            for r in sorted(results.rows("sample_flow"), key=lambda r: r["cohort"] != POOLED)
        ],
        "flow",
        "Flow of participants by step and cohort",
        heads={"n_in": "Before", "excluded": "Excluded", "n_out": "After"},
        note="“unknown”: reports that could not be linked to a cohort. "
        f"Before − excluded = after, in every row.{hidden}",
    )
    told = [f"{first.heading}: {first.lines[0][1]} received"]
    told += [f"excluded: {', '.join(f'{name} {n}' for name, n in excluded.lines)}"] if excluded else []
    told += [f"sample: {', '.join(f'{name} {n}' for name, n in sample.lines)}"]
    told += [
        f"{part.heading.lower()}: {', '.join(f'{name} {counts[-1]}' for name, counts in part.rows)}" for part in lists
    ]
    return Figure(
        name="flow",
        title="Flow of participants",
        alt="Boxes from top to bottom. " + "; ".join(told) + ".",
        scene=flow_diagram(spine, lists, WIDE),
        narrow=flow_diagram(spine, lists, NARROW),
        data=data,
        note="Reasons with small counts are given together."
        if any(name.endswith(", together") for name, _ in out)
        else "",
    )


def _last_by_cohort(results: Results) -> list[dict[str, Any]]:
    last: dict[str, dict[str, Any]] = {}
    for row in results.rows("sample_flow"):
        last[row["cohort"]] = row
    return [last[c] for c in sorted(last)]


def _reports(results: Results, labels: Labels) -> Analyses | None:
    """The reports of other roles and waves: received, excluded, not of this sample, and in it."""
    frame = results.block("sample", "frame")
    opened = (str(frame["role"]), str(frame["wave"])) if isinstance(frame, dict) else None
    table = []
    for row in results.rows("sample_waves", cohort=POOLED):
        if (str(row["role"]), str(row["wave"])) != opened:
            received, kept, within = row["n_reports_raw"], row["n_kept"], row["n_in_sample"]
            counts = received, difference(received, kept), difference(kept, within), within
            table.append((labels.report_of(row["role"], row["wave"]), [apa.count(n) for n in counts]))
    columns = ["Received", "Excluded", "Not of the sample", "In the sample"]
    return Analyses("Further reports about these students", columns, table) if table else None


def _steps_of_reports(results: Results, labels: Labels) -> list[Block]:
    """The flow of the other reports step by step, to look up."""
    rows = [
        r for r in results.rows("sample_flow_reports", cohort=POOLED) if r["order"] == 0 or excluded_some(r["excluded"])
    ]
    if not rows:
        return []
    counts = ("Before", "Excluded", "After")
    hidden = "" if all(is_shown(r) for r in rows) else f" {WITHHELD}"
    table = Table(
        "flow_reports",
        "Flow of the reports of the other roles and waves",
        [Column("Step", numeric=False), *map(Column, counts)],
        note="The declared exclusions first, as far as the file holds what they ask for; then whose the report "
        f"is.{hidden}",
    )
    for report in dict.fromkeys((str(r["role"]), r["wave"]) for r in rows):
        table.heading(escape(labels.report_of(*report)))
        for r in rows:
            if (str(r["role"]), r["wave"]) == report:
                table.add(escape(reason(r)), *(apa.count(r[c]) for c in ("n_in", "excluded", "n_out")), indent=True)
    return [TableBlock(table, folded=True)]


def _analyses(results: Results, labels: Labels) -> Analyses | None:
    """What each link model analysed and why it lost students; without a link, who was at risk of each outcome."""
    rows = [r for r in results.rows("link_flow", cohort=POOLED) if r["model"] in models(results)]
    if rows:
        steps = list(
            dict.fromkeys(
                reason(r) for r in rows if any(excluded_some(x["excluded"]) for x in rows if reason(x) == reason(r))
            )
        )
        table = []
        for model in dict.fromkeys(r["model"] for r in rows):
            mine = [r for r in rows if r["model"] == model]
            lost = {reason(r): apa.count(r["excluded"]) for r in mine}
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
