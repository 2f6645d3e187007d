"""Which rows and columns of the sample a measurement stage uses: items by dimension, pooled and cohort by cohort."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.errors import Problem, Stop
from alliance.instrument_key import published_key_problems

if TYPE_CHECKING:
    import pandas as pd

POOLED = "pooled"


def items_by_dimension(codebook: Any, role: str, wave: int, dimensions: Iterable[str]) -> dict[str, list[str]]:
    """Dimension -> variables of its items in codebook order, for one report; dimensions without items are left out."""
    found = {d: [c.variable for c in codebook.items(role, wave, d)] for d in dimensions}
    return {d: items for d, items in found.items() if items}


def report_items(
    sample: pd.DataFrame, codebook: Any, role: str, wave: int, dimensions: Iterable[str]
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Items of one report as float columns named by variable (rows of ``sample``, NaN = no answer), and the key.

    Raises :class:`Stop` when the codebook gives none of the dimensions an item in that report.
    """
    from alliance.study import item_column

    key = items_by_dimension(codebook, role, wave, dimensions)
    if not key:
        problem = Problem(
            f"no item of any dimension is asked of {role} in wave {wave}",
            file="config",
            place="keys measurement.role and measurement.wave",
            remedy="name a report whose items stand in the codebook with a dimension",
        )
        raise Stop("measurement", problem)
    columns = {item_column(v, role, wave): v for items in key.values() for v in items}
    return sample[list(columns)].rename(columns=columns).astype(float), key


def by_sample(
    sample: pd.DataFrame, items: pd.DataFrame, settings: Mapping[str, Any], *, by_cohort: bool
) -> dict[str, pd.DataFrame]:
    """Rows of ``items`` for the pooled sample and, when asked, each cohort in the order of the config."""
    found = {POOLED: items}
    column = settings.get("cohort")
    if by_cohort and column:
        values = sample["cohort" if "cohort" in sample else column].astype(str)
        cohorts = [str(c) for c in settings.get("cohorts") or sorted(values.unique())]
        found |= {cohort: items[(values == cohort).to_numpy()] for cohort in cohorts}
    return found


def measured_samples(
    sample: pd.DataFrame,
    items: pd.DataFrame,
    key: Mapping[str, Sequence[str]],
    codebook: Any,
    design: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> dict[str, pd.DataFrame]:
    """Pooled sample, cohorts and, when ``by_report`` asks for them, the other roles and waves with the same items.

    A report that asks only some of the items is left out; one that nobody gave is in, and cannot be fitted.
    """
    from alliance.study import item_column

    found = by_sample(sample, items, design, by_cohort=settings.get("by_cohort", False))
    own = (settings["role"], settings["wave"])
    for role, wave in codebook.reports() if settings.get("by_report", False) else ():
        columns = {item_column(v, role, wave): v for members in key.values() for v in members}
        if (role, wave) != own and set(columns) <= set(sample.columns):
            found[report_name(role, wave)] = sample[list(columns)].rename(columns=columns).astype(float)
    return found


def left_out(count: int, total: int, why: str, minimum: int) -> str:
    """The line of ``status`` that makes an N add up to that of the participant flow; small counts are not given."""
    many = str(count) if count >= minimum else f"fewer than {minimum}"
    return f"{many} of {total} persons left out: {why}"


def report_name(role: str, wave: int) -> str:
    """Name of the sample that holds one report, for example ``mentor_w2``."""
    return f"{role}_w{wave}"


def cluster_of(sample: pd.DataFrame, settings: Mapping[str, Any]) -> pd.Series | None:
    """Cluster label of each student when the config names a cluster; empty ids count as unknown."""
    name = settings.get("cluster")
    if not name:
        return None
    values = sample[name]
    return values.where(values.astype(str).str.strip() != "")


def reversed_items(codebook: Any, role: str, wave: int) -> dict[str, bool]:
    """Variable -> whether it was asked the other way round."""
    return {c.variable: bool(c.reverse) for c in codebook.items(role, wave)}


def status_notes(
    samples: Mapping[str, pd.DataFrame], config: Mapping[str, Any], codebook: Any
) -> list[tuple[str, str]]:
    """(sample, sentence) about data that a reader of the results must know: unused categories, parcels, the key."""
    notes = []
    pooled = samples[POOLED]
    settings = config["measurement"]
    report = (settings["role"], settings["wave"])
    numbers = {c.variable for c in codebook.items(*report) if c.type == "number"}
    for item in pooled:
        values = pooled[item].dropna()
        if item not in numbers and len(values) and not np.allclose(values, np.round(values)):
            notes.append((POOLED, f"item {item} has answers between the categories: a parcel or mean hides misfit"))
    levels = {item: pooled[item].nunique() for item in pooled}
    for name, data in samples.items():
        fewer = [str(i) for i in data if i not in numbers and 0 < data[i].nunique() < levels[i]]
        if name != POOLED and fewer:
            notes.append((name, f"a category was never used in this sample: {', '.join(fewer)}"))
    return notes + [(POOLED, text) for text in published_key_problems(config, codebook, report)]
