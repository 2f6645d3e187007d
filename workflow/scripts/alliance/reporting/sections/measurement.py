"""What was measured: the model, its fit beside its rivals, loadings, factor correlations, reliability."""

from __future__ import annotations

import math
from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Figure, Section, TableBlock
from alliance.reporting.figures.axes import Scale
from alliance.reporting.figures.intervals import Interval, Panel, interval_plot
from alliance.reporting.figures.path import path_diagram
from alliance.reporting.figures.path_model import PathModel, path_model
from alliance.reporting.figures.style import POOLED as POOLED_LOOK
from alliance.reporting.figures.style import look
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, number_word
from alliance.reporting.results import POOLED, Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.sections.items import likert_figure
from alliance.reporting.sections.measurement_more import add_more
from alliance.reporting.sections.measurement_pictures import precision_figure, residuals_figure
from alliance.reporting.sections.measurement_tables import (
    TOTAL,
    detail_tables,
    fit_table,
    inadmissible,
    reliability_table,
)
from alliance.reporting.tables import Column, Table
from alliance.reporting.words_measurement import fit_in_words, reliability_in_words


def measurement_section(results: Results, labels: Labels) -> Section:
    """The measurement part; one line when the config does not ask for it."""
    section = Section("measurement", "Measurement")
    if not results.block("measurement"):
        section.say("No measurement model was asked for in this study’s config.")
        return section
    chosen = str(results.block("measurement", "chosen"))
    report = labels.report_of(str(results.block("measurement", "role")), results.block("measurement", "wave"))
    fits = fit_values(results)
    section.say(
        f"The instrument ({escape(str(results.block('instrument', 'name') or ''))}) was fitted to the items of one "
        f"report ({escape(report.lower())}). "
        f"Declared in the config: {labels.measurement_model(chosen).lower()}. "
        f"{fit_in_words(fits.get((POOLED, chosen), {}))}"
    )
    _add_path(section, results, labels, chosen)
    if fits:
        section.blocks.append(TableBlock(fit_table(results, labels, fits)))
        _equivalence(section, results, labels)
    _add_correlations(section, results, labels, chosen)
    if results.has("measurement_reliability"):
        words = _reliability(results, labels)
        if words:
            section.say(words)
        section.blocks.append(TableBlock(reliability_table(results, labels)))
    pictures = (precision_figure(results, labels), likert_figure(results, labels),
                residuals_figure(results, labels, chosen))  # fmt: skip
    section.blocks += [figure for figure in pictures if figure]
    section.blocks += [TableBlock(t, folded=True) for t in detail_tables(results, labels, chosen, fits)]
    add_more(section, results, labels)
    return section


def _reliability(results: Results, labels: Labels) -> str:
    rows = results.rows("measurement_reliability", sample=POOLED)
    value = {(r["dimension"], r["measure"]): r["value"] for r in rows}
    dims = labels.dimensions()
    omega, own = (
        [(labels.dimension(d), value[d, measure]) for d in dims if (d, measure) in value]
        for measure in ("omega", "omega_hierarchical")
    )
    general = {measure: value[TOTAL, measure] for dimension, measure in value if dimension == TOTAL}
    return reliability_in_words(omega, general, own)


