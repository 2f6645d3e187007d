"""Term and degree records that cannot be, or hardly: before entry, twice, in two places at once, long after the end.

Every row stays: what the outcomes make of such records is their definition's business. Rows go to the list of issues.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alliance.calendar import SEASONS, Calendar, calendar_from, parse_terms
from alliance.codebook import Codebook
from alliance.survey.issues import Issues

if TYPE_CHECKING:
    import pandas as pd

YEARS_AFTER_DEGREE = 2  # enrolment from here on after a degree is noted
YEARS_AWAY = 5  # a return after so many years without a record is noted
YEAR = len(SEASONS)


def check_records(
    config: Mapping[str, Any], codebook: Codebook, tables: Mapping[str, Sequence[pd.DataFrame]], issues: Issues
) -> None:
    """Look at the sequence of each student's records; codes that the calendar cannot read are left to others."""

    calendar = calendar_from(config)
    if not config.get("outcomes") or not calendar.usable or not tables["terms"]:
        return
    terms = _timed(tables["terms"], calendar)
    degrees = _timed(tables["degrees"], calendar) if tables["degrees"] else terms.iloc[:0]
    entry = _entries(config, tables["students"])

    def tell(rows: pd.DataFrame, problem: str, severity: str, action: str) -> None:
        for (name, file), part in rows.groupby(["input", "file"], sort=False):
            column = next((c.column for c in codebook.of_input(name) if c.variable == "term"), "term")
            found = sorted(zip(part["row"], part["term"].astype("str"), strict=True))
            issues.cells(file, column, [r for r, _ in found], [t for _, t in found], problem, severity, action)

    _twice(terms, tell)
    if len(entry):
        # The summer before the first fall is where many begin.
        before = terms["time"] < terms["student_id"].map(entry).astype("float64") * YEAR - 1
        tell(terms[before], "a term before the student's entry", "warning", "kept; time is counted from entry")
        early = degrees["time"] < degrees["student_id"].map(entry).astype("float64") * YEAR
        tell(degrees[early], "a degree before the student's entry", "warning", "kept")
    first = terms.groupby("student_id")["time"].min()
    early = degrees["time"] < degrees["student_id"].map(first).astype("float64")
    tell(degrees[early], "a degree before the student's first term", "warning", "kept")
    done = terms["student_id"].map(degrees.groupby("student_id")["time"].min()).astype("float64")
    late = terms["time"] >= done + YEARS_AFTER_DEGREE * YEAR
    tell(terms[late], f"enrolled {YEARS_AFTER_DEGREE} years or more after a degree", "note", "kept")
    ordered = terms.sort_values(["student_id", "time", "row"])
    away = ordered["time"] - ordered.groupby("student_id")["time"].shift()
    tell(ordered[away >= YEARS_AWAY * YEAR], f"the first term after {YEARS_AWAY} years or more away", "note", "kept")


def _timed(parts: Sequence[pd.DataFrame], calendar: Calendar) -> pd.DataFrame:
    """The records of all files with ``time``: academic year x 4 + season (fall 0), missing when it cannot be read."""
    import pandas as pd

    table = pd.concat(parts, ignore_index=True)
    read = parse_terms(table["term"], calendar)
    season = read["season"].map({name: i for i, name in enumerate(SEASONS)})
    return table.assign(time=read["academic_year"].astype("float64") * YEAR + season.astype("float64"))


def _entries(config: Mapping[str, Any], students: Sequence[pd.DataFrame]) -> pd.Series:
    """Academic year of entry by student id, where the roster says it; empty where entry is derived from the terms."""
    import pandas as pd

    named = ((config.get("outcomes") or {}).get("calendar") or {}).get("first_fall")
    wanted = named or (config.get("sample") or {}).get("cohort")
    tables = [part[["student_id", wanted]] for part in students if isinstance(wanted, str) and wanted in part]
    if not tables:
        return pd.Series(dtype="float64")
    table = pd.concat(tables).drop_duplicates("student_id").set_index("student_id")[wanted]
    years = pd.to_numeric(table.astype("string"), errors="coerce")
    return years[years.between(1900, 2200)]


def _twice(terms: pd.DataFrame, tell: Any) -> None:
    """One term twice, with the same or with other facts; one term at two institutions."""
    place = ["institution"] if "institution" in terms else []
    keys = ["student_id", "time", *place]
    read = terms[terms["time"].notna()]
    again = read[read.duplicated(keys, keep=False)]
    if not again.empty:
        facts = [c for c in again.columns if c not in ("input", "file", "row", "term")]
        same = again.duplicated(facts, keep=False)
        tell(again[same], "a term stands twice", "note", "counted once")
        tell(again[~same], "a term stands twice with facts that differ", "warning", "counted once; the first field")
    if place:
        once = read.drop_duplicates(keys)
        both = once.loc[once.duplicated(["student_id", "time"], keep=False), ["student_id", "time"]].drop_duplicates()
        hit = read.merge(both, on=["student_id", "time"])
        tell(hit, "one term at two institutions", "note", "kept; enrolled at both")
