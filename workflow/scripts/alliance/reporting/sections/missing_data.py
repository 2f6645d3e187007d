"""Does the conclusion depend on how missing data are handled, and can the imputations be trusted?"""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.associations import is_hazard, primary_model
from alliance.reporting.blocks import Figure, Section, TableBlock
from alliance.reporting.figures.axes import Scale
from alliance.reporting.figures.intervals import Interval, Panel, interval_plot
from alliance.reporting.figures.style import look
from alliance.reporting.figures.traces import TracePanel, trace_plot
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.results import Results
from alliance.reporting.tables import Column, Table
from alliance.reporting.words_missing import Reading, dependence_in_words, imputation_in_words, scores_in_words

METHODS = {"complete_cases": "Complete cases", "imputation": "Multiple imputation", "weighting": "Weighting"}
PANELS = 6  # variables whose traces are drawn: those with the largest R-hat


def missing_data_section(results: Results, labels: Labels) -> Section | None:
    """None when the study asks for no imputation."""
    rows = results.rows("link_missing_data")
    if not rows:
        return None
    section = Section("missing-data", "Does it matter how missing data are handled")
    models = list(dict.fromkeys(str(r["model"]) for r in rows))
    primary = primary_model(results)
    chosen = primary if primary in models else models[0]
    mine = [r for r in rows if r["model"] == chosen]
    section.blocks.append(_figure(results, labels, chosen, mine))
    for text in dependence_in_words([_reading(results, labels, r) for r in rows]):
        section.say(text)
    if results.block("link", "estimator") == "plausible":
        section.say(scores_in_words(str(rows[0]["score_method"])))
    section.blocks.append(TableBlock(_table(results, labels, rows, models), folded=True))
    plan = results.rows("imputation_plan")
    if plan:
        settings = results.block("imputation") or {}
        checks = results.rows("imputation_overimputation")
        section.say(
            imputation_in_words(
                draws=len({r["imputation"] for r in results.rows("imputation_traces")}) or settings.get("draws"),
                imputed=[r for r in plan if not is_missing_text(r["method"])],
                clustered=any(str(r["method"]).startswith("2l.") for r in plan),
                unsettled=[
                    labels.sample_column(str(r["variable"]))
                    for r in results.rows("imputation_convergence")
                    if not apa.is_missing(r["rhat"]) and str(r["settled"]) != "True"
                ],
                checked=len(checks),
                off=[labels.sample_column(str(r["variable"])) for r in checks if str(r["ok"]) != "True"],
            )
        )
        traces = _traces(results, labels)
        if traces:
            section.blocks.append(traces)
        section.blocks.append(TableBlock(_plan(labels, plan, results), folded=True))
    return section


def _reading(results: Results, labels: Labels, row: dict[str, Any]) -> Reading:
    value, low, high = _shown(row)
    return Reading(
        model=labels.link_model(str(row["model"])),
        term=labels.term(str(row["term"])),
        method=str(row["method"]),
        conclusion=str(row["conclusion"]),
        text=f"{'OR ' if not apa.is_missing(row['odds_ratio']) else '*b* '}{apa.estimate(value, low, high)}",
        shift=row["shift"],
        hazard=is_hazard(results, str(row["model"])),
    )


def _shown(row: dict[str, Any]) -> tuple[Any, Any, Any]:
    """The estimate with its limits as a ratio where it is one."""
    names = ("estimate", "conf_low", "conf_high") if apa.is_missing(row["odds_ratio"]) else _RATIO
    return row[names[0]], row[names[1]], row[names[2]]


_RATIO = ("odds_ratio", "or_low", "or_high")


def _figure(results: Results, labels: Labels, model: str, rows: list[dict[str, Any]]) -> Figure:
    """The predictors of one model by each method."""
    ratio = not apa.is_missing(rows[0]["odds_ratio"])
    short = "OR" if ratio else "*b*"
    name = labels.link_model(model)
    data = Table(
        "missing_data_primary",
        f"{escape(name)}: {'odds ratios' if ratio else 'coefficients'} by the handling of missing data",
        [Column("Method", numeric=False), Column(short), Column("95% CI"), Column("*n*")],
        note="A dash: the number of students is withheld, because it differs by fewer than the disclosure limit.",
    )
    panels = []
    for term in dict.fromkeys(str(r["term"]) for r in rows):
        data.heading(escape(labels.term(term)))
        lines = []
        for i, (method, label) in enumerate(METHODS.items()):
            row = next((r for r in rows if r["term"] == term and r["method"] == method), None)
            if row is None:
                continue
            value, low, high = _shown(row)
            data.add(label, apa.number(value), apa.interval(low, high), apa.count(row["n"]), indent=True)
            lines.append(Interval(label, value, low, high, look(i), apa.estimate(value, low, high)))
        panels.append(Panel(labels.term(term), lines))
    unit = "one standard deviation" if results.block("link", "standardise") is not False else "one unit"
    hints = ("outcome less likely", "outcome more likely") if ratio else ("lower values", "higher values")
    if is_hazard(results, model):
        hints = ("leaving less likely", "leaving more likely")
    label = f"{'Odds ratio' if ratio else 'Coefficient'} per {unit}" + (", log scale" if ratio else "")
    scale = Scale("ratio" if ratio else "difference", label, 1.0 if ratio else 0.0, *hints)
    heading = f"{'OR' if ratio else 'b'} [95% CI]"
    told = ". ".join(f"{p.heading}: " + "; ".join(f"{r.label} {r.text}" for r in p.rows) for p in panels)
    return Figure(
        name="missing_data",
        title=f"“{name}” by three ways of handling missing data",
        alt=f"Points with 95% intervals on one axis ({label}). {told}.",
        scene=interval_plot(panels, scale, 700, text_heading=heading),
        narrow=interval_plot(panels, scale, 350, text_heading=heading),
        data=data,
        note=f"Models with {escape(str(rows[0]['score_method']))} scores. Multiple imputation is pooled by Rubin’s "
        "rules; weighting: complete cases by the inverse of their chance of being complete.",
    )


