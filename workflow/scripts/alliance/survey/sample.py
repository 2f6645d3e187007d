"""Who is analysed: declared filters in order, one student one row, other waves and roles linked to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alliance.codebook import Column, item_column
from alliance.disclosure import minimum_cell
from alliance.inputs import named
from alliance.survey.careless_study import Careless, careless_table, judge
from alliance.survey.filters import one_each, stays
from alliance.survey.flow import POOLED, UNKNOWN, Flow
from alliance.survey.issues import Issues, shown
from alliance.survey.linkage import linkage_table, relationships_table
from alliance.survey.reports_flow import flow_table, follow, step_label, waves_table
from alliance.survey.sample_study import Study, cohorts_of, cohorts_of_reports

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Sample", "Study", "build_sample"]

Report = tuple[str, int]


@dataclass
class Sample:
    """One row per student, and the counts behind it, as they are (small ones are withheld when they are shared).

    ``flow`` follows the rows that open the study, ``flow_reports`` the reports of the other roles and waves, ``waves``
    sums both up; ``flags`` has one row per report (careless responding), ``careless`` counts them; ``linkage`` and
    ``relationships`` tell whose ids stand in which source.
    """

    students: pd.DataFrame
    flow: pd.DataFrame
    flow_reports: pd.DataFrame
    waves: pd.DataFrame
    flags: pd.DataFrame
    careless: pd.DataFrame
    linkage: pd.DataFrame
    relationships: pd.DataFrame


def build_sample(study: Study, issues: Issues) -> Sample:
    """Apply the filters, count them, and join what belongs to each student that stays.

    Problems of the sample as a whole (a cohort without rows, ids that link to nobody) go to ``issues.errors``.
    """
    import pandas as pd

    rows, items = _frame_rows(study)
    rows["cohort_"] = cohorts_of(study, rows)
    order = _cohort_order(study, rows, issues)
    flow = Flow(order)
    flow.open("frame", _frame_label(study), rows["cohort_"])
    _check_links(study, rows, issues)
    opening = rows
    judged = _judge(study, opening)
    steps = judged[study.frame][0].steps if study.frame else None
    for step in study.filters:
        keep = stays(step, rows, items, study.roster, steps)
        flow.exclude(step["name"], step_label(step["name"]), step["reason"], rows["cohort_"], keep)
        rows = rows[keep]
    rows = _one_row_per_student(study, rows, items, flow)
    _check_cohorts(study, rows, flow, issues)
    students, others = _join(study, rows, opening, order, judged)
    table, further = flow.frame(), flow_table(others)
    left = int(table.loc[table["cohort"] == POOLED, "n_out"].iloc[-1])
    assert len(students) == left, "the sample is the last box of the flow"
    assert students["student_id"].is_unique, "one student, one row"
    flags = [part[0].table for part in judged.values() if not part[0].table.empty]
    return Sample(
        students,
        table,
        further,
        waves_table(table, further, study.frame, [step["name"] for step in study.filters]),
        pd.concat(flags, ignore_index=True) if flags else pd.DataFrame(columns=["input", "row", "role", "wave"]),
        careless_table(study, judged),
        linkage_table(study, opening),
        relationships_table(study),
    )


def _judge(study: Study, opening: pd.DataFrame) -> dict[Report, tuple[Careless, pd.Series]]:
    """Careless flags and cohort of every report, by role and wave."""
    judged = {}
    for report in study.codebook.reports() if study.frame else ():
        reports = study.reports(*report)
        judged[report] = judge(study, reports, report), cohorts_of_reports(study, reports, opening)
    return judged


def _frame_rows(study: Study) -> tuple[pd.DataFrame, list[Column]]:
    if study.frame is None:
        return study.students.assign(mentor_id="").reset_index(drop=True), []
    return study.reports(*study.frame), study.codebook.items(*study.frame)


def _frame_label(study: Study) -> str:
    if study.frame is None:
        return "Students"
    role, wave = study.frame
    waves = {str(k): v for k, v in study.config["waves"].items()}
    return f"{study.config['roles'][role]}, {waves[str(wave)]}"


def _cohort_order(study: Study, rows: pd.DataFrame, issues: Issues) -> list[str]:
    """Cohorts in the order of the config (or sorted), strangers after them, unknown last."""
    there = set(rows["cohort_"])
    asked = [str(c) for c in study.plan.get("cohorts") or ()]
    others = sorted(there - set(asked) - {UNKNOWN})
    listed = ", ".join(sorted(there - {UNKNOWN})) or "none"
    for cohort in asked:
        if cohort not in there:
            remedy = f"remove it, or look why no row has it: the data hold {listed}"
            issues.error(f"cohort {cohort} has no rows", "the config", "key sample.cohorts", remedy)
    if asked and others:
        what = f"cohort {', '.join(others)} is in the data and not in the study"
        issues.remark("warning", what, "the config", "key sample.cohorts", "add it, if it should be analysed")
    return [*asked, *others, *([UNKNOWN] if UNKNOWN in there else [])]


def _one_row_per_student(study: Study, rows: pd.DataFrame, items: Sequence[Column], flow: Flow) -> pd.DataFrame:
    """The steps after all filters: rows without a student or cohort leave, and one report per student stays."""
    nameless = (rows["student_id"] == "").to_numpy()
    if nameless.any():
        flow.exclude("identified", "Identified", "No student id", rows["cohort_"], ~nameless)
        rows = rows[~nameless]
    asked = {str(c) for c in study.plan.get("cohorts") or ()}
    outside = (rows["cohort_"] == UNKNOWN) | (~rows["cohort_"].isin(asked) if asked else False)
    if outside.any():
        reason = "Not in a cohort of the study" if asked else "Entry cohort unknown"
        flow.exclude("cohort", "Cohort", reason, rows["cohort_"], ~outside.to_numpy())
        rows = rows[~outside]
    rule = study.plan.get("several_reports")
    if rule or rows["student_id"].duplicated().any():
        keep = one_each(rows, ["student_id"], rule or "most_complete", items)
        reason = "Report about another mentor of the same student"
        flow.exclude("several_reports", "One report per student", reason, rows["cohort_"], keep)
        rows = rows[keep]
    return rows


def _check_links(study: Study, rows: pd.DataFrame, issues: Issues) -> None:
    """Ids that link to nobody: all of a file is an error, some are counted."""
    known = (study.students if study.has_roster else rows)["student_id"]
    known = known[known != ""].drop_duplicates()
    tables = {name: part["student_id"] for name, part in study.responses.groupby("input", sort=False)}
    tables |= {name: study.terms["student_id"] for name, e in study.config["inputs"].items() if e["kind"] == "terms"}
    for name, ids in tables.items():
        if (
            known.empty
            or ids.empty
            or (study.frame is not None and not study.has_roster and name in set(rows["input"]))
        ):
            continue
        file = named(study.config["inputs"][name])
        strangers = int((~ids.isin(known)).sum())
        if strangers == len(ids):
            where = "on the roster" if study.has_roster else "in the reports of the first wave"
            remedy = "compare how ids are written in the two files, and set ids.normalise of the config"
            issues.error(f"not one student_id is {where}", file, f"input {name}", remedy)
        elif strangers and not study.has_roster:  # with a roster, the list of issues has their rows
            what = f"rows whose student is not known elsewhere: {shown(strangers, minimum_cell(study.config))}"
            issues.remark("note", what, file, f"input {name}", "they cannot be linked")


def _check_cohorts(study: Study, rows: pd.DataFrame, flow: Flow, issues: Issues) -> None:
    asked = [str(c) for c in study.plan.get("cohorts") or ()]
    for cohort in asked:
        opened = flow.steps[0][3].get(cohort, 0)
        if opened and not (rows["cohort_"] == cohort).any():
            last = next(s for s in flow.steps if s[4].get(cohort, 0) == 0)
            what = f"cohort {cohort} has no rows left after the step {last[0]}"
            issues.error(what, "the config", "key sample.filters", "correct the step, or remove the cohort")
    if rows.empty and not asked:
        last = next((s[0] for s in flow.steps if not any(s[4].values())), "frame")
        what = f"nobody is left after the step {last}"
        issues.error(what, "the config", "key sample.filters", "correct the step")


def _join(
    study: Study,
    rows: pd.DataFrame,
    opening: pd.DataFrame,
    order: Sequence[str],
    judged: Mapping[Report, tuple[Careless, pd.Series]],
) -> tuple[pd.DataFrame, dict[Report, Flow]]:
    """The sample with all its columns, and the flow of the reports of every other role and wave."""
    import pandas as pd

    student = rows["student_id"]
    parts: dict[str, Any] = {"student_id": student, "cohort": rows["cohort_"]}
    facts = study.students.set_index("student_id").drop(columns="row", errors="ignore")
    if study.has_roster:
        facts = facts.reindex(student)
    own = [c.variable for c in study.variables(*study.frame) if not c.indicator] if study.frame else []
    cluster = study.plan.get("cluster")
    named = [*([cluster] if cluster else []), *facts.columns, *own]
    for name in dict.fromkeys(named):
        if name not in parts:
            parts[name] = facts[name].array if study.has_roster and name in facts else rows[name].array
    parts["mentor_id"] = rows["mentor_id"]
    flows: dict[Report, Flow] = {}
    answered = {}
    for role, wave in study.codebook.reports() if study.frame else ():
        if (role, wave) == study.frame:
            chosen = rows.set_index("student_id")
        else:
            careless, cohorts = judged[role, wave]
            reports = study.reports(role, wave).assign(cohort_=cohorts)
            unknown = [UNKNOWN] if UNKNOWN in set(cohorts) and UNKNOWN not in order else []
            strangers = sorted(set(cohorts) - set(order) - {UNKNOWN})
            flow = flows[role, wave] = Flow([*order, *strangers, *unknown])
            chosen = follow(study, reports, (role, wave), rows[["student_id", "mentor_id"]], flow, careless.steps)
            chosen = chosen.set_index("student_id").reindex(student)
        for c in study.variables(role, wave):
            if c.indicator or (role, wave) != study.frame:
                parts[item_column(c.variable, role, wave)] = chosen[c.variable].array
        answered[f"answered_{role}_w{wave}"] = (chosen["row"].notna()).to_numpy()
    students = pd.DataFrame({**parts, **answered}).reset_index(drop=True)
    return students.iloc[_canonical(study, students)].reset_index(drop=True), flows


def _canonical(study: Study, students: pd.DataFrame) -> np.ndarray:
    """The order of the sample's rows: by what is known of the students, ids only where nothing tells them apart.

    Estimates and random draws depend on the order of rows. It must be the same whatever the order of the raw files, and
    whether ids are pseudonyms or not, and it must not tell anything: hence a hash of the row and of the student's
    records.
    """
    import pandas as pd

    ids = ["student_id", "mentor_id"]
    content = pd.util.hash_pandas_object(students.drop(columns=ids), index=False)
    keys = {"cohort": students["cohort"], "content": content}
    for name, table in (("terms", study.terms), ("degrees", study.degrees)):
        if table is not None and not table.empty:
            facts = table.drop(columns=["student_id", "row"], errors="ignore").reset_index(drop=True)
            of_record = pd.util.hash_pandas_object(facts, index=False)
            # A sum, because the records of a student have no order; unsigned numbers wrap around.
            keys[name] = students["student_id"].map(of_record.groupby(table["student_id"].to_numpy()).sum()).fillna(0)
    order = pd.DataFrame({**keys, "student_id": students["student_id"]})
    return order.sort_values(list(order.columns), kind="stable").index.to_numpy()
