"""Header rows of survey platforms: which row names the columns, which one says what was asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alliance.errors import Problem, Stop

ROWS = {"csv": 1, "qualtrics": 3, "redcap": 1, "limesurvey": 1, "surveymonkey": 2}
CALLED = {"csv": "CSV", "redcap": "REDCap", "limesurvey": "LimeSurvey", "surveymonkey": "SurveyMonkey, 2 header rows"}
IMPORT_ID = '{"importid"'
BETWEEN = " | "  # SurveyMonkey: between a question and one of its rows or options
#: what SurveyMonkey writes under a question that has only one column
WHOLE = ("", "response", "open-ended response")
CODE = re.compile(r"([A-Za-z][A-Za-z0-9_]*(?:\[[^\[\]]+\])*)(?:\.\s+(.*))?", re.DOTALL)


@dataclass(frozen=True)
class Header:
    """Names of the columns, what was asked in them (by name), and how inputs.csv calls the layout."""

    names: list[str]
    called: str
    labels: dict[str, str] = field(default_factory=dict)

    def chosen(self, wanted: Sequence[str] | None) -> list[str]:
        """The columns to read, each once: all when none are named, the options of a question that is spread out."""
        if wanted is None:
            return list(dict.fromkeys(self.names))
        spread = self.called.startswith("SurveyMonkey")
        found = [
            name
            for column in wanted
            for name in ([column] if column in self.names else options_of(column, self.names) if spread else ())
        ]
        return list(dict.fromkeys(found))


def header_rows(entry: Mapping[str, Any]) -> int:
    """How many rows stand before the first response."""
    form = str(entry["format"])
    return int(entry.get("header_rows", ROWS[form])) if form == "qualtrics" else ROWS[form]


def read_header(
    head: Sequence[Sequence[str]], after: Sequence[Sequence[str]], entry: Mapping[str, Any], file: str
) -> Header:
    """The header from its rows; ``after`` are two rows behind them, which must not be header rows too."""
    form, name = str(entry["format"]), str(entry.get("name", "the input"))
    first = [cell.strip() for cell in head[0]]
    if form == "qualtrics":
        return _qualtrics(head, after, first, file, name)
    for row in (*head[1:], *after):
        if any(_is_import_id(cell) for cell in row):
            remedy = f"write format: qualtrics under inputs.{name}"
            raise Stop("intake", Problem("has the header rows of Qualtrics", file, f"input {name}", remedy))
    if form == "surveymonkey":
        return _surveymonkey(first, [cell.strip() for cell in head[1]], file, name)
    if form == "limesurvey":
        return _limesurvey(first)
    return Header(first, CALLED[form])


def _is_import_id(cell: str) -> bool:
    return cell.replace(" ", "").lower().startswith(IMPORT_ID)


def _qualtrics(
    head: Sequence[Sequence[str]], after: Sequence[Sequence[str]], first: list[str], file: str, name: str
) -> Header:
    rows = len(head)
    if rows == 3 and not _is_import_id(head[2][0] if head[2] else ""):
        what = "the third row does not hold Qualtrics import ids"
        remedy = f"write header_rows: 2 under inputs.{name} for an older export, or format: csv"
        raise Stop("intake", Problem(what, file, "row 3 of the file", remedy))
    if rows == 2 and any(_is_import_id(cell) for row in (head[1], *after) for cell in row):
        what = "the header has a row of Qualtrics import ids"
        raise Stop("intake", Problem(what, file, f"input {name}", f"write header_rows: 3 under inputs.{name}"))
    asked = [" ".join(cell.split()) for cell in head[1]]
    return Header(first, f"Qualtrics, {rows} header rows", dict(zip(first, asked, strict=False)))


def _surveymonkey(questions: list[str], parts: list[str], file: str, name: str) -> Header:
    """Question and part in one name. A question stands over the first of its columns only."""
    width = max(len(questions), len(parts))
    questions, parts = (row + [""] * (width - len(row)) for row in (questions, parts))
    if not any(parts):
        what, remedy = "the second row is empty, so it is no header of SurveyMonkey", "write format: csv"
        raise Stop("intake", Problem(what, file, "row 2 of the file", f"{remedy} under inputs.{name}"))
    names, current = [], ""
    for i, (question, part) in enumerate(zip(questions, parts, strict=True)):
        current = question or current
        alone = question and (i + 1 == width or questions[i + 1])
        whole = part.lower() in WHOLE and (alone or question)
        names.append(" ".join((current if whole else f"{current}{BETWEEN}{part}").split()))
    return Header(names, CALLED["surveymonkey"], {n: n.replace(BETWEEN, ": ") for n in names})


def _limesurvey(first: list[str]) -> Header:
    """Codes, texts, or both (``Q1[SQ1]. How often ...``): with both, the code is the name and the text its label."""
    found = [CODE.fullmatch(cell) for cell in first]
    if not all(found):
        return Header(first, "LimeSurvey, headers are texts", {n: n for n in first})
    labels = {m[1]: " ".join(m[2].split()) for m in found if m and m[2]}
    if not labels:
        return Header(first, "LimeSurvey, headers are codes")
    return Header([m[1] for m in found if m], "LimeSurvey, headers are codes and texts", labels)


def options_of(question: str, names: Sequence[str]) -> list[str]:
    """SurveyMonkey's expanded form of a question with one answer: one column for each option."""
    return [name for name in names if name.startswith(question + BETWEEN)]
