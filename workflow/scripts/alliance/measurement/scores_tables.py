"""The scores stage: every table and file about scores that a config asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alliance.measurement.samples import items_by_dimension, report_items
from alliance.measurement.scores import EAP, PLAUSIBLE, SUM
from alliance.measurement.scores_stage import DETERMINACY_COLUMNS, model_tables, sum_tables
from alliance.measurement.scores_words import (
    RECOMMENDATION_COLUMNS,
    SE_CURVE_COLUMNS,
    plausible_table,
    recommend,
    se_curve,
)

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class ScoreTables:
    """What the stage leaves: tables by name, and why some scores are not there."""

    tables: dict[str, pd.DataFrame]
    reasons: list[str] = field(default_factory=list)


def score_all(
    sample: pd.DataFrame, codebook: Any, separability: pd.DataFrame, config: Mapping[str, Any], minimum: int
) -> ScoreTables:
    """Scores of every report with items of the instrument, by every method of ``scores.methods``.

    Tables: ``scores`` and ``plausible`` (rows about persons), ``determinacy``, ``se_curve``, ``recommendation``. EAP
    scores, the error along the dimension and plausible values are those of the measured report only. ``separability``
    is the table of the measurement stage. Nothing is said about fewer than ``minimum`` persons.
    """
    import pandas as pd

    settings, methods = config["measurement"], config["scores"]["methods"]
    dims = (config.get("instrument") or {}).get("dimensions") or {}
    cohorts = sample["cohort"] if settings.get("by_cohort", False) and "cohort" in sample else None
    own, ids = (settings["role"], settings["wave"]), sample["student_id"]
    scores, about, reasons = [], [], []
    for report in codebook.reports():
        if not items_by_dimension(codebook, *report, dims):
            continue
        items, key = report_items(sample, codebook, *report, dims)
        if SUM in methods:
            table, rows = sum_tables(ids, items, key, *report, cohorts, minimum)
            scores.append(table)
            about += rows
        modelled = [m for m in methods if m not in (SUM, PLAUSIBLE) and (report == own or m != EAP)]
        table, rows, why = model_tables(ids, items, key, settings, report, modelled, cohorts, minimum)
        scores.append(table)
        about += rows
        reasons += why
    items, key = report_items(sample, codebook, *own, dims)
    determinacy = pd.DataFrame(about, columns=DETERMINACY_COLUMNS)
    words = recommend(determinacy, separability, own, reasons)
    tables = {
        "scores": pd.concat([t for t in scores if len(t)] or scores[:1]).reset_index(drop=True),
        "determinacy": determinacy,
        "se_curve": pd.DataFrame(se_curve(items, key, settings, minimum), columns=SE_CURVE_COLUMNS),
        "recommendation": pd.DataFrame(words, columns=RECOMMENDATION_COLUMNS),
        "plausible": plausible_table(sample, items, key, config, minimum) if PLAUSIBLE in methods else pd.DataFrame(),
    }
    return ScoreTables(tables, reasons)
