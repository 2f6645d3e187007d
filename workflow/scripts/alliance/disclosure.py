"""Small counts of persons are not published, and cannot be found by subtraction within the declared tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def minimum_cell(config: Mapping[str, Any]) -> int:
    """Smallest count of persons that may be shown (``report.minimum_cell``, 10 unless said otherwise)."""
    return int((config.get("report") or {}).get("minimum_cell", 10))


def suppress_counts(
    frame: pd.DataFrame,
    count_columns: Sequence[str],
    minimum: int,
    clear: Sequence[str] = (),
    *,
    parts: Mapping[str, str] | None = None,
    sets: Sequence[Sequence[str]] = (),
    totals: Mapping[str, str] | None = None,
    unknown: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """A copy in which counts of 1 to ``minimum`` - 1 are missing, with a column ``suppressed`` (bool) that says where.

    In a row with a masked count, the columns ``clear`` (rates, intervals) are missing too. ``parts`` maps a count to
    the count that it is a part of (events -> persons at risk): a small remainder is as telling as a small count, and a
    part goes when its whole goes. Each of ``sets`` names the columns whose equal values make rows one set with a
    published total: when one single cell of a set is masked, the next smallest is masked with it (complementary
    suppression), as often as needed. ``totals`` says which label marks a row as the total itself
    ({"cohort": "pooled"}), so that it is no member of the sets that run over that column. ``unknown`` says which label
    stands for missing values ({"level": "(missing)"}): such a count is masked when it is small but takes no other with
    it, because how many did not say tells nothing about anybody. Counts become Int64. Source of the rules: NCES
    2011-603.
    """
    parts = dict(parts or {})
    result = frame.copy()
    counts = {c: frame[c].astype("Int64") for c in count_columns}
    masked = {c: small(counts[c], minimum) for c in count_columns}
    for part, whole in parts.items():
        masked[part] |= small(counts[whole] - counts[part], minimum) | masked[whole]
    members = [(list(keys), _is_member(frame, keys, totals or {})) for keys in sets]
    telling = ~_labelled(frame, unknown or {})
    changed = True
    while changed:
        changed = False
        for keys, member in members:
            for column in count_columns:
                changed |= _complement(frame, keys, member, telling, counts[column], masked[column])
        for part, whole in parts.items():
            follow = masked[whole] & ~masked[part]
            masked[part] |= follow
            changed |= bool(follow.any())
    for column in count_columns:
        result[column] = counts[column].mask(masked[column])
    hidden = sum(masked[c] for c in count_columns) > 0
    for column in clear:
        result[column] = result[column].mask(hidden)
    result["suppressed"] = hidden.astype(bool)
    return result


def small(counts: pd.Series, minimum: int) -> pd.Series:
    """Boolean: counts of at least 1 and below the minimum."""
    return ((counts >= 1) & (counts < minimum)).fillna(False).astype(bool)


def _is_member(frame: pd.DataFrame, keys: Sequence[str], totals: Mapping[str, str]) -> pd.Series:
    """Rows that add up within the set: those that are not themselves the total over a column the set runs over."""
    member = frame[list(keys)].notna().all(axis=1)
    for column, label in totals.items():
        if column not in keys:
            member &= frame[column] != label
    return member


def _labelled(frame: pd.DataFrame, labels: Mapping[str, str]) -> pd.Series:
    import pandas as pd

    found = pd.Series(False, index=frame.index)
    for column, label in labels.items():
        found |= frame[column] == label
    return found


def _complement(
    frame: pd.DataFrame,
    keys: list[str],
    member: pd.Series,
    telling: pd.Series,
    counts: pd.Series,
    masked: pd.Series,
) -> bool:
    """Mask (in place) the smallest open cell of each set in which exactly one is masked; whether there was any."""
    inside = frame[member]
    by = [inside[key] for key in keys]
    hidden, by_itself = (x[member].groupby(by, dropna=False).transform("sum") for x in (masked, masked & telling))
    alone = (hidden == 1) & (by_itself == 1)
    open_ = member.copy()
    open_[member] = alone.to_numpy()
    open_ &= ~masked & (counts > 0).fillna(False).astype(bool)
    if not open_.any():
        return False
    chosen = counts[open_].astype("int64").groupby([frame.loc[open_, key] for key in keys], dropna=False).idxmin()
    masked.loc[chosen.to_numpy()] = True
    return True
