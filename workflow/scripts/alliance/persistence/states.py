"""Shares of the categories of outcomes that have several: states, ordered answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from alliance.disclosure import suppress_counts
from alliance.persistence.rates import wilson

if TYPE_CHECKING:
    import pandas as pd

    from alliance.persistence.outcomes import Outcome

COLUMNS = ("outcome", "cohort", "category", "n_at_risk", "n", "share", "ci_lower", "ci_upper")


def state_table(outcomes: Mapping[str, tuple[Outcome, Sequence[str]]], cohort: pd.Series, minimum: int) -> pd.DataFrame:
    """One row per outcome, cohort ("pooled" too) and category, small cells withheld; column ``suppressed``.

    ``outcomes`` holds each outcome with the names of its values 0, 1 ... Intervals are Wilson's, of one category each.
    Not by group: the rates of the yes/no outcomes hold the same students, and two tables could be subtracted.
    """
    import pandas as pd

    rows = []
    for name, (outcome, names) in outcomes.items():
        value, units = outcome.value[outcome.at_risk], cohort.to_numpy(dtype=object, na_value=None)[outcome.at_risk]
        for unit in ("pooled", *sorted({u for u in units if u is not None})):
            chosen = value if unit == "pooled" else value[units == unit]
            counts = np.bincount(chosen.astype(int), minlength=len(names))
            low, high = wilson(counts, np.full(len(names), len(chosen)))
            for k, category in enumerate(names):
                figures = (len(chosen), int(counts[k]), counts[k] / len(chosen), low[k], high[k])
                rows.append((name, unit, category, *figures))
    return suppress_counts(
        pd.DataFrame(rows, columns=list(COLUMNS)),
        ["n_at_risk", "n"],
        minimum,
        clear=["share", "ci_lower", "ci_upper"],
        parts={"n": "n_at_risk"},
        sets=[["outcome", "cohort"], ["outcome", "category"]],
        totals={"cohort": "pooled"},
    )
