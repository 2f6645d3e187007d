"""Stop-out and return: main terms missed on the way, and enrolment after them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alliance.persistence.definitions import Definition
from alliance.persistence.departure import FAR, main_number, main_terms
from alliance.persistence.records import UNKNOWN, Records

NO_ABSENCE = "missed no main term"
NO_MAIN_TERM = "no main term on record"
NOT_OBSERVED = "records end too early"


@dataclass(frozen=True)
class Absences:
    """Per absence, sorted by student and time: ``student``, number of the first ``missed`` main term and of the one
    ``back`` (FAR: none on record). ``any_term`` per student: has a record of a main term."""

    student: np.ndarray
    missed: np.ndarray
    back: np.ndarray
    any_term: np.ndarray


def absences(records: Records, d: Definition) -> Absences:
    """Every run of missed main terms after entry; the time after a degree is none, nor is waiting for the diploma.

    Who graduates within ``gap`` main terms of the last enrolled one without enrolling again was not absent.
    """
    student, number = main_terms(records, d)
    graduation = np.full(records.n, FAR)
    np.minimum.at(graduation, records.degree_student, main_number(records.degree_time, records))
    following = np.append(number[1:], FAR)
    following[np.append(student[1:] != student[:-1], True)] = FAR
    degree = graduation[student]
    waiting = (degree <= number + d.gap) & (following > degree)
    gone = (following > number + 1) & (number < degree) & ~waiting
    any_term = np.zeros(records.n, dtype=bool)
    any_term[student] = True
    return Absences(student[gone], number[gone] + 1, following[gone], any_term)


def stop_out(records: Records, d: Definition) -> tuple[np.ndarray, np.ndarray]:
    """Value (n) and reason for being outside the risk set ("" at risk)."""
    found = absences(records, d)
    end = _window_end(records, d)
    short = (found.missed <= end[found.student]) & (found.back - found.missed < d.gap)
    value = np.zeros(records.n)
    value[found.student[short]] = 1.0
    reason = _known(records, found, end + d.gap)
    return value, reason


def returned(records: Records, d: Definition) -> tuple[np.ndarray, np.ndarray]:
    """Value (n) and reason for being outside the risk set, for the first absence of each student."""
    found = absences(records, d)
    end = _window_end(records, d)
    missed, back = np.full(records.n, FAR), np.full(records.n, FAR)
    order = np.arange(len(found.student))[::-1]  # the first is written last
    missed[found.student[order]], back[found.student[order]] = found.missed[order], found.back[order]
    last = missed + d.within - 1
    reason = _known(records, found, np.where(missed < FAR, last, end))
    reason = np.where((reason == "") & (missed > end), NO_ABSENCE, reason)
    return (back <= last).astype(float), reason


def _window_end(records: Records, d: Definition) -> np.ndarray:
    """Number of the last main term of the window, per student."""
    return (records.entry_year + d.years) * len(records.calendar.terms) - 1


def _known(records: Records, found: Absences, needed: np.ndarray) -> np.ndarray:
    """Reasons that come from the records: they must show the main term ``needed`` of each student."""
    from alliance.persistence.outcomes import NO_ENTRY, NO_RECORD

    reason = np.full(records.n, "", dtype=object)
    reason[main_number(records.data_end, records) < needed] = NOT_OBSERVED
    reason[~found.any_term] = NO_MAIN_TERM
    reason[records.entry_year == UNKNOWN] = NO_ENTRY
    reason[records.home == UNKNOWN] = NO_RECORD
    return reason
