"""The study's variables as Psych-DS metadata: ``dataset_description.json``, in the words of schema.org.

Psych-DS (https://psych-ds.github.io) asks for ``@context``, ``@type``, ``name``, ``description`` and
``variableMeasured``; everything here comes from the config and the codebook, nothing from the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alliance.codebook import Codebook, Column, item_column


def dataset_description(config: Mapping[str, Any], codebook: Codebook) -> dict[str, Any]:
    """The content of ``dataset_description.json`` (JSON-LD)."""
    study = config["study"]
    instrument = (config.get("instrument") or {}).get("name")
    about = [
        study["title"].rstrip(".") + ".",
        f"Instrument: {instrument}." if instrument else "",
        "Simulated data: the persons do not exist." if study.get("simulated") else "",
        "Row-level data are not part of the shared results; the variables are those of the study's sample.",
    ]
    variables: dict[str, dict[str, Any]] = {}
    for column in codebook.used():
        name = variable_name(column)
        variables.setdefault(name, _property(config, name, column))
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": study["name"],
        "description": " ".join(part for part in about if part),
        "measurementTechnique": "survey" if codebook.reports() else "administrative records",
        "variableMeasured": list(variables.values()),
    }


def variable_name(column: Column) -> str:
    """The name of a codebook column in the sample: items carry their role and wave."""
    if column.indicator and column.report:
        return item_column(column.variable, *column.report)
    return column.variable


def _property(config: Mapping[str, Any], name: str, column: Column) -> dict[str, Any]:
    found: dict[str, Any] = {
        "@type": "PropertyValue",
        "name": name,
        "description": describe_column(config, column),
        "valueType": column.type,
    }
    limits = column.scale if column.type == "item" and (column.codes or column.range) else column.range
    if limits:
        found["minValue"], found["maxValue"] = limits
    if column.codes:
        found["valueReference"] = [
            {"@type": "PropertyValue", "value": code, "name": label} for code, label in column.codes.items()
        ]
    return found


def describe_column(config: Mapping[str, Any], column: Column) -> str:
    """A variable in words: label, whose report and which occasion, dimension, direction."""
    roles = config.get("roles") or {}
    waves = {str(k): v for k, v in (config.get("waves") or {}).items()}
    dimensions = (config.get("instrument") or {}).get("dimensions") or {}
    parts = [column.label or column.variable]
    if column.report:
        role, wave = column.report
        parts.append(f"{roles.get(role, role)}, {waves.get(str(wave), wave)}")
    if column.dimension:
        parts.append(f"dimension: {dimensions.get(column.dimension, column.dimension)}")
    if column.reverse:
        parts.append("asked the other way round, turned at intake")
    return "; ".join(parts)
