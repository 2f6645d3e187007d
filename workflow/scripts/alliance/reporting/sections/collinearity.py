"""What these data can tell apart: the joint region of the closest pair, dominance, and other parameterisations."""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.associations import is_hazard, primary_model, unit
from alliance.reporting.blocks import Bullets, Figure, Paragraph, Section, TableBlock
from alliance.reporting.figures.axes import Scale
from alliance.reporting.figures.intervals import Interval, Panel, interval_plot
from alliance.reporting.figures.region import Region, region_plot
from alliance.reporting.figures.style import look
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.results import Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.tables import Column, Table
from alliance.reporting.words_relation import sum_and_difference, told_apart, told_apart_briefly

_NAMES = {
    "joint": "All dimensions in one model",
    "alone": "One dimension at a time",
    "total": "Total score",
    "general": "General factor",
    "general_and_specific": "General factor and what is specific",
}


def collinearity_section(results: Results, labels: Labels) -> Section | None:
    """None when there is one predictor, or no link."""
    rows = results.rows("link_apart")
    model = primary_model(results) if rows else None
    row = next((r for r in rows if r["model"] == model), None)
    if row is None:
        return None
    section = Section("apart", "What these data can tell apart")
    section.blocks.append(Paragraph(told_apart(row, labels.term, escape(labels.link_model(model))), lead=True))
    pair = next((r for r in results.rows("link_region", model=model) if r["closest"] in (True, "True")), None)
    if pair:
        section.blocks.append(_region(results, labels, model, pair))
        section.say(sum_and_difference(pair, labels.term))
    figure = _dominance(results, labels, model)
    if figure:
        section.blocks.append(figure)
    section.blocks.append(TableBlock(_parameterisations(results, labels, [model], "parameterisations")))
    others = [r["model"] for r in rows if r["model"] != model]
    if others:
        section.say("What is associated with the other outcomes, as far as these data tell:")
        named = [(r, escape(labels.link_model(r["model"]))) for r in rows if r["model"] in others]
        section.blocks.append(Bullets(tuple(told_apart_briefly(r, labels.term, name) for r, name in named)))
        table = _parameterisations(results, labels, others, "parameterisations_others")
        section.blocks.append(TableBlock(table, folded=True))
    section.blocks += [
        TableBlock(t, folded=True) for t in (_dominance_table(results, labels), _condition(results, labels, model))
    ]
    return section


def _region(results: Results, labels: Labels, model: str, pair: dict[str, Any]) -> Figure:
    first, second = (labels.term(pair[k]) for k in ("term_1", "term_2"))
    limits = {
        r["term"]: (float(r["conf_low"]), float(r["conf_high"]))
        for r in results.rows("link_parameterisations", model=model, parameterisation="joint")
    }
    region = Region(
        *(float(pair[k]) for k in ("estimate_1", "estimate_2", "half_major", "half_minor", "angle")),
        limits[pair["term_1"]],
        limits[pair["term_2"]],
    )
    scale = "log odds" + (f" per {unit(results).removeprefix('one ')}" if unit(results) else "")
    data = Table(
        "joint_region",
        f"Joint 95% confidence region of {first.lower()} and {second.lower()}",
        [Column("Quantity", numeric=False), Column("Estimate"), Column("95% CI")],
    )
    for name, key in ((first, "term_1"), (second, "term_2")):
        low, high = limits[pair[key]]
        data.add(name, apa.number(pair[f"estimate_{key[-1]}"]), apa.interval(low, high))
    for name in ("sum", "difference"):
        data.add(name.capitalize(), apa.number(pair[name]), apa.interval(pair[f"{name}_low"], pair[f"{name}_high"]))
    data.add("Half length of the long axis", apa.number(pair["half_major"]), apa.MISSING)
    data.add("Half length of the short axis", apa.number(pair["half_minor"]), apa.MISSING)
    data.add("Angle of the long axis in degrees", apa.number(pair["angle"], 1), apa.MISSING)
    inside = "lies inside" if pair["holds_none"] in (True, "True") else "lies outside"
    across, upwards = f"Coefficient of {first.lower()} ({scale})", f"Coefficient of {second.lower()} ({scale})"
    return Figure(
        name="joint_region",
        title=f"“{labels.link_model(model)}”: coefficients of {first.lower()} and {second.lower()} that the data allow",
        alt=f"An ellipse around {apa.number(pair['estimate_1'])} and {apa.number(pair['estimate_2'])}; no association "
        f"of either (0, 0) {inside}. The two estimates correlate {apa.bounded(pair['estimate_r'])}.",
        scene=region_plot(region, across, upwards, 520),
        narrow=region_plot(region, across, upwards, NARROW),
        data=data,
        note=f"Every pair of coefficients inside the ellipse agrees with the data (95%); no association of either "
        f"(open circle) {inside}. The brackets at the edges are the single intervals: read one by one they hide what "
        f"the ellipse shows. *n* = {apa.count(pair['n'])}.",
    )


