"""Names that must agree: between the blocks of a config, and between config and codebook."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from alliance.codebook import Codebook
from alliance.errors import Problem
from alliance.outcome_kinds import NEED_DEGREES, NEED_FIELD, SURVEY, VALUES

Config = Mapping[str, Any]


class NameReport:
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
    report = NameReport(file)
    from alliance.names_latent import mediation_items, mediation_problems
    from alliance.names_measurement import check_models
    from alliance.names_models import model_problems

    linked = (_link, model_problems, _relationship, mediation_problems)
    for check in (_stages, _measurement, _outcomes, *linked, check_models):
        check(report, config)
    if codebook is not None:
        from alliance.names_codebook import CHECKS

        for check_codebook in (*CHECKS, mediation_items):
            check_codebook(report, config, codebook)
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


def _stages(r: NameReport, config: Config) -> None:
    """A stage needs the blocks and inputs before it."""
    needs = {
        "measurement": ("instrument", "roles", "waves"),
        "scores": ("measurement",),
        "link": ("measurement", "scores", "outcomes"),
        "imputation": ("link",),
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
        for rule in ("duplicates", "longstring", "answered", "careless") if frame == "students" else ():
            if isinstance(step, Mapping) and rule in step:
                what = f"{rule} looks at the reports of a survey, and the frame is students"
                r.add(f"sample.filters.{i}", what, "remove the step")
        if isinstance(step, Mapping) and step.get("on_roster") and "students" not in there:
            remedy = "add the roster as an input of kind students, or remove the filter"
            r.add(f"sample.filters.{i}", "on_roster needs an input of kind students", remedy)


def _role_and_wave(r: NameReport, config: Config, key: str, node: Mapping[str, Any]) -> None:
    if "role" in node:
        r.known(f"{key}.role", node["role"], block(config, "roles"), "role", "roles")
    if "wave" in node:
        r.known(f"{key}.wave", node["wave"], block(config, "waves"), "wave", "waves")


def _measurement(r: NameReport, config: Config) -> None:
    node = block(config, "measurement")
    if not node:
        return
    _role_and_wave(r, config, "measurement", node)
    models = listed(node, "models")
    if "chosen" in node and models and node["chosen"] not in [*models, *block(node, "texts")]:
        remedy = f"choose one of {', '.join(map(str, models))}, or add it to models"
        r.add("measurement.chosen", f"model {node['chosen']} is not in measurement.models", remedy)
    dims = list(block(config, "instrument", "dimensions"))
    two = block(node, "two")
    if two and len(two) != 2:
        r.add("measurement.two", "model two needs two factors", "write two: {first: [...], second: [...]}")
    placed = [d for factor in two.values() if isinstance(factor, list) for d in factor]
    for factor, members in two.items():
        for name in members if isinstance(members, list) else ():
            r.known(f"measurement.two.{factor}", name, dims, "dimension", "instrument.dimensions")
    for name in dims if two else ():
        if placed.count(name) != 1:
            times = "in no factor" if name not in placed else "in more than one factor"
            r.add("measurement.two", f"dimension {name} is {times}", "place each dimension once")


def _outcomes(r: NameReport, config: Config) -> None:
    node = block(config, "outcomes")
    define = block(node, "define")
    if "primary" in node:
        r.known("outcomes.primary", node["primary"], define, "outcome", "outcomes.define")
    there = set(kinds(config).values())
    for name, outcome in define.items():
        key, kind = f"outcomes.define.{name}", block(define, name).get("kind")
        if kind in NEED_FIELD and "field" in outcome:
            r.known(f"{key}.field", outcome["field"], block(node, "fields"), "field", "outcomes.fields")
        if kind in VALUES and kind not in SURVEY and "terms" not in there:
            r.add(key, f"kind {kind} needs an input of kind terms", "add it, or leave the outcome out")
        if kind in NEED_DEGREES and "degrees" not in there:
            r.add(key, f"kind {kind} needs an input of kind degrees", "add it, or leave the outcome out")
    for name in block(node, "fields"):
        path = block(node, "fields", name).get("list")
        if isinstance(path, str) and not Path(path).is_file():
            near = difflib.get_close_matches(path, map(str, sorted(Path("config/fields").glob("*.yaml"))), 1)
            remedy = f"did you mean {near[0]}?" if near else "name a file such as config/fields/stem_nces.yaml"
            r.add(f"outcomes.fields.{name}.list", f"there is no file {path}", remedy)
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


def _link(r: NameReport, config: Config) -> None:
    node = block(config, "link")
    dims = block(config, "instrument", "dimensions")
    for name in listed(node, "predictors"):
        r.known("link.predictors", name, dims, "dimension", "instrument.dimensions")
    if "scores" in node and config.get("scores"):
        methods = listed(block(config, "scores"), "methods")
        r.known("link.scores", node["scores"], methods, "method", "scores.methods")
    define = block(config, "outcomes", "define")
    for name, model in block(node, "models").items():
        if isinstance(model, Mapping) and "outcome" in model:
            r.known(f"link.models.{name}.outcome", model["outcome"], define, "outcome", "outcomes.define")
    clustered = str(node.get("vcov", "")).startswith("CR")
    if clustered and "cluster" not in node:
        r.add("link.vcov", f"{node['vcov']} needs link.cluster", "name the cluster, or use HC1")


def _relationship(r: NameReport, config: Config) -> None:
    node, key = block(config, "link", "relationship"), "link.relationship"
    if not node:
        return
    measured, models = block(config, "measurement"), block(config, "link", "models")
    change = block(node, "change")
    if "partner" not in node and not change:
        r.add(key, "asks for nothing", "name a partner (a role), or a change (a later wave), or leave the block out")
    if "partner" in node:
        known = r.known(f"{key}.partner", node["partner"], block(config, "roles"), "role", "roles")
        if known and node["partner"] == measured.get("role"):
            r.add(f"{key}.partner", "is the role of measurement.role", "name the other role")
    if "wave" in change:
        _role_and_wave(r, config, f"{key}.change", {"wave": change["wave"]})
        if change["wave"] == measured.get("wave"):
            r.add(f"{key}.change.wave", "is the wave of measurement.wave", "name a later one")
    for place, names in ((f"{key}.models", listed(node, "models")), (f"{key}.change.models", listed(change, "models"))):
        for name in names:
            r.known(place, name, models, "model", "link.models")
    method, methods = node.get("scores", "sum"), listed(block(config, "scores"), "methods")
    if methods and method not in methods:
        r.add(f"{key}.scores", f"{method} scores are not made", f"add {method} to scores.methods, or name another")
