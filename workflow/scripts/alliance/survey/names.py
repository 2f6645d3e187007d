"""Names that must agree: between the blocks of a config, and between config and codebook."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from alliance.errors import Problem
from alliance.survey.codebook import Codebook, Column

Config = Mapping[str, Any]


class _Report:
    """Collects problems of one config, each at its key."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(self, key: str, what: str, remedy: str, file: str | None = None) -> None:
        self.problems.append(Problem(what, self.file if file is None else file, f"key {key}" if key else "", remedy))

    def known(self, key: str, name: Any, names: Iterable[Any], kind: str, where: str) -> bool:
        """Whether a name is one of ``names``; a problem with a suggestion when it is not."""
        names = [str(n) for n in names]
        if str(name) in names:
            return True
        near = difflib.get_close_matches(str(name), names, 1)
        listed = f"{where} has {', '.join(names[:12])}{' ...' if len(names) > 12 else ''}" if names else ""
        remedy = f"did you mean {near[0]}?" if near else listed or f"{where} has none: add it there"
        self.add(key, f"{kind} {name} is not in {where}", remedy)
        return False


def name_problems(config: Config, codebook: Codebook | None, file: str) -> list[Problem]:
    """All names that lead nowhere. Parts of a config that have a wrong form are passed over: the schema names those."""
    report = _Report(file)
    for check in (_stages, _measurement, _outcomes, _link):
        check(report, config)
    if codebook is not None:
        _inputs(report, config, codebook)
        _codebook_names(report, config, codebook)
        _sample(report, config, codebook)
        _variables(report, config, codebook)
    return report.problems


def block(config: Config, *keys: str) -> dict[str, Any]:
    """A block of the config, empty when it is not there or has another form."""
    node: Any = config
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return dict(node) if isinstance(node, Mapping) else {}


def listed(node: Mapping[str, Any], key: str) -> list[Any]:
    """A list of the config, empty when it is not there or has another form."""
    value = node.get(key)
    return list(value) if isinstance(value, list) else []


def kinds(config: Config) -> dict[str, str]:
    """Input -> kind."""
    return {name: str(block(config, "inputs", name).get("kind")) for name in block(config, "inputs")}


def _stages(r: _Report, config: Config) -> None:
    """A stage needs the blocks and inputs before it."""
    needs = {
        "measurement": ("instrument", "roles", "waves"),
        "scores": ("measurement",),
        "link": ("measurement", "scores", "outcomes"),
    }
    for stage, before in needs.items():
        for name in before if config.get(stage) else ():
            mistyped = difflib.get_close_matches(name, set(config), 1, cutoff=0.8)  # has a message of its own
            if not config.get(name) and not mistyped:
                r.add(stage, f"needs the block {name}", f"add {name}, or leave {stage} out")
    there = set(kinds(config).values())
    frame = block(config, "sample").get("frame")
    if frame == "students" and "students" not in there:
        r.add("sample.frame", "there is no input of kind students", "add one, or name a role and wave")
    if isinstance(frame, Mapping):
        if "survey" not in there:
            r.add("sample.frame", "there is no input of kind survey", "add one, or write frame: students")
        _role_and_wave(r, config, "sample.frame", frame)
    elif config.get("measurement"):
        r.add("measurement", "needs the reports of a survey, the frame is students", "leave measurement out")
    rosters = [name for name, kind in kinds(config).items() if kind == "students"]
    if len(rosters) > 1:
        r.add("inputs", f"{', '.join(rosters)} are all of kind students", "join them to one file")
    if isinstance(block(config, "sample").get("cohort"), Mapping) and "terms" not in there:
        r.add("sample.cohort", "is derived from term records, and no input is of kind terms", "add the terms")
    for i, step in enumerate(listed(block(config, "sample"), "filters")):
        for rule in ("duplicates", "longstring", "answered") if frame == "students" else ():
            if isinstance(step, Mapping) and rule in step:
                what = f"{rule} looks at the reports of a survey, and the frame is students"
                r.add(f"sample.filters.{i}", what, "remove the step")
        if isinstance(step, Mapping) and step.get("on_roster") and "students" not in there:
            remedy = "add the roster as an input of kind students, or remove the filter"
            r.add(f"sample.filters.{i}", "on_roster needs an input of kind students", remedy)


def _role_and_wave(r: _Report, config: Config, key: str, node: Mapping[str, Any]) -> None:
    if "role" in node:
        r.known(f"{key}.role", node["role"], block(config, "roles"), "role", "roles")
    if "wave" in node:
        r.known(f"{key}.wave", node["wave"], block(config, "waves"), "wave", "waves")


