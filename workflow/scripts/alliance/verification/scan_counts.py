"""Where a file states a count of persons that is too small to be shown."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator

# Columns that count something else than persons although their names begin with n_.
NOT_PERSONS = frozenset(
    f"n_{what}"
    for what in (
        *("bootstrap", "categories", "clusters", "comparisons", "converged", "cores", "datasets", "decisions", "draws"),
        *("factors", "failed", "failures", "files", "groups", "imputations", "items", "iterations", "levels", "models"),
        *("occasions", "pairs", "parameters", "patterns", "periods", "programs", "replications", "samples", "sets"),
        *("specifications", "studies", "terms", "tests", "universes", "variables", "waves", "words"),
    )
)
# Headings of counts of persons in the tables of the report, and in results whose names do not begin with n_.
PERSONS = frozenset(
    (
        *("n", "excluded", "missing", "count", "persons", "students", "reports", "events", "before", "after", "in"),
        *("out", "responded", "analysed", "left", "stayed", "at risk", "linked", "in sample"),
    )
)
_COUNT = re.compile(r"([0-9]{1,4})(?:\.0+)?$")
_SHARE = re.compile(r"%\s*\((\d{1,4})\)")
_N_IS = re.compile(r"(?<![\w.])[nN]\s*=\s*(\d{1,4})(?![\w.,%]*\d)")
_OF_PERSONS = re.compile(
    r"(?<![\w.,/–-])(?<!year )(?<!wave )(?<!table )(?<!figure )(\d{1,4})\s"
    r"(?:students?|persons?|people|mentees?|mentors?|respondents?|participants?|undergraduates?)\b",
    re.I,
)
_TAG = re.compile(r"<[^>]*>")
_DROPPED = re.compile(r"<(style|script)\b.*?</\1>", re.S | re.I)
_TEX = re.compile(r"\\[A-Za-z]+|[{}$\\]")


def counts_persons(heading: str) -> bool:
    """Whether a column of this name holds counts of persons."""
    name = heading.strip().lower().rpartition(": ")[2]
    return name in PERSONS or (name.startswith("n_") and name not in NOT_PERSONS)


def small_in_csv(text: str, minimum: int) -> Iterator[tuple[str, str]]:
    """(place, what) of every count below ``minimum`` in a CSV file: in a column of counts, or in "12% (3)"."""
    rows = csv.reader(io.StringIO(text))
    heads = next(rows, [])
    # a table of patterns says how many variables are missing in each
    of_variables = {"n_missing"} if "pattern" in heads else set()
    columns = [j for j, head in enumerate(heads) if counts_persons(head) and head not in of_variables]
    for number, row in enumerate(rows, 1):
        for j in columns:
            match = _COUNT.match(row[j].strip()) if j < len(row) else None
            if match and 0 < int(match[1]) < minimum:
                yield f"row {number}, column {heads[j]}", "a count of persons below the limit"
        for j, cell in enumerate(row):
            if "%" in cell and any(0 < int(n) < minimum for n in _SHARE.findall(cell)):
                yield (
                    f"row {number}, column {heads[j] if j < len(heads) else j + 1}",
                    "a share of a count below the limit",
                )


def small_in_text(text: str, minimum: int) -> Iterator[tuple[str, str]]:
    """(place, what) of every "n = 3", "3 students" or "12% (3)" below ``minimum`` in running text."""
    for pattern in (_N_IS, _OF_PERSONS, _SHARE):
        for match in pattern.finditer(text):
            if 0 < int(match[1]) < minimum:
                yield f"line {text.count(chr(10), 0, match.start()) + 1}", "a count of persons below the limit"


def readable(text: str, suffix: str) -> str:
    """What a person reads of a file, line by line as it stands there: without tags, styles and TeX commands."""
    if suffix in (".html", ".svg", ".xml"):
        text = _DROPPED.sub(lambda m: "\n" * m[0].count("\n"), text)
        return html.unescape(_TAG.sub(lambda m: " " if m[0][1:4] in ("td>", "td ", "/td", "tr>") else "", text))
    return _TEX.sub("", text) if suffix == ".tex" else text
