"""Reports of the other roles and waves: the same filters, counted, and what of them belongs to the sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alliance.codebook import Column
from alliance.survey.filters import rule_of, stays
from alliance.survey.flow import COLUMNS, POOLED, Flow
from alliance.survey.link_records import matched, relationship
from alliance.survey.sample_study import Study

if TYPE_CHECKING:
    import pandas as pd

WAVES = ("role", "wave", "cohort", "n_reports_raw", "n_kept", "n_linked", "n_in_sample")
# The steps after the declared filters; none of them judges a report, they say whose it is.
LINKED, SAMPLED, MENTOR, ONE = "linked", "sampled", "relationship", "several_reports"


def follow(
    study: Study, reports: pd.DataFrame, report: tuple[str, int], sample: pd.DataFrame, flow: Flow, flags: Any
) -> pd.DataFrame:
    """The reports of one role and wave that belong to the sample, one for each student; every loss is a step.

    ``reports`` carry their cohort in ``cohort_``; ``sample`` has the students (student_id, mentor_id) of the sample.
    The declared filters come first, as far as the file holds what they ask for.
    """
    items = study.codebook.items(*report)
    variables = {c.variable for c in study.variables(*report)}
    roster = study.roster if study.has_roster else None
    flow.open("received", "Received", reports["cohort_"])
    for step in study.filters:
        if applies(step, variables, items):
            keep = stays(step, reports, items, roster, flags)
            flow.exclude(step["name"], step_label(step["name"]), step["reason"], reports["cohort_"], keep)
            reports = reports[keep]
    known = reports["student_id"].isin(roster) if roster else reports["student_id"] != ""
    if not known.all():
        reason = "Not on the roster" if roster else "No student id"
        flow.exclude(LINKED, "Linked", reason, reports["cohort_"], known.to_numpy())
        reports = reports[known]
    there = reports["student_id"].isin(sample["student_id"]).to_numpy()
    flow.exclude(SAMPLED, "Student in the sample", "Student not in the sample", reports["cohort_"], there)
    reports = reports[there]
    named, open_ = relationship(sample, reports)
    flow.exclude(MENTOR, "Same mentor", "About another mentor of the student", reports["cohort_"], named | open_)
    reports = reports[named | open_]
    one = matched(sample, reports, study.plan.get("several_reports", "most_complete"), items)
    flow.exclude(ONE, "One report per student", "Further report of the same student", reports["cohort_"], one)
    return reports[one]


def applies(step: Mapping[str, Any], variables: set[str], items: Sequence[Column]) -> bool:
    """Whether the reports hold what a filter asks for."""
    rule = rule_of(step)
    if rule in ("drop", "keep"):
        return step[rule]["variable"] in variables
    return bool(items) or rule not in ("longstring", "answered", "careless")


def step_label(name: str) -> str:
    """``no_consent`` becomes ``No consent``."""
    return name.replace("_", " ").capitalize()


def flow_table(flows: Mapping[tuple[str, int], Flow]) -> pd.DataFrame:
    """flow_reports.csv: the flow of each role and wave, one under the other."""
    import pandas as pd

    parts = []
    for (role, wave), flow in flows.items():
        part = flow.frame()
        part.insert(0, "role", role)
        part.insert(1, "wave", wave)
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["role", "wave", *COLUMNS])


def waves_table(
    flow: pd.DataFrame, others: pd.DataFrame, frame: tuple[str, int] | None, filters: Sequence[str]
) -> pd.DataFrame:
    """waves.csv: reports of each role and wave received, left after the declared filters, of known students, and in
    the sample. Every number is one of the two flows', so that what is withheld there is withheld here.
    """
    import pandas as pd

    if frame is None:
        return pd.DataFrame(columns=list(WAVES))
    first = flow.assign(role=frame[0], wave=frame[1])
    table = pd.concat([first, others], ignore_index=True) if len(others) else first
    rows = []
    for (role, wave, cohort), steps in table.groupby(["role", "wave", "cohort"], sort=False):
        declared = steps[steps["step"].isin([*filters, "frame", "received"])]
        linked = steps[steps["step"].isin([*declared["step"], LINKED, "identified"])]
        counts = [part["n_out"].iloc[i] for part, i in ((steps, 0), (declared, -1), (linked, -1), (steps, -1))]
        rows.append((role, wave, cohort, *counts))
    rows.sort(key=lambda row: row[2] == POOLED)
    order = {key: i for i, key in enumerate(dict.fromkeys(zip(table["role"], table["wave"], strict=True)))}
    rows.sort(key=lambda row: order[row[0], row[1]])
    waves = pd.DataFrame(rows, columns=list(WAVES))
    return waves.astype(dict.fromkeys(WAVES[3:], "Int64"))
