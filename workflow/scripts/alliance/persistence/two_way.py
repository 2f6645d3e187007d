"""Two reports of one relationship side by side, and two waves of one report: columns, description, agreement.

The two reports stay two variables: they are never averaged, and never replaced by their difference alone, which would
force their coefficients to be equal and opposite (Edwards 2002, in Drasgow & Schmitt, Measuring and Analyzing Behavior
in Organizations).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.dyads import intraclass_correlation

if TYPE_CHECKING:
    import pandas as pd

OWN, PARTNER, LEVEL, CHANGE = "own", "partner", "level", "change"
HALF = 0.5  # reports that differ by at most half a standard deviation agree (Fleenor, McCauley & Brutus 1996)
REPORTS = (
    "comparison", "dimension", "scores", "n", "mean_1", "sd_1", "mean_2", "sd_2", "mean_difference", "sd_difference",
    "r", "icc", "reliability_difference", "share_1_higher", "share_agree", "share_2_higher",
)  # fmt: skip


def report_scores(scores: pd.DataFrame, method: str, role: str, wave: int) -> pd.DataFrame:
    """Scores of one report: index student_id, columns (score | se, dimension); empty when there are none."""
    used = scores[(scores["method"] == method) & (scores["role"] == role) & (scores["wave"] == wave)]
    return used.set_index(["student_id", "dimension"])[["score", "se"]].unstack()  # noqa: PD010 (one score per cell)


def two_reports(
    students: pd.DataFrame, own: pd.DataFrame, partner: pd.DataFrame, dimensions: Sequence[str]
) -> pd.DataFrame:
    """The students with ``own_<dimension>`` and ``partner_<dimension>``, both minus one and the same constant.

    The constant is the middle of the two reports' means among students who have both: the origin is then a point of
    agreement in the midst of the data, and the difference of the two columns is the difference of the reports. The
    unit stays that of the scores.
    """
    found = students.copy()
    for dimension in dimensions:
        pair = [
            found["student_id"].map(table["score", dimension]) if ("score", dimension) in table else np.nan
            for table in (own, partner)
        ]
        found[f"{OWN}_{dimension}"], found[f"{PARTNER}_{dimension}"] = pair
        both = found[[f"{OWN}_{dimension}", f"{PARTNER}_{dimension}"]].astype(float)
        middle = both.dropna().to_numpy().mean() if len(both.dropna()) else 0.0
        found[both.columns] = both - middle
    return found


def two_waves(
    students: pd.DataFrame, first: pd.DataFrame, second: pd.DataFrame, dimensions: Sequence[str]
) -> pd.DataFrame:
    """The students with ``level_<dimension>`` (first wave, minus its mean) and ``change_<dimension>`` (second minus
    first)."""
    found = students.copy()
    for dimension in dimensions:
        before, after = (
            found["student_id"].map(table["score", dimension]) if ("score", dimension) in table else np.nan
            for table in (first, second)
        )
        found[f"{LEVEL}_{dimension}"], found[f"{CHANGE}_{dimension}"] = before, after - before
        found[f"{LEVEL}_{dimension}"] -= found[f"{LEVEL}_{dimension}"].mean()
    return found


def compared(
    students: pd.DataFrame,
    first: pd.DataFrame,
    second: pd.DataFrame,
    dimensions: Sequence[str],
    about: Mapping[str, Any],
    minimum: int,
) -> list[dict[str, Any]]:
    """One row per dimension about students of the sample with both scores: means, agreement, reliability of the
    difference.

    ``reliability_difference`` is one minus the two mean squared standard errors over the variance of the difference:
    how much of the differences is more than error. Shares who agree within half a standard deviation are left out when
    one of the groups is small. Dimensions with fewer than ``minimum`` pairs have no row.
    """
    found = []
    for dimension in dimensions:
        if ("score", dimension) not in first or ("score", dimension) not in second:
            continue
        columns = {
            name: students["student_id"].map(table[what, dimension]).to_numpy(float)
            for name, table, what in (
                ("a", first, "score"), ("b", second, "score"), ("se_a", first, "se"), ("se_b", second, "se"),
            )
        }  # fmt: skip
        known = np.isfinite(columns["a"]) & np.isfinite(columns["b"])
        a, b = columns["a"][known], columns["b"][known]
        if len(a) < minimum:
            continue
        difference = b - a
        noise = sum(_mean_square(columns[name][known]) for name in ("se_a", "se_b"))
        found.append(
            {
                **about, "dimension": dimension, "n": len(a), "mean_1": a.mean(), "sd_1": a.std(ddof=1),
                "mean_2": b.mean(), "sd_2": b.std(ddof=1), "mean_difference": difference.mean(),
                "sd_difference": difference.std(ddof=1), "r": float(np.corrcoef(a, b)[0, 1]),
                "icc": intraclass_correlation(a, b), "reliability_difference": 1 - noise / difference.var(ddof=1),
                **_shares(a, b, minimum),
            }
        )  # fmt: skip
    return found


def _mean_square(errors: np.ndarray) -> float:
    known = errors[np.isfinite(errors)]
    return float((known**2).mean()) if len(known) else np.nan


def _shares(a: np.ndarray, b: np.ndarray, minimum: int) -> dict[str, float]:
    within = HALF * np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    counts = [int((a - b > within).sum()), int((np.abs(a - b) <= within).sum()), int((b - a > within).sum())]
    shown = all(n == 0 or n >= minimum for n in counts)
    names = ("share_1_higher", "share_agree", "share_2_higher")
    return {name: n / len(a) if shown else np.nan for name, n in zip(names, counts, strict=True)}
