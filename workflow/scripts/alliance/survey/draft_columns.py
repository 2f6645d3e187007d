"""What a raw column probably is: id, item, category, number, date, or something that need not be read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alliance.survey.draft_scales import Codes, is_missing_word, labelled_codes, outside, scale_codes, whole
from alliance.survey.readers import Raw
from alliance.survey.values import DOTTED, ISO, as_number, folded

CATEGORIES = 20  # most different answers of a category that are listed
MOST = 0.95  # share of the different texts that must fit a type
DATE_FORMATS = ("%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p")
DATE_FORMATS += ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d %b %Y", "%d-%b-%y")
DATE_FORMATS += ("%m/%d/%y", "%m/%d/%y %H:%M", "%Y%m%d")
#: columns of survey tools about the machine or the person, not about the answers
NOT_READ = re.compile(
    r"ip ?address|recipient|first ?name|last ?name|\be-?mail|latitude|longitude|response ?id|custom ?data|"
    r"comment|remark|(?<![a-z])name$|(?<![a-z])name |surname|phone|address|birth|_text$|open[ -]?ended|"
    r"collector|user ?language|refurl|seed|startlanguage|survey_identifier",
    re.IGNORECASE,
)
PERSON = re.compile(r"student|mentee|participant|person|learner|external ?ref|token|^id$|record_id|pidm|net ?id", re.I)
MENTOR = re.compile(r"mentor(?!ing)|advis[oe]r|supervisor|faculty", re.IGNORECASE)
NAMES = {
    "term": re.compile(r"term|semester|period", re.IGNORECASE),
    "field": re.compile(r"cip|major|field|program|plan", re.IGNORECASE),
    "institution": re.compile(r"institution|campus|school|college", re.IGNORECASE),
}


@dataclass
class Guess:
    """One row of the draft, before its variable has a name; ``counts`` are the answers, for scales that are shared."""

    column: str
    label: str
    type: str
    codes: Codes = field(default_factory=Codes)
    form: str = ""
    variable: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    note: str = ""


def guess_column(raw: Raw, column: str, kind: str) -> Guess:
    """The guess for one column of a raw file that was read whole; ``kind`` is that of the input."""
    label = raw.labels.get(column, "") or column
    label = label if len(label) <= 120 else label[:117] + "..."
    texts = raw.frame[column].str.strip()
    counts = {str(text): int(n) for text, n in texts[texts != ""].value_counts().items()}
    guess = Guess(column, label, "ignore", counts=counts)
    if not counts:
        guess.note = "has no answers"
        return guess
    own = raw.value_labels.get(column)
    if variable := _id_variable(column, label, counts):
        guess.type, guess.variable = "id", variable
    elif NOT_READ.search(column) or (raw.labels.get(column) and NOT_READ.search(label) and len(label) < 40):
        guess.note = "is about the person or the machine: not read"
    elif own and len(own) <= 2 * CATEGORIES:
        guess.codes = labelled_codes(own, counts, raw.declared_missing.get(column, []))
        guess.type = "scale" if _is_scale(guess.codes) else "category"
    elif kind in ("terms", "degrees") and (variable := _record_variable(column)):
        guess.type, guess.variable = "text", variable
    elif (form := _date_format(counts)) is not None:
        guess.type, guess.form = "date", form
        if form == "%m/%d/%Y; %d/%m/%Y":
            guess.form, guess.note = "%m/%d/%Y", "month/day or day/month cannot be told apart: correct values"
    else:
        _guess_answers(guess, counts, raw)
    return guess


def _is_scale(codes: Codes) -> bool:
    return len(codes.labels) >= 3 and all(whole(code) is not None for code in codes.labels)


def _guess_answers(guess: Guess, counts: Mapping[str, int], raw: Raw) -> None:
    declared = raw.declared_missing.get(guess.column, [])
    scale = scale_codes(counts)
    if (
        scale is not None
        and (not scale.unsure or _listable(counts))
        and (len(scale.labels) > 2 or all(whole(c) is not None for c in counts))
    ):
        scale.missing += [low if low == high else f"{low}..{high}" for low, high in declared]
        guess.type, guess.codes = "scale", scale
        return
    for mark in ".,":
        numbers = {text: number for text in counts if (number := as_number(text, mark)) is not None}
        words = [text for text in counts if text not in numbers]
        if len(numbers) >= MOST * len(counts) and all(is_missing_word(text) for text in words):
            guess.type = "number"
            guess.codes.missing = [*_number_missing(numbers, counts), *words]
            return
    if _listable(counts):
        guess.type = "category"
        guess.codes.missing = [text for text in counts if is_missing_word(text)]
        spelled: dict[str, str] = {}
        for text in counts:
            if text not in guess.codes.missing:
                spelled.setdefault(folded(text), text)
        if not any(mark in text for text in spelled.values() for mark in ";="):
            guess.codes.labels = {text: text for text in sorted(spelled.values())}
    elif _short_codes(counts):
        guess.type = "text"
    else:
        guess.note = "free text or names: not read"


def _number_missing(numbers: Mapping[str, float], counts: Mapping[str, int]) -> list[str]:
    """Typical missing codes outside the values between which nearly all others lie."""
    typical = {text for text, n in numbers.items() if n.is_integer() and (abs(n) >= 77 or n < 0)}
    rest = [n for text, n in numbers.items() if text not in typical] or list(numbers.values())
    apart = outside([numbers[text] for text in typical], min(rest), max(rest))
    return list(dict.fromkeys(text for text in sorted(typical) if numbers[text] in apart and counts[text] > 1))


def _listable(counts: Mapping[str, int]) -> bool:
    """Answers that may stand in a codebook: few, short, and nearly all given by several persons."""
    total, single = sum(counts.values()), sum(n == 1 for n in counts.values())
    short = all(len(t) <= 60 and len(t.split()) <= 5 and not re.search(r"[@,.\"\n]", t) for t in counts)
    digits = any(sum(ch.isdigit() for ch in text) > 4 for text in counts)
    return len(counts) <= CATEGORIES and short and not digits and single <= len(counts) / 4 and total >= 5 * len(counts)


def _short_codes(counts: Mapping[str, int]) -> bool:
    """Codes of programs, places and the like: short, without spaces, each of several persons."""
    total = sum(counts.values())
    return all(len(t) <= 12 and " " not in t and "@" not in t for t in counts) and total >= 5 * len(counts)


def _id_variable(column: str, label: str, counts: Mapping[str, int]) -> str:
    """student_id or mentor_id when name and answers look like it, else ""."""
    total, distinct = sum(counts.values()), len(counts)
    words = [t for t in counts if " " not in t.strip()]
    if distinct < 5 or len(words) < 0.9 * distinct or _mostly_decimal(counts):
        return ""
    for text in (column, label):
        if len(text) > 60 or NOT_READ.search(text) or re.search(r"cohort|program|year|gpa|name", text, re.IGNORECASE):
            continue
        if MENTOR.search(text) and not PERSON.search(text) and distinct >= total / 100 and distinct > 10:
            return "mentor_id"
        if PERSON.search(text) and distinct >= total / 30:
            return "student_id"
    return ""


def _mostly_decimal(counts: Mapping[str, int]) -> bool:
    return sum(bool(re.fullmatch(r"\d+[.,]\d*[1-9]", t)) for t in counts) > len(counts) / 2


def _record_variable(column: str) -> str:
    return next((name for name, pattern in NAMES.items() if pattern.search(column)), "")


def _date_format(counts: Mapping[str, int]) -> str | None:
    """The format of a date column ("" when dates are read without one); None when the texts are no dates."""
    texts = [t for t in counts if not is_missing_word(t)][:2000]
    if not texts:
        return None
    if sum(bool(_plain_date(t)) for t in texts) >= MOST * len(texts):
        return ""
    fits = [form for form in DATE_FORMATS if all(_parses(t, form) for t in texts)]
    if {"%m/%d/%Y", "%d/%m/%Y"} <= set(fits):
        return "%m/%d/%Y; %d/%m/%Y"
    return fits[0] if fits else None


def _plain_date(text: str) -> Any:
    return ISO.fullmatch(text) or DOTTED.fullmatch(text)


def _parses(text: str, form: str) -> bool:
    try:
        return 1900 < dt.datetime.strptime(text, form).year < 2100
    except ValueError:
        return False
