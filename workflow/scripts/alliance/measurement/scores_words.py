"""What may be done with which score, how precise scores are along the dimension, and plausible values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.measurement.estimate import WLSMV
from alliance.measurement.samples import POOLED
from alliance.measurement.scores import REGRESSION, SUM, plausible
from alliance.measurement.scores_stage import fit_for_scores
from alliance.measurement.validity import DISTINCT

if TYPE_CHECKING:
    import pandas as pd

RECOMMENDATION_COLUMNS = ["dimension", "role", "wave", "text"]
SE_CURVE_COLUMNS = ["dimension", "model", "estimator", "n", "level", "information", "se"]
LOW, GOOD = 0.70, 0.80  # reliabilities that are commonly asked for of groups and of closer comparisons
DRAWS = 20
_LEVELS = np.round(np.arange(-3, 3.01, 0.25), 2)


def recommend(
    determinacy: pd.DataFrame, separability: pd.DataFrame, report: tuple[str, int], reasons: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """A sentence or two per dimension of the measured report, from reliability, determinacy and the verdict."""
    role, wave = report
    verdict = separability.loc[separability["sample"] == POOLED, "verdict"]
    distinct = len(verdict) > 0 and verdict.iloc[0] == DISTINCT
    own = determinacy[(determinacy["sample"] == POOLED) & (determinacy["role"] == role) & (determinacy["wave"] == wave)]
    rows = []
    for dimension in dict.fromkeys(own["dimension"]):
        mine = own[own["dimension"] == dimension].set_index("method")
        said = []
        for method, name in ((SUM, "sum score"), (REGRESSION, "factor score")):
            if method in mine.index and np.isfinite(mine.loc[method, "reliability"]):
                said.append(_quality(name, float(mine.loc[method, "reliability"])))
        if REGRESSION in mine.index:
            said.append("As a predictor use a latent method or the factor scores, not the sum score.")
        if not distinct:
            said.append("The dimensions are not told apart: do not read its coefficient beside the others'.")
        rows.append({"dimension": dimension, "role": role, "wave": wave, "text": " ".join(said)})
    return rows + [{"dimension": "", "role": role, "wave": wave, "text": f"{why}."} for why in reasons]


def _quality(name: str, reliability: float) -> str:
    shown = f"{reliability:.2f}".replace("0.", ".", 1)
    if reliability < LOW:
        return f"The {name} (reliability {shown}) is too imprecise for more than a first look."
    if reliability < GOOD:
        return f"The {name} (reliability {shown}) is good enough to compare groups, not persons."
    return f"The {name} (reliability {shown}) is good enough to relate variables; a person's value needs its error."


def se_curve(
    items: pd.DataFrame, key: Mapping[str, Sequence[str]], settings: Mapping[str, Any], minimum: int
) -> list[dict[str, Any]]:
    """Test information and standard error along each dimension, from its own items, at -3 to 3 standard deviations.

    Ordered items: I(t) = sum over items and categories of P'(t)^2 / P(t) under the normal ogive (Samejima, 1969);
    continuous items have the same information everywhere, so no curve. The error is that of the maximum-likelihood
    score, 1 / sqrt(I).
    """
    from scipy.special import ndtr

    fit, _, _ = fit_for_scores(items, {d: i for d, i in key.items()}, {**settings, "chosen": "correlated"}, minimum)
    if fit is None or fit.estimator != WLSMV:
        return []
    table = fit.parameters
    rows = []
    for dimension, names in fit.model.factors.items():
        total = np.zeros(len(_LEVELS))
        for item in names:
            own = table[table["lhs"].eq(dimension) & table["op"].eq("=~") & table["rhs"].eq(item)]
            loading = float(own["std_all"].iloc[0])
            cuts = table.loc[table["lhs"].eq(item) & table["op"].eq("|"), "est"].to_numpy()
            if not abs(loading) < 1:
                continue
            noise = np.sqrt(1 - loading**2)
            z = (cuts[None, :] - loading * _LEVELS[:, None]) / noise
            below = np.hstack([np.zeros((len(_LEVELS), 1)), ndtr(z), np.ones((len(_LEVELS), 1))])
            density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * (-loading / noise)
            slope = np.hstack([np.zeros((len(_LEVELS), 1)), density, np.zeros((len(_LEVELS), 1))])
            p = np.maximum(np.diff(below, axis=1), 1e-12)
            total += (np.diff(slope, axis=1) ** 2 / p).sum(axis=1)
        about = {"dimension": dimension, "model": "correlated", "estimator": fit.estimator, "n": fit.n}
        rows += [
            {**about, "level": float(level), "information": float(i), "se": float(1 / np.sqrt(i))}
            for level, i in zip(_LEVELS, total, strict=True)
        ]
    return rows


def plausible_table(
    sample: pd.DataFrame, items: pd.DataFrame, key: Mapping[str, Sequence[str]], config: Mapping[str, Any], minimum: int
) -> pd.DataFrame:
    """Long plausible values of the measured report: student_id, draw, dimension, value, conditioning.

    Drawn with the variables of ``scores.conditioning`` (default: the link's covariates); categories become
    indicators, missing values the mean and an indicator of their own.
    """
    import pandas as pd

    settings, asked = config["measurement"], config["scores"]
    fit, used, why = fit_for_scores(items, key, settings, minimum)
    columns = ["student_id", "draw", "dimension", "value", "conditioning"]
    if fit is None:
        print(f"no plausible values: {why}")
        return pd.DataFrame(columns=columns)
    names = asked.get("conditioning", (config.get("link") or {}).get("covariates") or [])
    names = [n for n in names if n in sample.columns]
    given = conditioning_columns(sample, names) if names else None
    values = plausible(fit, used, int(asked.get("draws", DRAWS)), int(config["seed"]), given)
    values["student_id"] = sample["student_id"].to_numpy()[values.pop("row")]
    long = values.melt(id_vars=["student_id", "draw"], var_name="dimension", value_name="value")
    long["conditioning"] = ", ".join(names)
    return long.sort_values(["draw", "dimension", "student_id"], ignore_index=True)[columns]


def conditioning_columns(sample: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Numeric columns without gaps from covariates of any type."""
    import pandas as pd

    out = {}
    for name in names:
        column = sample[name]
        if pd.api.types.is_numeric_dtype(column):
            values = column.astype(float)
            if values.isna().any():
                out[f"{name}_missing"] = values.isna().astype(float)
            out[name] = values.fillna(values.mean())
        else:
            levels = sorted(column.dropna().astype(str).unique())
            for level in levels[1:]:
                out[f"{name}_{level}"] = (column.astype(str) == level).astype(float)
            if column.isna().any():
                out[f"{name}_missing"] = column.isna().astype(float)
    return pd.DataFrame(out, index=sample.index).reset_index(drop=True)
