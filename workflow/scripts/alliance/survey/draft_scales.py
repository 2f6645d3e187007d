"""Answer codes of a column as far as they can be seen: scale, missing codes, and codes that look like errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alliance.survey.values import as_number, canonical, folded

MISSING_NUMBERS = {-99, -98, -97, -96, -95, -9, -8, -7, -1, 77, 88, 97, 98, 99, 777, 888, 997, 998, 999, 9999, -999}
MISSING_WORDS = {"n/a", "na", ".", "-", "--", "?", "#null!", "null", "nan", "missing", "not answered", "no answer"}
LONGEST = 11  # points of a scale
RARE = 0.002  # share of answers below which a code at the edge of a scale may be an entry error
#: common answers of rating scales in their order; several words may share a place
FAMILIES = (
    "strongly disagree|disagree strongly;disagree;somewhat disagree|slightly disagree|disagree somewhat;"
    "neither agree nor disagree|neither|neutral|undecided;somewhat agree|slightly agree|agree somewhat;agree;"
    "strongly agree|agree strongly",
    "never;almost never|hardly ever;rarely|seldom;sometimes|occasionally;often|frequently;"
    "very often|usually|almost always;always",
    "not at all;very little;a little|slightly|a little bit;somewhat|moderately;quite a bit|very|a lot;"
    "very much|extremely|a great deal;completely",
    "very dissatisfied;dissatisfied;somewhat dissatisfied;neither satisfied nor dissatisfied|neutral;"
    "somewhat satisfied;satisfied;very satisfied",
    "very poor;poor;fair;good;very good;excellent",
    "no|false;yes|true",
)


@dataclass
class Codes:
    """What the answers of a column (or of several that share a scale) mean: code -> label, and what is no answer."""

    labels: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    unsure: str = ""


def is_missing_word(text: str) -> bool:
    """Whether a text is one of the words that programs and people write for nothing."""
    return folded(text) in MISSING_WORDS


def in_order(labels: list[str]) -> list[str] | None:
    """Labels of a known rating scale from low to high; None when they are of none."""
    for family in FAMILIES:
        places = {word: i for i, words in enumerate(family.split(";")) for word in words.split("|")}
        if all(folded(label) in places for label in labels):
            return sorted(labels, key=lambda label: places[folded(label)])
    return None


def whole(text: str) -> int | None:
    """A whole number as a code; None when the text is none."""
    plain = canonical(text.strip())
    return int(plain) if plain.removeprefix("-").isdecimal() and len(plain) < 10 else None


def outside(numbers: list[float], rest_from: float, rest_to: float) -> list[float]:
    """Typical missing codes that stand clearly apart from the values between two bounds."""
    wide = max(rest_to - rest_from, 1.0)
    apart = [n for n in numbers if n in MISSING_NUMBERS and (n < min(rest_from, 0) or n > rest_to + wide / 2)]
    return sorted(apart)


def scale_codes(counts: Mapping[str, int]) -> Codes | None:
    """The codes of a rating scale from how often each text occurs; None when the texts are of no such scale."""
    numbers: dict[int, int] = {}
    words: dict[str, int] = {}
    codes = Codes()
    for text, n in counts.items():
        code = whole(text)
        if code is not None:
            numbers[code] = numbers.get(code, 0) + n
        elif is_missing_word(text):
            codes.missing.append(text)
        else:
            words[text] = words.get(text, 0) + n
    if words and all(code in MISSING_NUMBERS for code in numbers):
        codes.missing += [str(code) for code in sorted(numbers)]
        numbers = {}
    kept = _runs(numbers, codes)
    labels = _distinct_labels(words)
    if kept is None or len(labels) > LONGEST or len(kept) > LONGEST or len(kept) + len(labels) < 2:
        return None
    ordered = in_order(labels) if labels else []
    if not kept:
        codes.labels = {str(i): label for i, label in enumerate(ordered or labels, 1)}
        codes.unsure = "" if ordered else "the order of the answers is not known: put them in order"
        return codes
    points = [str(code) for code in kept]
    if ordered and len(ordered) == len(points):
        codes.labels = dict(zip(points, ordered, strict=True))
    elif labels:
        return None
    else:
        codes.labels = {code: code for code in points}
    return codes


def _runs(numbers: Mapping[int, int], codes: Codes) -> list[int] | None:
    """The codes without gap that hold most answers; what stands apart is missing when typical, else an error."""
    total = sum(numbers.values())
    runs: list[list[int]] = []
    for code in sorted(numbers):
        if runs and code == runs[-1][-1] + 1:
            runs[-1].append(code)
        else:
            runs.append([code])
    if not runs:
        return []
    main = max(runs, key=lambda run: sum(numbers[c] for c in run))
    while len(main) > 2 and numbers[main[-1]] < RARE * total and numbers[main[-1]] * 10 < numbers[main[-2]]:
        codes.invalid.append(str(main.pop()))
    for code in sorted(set(numbers) - set(main)):
        if str(code) in codes.invalid:
            continue
        if code in MISSING_NUMBERS or (code < 0 <= main[0]):
            codes.missing.append(str(code))
        elif numbers[code] < RARE * total:
            codes.invalid.append(str(code))
        else:
            return None
    return main


def _distinct_labels(words: Mapping[str, int]) -> list[str]:
    """One spelling of each label, the most frequent one."""
    best: dict[str, str] = {}
    for text in sorted(words, key=lambda t: (-words[t], t)):
        best.setdefault(folded(text), text)
    return sorted(best.values())


def labelled_codes(known: Mapping[str, str], counts: Mapping[str, int], declared: list[tuple[str, str]]) -> Codes:
    """Codes by the labels that the file itself has; observed ones without a label are missing codes or errors."""
    from alliance.survey.values import among

    limits = [low if low == high else f"{low}..{high}" for low, high in declared]
    codes = Codes(missing=list(limits))
    for code, label in known.items():
        if among(code, limits):
            continue
        number = as_number(code, ".")
        if number in MISSING_NUMBERS and number is not None and (number < 0 or number >= 77):
            codes.missing.append(f"{code}={plain_label(label)}")
        else:
            codes.labels[code] = plain_label(label)
    labels = {folded(label) for label in known.values()}
    for text in sorted(counts):
        code = canonical(text)
        if code in known or among(code, limits) or folded(text) in labels:
            continue
        number = as_number(code, ".")
        typical = is_missing_word(text) or (number in MISSING_NUMBERS and number is not None)
        if typical:
            codes.missing.append(code)
        elif number is not None:
            codes.invalid.append(code)
    return codes


def plain_label(label: str) -> str:
    """A label without the characters that separate labels in a codebook."""
    return " ".join(label.replace(";", ",").replace("=", "-").split()) or "(no label)"
