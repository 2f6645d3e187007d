"""The collinearity stage in one call: what the data can tell apart, model by model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.collinear import condition_rows, reading, region_rows, tied_terms, turned_terms
from alliance.persistence.dominance_analysis import dominance
from alliance.persistence.parameterisations import COLUMNS as PARAMETERISATIONS
from alliance.persistence.parameterisations import parameterisation_rows
from alliance.persistence.plausible_fit import DrawTables
from alliance.persistence.pooled_models import STATUS, PooledModel, StatusRows, pooled_models

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 1000
REFIT_BELOW = 500  # rows; fewer are refitted in every draw, more are expanded to second order
KEY = ("outcome", "model", "sample")
DOMINANCE = (
    *KEY, "predictor", "measure", "general", "share", "conf_low", "conf_high", "alone", "last", "total", "draws", "n",
)  # fmt: skip
REGION = (
    *KEY, "term_1", "term_2", "closest", "score_r", "estimate_1", "estimate_2", "estimate_r", "half_major",
    "half_minor", "angle", "holds_none", "sum", "sum_se", "sum_low", "sum_high", "difference", "difference_se",
    "difference_low", "difference_high", "n",
)  # fmt: skip
CONDITION = (*KEY, "measure", "term", "k", "value", "r2_others")
APART = (
    *KEY, "reading", "test", "statistic", "df", "df_denominator", "p_value", "separability", "own", "tied", "turned",
    "term_1", "term_2", "score_r", "estimate_r", "largest_vif", "largest_index", "n",
)  # fmt: skip


@dataclass(frozen=True)
class CollinearityTables:
    """The tables of the stage; ``apart`` holds one row per model that says what may be read."""

    dominance: pd.DataFrame
    parameterisations: pd.DataFrame
    condition: pd.DataFrame
    region: pd.DataFrame
    apart: pd.DataFrame
    status: pd.DataFrame


def collinearity_tables(
    sample: pd.DataFrame,
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    periods: pd.DataFrame,
    config: Mapping[str, Any],
    *,
    separability: str = "",
    pairs: Sequence[str] = (),
    general: pd.DataFrame | None = None,
    why_no_general: str = "",
    minimum: int = 10,
    draws: int = DRAWS,
    drawn: DrawTables | None = None,
) -> CollinearityTables:
    """Everything about collinear dimensions, for every pooled model of ``link.models``.

    ``separability`` is the verdict on the pooled sample (distinct, not_distinct, mixed) with the ``pairs`` that cannot
    be told apart ("goal-task"); ``general`` the scores of the bifactor model (index student_id) or None with the reason
    in ``why_no_general``; ``draws`` those of the cluster bootstrap; ``drawn`` the plausible values where they are the
    declared estimator. Dominance and condition indices are of the scores, or of the first draw.
    """
    import pandas as pd

    predictors = list(config["link"]["predictors"])
    status = StatusRows("collinearity")
    found: dict[str, list] = {name: [] for name in ("dominance", "parameterisations", "condition", "region", "apart")}
    for model in pooled_models(sample, scores, outcomes, periods, config, minimum, status, drawn):
        rows, reasons = parameterisation_rows(model, general)
        if general is None and why_no_general:
            reasons.append(why_no_general)
        found["parameterisations"] += rows
        for reason in reasons:
            status.add(model.name, "note", reason)
        if len(predictors) < 2:
            continue
        turned = turned_terms(rows, predictors)
        condition = condition_rows(model.students, predictors)
        regions = region_rows(model.fit, model.students, predictors)
        head = {**model.key, "n": model.analysis.students}
        found["condition"] += [{**head, **row} for row in condition]
        found["region"] += [{**head, **row} for row in regions]
        found["dominance"] += _dominance(model, draws, int(config.get("seed", 1)))
        apart = _apart(model, condition, regions, (separability, pairs))
        found["apart"].append({**head, **apart, "turned": " ".join(turned)})
    shares = [f"share_{p}" for p in predictors]
    columns = {
        "dominance": DOMINANCE, "parameterisations": PARAMETERISATIONS, "condition": (*CONDITION, *shares),
        "region": REGION, "apart": APART,
    }  # fmt: skip
    tables = {name: pd.DataFrame(rows, columns=list(columns[name])) for name, rows in found.items()}
    return CollinearityTables(**tables, status=pd.DataFrame(status.rows, columns=list(STATUS)))


def _dominance(model: PooledModel, draws: int, seed: int) -> list[dict[str, Any]]:
    """General dominance beyond the covariates, with the gain of each predictor alone and as the last one to enter."""
    outcome, _, terms = model.analysis.formula.partition(" ~ ")
    parts = terms.split(" + ")
    start = "0 + " if parts[0] == "0" else ""
    cluster = model.link.get("cluster") or ("student_id" if model.block["family"] == "hazard" else None)
    always = [t for t in parts if t not in model.link["predictors"] and t != "0"]
    result = dominance(
        f"{outcome} ~ {start}{' + '.join(model.link['predictors'])}", model.analysis.data, always=always,
        bootstrap=draws, cluster=cluster, seed=seed, refit=len(model.analysis.data) < REFIT_BELOW,
    )  # fmt: skip
    by_size = result.conditional.set_index("k")
    found = []
    for row in result.general.to_dict("records"):
        name = row["predictor"]
        found.append(
            {
                **model.key, "predictor": name, "measure": "McFadden R2", "general": row["general"],
                "share": row["standardized"], "conf_low": row["conf_low"], "conf_high": row["conf_high"],
                "alone": by_size[name].iloc[0], "last": by_size[name].iloc[-1], "total": result.total, "draws": draws,
                "n": model.analysis.students,
            }
        )  # fmt: skip
    return found


def _apart(
    model: PooledModel, condition: list[dict], regions: list[dict], verdict: tuple[str, Sequence[str]]
) -> dict[str, Any]:
    """The reading of one model, and what it rests on."""
    predictors = list(model.link["predictors"])
    joint = model.fit.test(predictors)
    estimates = model.fit.estimates.set_index("term").loc[predictors]
    excluded = (estimates["conf_low"] > 0) | (estimates["conf_high"] < 0)
    own = [p for p in predictors if excluded[p]]
    tied = tied_terms(*verdict, predictors)
    row = {
        **joint,
        "reading": reading(joint["p_value"], own, tied),
        "separability": verdict[0],
        "own": " ".join(own),
        "tied": " ".join(tied),
        "largest_vif": max(r["value"] for r in condition if r["measure"] == "vif"),
        "largest_index": max(r["value"] for r in condition if r["measure"] == "condition_index"),
    }
    closest = next((r for r in regions if r["closest"]), None)
    named = ("term_1", "term_2", "score_r", "estimate_r")
    return row | ({k: closest[k] for k in named} if closest else dict.fromkeys(named, np.nan))
