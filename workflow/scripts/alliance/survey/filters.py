"""Exclusions as the config declares them: each step says which rows stay."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alliance.codebook import Column

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

RULES = ("drop", "keep", "on_roster", "duplicates", "longstring", "answered", "careless")


def rule_of(step: Mapping[str, Any]) -> str:
    """Which exclusion a step of ``sample.filters`` is."""
    return next(rule for rule in RULES if rule in step)


def stays(
    step: Mapping[str, Any],
    rows: pd.DataFrame,
    items: Sequence[Column],
    roster: frozenset[str] | None = None,
    flags: pd.DataFrame | None = None,
) -> np.ndarray:
    """Boolean array: which rows stay after one step.

    ``items`` are those of the rows' report, ``roster`` the ids of the students file, ``flags`` what the careless steps
    say about each row (a boolean column per step, on the index of ``rows``).
    """
    import numpy as np

    rule = rule_of(step)
    if rule in ("drop", "keep"):
        return _condition(step[rule], rows, rule)
    if rule == "on_roster":
        return rows["student_id"].isin(roster or ()).to_numpy()
    if rule == "duplicates":
        return one_each(rows, ["student_id", "mentor_id"], step["duplicates"], items)
    if not items:
        return np.ones(len(rows), dtype=bool)
    if rule == "careless":
        assert flags is not None, "careless steps are judged beforehand"
        return ~flags.loc[rows.index, step["name"]].to_numpy()
    if rule == "longstring":
        return longest_run(rows, items) < int(step["longstring"])
    return answered(rows, items) >= float(step["answered"]) * len(items) - 1e-9


def _condition(condition: Mapping[str, Any], rows: pd.DataFrame, rule: str) -> np.ndarray:
    import numpy as np
    import pandas as pd

    values = rows[condition["variable"]]
    if pd.api.types.is_float_dtype(values.dtype):
        hit = values.isin([float(answer) for answer in condition["in"]]).to_numpy()
    else:
        hit = values.astype("string").isin([str(answer) for answer in condition["in"]]).to_numpy(dtype=bool)
    blank = values.isna().to_numpy()
    missing_stays = condition.get("missing", "drop" if rule == "keep" else "keep") == "keep"
    return np.where(blank, missing_stays, hit if rule == "keep" else ~hit)


def answered(rows: pd.DataFrame, items: Sequence[Column]) -> np.ndarray:
    """Number of answered items of each row."""
    return rows[[c.variable for c in items]].notna().to_numpy().sum(axis=1)


def one_each(rows: pd.DataFrame, keys: Sequence[str], rule: str, items: Sequence[Column]) -> np.ndarray:
    """Keep one row for each combination of the keys: the first, the last or the most complete.

    First and last go by the date of the report (the column ``date_``, where there is one), then by the order of the
    files. Of equally complete reports the earliest stays, and of those of one day a lot drawn from the answers decides:
    so neither the order of rows in a file nor what was answered does. Rows without a student id are never repeats.
    """
    import numpy as np

    keep = np.ones(len(rows), dtype=bool)
    named = (rows["student_id"] != "").to_numpy()
    again = rows.duplicated(list(keys), keep=False).to_numpy() & named
    if not again.any():
        return keep
    some = rows[again]
    ranked = some[list(keys)].assign(place=np.flatnonzero(again))
    date = some.get("date_")
    ranked["date"] = "" if date is None else date.fillna("").astype("str")
    if rule == "most_complete":
        ranked = ranked.assign(answered=answered(some, items), undated=ranked["date"] == "", lot=_lots(some, items))
        by = {"answered": False, "undated": True, "date": True, "lot": False, "place": True}
        ranked = ranked.sort_values(list(by), ascending=list(by.values()), kind="stable")
    else:
        ranked = ranked.sort_values(["date", "place"], kind="stable", ascending=rule == "first")
    keep[again] = False
    keep[ranked.loc[~ranked.duplicated(list(keys)), "place"].to_numpy()] = True
    return keep


def _lots(rows: pd.DataFrame, items: Sequence[Column]) -> list[str]:
    """A hash of the answers of each row: the same answers, the same lot, and no order among different ones."""
    import numpy as np

    given = np.nan_to_num(as_given(rows, items)).tolist()
    return [hashlib.sha3_256(",".join(f"{x:g}" for x in answers).encode()).hexdigest() for answers in given]


def as_given(rows: pd.DataFrame, items: Sequence[Column]) -> np.ndarray:
    """Answers as the person gave them, reversed items turned back; float, rows x items, NaN where missing."""
    import numpy as np

    given = np.full((len(rows), len(items)), np.nan)
    for j, column in enumerate(items):
        values = rows[column.variable].astype("float64").to_numpy()
        limits = column.scale if column.type == "item" else column.range
        given[:, j] = sum(limits) - values if column.reverse and limits else values
    return given


def longest_run(rows: pd.DataFrame, items: Sequence[Column]) -> np.ndarray:
    """Longest run of equal consecutive answers of each row, as given; a missing answer ends a run."""
    import numpy as np

    from alliance.survey.careless import longstring

    return longstring(as_given(rows, items))[0] if len(items) > 1 else np.ones(len(rows), dtype=int)
