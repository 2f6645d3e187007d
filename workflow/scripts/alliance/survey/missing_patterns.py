"""Which answers are missing: by item and group, and in which patterns; small counts of persons are not shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from alliance.disclosure import suppress_counts

if TYPE_CHECKING:
    import pandas as pd

OTHER = "other"  # label of the row that pools the patterns of few persons


def missing_by_item(
    frame: pd.DataFrame,
    variables: Sequence[str] | Mapping[str, str],
    *,
    by: Sequence[str] = (),
    minimum: int = 10,
) -> pd.DataFrame:
    """How many answers of each variable are missing, overall and within the levels of each column of ``by``.

    variables: columns, or column -> label of its wave (its report) for the column ``wave``. Returns one row per
    variable and group: variable, wave, group_variable ("" = all rows), group, n (rows), missing, share, suppressed.
    Counts of 1 to ``minimum`` - 1, in what is missing or what is not, are hidden, and with them what would let them be
    found by subtraction from the total.
    """
    import pandas as pd

    waves = dict(variables) if isinstance(variables, Mapping) else dict.fromkeys(variables, "")
    absent = frame[list(waves)].isna()
    parts = [_missing_rows(absent, "", pd.Series("", index=frame.index))]
    parts += [_missing_rows(absent, column, frame[column].astype("string").fillna("unknown")) for column in by]
    table = pd.concat(parts, ignore_index=True)
    table.insert(1, "wave", table["variable"].map(waves))
    return suppress_counts(
        table,
        ["n", "missing"],
        minimum,
        clear=["share"],
        parts={"missing": "n"},
        sets=[["variable", "group_variable"]],
        totals={"group_variable": ""},
    )


def _missing_rows(absent: pd.DataFrame, name: str, group: pd.Series) -> pd.DataFrame:
    """Long table of one grouping: variable, group_variable, group, n, missing, share, in the order of the columns."""
    counted = absent.groupby(group, sort=True)
    n = counted.size().rename("n")
    long = counted.sum().T.rename_axis("variable").melt(ignore_index=False, var_name="group", value_name="missing")
    long = long.reset_index().astype({"missing": "int64"})
    long["n"] = long["group"].map(n).astype("int64")
    long["group_variable"] = name
    long["group"] = long["group"].astype("str")
    long["share"] = long["missing"] / long["n"]
    order = {variable: k for k, variable in enumerate(absent.columns)}
    long = long.sort_values("variable", key=lambda s: s.map(order), kind="stable", ignore_index=True)
    return long[["variable", "group_variable", "group", "n", "missing", "share"]]


def missing_patterns(frame: pd.DataFrame, variables: Sequence[str], *, minimum: int = 10) -> pd.DataFrame:
    """Patterns of answered (1) and missing (0) variables, the most frequent first.

    Columns: pattern ("1", "2", ... and "other"), n, share, n_missing (variables missing in the pattern), patterns (how
    many stand behind the row) and one column per variable (missing in the row "other"). Patterns of fewer than
    ``minimum`` persons are pooled in the row "other", which takes in the smallest shown patterns, too, until it has
    ``minimum`` persons itself: no smaller count is in the table or follows from it.
    """
    import pandas as pd

    seen = frame[list(variables)].notna().to_numpy()
    masks, counts = np.unique(seen, axis=0, return_counts=True) if len(seen) else (seen, np.empty(0, dtype=int))
    # most frequent first; of equally frequent ones the more complete, then the order of the variables
    order = sorted(range(len(counts)), key=lambda k: (-counts[k], -masks[k].sum(), (~masks[k]).tolist()))
    masks, counts = masks[order], counts[order]
    shown = int((counts >= minimum).sum())
    while shown and 0 < counts[shown:].sum() < minimum:
        shown -= 1
    table = pd.DataFrame({name: pd.array(masks[:shown, j].astype(int), "Int64") for j, name in enumerate(variables)})
    table.insert(0, "pattern", [str(k + 1) for k in range(shown)])
    table.insert(1, "n", pd.array(counts[:shown], "Int64"))
    table.insert(2, "share", counts[:shown] / max(len(frame), 1))
    table.insert(3, "n_missing", pd.array((~masks[:shown]).sum(axis=1), "Int64"))
    table.insert(4, "patterns", 1)
    rest = int(counts[shown:].sum())
    if rest:
        hidden = rest < minimum  # all persons together are too few: nothing can be shown
        row = {
            "pattern": OTHER,
            "n": pd.NA if hidden else rest,
            "share": np.nan if hidden else rest / len(frame),
            "patterns": len(counts) - shown,
        }
        other = pd.DataFrame([row]).reindex(columns=table.columns)
        table = pd.concat([table, other.astype(table.dtypes.to_dict())], ignore_index=True) if shown else other
    return table
