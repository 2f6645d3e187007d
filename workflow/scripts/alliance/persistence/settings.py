"""What one linking model is told: the settings of the link block, with those of the model in their place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from alliance.outcome_kinds import SMALL, SMALL_VCOV, VALUES, interactions, is_ratio
from alliance.persistence.definitions import categories

OWN = ("covariates", "cluster", "vcov", "weights")  # keys of a model that stand in for those of the link block
PASSED = ("link", "quadrature", "corr", "ties")  # keys of a model that fit_outcome takes as they are


def model_settings(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The settings of the model ``name`` of ``link.models``.

    Everything of the link block, with the model's own covariates, cluster, vcov and weights; besides them
    ``interactions`` (tuples of variables, their variables among the covariates), ``value`` (what the outcome's value
    is) and ``categories`` (names of the values 0, 1 ...), ``random`` (lme4's notation), ``needed`` (columns that a
    student must have), ``options`` for ``fit_outcome``, ``ratio`` (are e to the estimates ratios), and ``note`` (what
    a reader of the status has to know about the settings).
    """
    link = config["link"]
    block = link["models"][name]
    found = {**link, **{key: block[key] for key in OWN if key in block}}
    outcome = config["outcomes"]["define"][block["outcome"]] if "outcomes" in config else {}
    predictors = list(found["predictors"])
    crossed = interactions(block, predictors)
    covariates = list(found.get("covariates", ()))
    covariates += [v for v in dict.fromkeys(v for term in crossed for v in term) if v not in covariates + predictors]
    random = block.get("random") or (f"(1 | {found.get('cluster')})" if block["family"] == "mixed_logit" else None)
    grouping = [c for group in re.findall(r"\|([^|)]*)\)", random or "") for c in re.split(r"[/\s]+", group) if c]
    vcov, note = found.get("vcov"), ""
    if random:
        vcov = None
    elif block["family"] in SMALL and vcov is not None and vcov not in SMALL_VCOV:
        replaced = "CR1" if vcov.startswith("CR") else "HC0"
        note = f"there is no {vcov} for the family {block['family']}: {replaced} is used"
        vcov = replaced
    value = VALUES.get(outcome.get("kind"), "time" if block["family"] in ("hazard", "cox") else "binary")
    wanted = [*covariates, found.get("cluster"), found.get("weights"), *grouping]
    return found | {
        "name": name,
        "family": block["family"],
        "covariates": covariates,
        "interactions": crossed,
        "vcov": vcov,
        "random": random,
        "needed": [c for c in dict.fromkeys(wanted) if c],
        "options": {key: block[key] for key in PASSED if key in block},
        "value": value,
        "categories": categories(outcome),
        "ratio": is_ratio(block, value),
        "note": note,
    }


def grouped_covariates(config: Mapping[str, Any]) -> list[str]:
    """The covariates of all models, each once: the columns whose reference group must be the same everywhere."""
    names = [c for name in config["link"].get("models", ()) for c in model_settings(config, name)["covariates"]]
    return list(dict.fromkeys([*config["link"].get("covariates", ()), *names]))
