"""Names in the measurement part of a config that must lead somewhere: models, their texts, items, groups, keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alliance.codebook import Codebook
from alliance.errors import Stop
from alliance.instrument_key import read_key
from alliance.model_text import GENERAL, MENU, read_model_text
from alliance.names import Config, NameReport, block, listed


def check_models(r: NameReport, config: Config) -> None:
    """What needs no codebook: names of dimensions, the key's file, and whether the chosen model has the predictors."""
    node, dims = block(config, "measurement"), list(block(config, "instrument", "dimensions"))
    if not node:
        return
    if GENERAL in dims:
        r.add("instrument.dimensions", f'"{GENERAL}" is the name of the factor of all items', "call it otherwise")
    for name in listed(node, "models"):
        r.known("measurement.models", name, [*MENU, *block(node, "texts")], "model", "the menu and measurement.texts")
    chosen, two = node.get("chosen"), block(node, "two")
    if chosen == "two" and not two:
        r.add("measurement.two", "the chosen model two needs two factors", "write two: {first: [...], second: [...]}")
    factors = {"one": [GENERAL], "two": list(two)}.get(str(chosen))
    link = block(config, "link")
    if factors is not None and link.get("scores") not in (None, "sum"):
        for name in listed(link, "predictors"):
            if name in dims and name not in factors:
                remedy = "choose the model correlated, or write link.scores: sum"
                r.add("link.predictors", f"the chosen model {chosen} has no factor {name}", remedy)
    _key(r, config)


def _key(r: NameReport, config: Config) -> None:
    path = block(config, "instrument").get("key")
    if isinstance(path, str) and path:
        try:
            read_key(path)
        except Stop as stop:
            for problem in stop.problems:
                r.add("instrument.key", problem.what, problem.remedy, problem.file)


def check_items(r: NameReport, config: Config, codebook: Codebook, variables: Mapping[str, Any]) -> None:
    """Names that the codebook must know; ``variables``: those of a student of the sample."""
    node = block(config, "measurement")
    if not node:
        return
    if isinstance(node.get("cluster"), str):
        r.known("measurement.cluster", node["cluster"], variables, "variable", "the codebook")
    pairs = block(config, "invariance").get("role_cluster")
    if isinstance(pairs, str):
        ids = [c.variable for c in codebook if c.type == "id" and c.variable != "student_id"]
        r.known("invariance.role_cluster", pairs, [*variables, *ids], "variable", "the codebook")
    derived = isinstance(block(config, "sample").get("cohort"), Mapping)
    for i, grouping in enumerate(listed(block(config, "invariance"), "groups")):
        for part in str(grouping).split("*"):
            if not (part.strip() == "cohort" and derived):
                r.known(f"invariance.groups.{i}", part.strip(), variables, "variable", "the codebook")
    dims = list(block(config, "instrument", "dimensions"))
    if not isinstance(node.get("wave"), int) or not isinstance(node.get("role"), str):
        return
    key = {d: [c.variable for c in codebook.items(node["role"], node["wave"], d)] for d in dims}
    items = [item for members in key.values() for item in members]
    for name in [*dims, GENERAL, *block(node, "two")]:
        if name in items:
            r.add("", f"{name} is an item and a factor", "call one of them otherwise", codebook.file)
    for i, pair in enumerate(listed(node, "residual_covariances")):
        for name in listed(pair, "items") if isinstance(pair, Mapping) else ():
            r.known(f"measurement.residual_covariances.{i}", name, items, "item", "the codebook")
    for name, text in block(node, "texts").items():
        _text(r, name, text, items)


def _text(r: NameReport, name: str, text: Any, items: list[str]) -> None:
    if not isinstance(text, str) or not items:
        return
    if name in MENU:
        r.add(f"measurement.texts.{name}", "is a name of the menu", "give the text another name")
        return
    try:
        read_model_text(name, text, items)
    except Stop as stop:
        for problem in stop.problems:
            r.add(f"measurement.texts.{name}", problem.what, problem.remedy)
