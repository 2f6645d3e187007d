"""Associations by way of another latent variable: a picture of direct and indirect parts, in words, with a table."""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Figure, Section, TableBlock
from alliance.reporting.figures.axes import Scale
from alliance.reporting.figures.intervals import Interval, Panel, interval_plot
from alliance.reporting.figures.style import look
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.results import Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.tables import Column, Table
from alliance.reporting.words import listing

TABLE = "link_mediation"
PARTS = {"indirect": "By way of it", "direct": "Beside it", "total": "Together"}
PATHS = {"to_mediator": "Dimension to mediator", "from_mediator": "Mediator to outcome"}


def mediation_section(results: Results, labels: Labels) -> Section | None:
    """One figure and table per decomposition; nothing where the config asks for none."""
    if not results.has(TABLE):
        return None
    section = Section("mediation", "By way of what?")
    section.say(
        "An association is split into a part that goes by way of another variable and a part beside it. All are latent "
        "variables of one model, so their measurement error is taken off; intervals are Monte Carlo intervals, since a "
        "product of two estimates is not normal. The split describes associations: it does not show what brings what "
        "about."
    )
    for name in dict.fromkeys(str(r["name"]) for r in results.rows(TABLE)):
        rows = [r for r in results.rows(TABLE) if str(r["name"]) == name]
        title = f"“{escape(labels.link_model(str(rows[0]['model'])))}” by way of {escape(str(rows[0]['mediator']))}"
        if str(rows[0]["status"]) != "ok":
            section.say(f"{title}: not estimated ({escape(str(rows[0]['reason']))}).")
            continue
        section.say(_words(rows, labels, title))
        section.blocks.append(_figure(rows, labels, name, title))
        section.blocks.append(TableBlock(_table(rows, labels, name, title), folded=True))
    return section


def _words(rows: list[dict[str, Any]], labels: Labels, title: str) -> str:
    clear = [r for r in rows if r["effect"] == "indirect" and r["conf_low"] * r["conf_high"] > 0]
    start = f"{title} (*n* = {apa.count(rows[0]['n'])}): "
    if not clear:
        return start + "for no dimension is a part by way of it beyond chance."
    said = [f"{labels.term(str(r['term'])).lower()} ({_shown(r)})" for r in clear]
    return start + f"a part by way of it is beyond chance for {listing(said)}."


def _shown(row: dict[str, Any]) -> str:
    if apa.is_missing(row.get("ame")):
        return apa.estimate(row["estimate"], row["conf_low"], row["conf_high"])
    return f"{apa.points(row['ame'])} percentage points, 95% CI {apa.points_interval(row['ame_low'], row['ame_high'])}"


def _figure(rows: list[dict[str, Any]], labels: Labels, name: str, title: str) -> Figure:
    points = not apa.is_missing(next(r for r in rows if r["effect"] == "total").get("ame"))
    unit = "Percentage points" if points else "Difference"
    data = Table(f"mediation_{name}_parts", title, [Column("Part", numeric=False), Column(unit), Column("95% CI")])
    panels = []
    for term in dict.fromkeys(str(r["term"]) for r in rows if r["effect"] == "total"):
        lines = []
        data.heading(labels.term(term))
        for k, (effect, label) in enumerate(PARTS.items()):
            row = next(r for r in rows if r["effect"] == effect and str(r["term"]) == term)
            columns = ("ame", "ame_low", "ame_high") if points else ("estimate", "conf_low", "conf_high")
            value, low, high = (float(row[c]) * (100 if points else 1) for c in columns)
            digits = 1 if points else 2
            data.add(label, apa.number(value, digits), apa.interval(low, high, digits))
            text = apa.estimate(value, low, high, digits)
            lines.append(Interval(label, value, low, high, look(k), text, emphasis=effect == "indirect"))
        panels.append(Panel(labels.term(term), lines))
    spoken = "; ".join(f"{p.heading}, {r.label.lower()} {r.text}" for p in panels for r in p.rows)
    scale = Scale("difference", f"{unit} per standard deviation of the dimension", 0.0)
    heading = f"{'AME' if points else 'b'} [95% CI]"
    return Figure(
        f"mediation_{name}",
        title,
        f"{title}. {spoken}.",
        interval_plot(panels, scale, WIDE, text_heading=heading),
        data,
        narrow=interval_plot(panels, scale, NARROW, text_heading=heading),
    )


def _table(rows: list[dict[str, Any]], labels: Labels, name: str, title: str) -> Table:
    table = Table(
        f"mediation_{name}",
        f"{title}: all paths",
        [
            Column("Path", numeric=False),
            Column("Dimension", numeric=False),
            Column("*b*"),
            Column("*SE*"),
            Column("95% CI"),
        ],
        note="Per standard deviation of the latent variables; of a yes/no outcome, the latent response with unit "
        "variance given the covariates.",
    )
    for row in rows:
        effect, term = str(row["effect"]), row["term"]
        table.add(
            {**PATHS, **PARTS}[effect], "" if apa.is_missing(term) else labels.term(str(term)),
            apa.number(row["estimate"]), apa.number(row["std_error"]), apa.interval(row["conf_low"], row["conf_high"]),
        )  # fmt: skip
    return table
