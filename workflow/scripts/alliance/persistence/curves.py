"""Predicted outcome across the range of the alliance, with bands and with the students who stand behind each part.

Predictions are averages over the analysed students of what the model predicts when a predictor has a given value
(standardisation over the observed covariates). Intervals are made on the scale of log odds and turned back, so that
they stay between 0 and 1; contrasts of two values are differences of probabilities by the delta method.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alliance.disclosure import suppress_counts
from alliance.persistence.pooled_models import PooledModel
from alliance.persistence.result import OutcomeFit

if TYPE_CHECKING:
    import pandas as pd

TOGETHER = "together"  # all predictors at the same number of standard deviations from their means
POINTS = 20  # about so many values between the ends of a curve
LOW, HIGH = 10, 90  # percentiles of the contrast
KEY = ("outcome", "model", "sample", "term")
CURVE = (*KEY, "unit", "value", "predicted", "conf_low", "conf_high", "n_students", "suppressed")
CONTRAST = (
    *KEY, "unit", "percentile_low", "percentile_high", "value_low", "value_high", "predicted_low", "predicted_low_from",
    "predicted_low_to", "predicted_high", "predicted_high_from", "predicted_high_to", "difference", "std_error", "df",
    "p_value", "conf_low", "conf_high", "n",
)  # fmt: skip


def curve_tables(model: PooledModel, minimum: int) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The curves of one model, and its contrasts from the 10th to the 90th percentile; one set per predictor.

    With several predictors a last set moves all of them ``together``: there the students are, while one dimension
    moved alone soon leaves the combinations that occur. ``n_students`` of a point are those who are nearer to it than
    to the other points; small ones are suppressed, with complementary suppression within each curve.
    """
    import pandas as pd

    students = model.students
    unit = "SD" if model.link.get("standardise", True) else "points"
    curves, contrasts = [], []
    for term, values, grid in _terms(students, list(model.link["predictors"]), minimum):
        head = {**model.key, "term": term, "unit": unit}
        points = supported_points(values, minimum)
        if len(points) > 1:
            predicted = predictions(model.fit, [grid(point) for point in points])
            edges = np.concatenate([[-np.inf], (points[1:] + points[:-1]) / 2, [np.inf]])
            counts = np.histogram(values, edges)[0]
            curves += [
                {**head, "value": point, **row, "n_students": n}
                for point, row, n in zip(points, predicted, counts, strict=True)
            ]
        low, high = np.percentile(values, [LOW, HIGH])
        contrasts.append({**head, **_contrast(model.fit, grid, low, high), "n": model.analysis.students})
    table = pd.DataFrame(curves, columns=[c for c in CURVE if c != "suppressed"])
    shown = suppress_counts(table, ["n_students"], minimum, sets=[list(KEY)])
    return shown[list(CURVE)], contrasts


def _terms(students: pd.DataFrame, predictors: list[str], minimum: int):
    """Each curve: its name, the students' values, and what a value means for the model's columns."""
    for name in predictors:
        yield name, students[name].to_numpy(float), lambda v, name=name: {name: v}
    if len(predictors) > 1:
        centre, spread = students[predictors].mean(), students[predictors].std(ddof=1)
        z = ((students[predictors] - centre) / spread).mean(axis=1).to_numpy(float)
        yield TOGETHER, z, lambda v: {p: centre[p] + v * spread[p] for p in predictors}


def supported_points(values: NDArray[np.float64], minimum: int) -> NDArray[np.float64]:
    """Round values that span the middle of ``values``: beyond each end, and at it, stand at least ``minimum`` students.

    The ends are multiples of the step and not anybody's value.
    """
    ordered = np.sort(values[np.isfinite(values)])
    if len(ordered) < 2 * minimum:
        return np.empty(0)
    low, high = ordered[minimum - 1], ordered[-minimum]
    step = _round_step((high - low) / POINTS)
    if not step > 0:
        return np.empty(0)
    return np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step


def _round_step(raw: float) -> float:
    if not raw > 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(raw))
    return float(next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999))


def predictions(
    fit: OutcomeFit, settings: Sequence[Mapping[str, float]], level: float = 0.95
) -> list[dict[str, float]]:
    """Average prediction at each setting of columns: predicted, conf_low, conf_high (by the log odds)."""
    from scipy.special import expit, logit
    from scipy.stats import t

    found = []
    for value, gradient in average_gradients(fit, settings):
        error = _error(fit, gradient)
        margin = t.ppf((1 + level) / 2, fit.contrast_df(gradient)) * error / max(value * (1 - value), 1e-12)
        low, high = expit(logit(value) - margin), expit(logit(value) + margin)
        found.append({"predicted": value, "conf_low": float(low), "conf_high": float(high)})
    return found


def average_gradients(
    fit: OutcomeFit, settings: Sequence[Mapping[str, float]]
) -> list[tuple[float, NDArray[np.float64]]]:
    """Average predicted probability at each setting, and its gradient by the coefficients.

    The columns set must enter the model only as themselves: their places in the design are filled directly.
    """
    link = fit.response()
    X = fit._design().matrix(fit.data)
    b = np.nan_to_num(fit.coef)
    weights = np.ones(len(X)) if fit.weights is None else fit.weights
    w = weights / weights.sum()
    found = []
    for setting in settings:
        places = [fit.names.index(name) for name in setting]
        X[:, places] = list(setting.values())
        eta = X @ b
        found.append((float(w @ link.mean(eta)), (w * link.slope(eta)) @ X))
    return found


def _error(fit: OutcomeFit, gradient: NDArray[np.float64]) -> float:
    if not np.isfinite(fit.vcov).any():
        return float("nan")
    return float(np.sqrt(max(gradient @ np.nan_to_num(fit.vcov) @ gradient, 0.0)))


def _contrast(fit: OutcomeFit, grid, low: float, high: float, level: float = 0.95) -> dict[str, Any]:
    from scipy.stats import t

    (a, at_a), (b, at_b) = average_gradients(fit, [grid(low), grid(high)])
    ends = predictions(fit, [grid(low), grid(high)])
    error, df = _error(fit, at_b - at_a), fit.contrast_df(at_b - at_a)
    margin = float(t.ppf((1 + level) / 2, df) * error)
    return {
        "percentile_low": LOW, "percentile_high": HIGH, "value_low": low, "value_high": high,
        "predicted_low": a, "predicted_low_from": ends[0]["conf_low"], "predicted_low_to": ends[0]["conf_high"],
        "predicted_high": b, "predicted_high_from": ends[1]["conf_low"], "predicted_high_to": ends[1]["conf_high"],
        "difference": b - a, "std_error": error, "df": df,
        "p_value": float(2 * t.sf(abs(b - a) / error, df)) if error > 0 else np.nan,
        "conf_low": b - a - margin, "conf_high": b - a + margin,
    }  # fmt: skip
