"""Does the key fit the answers? Item-rest correlations against the dimension and the reverse flag of each item.

A wrong key or a forgotten reversal is the commonest way to a wrong result that looks right. What contradicts the key
stops the stage (or is reported, when the config says so); nothing is recoded here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from alliance.errors import Problem, Stop
from alliance.measurement.intervals import Z95

if TYPE_CHECKING:
    import pandas as pd

OK, REVERSED, MISPLACED, WEAK, UNKNOWN = "ok", "reversed", "misplaced", "weak", "not judged"
CLEAR = 0.10  # by so much must an item go better with another dimension before it is called misplaced
LEVEL = 0.001
COLUMNS = [
    "dimension",
    "item",
    "reverse",
    "n",
    "item_rest",
    "ci_lower",
    "ci_upper",
    "other_dimension",
    "other_r",
    "p_other",
    "verdict",
    "text",
]


@dataclass(frozen=True)
class ItemCheck:
    """One item: its correlation with the mean of the other items of its dimension, and the best other dimension."""

    dimension: str
    item: str
    reverse: str
    n: int
    item_rest: float
    ci_lower: float
    ci_upper: float
    other_dimension: str
    other_r: float
    p_other: float
    verdict: str
    text: str


def check_key(
    data: pd.DataFrame, key: Mapping[str, Sequence[str]], reverse: Mapping[str, bool] | None = None, minimum: int = 10
) -> list[ItemCheck]:
    """Check each item of ``key`` in the rows of ``data`` (answers after reversal).

    ``reversed``: the upper end of the 95% interval of the item-rest correlation is below zero; ``misplaced``: the item
    correlates with the mean of another dimension by at least .10 more than with the rest of its own, p < .001 (Steiger,
    1980); ``weak``: the interval holds zero.
    """
    flags = reverse or {}
    return [
        _check(data, key, dimension, item, "yes" if flags.get(item) else "no", minimum)
        for dimension, items in key.items()
        for item in items
    ]


def _check(data, key, dimension: str, item: str, reverse: str, minimum: int) -> ItemCheck:
    nan = float("nan")
    rest = [i for i in key[dimension] if i != item]
    blank = ItemCheck(dimension, item, reverse, 0, nan, nan, nan, "", nan, nan, UNKNOWN, "")
    if not rest:
        return _replace(blank, text="the only item of its dimension")
    own = data[rest].mean(axis=1)
    both = data[item].notna() & own.notna()
    n = int(both.sum())
    x = data.loc[both, item].to_numpy(dtype=float)
    if n < max(minimum, 5) or np.ptp(x) == 0:
        return _replace(blank, text="too few answers" if n < max(minimum, 5) else "no variation")
    r = _r(x, own[both].to_numpy())
    half = Z95 / np.sqrt(n - 3)
    low, high = (float(np.tanh(np.arctanh(np.clip(r, -0.999999, 0.999999)) + s * half)) for s in (-1, 1))
    other, other_r, p = _best_other(data, key, dimension, item, own)
    verdict, text = OK, ""
    if high < 0:
        verdict = REVERSED
        text = f"goes against the other items of {dimension}: its reverse flag ({reverse}) is probably wrong"
    elif other and other_r - r > CLEAR and p < LEVEL:
        verdict, text = MISPLACED, f"goes with {other} rather than with {dimension}"
    elif low <= 0:
        verdict, text = WEAK, f"hardly goes with the other items of {dimension}"
    return ItemCheck(dimension, item, reverse, n, r, low, high, other, other_r, p, verdict, text)


def _replace(check: ItemCheck, **changes) -> ItemCheck:
    from dataclasses import replace

    return replace(check, **changes)


def _best_other(data, key, dimension: str, item: str, own) -> tuple[str, float, float]:
    """The other dimension that the item correlates with most, that correlation, and p against the own rest."""
    best = ("", float("nan"), float("nan"))
    for name, items in key.items():
        if name == dimension:
            continue
        mean = data[list(items)].mean(axis=1)
        rows = data[item].notna() & own.notna() & mean.notna()
        if rows.sum() < 10:
            continue
        x, a, b = (v[rows].to_numpy(dtype=float) for v in (data[item], own, mean))
        r = _r(x, b)
        if np.isfinite(r) and not r <= best[1]:
            best = (name, r, _steiger(_r(x, b), _r(x, a), _r(a, b), len(x)))
    return best


def _r(x: NDArray, y: NDArray) -> float:
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def _steiger(first: float, second: float, between: float, n: int) -> float:
    """One-sided p that ``first`` exceeds ``second``, two correlations with one variable in common (Steiger, 1980)."""
    mean = (first + second) / 2
    cov = between * (1 - 2 * mean**2) - 0.5 * mean**2 * (1 - 2 * mean**2 - between**2)
    cov /= (1 - mean**2) ** 2
    z = (np.arctanh(first) - np.arctanh(second)) * np.sqrt((n - 3) / max(2 - 2 * cov, 1e-12))
    return float(ndtr(-z))


def stop_if_contradicted(checks: Sequence[ItemCheck]) -> None:
    """Raise :class:`Stop` naming every item that contradicts its key, with what to do about it."""
    problems = []
    for c in checks:
        if c.verdict == REVERSED:
            other = "no" if c.reverse == "yes" else "yes"
            remedy = f"write reverse = {other} in its codebook rows, or measurement.key_check: report to go on as it is"
        elif c.verdict == MISPLACED:
            remedy = "correct dimension in its codebook rows, or write measurement.key_check: report to go on as it is"
        else:
            continue
        what = f"{c.text} (item-rest correlation {c.item_rest:.2f}, n = {c.n})"
        problems.append(Problem(what, file="codebook", place=f"item {c.item}", remedy=remedy))
    if problems:
        raise Stop("measurement", problems)
