"""What was decided by the researcher: the config in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alliance.reporting.blocks import Section, TableBlock
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.results import Results
from alliance.reporting.tables import Column, Table

_BLOCKS = {
    "sample": "Sample",
    "measurement": "Measurement",
    "invariance": "Invariance",
    "scores": "Scores",
    "outcomes": "Outcomes",
    "link": "Link",
    "report": "Report",
}


def decisions_section(results: Results, labels: Labels) -> Section:
    """Every decision of the config with its value, by stage."""
    section = Section("decisions", "What was decided in the config")
    table = Table(
        "decisions", "Decisions of the study", [Column("Key", numeric=False), Column("Setting", numeric=False)]
    )
    for block, title in _BLOCKS.items():
        value = results.block(block)
        if not value:
            continue
        table.heading(title)
        for key, setting in _flatten(value):
            table.add(escape(key), escape(setting), indent=True)
    absent = [title.lower() for block, title in _BLOCKS.items() if not results.block(block) and block != "report"]
    if absent:
        section.say(f"Not asked for in this study: {', '.join(absent)}.")
    section.blocks.append(TableBlock(table, folded=True))
    return section


def _flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, Mapping) and any(isinstance(v, Mapping | list) for v in inner.values()):
            yield from _flatten(inner, f"{name}.")
        elif isinstance(inner, list) and any(isinstance(v, Mapping) for v in inner):
            for i, item in enumerate(inner, 1):
                yield f"{name} {i}", in_words(item)
        else:
            yield name, in_words(inner)


def in_words(value: Any) -> str:
    """A setting on one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {in_words(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(in_words(inner) for inner in value)
    return str(value)