def fit_values(results: Results) -> dict[tuple[str, str], dict[str, float]]:
    """Fit measures by (sample, model), with ``n``; test and indices are the scaled ones where there are any."""
    values: dict[tuple[str, str], dict[str, float]] = {}
    for row in results.rows("measurement_fit"):
        one = values.setdefault((row["sample"], row["model"]), {"n": row["n"]})
        one[str(row["measure"])] = row["value"]
    for one in values.values():
        for name in ("chisq", "pvalue", "cfi", "tli", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper"):
            one[name] = one.get(f"{name}_scaled", one.get(name, math.nan))
    return values


def _add_path(section: Section, results: Results, labels: Labels, chosen: str) -> None:
    every = list(dict.fromkeys([chosen, *(results.block("measurement", "models") or [])]))
    for name in every:
        rows = results.rows("measurement_parameters", sample=POOLED, model=name)
        if not any(r["op"] == "=~" for r in rows) or (name != chosen and name != "bifactor"):
            continue
        why = inadmissible(results).get(name)
        if why and name != chosen:
            continue  # the fit table says so; a picture of what cannot be would be read as a result
        model = path_model(rows, _item_names(results, labels, rows))
        section.blocks.append(_path_figure(model, labels.measurement_model(name), name, why))


def _item_names(results: Results, labels: Labels, rows: list[dict[str, Any]]) -> dict[str, str]:
    """Factors by their labels, items by the variable's name without role and wave."""
    suffix = f"_{results.block('measurement', 'role')}_w{results.block('measurement', 'wave')}"
    names = {}
    for row in rows:
        if row["op"] == "=~":
            names[row["lhs"]] = labels.dimension(row["lhs"])
            names.setdefault(row["rhs"], str(row["rhs"]).removesuffix(suffix))
    return names


def _path_figure(model: PathModel, title: str, name: str, inadmissible: str | None) -> Figure:
    data = Table(
        f"loadings_{name}",
        f"{title}: standardised loadings and residual variances",
        [
            Column("Item", numeric=False),
            Column("Factor", numeric=False),
            Column("Loading"),
            Column("Residual variance"),
        ],
    )
    for factor, item, value, _ in model.loadings:
        data.add(
            escape(model.label(item)),
            escape(model.label(factor)),
            apa.bounded(value),
            apa.bounded(model.residuals.get(item, math.nan)),
        )
    ties = [f"{model.label(a)} with {model.label(b)} {apa.bounded(v)}" for a, b, v in model.correlations]
    ends = []
    for factor in [*([model.general] if model.general else []), *model.factors]:
        sizes = [v for f, _, v, _ in model.loadings if f == factor]
        ends.append(
            f"{model.label(factor)}: {number_word(len(sizes))} items, loadings {apa.bounded(min(sizes))} to "
            f"{apa.bounded(max(sizes))}"
        )
    return Figure(
        name=f"path_{name}",
        title=f"{title}, standardised solution",
        alt=f"Path diagram. {'. '.join(ends)}." + (f" Factor correlations: {'; '.join(ties)}." if ties else ""),
        scene=path_diagram(model),
        data=data,
        note=(f"**Not admissible: {escape(inadmissible)}.** " if inadmissible else "")
        + "Numbers on arrows are standardised loadings"
        + ("" if model.general else "; at the right ends, residual variances")
        + ("; on curves, factor correlations." if ties else ".")
        + ("" if all(clear for *_, clear in model.loadings) else " Dashed: *p* ≥ .05."),
    )


def _equivalence(section: Section, results: Results, labels: Labels) -> None:
    if len(labels.dimensions()) == 3 and "correlated" in (results.block("measurement", "models") or []):
        section.say(
            "With exactly three first-order factors, a second-order factor and three correlated factors are the "
            "same model "
            "(same test, same degrees of freedom): equivalent by construction, so no choice between them rests on fit."
        )


def _add_correlations(section: Section, results: Results, labels: Labels, chosen: str) -> None:
    rows = results.rows("measurement_correlations", model=chosen)
    if not rows:
        return
    samples = list(dict.fromkeys(r["sample"] for r in rows))
    samples = [*(s for s in samples if s != POOLED), *(s for s in samples if s == POOLED)]
    report = labels.report_of(str(results.block("measurement", "role")), results.block("measurement", "wave"))
    cohorts = bool(results.block("sample", "cohort")) and bool(results.block("measurement", "by_cohort"))
    cut = float(results.block("measurement", "separability_cut") or 0.85)
    data = Table(
        "factor_correlations", "Factor correlations", [Column("Sample", numeric=False), Column("*r*"), Column("95% CI")]
    )
    panels = []
    for i, (a, b) in enumerate(dict.fromkeys((r["dimension_1"], r["dimension_2"]) for r in rows)):
        heading = f"{labels.dimension(a)} with {labels.dimension(b).lower()}"
        data.heading(heading)
        lines = []
        for sample in samples:
            for r in rows:
                if (r["sample"], r["dimension_1"], r["dimension_2"]) != (sample, a, b):
                    continue
                name = labels.sample(sample) if cohorts or sample != POOLED else report
                data.add(escape(name), apa.bounded(r["r"]), apa.interval(r["ci_lower"], r["ci_upper"], unit_bound=True))
                text = apa.estimate(r["r"], r["ci_lower"], r["ci_upper"], unit_bound=True)
                shown = POOLED_LOOK if sample == POOLED and len(samples) > 1 else look(i)
                lines.append(
                    Interval(
                        name,
                        r["r"],
                        r["ci_lower"],
                        r["ci_upper"],
                        shown,
                        text,
                        emphasis=sample == POOLED and len(samples) > 1,
                    )
                )
        panels.append(Panel(heading, lines))
    scale = Scale(
        "unit", f"Factor correlation; dashed: {apa.bounded(cut)}, from where two dimensions are not told apart", cut
    )
    alt = ". ".join(f"{p.heading}: " + "; ".join(f"{r.label} {r.text}" for r in p.rows) for p in panels)
    section.blocks.append(
        Figure(
            name="factor_correlations",
            title="How close the dimensions are: factor correlations with 95% intervals",
            alt=f"Points with intervals and a dashed line at {apa.bounded(cut)}. {alt}.",
            scene=interval_plot(panels, scale, WIDE, text_heading="r [95% CI]"),
            narrow=interval_plot(panels, scale, NARROW, text_heading="r [95% CI]"),
            data=data,
        )
    )
