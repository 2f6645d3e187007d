"""Partial invariance: which items break a step of the ladder, by a search declared beforehand, logged and limited.

At a step that is not supported each item's new parameters are released in turn. The item that gains most is released
for good if (1) its scaled difference test passes the level after Bonferroni over all items and steps, and (2) in each
of two random halves of every group its own test has p < .05 (cross-validation). Then the step is judged again, until
it is supported, nothing qualifies, or the share of released items reaches the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

HALF_LEVEL = 0.05


@dataclass(frozen=True)
class Search:
    """The rules of the search: level of the adjusted test, tests it is adjusted for, largest share of items."""

    alpha: float = 0.05
    steps: int = 4
    limit: float = 0.34
    seed: int = 1


def cells_of(word: str, item: str, factor: str, n_thresholds: int) -> list[str]:
    """The parameters of one item that a word of a step holds equal, in the ladder's notation."""
    if word == "thresholds":
        return [f"{item}|t{k}" for k in range(1, n_thresholds + 1)]
    return {"loadings": [f"{factor}=~{item}"], "intercepts": [f"{item}~1"], "residuals": [f"{item}~~{item}"]}[word]


def find_items(
    fit: Callable[[pd.DataFrame, Sequence[str]], Any],
    data: pd.DataFrame,
    groups: pd.Series,
    items: Mapping[str, Sequence[str]],
    released: Sequence[str],
    search: Search,
    *,
    passes: Callable[[Any], bool],
) -> tuple[list[str], list[dict[str, Any]]]:
    """Items to release at one step, and the log of every test.

    ``fit(data, cells)`` fits the step with ``cells`` free; ``items``: item -> its cells; ``released``: cells that are
    free already; ``passes(fit)``: whether the step as fitted is supported.
    """
    chosen: list[str] = []
    log: list[dict[str, Any]] = []
    free = list(released)
    tests = max(len(items) * search.steps, 1)
    allowed = int(search.limit * len(items))
    current = fit(data, free)
    for number in range(1, allowed + 1):
        if current is None or passes(current):
            break
        rows = [_test(fit, data, current, item, cells, free) for item, cells in items.items() if item not in chosen]
        rows = [row for row in rows if np.isfinite(row["p_diff"])]
        if not rows:
            break
        best = min(rows, key=lambda row: (row["p_diff"], -row["chisq_diff"]))
        for row in rows:
            row |= {"round": number, "p_adjusted": min(1.0, row["p_diff"] * tests), "released": False}
            row |= {"p_half_1": float("nan"), "p_half_2": float("nan"), "decision": "not the largest"}
        keep = best["p_adjusted"] < search.alpha
        best["decision"] = "kept equal: not significant after adjustment"
        if keep:
            halves = _halves(groups, search.seed)
            cells = list(items[best["item"]])
            best["p_half_1"], best["p_half_2"] = (
                _half(fit, data[rows_], best["item"], cells, free) for rows_ in halves
            )
            keep = max(best["p_half_1"], best["p_half_2"]) < HALF_LEVEL
            best["decision"] = "released" if keep else "kept equal: not found in both halves"
        best["released"] = keep
        log += rows
        if not keep:
            break
        chosen.append(best["item"])
        free += items[best["item"]]
        current = fit(data, free)
    return chosen, log


def _test(fit, data, current, item: str, cells: Sequence[str], free: Sequence[str]) -> dict[str, Any]:
    """Scaled difference test of one item's cells."""
    row = {"item": item, "n": int(current.n_total), "chisq_diff": np.nan, "df_diff": np.nan, "p_diff": np.nan}
    try:
        open_ = fit(data, [*free, *cells])
        if open_ is None or not open_.converged:
            return row
        test = open_.compare(current)
    except (ValueError, np.linalg.LinAlgError):
        return row
    return row | {"chisq_diff": test["chisq_diff"], "df_diff": test["df_diff"], "p_diff": test["pvalue"]}


def _half(fit, data, item: str, cells: Sequence[str], free: Sequence[str]) -> float:
    """p of the item in one half; 1 where it cannot be estimated there."""
    try:
        base = fit(data, free)
        p = _test(fit, data, base, item, cells, free)["p_diff"] if base is not None and base.converged else 1.0
    except (ValueError, np.linalg.LinAlgError):
        return 1.0
    return float(p) if np.isfinite(p) else 1.0


def _halves(groups: pd.Series, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Masks of two halves of every group, by a seeded shuffle."""
    rng = np.random.default_rng(seed)
    first = np.zeros(len(groups), dtype=bool)
    labels = groups.astype(str).to_numpy()
    for label in sorted(set(labels)):
        rows = rng.permutation(np.flatnonzero(labels == label))
        first[rows[: len(rows) // 2]] = True
    return first, ~first
