"""The answer first: one sentence, the forest plot, and whether the dimensions may be read apart."""

from __future__ import annotations

from alliance.reporting import apa
from alliance.reporting.associations import associations, is_hazard, joint_test, primary_model, unit, verdict
from alliance.reporting.blocks import Notice, Paragraph, Section
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.results import POOLED, Results
from alliance.reporting.sections.forest import outcome_forests
from alliance.reporting.sections.measurement_error import disagreement
from alliance.reporting.sections.rates import is_time, of_everybody
from alliance.reporting.words import FactorPair, answer, in_points, listing, sentence, separability, tied_dimensions


def answer_section(results: Results, labels: Labels) -> Section:
    """What was found, in the order of interest; what the study did not ask for is said in a line."""
    section = Section("answer", "The answer")
    model = primary_model(results) if results.has("link_estimates") else None
    if model:
        _linked(section, results, labels, model)
    elif results.block("link"):
        section.say("No model of the associations could be estimated; the status table at the end says why.")
    elif results.has("outcomes_rates"):
        _rates(section, results, labels)
    told = separability_text(results, labels)
    if told:
        section.blocks.append(
            Notice("Can the dimensions be read apart?", told) if model else Paragraph(told, lead=not section.blocks)
        )
    if model:
        section.blocks.extend(outcome_forests(results, labels))
    return section


def _linked(section: Section, results: Results, labels: Labels, model: str) -> None:
    found = associations(results, labels, model)
    outcome = escape(labels.link_model(model))
    per = unit(results)
    hazard = is_hazard(results, model)
    tied = tied_dimensions(_pairs(results, labels), _cut(results))
    lead = answer(found, outcome, hazard=hazard, unit=per, tied=tied, joint=joint_test(results, model))
    section.blocks.append(Paragraph(lead, lead=True))
    row = next(iter(results.rows("link_estimates", model=model, sample=POOLED)))
    parts = [f"*n* = {apa.count(row['n'])} students"]
    if not apa.is_missing(row.get("n_clusters")):
        cluster = labels.variable(str(results.block("link", "cluster") or "cluster")).lower()
        parts.append(f"{apa.count(row['n_clusters'])} clusters ({cluster})")
    how = f"Pooled {labels.family(str(row['family']))}, {', '.join(parts)}"
    covariates = [labels.variable(c).lower() for c in results.block("link", "covariates") or []]
    if covariates:
        how += f"; held constant besides: {listing([escape(c) for c in covariates])}"
    more = in_points([a for a in found if a.label not in tied], outcome, per)
    section.say(
        f"{how}. {more + ' ' if more else ''}These are associations: the design does not show what brings them about."
    )
    otherwise = disagreement(results, labels, model)
    if otherwise:
        section.blocks.append(Notice("What measurement error would have changed", otherwise))


def _rates(section: Section, results: Results, labels: Labels) -> None:
    """Without a link, the answer is the rates of the outcomes, primary outcome first."""
    primary = results.block("outcomes", "primary")
    rows = [r for r in results.rows("outcomes_rates", cohort=POOLED) if of_everybody(r)]
    rows = [r for r in rows if not is_time(results, r["outcome"])]
    rows.sort(key=lambda r: r["outcome"] != primary)
    said = [
        f"of {apa.count(r['n_at_risk'])} students, {apa.percent(r['rate'])} "
        f"({apa.confidence(100 * r['ci_lower'], 100 * r['ci_upper'], 1)}) were “{escape(labels.outcome(r['outcome']))}”"
        for r in rows
        if not apa.is_missing(r["rate"])
    ]
    if said:
        section.blocks.append(Paragraph(sentence(said[0]) + ".", lead=True))
    if said[1:]:
        section.say(sentence(listing(said[1:])) + ".")
    section.say("No survey of the alliance belongs to this study, so nothing is said about associations with it.")


def separability_text(results: Results, labels: Labels, sample: str = POOLED) -> str:
    """The verdict on the dimensions from the factor correlations of the chosen model."""
    said = verdict(results, sample)
    if said == "not_judged":
        return escape(str(results.rows("measurement_separability", sample=sample)[0]["text"]))
    return separability(said, _pairs(results, labels, sample), _cut(results))


def _pairs(results: Results, labels: Labels, sample: str = POOLED) -> list[FactorPair]:
    rows = results.rows("measurement_correlations", sample=sample, model=results.block("measurement", "chosen"))
    names = [(labels.dimension(r["dimension_1"]), labels.dimension(r["dimension_2"])) for r in rows]
    return [FactorPair(a, b, r["r"], r["ci_lower"], r["ci_upper"]) for (a, b), r in zip(names, rows, strict=True)]


def _cut(results: Results) -> float:
    cut = results.block("measurement", "separability_cut")
    return 0.85 if cut is None else float(cut)
