"""Reads the associations that the report speaks of out of the link tables: which model answers the question, and its
numbers."""

from __future__ import annotations

import math
from typing import Any

from alliance.reporting.apa import is_missing
from alliance.reporting.labels import Labels, is_moderated
from alliance.reporting.results import POOLED, Results
from alliance.reporting.words import Association, JointTest

HAZARD = ("hazard", "cox")
SLOPE = "dY/dX"  # mean slope of the probability
SPREAD = "p10-p90"  # from the 10th to the 90th percentile of the predictor


def models(results: Results) -> list[str]:
    """Names of the link models in the order of the config, without those of moderation."""
    return [name for name, spec in (results.block("link", "models") or {}).items() if not is_moderated(spec)]


def predictors(results: Results) -> list[str]:
    """The predictors in the order of the config."""
    return list(results.block("link", "predictors") or [])


def primary_model(results: Results) -> str | None:
    """The model of the primary outcome, or the first that was estimated; None when there is none."""
    estimated = [m for m in models(results) if predictor_rows(results, m)]
    wanted = results.block("outcomes", "primary")
    return next(
        (m for m in estimated if results.block("link", "models", m, "outcome") == wanted),
        estimated[0] if estimated else None,
    )


def predictor_rows(results: Results, model: str, sample: str = POOLED) -> list[dict[str, Any]]:
    """Rows of the estimates for the predictors of one model, in the order of the config, with the chosen kind of
    score; a multinomial model has them for each category against the first."""
    rows = results.rows("link_estimates", model=model, sample=sample)
    chosen = results.block("link", "scores")
    with_scores = [r for r in rows if r.get("score_method") == chosen] or rows
    by_term = {str(r["term"]): r for r in with_scores}
    wanted = predictors(results)
    equations = list(dict.fromkeys(t.partition(": ")[0] for t in by_term if t.partition(": ")[2] in wanted))
    names = [f"{e}: {p}" for e in equations for p in wanted] or wanted
    return [by_term[name] for name in names if name in by_term]


def is_ratio(row: dict[str, Any]) -> bool:
    """Whether the model gives ratios (odds, hazards): then odds_ratio is filled."""
    return not is_missing(row.get("odds_ratio"))


def is_hazard(results: Results, model: str) -> bool:
    """Whether the model is about leaving: a ratio below one is then good news."""
    return results.block("link", "models", model, "family") in HAZARD


def heading(results: Results, labels: Labels, model: str) -> str:
    """The name of a model over its rows, with what its ratios are of when that is not the outcome itself."""
    family = results.block("link", "models", model, "family")
    name = labels.link_model(model)
    if family == "cox" or (family == "hazard" and results.block("link", "models", model, "link") == "cloglog"):
        return f"{name}: hazard of leaving"
    if is_hazard(results, model):
        return f"{name}: odds of leaving in a term"
    if family == "ordinal":
        return f"{name}: odds of a higher answer, probability of the highest"
    if family == "multinomial":
        rows = results.rows("outcomes_definitions", outcome=results.block("link", "models", model, "outcome"))
        first = str(rows[0].get("categories", "")).partition(";")[0].replace("_", " ") if rows else ""
        return f"{name}: odds against “{first}”" if first else name
    return name


def effect(results: Results, model: str, term: str, sample: str = POOLED, contrast: str = SLOPE) -> dict[str, Any]:
    """An average marginal effect of a predictor, of an ordinal model that on its highest answer; empty without one."""
    rows = results.rows("link_effects", model=model, sample=sample, contrast=contrast)
    own = [r for r in rows if str(r["term"]) == term]
    if not own and results.block("link", "models", model, "family") == "ordinal":
        own = [r for r in rows if str(r["term"]).endswith(f": {term}")][-1:]  # categories stand from low to high
    return own[0] if own else {}


def associations(results: Results, labels: Labels, model: str, sample: str = POOLED) -> list[Association]:
    """The predictors of one model with their numbers on the printed scale."""
    found = []
    for row in predictor_rows(results, model, sample):
        ratio = is_ratio(row)
        marginal = effect(results, model, row["term"], sample) if ratio and not is_hazard(results, model) else {}
        found.append(
            Association(
                labels.term(row["term"]),
                row["odds_ratio"] if ratio else row["estimate"],
                row["or_low"] if ratio else row["conf_low"],
                row["or_high"] if ratio else row["conf_high"],
                row.get("p_adjusted", math.nan),
                ratio,
                marginal.get("ame", math.nan),
                marginal.get("conf_low", math.nan),
                marginal.get("conf_high", math.nan),
            )
        )
    return found


def joint_test(results: Results, model: str, sample: str = POOLED) -> JointTest | None:
    """The joint test of the predictors of a model."""
    rows = results.rows("link_joint", model=model, sample=sample)
    if not rows:
        return None
    row = rows[0]
    return JointTest(row["statistic"], row["df"], row["p_value"], row.get("df_denominator", math.nan))


def unit(results: Results) -> str:
    """What one unit of a predictor is."""
    return "one standard deviation" if results.block("link", "standardise") else ""


def verdict(results: Results, sample: str = POOLED) -> str:
    """The separability verdict: ``distinct``, ``not_distinct``, ``mixed`` or nothing."""
    rows = results.rows("measurement_separability", sample=sample)
    return str(rows[0]["verdict"]) if rows else ""
