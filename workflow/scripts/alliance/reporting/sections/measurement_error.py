"""What measurement error does to the links: the same students and models by six methods, in a picture and in words."""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.associations import is_hazard, models, predictors, primary_model, unit
from alliance.reporting.blocks import Bullets, Figure, Section, TableBlock
from alliance.reporting.figures.axes import Scale
from alliance.reporting.figures.intervals import Interval, Panel, interval_plot
from alliance.reporting.figures.style import look
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.results import Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.tables import Column, Table
from alliance.reporting.words import listing, sentence

TABLE = "link_measurement_error"
METHODS = {
    "sum": "Mean of the items",
    "regression": "Factor score",
    "plausible": "Plausible values",
    "latent": "Latent variables (WLSMV)",
    "sam": "SAM",
    "croon": "Croon’s correction",
}
DISAGREE = ("significance", "sign", "difference")


def measurement_error_section(results: Results, labels: Labels) -> Section | None:
    """The comparison of methods; nothing where the config asks for no link."""
    if not results.block("link") or not results.has(TABLE):
        return None
    section = Section("measurement-error", "What measurement error does")
    section.say(_why(results, labels))
    said = [text for model in models(results) if (text := disagreement(results, labels, model))]
    if said:
        section.blocks.append(Bullets(tuple(said)))
    elif _declared(results) != "sum":
        section.say("In no model would the means of the items have told another story than the declared method.")
    primary = primary_model(results)
    shown = sorted(models(results), key=lambda m: m != primary)
    for model in shown:
        figure = _figure(results, labels, model, folded=model != primary)
        if figure:
            section.blocks.append(figure)
    table = _table(results, labels)
    if table.body:
        section.blocks.append(TableBlock(table, folded=True))
    failed = _failed(results, labels)
    if failed:
        section.say(failed)
    return section


def disagreement(results: Results, labels: Labels, model: str) -> str:
    """One sentence on where the means of the items would have told another story than the declared method; or none."""
    clauses = []
    for row in results.rows(TABLE, model=model, method="sum"):
        if row.get("verdict") not in DISAGREE:
            continue
        own = next(iter(results.rows(TABLE, model=model, method=_declared(results), term=str(row["term"]))), None)
        if own is not None:
            clauses.append(_clause(row, own, labels, is_hazard(results, model)))
    if not clauses:
        return ""
    return f"“{escape(labels.link_model(model))}”: {'; '.join(clauses)}."


def _clause(row: dict[str, Any], own: dict[str, Any], labels: Labels, hazard: bool) -> str:
    name = labels.term(str(row["term"])).lower()
    naive, ours = _in_words(row, hazard), _in_words(own, hazard)
    if row["verdict"] == "significance" and row["p_value"] < own["p_value"]:
        end = "so that no association of its own can be claimed"
    elif row["verdict"] == "significance":
        end = "so that an association stands out which error had hidden"
    elif row["verdict"] == "sign":
        end = "the other way round"
    else:
        end = "a difference beyond its own error"
    return f"the mean of the items would give {name} {naive}; with its error taken into account it is {ours}, {end}"


def _in_words(row: dict[str, Any], hazard: bool) -> str:
    p = f"*p* {apa.p_value(row['p_value'])}"
    if apa.is_missing(row.get("ame")):
        return f"*b* = {apa.estimate(row['estimate'], row['conf_low'], row['conf_high'])} ({p})"
    what = "percentage points of the probability of leaving in a term" if hazard else "percentage points"
    interval = apa.points_interval(row["ame_low"], row["ame_high"])
    return f"{apa.points(row['ame'])} {what}, 95% CI {interval} ({p})"


def _declared(results: Results) -> str:
    return next((str(r["method"]) for r in results.rows(TABLE) if str(r.get("declared")) == "True"), "")


def _why(results: Results, labels: Labels) -> str:
    names = [labels.term(p).lower() for p in predictors(results)]
    declared = METHODS.get(_declared(results), _declared(results)).lower()
    text = (
        f"{sentence(listing(names))} are measured with error, which weakens every coefficient and lets a dimension "
        f"borrow from the others that it correlates with. The same students were analysed by every method below; this "
        f"study’s estimates rest on {declared}"
    )
    quality = [
        f"{labels.term(p).lower()} {apa.bounded(row['reliability'])}"
        for p in predictors(results)
        if (row := next(iter(results.rows(TABLE, method="sum", term=p)), None))
        and not apa.is_missing(row["reliability"])
    ]
    return text + (f". Reliability of the means: {listing(quality)}." if quality else ".")


