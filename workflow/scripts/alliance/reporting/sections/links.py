"""The associations of the dimensions with the outcomes, pooled and by cohort, with odds ratios and marginal effects."""

from __future__ import annotations

import math
from typing import Any

from alliance.reporting import apa
from alliance.reporting.associations import (
    SLOPE,
    SPREAD,
    effect,
    heading,
    is_hazard,
    is_ratio,
    models,
    predictor_rows,
    predictors,
    unit,
)
from alliance.reporting.blocks import Section, TableBlock
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.results import POOLED, Results
from alliance.reporting.tables import Column, Table
from alliance.reporting.words import listing, sentence

_TESTS = {"Wald chi2": "Wald *χ*²", "Wald F": "Wald *F*"}


def links_section(results: Results, labels: Labels) -> Section:
    """Tables and figures of the link; one line when the config does not ask for it."""
    section = Section("links", "Links with the outcomes")
    if not results.block("link"):
        section.say("No link between the alliance and the outcomes was asked for in this study’s config.")
        return section
    if not results.has("link_estimates"):
        section.say("No model could be estimated; the status table says why.")
        return section
    section.say(_how(results, labels))
    section.blocks.append(TableBlock(_pooled(results, labels)))
    if results.has("link_joint"):
        section.blocks.append(TableBlock(_joint(results, labels)))
    for table in (_by_cohort(results, labels), _covariates(results, labels)):
        if table.body:
            section.blocks.append(TableBlock(table, folded=True))
    return section


def _how(results: Results, labels: Labels) -> str:
    scores = {"regression": "regression factor scores", "sum": "mean scores"}.get(
        str(results.block("link", "scores")), f"{results.block('link', 'scores')} scores"
    )
    cluster, vcov = results.block("link", "cluster"), results.block("link", "vcov")
    errors = (
        f"standard errors clustered by {labels.variable(cluster).lower()} ({vcov})"
        if cluster
        else f"heteroskedasticity-robust standard errors ({vcov})"
        if vcov
        else "model-based standard errors"
    )
    names = listing([labels.term(p).lower() for p in predictors(results)])
    text = f"The {names} scores ({scores}) enter one model per outcome together with the covariates; {errors}."
    if results.block("link", "estimator") == "plausible":
        text = (
            f"{sentence(names)} enter one model per outcome together with the covariates, as plausible values: draws "
            "of each student’s level from its distribution given all answers, the outcome and the covariates, so that "
            "measurement error neither weakens the coefficients nor is left out of their errors. Estimates are "
            f"pooled over the draws by Rubin’s rules; {errors}. One unit is one standard deviation of the dimension."
        )
    elif unit(results):
        text += " One unit of a score is one standard deviation in the pooled sample."
    adjust = results.block("link", "adjust") or {}
    if adjust:
        text += (
            f" *p* values of the predictors are adjusted {_over(adjust.get('family', 'predictors'))} "
            f"({str(adjust.get('method', '')).capitalize()})."
        )
    return text


def _over(family: Any) -> str:
    """The family of tests in words."""
    known = {
        "predictors": "over all pooled models",
        "outcome": "over the tests of each outcome",
        "all": "together with the covariates over all pooled models",
    }
    if isinstance(family, str):
        return known.get(family, known["predictors"])
    return "within each declared family of tests" if isinstance(family, dict) else "over the declared family of tests"


def _measure(row: dict[str, Any]) -> str:
    """Estimate with its interval on the printed scale."""
    if is_ratio(row):
        return apa.estimate(row["odds_ratio"], row["or_low"], row["or_high"])
    return apa.estimate(row["estimate"], row["conf_low"], row["conf_high"])


def _size(row: dict[str, Any]) -> str:
    parts = [f"*n* = {apa.count(row['n'])}"]
    if not apa.is_missing(row.get("n_events")) or isinstance(row.get("n_events"), str):
        parts.append(f"{apa.count(row['n_events'])} events")
    if not apa.is_missing(row.get("n_clusters")):
        parts.append(f"{apa.count(row['n_clusters'])} clusters")
    return ", ".join(parts)


def _points(marginal: dict[str, Any]) -> str:
    """A difference of probabilities with its interval, in percentage points."""
    if apa.is_missing(marginal.get("ame")):
        return apa.MISSING
    return f"{apa.points(marginal['ame'])} {apa.points_interval(marginal['conf_low'], marginal['conf_high'])}"


