"""A study read as the whole run would read it: every problem at once, and nothing written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alliance.codebook import Codebook, Column
from alliance.codebook_file import parse_codebook
from alliance.errors import Problem
from alliance.inputs import all_files, input_files, named, placed
from alliance.study import validate_config
from alliance.survey.intake import Intake, run_intake
from alliance.survey.issues import Issues


def check_study(config: Any, file: str = "config") -> tuple[list[Problem], Issues]:
    """Every problem of config, codebook, raw files and sample, and the remarks that do not end a run.

    What cannot be read is reported and passed over, so that the rest is still looked at. The sample is tried only when
    config and codebook are in order and so are the files that it opens with and the roster: its problems would be
    echoes of theirs. No problems: the study can be run.
    """
    problems = validate_config(config, file)
    if not isinstance(config, Mapping) or any(p.place.startswith(("key inputs", "key ids")) for p in problems):
        return problems, Issues()
    problems += _absent(config, file)
    found, issues = _check_data(config, sound=not problems)
    return list(dict.fromkeys(problems + found)), issues


def _check_data(config: Mapping[str, Any], *, sound: bool) -> tuple[list[Problem], Issues]:
    issues = Issues()
    inputs = config.get("inputs")
    if not isinstance(inputs, Mapping) or not isinstance(config.get("codebook"), str):
        return [], issues
    codebook = _each_column_once(parse_codebook(config["codebook"])[0])
    inputs = {name: _placed(entry, config.get("folder")) for name, entry in inputs.items()}
    readable = {n: e for n, e in inputs.items() if isinstance(e, Mapping) and _can_be_read(e) and codebook.of_input(n)}
    intake = run_intake({**config, "inputs": readable}, codebook)
    issues = intake.issues
    check_terms({**config, "inputs": readable}, codebook, intake)
    if sound and not _needed_files(config, codebook, readable) & {problem.file for problem in issues.errors}:
        from alliance.survey.sample import Study, build_sample

        study = Study({**config, "inputs": readable}, codebook, intake.responses, intake.students, intake.terms)
        build_sample(study, issues)
    return issues.errors, issues


def _absent(config: Mapping[str, Any], file: str) -> list[Problem]:
    """Files that the config names and that are not there."""
    folder = config.get("folder")
    problems = []
    for name, entry in (config.get("inputs") or {}).items():
        for path in all_files(_placed(entry, folder)):
            if not Path(path).is_file():
                remedy = f"put the file there, or change inputs.{name}.path" + (" or folder" if folder else "")
                problems.append(Problem("no such file", path, f"{file}, key inputs.{name}", remedy))
    path = config.get("codebook")
    if isinstance(path, str) and not Path(path).is_file():
        problems.append(Problem("no such file", path, f"{file}, key codebook", "put it there, or change codebook"))
    return problems


def _each_column_once(codebook: Codebook) -> Codebook:
    """Without the rows that describe a column or fill a variable again: those have a message of their own."""
    columns: dict[tuple[str, str], Column] = {}
    filled: set[tuple] = set()
    for c in codebook:
        variable = (c.input, c.variable, c.report)
        if c.type == "ignore" or variable not in filled:
            columns.setdefault((c.input, c.column), c)
        if c.type != "ignore":
            filled.add(variable)
    return Codebook(tuple(columns.values()), codebook.file)


def _placed(entry: Any, folder: Any) -> Any:
    """The entry with its path under the config's folder, unless it stands there already."""
    if not isinstance(entry, Mapping) or not input_files(entry):
        return entry
    return placed(entry, folder if isinstance(folder, str) else "")


def _needed_files(config: Mapping[str, Any], codebook: Codebook, inputs: Mapping[str, Any]) -> set[str]:
    """The files without which there is no sample: those of the frame, the roster, and terms that give the cohort."""
    frame = config["sample"]["frame"]
    kinds = {"students"} | ({"terms"} if isinstance(config["sample"].get("cohort"), Mapping) else set())
    needed = {name for name, entry in inputs.items() if entry["kind"] in kinds}
    if frame != "students":
        needed |= {c.input for c in codebook if c.report == (frame["role"], frame["wave"])}
    return {file for name in needed if name in inputs for file in input_files(inputs[name])}


def _can_be_read(entry: Mapping[str, Any]) -> bool:
    from alliance.survey.sniff import EXPECTED

    kinds = ("survey", "students", "terms", "degrees")
    files = all_files(entry)
    there = bool(files) and all(Path(file).is_file() for file in files)
    return there and entry.get("format") in EXPECTED and entry.get("kind") in kinds


def check_terms(config: Mapping[str, Any], codebook: Codebook, intake: Intake) -> None:
    """Term codes that the calendar of the config cannot read are an error of their file."""
    from alliance.calendar import calendar_from, parse_terms

    if not config.get("outcomes"):
        return
    calendar = calendar_from(config)
    if not calendar.usable:
        return
    for kind, table in (("terms", intake.terms), ("degrees", intake.degrees)):
        names = [name for name, entry in config["inputs"].items() if entry.get("kind") == kind]
        if table.empty or not names:
            continue
        unread = table.loc[parse_terms(table["term"], calendar)["season"].isna(), "term"]
        if unread.empty:
            continue
        file = named(config["inputs"][names[0]])
        column = next((c.column for c in codebook.of_input(names[0]) if c.variable == "term"), "term")
        distinct = [str(code) for code in unread.dropna().unique()]
        shown = ", ".join(f'"{code[:12]}"' for code in distinct[:8]) + (" ..." if len(distinct) > 8 else "")
        what = f"{len(unread)} term codes cannot be read{': ' + shown if shown else ' (blank)'}"
        remedy = "change pattern and seasons under outcomes.calendar of the config, or correct the file"
        intake.issues.error(what, file, f"column {column}", remedy)
