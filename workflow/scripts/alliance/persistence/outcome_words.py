"""Each outcome in words: when it has occurred, who could have had it, and when the records tell."""

from __future__ import annotations

from alliance.persistence.definitions import Definition, number_word, ordinal


def definition_sentence(d: Definition) -> str:
    """One sentence that says when the outcome has occurred."""
    where = " at the institution of entry" if d.institution == "same" else ""
    if d.kind in _SURVEY:
        return _SURVEY[d.kind](d)
    if d.kind in ("stop_out", "return"):
        return _absence_sentence(d, where)
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
    counting = f"counting the entry {'fall' if d.enrolled == 'fall' else 'year'} as the first"
    if d.kind == "transferred":
        return f"Enrolled at another institution than that of entry, and not there, {when}, {counting}."
    if d.kind == "state":
        return _state_sentence(d, where, when, counting)
    what = f"Enrolled{where} {when}, {counting}"
    if d.kind == "in_major":
        what += f", in the program of the first term (the first {d.digits} digits of its code agree)"
    if d.kind == "in_field":
        what += f", in a program of {d.field_label} ({_codes_text(d)})"
    if d.graduates == "persist":
        return f"{what}, or graduated before{_IN.get(d.kind, '')}."
    return f"{what}."


def risk_sentence(d: Definition) -> str:
    """One sentence that says who could have the outcome."""
    if d.kind == "scale":
        return f"Students of the sample who answered at least {d.answered:.0%} of the {len(d.items)} items."
    if d.kind in _SURVEY:
        return "Students of the sample who answered the question."
    base = "Students of the sample with a registrar record in their entry year"
    if d.kind == "time_to_departure":
        return (
            "Students of the sample with a record of a main term; each enrolled term counts until departure, "
            "graduation or the last term for which the institution's records show what followed."
        )
    if d.kind in ("stop_out", "return"):
        who = "who missed a main term" if d.kind == "return" else "with a record of a main term"
        follow = d.within if d.kind == "return" else d.gap
        return (
            f"Students of the sample {who} within {_years(d.years)} of entry, at institutions whose records show the "
            f"{number_word(follow)} main terms {'from the missed one on' if d.kind == 'return' else 'that follow'}."
        )
    if d.kind in ("in_field", "state") and d.among == "started":
        base += f", in {d.field_label} in their first term"
    if d.kind == "in_major":
        base += ", with a program in their first term"
    span = f"the {ordinal(d.years)} year" if d.kind == "graduated" else f"the {ordinal(d.fall)} {d.enrolled}"
    reach = {
        "window_start": f"{'' if d.enrolled == 'fall' and d.kind != 'graduated' else 'the beginning of '}{span}",
        "window_end": f"the end of {span}",
        "next_year": f"the year after {span}",
    }[d.data_reach]
    return f"{base}, at institutions whose records reach {reach}."


def _years(number: int) -> str:
    return "the first academic year" if number == 1 else f"the first {number_word(number)} academic years"


def _absence_sentence(d: Definition, where: str) -> str:
    missed = f"one main term or more within {_years(d.years)}, without a degree,"
    if d.kind == "stop_out":
        return f"Missed {missed} and was enrolled{where} again before {number_word(d.gap)} in a row were missed."
    return f"Having missed {missed} enrolled{where} again in one of {number_word(d.within)} main terms from then on."


def _state_sentence(d: Definition, where: str, when: str, counting: str) -> str:
    early = ", or graduated in it before" if d.graduates == "persist" else ""
    elsewhere = ", or graduated in one before" if d.graduates == "persist" else ""
    return (
        f"One of three states {when}, {counting}: in the field (enrolled{where} in a program of {d.field_label}, "
        f"{_codes_text(d)}{early}), switched (enrolled{where} in another program{elsewhere}), left (not enrolled)."
    )


def censoring_sentence(d: Definition) -> str:
    """One sentence that says what happens where the records end."""
    if d.kind in _SURVEY:
        return "No records are needed: who did not answer is outside the risk set."
    if d.kind == "time_to_departure":
        return (
            "Right-censored at graduation and at the last term for which the records show "
            f"{number_word(d.gap)} main terms more."
        )
    return "Students at institutions whose records end earlier are outside the risk set (right-censored)."


def window(d: Definition) -> tuple[float, float, float] | None:
    """Years from the entry fall: start and end of the window that is looked at, and how far records must reach.

    None for answers of the survey. A term lasts a year divided by the number of main terms. A time to departure is
    shown up to its horizon and asks for no reach (NaN): who is still there when the records end is censored.
    """
    if d.kind in _SURVEY:
        return None
    term = 1.0 / d.terms_per_year
    if d.kind == "time_to_departure":
        return 0.0, d.horizon * term, float("nan")
    if d.kind in ("stop_out", "return"):
        return 0.0, float(d.years), d.years + (d.gap if d.kind == "stop_out" else d.within) * term
    last = d.years if d.kind == "graduated" else d.fall
    start = 0.0 if d.kind == "graduated" else d.fall - 1.0
    end = start + term if d.enrolled == "fall" and d.kind != "graduated" else float(last)
    reach = {"window_start": last - 1 + term, "window_end": float(last), "next_year": last + term}[d.data_reach]
    return start, end, reach


_IN = {"in_field": " in that field", "in_major": " in it"}
_SURVEY = {
    "answer": lambda d: f"Answered {d.variable} with {' or '.join(d.answers)}.",
    "ordered": lambda d: f"Answer to {d.variable}, in the order {', '.join(d.order)}.",
    "scale": lambda d: f"Mean of the items {', '.join(d.items)}.",
}


def _codes_text(d: Definition) -> str:
    return "CIP " + ", ".join(d.codes) + (f", after {d.list_name}" if d.list_name else "")
