"""Tables of the measurement part: fit, reliability, and those for looking things up."""

from __future__ import annotations

import math

from alliance.reporting import apa
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.plain_tables import plain_table
from alliance.reporting.results import POOLED, Results
from alliance.reporting.tables import Column, Table
from alliance.reporting.words import listing

TOTAL = "total"  # the sum of all items, beside the dimensions
_RELIABILITY = {
    "alpha": "α",
    "omega": "ω",
    "omega_total": "ω total",
    "omega_hierarchical": "ω hierarchical",
    "ecv": "ECV",
    "ave": "AVE",
}


def inadmissible(results: Results, status: str = "inadmissible") -> dict[str, str]:
    """Pooled models whose solution cannot be that of a population (or that failed), with the reason."""
    rows = results.rows("measurement_status", sample=POOLED, status=status)
    return {str(r["model"]): str(r["reason"]) for r in rows}


def fit_table(
    results: Results,
    labels: Labels,
    fits: dict[tuple[str, str], dict[str, float]],
    samples: tuple[str, ...] = (POOLED,),
) -> Table:
    criteria = ["AIC", "BIC"] if any("bic" in values for values in fits.values()) else []
    heads = ["*χ*²", "*df*", "*p*", "CFI", "TLI", "RMSEA [90% CI]", "SRMR", *criteria]
    pooled_only = samples == (POOLED,)
    n = next((v["n"] for (s, _), v in fits.items() if s == POOLED), math.nan)
    how = labels.estimator(estimator_used(results))
    scaled = any("chisq_scaled" in values for values in fits.values())
    table = Table(
        "fit" if pooled_only else "fit_by_cohort",
        "Fit of the measurement models" + ("" if pooled_only else " by cohort"),
        [Column("Model" if pooled_only else "Cohort", numeric=False), *map(Column, heads)],
        note=f"Estimated by {how}"
        + (f"; *N* = {apa.count(n)}. " if pooled_only else ". ")
        + ("Scaled test and indices." if scaled else "Plain (unscaled) test and indices."),
    )
    marks = "abcdef"
    wrong = {m: f"Not admissible, and not ranked: {why}" for m, why in inadmissible(results).items()}
    wrong |= {m: f"No estimates: {why}" for m, why in inadmissible(results, "failed").items()}
    wrong = {m: wrong[m] for m in results.block("measurement", "models") or [] if m in wrong and pooled_only}
    for sample in samples:
        for model in results.block("measurement", "models") or []:
            values = fits.get((sample, model))
            if pooled_only:
                mark = f" ({marks[list(wrong).index(model) % len(marks)]})" if model in wrong else ""
                table.add(escape(labels.measurement_model(model)) + mark, *_fit_cells(values, criteria))
            elif values and model == results.block("measurement", "chosen"):
                name = f"{escape(labels.sample(sample))} (*n* = {apa.count(values['n'])})"
                table.add(name, *_fit_cells(values, criteria))
    for mark, reason in zip(marks, wrong.values(), strict=False):
        table.note += f" ({mark}) {escape(reason)}."
    return table


def estimator_used(results: Results) -> str:
    """The estimator of the pooled models, which differs from the one asked for when items have many categories."""
    rows = results.rows("measurement_fit", sample=POOLED)
    return str(rows[0]["estimator"]) if rows else str(results.block("measurement", "estimator") or "WLSMV")


def _fit_cells(values: dict[str, float] | None, criteria: list[str]) -> list[str]:
    """The cells of one model; dashes when it was not admissible (the status table says why)."""
    if not values:
        return [apa.MISSING] * (7 + len(criteria))
    v = values.get
    return [
        apa.number(v("chisq")),
        apa.degrees(v("df")),
        apa.p_cell(v("pvalue")),
        apa.bounded(v("cfi"), 3),
        apa.bounded(v("tli"), 3),
        apa.estimate(v("rmsea"), v("rmsea_ci_lower"), v("rmsea_ci_upper"), 3, unit_bound=True),
        apa.bounded(v("srmr"), 3),
        *(apa.number(v(name.lower()), 0) for name in criteria),
    ]