def _measurement(r: _Report, config: Config) -> None:
    node = block(config, "measurement")
    if not node:
        return
    _role_and_wave(r, config, "measurement", node)
    models = listed(node, "models")
    if "chosen" in node and models and node["chosen"] not in models:
        remedy = f"choose one of {', '.join(map(str, models))}, or add it to models"
        r.add("measurement.chosen", f"model {node['chosen']} is not in measurement.models", remedy)
    dims = list(block(config, "instrument", "dimensions"))
    two = block(node, "two")
    if "two" in models and len(two) != 2:
        r.add("measurement.two", "model two needs two factors", "write two: {first: [...], second: [...]}")
    placed = [d for factor in two.values() if isinstance(factor, list) for d in factor]
    for factor, members in two.items():
        for name in members if isinstance(members, list) else ():
            r.known(f"measurement.two.{factor}", name, dims, "dimension", "instrument.dimensions")
    for name in dims if two else ():
        if placed.count(name) != 1:
            times = "in no factor" if name not in placed else "in more than one factor"
            r.add("measurement.two", f"dimension {name} is {times}", "place each dimension once")


def _outcomes(r: _Report, config: Config) -> None:
    node = block(config, "outcomes")
    define = block(node, "define")
    if "primary" in node:
        r.known("outcomes.primary", node["primary"], define, "outcome", "outcomes.define")
    there = set(kinds(config).values())
    for name, outcome in define.items():
        key, kind = f"outcomes.define.{name}", block(define, name).get("kind")
        if kind == "in_field" and "field" in outcome:
            r.known(f"{key}.field", outcome["field"], block(node, "fields"), "field", "outcomes.fields")
        if kind in ("retained", "in_field", "graduated", "time_to_departure") and "terms" not in there:
            r.add(key, f"kind {kind} needs an input of kind terms", "add it, or leave the outcome out")
        if kind in ("graduated", "time_to_departure") and "degrees" not in there:
            r.add(key, f"kind {kind} needs an input of kind degrees", "add it, or leave the outcome out")
    calendar = block(node, "calendar")
    if isinstance(calendar.get("pattern"), str):
        try:
            groups = re.compile(calendar["pattern"]).groupindex
        except re.error as error:
            r.add("outcomes.calendar.pattern", f"is no regular expression ({error})", "correct it")
        else:
            for group in ("year", "season"):
                if group not in groups:
                    r.add("outcomes.calendar.pattern", f"has no group {group}", f"write (?P<{group}>...)")


def _link(r: _Report, config: Config) -> None:
    node = block(config, "link")
    dims = block(config, "instrument", "dimensions")
    for name in listed(node, "predictors"):
        r.known("link.predictors", name, dims, "dimension", "instrument.dimensions")
    if "scores" in node and config.get("scores"):
        methods = listed(block(config, "scores"), "methods")
        r.known("link.scores", node["scores"], methods, "method", "scores.methods")
    define = block(config, "outcomes", "define")
    for name, model in block(node, "models").items():
        if not isinstance(model, Mapping) or "outcome" not in model:
            continue
        key = f"link.models.{name}"
        if r.known(f"{key}.outcome", model["outcome"], define, "outcome", "outcomes.define"):
            times = block(define, model["outcome"]).get("kind") == "time_to_departure"
            if times != (model.get("family") == "hazard"):
                right = "hazard" if times else "logit"
                r.add(f"{key}.family", f"{model.get('family')} does not fit {model['outcome']}", f"use {right}")
    clustered = str(node.get("vcov", "")).startswith("CR")
    if clustered and "cluster" not in node:
        r.add("link.vcov", f"{node['vcov']} needs link.cluster", "name the cluster, or use HC1")


def _inputs(r: _Report, config: Config, codebook: Codebook) -> None:
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


def _codebook_names(r: _Report, config: Config, codebook: Codebook) -> None:
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


def _sample(r: _Report, config: Config, codebook: Codebook) -> None:
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


def _answers(r: _Report, key: str, answers: list[Any], column: Column) -> None:
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


def _variables(r: _Report, config: Config, codebook: Codebook) -> None:
    variables = _frame_variables(config, codebook)
    sample = block(config, "sample")
    wanted: list[tuple[str, Any]] = [
        ("sample.cohort", sample.get("cohort")),
        ("sample.cluster", sample.get("cluster")),
        ("link.cluster", block(config, "link").get("cluster")),
        ("outcomes.calendar.first_fall", block(config, "outcomes", "calendar").get("first_fall")),
        *(("describe.groups", name) for name in listed(block(config, "describe"), "groups")),
        *(("link.covariates", name) for name in listed(block(config, "link"), "covariates")),
    ]
    define = block(config, "outcomes", "define")
    wanted += [(f"outcomes.define.{name}.variable", block(define, name).get("variable")) for name in define]
    for key, name in wanted:
        if isinstance(name, str) and not (name == "cohort" and isinstance(sample.get("cohort"), Mapping)):
            r.known(key, name, variables, "variable", "the codebook")
    for name in define:
        outcome = block(define, name)
        if outcome.get("kind") == "answer" and outcome.get("variable") in variables and "value" in outcome:
            _answers(r, f"outcomes.define.{name}.value", [outcome["value"]], variables[outcome["variable"]])
    cohort = variables.get(sample.get("cohort")) if isinstance(sample.get("cohort"), str) else None
    if cohort is not None:
        _answers(r, "sample.cohorts", listed(sample, "cohorts"), cohort)
