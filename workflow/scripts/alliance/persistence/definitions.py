"""What each persistence outcome means: its settings read from the config, and the sentences that say them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alliance.calendar import Calendar

ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


STATES = ("in_field", "switched", "left")  # values 0, 1, 2 of a state


@dataclass(frozen=True)
class Definition:
    """One outcome of ``outcomes.define``. What the config leaves out has these defaults.

    ``enrolled`` "fall" (a record of that fall) or "year" (any term of that academic year); ``graduates`` "persist" (a
    degree before the window counts as persisting) or "as_enrolled" (only enrolment counts); ``data_reach`` how far the
    institution's records must go for a student to be at risk: "window_start", "window_end" (last main term of the
    window's last year) or "next_year" (the year after has begun); ``among`` "started" (in that field in the first
    term) or "everybody"; ``institution`` "any" or "same"; ``gap`` main terms without enrolment that make a departure.
    """

    name: str
    kind: str
    label: str
    fall: int = 0
    years: int = 0
    field: str = ""
    field_label: str = ""
    codes: tuple[str, ...] = ()
    variable: str = ""
    answers: tuple[str, ...] = ()
    enrolled: str = "fall"
    graduates: str = "persist"
    data_reach: str = "window_start"
    among: str = "started"
    institution: str = "any"
    gap: int = 3
    terms_per_year: int = 2


def read_definitions(outcomes: Mapping[str, Any], calendar: Calendar) -> list[Definition]:
    """The definitions of a config's ``outcomes`` block, in its order. The schema has checked the block."""
    fields = outcomes.get("fields") or {}
    return [_read(name, block, fields, calendar) for name, block in outcomes["define"].items()]


def _read(name: str, block: Mapping[str, Any], fields: Mapping[str, Any], calendar: Calendar) -> Definition:
    known = {
        k: block[k]
        for k in ("fall", "years", "variable", "enrolled", "graduates", "among", "institution", "gap")
        if k in block
    }
    field = block.get("field", "")
    if field:
        known |= {
            "field": field,
            "field_label": fields[field]["label"],
            "codes": tuple(map(str, fields[field]["codes"])),
        }
    if "value" in block:
        value = block["value"]
        known["answers"] = tuple(_answer_text(v) for v in (value if isinstance(value, list) else [value]))
    whole_year = block["kind"] == "graduated" or block.get("enrolled") == "year"
    known["data_reach"] = block.get("data_reach", "window_end" if whole_year else "window_start")
    known.setdefault("gap", len(calendar.terms) + 1)
    return Definition(name, block["kind"], block["label"], terms_per_year=len(calendar.terms), **known)


def _answer_text(value: Any) -> str:
    # unquoted yes and no reach us as YAML's booleans
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def categories(block: Mapping[str, Any]) -> list[str]:
    """Names of the values 0, 1 ... of an outcome with several categories; empty for the others."""
    if block.get("kind") == "state":
        return list(STATES)
    return [_answer_text(v) for v in block.get("order", ())] if block.get("kind") == "ordered" else []


def ordinal(number: int) -> str:
    """1 -> first; numbers without a word get "12th"."""
    return ORDINALS[number] if number < len(ORDINALS) else f"{number}th"


def number_word(number: int) -> str:
    """Whole numbers below ten in words."""
    words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return words[number] if number < len(words) else str(number)


def definition_sentence(d: Definition) -> str:
    """One sentence that says when the outcome has occurred."""
    where = " at the institution of entry" if d.institution == "same" else ""
    if d.kind == "answer":
        return f"Answered {d.variable} with {' or '.join(d.answers)}."
    if d.kind == "graduated":
        return f"Received a degree before the fall that follows the {ordinal(d.years)} academic year since entry."
    if d.kind == "time_to_departure":
        return (
            f"Number of main terms from entry to the last one before {number_word(d.gap)} main terms in a row without "
            f"enrolment{where} and without a degree; shorter absences are stop-outs, not departures."
        )
    when = (
        f"in the {ordinal(d.fall)} fall"
        if d.enrolled == "fall"
        else f"in any term of the {ordinal(d.fall)} academic year"
    )
    what = f"Enrolled{where} {when}, counting the entry {'fall' if d.enrolled == 'fall' else 'year'} as the first"
    if d.kind == "in_field":
        what += f", in a program of {d.field_label} ({_codes_text(d.codes)})"
    if d.graduates == "persist":
        return f"{what}, or graduated before{' in that field' if d.kind == 'in_field' else ''}."
    return f"{what}."


def risk_sentence(d: Definition) -> str:
    """One sentence that says who could have the outcome."""
    if d.kind == "answer":
        return "Students of the sample who answered the question."
    base = "Students of the sample with a registrar record in their entry year"
    if d.kind == "time_to_departure":
        return (
            "Students of the sample with a record of a main term; each enrolled term counts until departure, "
            "graduation or the last term for which the institution's records show what followed."
        )
    if d.kind == "in_field" and d.among == "started":
        base += f", in {d.field_label} in their first term"
    span = f"the {ordinal(d.years)} year" if d.kind == "graduated" else f"the {ordinal(d.fall)} {d.enrolled}"
    reach = {
        "window_start": f"{'' if d.enrolled == 'fall' and d.kind != 'graduated' else 'the beginning of '}{span}",
        "window_end": f"the end of {span}",
        "next_year": f"the year after {span}",
    }[d.data_reach]
    return f"{base}, at institutions whose records reach {reach}."


def _codes_text(codes: tuple[str, ...]) -> str:
    return "CIP " + ", ".join(codes)
