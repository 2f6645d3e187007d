"""Time to departure from main-term records: stop-outs, graduation and the end of the records told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alliance.calendar import SEASONS
from alliance.persistence.records import UNKNOWN, Records

if TYPE_CHECKING:
    import pandas as pd

    from alliance.persistence.definitions import Definition

FAR = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class Departures:
    """Per student: ``period`` (main terms from entry to departure or to the last term known, 0 without records) and
    ``event`` (departed). Per enrolled term at risk: ``row_student``, ``row_period``, ``row_event``."""

    period: np.ndarray
    event: np.ndarray
    row_student: np.ndarray
    row_period: np.ndarray
    row_event: np.ndarray


def departures(records: Records, definition: Definition) -> Departures:
    """Departure: the last enrolled main term before ``gap`` main terms in a row without enrolment and without a degree.

    A student is at risk in each enrolled main term until then. The term of graduation and the terms for which the
    records do not show ``gap`` terms more (unless the student is seen again) are not at risk: there the student is
    censored. What comes after a first departure (a late return) is not used.
    """
    student, number = main_terms(records, definition)
    graduation = np.full(records.n, FAR)
    np.minimum.at(graduation, records.degree_student, main_number(records.degree_time, records))
    before = number <= graduation[student]
    student, number = student[before], number[before]
    first = np.full(records.n, FAR)
    np.minimum.at(first, student, number)
    following = np.append(number[1:], FAR)
    following[np.append(student[1:] != student[:-1], True)] = FAR
    gone = following - number > definition.gap
    graduates = graduation[student] <= number + definition.gap
    known = (following < FAR) | (main_number(records.data_end, records)[student] >= number + definition.gap)
    event = gone & known & ~(gone & graduates)
    # everything from the first departure on, the graduation and the unknown end are outside the risk set
    earlier = np.cumsum(event) - event
    starts = np.flatnonzero(np.append(True, student[1:] != student[:-1])) if len(student) else np.empty(0, int)
    lengths = np.diff(np.append(starts, len(student)))
    left_before = earlier - np.repeat(earlier[starts] if len(starts) else earlier, lengths) > 0
    inside = ~left_before
    at_risk = inside & ~(gone & graduates) & known & (number != graduation[student])
    period = number - first[student] + 1
    last = np.zeros(records.n, dtype=np.int64)
    np.maximum.at(last, student[inside], period[inside])
    departed = np.zeros(records.n, dtype=bool)
    departed[student[at_risk & event]] = True
    return Departures(last, departed, student[at_risk], period[at_risk], event[at_risk])


def main_terms(records: Records, definition: Definition) -> tuple[np.ndarray, np.ndarray]:
    """Student and number of every main term of enrolment since entry, each once, sorted."""
    per_year = len(records.calendar.terms)
    entry = np.where(records.entry_year == UNKNOWN, FAR, records.entry_year * per_year)
    usable = (records.number != UNKNOWN) & (records.number >= entry[records.student])
    if definition.institution == "same":
        usable &= records.institution == records.home[records.student]
    return _distinct(records.student[usable], records.number[usable])


def _distinct(student: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Student and main term, each pair once, sorted."""
    if not len(student):
        return student, number
    span = int(number.max()) + 1
    return np.divmod(np.unique(student.astype(np.int64) * span + number), span)


def main_number(time: np.ndarray, records: Records) -> np.ndarray:
    """Number of the main term at a time, or of the one before where the time is not in a main term."""
    year, season = np.divmod(time, len(SEASONS))
    places = [SEASONS.index(term) for term in records.calendar.terms]
    passed = np.array([sum(place <= s for place in places) - 1 for s in range(len(SEASONS))])
    return year * len(places) + passed[season]


def period_frame(student_ids: np.ndarray, name: str, found: Departures) -> pd.DataFrame:
    """Person-period table: student_id, outcome, period, event (0/1)."""
    import pandas as pd

    return pd.DataFrame(
        {
            "student_id": np.asarray(student_ids, dtype=object)[found.row_student],
            "outcome": name,
            "period": found.row_period,
            "event": found.row_event.astype(np.int64),
        }
    )
