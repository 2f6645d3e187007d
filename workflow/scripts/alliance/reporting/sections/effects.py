"""How large the associations are: predicted outcomes across the range of the alliance, in percentage points."""

from __future__ import annotations

import math
from typing import Any

from alliance.reporting import apa
from alliance.reporting.associations import is_hazard, models, predictors, primary_model
from alliance.reporting.blocks import Figure, Paragraph, Section, TableBlock
from alliance.reporting.figures.span import Span, span_plot
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, number_word
from alliance.reporting.results import Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.tables import Column, Table
from alliance.reporting.words import listing
from alliance.reporting.words_relation import confounder_in_words, range_in_words

TOGETHER = "together"


def effects_section(results: Results, labels: Labels) -> Section | None:
    """None when no curve was made."""
    rows = results.rows("link_contrasts")
    model = primary_model(results) if rows else None
    if model is None or not results.rows("link_contrasts", model=model):
        return None
    section = Section("effects", "How large")
    whole = _whole(results)
    main = results.rows("link_contrasts", model=model, term=whole)[0]
    what = _what(results, labels, whole)
    section.blocks.append(Paragraph(range_in_words(main, what, _outcome(results, labels, model)), lead=True))
    figures = [f for m in models(results) if (f := _figure(results, labels, m, whole, folded=m != model))]
    figures.sort(key=lambda f: f.folded)
    section.blocks += figures[:1]
    section.blocks.append(TableBlock(_table(results, labels)))
    section.blocks += figures[1:]
    said = _confounder(results, labels, model)
    if said:
        section.say(said)
    if results.has("link_sensitivity"):
        section.blocks.append(TableBlock(_sensitivity(results, labels), folded=True))
    return section


def _whole(results: Results) -> str:
    """The term that stands for the alliance as a whole: all dimensions together, or the only one."""
    own = predictors(results)
    return TOGETHER if len(own) > 1 else own[0]


def _what(results: Results, labels: Labels, term: str) -> str:
    if term != TOGETHER:
        return labels.term(term).lower()
    names = [labels.term(p).lower() for p in predictors(results)]
    return f"the alliance ({listing(names)} moved together)"


def _outcome(results: Results, labels: Labels, model: str) -> str:
    return "leaving in a term" if is_hazard(results, model) else escape(labels.link_model(model))


def _figure(results: Results, labels: Labels, model: str, term: str, *, folded: bool) -> Figure | None:
    rows = results.rows("link_curve", model=model, term=term)
    if len(rows) < 2:
        return None
    spread = rows[0]["unit"] == "SD"
    persons = tuple(math.nan if apa.is_missing(r["n_students"]) else float(r["n_students"]) for r in rows)
    columns = ([float(r[c]) for r in rows] for c in ("value", "predicted", "conf_low", "conf_high"))
    span = Span(*(tuple(c) for c in columns), persons)
    unit = "in standard deviations from its mean" if spread else "in points"
    name = "The alliance, all dimensions together" if term == TOGETHER else labels.term(term)
    outcome = _outcome(results, labels, model)
    upwards = f"Predicted to be “{outcome}”" if not is_hazard(results, model) else "Predicted to leave in a term"
    data = Table(
        f"curve_{model}", f"Predicted outcome across the range: “{outcome}”",
        [Column("Value"), Column("Predicted"), Column("95% CI"), Column("Students near it")],
        note="A dash: fewer students than the disclosure limit, or a count that would reveal one.",
    )  # fmt: skip
    for r in rows:
        limits = apa.interval(100 * r["conf_low"], 100 * r["conf_high"], 1)
        data.add(apa.number(r["value"]), apa.percent(r["predicted"]), limits, apa.count(r["n_students"]))
    first, last = rows[0], rows[-1]
    return Figure(
        name=f"curve_{model}",
        title=f"“{labels.link_model(model)}” across the range of the alliance",
        alt=f"A curve with its 95% band: {apa.percent(first['predicted'])} at {apa.number(first['value'])}, "
        f"{apa.percent(last['predicted'])} at {apa.number(last['value'])}; bars beneath show the students near each "
        "value.",
        scene=span_plot(span, f"{name}, {unit}", upwards, WIDE),
        narrow=span_plot(span, f"{name}, {unit}", upwards, NARROW, 220),
        data=data,
        note="Average prediction of the pooled model for its students if their alliance were at the value, covariates "
        "as they are; band: 95% confidence interval. The curve ends where fewer students stand behind it than may be "
        "shown. It describes who stays at which level, not what would happen if the level changed.",
        folded=folded,
    )


