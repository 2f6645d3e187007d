"""Persistence: outcomes from records and surveys, and the models that link them to the alliance."""

from __future__ import annotations

from typing import Any

# Imported on first use: a script that only derives outcomes must not pay for the models.
_PLACES = {
    "fit_outcome": "alliance.persistence.fit",
    "OutcomeFit": "alliance.persistence.result",
    "FormulaError": "alliance.persistence.formula_syntax",
    "parse_formula": "alliance.persistence.formula_syntax",
    "pool_cohorts": "alliance.persistence.pooling",
    "cluster_bootstrap": "alliance.persistence.bootstrap",
    "pool_nested": "alliance.persistence.pooling_nested",
    "pool_imputations": "alliance.persistence.imputations",
    "dominance": "alliance.persistence.dominance_analysis",
    "fit_dyads": "alliance.persistence.dyads",
    "evalue": "alliance.persistence.sensitivity",
    "holm": "alliance.persistence.multiplicity",
    "benjamini_hochberg": "alliance.persistence.multiplicity",
}
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)
