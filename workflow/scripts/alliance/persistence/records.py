"""Term and degree records of the sample as arrays, ready for vectorised outcome definitions.

Time is one whole number: academic year * 4 + place of the season (fall 0, winter 1, spring 2, summer 3), so that all
comparisons of terms are comparisons of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alliance.calendar import SEASONS, Calendar, parse_terms

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = -1


def term_time(year: np.ndarray | int, season: str) -> np.ndarray | int:
    """Time of a season of an academic year."""
    return year * len(SEASONS) + SEASONS.index(season)


@dataclass(frozen=True)
class Records:
    """What is known of n students from their registrar.

    ``institutions`` are the names behind the codes. Per student: ``entry_year`` (academic year, -1 unknown), ``home``
    (code of the institution of the first record, -1 none), ``data_end`` (time of the last record that institution has
    of anybody, -1 none).
    Per term record of these students: ``student`` (row of the student), ``time``, ``year``, ``season``, ``number``
    (main terms count up by 1, -1 otherwise), ``institution``, ``field``. Per degree: ``degree_student``,
    ``degree_time``, ``degree_year``, ``degree_field``.
    """

    calendar: Calendar
    institutions: tuple[str, ...]
    entry_year: np.ndarray
    home: np.ndarray
    data_end: np.ndarray
    student: np.ndarray
    time: np.ndarray
    year: np.ndarray
    season: np.ndarray
    number: np.ndarray
    institution: np.ndarray
    field: np.ndarray
    degree_student: np.ndarray
    degree_time: np.ndarray
    degree_year: np.ndarray
    degree_field: np.ndarray

    @property
    def n(self) -> int:
        """Number of students."""
        return len(self.entry_year)

    def home_names(self) -> np.ndarray:
        """Name of each student's institution of entry; None where there is no record."""
        names = np.array([*self.institutions, None], dtype=object)
        return names[self.home]  # code -1 takes the last

    def any_of(self, records: np.ndarray) -> np.ndarray:
        """Which students have at least one of the marked term records (boolean n)."""
        found = np.zeros(self.n, dtype=bool)
        found[self.student[records]] = True
        return found

    def first_field(self, records: np.ndarray) -> np.ndarray:
        """Field of each student's earliest marked record (object n; "" where there is none)."""
        places = np.flatnonzero(records)
        places = places[np.argsort(self.time[places], kind="stable")[::-1]]
        field = np.full(self.n, "", dtype=object)
        field[self.student[places]] = self.field[places]  # the earliest is written last
        return field


def build_records(
    student_ids: Sequence[str],
    entry_year: Sequence,
    terms: pd.DataFrame,
    degrees: pd.DataFrame,
    calendar: Calendar,
) -> Records:
    """Records of the students of the sample.

    ``terms`` (student_id, term, optional field and institution) and ``degrees`` (student_id, term, optional field) hold
    everybody of the registrar's files: where the records of an institution end is read off all its students.
    """
    import pandas as pd

    index = pd.Index(student_ids)
    entry = pd.to_numeric(pd.Series(list(entry_year)), errors="coerce").fillna(UNKNOWN).to_numpy(dtype=np.int64)
    time, year, season, number = _times(terms["term"], calendar)
    institution, names = _codes(terms, "institution")
    known = time != UNKNOWN
    ends = np.full(institution.max(initial=0) + 1, UNKNOWN)
    np.maximum.at(ends, institution[known], time[known])
    rows = index.get_indexer(pd.Index(terms["student_id"]))
    mine = np.flatnonzero(known & (rows >= 0))
    student = rows[mine]
    home = np.full(len(index), UNKNOWN)
    backwards = mine[np.argsort(time[mine], kind="stable")[::-1]]
    home[rows[backwards]] = institution[backwards]
    data_end = np.where(home >= 0, ends[np.maximum(home, 0)], UNKNOWN)
    degree_time, degree_year, _, _ = _times(degrees["term"], calendar)
    degree_rows = index.get_indexer(pd.Index(degrees["student_id"]))
    held = np.flatnonzero((degree_time != UNKNOWN) & (degree_rows >= 0))
    return Records(
        calendar, names, entry, home, data_end,
        student, time[mine], year[mine], season[mine], number[mine], institution[mine], _fields(terms)[mine],
        degree_rows[held], degree_time[held], degree_year[held], _fields(degrees)[held],
    )  # fmt: skip


def _times(codes: pd.Series, calendar: Calendar) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    parsed = parse_terms(codes, calendar)
    year = parsed["academic_year"].fillna(UNKNOWN).to_numpy(dtype=np.int64)
    place = parsed["season"].map({s: i for i, s in enumerate(SEASONS)}).fillna(0).to_numpy(dtype=np.int64)
    time = np.where(year == UNKNOWN, UNKNOWN, year * len(SEASONS) + place)
    return time, year, place, parsed["number"].fillna(UNKNOWN).to_numpy(dtype=np.int64)


def _codes(frame: pd.DataFrame, column: str) -> tuple[np.ndarray, tuple[str, ...]]:
    import pandas as pd

    if column not in frame.columns:
        return np.zeros(len(frame), dtype=np.int64), ("",)
    codes, names = pd.factorize(frame[column].astype("string").fillna(""), sort=True)
    return codes, tuple(map(str, names))


def _fields(frame: pd.DataFrame) -> np.ndarray:
    """Field codes as CIP digits without the point; the leading zero that spreadsheets drop is put back."""
    import pandas as pd

    if "field" not in frame.columns:
        return np.full(len(frame), "", dtype=object)
    places, distinct = pd.factorize(frame["field"].astype("string").fillna(""))
    return np.array([cip_digits(str(code)) for code in distinct], dtype=object)[places] if len(frame) else places


def cip_digits(code: str) -> str:
    """``14.0801`` -> ``140801``; ``9.0401`` and ``90401`` -> ``090401``; other codes as they are, without points."""
    family, point, rest = code.strip().partition(".")
    digits = family + rest
    if digits.isdigit() and ((point and len(family) == 1) or (not point and len(family) in (3, 5))):
        return "0" + digits
    return digits
