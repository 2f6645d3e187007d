"""Structural equation models in lavaan's language: continuous, incomplete and ordered data, groups, clusters, weights.

    from alliance.sem import fit_sem
    fit = fit_sem("bond =~ b1 + b2 + b3 + b4", data, estimator="MLR")
    fit.parameters, fit.fit_measures, fit.warnings

Importing this package costs numpy only; each name below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "fit_sem": "fit",
    "Fit": "results",
    "SampleError": "data",
    "ModelSyntaxError": "syntax_tokens",
    "OrdinalDataError": "ordinal",
    "build_table": "table",
    "equivalent": "admissibility",
    "compare": "difference",
    "polychoric": "polychoric_pairs",
    "invariance_ladder": "invariance",
    "fit_sam": "sam",
    "bootstrap": "bootstrap_refits",
    "simulate": "simulate",
    "factor_scores": "scores",
    "modification_indices": "modification",
}
_MODULES = ("reliability", "eap", "plausible")
__all__ = sorted([*_HOME, *_MODULES])


def __getattr__(name: str) -> Any:
    """Load the module that holds ``name``."""
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module 'alliance.sem' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
