"""Reliability and validity of the scales of a fitted model, every coefficient with a standard error and an interval.

Model-based coefficients (omega, omega-hierarchical, AVE, ECV: ``reliability_composite``) get delta-method errors from
the covariance of the estimates, robust when the fit is robust. Sample-based ones (alpha, HTMT: ``reliability_moments``)
get them from the asymptotic covariance of the sample moments, which assumes no distribution (Maydeu-Olivares, Coffman &
Hartmann 2007 for alpha). Intervals are est +- z se.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .reliability_composite import Composite, coefficients, composites
from .reliability_moments import alphas, htmts

if TYPE_CHECKING:
    import pandas as pd

    from .results import Fit

FloatArray = NDArray[np.float64]
Key = tuple[int, str, str]


def reliability(fit: Fit, *, level: float = 0.95) -> pd.DataFrame:
    """Reliability of the sum of every factor's items.

    Parameters
    ----------
    level : coverage of the intervals.

    Returns
    -------
    DataFrame with columns group, factor, coefficient, est, se, ci_lower, ci_upper, n_items. Coefficients:

    - ``alpha`` (Cronbach 1951) of the item scores; for ordered items ``alpha_ordinal`` of the polychoric correlations
      (Zumbo, Gadermann & Zeisser 2007);
    - ``omega``: variance of the sum due to the factor. For ordered items that of the sum of category numbers (Green &
      Yang 2009), with ``omega_latent`` for the sum of the latent responses. For a general factor, and for the group
      factors of a bifactor model, this is omega-hierarchical (Zinbarg et al. 2005; Rodriguez, Reise & Haviland 2016)
      and ``omega_total`` counts all factors;
    - ``ave``: average variance extracted, the mean share of the items' variances (Fornell & Larcker 1981);
    - ``ecv``: the general factor's share of the common variance (Ten Berge & Socan 2004).
    """
    import pandas as pd

    scales = composites(fit)
    from_model: dict[Key, tuple[float, float]] = {}
    for scale in scales:
        from_model |= _with_errors(partial(coefficients, fit, [scale]), fit, _parameters(fit, scale))
    from_data = alphas(fit)
    sizes = {key[:2]: n for key, (_, _, n) in from_data.items()}
    values = {**{key: value[:2] for key, value in from_data.items()}, **from_model}
    order = {name: k for k, name in enumerate(fit.table.lv_names)}
    keys = sorted(values, key=lambda key: (key[0], order[key[1]]))
    columns = ["group", "factor", "coefficient", "est", "se", "n_items"]
    rows = [(*key, *values[key], sizes.get(key[:2], 1)) for key in keys]
    return _with_intervals(pd.DataFrame(rows, columns=columns), level)


def htmt(fit: Fit, *, geometric: bool = True, level: float = 0.95) -> pd.DataFrame:
    """Heterotrait-monotrait ratio of correlations of every pair of factors.

    The mean correlation between the items of two factors over the mean correlation within them; ``geometric`` means
    (HTMT2: Roemer, Schuberth & Henseler 2021) or arithmetic ones (Henseler, Ringle & Sarstedt 2015). Values below .85
    speak for two separate factors.

    Returns
    -------
    DataFrame with columns group, factor, other, est, se, ci_lower, ci_upper.

    Raises
    ------
    ValueError : a geometric mean of correlations that are not all positive; reverse-keyed items must be recoded.
    """
    import pandas as pd

    rows = [
        {"group": group, "factor": a, "other": b, "est": est, "se": se}
        for (group, a, b), (est, se) in htmts(fit, geometric=geometric).items()
    ]
    return _with_intervals(pd.DataFrame(rows, columns=["group", "factor", "other", "est", "se"]), level)


def _with_intervals(frame: pd.DataFrame, level: float) -> pd.DataFrame:
    from scipy.special import ndtri

    half = ndtri(0.5 + level / 2) * frame["se"]
    at = frame.columns.get_loc("se") + 1
    frame.insert(at, "ci_lower", frame["est"] - half)
    frame.insert(at + 1, "ci_upper", frame["est"] + half)
    return frame


def _parameters(fit: Fit, scale: Composite) -> list[int]:
    """Places in theta of what a scale's coefficients depend on: not the loadings and moments of other indicators."""
    t = fit.table
    own = {fit.model[scale.group].observed[i] for i in scale.items}
    others = {rhs for op, rhs in zip(t.op, t.rhs, strict=True) if op == "=~"} - own - set(t.lv_names)
    found = set()
    for lhs, op, rhs, free in zip(t.lhs, t.op, t.rhs, t.free, strict=True):
        apart = rhs in others if op == "=~" else {lhs, rhs} - {""} <= others or (op == "|" and lhs in others)
        if free and not apart:
            found.add(int(free) - 1)
    return sorted(found)


def _with_errors(
    function: Callable[[FloatArray], dict[Key, float]], fit: Fit, parameters: list[int]
) -> dict[Key, tuple[float, float]]:
    """Each value at the estimates with its delta-method standard error (central differences); nan without vcov."""
    theta = fit.theta
    at = function(theta)
    if fit.vcov is None:
        return {key: (value, float("nan")) for key, value in at.items()}
    gradient = np.zeros((len(at), len(theta)))
    for k in parameters:
        step = 1e-5 * max(1.0, abs(theta[k]))
        ends = []
        for sign in (1, -1):
            moved = theta.copy()
            moved[k] += sign * step
            ends.append(np.array(list(function(moved).values())))
        gradient[:, k] = (ends[0] - ends[1]) / (2 * step)
    variance = np.einsum("ij,jk,ik->i", gradient, fit.vcov, gradient)
    errors = np.sqrt(np.maximum(variance, 0.0))
    return {key: (value, float(se)) for (key, value), se in zip(at.items(), errors, strict=True)}
