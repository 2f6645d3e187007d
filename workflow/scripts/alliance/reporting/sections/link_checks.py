"""How far the associations carry: between groups, along the range of a score, and down to what size they would show."""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.associations import models, predictor_rows, primary_model, unit
from alliance.reporting.blocks import Figure, Section, TableBlock
from alliance.reporting.figures.axes import Scale
from alliance.reporting.figures.intervals import Interval, Panel, interval_plot
from alliance.reporting.figures.style import look
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.results import Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.tables import Column, Table
from alliance.reporting.words import listing, sentence

CLEAR = 0.05  # level at which a test is said to speak for a difference


def link_checks_section(results: Results, labels: Labels) -> Section:
    """Moderation by group, shape of the associations, and the smallest association that the study could have found."""
    section = Section("link_checks", "How far the associations carry")
    if not results.has("link_estimates"):
        section.say("Nothing was estimated that could be looked at more closely.")
        return section
    for model in dict.fromkeys(r["model"] for r in results.rows("link_moderation")):
        _moderation(section, results, labels, model)
    if results.has("link_power"):
        section.say(_could_be_found(results, labels))
        section.blocks.append(TableBlock(_power(results, labels), folded=True))
    if results.has("link_nonlinearity"):
        section.say(_straight(results, labels))
        section.blocks.append(TableBlock(_shapes(results, labels), folded=True))
    if not section.blocks:
        section.say("The config asks for no interaction, and no model allowed a closer look.")
    return section


def _moderation(section: Section, results: Results, labels: Labels, model: str) -> None:
    rows = results.rows("link_moderation", model=model)
    outcome = labels.outcome(results.block("link", "models", model, "outcome"))
    for moderator in dict.fromkeys(r["moderator"] for r in rows):
        chosen = [r for r in rows if r["moderator"] == moderator]
        section.say(_between(chosen, labels.variable(moderator).lower(), outcome, labels))
        figure = _figure(chosen, f"{model}_{moderator}", labels, labels.variable(moderator), outcome, unit(results))
        if figure:
            section.blocks.append(figure)


def _between(rows: list[dict[str, Any]], moderator: str, outcome: str, labels: Labels) -> str:
    first = rows[0]
    differ = [r["term"] for r in rows if not apa.is_missing(r["interaction_p_adjusted"])
              and r["interaction_p_adjusted"] < CLEAR]  # fmt: skip
    test = _test_text(first["joint_statistic"], first["joint_df"], first["joint_df_denominator"], first["joint_p"])
    told = apa.is_missing(first["joint_p"])
    joint = "" if told else f" (joint test of the interactions: {test})"
    if told:
        found = "cannot be tested"
    elif first["joint_p"] < CLEAR:
        found = "differ between its groups"
    else:
        found = "are not shown to differ between its groups"
    text = f"“{outcome}” by {moderator}: the associations {found}{joint}."
    if differ:
        names = listing([labels.term(t).lower() for t in dict.fromkeys(differ)])
        text += f" One by one, after adjustment for several tests, they differ for {names}."
    if not told and first["joint_p"] >= CLEAR:
        text += " That is not evidence of equality: see how wide the intervals are."
    return text


def _test_text(statistic: object, df: object, below: object, p: object) -> str:
    if apa.is_missing(below) or below == float("inf"):
        return apa.chi_square(statistic, df, p)
    return apa.f_test(statistic, df, below, p)


def _figure(
    rows: list[dict[str, Any]], name: str, labels: Labels, moderator: str, outcome: str, per: str
) -> Figure | None:
    """Slopes in the groups, in percentage points where the model has a probability, else as ratios or coefficients."""
    points = any(not apa.is_missing(r["ame"]) for r in rows)
    ratio = not points and any(not apa.is_missing(r["odds_ratio"]) for r in rows)
    columns = ("ame", "ame_low", "ame_high") if points else ("odds_ratio", "or_low", "or_high") if ratio else (
        "estimate", "conf_low", "conf_high")  # fmt: skip
    size = 100.0 if points else 1.0
    shown = "Percentage points" if points else "OR" if ratio else "*b*"
    table = Table(
        f"moderation_{name}",
        f"“{escape(outcome)}”: slopes within the groups of {escape(moderator.lower())}",
        [
            Column("Group", numeric=False),
            Column("*n*"),
            Column(shown),
            Column("95% CI"),
            Column("*p*"),
            Column("*p* of the interaction, adjusted"),
        ],
        note="The model holds all scores, the covariates and the interactions. Differences are between a group and the "
        "first one. Association, not effect.",
    )
    panels = []
    for i, term in enumerate(dict.fromkeys(r["term"] for r in rows)):
        table.heading(escape(labels.term(term)))
        lines = []
        for r in (r for r in rows if r["term"] == term):
            value, low, high = (float(r[c]) * size for c in columns)
            p = r["ame_p_value"] if points else r["p_value"]
            difference = " - " in str(r["group"])
            table.add(
                escape(str(r["group"])).replace(" - ", " minus ", 1),
                apa.count(r["n"]) if not is_missing_text(r["n"]) else apa.MISSING,
                apa.number(value, 1 if points else 2),
                apa.interval(low, high, 1 if points else 2),
                apa.p_cell(p),
                apa.p_cell(r["interaction_p_adjusted"]) if difference else "",
                indent=True,
            )
            if not difference and not apa.is_missing(value):
                text = apa.estimate(value, low, high, 1 if points else 2)
                lines.append(Interval(str(r["group"]), value, low, high, look(i), text))
        panels.append(Panel(labels.term(term), lines))
    panels = [p for p in panels if p.rows]
    if not panels:
        return None
    unit_text = per or "one unit"
    label = f"Percentage points per {unit_text}" if points else f"{'Odds ratio' if ratio else 'Slope'} per {unit_text}"
    scale = Scale("ratio" if ratio else "difference", label, 1.0 if ratio else 0.0)
    told = "; ".join(f"{p.heading}: {', '.join(f'{r.label} {r.text}' for r in p.rows)}" for p in panels)
    return Figure(
        name=table.name,
        title=f"“{outcome}”: associations within the groups of {moderator.lower()}, with 95% intervals",
        alt=f"Points with intervals. {told}.",
        scene=interval_plot(panels, scale, WIDE),
        narrow=interval_plot(panels, scale, NARROW),
        data=table,
    )