def _dominance(results: Results, labels: Labels, model: str) -> Figure | None:
    rows = results.rows("link_dominance", model=model)
    if not rows:
        return None
    data = Table(
        "dominance_primary",
        f"General dominance for “{escape(labels.link_model(model))}”",
        [Column("Predictor", numeric=False), Column("Gain"), Column("95% CI"), Column("Share")],
    )
    lines = []
    for i, r in enumerate(rows):
        name = labels.term(r["predictor"])
        data.add(name, apa.bounded(r["general"], 3), apa.interval(r["conf_low"], r["conf_high"], 3, unit_bound=True),
                 apa.percent(r["share"], 0))  # fmt: skip
        text = f"{apa.bounded(r['general'], 3)} ({apa.percent(r['share'], 0)})"
        lines.append(Interval(name, r["general"], r["conf_low"], r["conf_high"], look(i), text))
    top = max(r["conf_high"] for r in rows)
    scale = Scale("unit", "General dominance: mean gain in McFadden’s R² over all subsets", limits=(0.0, 1.08 * top))
    alone = [
        f"{labels.term(r['predictor']).lower()} {apa.bounded(r['alone'], 3)} and {apa.bounded(r['last'], 3)}"
        for r in rows
    ]
    heading, drawn = "gain (share)", results.block("link", "estimator") == "plausible"
    return Figure(
        name="dominance",
        title=f"“{labels.link_model(model)}”: how the dimensions share what they explain",
        alt="Points with 95% intervals: " + "; ".join(f"{line.label} {line.text}" for line in lines) + ".",
        scene=interval_plot([Panel("", lines)], scale, WIDE, text_heading=heading),
        narrow=interval_plot([Panel("", lines)], scale, NARROW, text_heading=heading),
        data=data,
        note=("Of the scores, not of the plausible values. " if drawn else "")
        + "Beyond the covariates; intervals from "
        f"{apa.count(rows[0]['draws'])} draws of whole clusters. Entering alone and entering last, the gains are "
        f"{'; '.join(alone)}: the gap between the two is what the dimensions share.",
    )  # fmt: skip


def _term(labels: Labels, key: str) -> str:
    if key in ("total", "general"):
        return _NAMES[key]
    if key.startswith("specific_"):
        return f"{labels.term(key.removeprefix('specific_'))}, beyond the general factor"
    return labels.term(key)


def _parameterisations(results: Results, labels: Labels, models: list[str], name: str) -> Table:
    of = f": “{escape(labels.link_model(models[0]))}”" if len(models) == 1 else ", other outcomes"
    heads = ("OR [95% CI]", "*p*", "AME in points [95% CI]", "AIC")
    table = Table(
        name,
        f"One alliance, several parameterisations{of}",
        [Column("Predictor", numeric=False), *map(Column, heads)],
        note="Same students, same covariates. Predictors in standard deviations; total: mean of the dimensions; "
        "general factor: score of the bifactor model. Where one dimension alone and beside the others differ much, the "
        "difference is what the dimensions share."
        + (" Departure: leaving in a term." if any(is_hazard(results, m) for m in models) else ""),
    )
    for model in models:
        rows = results.rows("link_parameterisations", model=model)
        for kind in dict.fromkeys(r["parameterisation"] for r in rows):
            own = [r for r in rows if r["parameterisation"] == kind]
            title = _NAMES[kind] if len(models) == 1 else f"{escape(labels.link_model(model))}: {_NAMES[kind].lower()}"
            table.heading(title)
            for r in own:
                points = f"{apa.points(r['ame'])} {apa.points_interval(r['ame_low'], r['ame_high'])}"
                table.add(
                    _term(labels, r["term"]), apa.estimate(r["odds_ratio"], r["or_low"], r["or_high"]),
                    apa.p_cell(r["p_value"]), points, apa.number(r["aic"], 1), indent=True,
                )  # fmt: skip
    return table


def _dominance_table(results: Results, labels: Labels) -> Table:
    table = Table(
        "dominance",
        "Dominance of the dimensions, all outcomes",
        [Column("Predictor", numeric=False), *map(Column, ("Alone", "General", "95% CI", "Share", "Last"))],
        note="Gains in McFadden’s *R*² beyond the covariates: alone, on average over all subsets of the others "
        "(general), and as the last to enter.",
    )  # fmt: skip
    for model in dict.fromkeys(r["model"] for r in results.rows("link_dominance")):
        table.heading(escape(labels.link_model(model)))
        for r in results.rows("link_dominance", model=model):
            table.add(
                labels.term(r["predictor"]), apa.bounded(r["alone"], 3), apa.bounded(r["general"], 3),
                apa.interval(r["conf_low"], r["conf_high"], 3, unit_bound=True), apa.percent(r["share"], 0),
                apa.bounded(r["last"], 3), indent=True,
            )  # fmt: skip
    return table


def _condition(results: Results, labels: Labels, model: str) -> Table:
    rows = results.rows("link_condition", model=model)
    shares = [c for c in (rows[0] if rows else {}) if c.startswith("share_")]
    table = Table(
        "condition",
        f"Collinearity of the predictors: “{escape(labels.link_model(model))}”",
        [
            Column("Measure", numeric=False), Column("Value"), Column("*R*² on the others"),
            *(Column(labels.term(c.removeprefix("share_")), spanner="Share of the variance of") for c in shares),
        ],
        note="VIF: variance inflation factor. A condition index above 10 with two large shares marks a combination of "
        "predictors that the data hardly know (Belsley, Kuh & Welsch, 1980).",
    )  # fmt: skip
    for r in rows:
        vif = r["measure"] == "vif"
        name = f"VIF of {labels.term(r['term']).lower()}" if vif else f"Condition index {int(r['k'])}"
        table.add(name, apa.number(r["value"]), apa.bounded(r["r2_others"]), *(apa.bounded(r[c]) for c in shares))
    return table
