"""Persistence outcomes from records and answers: a value, a risk set and a reason for everybody outside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alliance.calendar import SEASONS
from alliance.persistence.definitions import Definition, definition_sentence, risk_sentence
from alliance.persistence.departure import departures
from alliance.persistence.records import UNKNOWN, Records, cip_digits, term_time

if TYPE_CHECKING:
    import pandas as pd

NO_RECORD = "no registrar record"
NO_ENTRY = "entry year unknown"
NOT_ENTERED = "not enrolled in the entry year"
NOT_OBSERVED = "records end too early"
NO_MAIN_TERM = "no main term on record"
NO_ANSWER = "no answer"


@dataclass(frozen=True)
class Outcome:
    """One outcome of n students: ``value`` (NaN outside the risk set), ``at_risk``, ``censored``, ``reason``.

    ``censored`` marks students who are outside the risk set only because the records end (yes/no outcomes), or whose
    departure is not observed (time to departure).
    """

    value: np.ndarray
    at_risk: np.ndarray
    censored: np.ndarray
    reason: np.ndarray


def derive(definition: Definition, records: Records | None, answers: pd.DataFrame) -> Outcome:
    """One outcome; ``answers`` are the sample's rows, for outcomes of kind "answer"."""
    if definition.kind == "answer":
        return _answered(definition, answers)
    assert records is not None
    if definition.kind == "graduated":
        return _graduated(definition, records)
    if definition.kind == "time_to_departure":
        time = departures(records, definition)
        reason = np.where(time.period > 0, "", NO_MAIN_TERM).astype(object)
        reason[records.home == UNKNOWN] = NO_RECORD
        return _outcome(time.period.astype(float), reason, censored=(time.period > 0) & ~time.event)
    return _enrolled(definition, records)


def _outcome(value: np.ndarray, reason: np.ndarray, censored: np.ndarray | None = None) -> Outcome:
    at_risk = reason == ""
    if censored is None:
        censored = reason == NOT_OBSERVED
    return Outcome(np.where(at_risk, value, np.nan), at_risk, censored, reason)


def _reasons(records: Records, definition: Definition, last_year: np.ndarray) -> np.ndarray:
    """Why students are outside the risk set; the first reason that applies stands."""
    reason = np.full(records.n, "", dtype=object)
    entered = records.any_of(records.year == records.entry_year[records.student])
    must_reach = {
        "window_start": term_time(last_year, records.calendar.terms[0]),
        "window_end": term_time(last_year, records.calendar.terms[-1]),
        "next_year": term_time(last_year + 1, records.calendar.terms[0]),
    }[definition.data_reach]
    reason[records.data_end < must_reach] = NOT_OBSERVED
    reason[~entered] = NOT_ENTERED
    reason[records.entry_year == UNKNOWN] = NO_ENTRY
    reason[records.home == UNKNOWN] = NO_RECORD
    return reason


def _enrolled(d: Definition, records: Records) -> Outcome:
    window = records.entry_year + d.fall - 1
    reason = _reasons(records, d, window)
    here = records.year == window[records.student]
    if d.enrolled == "fall":
        here &= records.season == SEASONS.index("fall")
    if d.institution == "same":
        here &= records.institution == records.home[records.student]
    present = records.any_of(here)
    started = np.ones(records.n, dtype=bool)
    if d.kind == "in_field":
        present &= in_field(records.first_field(here), d.codes)
        entry = records.year == records.entry_year[records.student]
        started = in_field(records.first_field(entry), d.codes)
    if d.graduates == "persist":
        early = records.degree_time < term_time(window, "fall")[records.degree_student]
        if d.kind == "in_field":
            early &= in_field(records.degree_field, d.codes)
        present[records.degree_student[early]] = True
    if d.kind == "in_field" and d.among == "started":
        reason = np.where((reason == "") & ~started, f"did not start in {d.field_label}", reason)
    return _outcome(present.astype(float), reason)


def _graduated(d: Definition, records: Records) -> Outcome:
    last_year = records.entry_year + d.years - 1
    # a degree dated before the first record counts too: then the term records began late, not the student
    in_time = records.degree_year <= last_year[records.degree_student]
    graduated = np.zeros(records.n)
    graduated[records.degree_student[in_time]] = 1.0
    return _outcome(graduated, _reasons(records, d, last_year))


def _answered(d: Definition, answers: pd.DataFrame) -> Outcome:
    given = answers[d.variable].astype("string")
    reason = np.where(given.isna(), NO_ANSWER, "").astype(object)
    return _outcome(given.isin(d.answers).fillna(False).to_numpy(dtype=float), reason)


def in_field(fields: np.ndarray, codes: tuple[str, ...]) -> np.ndarray:
    """Which field codes begin with one of ``codes`` (CIP families)."""
    wanted = tuple(cip_digits(code) for code in codes)
    distinct, places = np.unique(fields.astype(str), return_inverse=True)
    return np.array([bool(code) and code.startswith(wanted) for code in distinct], dtype=bool)[places]


def outcome_frame(student_ids: np.ndarray, outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Long frame: student_id, outcome, value, at_risk, censored, reason_not_at_risk."""
    import pandas as pd

    parts = [
        pd.DataFrame(
            {
                "student_id": student_ids,
                "outcome": name,
                "value": o.value,
                "at_risk": o.at_risk,
                "censored": o.censored,
                "reason_not_at_risk": o.reason,
            }
        )
        for name, o in outcomes.items()
    ]
    return pd.concat(parts, ignore_index=True)


def definition_frame(definitions: list[Definition], outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """outcome, label, kind, definition, risk_set, n_frame, n_at_risk, n_events: the outcomes in words and numbers."""
    import pandas as pd

    rows = []
    for d in definitions:
        o = outcomes[d.name]
        timed = d.kind == "time_to_departure"
        events = int((o.at_risk & ~o.censored).sum()) if timed else int(np.nansum(o.value))
        rows.append(
            {
                "outcome": d.name,
                "label": d.label,
                "kind": d.kind,
                "definition": definition_sentence(d),
                "risk_set": risk_sentence(d),
                "n_frame": len(o.value),
                "n_at_risk": int(o.at_risk.sum()),
                "n_events": events,
            }
        )
    return pd.DataFrame(rows)
