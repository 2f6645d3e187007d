"""Small counts of persons are not published, and cannot be worked out from what is."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from alliance.disclosure_counts import CountBook

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
    sums: Sequence[tuple[int, Sequence[int]]] = (),
    same: Mapping[str, Sequence[Hashable]] | None = None,
    printed: MutableMapping[Hashable, bool] | None = None,
) -> pd.DataFrame:
    """A copy in which small counts, and those that would give them away, are missing; ``suppressed`` (bool) says where.

    Counts of 1 to ``minimum`` - 1 go, and with them as many others as it takes that none of them can be calculated, or
    bounded to fewer values than the rule itself leaves, from all that is left (:class:`CountBook`). In a row with a
    hidden count, the columns ``clear`` (rates, intervals) are missing too.

    How counts hang together: ``parts`` maps a count to the count that it is a part of (events -> persons at risk); a
    small remainder is as telling as a small count, and a part goes when its whole goes. Each of ``sets`` names the
    columns whose equal values make rows one set with a known total. ``totals`` says which label marks a row as the
    total over a column ({"cohort": "pooled"}): it is the total of the sets that run over that column, and no member of
    them. ``sums`` adds single rows that others divide: (index of the row, indexes of its parts); the parts may leave
    somebody out.
    ``unknown`` says which label stands for missing values ({"level": "(missing)"}): such a count is hidden when it is
    small but takes no other with it, because how many did not say tells nothing about anybody. Counts become Int64.

    Tables that show the same counts must hide the same ones: ``same`` names the counts of a column, row by row, and
    ``printed`` remembers for each name whether an earlier table has hidden it. What was hidden there is hidden here;
    what was shown there protects nothing here. The table's own counts are added to it.
    """
    book = count_book(frame, count_columns, minimum, parts=parts, sets=sets, totals=totals, unknown=unknown, sums=sums)
    known = {} if printed is None else printed
    named = {(i, c): key for c, keys in (same or {}).items() for i, key in zip(frame.index, keys, strict=True)}
    earlier = {cell: known[key] for cell, key in named.items() if key in known and cell in book.places}
    for cell, was_hidden in earlier.items():
        book.fixed[book.places[cell]] |= not was_hidden
    hidden = book.protect(minimum, [cell for cell, was_hidden in earlier.items() if was_hidden])
    known |= {key: cell in hidden for cell, key in named.items() if cell in book.places and cell not in earlier}
    return without(frame, count_columns, hidden, clear)


def without(
    frame: pd.DataFrame, count_columns: Sequence[str], hidden: Collection[Hashable], clear: Sequence[str] = ()
) -> pd.DataFrame:
    """A copy of a table without the counts ``hidden``, by (index of the row, column); see :func:`suppress_counts`."""
    import pandas as pd

    result = frame.copy()
    gone = {c: pd.Series([(i, c) in hidden for i in frame.index], frame.index, dtype=bool) for c in count_columns}
    for column in count_columns:
        result[column] = frame[column].astype("Int64").mask(gone[column])
    anywhere = sum(gone[c] for c in count_columns) > 0
    for column in clear:
        result[column] = result[column].mask(anywhere)
    result["suppressed"] = anywhere.astype(bool)
    return result


def count_book(
    frame: pd.DataFrame,
    count_columns: Sequence[str],
    minimum: int,
    *,
    parts: Mapping[str, str] | None = None,
    sets: Sequence[Sequence[str]] = (),
    totals: Mapping[str, str] | None = None,
    unknown: Mapping[str, str] | None = None,
    sums: Sequence[tuple[int, Sequence[int]]] = (),
) -> CountBook:
    """The counts of a table, by (index of the row, column), and how they add up: as :func:`suppress_counts` has it."""
    book = CountBook()
    counts = {c: frame[c].astype("Int64") for c in count_columns}
    telling = ~_labelled(frame, unknown or {})
    for column, values in counts.items():
        for i, n in values.dropna().items():
            book.add((i, column), int(n), telling=bool(telling[i]))
    for part, whole in (parts or {}).items():
        for i in frame.index[counts[part].notna() & counts[whole].notna()]:
            book.part((i, part), (i, whole))
    for keys in sets:
        _add_set(book, frame, counts, minimum, list(keys), totals or {})
    for column in counts:
        for whole, rows in sums:
            book.total((whole, column), [(i, column) for i in rows], rest=True)
    return book


def _add_set(
    book: CountBook,
    frame: pd.DataFrame,
    counts: Mapping[str, pd.Series],
    minimum: int,
    keys: list[str],
    totals: Mapping[str, str],
) -> None:
    """Rows with equal ``keys`` add up: to the row that is their total when the table has it, else to a known number."""
    member = _is_member(frame, keys, totals)
    over = [column for column in totals if column not in keys]
    whole_rows = frame[frame[keys].notna().all(axis=1) & ~member]
    for column in over[1:]:
        whole_rows = whole_rows[whole_rows[column] == totals[column]]
    found = {values: rows.index[0] for values, rows in whole_rows.groupby(keys, sort=False) if len(rows) == 1}
    for values, rows in frame[member].groupby(keys, sort=False):
        for column, n in counts.items():
            inside = rows.index[n[rows.index].notna()]
            total = int(n[inside].sum())
            whole = (found.get(values), column)
            if whole not in book.places or book.counts[book.places[whole]] != total:
                # the total is known from elsewhere, unless it is small itself: then nobody prints it
                whole = ("total", tuple(keys), values, column)
                book.add(whole, total, printed=total >= minimum, fixed=total >= minimum, telling=False)
            book.total(whole, [(i, column) for i in inside])


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
