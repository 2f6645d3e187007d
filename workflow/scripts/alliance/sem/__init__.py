"""Structural equation models in lavaan's language: continuous, incomplete and ordered data, groups, clusters, weights.

    from alliance.sem import fit_sem
    fit = fit_sem("bond =~ b1 + b2 + b3 + b4", data, estimator="MLR")
    fit.parameters, fit.fit_measures, fit.warnings

Importing this package costs nothing; each name below is loaded when it is first used. No module has the name of a
public function, or importing it would hide the function.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "Fit": "results",
    "ModelSyntaxError": "syntax_tokens",
    "OrdinalDataError": "ordinal",
    "SampleError": "data",
    "bootstrap": "bootstrap_refits",
    "build_table": "table",
    "compare": "difference",
    "equivalent": "admissibility",
    "factor_scores": "scores",
    "fit_sam": "sam",
    "fit_sem": "fit",
    "htmt": "reliability_scales",
    "invariance_ladder": "invariance",
    "modification_indices": "modification",
    "ordinal_scores": "eap",
    "plausible_values": "plausible",
    "polychoric": "polychoric_pairs",
    "reliability": "reliability_scales",
    "score_test": "wald",
    "simulate": "simulation",
    "wald_test": "wald",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Load the function or class ``name`` from its module."""
    if name not in _HOME:
        raise AttributeError(f"module 'alliance.sem' has no attribute '{name}'")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
