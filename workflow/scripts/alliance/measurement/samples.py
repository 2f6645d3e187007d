"""Which rows and columns of the sample a measurement stage uses: items by dimension, pooled and cohort by cohort."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from alliance.errors import Problem, Stop

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
