"""The vocabulary of outcomes and of the models that suit them: read by the config's checks and by the stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What an outcome's value is: yes or no, one of several categories (ordered or not), a time, or a number.
VALUES = {
    "retained": "binary",
    "in_field": "binary",
    "graduated": "binary",
    "answer": "binary",
    "in_major": "binary",
    "transferred": "binary",
    "stop_out": "binary",
    "return": "binary",
    "time_to_departure": "time",
    "state": "categories",
    "ordered": "ordered",
    "scale": "number",
}

SURVEY = ("answer", "ordered", "scale")  # kinds that are answers of the survey; the others need term records
NEED_DEGREES = ("graduated", "time_to_departure", "stop_out", "return")
NEED_FIELD = ("in_field", "state")

# Which values a family of models is for; the first family named for a value is the one to propose.
FAMILIES = {
    "logit": ("binary",),
    "linear": ("number", "binary"),
    "probit": ("binary",),
    "firth": ("binary",),
    "mixed_logit": ("binary",),
    "gee": ("binary", "number"),
    "ordinal": ("ordered",),
    "multinomial": ("categories", "ordered"),
    "hazard": ("time",),
    "cox": ("time",),
}

# Options beside family and outcome, and the families that know them.
OPTIONS = {
    "link": ("hazard", "ordinal"),
    "random": ("mixed_logit", "hazard", "ordinal"),
    "quadrature": ("mixed_logit", "hazard", "ordinal"),
    "corr": ("gee",),
    "ties": ("cox",),
}
LINKS = {"hazard": ("logit", "cloglog"), "ordinal": ("logit", "probit")}

SMALL = ("ordinal", "multinomial", "gee", "cox")  # families without HC1-HC3 and CR2
SMALL_VCOV = ("classic", "HC0", "CR0", "CR1")
WEIGHTED = ("logit", "linear", "probit", "firth", "mixed_logit", "ordinal", "multinomial", "hazard")

# Families whose coefficients, raised to e, are ratios: of odds, or of hazards for cox and the cloglog hazard.
RATIOS = ("logit", "firth", "mixed_logit", "gee", "hazard", "ordinal", "multinomial", "cox")


def families_for(value: str) -> list[str]:
    """Families of models that suit an outcome's value, the most usual first."""
    return [family for family, values in FAMILIES.items() if value in values]


def is_ratio(block: Mapping[str, Any], value: str = "binary") -> bool:
    """Whether a model's coefficients are logarithms of ratios. ``block`` is the model's block of the config."""
    family = block["family"]
    if family == "gee" and value == "number":
        return False
    return family in RATIOS and block.get("link", "logit") != "probit"


def interaction(text: str) -> tuple[str, ...]:
    """The variables of an interaction written ``bond*gender``."""
    return tuple(part.strip() for part in str(text).split("*"))


def interactions(block: Mapping[str, Any], predictors: list[str]) -> list[tuple[str, ...]]:
    """All interactions of a model: those it lists, and every predictor with its ``group``."""
    found = [interaction(text) for text in block.get("interactions") or ()]
    if block.get("group"):
        found += [(predictor, block["group"]) for predictor in predictors]
    return list(dict.fromkeys(found))
