"""Names of the block ``imputation`` of a config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alliance.codebook import Codebook, Column, item_column
from alliance.names import Config, NameReport, block, listed


def imputation_names(r: NameReport, config: Config, codebook: Codebook, variables: Mapping[str, Column]) -> None:
    """Auxiliaries, cluster and variables with a method are columns of the sample; random intercepts have a cluster.

    variables: what a student of the sample has (:mod:`alliance.names_codebook`).
    """
    node = block(config, "imputation")
    reports = _report_variables(codebook)
    for name in listed(node, "auxiliaries"):
        if r.known("imputation.auxiliaries", name, [*variables, *reports], "variable", "the codebook"):
            kind = (variables.get(name) or reports[name]).type
            if kind in ("text", "date"):
                what = f"{name} is of type {kind}, which cannot be imputed"
                r.add("imputation.auxiliaries", what, "name numbers, items or categories")
    if isinstance(node.get("cluster"), str):
        r.known("imputation.cluster", node["cluster"], variables, "variable", "the codebook")
    covariates = [*listed(block(config, "link"), "covariates")]
    models = block(config, "link", "models")
    covariates += [name for model in models for name in listed(block(models, model), "covariates")]
    dimensions = block(config, "instrument", "dimensions")
    means = [f"{d}_{role}_w{wave}" for role, wave in codebook.reports() for d in dimensions]
    named = [*covariates, *listed(node, "auxiliaries"), *listed(block(config, "link"), "predictors"), *means]
    clustered = node.get("cluster") or block(config, "link").get("cluster")
    for name, method in block(node, "methods").items():
        r.known(f"imputation.methods.{name}", name, named, "variable", "link.covariates or imputation.auxiliaries")
        _method(r, name, method, variables.get(name) or reports.get(name), clustered)


def _report_variables(codebook: Codebook) -> dict[str, Column]:
    """Variables of all reports under the names that they have in the sample."""
    found = {}
    for name in dict.fromkeys(c.input for c in codebook):
        columns = [c for c in codebook.of_input(name) if c.type not in ("ignore", "id")]
        for report in dict.fromkeys(c.report for c in columns if c.report):
            found |= {item_column(c.variable, *report): c for c in columns if c.report in (None, report)}
    return found


def _method(r: NameReport, name: str, method: Any, column: Column | None, clustered: Any) -> None:
    key = f"imputation.methods.{name}"
    if str(method).startswith("2l.") and not clustered:
        r.add(key, f"{method} needs a cluster", "name imputation.cluster, or use another method")
    if column is None:
        return
    number = column.type in ("number", "item")
    if number and method in ("logreg", "polyreg", "2l.probit"):
        r.add(key, f"{method} needs categories, and {name} is a number", "use pmm or norm")
    if column.type == "category" and method in ("pmm", "norm", "polr", "2l.pmm", "2l.norm"):
        r.add(key, f"{method} needs numbers, and {name} is a category", "use logreg or polyreg")
