"""Which sources name the same students, and who stands on one side only: nothing is dropped without being counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alliance.survey.flow import POOLED, UNKNOWN
from alliance.survey.sample_study import Study, cohorts_of_reports

if TYPE_CHECKING:
    import pandas as pd

LINKAGE = ("left", "right", "unit", "cohort", "n_left", "n_right", "matched", "only_left", "only_right", "conflicts")
RELATIONSHIPS = (
    "role", "wave", "students", "mentors", "pairs", "students_with_several_mentors", "mentors_with_several_students",
)  # fmt: skip
ROSTER, TERMS, DEGREES = "roster", "terms", "degrees"


def linkage_table(study: Study, frame: pd.DataFrame) -> pd.DataFrame:
    """linkage.csv before small counts are withheld: for pairs of sources, whose ids stand in both.

    The sources are the reports of each role and wave as they came (before any filter), the roster, the term and the
    degree records. ``unit`` student: distinct student ids. ``unit`` relationship: distinct pairs of student and mentor,
    of students whom both sources name; ``conflicts`` are then students for whom they name no common mentor. Matched +
    only_left = n_left, and so on the right. ``frame`` holds the reports that open the flow, with ``cohort_``.
    """
    import pandas as pd

    sources = _sources(study, frame)
    first = f"{study.frame[0]}_w{study.frame[1]}" if study.frame else ""
    pairs = [(name, ROSTER) for name in sources if name != ROSTER and ROSTER in sources]
    pairs += [(name, first) for name in sources if first and name not in (first, ROSTER)]
    pairs += [(DEGREES, TERMS)] if DEGREES in sources and TERMS in sources else []
    rows: list[tuple[Any, ...]] = []
    for left, right in pairs:
        rows += _students(left, right, sources[left], sources[right])
        if "mentor_id" in sources[left] and "mentor_id" in sources[right]:
            rows += _relationships(left, right, sources[left], sources[right])
    return pd.DataFrame(rows, columns=list(LINKAGE))


def _sources(study: Study, frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Name -> distinct (student_id, mentor_id where it is known, cohort_), without rows that name no student."""
    sources = {}
    for role, wave in study.codebook.reports() if study.frame else ():
        rows = study.reports(role, wave)
        rows = rows.assign(cohort_=cohorts_of_reports(study, rows, frame))
        named = ["student_id", "cohort_", *(["mentor_id"] if (rows["mentor_id"] != "").any() else [])]
        sources[f"{role}_w{wave}"] = rows[named]
    if study.has_roster:
        sources[ROSTER] = study.students[["student_id"]]
    for name, table in ((TERMS, study.terms), (DEGREES, study.degrees)):
        if table is not None and not table.empty:
            sources[name] = table[["student_id"]].drop_duplicates()
    found = {}
    for name, rows in sources.items():
        rows = rows[rows["student_id"] != ""].drop_duplicates().reset_index(drop=True)
        found[name] = rows if "cohort_" in rows else rows.assign(cohort_=cohorts_of_reports(study, rows, frame))
    return found


def _students(left: str, right: str, one: pd.DataFrame, other: pd.DataFrame) -> list[tuple[Any, ...]]:
    cohort = _cohort_of(one, other)
    a, b = set(one["student_id"]), set(other["student_id"])
    rows = []
    for name, mine in _by_cohort(cohort):
        x, y = a & mine, b & mine
        rows.append((left, right, "student", name, len(x), len(y), len(x & y), len(x - y), len(y - x), None))
    return rows


def _relationships(left: str, right: str, one: pd.DataFrame, other: pd.DataFrame) -> list[tuple[Any, ...]]:
    cohort = _cohort_of(one, other)
    both = set(one["student_id"]) & set(other["student_id"])
    a, b = (
        {(s, m) for s, m in zip(t["student_id"], t["mentor_id"], strict=True) if m and s in both} for t in (one, other)
    )
    agreed, told = {s for s, _ in a & b}, {s for s, _ in a} & {s for s, _ in b}
    rows = []
    for name, mine in _by_cohort(cohort):
        x, y = {p for p in a if p[0] in mine}, {p for p in b if p[0] in mine}
        conflicts = len((told - agreed) & mine)
        counts = len(x), len(y), len(x & y), len(x - y), len(y - x)
        rows.append((left, right, "relationship", name, *counts, conflicts))
    return rows


def _cohort_of(one: pd.DataFrame, other: pd.DataFrame) -> dict[str, str]:
    """Student -> cohort, from either source; what one does not know the other may."""
    found: dict[str, str] = {}
    for table in (one, other):
        for student, cohort in zip(table["student_id"], table["cohort_"], strict=True):
            if found.get(student, UNKNOWN) == UNKNOWN:
                found[student] = cohort
    return found


def _by_cohort(cohort: dict[str, str]) -> list[tuple[str, set[str]]]:
    members: dict[str, set[str]] = {}
    for student, name in cohort.items():
        members.setdefault(name, set()).add(student)
    return [*((name, members[name]) for name in sorted(members)), (POOLED, set(cohort))]


def relationships_table(study: Study) -> pd.DataFrame:
    """relationships.csv before small counts are withheld: students, mentors and their pairs in the reports of each role
    and wave as they came. A mentor may have several students, a student several mentors."""
    import pandas as pd

    rows = []
    for role, wave in study.codebook.reports() if study.frame else ():
        reports = study.reports(role, wave)
        named = reports[(reports["student_id"] != "") & (reports["mentor_id"] != "")]
        pairs = named[["student_id", "mentor_id"]].drop_duplicates()
        if not pairs.empty:
            per_student, per_mentor = pairs["student_id"].value_counts(), pairs["mentor_id"].value_counts()
            several = int((per_student > 1).sum()), int((per_mentor > 1).sum())
            rows.append((role, wave, len(per_student), len(per_mentor), len(pairs), *several))
    return pd.DataFrame(rows, columns=list(RELATIONSHIPS))
