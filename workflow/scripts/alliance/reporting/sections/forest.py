"""Forest plots of the associations."""

from __future__ import annotations

import math

from alliance.reporting import apa
from alliance.reporting.associations import associations, heading, is_hazard, models, predictor_rows, predictors, unit
from alliance.reporting.blocks import Figure
from alliance.reporting.figures.axes import Scale
from alliance.reporting.figures.intervals import Interval, Panel, interval_plot
from alliance.reporting.figures.style import POOLED as POOLED_LOOK
from alliance.reporting.figures.style import PURPLE, QUIET, Look, look
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.results import POOLED, Results
from alliance.reporting.tables import Column, Table
from alliance.reporting.words import listing, sentence

WIDE, NARROW = 700.0, 350.0
TOTAL_LOOK = Look(PURPLE, "diamond", "")
RANDOM_LOOK = Look(QUIET, "diamond-open", "")


def outcome_forests(results: Results, labels: Labels) -> list[Figure]:
    """Predictors on every outcome: one figure for ratios, one for differences, whichever there are."""
    figures = []
    for ratio in (True, False):
        chosen = [
            (m, found)
            for m in models(results)
            if (found := associations(results, labels, m)) and found[0].ratio == ratio
        ]
        if not chosen:
            continue
        short = "OR" if ratio else "*b*"
        per = unit(results) or "one unit"
        data = Table(
            "associations" if ratio else "associations_differences",
            f"{'Odds ratios' if ratio else 'Coefficients'} of the "
            f"{listing([a.label.lower() for a in chosen[0][1]])} scores, per {per}",
            [Column("Predictor", numeric=False), Column(short), Column("95% CI")],
            note="All predictors and covariates in one model per outcome. Departure: odds of leaving in a term, so "
            "that below 1 means staying longer."
            if any(is_hazard(results, m) for m, _ in chosen)
            else "All predictors and covariates in one model per outcome.",
        )
        panels = []
        dimensions = len(predictors(results)) or 1  # several equations of an outcome repeat the dimensions' looks
        for model, found in chosen:
            name = heading(results, labels, model)
            data.heading(escape(name))
            for a in found:
                data.add(a.label, apa.number(a.estimate), apa.interval(a.low, a.high))
            rows = [
                Interval(
                    a.label, a.estimate, a.low, a.high, look(i % dimensions), apa.estimate(a.estimate, a.low, a.high)
                )
                for i, a in enumerate(found)
            ]
            panels.append(Panel(name, rows))
        scale = _scale(
            ratio, f"{'Odds ratio' if ratio else 'Coefficient'} per {per}" + (", log scale" if ratio else "")
        )
        title = (
            f"{sentence(listing([a.label.lower() for a in chosen[0][1]]))}: "
            f"{'odds ratios' if ratio else 'coefficients'} for the outcomes, with 95% intervals"
        )
        figures.append(_figure(data.name, title, panels, scale, data, "OR [95% CI]" if ratio else "b [95% CI]"))
    return figures


