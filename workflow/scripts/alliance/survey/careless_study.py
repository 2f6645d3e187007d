"""Careless responding in a study: which reports its cut-offs flag, for the filters and for later comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alliance.survey.filters import rule_of, stays
from alliance.survey.flow import POOLED
from alliance.survey.reports_flow import applies
from alliance.survey.sample_study import Study

if TYPE_CHECKING:
    import pandas as pd

SECONDS = {"seconds": 1.0, "minutes": 60.0}  # what a unit of sample.careless.duration holds
TABLE = ("role", "wave", "index", "meaning", "cut", "filter", "cohort", "n", "flagged", "share")
ANY = "any"


@dataclass
class Careless:
    """Flags of the reports of one role and wave.

    ``steps``: one boolean column for each careless filter, on the reports' index. ``table``: one row per report with
    the indices and a column ``flag_<index>`` for each cut-off and ``filter_<step>`` for each filter.
    """

    steps: pd.DataFrame
    table: pd.DataFrame


def cutoffs(study: Study) -> list[tuple[str, str, float, str]]:
    """Every stated cut-off: (column of the flags, index, cut, filter or ""). Those of ``sample.careless`` first."""
    block = study.plan.get("careless") or {}
    stated = [(f"flag_{name}", name, float(cut), "") for name, cut in (block.get("cuts") or {}).items()]
    steps = [step for step in study.filters if rule_of(step) == "careless"]
    used = [(f"filter_{s['name']}", s["careless"]["index"], float(s["careless"]["cut"]), s["name"]) for s in steps]
    return stated + used


def judge(study: Study, reports: pd.DataFrame, report: tuple[str, int]) -> Careless:
    """Indices and flags of the reports of one role and wave.

    The reports that are compared with each other (Mahalanobis distance, synonyms) are those that pass the filters that
    do not look at the answers: consent, roster, repeats and the like. So the flags do not depend on where in the order
    of the filters a careless step stands. Reports outside of these are not judged, and not flagged.
    """
    import numpy as np
    import pandas as pd

    stated = cutoffs(study)
    steps = [name for *_, name in stated if name]
    empty = Careless(pd.DataFrame(False, index=reports.index, columns=steps), pd.DataFrame())
    items = [c for c in study.codebook.items(*report) if c.type == "item"]
    if not stated or len(items) < 2:
        return empty
    from alliance.survey.careless_flags import careless_flags, careless_indices

    base = _comparable(study, reports, report)
    dimensions: dict[str, list[str]] = {}
    for c in items:
        dimensions.setdefault(c.dimension, []).append(c.variable)
    dimensions.pop("", None)
    indices = careless_indices(
        base,
        [c.variable for c in items],
        reverse={c.variable: c.scale for c in items if c.reverse},
        dimensions=dimensions,
        seconds=_seconds(study, base, report),
    )
    nobody = base[[c.variable for c in items]].isna().to_numpy().all(axis=1)
    indices[nobody] = np.nan
    table = reports[["input", "file", "row", "role", "wave", "student_id"]].copy()
    table["judged"] = table.index.isin(base.index[~nobody])
    table = table.join(indices)
    for column, index, cut, step in stated:
        flagged = careless_flags(indices, {index: cut})[index].reindex(reports.index, fill_value=False)
        table[column] = flagged
        if step:
            empty.steps[step] = flagged
    return Careless(empty.steps, table)


def _comparable(study: Study, reports: pd.DataFrame, report: tuple[str, int]) -> pd.DataFrame:
    items = study.codebook.items(*report)
    variables = {c.variable for c in study.variables(*report)}
    for step in study.filters:
        if rule_of(step) in ("drop", "keep", "on_roster", "duplicates") and applies(step, variables, items):
            reports = reports[stays(step, reports, items, study.roster)]
    return reports


def _seconds(study: Study, rows: pd.DataFrame, report: tuple[str, int]) -> pd.Series | None:
    """How long each report took, from the variable of ``sample.careless.duration`` that it has."""
    there = {c.variable for c in study.variables(*report)}
    for unit, variable in ((study.plan.get("careless") or {}).get("duration") or {}).items():
        if variable in there:
            return rows[variable].astype("float64") * SECONDS[unit]
    return None


def careless_table(study: Study, judged: Mapping[tuple[str, int], tuple[Careless, pd.Series]]) -> pd.DataFrame:
    """careless.csv before small counts are withheld: how many of the judged reports each cut-off flags, by cohort.

    ``judged`` gives for each role and wave the flags and the cohort of every report. ``n`` counts the reports for which
    the index exists; ``share`` is flagged / n.
    """
    import pandas as pd

    from alliance.survey.careless_flags import CUTOFFS

    column_of = {"mahalanobis": "mahalanobis_d2"}
    rows: list[tuple[Any, ...]] = []
    for (role, wave), (careless, cohorts) in judged.items():
        table = careless.table
        if table.empty:
            continue
        stated = cutoffs(study)
        asked = [(*entry, table[column_of.get(entry[1], entry[1])].notna()) for entry in stated]
        some = table[[column for column, *_ in stated]].any(axis=1)
        asked.append(("", ANY, float("nan"), "", table["judged"]))
        for column, index, cut, step, exists in asked:
            flagged = table[column] if column else some
            meaning = CUTOFFS.get(index, "flagged by at least one of the cut-offs")
            for cohort in [*dict.fromkeys(sorted(cohorts.unique())), POOLED]:
                mine = exists if cohort == POOLED else exists & (cohorts == cohort)
                n = int(mine.sum())
                if n:
                    hit = int((flagged & mine).sum())
                    rows.append((role, wave, index, meaning, cut, step, cohort, n, hit, hit / n))
    return pd.DataFrame(rows, columns=list(TABLE))
