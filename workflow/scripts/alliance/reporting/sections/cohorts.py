"""Do the cohorts agree: each cohort, both ways of pooling, and the tests of heterogeneity."""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.associations import models, primary_model
from alliance.reporting.blocks import Section, TableBlock
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.results import Results
from alliance.reporting.sections.forest import cohort_forest
from alliance.reporting.tables import Column, Table
from alliance.reporting.words_relation import cohorts_in_words


def cohorts_section(results: Results, labels: Labels) -> Section | None:
    """None when the models were not estimated by cohort."""
    model = primary_model(results) if results.has("link_cohorts") else None
    figure = cohort_forest(results, labels, model) if model else None
    if figure is None:
        return None
    section = Section("cohorts", "Do the cohorts agree")
    rows = results.rows("link_heterogeneity", model=model)
    if rows:
        section.blocks.append(figure)
        section.say(" ".join(cohorts_in_words(rows, labels.term)))
        section.blocks.append(TableBlock(_table(results, labels, [model], "heterogeneity")))
        others = [m for m in models(results) if m != model and results.rows("link_heterogeneity", model=m)]
        if others:
            section.blocks.append(TableBlock(_table(results, labels, others, "heterogeneity_others"), folded=True))
    else:
        section.blocks.append(figure)
    return section


def _table(results: Results, labels: Labels, chosen: list[str], name: str) -> Table:
    table = Table(
        name,
        "Heterogeneity between cohorts"
        + (f": “{escape(labels.link_model(chosen[0]))}”" if len(chosen) == 1 else ", other outcomes"),
        [
            Column("Predictor", numeric=False), Column("One stage [95% CI]", spanner="Pooled coefficient"),
            Column("Two stages [95% CI]", spanner="Pooled coefficient"), Column("Prediction interval"),
            Column("τ²"), Column("*I*²"), Column("*Q* (*p*)", spanner="Test that cohorts differ"),
            Column("*F* (*p*)", spanner="Test that cohorts differ"),
        ],
        note="Coefficients on the scale of log odds. One stage: all students in one model with cohort fixed effects; "
        "*F* lets the predictors differ between cohorts in that model. Two stages: random effects over the cohorts’ "
        "own estimates (REML, Hartung-Knapp); the prediction interval is for a new cohort; *Q*: Cochran’s test.",
    )  # fmt: skip
    for model in chosen:
        rows = results.rows("link_heterogeneity", model=model)
        if len(chosen) > 1:
            table.heading(escape(labels.link_model(model)))
        for term in dict.fromkeys(r["term"] for r in rows):
            one = next((r for r in rows if r["term"] == term and r["stages"] == "one"), {})
            two = next((r for r in rows if r["term"] == term and r["stages"] == "two"), {})
            label = {"all": "All predictors", "total": "Total score"}.get(term) or labels.term(term)
            table.add(label, *_cells(one, two), indent=len(chosen) > 1)
    return table


def _cells(one: dict[str, Any], two: dict[str, Any]) -> list[str]:
    def interval(row: dict[str, Any]) -> str:
        return apa.estimate(*(row.get(c) for c in ("estimate", "conf_low", "conf_high")))

    def test(row: dict[str, Any]) -> str:
        if apa.is_missing(row.get("statistic")):
            return apa.MISSING
        return f"{apa.number(row['statistic'])} ({apa.p_cell(row['test_p_value'])})"

    i2 = two.get("i2")
    return [
        interval(one), interval(two), apa.interval(two.get("prediction_low"), two.get("prediction_high")),
        apa.number(two.get("tau2")),
        apa.MISSING if apa.is_missing(i2) else f"{apa.number(i2, 0)}%", test(two), test(one),
    ]  # fmt: skip
