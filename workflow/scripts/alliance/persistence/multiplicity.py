"""p values adjusted for a declared family of tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


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


def _step(p_values: Sequence[float], rule) -> np.ndarray:
    p = np.asarray(p_values, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    if len(order):
        adjusted[order] = np.minimum(rule(p[order], len(order)), 1.0)
    return adjusted