def _figure(results: Results, labels: Labels, model: str, *, folded: bool) -> Figure | None:
    """Average marginal effects by dimension and method; None where the model has none."""
    rows = [r for r in results.rows(TABLE, model=model) if not apa.is_missing(r.get("ame"))]
    if not rows:
        return None
    hazard = is_hazard(results, model)
    per = unit(results) or "one unit"
    title = f"{labels.link_model(model)}: what each method says"
    data = Table(
        f"measurement_error_{model}",
        f"“{escape(labels.link_model(model))}” by the treatment of measurement error",
        [Column("Method", numeric=False), Column("AME"), Column("95% CI"), Column("*p*")],
        note="AME: average marginal effect in percentage points"
        + (" of the probability of leaving in a term" if hazard else "")
        + f", per {per}. The declared method is set in bold.",
    )
    panels, spoken = [], []
    for term in dict.fromkeys(str(r["term"]) for r in rows):
        data.heading(labels.term(term))
        lines = []
        for k, (method, name) in enumerate(METHODS.items()):
            row = next((r for r in rows if r["method"] == method and str(r["term"]) == term), None)
            if row is None:
                continue
            low, high = row["ame_low"], row["ame_high"]
            own = str(row["declared"]) == "True"
            data.add(f"**{name}**" if own else name, apa.points(row["ame"]), apa.points_interval(low, high),
                     apa.p_cell(row["p_value"]))  # fmt: skip
            text = f"{apa.points(row['ame'])} {apa.points_interval(low, high)}"
            lines.append(Interval(name, 100 * row["ame"], 100 * low, 100 * high, look(k), text, emphasis=own))
            if own or method == "sum":
                spoken.append(f"{labels.term(term)}, {name.lower()} {text}")
        panels.append(Panel(labels.term(term), lines))
    scale = Scale("difference", f"Percentage points per {per}", 0.0)
    heading = "AME [95% CI]"
    return Figure(
        f"measurement_error_{model}",
        title,
        f"{title}. {'; '.join(spoken)}.",
        interval_plot(panels, scale, WIDE, text_heading=heading),
        data,
        narrow=interval_plot(panels, scale, NARROW, text_heading=heading),
        note="SAM: structural after measurement. The declared method is set in bold.",
        folded=folded,
    )


def _table(results: Results, labels: Labels) -> Table:
    table = Table(
        "measurement_error",
        "Coefficients by the treatment of measurement error",
        [
            Column("Method", numeric=False),
            Column("Dimension", numeric=False),
            Column("*b*"),
            Column("*SE*"),
            Column("*z* or *t*"),
            Column("*p*"),
            Column("Standardised"),
            Column("*n*"),
        ],
        note="*b*: on the scale of the method’s link (logit for scores and plausible values of a logit model, probit "
        "for latent variables and SAM, probability for Croon’s correction), per standard deviation of the dimension. "
        "Standardised: in standard deviations of the (latent) outcome.",
    )
    for model in models(results):
        rows = [r for r in results.rows(TABLE, model=model) if not apa.is_missing(r.get("estimate"))]
        if not rows:
            continue
        table.heading(escape(labels.link_model(model)))
        for row in rows:
            name = METHODS.get(str(row["method"]), str(row["method"]))
            bold = str(row["declared"]) == "True"
            table.add(
                f"**{name}**" if bold else name, labels.term(str(row["term"])), apa.number(row["estimate"]),
                apa.number(row["std_error"]), apa.number(row["statistic"]), apa.p_cell(row["p_value"]),
                apa.number(row["std_estimate"]), apa.count(row["n"]),
            )  # fmt: skip
    return table


def _failed(results: Results, labels: Labels) -> str:
    rows = [r for r in results.rows(TABLE, status="failed") if str(r["model"]) in models(results)]
    said = [
        f"{METHODS.get(str(r['method']), str(r['method']))} for “{escape(labels.link_model(str(r['model'])))}” "
        f"({escape(str(r['reason']))})"
        for r in rows
    ]
    return f"Not estimated: {'; '.join(said)}." if said else ""
