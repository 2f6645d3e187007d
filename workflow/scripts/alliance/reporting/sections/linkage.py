"""Which sources name the same students, and how many reports look careless: a sentence and a small table each."""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Block, Paragraph, TableBlock
from alliance.reporting.flow_words import WITHHELD
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.results import POOLED, Results
from alliance.reporting.tables import Column, Table

_SOURCES = {"roster": "Roster", "terms": "Term records", "degrees": "Degree records"}
_INDICES = {
    "longstring": "Longest run of equal answers, {cut} or more",
    "irv": "Standard deviation over the items below {cut}",
    "mahalanobis": "Mahalanobis distance beyond the {cut} quantile",
    "synonyms": "Correlation over similar items below {cut}",
    "even_odd": "Even-odd inconsistency above {cut}",
    "seconds_per_item": "Fewer than {cut} seconds per item",
    "any": "At least one of these",
}


def linkage_blocks(results: Results, labels: Labels) -> list[Block]:
    """Whose ids stand in which sources, before any exclusion."""
    rows = results.rows("sample_linkage", cohort=POOLED)
    if not rows:
        return []
    table = Table(
        "linkage",
        "Students named by two sources, before any exclusion",
        [
            Column("First source", numeric=False),
            Column("Second source", numeric=False),
            *(Column(head) for head in ("In the first", "In both", "Only in the first", "Only in the second")),
            Column("Another mentor"),
        ],
        note="Distinct students by their normalised ids. Another mentor: students for whom the two sources name "
        f"mentors and none in common. {WITHHELD}",
    )
    conflicts = {(r["left"], r["right"]): r["conflicts"] for r in rows if r["unit"] == "relationship"}
    for r in rows:
        if r["unit"] == "student":
            pair = r["left"], r["right"]
            other = apa.count(conflicts[pair]) if pair in conflicts else ""
            counts = (apa.count(r[c]) for c in ("n_left", "matched", "only_left", "only_right"))
            table.add(*(escape(_source(side, labels)) for side in pair), *counts, other)
    text = "Reports and records were linked by student, and by mentor where both name one"
    several = results.rows("sample_relationships")
    if several and not apa.is_missing(several[0]["students_with_several_mentors"]):
        first = several[0]
        report = labels.report_of(first["role"], first["wave"]).lower()
        students, mentors, alone, shared = (
            apa.count(first[c])
            for c in ("students", "mentors", "students_with_several_mentors", "mentors_with_several_students")
        )
        text += (
            f". In the {report}, {students} students name {mentors} mentors; {alone} students name more than one "
            f"mentor, and {shared} mentors have more than one student"
        )
    return [Paragraph(f"{text}."), TableBlock(table, folded=True)]


def _source(key: str, labels: Labels) -> str:
    if key in _SOURCES:
        return _SOURCES[key]
    role, _, wave = key.rpartition("_w")
    return labels.report_of(role, wave)


def careless_blocks(results: Results, labels: Labels) -> list[Block]:
    """How many reports each declared cut-off flags as careless."""
    rows = results.rows("sample_careless", cohort=POOLED)
    if not rows:
        return []
    reports = list(dict.fromkeys((str(r["role"]), str(r["wave"])) for r in rows))
    cell = {(_rule(r), str(r["role"]), str(r["wave"])): r for r in rows}
    used = {_rule(r): str(r["filter"]) for r in rows if not is_missing_text(r["filter"])}
    table = Table(
        "careless",
        "Reports that look careless, by declared cut-offs",
        [Column("Cut-off", numeric=False), *(Column(escape(labels.report_of(*report))) for report in reports)],
        note="Number (share) of the reports that pass the filters which do not look at the answers. Indices as in R’s "
        f"careless. {WITHHELD}",
    )
    for rule in dict.fromkeys(_rule(r) for r in rows):
        table.add(escape(rule), *(_flagged(cell.get((rule, *report))) for report in reports))
    kept = "Nobody was left out by these flags; they are kept for comparison."
    text = f"Left out by the flags: {'; '.join(escape(r) for r in used)}." if used else kept
    return [Paragraph(f"Careless responding was looked for by {len(table.body) - 1} declared cut-offs. {text}"),
            TableBlock(table, folded=True)]  # fmt: skip


def _rule(row: dict[str, Any]) -> str:
    cut = "" if apa.is_missing(row["cut"]) else f"{float(row['cut']):g}"
    words = _INDICES.get(str(row["index"]), str(row["index"])).format(cut=cut)
    return words if is_missing_text(row["filter"]) else f"{words} (left out)"


def _flagged(row: dict[str, Any] | None) -> str:
    if row is None or apa.is_missing(row["flagged"]):
        return apa.MISSING
    return f"{apa.count(row['flagged'])} ({apa.percent(row['share'])})"
