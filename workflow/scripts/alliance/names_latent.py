"""Latent mediation of a config: are model, report and items there, and can the outcome be decomposed?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alliance.names import Config, NameReport, block, listed
from alliance.outcome_kinds import VALUES

if TYPE_CHECKING:
    from alliance.codebook import Codebook

DECOMPOSED = ("binary", "number")


def mediation_problems(r: NameReport, config: Config) -> None:
    """Names of ``link.mediation`` that stand nowhere else, and outcomes that no single slope describes."""
    link = block(config, "link")
    for name in block(link, "mediation"):
        key, entry = f"link.mediation.{name}", block(link, "mediation", name)
        through = block(entry, "through")
        if "model" in entry and r.known(f"{key}.model", entry["model"], block(link, "models"), "model", "link.models"):
            outcome = block(link, "models", entry["model"]).get("outcome", "")
            kind = VALUES.get(block(config, "outcomes", "define", outcome).get("kind", ""))
            if kind is not None and kind not in DECOMPOSED:
                r.add(
                    f"{key}.model", f"{outcome} is neither yes or no nor a number", "name a model with such an outcome"
                )
        if "role" in through:
            r.known(f"{key}.through.role", through["role"], block(config, "roles"), "role", "roles")
        if "wave" in through and str(through["wave"]) not in {str(wave) for wave in block(config, "waves")}:
            r.add(f"{key}.through.wave", f"wave {through['wave']} is not in waves", "name one that is")


def mediation_items(r: NameReport, config: Config, codebook: Codebook) -> None:
    """Items of ``link.mediation`` that the codebook does not have in that report."""
    for name, entry in block(config, "link", "mediation").items():
        through = block(entry, "through") if isinstance(entry, Mapping) else {}
        report = (through.get("role"), through.get("wave"))
        there = {c.variable for c in codebook.used() if c.report == report}
        for item in listed(through, "items"):
            if item not in there:
                what = f"{item} is no variable of {report[0]}, wave {report[1]}, in the codebook"
                r.add(f"link.mediation.{name}.through.items", what, "name items of that report")
