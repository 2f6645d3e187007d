"""All raw files of a study to tidy tables: reports, students, terms and degrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alliance.codebook import Codebook, Column
from alliance.errors import Problem, Stop
from alliance.inputs import input_files
from alliance.survey.clean import DTYPES, clean
from alliance.survey.id_checks import check_ids
from alliance.survey.issues import Issues
from alliance.survey.pseudonyms import look_after_key, pseudonymised
from alliance.survey.readers import RECORD, read_raw, record, sha256
from alliance.survey.record_checks import check_records

if TYPE_CHECKING:
    import pandas as pd

ROW = "(row)"  # stands for the id where each row of the file is a person
REPORT = ("input", "file", "row", "role", "wave", "student_id", "mentor_id")
FIXED = {"students": ("student_id", "row"), "terms": ("student_id", "term", "field", "institution")}
FIXED["degrees"] = FIXED["terms"]


@dataclass
class Intake:
    """What a study's raw files hold, tidy, and every doubt about it.

    ``responses`` has one row per report (role and wave), ``students`` one per student, ``terms`` and ``degrees`` one
    per record; each is empty, with its columns, when the study has no such input. ``inputs`` describes the raw files.
    """

    responses: pd.DataFrame
    students: pd.DataFrame
    terms: pd.DataFrame
    degrees: pd.DataFrame
    inputs: pd.DataFrame
    issues: Issues


def run_intake(config: Mapping[str, Any], codebook: Codebook) -> Intake:
    """Read and clean every input of the config. Errors stand in ``issues.errors``: nothing is raised."""
    import pandas as pd

    issues = Issues()
    steps = (config.get("ids") or {}).get("normalise") or ()
    tables: dict[str, list[pd.DataFrame]] = {"survey": [], "students": [], "terms": [], "degrees": []}
    records = []
    for name, entry in config["inputs"].items():
        columns = [c for c in codebook.of_input(name) if c.type != "ignore"]
        kind = str(entry["kind"])
        if kind == "survey" and nameless(config):
            columns.append(_row_id(name))
        window = _window(config, entry)
        fingerprints: dict[str, str] = {}
        parts = []
        for file in input_files(entry):
            try:
                raw = read_raw(name, {**entry, "path": file}, codebook)
                _refuse_copy(name, file, fingerprints)
            except Stop as stop:
                issues.errors += stop.problems
                continue
            tidy = clean(raw, codebook, steps, issues, window)
            records.append(record(raw))
            del raw
            if kind == "survey":
                if nameless(config):
                    tidy[ROW] = [f"r{row}" for row in tidy.index]
                part = _reports(name, tidy, columns)
                _warn_without_id(file, part, columns, issues, "kept without a link")
            else:
                part = tidy.rename(columns={c.column: c.variable for c in columns}).rename_axis("row").reset_index()
                _warn_without_id(file, part, columns, issues, "left out")
                part = part[part["student_id"] != ""].assign(input=name)
            part.insert(0, "file", file)
            parts.append(part)
        if kind == "students" and parts:
            parts = [_one_row_each(pd.concat(parts, ignore_index=True), issues)]
        tables[kind] += parts
    check_ids(config, codebook, tables, issues)
    check_records(config, codebook, tables, issues)
    key = look_after_key(config, issues)
    intake = Intake(
        responses=_responses(tables["survey"], codebook, config),
        students=_records("students", tables["students"], codebook, config),
        terms=_records("terms", tables["terms"], codebook, config),
        degrees=_records("degrees", tables["degrees"], codebook, config),
        inputs=pd.DataFrame(records, columns=list(RECORD)),
        issues=issues,
    )
    if key is not None:
        for name in ("responses", "students", "terms", "degrees"):
            setattr(intake, name, pseudonymised(getattr(intake, name), key))
        issues.withhold_ids()
    return intake


def _window(config: Mapping[str, Any], entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """First and last day of the study for an input: its own, or the study's when it is a survey."""
    text = entry.get("window") or (entry["kind"] == "survey" and (config.get("study") or {}).get("window"))
    if not text:
        return None
    first, _, last = str(text).partition("..")
    return first.strip(), last.strip()


def _refuse_copy(name: str, file: str, fingerprints: dict[str, str]) -> None:
    """The same file twice under one input would count everybody twice."""
    first = fingerprints.setdefault(sha256(file), file)
    if first != file:
        what = f"has the same content as {first}"
        raise Stop("intake", Problem(what, file, f"input {name}", "name each file of an input once"))


def nameless(config: Mapping[str, Any]) -> bool:
    """Whether the study's one file has no ids, so that each of its rows is a person."""
    return (config.get("ids") or {}).get("person") == "row"


def _row_id(name: str) -> Column:
    return Column(line=0, input=name, column=ROW, variable="student_id", type="id")