def cohort_forest(results: Results, labels: Labels, model: str) -> Figure | None:
    """The predictors of one model in each cohort and pooled; None when there are no cohorts."""
    panels: list[Panel] = []
    pooled = associations(results, labels, model)
    samples = [s for s in dict.fromkeys(r["sample"] for r in results.rows("link_cohorts", model=model)) if s != POOLED]
    if not pooled or not samples:
        return None
    ratio = pooled[0].ratio
    data = Table(
        "cohorts_primary",
        f"{escape(labels.link_model(model))}: {'odds ratios' if ratio else 'coefficients'} by cohort",
        [Column("Cohort", numeric=False), Column("OR" if ratio else "*b*"), Column("95% CI"), Column("*n*")],
        note="Each cohort estimated on its own; pooled: all cohorts in one model; random effects: the cohorts’ own "
        "estimates pooled by REML with the Hartung-Knapp interval.",
    )
    by_sample = {s: associations(results, labels, model, s) for s in samples}
    keys = [str(r["term"]) for r in predictor_rows(results, model)]
    if whole := _total(results, model, ratio, data):
        panels.append(Panel("Total score", whole))
    for i, overall in enumerate(pooled):
        data.heading(overall.label)
        rows = []
        for sample in [*samples, POOLED]:
            found = pooled if sample == POOLED else by_sample[sample]
            a = next((x for x in found if x.label == overall.label), None)
            if a is None:
                continue
            n = next((r["n"] for r in results.rows("link_estimates", model=model, sample=sample)), None)
            name = "Pooled" if sample == POOLED else sample
            data.add(name, apa.number(a.estimate), apa.interval(a.low, a.high), apa.count(n))
            shown = POOLED_LOOK if sample == POOLED else look(i)
            rows.append(
                Interval(
                    name,
                    a.estimate,
                    a.low,
                    a.high,
                    shown,
                    apa.estimate(a.estimate, a.low, a.high),
                    emphasis=sample == POOLED,
                )
            )
        rows += _two_stages(results, model, keys[i], ratio, data)
        panels.append(Panel(overall.label, rows))
    scale = _scale(
        ratio,
        f"{'Odds ratio' if ratio else 'Coefficient'} per {unit(results) or 'one unit'}"
        + (", log scale" if ratio else ""),
    )
    title = f"“{labels.link_model(model)}” by cohort and pooled"
    return _figure("cohorts", title, panels, scale, data, "OR [95% CI]" if ratio else "b [95% CI]")


def _total(results: Results, model: str, ratio: bool, data: Table) -> list[Interval]:
    """The total score in each cohort and pooled; nothing when it was not estimated."""
    rows = results.rows("link_cohorts_total", model=model)
    if not rows:
        return []
    data.heading("Total score")
    found = []
    for r in rows:
        values = [float(r[c]) for c in ("estimate", "conf_low", "conf_high")]
        estimate, low, high = (math.exp(v) for v in values) if ratio else values
        pooled = r["sample"] == POOLED
        name, shown = ("Pooled", POOLED_LOOK) if pooled else (r["sample"], TOTAL_LOOK)
        data.add(name, apa.number(estimate), apa.interval(low, high), apa.count(r["n"]))
        found.append(Interval(name, estimate, low, high, shown, apa.estimate(estimate, low, high), emphasis=pooled))
    return found + _two_stages(results, model, "total", ratio, data)


def _two_stages(results: Results, model: str, term: str, ratio: bool, data: Table) -> list[Interval]:
    """The random-effects estimate of one predictor as a last row, when the cohorts were pooled that way too."""
    row = next(iter(results.rows("link_heterogeneity", model=model, term=term, stages="two")), {})
    if apa.is_missing(row.get("estimate")):
        return []
    values = [float(row[c]) for c in ("estimate", "conf_low", "conf_high")]
    estimate, low, high = (math.exp(v) for v in values) if ratio else values
    data.add("Random effects", apa.number(estimate), apa.interval(low, high), apa.MISSING)
    return [Interval("Random effects", estimate, low, high, RANDOM_LOOK, apa.estimate(estimate, low, high))]


def _scale(ratio: bool, label: str) -> Scale:
    hints = ("outcome less likely", "outcome more likely") if ratio else ("lower values", "higher values")
    return Scale("ratio" if ratio else "difference", label, 1.0 if ratio else 0.0, *hints)


def _figure(name: str, title: str, panels: list[Panel], scale: Scale, data: Table, text_heading: str) -> Figure:
    lines = [f"{p.heading}: " + "; ".join(f"{r.label} {r.text}" for r in p.rows) for p in panels]
    return Figure(
        name=name,
        title=title,
        alt=f"Points with 95% intervals on one axis ({scale.label}). " + ". ".join(lines) + ".",
        scene=interval_plot(panels, scale, WIDE, text_heading=text_heading),
        narrow=interval_plot(panels, scale, NARROW, text_heading=text_heading),
        data=data,
    )
