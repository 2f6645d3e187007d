"""Doubts about who is who: spellings of one id, ids that nearly are one, repeated reports, and links that fail.

Rows and values go to the private list of issues, counts to the summary. Nothing is changed or left out here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alliance.codebook import Codebook
from alliance.survey.ids import normalise
from alliance.survey.issues import Issues

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

WAYS = {
    "strip": "spaces",
    "uppercase": "case",
    "drop_email_domain": "the domain of the address",
    "drop_punctuation": "punctuation",
    "drop_leading_zeros": "leading zeros",
}
Tables = Mapping[str, Sequence["pd.DataFrame"]]  # kind of input -> its files, with the columns input, file, row


def ways(texts: Sequence[str]) -> list[str]:
    """How spellings of one id differ; the fewest ways that explain it."""
    kept = list(WAYS)
    for step in WAYS:
        if len({normalise(text, [step]) for text in texts}) == 1:
            return [WAYS[step]]
        fewer = [s for s in kept if s != step]
        if len({normalise(text, fewer) for text in texts}) == 1:
            kept = fewer
    return [WAYS[s] for s in kept]


def note_spellings(
    file: str,
    column: str,
    rows: np.ndarray,
    places: np.ndarray,
    texts: Sequence[str],
    ids: Sequence[Any],
    issues: Issues,
) -> None:
    """Ids that one file writes in several ways and that ``ids.normalise`` makes one.

    ``places`` says for each of ``rows`` which of the distinct ``texts`` stands there; ``ids`` are their normal forms.
    One name at two domains is a warning: these may be two persons.
    """
    import numpy as np

    if len({name for name in ids if isinstance(name, str) and name}) == len(texts):
        return
    spelt: dict[str, list[int]] = {}
    for place, name in enumerate(ids):
        if isinstance(name, str) and name:
            spelt.setdefault(name, []).append(place)
    found: dict[tuple[str, str, str], list[int]] = {}
    for several in spelt.values():
        written = [texts[place].strip() for place in several]
        if len(set(written)) > 1:
            domains = {text.partition("@")[2].lower() for text in written} - {""}
            if len(domains) > 1:
                told = "one name at several domains: these may be several persons"
                found.setdefault((told, "warning", "taken for one person"), []).extend(several)
                continue
            for way in ways(written):
                found.setdefault((f"one id in spellings that differ in {way}", "note", "made one id"), []).extend(
                    several
                )
    for (problem, severity, action), some in found.items():
        hit = np.flatnonzero(np.isin(places, some))
        values = [texts[places[i]] for i in hit]
        issues.cells(file, column, rows[hit].tolist(), values, problem, severity, action, ids=True)


def check_ids(config: Mapping[str, Any], codebook: Codebook, tables: Tables, issues: Issues) -> None:
    """All doubts about ids that show when the files stand side by side."""
    _near(config, codebook, tables, issues)
    _repeated(codebook, tables, issues)
    _unlinked(codebook, tables, issues)


def _all(tables: Tables, kinds: Sequence[str]) -> pd.DataFrame:
    """student_id with input, file and row, each raw row once."""
    import pandas as pd

    parts = [
        part[["input", "file", "row", "student_id"]] for kind in kinds for part in tables[kind] if "student_id" in part
    ]
    both = (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["input", "file", "row", "student_id"])
    )
    return both[both["student_id"] != ""].drop_duplicates()


def _column(codebook: Codebook, name: str) -> str:
    return next((c.column for c in codebook.of_input(name) if c.variable == "student_id"), "student_id")


def _tell(
    rows: pd.DataFrame,
    codebook: Codebook,
    issues: Issues,
    problem: str,
    severity: str,
    action: str,
    coarse: bool = False,
) -> None:
    for (name, file), part in rows.groupby(["input", "file"], sort=False):
        where = file, _column(codebook, name), part["row"].tolist(), part["student_id"].tolist()
        issues.cells(*where, problem, severity, action, ids=True, coarse=coarse)


def _near(config: Mapping[str, Any], codebook: Codebook, tables: Tables, issues: Issues) -> None:
    """Different ids that would be one if every way of normalising were applied."""
    declared = (config.get("ids") or {}).get("normalise") or ()
    if set(WAYS) <= set(declared):
        return
    everybody = _all(tables, ("students", "survey", "terms", "degrees"))
    names = everybody["student_id"].drop_duplicates()
    folded = names.str.replace("@.*$", "", regex=True).str.upper().str.replace(r"[\W_]+", "", regex=True)
    alike = folded.str.replace(r"^(\D*)0+(\d)", r"\1\2", regex=True).duplicated(keep=False)
    groups: dict[str, list[str]] = {}
    for name in names[alike].tolist():
        groups.setdefault(normalise(name, list(WAYS)), []).append(name)
    roster = set(_all(tables, ("students",))["student_id"].tolist())
    doubtful: dict[str, set[str]] = {}
    for several in groups.values():
        if len(several) > 1:
            strangers = [name for name in several if name not in roster]
            doubtful.setdefault(" and ".join(ways(several)), set()).update(strangers or several)
    for way, some in sorted(doubtful.items()):
        problem = f"differs from another id only in {way}"
        action = "kept apart; add the step to ids.normalise if they are one person"
        _tell(everybody[everybody["student_id"].isin(sorted(some))], codebook, issues, problem, "warning", action)


def _repeated(codebook: Codebook, tables: Tables, issues: Issues) -> None:
    """Several reports of one student about one mentor in one wave, with the same answers or with others."""
    for part in tables["survey"]:
        named = part[part["student_id"] != ""]
        keys = [k for k in ("role", "wave", "student_id", "mentor_id") if k in part]
        again = named[named.duplicated(keys, keep=False)]
        if again.empty:
            continue
        (name,) = again["input"].unique()
        items = [c.variable for c in codebook.of_input(name) if c.indicator and c.variable in again]
        same = again.duplicated([*keys, *items], keep=False) if items else again.duplicated(keys, keep=False)
        texts = "a student has several reports of one occasion about the same mentor"
        action = "the filter duplicates says which one stays"
        _tell(again[same], codebook, issues, f"{texts}, with the same answers", "note", action)
        _tell(again[~same], codebook, issues, f"{texts}, with different answers", "warning", action)


def _unlinked(codebook: Codebook, tables: Tables, issues: Issues) -> None:
    """Rows whose student is not on the roster; degrees of students without a term."""
    if tables["students"]:
        roster = _all(tables, ("students",))["student_id"]
        others = _all(tables, ("survey", "terms", "degrees"))
        strangers = others[~others["student_id"].isin(roster)]
        told = "the student is not on the roster", "warning", "cannot be linked"
        _tell(strangers, codebook, issues, *told, coarse=True)
    if tables["terms"] and tables["degrees"]:
        degrees = _all(tables, ("degrees",))
        enrolled = _all(tables, ("terms",))["student_id"].drop_duplicates()
        missing = degrees[~degrees["student_id"].isin(enrolled)]
        _tell(missing, codebook, issues, "a degree without any term of enrolment", "warning", "kept")
