"""Who is analysed: declared filters in order, one student one row, other waves and roles linked to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alliance.codebook import Codebook, Column, item_column
from alliance.disclosure import minimum_cell
from alliance.inputs import named
from alliance.survey.filters import one_each, rule_of, stays
from alliance.survey.flow import POOLED, UNKNOWN, Flow
from alliance.survey.issues import Issues, shown
from alliance.survey.link_records import matched

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
WAVES = ("role", "wave", "cohort", "n_reports_raw", "n_kept", "n_linked", "n_in_sample")


@dataclass
class Sample:
    """One row per student, the participant flow, and how many reports of each wave and role belong to it."""

    students: pd.DataFrame
    flow: pd.DataFrame
    waves: pd.DataFrame


@dataclass
class Study:
    """What the sample is built from."""

    config: Mapping[str, Any]
    codebook: Codebook
    responses: pd.DataFrame
    students: pd.DataFrame
    terms: pd.DataFrame

    @property
    def plan(self) -> Mapping[str, Any]:
        """The block ``sample`` of the config."""
        return self.config["sample"]

    @property
    def frame(self) -> tuple[str, int] | None:
        """Role and wave whose reports open the flow; None when the students themselves do."""
        frame = self.plan["frame"]
        return None if frame == "students" else (str(frame["role"]), int(frame["wave"]))

    @property
    def has_roster(self) -> bool:
        """Whether the study has a students file."""
        return any(entry["kind"] == "students" for entry in self.config["inputs"].values())

    def reports(self, role: str, wave: int) -> pd.DataFrame:
        """All reports of one role and wave."""
        chosen = (self.responses["role"] == role) & (self.responses["wave"] == wave)
        return self.responses[chosen].reset_index(drop=True)

    def variables(self, role: str, wave: int) -> list[Column]:
        """Columns that the reports of one role and wave have, without ids; each variable once."""
        inputs = {c.input for c in self.codebook.used() if c.report == (role, wave)}
        found = {
            c.variable: c
            for c in self.codebook.used()
            if c.input in inputs and c.type != "id" and c.report in (None, (role, wave))
        }
        return list(found.values())


def build_sample(study: Study, issues: Issues) -> Sample:
    """Apply the filters, count them, and join what belongs to each student that stays.

    Problems of the sample as a whole (a cohort without rows, ids that link to nobody) go to ``issues.errors``.
    """
    rows, items = _frame_rows(study)
    rows["cohort_"] = cohorts_of(study, rows)
    order = _cohort_order(study, rows, issues)
    flow = Flow(order)
    flow.open("frame", _frame_label(study), rows["cohort_"])
    roster = frozenset(study.students["student_id"])
    _check_links(study, rows, roster, issues)
    for step in study.plan.get("filters") or ():
        keep = stays(step, rows, items, roster)
        flow.exclude(step["name"], _words(step["name"]), step["reason"], rows["cohort_"], keep)
        rows = rows[keep]
    rows = _one_row_per_student(study, rows, items, flow)
    _check_cohorts(study, rows, flow, issues)
    rows = rows.sort_values("student_id", ignore_index=True)
    students, linked = _join(study, rows, roster)
    table = flow.frame()
    left = int(table.loc[table["cohort"] == POOLED, "n_out"].iloc[-1])
    assert len(students) == left, "the sample is the last box of the flow"
    assert students["student_id"].is_unique, "one student, one row"
    return Sample(students, table, _waves(study, students, linked, order))


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


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def cohorts_of(study: Study, rows: pd.DataFrame) -> pd.Series:
    """The cohort of each row: the roster's, the report's own, or derived from terms; ``unknown`` when there is none."""
    import pandas as pd

    wanted = study.plan.get("cohort")
    if wanted is None:
        return pd.Series(ALL, index=rows.index, dtype="str")
    if isinstance(wanted, Mapping):
        from alliance.calendar import calendar_from, entry_year

        years = entry_year(study.terms, calendar_from(study.config), wanted["derive"])
        found = rows["student_id"].map(years.astype("string"))
    elif wanted in study.students.columns and study.frame is not None:
        found = rows["student_id"].map(study.students.set_index("student_id")[wanted])
    else:
        found = rows[wanted]
    text = found.astype("string").str.replace(r"\.0$", "", regex=True)
    return text.fillna(UNKNOWN).astype("str")


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


def _check_links(study: Study, rows: pd.DataFrame, roster: frozenset[str], issues: Issues) -> None:
    """Ids that link to nobody: all of a file is an error, some are counted."""
    known = roster if study.has_roster else frozenset(rows["student_id"]) - {""}
    tables = {name: part["student_id"] for name, part in study.responses.groupby("input", sort=False)}
    tables |= {name: study.terms["student_id"] for name, e in study.config["inputs"].items() if e["kind"] == "terms"}
    for name, ids in tables.items():
        if not known or ids.empty or (study.frame is not None and not study.has_roster and name in set(rows["input"])):
            continue
        file = named(study.config["inputs"][name])
        strangers = int((~ids.isin(known)).sum())
        if strangers == len(ids):
            where = "on the roster" if study.has_roster else "in the reports of the first wave"
            remedy = "compare how ids are written in the two files, and set ids.normalise of the config"
            issues.error(f"not one student_id is {where}", file, f"input {name}", remedy)
        elif strangers:
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
    study: Study, rows: pd.DataFrame, roster: frozenset[str]
) -> tuple[pd.DataFrame, dict[tuple[str, int], tuple[pd.DataFrame, pd.DataFrame]]]:
    """The sample with all its columns, and for each role and wave all reports and those that were kept."""
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
    linked: dict[tuple[str, int], tuple[pd.DataFrame, pd.DataFrame]] = {}
    answered = {}
    for role, wave in study.codebook.reports() if study.frame else ():
        columns, items = study.variables(role, wave), study.codebook.items(role, wave)
        raw = study.reports(role, wave)
        kept = _kept(study, raw, role, wave)
        if (role, wave) == study.frame:
            chosen = rows.set_index("student_id")
        else:
            rule = study.plan.get("several_reports", "most_complete")
            chosen = matched(rows, kept, rule, items).reindex(student)
        linked[role, wave] = raw, kept
        for c in columns:
            if c.indicator or (role, wave) != study.frame:
                parts[item_column(c.variable, role, wave)] = chosen[c.variable].array
        answered[f"answered_{role}_w{wave}"] = (chosen["row"].notna()).to_numpy()
    return pd.DataFrame({**parts, **answered}).reset_index(drop=True), linked


def _kept(study: Study, reports: pd.DataFrame, role: str, wave: int) -> pd.DataFrame:
    """Reports of another role or wave after the same filters, as far as those ask for something that the file holds."""
    items = study.codebook.items(role, wave)
    variables = {c.variable for c in study.variables(role, wave)}
    for step in study.plan.get("filters") or ():
        rule = rule_of(step)
        if rule == "on_roster" or (rule in ("drop", "keep") and step[rule]["variable"] not in variables):
            continue
        if rule in ("longstring", "answered") and not items:
            continue
        reports = reports[stays(step, reports, items)]
    return reports


def _waves(
    study: Study,
    students: pd.DataFrame,
    linked: Mapping[tuple[str, int], tuple[pd.DataFrame, pd.DataFrame]],
    order: Sequence[str],
) -> pd.DataFrame:
    """waves.csv: reports of each role and wave as they came, after the filters, of known students, in the sample."""
    import pandas as pd

    known = set(study.students["student_id"]) if study.has_roster else set(students["student_id"])
    table = []
    for (role, wave), (raw, kept) in linked.items():
        there = students.loc[students[f"answered_{role}_w{wave}"], "cohort"]
        of_raw, of_kept = _cohort_or_unknown(study, raw), _cohort_or_unknown(study, kept)
        of_linked = of_kept[kept["student_id"].isin(known)]
        counts = [series.value_counts() for series in (of_raw, of_kept, of_linked, there)]
        names = [*order, *([UNKNOWN] if UNKNOWN in set(of_raw) and UNKNOWN not in order else [])]
        per_cohort = [[int(c.get(name, 0)) for c in counts] for name in names]
        table += [(role, wave, name, *row) for name, row in zip(names, per_cohort, strict=True)]
        table.append((role, wave, POOLED, *(sum(column) for column in zip(*per_cohort, strict=True))))
    return pd.DataFrame(table, columns=list(WAVES))


def _cohort_or_unknown(study: Study, rows: pd.DataFrame) -> pd.Series:
    """The cohort of reports; all unknown when it is asked in another report only and there is no roster to look at."""
    import pandas as pd

    wanted = study.plan.get("cohort")
    if isinstance(wanted, str) and wanted not in study.students.columns and rows[wanted].isna().all():
        return pd.Series(UNKNOWN, index=rows.index, dtype="str")
    return cohorts_of(study, rows)
