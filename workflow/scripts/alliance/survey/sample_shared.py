"""The counts of the sample stage as they may be shared: small ones, and those that would give them away, are withheld.

All tables go into one book (:class:`alliance.disclosure_counts.CountBook`), because what one table withholds another
must not tell: the steps of a flow hang together (n_in - excluded = n_out), cohorts add up to the pooled row, and what
two sources have in common adds up with what only one of them has.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from alliance.disclosure_counts import CountBook
from alliance.survey.flow import POOLED
from alliance.survey.reports_flow import waves_table
from alliance.survey.sample import Sample
from alliance.survey.sample_study import Study

if TYPE_CHECKING:
    import pandas as pd

FLOW = ("n_in", "excluded", "n_out")
LINKED = ("n_left", "n_right", "matched", "only_left", "only_right", "conflicts")
PEOPLE = ("students", "mentors", "pairs", "students_with_several_mentors", "mentors_with_several_students")
Keys = dict[tuple[str, int, str], Hashable]  # table, row, column -> the count that stands there


def shareable_counts(study: Study, sample: Sample, minimum: int) -> dict[str, pd.DataFrame]:
    """Tables by name (flow, flow_reports, waves, careless, linkage, relationships); withheld counts are missing.

    Each has a column ``suppressed``. How many reports were received, and the N of the sample and of the further reports
    in it, are never withheld to protect others: other tables give them.
    """
    book, keys = CountBook(), {}
    tables = {
        "flow": sample.flow,
        "flow_reports": sample.flow_reports,
        "careless": sample.careless,
        "linkage": sample.linkage,
        "relationships": sample.relationships,
    }
    keys |= _flow(book, "flow", tables["flow"], study.frame or ("", 0), minimum)
    for report, part in tables["flow_reports"].groupby(["role", "wave"], sort=False):
        keys |= _flow(book, "flow_reports", part, report, minimum)
    keys |= _careless(book, tables["careless"])
    keys |= _linkage(book, tables["linkage"])
    keys |= _relationships(book, tables["relationships"])
    hidden = book.protect(minimum)
    shared = {name: _without(table, name, keys, hidden) for name, table in tables.items()}
    shared["careless"]["share"] = shared["careless"]["share"].mask(shared["careless"]["suppressed"])
    filters = [step["name"] for step in study.filters]
    waves = waves_table(shared["flow"], shared["flow_reports"], study.frame, filters)
    counts = waves.columns[3:]
    shared["waves"] = waves.assign(suppressed=waves[counts].isna().any(axis=1))
    return shared


def _without(table: pd.DataFrame, name: str, keys: Keys, hidden: set[Hashable]) -> pd.DataFrame:
    """The table with the hidden counts missing."""
    import pandas as pd

    columns = list(dict.fromkeys(column for owner, _, column in keys if owner == name))
    gone = pd.DataFrame(
        {c: [keys.get((name, i, c)) in hidden for i in table.index] for c in columns}, index=table.index, dtype=bool
    )
    result = table.copy()
    for column in columns:
        result[column] = result[column].astype("Int64").mask(gone[column])
    return result.assign(suppressed=gone.any(axis=1) if columns else False)


def _flow(book: CountBook, name: str, table: pd.DataFrame, report: tuple[str, int], minimum: int) -> Keys:
    """One flow: the number before and after each step, and what the step takes away, by cohort and pooled."""
    keys: Keys = {}
    last = table["order"].max()
    for row in table.itertuples():
        gone, after = (report, row.order, row.cohort, "-"), (report, row.order, row.cohort)
        before = (report, row.order - 1, row.cohort) if row.order else after
        received = row.order == 0 and row.cohort == POOLED  # the rows of the file, told by inputs.csv
        known = received or (row.order == last and row.n_out >= minimum)
        book.add(after, row.n_out, fixed=known)
        book.add(gone, row.excluded)
        if row.order:
            book.total(before, [after, gone])
        keys |= {(name, row.Index, c): key for c, key in zip(FLOW, (before, gone, after), strict=True)}
    for order, rows in table.groupby("order"):
        cohorts = [cohort for cohort in rows["cohort"] if cohort != POOLED]
        book.total((report, order, POOLED), [(report, order, cohort) for cohort in cohorts])
        book.total((report, order, POOLED, "-"), [(report, order, cohort, "-") for cohort in cohorts])
    return keys


def _careless(book: CountBook, table: pd.DataFrame) -> Keys:
    """Flagged reports of those judged, by cohort and pooled."""
    keys: Keys = {}
    for group, rows in table.groupby(["role", "wave", "index", "filter"], sort=False):
        for row in rows.itertuples():
            whole, part = ("judged", group, row.cohort), ("flagged", group, row.cohort)
            book.add(whole, row.n)
            book.add(part, row.flagged)
            book.part(part, whole)
            keys |= {("careless", row.Index, "n"): whole, ("careless", row.Index, "flagged"): part}
        _add_up(book, rows, [("judged", group), ("flagged", group)])
    return keys


def _linkage(book: CountBook, table: pd.DataFrame) -> Keys:
    """What two sources share and what only one has. The size of a source is one count in whatever pair it stands."""
    keys: Keys = {}
    for pair, rows in table.groupby(["left", "right", "unit"], sort=False):
        for row in rows.itertuples():
            own = {c: (c, pair, row.cohort) for c in LINKED[2:]}
            if row.unit == "student":
                sizes = {c: ("size", s, row.cohort, int(n)) for c, s, n in _sizes(row)}
            else:
                sizes = {c: (c, pair, row.cohort) for c in LINKED[:2]}
            named = {c: key for c, key in (sizes | own).items() if row.unit == "relationship" or c != "conflicts"}
            for column, key in named.items():
                book.add(key, int(getattr(row, column)))
                keys["linkage", row.Index, column] = key
            book.total(named["n_left"], [named["matched"], named["only_left"]])
            book.total(named["n_right"], [named["matched"], named["only_right"]])
        _add_up(book, rows, [(c, pair) for c in LINKED[2:] if rows[c].notna().all()])
        for side in LINKED[:2]:
            of = {row.cohort: keys["linkage", row.Index, side] for row in rows.itertuples()}
            book.total(of.pop(POOLED), of.values())
    return keys


def _sizes(row) -> tuple[tuple[str, str, int], tuple[str, str, int]]:
    return ("n_left", row.left, row.n_left), ("n_right", row.right, row.n_right)


def _add_up(book: CountBook, rows: pd.DataFrame, heads: list[tuple]) -> None:
    cohorts = [cohort for cohort in rows["cohort"] if cohort != POOLED]
    for head in heads:
        book.total((*head, POOLED), [(*head, cohort) for cohort in cohorts])


def _relationships(book: CountBook, table: pd.DataFrame) -> Keys:
    """Students and mentors with several partners are parts of all students and mentors."""
    keys: Keys = {}
    for row in table.itertuples():
        named = {column: ("relationships", row.role, row.wave, column) for column in PEOPLE}
        for column, key in named.items():
            book.add(key, getattr(row, column))
            keys["relationships", row.Index, column] = key
        book.part(named["students_with_several_mentors"], named["students"])
        book.part(named["mentors_with_several_students"], named["mentors"])
    return keys
