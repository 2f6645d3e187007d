"""Made-up tables of the sample stage for the report: counts withheld, sources linked, careless flags, issues."""

from __future__ import annotations

from typing import Any

STEPS = (
    ("frame", "", 230, 0, 230),
    ("test", "Test response", 230, None, None),
    ("consent", "No consent", None, None, 210),
    ("attention", "Failed attention check", 210, 10, 200),
)


def flow() -> list[dict[str, Any]]:
    """A flow in which two small exclusions are withheld together."""
    head = ("order", "step", "label", "cohort", "n_in", "excluded", "n_out", "reason")
    return [
        dict(zip(head, (k, step, step.capitalize(), "pooled", before, gone, after, reason), strict=True))
        for k, (step, reason, before, gone, after) in enumerate(STEPS)
    ]


def linkage() -> list[dict[str, Any]]:
    """Two pairs of sources, the second with mentors."""
    head = ("left", "right", "unit", "cohort", "n_left", "n_right", "matched", "only_left", "only_right", "conflicts")
    rows = [
        ("mentee_w1", "roster", "student", "pooled", 220, 260, None, None, 40, None),
        ("mentor_w1", "mentee_w1", "student", "pooled", 180, 220, 160, 20, 60, None),
        ("mentor_w1", "mentee_w1", "relationship", "pooled", 170, 175, 150, 20, 25, 12),
    ]
    return [dict(zip(head, row, strict=True)) for row in rows]


def relationships() -> list[dict[str, Any]]:
    """Mentors with several students."""
    return [
        {
            "role": "mentee",
            "wave": 1,
            "students": 220,
            "mentors": 100,
            "pairs": 235,
            "students_with_several_mentors": 15,
            "mentors_with_several_students": 60,
        }
    ]


def careless(used: str = "") -> list[dict[str, Any]]:
    """Two cut-offs in one report; the second may be a filter."""
    head = ("role", "wave", "index", "cut", "filter", "cohort", "n", "flagged", "share")
    rows = [
        ("mentee", 1, "longstring", 8, "", "pooled", 210, 21, 0.1),
        ("mentee", 1, "mahalanobis", 0.999, used, "pooled", 210, None, None),
        ("mentee", 1, "any", None, "", "pooled", 210, 25, 0.119),
    ]
    return [dict(zip(head, row, strict=True)) for row in rows]


def issues() -> list[dict[str, Any]]:
    """Two warnings of the same kind in two columns, and notes."""
    head = ("file", "column", "problem", "severity", "action", "n")
    rows = [
        ("survey.csv", "Q1", "an entry error by the codebook", "warning", "set to missing", "<10"),
        ("survey.csv", "Q2", "an entry error by the codebook", "warning", "set to missing", "<10"),
        ("terms.csv", "TERM", "a term before the student's entry", "warning", "kept", "14"),
        ("survey.csv", "ID", "one id in spellings that differ in case", "note", "made one id", "37"),
        ("survey.csv", "", "the file has no last line break", "note", "", ""),
    ]
    return [dict(zip(head, row, strict=True)) for row in rows]