def _table(results: Results, labels: Labels) -> Table:
    own = predictors(results)
    leaving = any(is_hazard(results, m) for m in models(results))
    table = Table(
        "contrasts",
        "Predicted outcomes at the 10th and at the 90th percentile",
        [
            Column("Moved", numeric=False), Column("10th [95% CI]", spanner="Predicted, in percent"),
            Column("90th [95% CI]", spanner="Predicted, in percent"), Column("Difference in points [95% CI]"),
            Column("*p*"),
        ],
        note="A dimension moved alone holds the others where they are: combinations that hardly occur when dimensions "
        "go together. Together: all at the same number of standard deviations. Associations, not effects."
        + (" Departure: probability of leaving in a term." if leaving else ""),
    )  # fmt: skip
    named = {p: labels.term(p) for p in own}
    named[TOGETHER] = f"All {number_word(len(own))} together"
    for model in models(results):
        rows = {r["term"]: r for r in results.rows("link_contrasts", model=model)}
        if rows:
            n = next(iter(rows.values()))["n"]
            table.heading(f"{escape(labels.link_model(model))} (*n* = {apa.count(n)})")
        for term in [TOGETHER, *own]:
            if term in rows:
                table.add(named[term], *_cells(rows[term]), indent=True)
    return table


def _cells(r: dict[str, Any]) -> list[str]:
    ends = [
        apa.estimate(*(100 * r[f"predicted_{side}{part}"] for part in ("", "_from", "_to")), 1)
        for side in ("low", "high")
    ]
    difference = f"{apa.points(r['difference'])} {apa.points_interval(r['conf_low'], r['conf_high'])}"
    return [*ends, difference, apa.p_cell(r["p_value"])]


def _confounder(results: Results, labels: Labels, model: str) -> str:
    rows = results.rows("link_sensitivity", model=model, term="total") or results.rows("link_sensitivity", model=model)
    if not rows:
        return ""
    what = "the total score" if rows[0]["term"] == "total" else labels.term(rows[0]["term"]).lower()
    return confounder_in_words(rows[0], what, escape(labels.link_model(model)))


def _sensitivity(results: Results, labels: Labels) -> Table:
    table = Table(
        "sensitivity",
        "How strong an unmeasured confounder would have to be",
        [
            Column("Predictor", numeric=False), Column("Ratio [95% CI]"), Column("Risk ratio [95% CI]"),
            Column("Estimate", spanner="*E*-value"), Column("Limit of the interval", spanner="*E*-value"),
        ],
        note="*E*-value: the risk ratio by which an unmeasured confounder would have to go with both score and "
        "outcome, beyond the covariates, to explain the association away (VanderWeele & Ding, 2017). Odds ratios of "
        "common outcomes are turned into approximate risk ratios by their square root, hazard ratios by its "
        "counterpart; where fewer than 15% (or all but 15%) have the outcome, ratios stand as they are. 1: no "
        "confounder is needed. Confounding only: not measurement error, not selection.",
    )  # fmt: skip
    for model in models(results):
        rows = results.rows("link_sensitivity", model=model)
        if rows:
            kind = "odds ratio" if rows[0]["measure"] == "OR" else "hazard ratio"
            table.heading(f"{escape(labels.link_model(model))}: {kind}")
        for r in rows:
            table.add(
                "Total score" if r["term"] == "total" else labels.term(r["term"]),
                apa.estimate(r["ratio"], r["conf_low"], r["conf_high"]),
                apa.estimate(r["risk_ratio"], r["risk_ratio_low"], r["risk_ratio_high"]),
                apa.number(r["e_value"]), apa.number(r["e_value_interval"]), indent=True,
            )  # fmt: skip
    return table
