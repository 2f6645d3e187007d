"""What collinear predictors allow to be said: condition indices, joint confidence regions, the reading they leave.

Condition indices and variance proportions after Belsley, Kuh & Welsch (1980, Regression Diagnostics, ch. 3), of the
standardised predictors; confidence regions of pairs by the Wald statistic with the model's own covariance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.dominance_analysis import collinearity
from alliance.persistence.result import OutcomeFit

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05


def condition_rows(data: pd.DataFrame, predictors: Sequence[str]) -> list[dict[str, Any]]:
    """One row per predictor and per condition index of the predictors (rows of ``data``, complete).

    Rows ``vif`` hold the variance inflation factor and R2 of a predictor on the others; rows ``condition_index`` hold
    an index (k = 1 is 1) and in ``share_<predictor>`` which share of each coefficient's variance goes with it.
    """
    X = data[list(predictors)].to_numpy(float)
    found = []
    measured = collinearity(X)
    for name, vif in zip(predictors, measured["vif"], strict=True):
        found.append({"measure": "vif", "term": name, "k": 0, "value": float(vif), "r2_others": float(1 - 1 / vif)})
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    _, singular, right = np.linalg.svd(Z, full_matrices=False)
    shares = right**2 / singular[:, None] ** 2
    shares /= shares.sum(axis=0)
    for k, index in enumerate(measured["condition_indices"], 1):
        row = {"measure": "condition_index", "term": "", "k": k, "value": float(index)}
        found.append(row | {f"share_{p}": float(shares[k - 1, j]) for j, p in enumerate(predictors)})
    return found


def confidence_region(fit: OutcomeFit, first: str, second: str, level: float = 0.95) -> dict[str, Any]:
    """Joint confidence region of two coefficients: an ellipse with its centre, semi-axes and angle.

    ``half_major`` and ``half_minor`` in units of the coefficients, ``angle`` of the major axis in degrees from the axis
    of the first; ``estimate_r`` the correlation of the two estimates; sum and difference of the two with their
    intervals; ``holds_none`` whether (0, 0) lies inside. The critical value is 2 F(2, df), chi-square when df is
    infinite.
    """
    from scipy.stats import chi2, f

    places = [fit.names.index(first), fit.names.index(second)]
    b, V = fit.coef[places], fit.vcov[np.ix_(places, places)]
    df = float(np.min(fit.df[places]))
    squared = 2 * f.ppf(level, 2, df) if np.isfinite(df) else chi2.ppf(level, 2)
    values, vectors = np.linalg.eigh(V)
    major = vectors[:, 1] * (1 if vectors[0, 1] >= 0 else -1)
    row = {
        "term_1": first, "term_2": second, "estimate_1": float(b[0]), "estimate_2": float(b[1]),
        "half_major": float(np.sqrt(squared * values[1])), "half_minor": float(np.sqrt(squared * values[0])),
        "angle": float(np.degrees(np.arctan2(major[1], major[0]))),
        "estimate_r": float(V[0, 1] / np.sqrt(V[0, 0] * V[1, 1])),
        "holds_none": bool(b @ np.linalg.solve(V, b) <= squared),
    }  # fmt: skip
    for name, sign in (("sum", 1.0), ("difference", -1.0)):
        contrast = np.zeros(len(fit.names))
        contrast[places] = [1.0, sign]
        row |= _contrast(fit, contrast, name, level)
    return row


def _contrast(fit: OutcomeFit, contrast: np.ndarray, name: str, level: float) -> dict[str, float]:
    from scipy.stats import t

    used = contrast != 0
    value = float(contrast[used] @ fit.coef[used])
    error = float(np.sqrt(contrast[used] @ fit.vcov[np.ix_(used, used)] @ contrast[used]))
    margin = float(t.ppf((1 + level) / 2, fit.contrast_df(contrast)) * error)
    return {name: value, f"{name}_se": error, f"{name}_low": value - margin, f"{name}_high": value + margin}


def region_rows(fit: OutcomeFit, data: pd.DataFrame, predictors: Sequence[str]) -> list[dict[str, Any]]:
    """A region for every pair of estimated predictors; ``closest`` marks the pair whose scores correlate most."""
    known = [p for p in predictors if p in fit.names and np.isfinite(fit.vcov[fit.names.index(p)]).any()]
    R = data[known].corr() if len(known) > 1 else None
    found = [{**confidence_region(fit, a, b), "score_r": float(R.loc[a, b])} for a, b in combinations(known, 2)]
    top = max((abs(row["score_r"]) for row in found), default=0.0)
    return [{**row, "closest": abs(row["score_r"]) == top} for row in found]


def tied_terms(separability: str, pairs: Iterable[str], predictors: Sequence[str]) -> list[str]:
    """The predictors that cannot be told apart from another one: by the verdict and its pairs ("goal-task").

    Without a verdict that tells them apart, all of them.
    """
    if separability == "distinct":
        return []
    members = {name for pair in pairs for name in pair.split("-")}
    return [p for p in predictors if separability != "mixed" or p in members]


def turned_terms(rows: Iterable[Mapping[str, Any]], predictors: Sequence[str]) -> list[str]:
    """The predictors whose sign alone and beside the others differs, both intervals without zero (suppression).

    ``rows``: parameterisations joint and alone.
    """
    signs: dict[str, set[float]] = {p: set() for p in predictors}
    for row in rows:
        clear = row["conf_low"] > 0 or row["conf_high"] < 0
        if row["parameterisation"] in ("joint", "alone") and clear:
            signs[row["term"]].add(float(np.sign(row["estimate"])))
    return [p for p in predictors if len(signs[p]) == 2]


def reading(p_value: float, own: Sequence[str], tied: Sequence[str]) -> str:
    """What may be read: ``unknown`` (there is no joint test), ``none`` (it finds nothing), ``apart`` (each predictor on
    its own, as none is ``tied``), ``partly`` (some on their own) or ``together`` (only what they have in common).

    ``own``: the predictors whose interval excludes zero; a tied one is never credited.
    """
    if not np.isfinite(p_value):
        return "unknown"
    if p_value >= ALPHA:
        return "none"
    if not [name for name in own if name not in tied]:
        return "together"
    return "partly" if tied else "apart"
