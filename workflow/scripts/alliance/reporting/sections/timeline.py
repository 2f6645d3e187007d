"""The timelines of the outcomes, from their definitions."""

from __future__ import annotations

from alliance.reporting import apa
from alliance.reporting.blocks import Figure
from alliance.reporting.figures.timeline import Span, timeline
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.results import Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.tables import Column, Table


def timeline_figure(results: Results, labels: Labels) -> Figure | None:
    """One row per outcome that is read off records; None when there is none."""
    rows = [r for r in results.rows("outcomes_definitions") if not apa.is_missing(r.get("window_end"))]
    if not rows:
        return None
    terms = len(results.block("outcomes", "calendar", "terms") or ("fall", "spring"))
    spans = [
        Span(
            labels.outcome(r["outcome"]),
            float(r["window_start"]),
            float(r["window_end"]),
            None if apa.is_missing(r["records_reach"]) else float(r["records_reach"]),
            f"{apa.count(r['n_at_risk'])} of {apa.count(r['n_frame'])} at risk",
        )
        for r in rows
    ]
    table = Table(
        "timelines",
        "When each outcome is looked at, and for whom it is known",
        [
            Column("Outcome", numeric=False),
            Column("From year"),
            Column("To year"),
            Column("Records to year"),
            Column("Among whom", numeric=False),
            Column("Where records end", numeric=False),
        ],
        note="Years from the entry fall.",
    )
    for r in rows:
        censoring = "" if is_missing_text(r.get("censoring")) else str(r["censoring"])
        table.add(
            escape(labels.outcome(r["outcome"])),
            *(apa.number(r[c], 1) for c in ("window_start", "window_end", "records_reach")),
            escape(str(r["risk_set"])),
            escape(censoring),
        )
    told = "; ".join(
        f"{s.label}: years {s.start:g} to {s.end:g}{'' if s.reach is None else f', records to {s.reach:g}'}"
        for s in spans
    )
    return Figure(
        name=table.name,
        title="Timelines of the outcomes, in years from the entry fall",
        alt=f"Bars on an axis of years. {told}.",
        scene=timeline(spans, terms, WIDE),
        narrow=timeline(spans, terms, NARROW),
        data=table,
        note="Students at institutions whose records end before the red mark are outside the risk set of that outcome "
        "and in none of its numbers. An arrow: the clock runs on; those who are still there when the records end are "
        "counted as long as they were seen.",
    )
