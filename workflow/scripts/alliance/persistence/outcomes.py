"""Persistence outcomes from records and answers: a value, a risk set and a reason for everybody outside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alliance.calendar import SEASONS
from alliance.outcome_kinds import VALUES
from alliance.persistence.definitions import Definition
from alliance.persistence.departure import departures
from alliance.persistence.outcome_words import censoring_sentence, definition_sentence, risk_sentence, window
from alliance.persistence.records import UNKNOWN, Records, cip_digits, term_time

if TYPE_CHECKING:
    import pandas as pd

NO_RECORD = "no registrar record"
NO_ENTRY = "entry year unknown"
NOT_ENTERED = "not enrolled in the entry year"
NOT_OBSERVED = "records end too early"
NO_MAIN_TERM = "no main term on record"
NO_ANSWER = "no answer"
NO_PROGRAM = "no program in the first term"


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
    """One outcome; ``answers`` are the sample's rows, for outcomes that are answers of the survey."""
    survey = {"answer": _answered, "ordered": _ordered, "scale": _scale}
    if definition.kind in survey:
        return survey[definition.kind](definition, answers)
    assert records is not None
    if definition.kind in ("stop_out", "return"):
        from alliance.persistence.interruptions import returned, stop_out

        return _outcome(*(stop_out if definition.kind == "stop_out" else returned)(records, definition))
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
    if d.kind == "transferred":
        at_home = records.institution == records.home[records.student]
        return _outcome((records.any_of(here & ~at_home) & ~records.any_of(here & at_home)).astype(float), reason)
    present = records.any_of(here)
    entry = records.year == records.entry_year[records.student]
    first, now = records.first_field(entry), records.first_field(here)
    early = records.degree_time < term_time(window, "fall")[records.degree_student]
    early &= d.graduates == "persist"
    holders = records.degree_student[early]
    if d.kind == "retained":
        present[holders] = True
        return _outcome(present.astype(float), reason)
    if d.kind == "in_major":
        stays = present & (_digits(now, d) == _digits(first, d))
        same = _digits(records.degree_field[early], d) == _digits(first, d)[holders]
        stays[holders[same]] = True
        reason = np.where((reason == "") & (first == ""), NO_PROGRAM, reason)
        return _outcome(stays.astype(float), reason)
    inside = present & in_field(now, d.codes)
    inside[holders[in_field(records.degree_field[early], d.codes)]] = True
    if d.among == "started":
        outside = (reason == "") & ~in_field(first, d.codes)
        reason = np.where(outside, f"did not start in {d.field_label}", reason)
    if d.kind == "in_field":
        return _outcome(inside.astype(float), reason)
    present[holders] = True
    return _outcome(np.select([inside, present], [0.0, 1.0], default=2.0), reason)


def _digits(codes: np.ndarray, d: Definition) -> np.ndarray:
    """The first digits of program codes."""
    return np.array([code[: d.digits] for code in codes], dtype=object)


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


def _ordered(d: Definition, answers: pd.DataFrame) -> Outcome:
    given = answers[d.variable].astype("string")
    reason = np.where(given.isna(), NO_ANSWER, "").astype(object)
    place = given.map({answer: float(k) for k, answer in enumerate(d.order)})
    reason[given.notna() & place.isna()] = "another answer"
    return _outcome(place.to_numpy(dtype=float, na_value=np.nan), reason)


def _scale(d: Definition, answers: pd.DataFrame) -> Outcome:
    items = answers[list(d.items)].astype("Float64")
    enough = (items.notna().mean(axis=1) >= d.answered).to_numpy(dtype=bool)
    return _outcome(items.mean(axis=1).to_numpy(dtype=float, na_value=np.nan), np.where(enough, "", NO_ANSWER))


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
    """The outcomes in words and numbers, one row each.

    outcome, label, kind, definition, risk_set, censoring (sentences), categories (names of the values 0, 1 ... of an
    outcome with several), window_start, window_end and records_reach (years from the entry fall), n_frame, n_at_risk,
    n_events (yes/no and time), mean and sd (numbers).
    """
    import pandas as pd

    rows = []
    for d in definitions:
        o = outcomes[d.name]
        value = VALUES[d.kind]
        events = {"time": (o.at_risk & ~o.censored).sum(), "binary": np.nansum(o.value)}.get(value)
        known = o.value[o.at_risk]
        number = value == "number" and len(known) > 1
        start, end, reach = window(d) or (np.nan, np.nan, np.nan)
        rows.append(
            {
                "outcome": d.name,
                "label": d.label,
                "kind": d.kind,
                "definition": definition_sentence(d),
                "risk_set": risk_sentence(d),
                "censoring": censoring_sentence(d),
                "categories": "; ".join(d.names),
                "window_start": start,
                "window_end": end,
                "records_reach": reach,
                "n_frame": len(o.value),
                "n_at_risk": int(o.at_risk.sum()),
                "n_events": None if events is None else int(events),
                "mean": known.mean() if number else np.nan,
                "sd": known.std(ddof=1) if number else np.nan,
            }
        )
    return pd.DataFrame(rows).astype({"n_events": "Int64"})
