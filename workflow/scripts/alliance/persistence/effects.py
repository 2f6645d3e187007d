"""Effects in the units of the outcome: averages of counterfactual predictions, with the model's own covariance.

Every quantity is a function of the coefficients; its standard error is by the delta method with the analytic gradient
and the same (robust) covariance as the estimates. statsmodels' ``get_margeff`` differentiates one column of the design
and is wrong wherever an interaction or a power holds the variable too; here the variable is moved in the data. With
random intercepts the predictions are means over their distribution, whose variance is taken as known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.result import OutcomeFit, table

if TYPE_CHECKING:
    import pandas as pd

Quantity = tuple[float, np.ndarray]  # value and gradient by the coefficients


def marginal_effects(
    fit: OutcomeFit,
    variables: Sequence[str] | str | None = None,
    *,
    contrasts: Mapping[str, Any] | None = None,
    at: Mapping[str, Any] | str | None = None,
    data: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Average marginal effects: term, contrast, estimate, std_error, statistic, df, p_value, conf_low, conf_high, n.

    A column of 0/1 or True/False gives the difference of the mean predictions at 1 and 0, a category one difference per
    level from the first, other numbers the mean slope dY/dX. ``contrasts`` asks for something else, per variable:
    ``(low, high)``, ``"sd"`` (one standard deviation more than observed), ``"iqr"`` or ``"p10-p90"`` (between observed
    quantiles), or a number (so much more than observed). ``at`` fixes other columns for all rows; ``at="mean"``
    evaluates at the means of the design's columns instead of averaging over rows. Models of several categories give
    one effect per category, with the category before the term: "left: bond".
    """
    found, n = marginal_quantities(fit, variables, contrasts=contrasts, at=at, data=data)
    return _frame(fit, found, n)


def marginal_quantities(
    fit: OutcomeFit,
    variables: Sequence[str] | str | None = None,
    *,
    contrasts: Mapping[str, Any] | None = None,
    at: Mapping[str, Any] | str | None = None,
    data: pd.DataFrame | None = None,
) -> tuple[list[tuple[str, str, Quantity]], int]:
    """What :func:`marginal_effects` shows, as (term, contrast, (value, gradient)), and the number of rows."""
    several = "categories" in fit.extra
    if not several:
        fit.response()  # says so when the model has no single mean
    rows = fit.data if data is None else data
    weights = fit.weights if data is None and fit.weights is not None else np.ones(len(rows))
    design = fit._design()
    if variables is None:
        variables = design.variables()
    names = [variables] if isinstance(variables, str) else list(variables)
    asked = dict(contrasts or {})
    names += [v for v in asked if v not in names]
    means = at == "mean"
    base = rows if at is None or means else rows.assign(**dict(at))
    base = base[[c for c in base.columns if c in design.variables() or c in names]]
    as_fitted = fit.X is not None and data is None and (at is None or means)
    X = fit.X if as_fitted else design.matrix(base)
    found: list[tuple[str, str, Quantity]] = []
    if several and means:
        raise ValueError("effects at the means are not defined for models of several categories")
    for name in names:
        for label, low, high in _plan(fit, name, base, asked.get(name)):
            if several:
                found += _by_category(fit, base, X, name, label, (low, high), weights)
                continue
            if high is None:
                quantity = _slope(fit, base, name, weights, means, X)
            else:
                moved = (design.moved(base, X, name, value) for value in (low, high))
                a, b = (_mean(fit, Z, weights, means) for Z in moved)
                quantity = (b[0] - a[0], b[1] - a[1])
            found.append((name, label, quantity))
    return found, len(rows)


