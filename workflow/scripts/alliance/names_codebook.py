"""Names of a config that the codebook must know, and names of the codebook that the config must know."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from alliance.codebook import Codebook, Column
from alliance.errors import Problem
from alliance.names import Config, NameReport, block, kinds, listed
from alliance.names_careless import careless
from alliance.names_measurement import check_items
from alliance.names_missing import imputation_names
from alliance.outcome_kinds import interaction


def _inputs(r: NameReport, config: Config, codebook: Codebook) -> None:
    """Every input is described, and what is described is an input."""
    inputs = block(config, "inputs")
    described = {c.input for c in codebook if c.input}
    for name in sorted(described - set(inputs)):
        line = next(c.line for c in codebook if c.input == name)
        near = difflib.get_close_matches(name, inputs, 1)
        remedy = f"did you mean {near[0]}?" if near else f"the config has {', '.join(inputs)}"
        problem = Problem(f"input {name} is not in the config", codebook.file, f"row {line}, column input", remedy)
        r.problems.append(problem)
    ids = {"survey": ["student_id"], "students": ["student_id"], "terms": ["student_id", "term"]}
    ids["degrees"] = ["student_id", "term"]
    if block(config, "ids").get("person") == "row":
        ids["survey"] = []
        _one_nameless_file(r, config, codebook)
    for name, kind in kinds(config).items():
        if name not in described:
            r.add(f"inputs.{name}", f"is not in the codebook {codebook.file}", "describe its columns there")
            continue
        has = {c.variable for c in codebook.of_input(name) if c.type != "ignore"}
        for variable in ids.get(kind, ()):
            if variable not in has:
                remedy = f"give the column of input {name} that holds it the variable {variable}"
                r.problems.append(Problem(f"input {name} has no {variable}", codebook.file, "", remedy))
        if kind == "survey" and not any(c.report for c in codebook.of_input(name)):
            remedy = "fill role and wave for its items"
            r.problems.append(Problem(f"no column of input {name} has a role and a wave", codebook.file, "", remedy))


def _one_nameless_file(r: NameReport, config: Config, codebook: Codebook) -> None:
    """``ids.person: row`` is for one anonymous survey file: nothing else can be linked to it."""
    if set(kinds(config).values()) != {"survey"} or len(kinds(config)) > 1:
        what = "row is for a study of one survey file without ids: several files cannot be linked"
        r.add("ids.person", what, "write student_id, and say in the codebook which columns hold it")
    for column in codebook:
        if column.type == "id" and column.variable == "student_id":
            what, place = "has a student_id, and ids.person of the config is row", f"row {column.line}, column variable"
            r.problems.append(Problem(what, codebook.file, place, "write ids.person: student_id, or type ignore"))


def _codebook_names(r: NameReport, config: Config, codebook: Codebook) -> None:
    """Dimensions, roles and waves of the codebook are those of the config."""
    dims, roles = block(config, "instrument", "dimensions"), block(config, "roles")
    waves = {str(wave) for wave in block(config, "waves")}
    places = {
        "dimension": [(c, c.dimension, dims) for c in codebook if c.dimension],
        "role": [(c, c.role, roles) for c in codebook if c.role is not None],
        "wave": [(c, str(c.wave), waves) for c in codebook if c.wave is not None],
    }
    where = {"dimension": "instrument.dimensions", "role": "roles", "wave": "waves"}
    for field, found in places.items():
        unknown: dict[str, list[Column]] = {}
        for column, name, names in found:
            if name not in names:
                unknown.setdefault(str(name), []).append(column)
        for name, columns in unknown.items():
            near = difflib.get_close_matches(name, [str(n) for n in found[0][2]], 1)
            remedy = f"did you mean {near[0]}?" if near else f"add it to {where[field]} of the config, or correct it"
            lines = ", ".join(str(c.line) for c in columns[:5]) + (" ..." if len(columns) > 5 else "")
            place = f"row {lines}, column {field}"
            r.problems.append(Problem(f"{field} {name} is not in the config", codebook.file, place, remedy))
    measured = block(config, "measurement")
    if isinstance(measured.get("wave"), int) and measured.get("role") in roles:
        for name in dims:
            if not codebook.items(measured["role"], measured["wave"], name):
                what = f"dimension {name} has no item for role {measured['role']}, wave {measured['wave']}"
                r.problems.append(Problem(what, codebook.file, "", "mark its items in the column dimension"))


def _frame_variables(config: Config, codebook: Codebook) -> dict[str, Column]:
    """Variables that a student of the sample has: the roster's, and those of the frame's reports."""
    frame = block(config, "sample").get("frame")
    report = (frame.get("role"), frame.get("wave")) if isinstance(frame, Mapping) else None
    found: dict[str, Column] = {}
    for name, kind in kinds(config).items():
        columns = [c for c in codebook.of_input(name) if c.type not in ("ignore", "id")]
        if kind == "survey" and report and any(c.report == report for c in columns):
            columns = [c for c in columns if c.report in (None, report)]
        elif kind != "students":
            continue
        for column in columns:
            found.setdefault(column.variable, column)
    return found


def _sample(r: NameReport, config: Config, codebook: Codebook) -> None:
    node = block(config, "sample")
    variables = _frame_variables(config, codebook)
    frame = node.get("frame")
    if isinstance(frame, Mapping) and {"role", "wave"} <= set(frame):
        report = (frame["role"], frame["wave"])
        if report not in codebook.reports():
            what = f"no column of the codebook has role {report[0]} and wave {report[1]}"
            r.add("sample.frame", what, f"fill role and wave in {codebook.file}")
            return
    for i, step in enumerate(listed(node, "filters")):
        if not isinstance(step, Mapping):
            continue
        for how in ("drop", "keep"):
            condition = block(step, how)
            if not isinstance(condition.get("variable"), str):
                continue
            key = f"sample.filters.{i}.{how}"
            if r.known(f"{key}.variable", condition["variable"], variables, "variable", "the codebook"):
                _answers(r, f"{key}.in", listed(condition, "in"), variables[condition["variable"]])
    names = [step.get("name") for step in listed(node, "filters") if isinstance(step, Mapping)]
    for name in sorted({str(n) for n in names if names.count(n) > 1}):
        r.add("sample.filters", f"two steps are called {name}", "give each a name of its own")


def _answers(r: NameReport, key: str, answers: list[Any], column: Column) -> None:
    """The answers that a filter or an outcome names must be possible ones."""
    if not column.codes:
        return
    possible = list(column.codes) if column.type == "item" else list(column.codes.values())
    for answer in answers:
        if isinstance(answer, bool):
            word = "yes" if answer else "no"
            r.add(key, f"YAML reads {word} without quotes as {str(answer).lower()}", f'write "{word}"')
        else:
            r.known(key, answer, possible, f"variable {column.variable}: the answer", "the codebook")


def _variables(r: NameReport, config: Config, codebook: Codebook) -> None:
    variables = _frame_variables(config, codebook)
    sample = block(config, "sample")
    wanted: list[tuple[str, Any]] = [
        ("sample.cohort", sample.get("cohort")),
        ("sample.cluster", sample.get("cluster")),
        ("link.cluster", block(config, "link").get("cluster")),
        ("outcomes.calendar.first_fall", block(config, "outcomes", "calendar").get("first_fall")),
        *(("describe.groups", v) for name in listed(block(config, "describe"), "groups") for v in interaction(name)),
        *((f"report.{k}", v) for k in ("top_code", "bottom_code") for v in block(config, "report", k)),
        *(("link.covariates", name) for name in listed(block(config, "link"), "covariates")),
    ]
    models = block(config, "link", "models")
    for name in models:
        model = block(models, name)
        place, dims = f"link.models.{name}", block(config, "instrument", "dimensions")
        wanted += [(f"{place}.{k}", model.get(k)) for k in ("cluster", "weights", "group")]
        wanted += [(f"{place}.covariates", variable) for variable in listed(model, "covariates")]
        crossed = [variable for text in listed(model, "interactions") for variable in interaction(text)]
        wanted += [(f"{place}.interactions", variable) for variable in crossed if variable not in dims]
    wanted.append(("link.weights", block(config, "link").get("weights")))
    define = block(config, "outcomes", "define")
    wanted += [(f"outcomes.define.{name}.variable", block(define, name).get("variable")) for name in define]
    wanted += [(f"outcomes.define.{name}.items", v) for name in define for v in listed(block(define, name), "items")]
    for key, name in wanted:
        if isinstance(name, str) and not (name == "cohort" and isinstance(sample.get("cohort"), Mapping)):
            r.known(key, name, variables, "variable", "the codebook")
    for name in define:
        outcome = block(define, name)
        if outcome.get("kind") == "answer" and outcome.get("variable") in variables and "value" in outcome:
            value = outcome["value"] if isinstance(outcome["value"], list) else [outcome["value"]]
            _answers(r, f"outcomes.define.{name}.value", value, variables[outcome["variable"]])
        if outcome.get("kind") == "ordered" and outcome.get("variable") in variables:
            _answers(r, f"outcomes.define.{name}.order", listed(outcome, "order"), variables[outcome["variable"]])
    cohort = variables.get(sample.get("cohort")) if isinstance(sample.get("cohort"), str) else None
    if cohort is not None:
        _answers(r, "sample.cohorts", listed(sample, "cohorts"), cohort)


def _imputation(r: NameReport, config: Config, codebook: Codebook) -> None:
    if block(config, "imputation"):
        imputation_names(r, config, codebook, _frame_variables(config, codebook))


def _measurement(r: NameReport, config: Config, codebook: Codebook) -> None:
    check_items(r, config, codebook, _frame_variables(config, codebook))


CHECKS = (_imputation, _inputs, _codebook_names, _sample, careless, _variables, _measurement)