def reliability_table(results: Results, labels: Labels) -> Table:
    """Dimensions of the instrument, then the total score, with every coefficient that was computed for them."""
    wanted = [*labels.dimensions(), TOTAL]
    rows = [r for r in results.rows("measurement_reliability", sample=POOLED) if r["dimension"] in wanted]
    measures = [m for m in _RELIABILITY if any(r["measure"] == m for r in rows)]
    table = Table(
        "reliability",
        "Reliability of the dimensions",
        [
            Column("Dimension", numeric=False),
            Column("Items"),
            *(Column(_RELIABILITY.get(m, escape(m))) for m in measures),
        ],
        note="Estimates with 95% intervals. ω: of the sum of the items, from the chosen model (total: from one "
        "factor). From "
        "the bifactor model: ω total; ω hierarchical, the part due to the general factor (total) or to the dimension "
        "alone; ECV, the share of the common variance.",
    )
    for key in (d for d in wanted if any(r["dimension"] == d for r in rows)):
        mine = {str(r["measure"]): r for r in rows if r["dimension"] == key}
        cells = [
            apa.estimate(mine[m]["value"], mine[m].get("ci_lower"), mine[m].get("ci_upper"), unit_bound=True)
            if m in mine
            else apa.MISSING
            for m in measures
        ]
        name = "Total score" if key == TOTAL else labels.dimension(key)
        table.add(escape(name), apa.count(next(iter(mine.values()))["items"]), *cells)
    return table


def detail_tables(results: Results, labels: Labels, chosen: str, fits: dict) -> list[Table]:
    """Tables for looking things up."""
    tables = []
    samples = tuple(s for s in dict.fromkeys(s for s, _ in fits) if s != POOLED)
    if samples:
        tables.append(fit_table(results, labels, fits, samples))
    if results.has("measurement_validity"):
        tables.append(
            plain_table(
                results.rows("measurement_validity", sample=POOLED),
                "validity",
                "Discriminant validity of the dimensions",
                ["dimension_1", "dimension_2", "r", "htmt", "ave_1", "ave_2"],
                names={"dimension_1": labels.dimension, "dimension_2": labels.dimension},
                heads={"dimension_1": "Dimension", "dimension_2": "With", "ave_1": "AVE", "ave_2": "AVE of the other"},
                note="HTMT: heterotrait-monotrait ratio of correlations. AVE: average variance extracted.",
            )
        )
    rows = [
        r
        for r in results.rows("measurement_residuals", sample=POOLED, model=chosen)
        if not apa.is_missing(r["residual_r"])
    ]
    largest = sorted(rows, key=lambda r: (-abs(r["residual_r"]), r["item_1"], r["item_2"]))[:10]
    if largest:
        suffix = f"_{results.block('measurement', 'role')}_w{results.block('measurement', 'wave')}"
        tables.append(
            plain_table(
                largest,
                "residuals",
                "Largest residual correlations of the chosen model",
                ["item_1", "item_2", "residual_r"],
                names={"item_1": lambda v: v.removesuffix(suffix), "item_2": lambda v: v.removesuffix(suffix)},
                heads={"item_1": "Item", "item_2": "With", "residual_r": "Residual *r*"},
                note="Observed minus model-implied correlation.",
            )
        )
    if results.has("scores_determinacy"):
        tables.append(
            plain_table(
                results.rows("scores_determinacy", sample=POOLED) or results.rows("scores_determinacy"),
                "scores",
                f"Quality of the {listing([str(m) for m in results.block('scores', 'methods') or ['']])} scores",
                ["dimension", "method", "n", "reliability", "determinacy", "se_mean"],
                names={"dimension": labels.dimension},
                heads={"se_mean": "Mean *SE*", "determinacy": "Determinacy"},
                note="Determinacy: correlation of the score with the factor it stands for.",
            )
        )
    return tables