def _table(results: Results, labels: Labels, rows: list[dict[str, Any]], models: list[str]) -> Table:
    spanner = "Estimate [95% CI]"
    table = Table(
        "missing_data",
        "All outcomes by the handling of missing data",
        [
            Column("Predictor", numeric=False),
            *(Column(label, spanner=spanner) for label in METHODS.values()),
            Column("Missing information"),
        ],
        note="Odds ratios (hazards: odds of leaving in a term) or coefficients. Missing information: share of the "
        "information about the coefficient that imputation cannot restore.",
    )
    for model in models:
        mine = {(str(r["term"]), str(r["method"])): r for r in rows if r["model"] == model}
        sizes = {m: next((r["n"] for (_, method), r in mine.items() if method == m), None) for m in METHODS}
        told = ", ".join(apa.count(n) for n in sizes.values())
        table.heading(f"{escape(labels.link_model(model))} (*n* = {told})")
        for term in dict.fromkeys(term for term, _ in mine):
            cells = [apa.estimate(*_shown(mine[term, m])) if (term, m) in mine else apa.MISSING for m in METHODS]
            fmi = mine.get((term, "imputation"), {}).get("fmi")
            table.add(escape(labels.term(term)), *cells, apa.bounded(fmi), indent=True)
    return table


def _traces(results: Results, labels: Labels) -> Figure | None:
    """Chains of the variables that mix worst, folded."""
    settled = [r for r in results.rows("imputation_convergence", statistic="mean") if not apa.is_missing(r["rhat"])]
    worst = [str(r["variable"]) for r in sorted(settled, key=lambda r: -r["rhat"])[:PANELS]]
    if not worst:
        return None
    data = Table(
        "imputation_convergence",
        "Have the chains settled",
        [Column("Variable", numeric=False), Column("*R̂* of the mean"), Column("*R̂* of the *SD*")],
        note="Potential scale reduction over the second half of the iterations; above 1.2 a chain has not settled.",
    )
    spread = {str(r["variable"]): r["rhat"] for r in results.rows("imputation_convergence", statistic="sd")}
    for row in settled:
        name = str(row["variable"])
        data.add(escape(labels.sample_column(name)), apa.number(row["rhat"]), apa.number(spread.get(name)))
    panels = []
    for name in worst:
        rows = results.rows("imputation_traces", variable=name)
        draws = dict.fromkeys(r["imputation"] for r in rows)
        chains = [[r["mean"] for r in rows if r["imputation"] == k] for k in draws]
        panels.append(TracePanel(labels.sample_column(name), chains))
    return Figure(
        name="imputation_traces",
        title="Chains of the imputation: mean of the imputed values by iteration",
        alt=f"One line per imputation for {', '.join(p.label for p in panels)}. Lines that mingle have settled; their "
        "R-hat stands in the table.",
        scene=trace_plot(panels, 700),
        narrow=trace_plot(panels, 350),
        data=data,
        note="The variables that mix worst. Lines should mingle and not climb.",
        folded=True,
    )


def _plan(labels: Labels, plan: list[dict[str, Any]], results: Results) -> Table:
    coverage = {str(r["variable"]): r for r in results.rows("imputation_overimputation")}
    table = Table(
        "imputation_plan",
        "What was imputed, how, and hidden values against their imputations",
        [
            Column("Variable", numeric=False), Column("Method", numeric=False), Column("Missing"),
            Column("Predictors"), Column("Hidden", spanner="Check"), Column("Inside the 90% interval", spanner="Check"),
        ],
        note="pmm: predictive mean matching; norm: linear regression; logreg, polyreg: logit of two or more "
        "categories; 2l.: with random intercepts of the clusters. Check: observed values were hidden and imputed; "
        "about 90% should lie inside the interval of their imputations. A dash: few students, withheld.",
    )  # fmt: skip
    for part, title in (("analysis", "Predictors and covariates"), ("outcome", "Outcomes"), ("auxiliary", "Auxiliary")):
        mine = [r for r in plan if r["part"] == part and not is_missing_text(r["method"])]
        if mine:
            table.heading(title)
        for r in mine:
            name = str(r["variable"])
            check = coverage.get(name, {})
            share = apa.percent(r["share"]) if not apa.is_missing(r["share"]) else apa.MISSING
            inside = apa.percent(check["coverage"]) if check else apa.MISSING
            cells = (str(r["method"]), share, apa.count(r["predictors"]), apa.count(check.get("cells")), inside)
            table.add(escape(labels.sample_column(name)), *cells, indent=True)
    return table