def _reports(name: str, tidy: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """One row per report: a wide file with several roles or waves gives one row for each that has an answer."""
    import pandas as pd

    reports = list(dict.fromkeys(c.report for c in columns if c.report is not None))
    parts = []
    for role, wave in reports:
        of_report = [c for c in columns if c.report == (role, wave)]
        of_row = [c for c in columns if c.report is None]
        part = tidy[[c.column for c in of_row + of_report]]
        if len(reports) > 1:
            part = part[tidy[[c.column for c in of_report]].notna().any(axis=1)]
        part = part.set_axis([c.variable for c in of_row + of_report], axis=1).rename_axis("row").reset_index()
        part.insert(0, "input", name)
        parts.append(part.assign(role=role, wave=wave))
    return pd.concat(parts, ignore_index=True).sort_values("row", kind="stable", ignore_index=True)


def _warn_without_id(file: str, table: pd.DataFrame, columns: Sequence[Column], issues: Issues, action: str) -> None:
    column = next((c.column for c in columns if c.variable == "student_id"), "")
    if column:
        rows = table.loc[table["student_id"] == "", "row"].unique().tolist()
        issues.cells(file, column, rows, [""] * len(rows), "no student id", "warning", action)


def _one_row_each(students: pd.DataFrame, issues: Issues) -> pd.DataFrame:
    """One row per student: equal repeats are passed over, rows that contradict each other are an error."""
    again = students["student_id"].duplicated(keep=False)
    if not again.any():
        return students
    facts = [c for c in students.columns if c not in ("input", "file", "row", "student_id")]
    files = students["file"].unique()
    place = students["row"].astype("str")
    if len(files) > 1:
        place = place + " of " + students["file"]
    repeated = students[again]
    conflicts = []
    for _, same in repeated.groupby("student_id", sort=False):
        differ = [c for c in facts if len(same[c].drop_duplicates()) > 1]
        if differ:
            conflicts.append((place[same.index].tolist(), differ))
    if conflicts:
        shown = "; ".join(f"rows {' and '.join(rows)} in {', '.join(c)}" for rows, c in conflicts[:10])
        more = f" and {len(conflicts) - 10} more" if len(conflicts) > 10 else ""
        what = f"{len(conflicts)} students stand twice with facts that differ: {shown}{more}"
        if len(conflicts) == 1:
            what = f"a student stands twice with facts that differ: {shown}"
        remedy = "keep the right row of each, or look whether ids.normalise makes one id of two"
        issues.error(what, " and ".join(files), "column student_id", remedy)
    extra = students["student_id"].duplicated()
    for file, rows in students[extra].groupby("file", sort=False)["row"]:
        issues.cells(file, "student_id", rows, [""] * len(rows), "student stands twice", "warning", "first row kept")
    return students[~extra]


def _responses(parts: list[pd.DataFrame], codebook: Codebook, config: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    columns = _variables("survey", codebook, config)
    frame = pd.concat([_typed(p, columns) for p in parts], ignore_index=True) if parts else _typed(None, columns)
    for name in ("input", "file", "role", "student_id", "mentor_id"):
        values = frame[name] if name in frame else pd.Series("", index=frame.index, dtype="str")
        frame[name] = values.fillna("").astype("str")
    for name in ("row", "wave"):
        frame[name] = frame[name].astype("int64") if name in frame else pd.Series(dtype="int64")
    return frame[[*REPORT, *columns]]


def _records(kind: str, parts: list[pd.DataFrame], codebook: Codebook, config: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    columns = _variables(kind, codebook, config)
    frame = pd.concat([_typed(p, columns) for p in parts], ignore_index=True) if parts else _typed(None, columns)
    for name in FIXED[kind]:
        if name not in frame:
            frame[name] = pd.Series(None, index=frame.index, dtype="Int64" if name == "row" else "string")
    frame["student_id"] = frame["student_id"].astype("str")
    keep = list(dict.fromkeys([*FIXED[kind], *columns]))
    return frame[keep]


def _variables(kind: str, codebook: Codebook, config: Mapping[str, Any]) -> dict[str, str]:
    """Variables of all inputs of a kind, in codebook order, with their dtype; ids stand apart."""
    inputs = {name for name, entry in config["inputs"].items() if entry.get("kind") == kind}
    used = [c for c in codebook.used() if c.input in inputs and c.type != "id"]
    return {c.variable: DTYPES[c.type] for c in used}


def _typed(part: pd.DataFrame | None, columns: Mapping[str, str]) -> pd.DataFrame:
    """The part with all columns, those that it lacks missing, so that parts of several files fit together."""
    import pandas as pd

    part = pd.DataFrame(index=pd.RangeIndex(0)) if part is None else part
    others = {name: part[name] for name in part.columns if name not in columns}
    own = {
        name: part[name].astype(dtype) if name in part else pd.Series(None, index=part.index, dtype=dtype)
        for name, dtype in columns.items()
    }
    return pd.DataFrame({**others, **own}, index=part.index)