def _pooled(results: Results, labels: Labels) -> Table:
    shown = [m for m in models(results) if predictor_rows(results, m)]
    ratio = all(is_ratio(predictor_rows(results, m)[0]) for m in shown)
    table = Table(
        "links",
        "Associations of the scores with the outcomes"
        + (", pooled over cohorts" if results.block("sample", "cohort") else ""),
        [
            Column("Predictor", numeric=False),
            Column("OR [95% CI]" if ratio else "OR or *b* [95% CI]"),
            Column("*p*"),
            Column("*p* adjusted"),
            Column("AME [95% CI]", spanner="Probability, in percentage points"),
            Column("10th to 90th percentile", spanner="Probability, in percentage points"),
        ],
        note="OR: odds ratio. AME: average marginal effect, the average slope per unit of the score; beside it, the "
        "average "
        "difference between students at the 10th and at the 90th percentile of the score"
        + (
            "; for departure, of the probability of leaving in a term"
            if any(is_hazard(results, m) for m in shown)
            else ""
        )
        + ". Association, not effect: nothing here was randomised.",
    )
    for model in shown:
        rows = predictor_rows(results, model)
        table.heading(f"{escape(heading(results, labels, model))} ({_size(rows[0])})")
        for row in rows:
            table.add(
                labels.term(row["term"]),
                _measure(row),
                apa.p_cell(row["p_value"]),
                apa.p_cell(row.get("p_adjusted", math.nan)),
                *(_points(effect(results, model, row["term"], contrast=contrast)) for contrast in (SLOPE, SPREAD)),
                indent=True,
            )
    return table


def _joint(results: Results, labels: Labels) -> Table:
    table = Table(
        "joint",
        "Joint tests: all dimensions together",
        [
            Column("Outcome", numeric=False),
            Column("Test", numeric=False),
            Column("Statistic"),
            Column("*df*"),
            Column("*p*"),
        ],
        note="The question whether any dimension is associated, which does not need the dimensions to be told apart.",
    )
    for row in (r for r in results.rows("link_joint", sample=POOLED) if r["model"] in models(results)):
        table.add(
            escape(labels.link_model(row["model"])),
            _TESTS.get(str(row["test"]), escape(str(row["test"]))),
            apa.number(row["statistic"]),
            _df(row),
            apa.p_cell(row["p_value"]),
        )
    return table


def _df(row: dict[str, Any]) -> str:
    """One number for a chi-square, two for an F test."""
    below = row.get("df_denominator", math.nan)
    alone = apa.is_missing(below) or math.isinf(below)
    return apa.degrees(row["df"]) + ("" if alone else f", {apa.degrees(below)}")


def _by_cohort(results: Results, labels: Labels) -> Table:
    samples = [s for s in dict.fromkeys(r["sample"] for r in results.rows("link_cohorts")) if s != POOLED]
    table = Table(
        "links_by_cohort",
        "Associations by cohort",
        [
            Column("Predictor", numeric=False),
            *(Column(s, spanner="OR [95% CI]") for s in samples),
            Column("Pooled", spanner="OR [95% CI]"),
        ],
        note="Each cohort estimated on its own. A dash: not estimated (see the status table).",
    )
    if not samples:
        return table
    for model in models(results):
        cells = {s: {r["term"]: r for r in predictor_rows(results, model, s)} for s in [*samples, POOLED]}
        if not cells[POOLED]:
            continue
        table.heading(escape(labels.link_model(model)))
        for term in predictors(results):
            table.add(
                labels.term(term),
                *(_measure(cells[s][term]) if term in cells[s] else apa.MISSING for s in [*samples, POOLED]),
                indent=True,
            )
    return table


def _covariates(results: Results, labels: Labels) -> Table:
    table = Table(
        "coefficients",
        "All coefficients of the pooled models",
        [Column("Term", numeric=False), Column("*b*"), Column("*SE*"), Column("OR [95% CI]"), Column("*p*")],
        note="*b*: coefficient on the scale of the linear predictor.",
    )
    chosen = results.block("link", "scores")
    for model in models(results):
        rows = results.rows("link_estimates", model=model, sample=POOLED)
        rows = [r for r in rows if r.get("score_method") == chosen] or rows
        if rows:
            table.heading(escape(labels.link_model(model)))
        for row in rows:
            ratio = apa.estimate(row["odds_ratio"], row["or_low"], row["or_high"]) if is_ratio(row) else apa.MISSING
            table.add(
                escape(labels.term(row["term"])),
                apa.number(row["estimate"]),
                apa.number(row["std_error"]),
                ratio,
                apa.p_cell(row["p_value"]),
                indent=True,
            )
    return table