def average_predictions(
    fit: OutcomeFit, grid: Mapping[str, Sequence[Any]], data: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Mean predicted outcome when every row has the values of one row of ``grid`` (equal-length lists per column).

    Columns as :func:`marginal_effects`, ``contrast`` says the values ("bond=0.5").
    """
    rows = fit.data if data is None else data
    weights = fit.weights if data is None and fit.weights is not None else np.ones(len(rows))
    found = []
    for values in zip(*grid.values(), strict=True):
        fixed = dict(zip(grid, values, strict=True))
        label = ", ".join(f"{name}={value}" for name, value in fixed.items())
        found.append(("prediction", label, _mean(fit, fit._design().matrix(rows.assign(**fixed)), weights, False)))
    return _frame(fit, found, len(rows))


def _frame(fit: OutcomeFit, found: list[tuple[str, str, Quantity]], n: int) -> pd.DataFrame:
    V = np.nan_to_num(fit.vcov)
    known = np.isfinite(fit.vcov).any()
    gradients = [g for _, _, (_, g) in found]
    errors = [float(np.sqrt(max(g @ V @ g, 0.0))) if known else np.nan for g in gradients]
    df = [fit.contrast_df(g) if known else np.nan for g in gradients]
    values = np.array([value for _, _, (value, _) in found])
    frame = table([name for name, _, _ in found], values, np.array(errors), np.array(df), fit.level)
    frame.insert(1, "contrast", [label for _, label, _ in found])
    frame["n"] = n
    return frame


def _mean(fit: OutcomeFit, X: np.ndarray, weights: np.ndarray, at_means: bool) -> Quantity:
    link = fit.response()
    w = weights / weights.sum()
    if at_means:
        X, w = (w @ X)[None, :], np.ones(1)
    eta = X @ np.nan_to_num(fit.coef)
    return float(w @ link.mean(eta)), (w * link.slope(eta)) @ X


def _slope(
    fit: OutcomeFit, rows: pd.DataFrame, name: str, weights: np.ndarray, at_means: bool, X: np.ndarray
) -> Quantity:
    link, b = fit.response(), np.nan_to_num(fit.coef)
    design = fit._design()
    x = rows[name].to_numpy(dtype=float)
    step = 1e-4 * (x.std() or 1.0)
    up, down = (design.moved(rows, X, name, x + move) for move in (step, -step))
    dX = (up - down) / (2 * step)
    w = weights / weights.sum()
    if at_means:
        X, dX, w = (w @ X)[None, :], (w @ dX)[None, :], np.ones(1)
    eta, rate = X @ b, dX @ b
    slope = link.slope(eta)
    return float(w @ (slope * rate)), (w * link.curvature(eta) * rate) @ X + (w * slope) @ dX


def slope_quantity(fit: OutcomeFit, variable: str, at: Mapping[str, Any]) -> Quantity | None:
    """Average slope dY/dX with other columns fixed, and its gradient; None where the model has no single mean."""
    if not fit.has_effects or "categories" in fit.extra:
        return None
    weights = fit.weights if fit.weights is not None else np.ones(len(fit.data))
    rows = fit.data.assign(**dict(at))
    return _slope(fit, rows, variable, weights, False, fit._design().matrix(rows))


def _by_category(
    fit: OutcomeFit,
    rows: pd.DataFrame,
    X: np.ndarray,
    name: str,
    label: str,
    between: tuple[Any, Any],
    weights: np.ndarray,
) -> list[tuple[str, str, Quantity]]:
    """Differences (or, without a contrast, the slopes) of the categories' mean shares."""
    from alliance.persistence.effects_categories import average_shares

    low, high = between
    width = 1.0
    if high is None:
        x = rows[name].to_numpy(dtype=float)
        step = 1e-4 * (x.std() or 1.0)
        low, high, width = x - step, x + step, 2 * step
    (a, da), (b, db) = (
        average_shares(fit, fit._design().moved(rows, X, name, value), weights) for value in (low, high)
    )
    shares, gradients = (b - a) / width, (db - da) / width
    return [
        (f"{category}: {name}", label, (float(share), gradient))
        for category, share, gradient in zip(fit.extra["categories"], shares, gradients, strict=True)
    ]


def _plan(fit: OutcomeFit, name: str, rows: pd.DataFrame, asked: Any) -> list[tuple[str, Any, Any]]:
    """The contrasts of one variable as (label, low, high); high None stands for the slope."""
    column = rows[name]
    if asked is not None:
        return [_asked(column, asked)]
    levels = fit._design().levels.get(name)
    if levels is not None:
        return [(f"{level} - {levels[0]}", levels[0], level) for level in levels[1:]]
    values = fit.data[name].to_numpy(dtype=float) if fit.data is not None else column.to_numpy(dtype=float)
    if np.isin(values, (0.0, 1.0)).all():
        return [("1 - 0", 0, 1)]
    return [("dY/dX", None, None)]


def _asked(column: pd.Series, asked: Any) -> tuple[str, Any, Any]:
    if asked in ("slope", "dY/dX"):
        return "dY/dX", None, None
    if isinstance(asked, str):
        x = column.to_numpy(dtype=float)
        if asked == "sd":
            return "+1 SD", x, x + x.std(ddof=1)
        if asked == "iqr":
            asked = "p25-p75"
        low, high = (np.percentile(x, float(part.strip("p "))) for part in asked.split("-"))
        return asked, low, high
    if np.ndim(asked) == 0:
        x = column.to_numpy(dtype=float)
        return f"+{asked}", x, x + asked
    low, high = asked
    return f"{high} - {low}", low, high
