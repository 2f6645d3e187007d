"""p values adjusted for a declared family of tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Holm's (1979) step-down adjustment: controls the family-wise error. Missing p values stay so and do not count."""
    return _step(p_values, lambda ordered, m: np.maximum.accumulate(ordered * (m - np.arange(m))))


def benjamini_hochberg(p_values: Sequence[float]) -> np.ndarray:
    """Benjamini & Hochberg's (1995) step-up adjustment: controls the false discovery rate."""
    return _step(p_values, lambda ordered, m: np.minimum.accumulate((ordered * m / np.arange(1, m + 1))[::-1])[::-1])


def adjust(p_values: Sequence[float], method: str) -> np.ndarray:
    """Adjusted p values by the config's word: holm, bh, bonferroni or none."""
    methods = {
        "holm": holm,
        "bh": benjamini_hochberg,
        "bonferroni": lambda p: _step(p, lambda ordered, m: ordered * m),
        "none": lambda p: np.asarray(p, dtype=float),
    }
    if method not in methods:
        raise ValueError(f"unknown adjustment {method!r}; known are {', '.join(methods)}")
    return methods[method](p_values)


def adjust_table(table: pd.DataFrame, link: Mapping[str, Any]) -> pd.DataFrame:
    """The estimates with ``p_adjusted`` filled for the tests of the declared families (``link.adjust``).

    Families are of the pooled models. ``predictors``: all tests of predictors are one family; ``outcome``: those
    of each outcome are one; ``all``: covariates count too (not intercepts, baselines, thresholds and cohorts). A list
    of ``model: term`` is one family, a block of such lists several. A predictor that stands in an interaction has no
    test of its own here: its coefficient is the slope in the reference group only.
    """
    declared = link.get("adjust") or {}
    method, family = declared.get("method", "none"), declared.get("family", "predictors")
    found = table.copy()
    for places in families_of_tests(found, link, family):
        found.loc[places, "p_adjusted"] = adjust(found.loc[places, "p_value"].to_numpy(float), method)
    return found


def families_of_tests(table: pd.DataFrame, link: Mapping[str, Any], family: Any) -> list[np.ndarray]:
    """The families as places in the table (boolean arrays)."""
    from alliance.outcome_kinds import interactions

    predictors = list(link["predictors"])
    conditional = {
        (model, variable)
        for model, block in (link.get("models") or {}).items()
        for crossed in interactions(block, predictors)
        for variable in crossed
    }
    bases = [term.rsplit(": ", 1)[-1] for term in table["term"]]
    pooled = (table["sample"] == "pooled").to_numpy()
    if isinstance(family, list):
        family = {"declared": family}
    if isinstance(family, Mapping):
        names = (table["model"] + ": " + table["term"]).to_numpy()
        return [pooled & np.isin(names, list(tests)) for tests in family.values()]
    own = np.array(
        [(model, base) not in conditional for model, base in zip(table["model"], bases, strict=True)], dtype=bool
    )
    if family == "all":
        aside = np.array([base == "Intercept" or "|" in base or base.startswith(("period[", "cohort["))
                          for base in bases], dtype=bool)  # fmt: skip
        return [pooled & own & ~aside]
    tests = pooled & own & np.isin(bases, predictors)
    if family == "outcome":
        return [tests & (table["outcome"] == outcome).to_numpy() for outcome in dict.fromkeys(table["outcome"])]
    return [tests]


def _step(p_values: Sequence[float], rule) -> np.ndarray:
    p = np.asarray(p_values, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    if len(order):
        adjusted[order] = np.minimum(rule(p[order], len(order)), 1.0)
    return adjusted
