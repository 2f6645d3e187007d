"""Link models of a config: does the family suit the outcome, and do its options suit the family?"""

from __future__ import annotations

from typing import Any

from alliance.names import Config, NameReport, block, listed
from alliance.outcome_kinds import (
    FAMILIES,
    LINKS,
    OPTIONS,
    SMALL,
    SMALL_VCOV,
    VALUES,
    WEIGHTED,
    families_for,
    interaction,
)

WORDS = {
    "binary": "is yes or no",
    "time": "is a time",
    "ordered": "has ordered categories",
    "categories": "has several categories",
    "number": "is a number",
}


def model_problems(r: NameReport, config: Config) -> None:
    """What does not go together in ``link.models`` and ``link.adjust``."""
    link = block(config, "link")
    define = block(config, "outcomes", "define")
    models = {name: block(link, "models", name) for name in block(link, "models")}
    for name, model in models.items():
        key, family = f"link.models.{name}", model.get("family")
        value = VALUES.get(block(define, model.get("outcome", "")).get("kind", ""))
        if family not in FAMILIES:
            continue
        if value is not None and value not in FAMILIES[family]:
            what = f"{family} does not fit {model['outcome']}, which {WORDS[value]}"
            r.add(f"{key}.family", what, f"use {' or '.join(families_for(value))}")
        _options(r, key, model, family)
        _errors(r, key, model, family, link)
        _crossed(r, key, model, link)
    _adjustment(r, link, models)


def _options(r: NameReport, key: str, model: dict[str, Any], family: str) -> None:
    for option, knowing in OPTIONS.items():
        if option in model and family not in knowing:
            r.add(f"{key}.{option}", f"{family} has no {option}", f"remove it, or use {' or '.join(knowing)}")
    given = model.get("link")
    if given is not None and family in LINKS and given not in LINKS[family]:
        r.add(f"{key}.link", f"{family} has no link {given}", f"use {' or '.join(LINKS[family])}")
    if family == "hazard" and given == "cloglog" and "random" in model:
        r.add(f"{key}.random", "a frailty goes with the link logit only", "remove it, or use link: logit")


def _errors(r: NameReport, key: str, model: dict[str, Any], family: str, link: dict[str, Any]) -> None:
    """Clusters, covariance and weights."""
    vcov, cluster = model.get("vcov"), model.get("cluster", link.get("cluster"))
    if vcov is not None and family in SMALL and vcov not in SMALL_VCOV:
        r.add(f"{key}.vcov", f"there is no {vcov} for {family}", f"use {' or '.join(SMALL_VCOV)}")
    if str(vcov or "").startswith("CR") and cluster is None:
        r.add(f"{key}.vcov", f"{vcov} needs a cluster", "name the cluster, or use HC1")
    if vcov is not None and (family == "mixed_logit" or "random" in model):
        r.add(f"{key}.vcov", "models with random effects have errors of their own", "remove it")
    if family == "gee" and cluster is None:
        r.add(key, "gee needs a cluster", "name the cluster")
    if family == "mixed_logit" and "random" not in model and cluster is None:
        r.add(key, "mixed_logit needs random effects", 'name the cluster, or write random: "(1 | program)"')
    weights = model.get("weights", link.get("weights"))
    if weights is not None and family not in WEIGHTED:
        r.add(f"{key}.weights", f"{family} takes no weights", "use another family, or remove the weights")


def _crossed(r: NameReport, key: str, model: dict[str, Any], link: dict[str, Any]) -> None:
    """Interactions name at least one predictor, and no variable twice."""
    predictors = listed(link, "predictors")
    for text in listed(model, "interactions"):
        variables = interaction(text)
        if len(set(variables)) < len(variables):
            r.add(f"{key}.interactions", f"{text} names a variable twice", "name different variables")
        elif not set(variables) & set(predictors):
            r.add(f"{key}.interactions", f"{text} holds no predictor", f"use one of {', '.join(map(str, predictors))}")
    if model.get("group") in predictors:
        r.add(f"{key}.group", f"{model['group']} is a predictor", "name a covariate, or write an interaction")


def _adjustment(r: NameReport, link: dict[str, Any], models: dict[str, Any]) -> None:
    """Declared families of tests name models and terms."""
    family = block(link, "adjust").get("family")
    lists = {"": family} if isinstance(family, list) else family if isinstance(family, dict) else {}
    for name, tests in lists.items():
        key = "link.adjust.family" + (f".{name}" if name else "")
        for test in tests if isinstance(tests, list) else ():
            model, colon, _ = str(test).partition(": ")
            if not colon:
                r.add(key, f"{test} is no test of a model", "write the model, a colon and the term: retained: bond")
            else:
                r.known(key, model, models, "model", "link.models")
