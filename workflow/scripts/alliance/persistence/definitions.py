"""What each persistence outcome means: its settings read from the config, and the sentences that say them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alliance.calendar import Calendar

ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


PLAIN = (  # settings that are taken as they stand
    "fall", "years", "variable", "enrolled", "graduates", "among", "institution", "gap", "digits", "within", "answered",
    "horizon",
)  # fmt: skip
STATES = ("in_field", "switched", "left")  # values 0, 1, 2 of a state


@dataclass(frozen=True)
class Definition:
    """One outcome of ``outcomes.define``. What the config leaves out has these defaults.

    ``enrolled`` "fall" (a record of that fall) or "year" (any term of that academic year); ``graduates`` "persist" (a
    degree before the window counts as persisting) or "as_enrolled" (only enrolment counts); ``data_reach`` how far the
    institution's records must go for a student to be at risk: "window_start", "window_end" (last main term of the
    window's last year) or "next_year" (the year after has begun); ``among`` "started" (in that field in the first
    term) or "everybody"; ``institution`` "any" or "same"; ``gap`` main terms without enrolment that make a departure;
    ``digits`` of the program code that must agree (in_major); ``within`` main terms in which a return counts;
    ``answered`` share of a scale's items that must be answered; ``horizon`` main terms of a departure's life table.
    """

    name: str
    kind: str
    label: str
    fall: int = 0
    years: int = 0
    field: str = ""
    field_label: str = ""
    codes: tuple[str, ...] = ()
    list_name: str = ""
    variable: str = ""
    answers: tuple[str, ...] = ()
    enrolled: str = "fall"
    graduates: str = "persist"
    data_reach: str = "window_start"
    among: str = "started"
    institution: str = "any"
    gap: int = 3
    terms_per_year: int = 2
    digits: int = 6
    within: int = 0
    order: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    answered: float = 0.5
    horizon: int = 8

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the values 0, 1 ... of an outcome with several categories."""
        return STATES if self.kind == "state" else self.order


def read_definitions(outcomes: Mapping[str, Any], calendar: Calendar) -> list[Definition]:
    """The definitions of a config's ``outcomes`` block, in its order. The schema has checked the block."""
    fields = outcomes.get("fields") or {}
    return [_read(name, block, fields, calendar) for name, block in outcomes["define"].items()]


def _read(name: str, block: Mapping[str, Any], fields: Mapping[str, Any], calendar: Calendar) -> Definition:
    known = {key: block[key] for key in PLAIN if key in block}
    field = block.get("field", "")
    if field:
        known |= {
            "field": field,
            "field_label": fields[field]["label"],
        }
        known["codes"], known["list_name"] = read_field(fields[field])
    if "value" in block:
        value = block["value"]
        known["answers"] = tuple(_answer_text(v) for v in (value if isinstance(value, list) else [value]))
    known |= {key: tuple(_answer_text(v) for v in block[key]) for key in ("order", "items") if key in block}
    if block["kind"] == "return":
        known.setdefault("within", 2 * len(calendar.terms))
    known.setdefault("horizon", 4 * len(calendar.terms))
    whole_year = block["kind"] in ("graduated", "stop_out", "return") or block.get("enrolled") == "year"
    known["data_reach"] = block.get("data_reach", "window_end" if whole_year else "window_start")
    known.setdefault("gap", len(calendar.terms) + 1)
    return Definition(name, block["kind"], block["label"], terms_per_year=len(calendar.terms), **known)


def read_field(field: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """Program codes of a field and the name of their list: its own codes, or those of the file that it names."""
    if "list" not in field:
        return tuple(map(str, field["codes"])), ""
    import yaml

    found = yaml.safe_load(Path(field["list"]).read_text(encoding="utf-8"))
    return tuple(map(str, found["codes"])), str(found["name"])


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
