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
    return pd.DataFrame(rows, columns=list(LINKAGE)).astype({"conflicts": "Int64"})


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
    known = _together(one, other)
    rows = []
    for name, mine in _by_cohort(known):
        counts = mine["_merge"].value_counts()
        both, alone, others = (int(counts[side]) for side in ("both", "left_only", "right_only"))
        rows.append((left, right, "student", name, both + alone, both + others, both, alone, others, None))
    return rows


def _relationships(left: str, right: str, one: pd.DataFrame, other: pd.DataFrame) -> list[tuple[Any, ...]]:
    known = _together(one, other)
    both = known[known["_merge"] == "both"].set_index("student_id")["cohort_"]
    keys = ["student_id", "mentor_id"]
    a, b = (
        t.loc[t["student_id"].isin(both.index) & (t["mentor_id"] != ""), keys].drop_duplicates() for t in (one, other)
    )
    pairs = a.merge(b, on=keys, how="outer", indicator=True)
    pairs["cohort_"] = pairs["student_id"].map(both)
    told = both[both.index.isin(a["student_id"]) & both.index.isin(b["student_id"])]
    agreed = pairs.loc[pairs["_merge"] == "both", "student_id"]
    parted = told[~told.index.isin(agreed)]
    rows = []
    for name, mine in _by_cohort(pairs, sorted(known["cohort_"].unique())):
        counts = mine["_merge"].value_counts()
        shared, alone, others = (int(counts[side]) for side in ("both", "left_only", "right_only"))
        conflicts = len(parted) if name == POOLED else int((parted == name).sum())
        sizes = shared + alone, shared + others, shared, alone, others
        rows.append((left, right, "relationship", name, *sizes, conflicts))
    return rows


def _together(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Every student of the two sources once: student_id, where (``_merge``), and cohort, from whichever knows it."""
    sides = (t[["student_id", "cohort_"]].drop_duplicates("student_id") for t in (one, other))
    both = next(sides).merge(next(sides), on="student_id", how="outer", indicator=True, suffixes=("left", "right"))
    first, second = (both[f"cohort_{side}"].fillna(UNKNOWN) for side in ("left", "right"))
    return both.assign(cohort_=first.where(first != UNKNOWN, second))


def _by_cohort(rows: pd.DataFrame, names: list[str] | None = None) -> list[tuple[str, pd.DataFrame]]:
    names = sorted(rows["cohort_"].unique()) if names is None else names
    return [*((name, rows[rows["cohort_"] == name]) for name in names), (POOLED, rows)]


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