def _could_be_found(results: Results, labels: Labels) -> str:
    model = primary_model(results)
    rows = results.rows("link_power", model=model) or results.rows("link_power")
    row = rows[0]
    within = f" in {apa.count(row['n_clusters'])} clusters" if not apa.is_missing(row["n_clusters"]) else ""
    ratios = all(not apa.is_missing(r["detectable_ratio"]) for r in rows)
    size = "detectable_ratio" if ratios else "detectable"
    each = [f"{apa.number(r[size])} for {labels.term(r['term']).lower()}" for r in rows]
    what = "odds ratios (or their inverses) of at least" if ratios else "coefficients of at least"
    text = (
        f"What a study of this size can see: with {apa.count(row['n'])} students{within}, the model of "
        f"“{labels.link_model(row['model'])}” finds, four times out of five, {what} {listing(each)} per "
        f"{unit(results) or 'one unit'}"
    )
    slopes = [r["detectable_ame"] for r in rows if not apa.is_missing(r["detectable_ame"])]
    if slopes:
        low, high = (f"{100 * f(slopes):.1f}" for f in (min, max))
        text += f" ({low} percentage points and more)" if low == high else f" (from {low} to {high} percentage points)"
    return text + ". Smaller associations may well be there and be missed."


def _power(results: Results, labels: Labels) -> Table:
    table = Table(
        "power",
        "Smallest associations that would be found with 80% power at the 5% level",
        [
            Column("Predictor", numeric=False),
            Column("*SE*"),
            Column("Design effect"),
            Column("Coefficient"),
            Column("Ratio"),
            Column("Percentage points"),
        ],
        note="From the standard errors at hand, without adjustment for several tests: (*t* for 97.5% + *t* for 80%) × "
        "*SE*. Design effect: variance of the estimate over that without regard to clusters. It says what the design "
        "can show, not how probable the result was. For departure, ratios and points are of leaving in a term.",
    )
    for model in models(results):
        rows = results.rows("link_power", model=model)
        if rows:
            table.heading(f"{escape(labels.link_model(model))} (*n* = {apa.count(rows[0]['n'])})")
        for r in rows:
            table.add(
                escape(labels.term(r["term"])),
                apa.number(r["std_error"]),
                apa.number(r["design_effect"]),
                apa.number(r["detectable"]),
                apa.number(r["detectable_ratio"]),
                apa.points(r["detectable_ame"]),
                indent=True,
            )
    return table


def _straight(results: Results, labels: Labels) -> str:
    rows = results.rows("link_nonlinearity")
    bent = [r for r in rows if not apa.is_missing(r["p_adjusted"]) and r["p_adjusted"] < CLEAR]
    if not bent:
        raw = sum(r["p_value"] < CLEAR for r in rows)
        found = f"none of {len(rows)} tests speaks against a straight line after adjustment"
        return f"Shape: {found}" + (f" ({raw} before)." if raw else ".")
    names = [f"{labels.term(r['term']).lower()} (“{labels.link_model(r['model'])}”, {r['form']})" for r in bent]
    return (
        f"Shape: the line is bent for {listing(names)}. There, one slope for the whole range is a summary of "
        "different slopes."
    )


def _shapes(results: Results, labels: Labels) -> Table:
    table = Table(
        "nonlinearity",
        "Tests of the bend of each score: a square, and a restricted cubic spline with four knots",
        [Column("Predictor", numeric=False), Column("Form", numeric=False), Column("Test"), Column("*p* adjusted")],
        note="Each bend alone in the model, everything else as it is.",
    )
    for model in models(results):
        rows = results.rows("link_nonlinearity", model=model)
        if rows and predictor_rows(results, model):
            table.heading(escape(labels.link_model(model)))
        for r in rows:
            table.add(
                escape(labels.term(r["term"])),
                sentence(str(r["form"])),
                _test_text(r["statistic"], r["df"], r["df_denominator"], r["p_value"]),
                apa.p_cell(r["p_adjusted"]),
                indent=True,
            )
    return table
