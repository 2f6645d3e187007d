"""Registrar terms as time: from a code such as ``2015F`` or ``20153`` to academic year, season and number.

The config says how codes are read (``outcomes.calendar``): a pattern with the groups ``year`` and ``season``, what the
seasons are called, whether a spring carries the calendar year or the academic year (the year of its fall), and which
seasons are main terms. Summers and other seasons are kept in the records and never counted as terms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

SEASONS = ("fall", "winter", "spring", "summer")


@dataclass(frozen=True)
class Calendar:
    """How a registrar's term codes are read.

    ``pattern`` must match a whole code and name the groups ``year`` and ``season``; ``seasons`` maps what the season
    group holds to one of :data:`SEASONS`; ``year`` is "calendar" (spring 2016 is written 2016) or "academic" (it is
    written 2015, the year of the fall that began the academic year); ``terms`` are the main terms of an academic year
    in order.
    """

    pattern: str = r"(?P<year>\d{4})(?P<season>[A-Za-z]+)"
    seasons: tuple[tuple[str, str], ...] = (("F", "fall"), ("W", "winter"), ("S", "spring"), ("U", "summer"))
    year: str = "calendar"
    terms: tuple[str, ...] = ("fall", "spring")

    @property
    def usable(self) -> bool:
        """Whether the pattern is a regular expression with both groups."""
        try:
            return {"year", "season"} <= set(re.compile(self.pattern).groupindex)
        except re.error:
            return False

    def read(self, code: str) -> tuple[int, str] | None:
        """The academic year (year of its fall) and season of one code; None when the pattern does not match it."""
        match = re.fullmatch(self.pattern, code.strip())
        if match is None:
            return None
        season = dict(self.seasons).get(match["season"])
        if season is None:
            return None
        year = int(match["year"])
        if self.year == "calendar" and season != "fall":
            year -= 1
        return year, season

    def number(self, academic_year: int, season: str) -> int | None:
        """Running number of a main term: consecutive main terms differ by 1; None for the other seasons."""
        if season not in self.terms:
            return None
        return academic_year * len(self.terms) + self.terms.index(season)


def calendar_from(config: Mapping[str, Any]) -> Calendar:
    """The calendar of a study's config (``outcomes.calendar``); what is left out keeps its default."""
    block = (config.get("outcomes") or {}).get("calendar") or {}
    known: dict[str, Any] = {key: block[key] for key in ("pattern", "year") if key in block}
    if "seasons" in block:
        known["seasons"] = tuple((str(code), str(season)) for code, season in block["seasons"].items())
    if "terms" in block:
        known["terms"] = tuple(block["terms"])
    return Calendar(**known)


def parse_terms(codes: pd.Series, calendar: Calendar) -> pd.DataFrame:
    """Read term codes: one row per code with ``academic_year``, ``season`` and ``number``, indexed like ``codes``.

    ``number`` counts main terms (see :meth:`Calendar.number`). All three are missing for a code the calendar cannot
    read. Each distinct code is read once, so 600,000 rows cost as much as their few hundred codes.
    """
    import pandas as pd

    places, distinct = pd.factorize(codes.astype("string"))
    read = [calendar.read(code) for code in distinct]
    numbers = [None if r is None else calendar.number(*r) for r in read]
    known = pd.DataFrame(
        {
            "academic_year": pd.array([None if r is None else r[0] for r in read], dtype="Int64"),
            "season": pd.array([None if r is None else r[1] for r in read], dtype="string"),
            "number": pd.array(numbers, dtype="Int64"),
        }
    )
    return known.reindex(places).set_axis(codes.index, axis=0)  # place -1 (a missing code) finds no row


def entry_year(terms: pd.DataFrame, calendar: Calendar, rule: str = "first_fall") -> pd.Series:
    """Entry cohort from records: an academic year for each student, indexed by ``student_id`` (sorted), Int64.

    ``terms`` holds ``student_id`` and ``term``. By "first_year" it is the academic year of the first record, whatever
    its season. By "first_fall" it is the academic year of the first main term, and missing for students whose first
    main term is not a fall (they entered in spring, so their second fall comes after one term and not two); a summer
    before that fall does not count. Missing too when no term of a student can be read.
    """
    import pandas as pd

    parsed = parse_terms(terms["term"], calendar)
    student = terms["student_id"]
    if rule == "first_year":
        year = parsed["academic_year"].groupby(student.to_numpy()).min()
    elif rule == "first_fall":
        main = parsed["number"].notna().to_numpy()
        first = parsed.loc[main, "number"].groupby(student[main].to_numpy()).min()
        year = (first // len(calendar.terms)).where(first % len(calendar.terms) == calendar.terms.index("fall"))
    else:
        raise ValueError(f"unknown rule {rule!r}: first_fall or first_year")
    students = pd.Index(sorted(student.dropna().unique()), name="student_id")
    return year.astype("Int64").reindex(students).rename("cohort")
