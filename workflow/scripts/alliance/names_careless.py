"""Cut-offs of careless responding that cannot be used: outside of their index's range, or without what they look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from alliance.codebook import Codebook
from alliance.names import Config, NameReport, block, listed


def careless(r: NameReport, config: Config, codebook: Codebook) -> None:
    """Filters by careless responding, and the variables that hold how long a report took."""
    sample = block(config, "sample")
    duration = block(sample, "careless", "duration")
    numbers = [c.variable for c in codebook.used() if c.type == "number"]
    for unit, name in duration.items():
        r.known(f"sample.careless.duration.{unit}", name, numbers, "number", "the codebook")
    asked = {f"sample.careless.cuts.{name}": (name, None) for name in block(sample, "careless", "cuts")}
    for i, step in enumerate(listed(sample, "filters")):
        given = step.get("careless") if isinstance(step, Mapping) else None
        if isinstance(given, Mapping):
            asked[f"sample.filters.{i}.careless"] = (given.get("index"), given.get("cut"))
    for key, (index, cut) in asked.items():
        if index == "seconds_per_item" and not duration:
            remedy = "name the variable under sample.careless.duration, by its unit (seconds, minutes)"
            r.add(key, "seconds_per_item needs to know how long a report took", remedy)
        if isinstance(cut, int | float) and (wrong := _outside(str(index), float(cut))):
            r.add(f"{key}.cut", f"{cut:g} is {wrong} for {index}", "see sample.careless.cuts in config/README.md")


def _outside(index: str, cut: float) -> str:
    """What is wrong with a cut-off, by the limits that the schema gives for this index under sample.careless.cuts."""
    from alliance.study import SCHEMA

    schema: Any = json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"]["sample"]["properties"]
    limits = schema["careless"]["properties"]["cuts"]["properties"].get(index, {})
    if cut < limits.get("minimum", cut) or cut <= limits.get("exclusiveMinimum", cut - 1):
        return "too small"
    if cut > limits.get("maximum", cut) or cut >= limits.get("exclusiveMaximum", cut + 1):
        return "too large"
    return ""
