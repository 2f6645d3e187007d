"""Chi-square difference tests of nested models with the corrections that scaled statistics need.

Satorra & Bentler (2001) for mean-adjusted tests, Satorra (2000) scaled and shifted for mean-and-variance-adjusted
ones; the plain difference otherwise. The same choices as lavTestLRT.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .estimation import null_space
from .fit_measures import chi2_sf
from .vech import block_diagonal

if TYPE_CHECKING:
    from .results import Fit


def compare(general: Fit, restricted: Fit, method: str | None = None) -> dict[str, float]:
    """Difference test: {"chisq_diff", "df_diff", "pvalue"}; the order of the two fits does not matter.

    method: None (by the test of the fits), "standard", "satorra.bentler.2001" or "satorra.2000".
    Raises ValueError when the fits cannot be compared.
    """
    if general.df > restricted.df:
        general, restricted = restricted, general
    df = restricted.df - general.df
    if general.options.test != restricted.options.test and general.df > 0:
        raise ValueError("one fit has a scaled test and the other has not: fit both with the same estimator")
    if [sorted(names) for names in general.structure.names] != [sorted(names) for names in restricted.structure.names]:
        raise ValueError("the two fits are about different variables")
    plain = _chisq(restricted) - _chisq(general)
    if method is None:
        method = {"standard": "standard", "scaled.shifted": "satorra.2000"}.get(
            restricted.options.test, "satorra.bentler.2001"
        )
    if df == 0:
        return {"chisq_diff": plain, "df_diff": 0, "pvalue": math.nan}
    if method == "standard":
        statistic = plain
    elif method == "satorra.bentler.2001":
        statistic = plain / _scaling_2001(general, restricted, df)
    elif method == "satorra.2000":
        trace, square = _traces_2000(general, restricted)
        a = math.sqrt(df / square)
        statistic = plain * a + df - a * trace
    else:
        raise ValueError(f"method '{method}' is not known")
    return {"chisq_diff": statistic, "df_diff": df, "pvalue": chi2_sf(statistic, df)}


def _chisq(fit: Fit) -> float:
    """The unscaled chi-square, without the other fit measures: a search makes hundreds of comparisons."""
    return max(2 * fit.n_total * fit.optimum.value, 0.0)


def _scaling_2001(general: Fit, restricted: Fit, df: int) -> float:
    """(r0 c0 - r1 c1) / m; nan when negative."""
    c0 = restricted.fit_measures["chisq_scaling_factor"]
    c1 = general.fit_measures["chisq_scaling_factor"] if general.df else 1.0
    factor = (restricted.df * c0 - general.df * c1) / df
    return factor if factor > 0 else math.nan


def _traces_2000(general: Fit, restricted: Fit) -> tuple[float, float]:
    """tr(U Gamma) and tr((U Gamma)^2) of the restriction, written in the parameters of the general model."""
    structure = general.structure
    open_general, open_restricted = null_space(general.constraint_jacobian), null_space(restricted.constraint_jacobian)
    delta = np.vstack(general.delta())
    h = np.linalg.pinv(delta @ open_general) @ (np.vstack(_aligned(restricted, general)) @ open_restricted)
    a = null_space(h.T).T @ open_general.T
    inverse = general.inference.inverse
    if inverse is None:
        return math.nan, math.nan
    middle = inverse @ a.T @ np.linalg.pinv(a @ inverse @ a.T) @ a @ inverse
    weighted, gammas = [], []
    for share, d, w, gamma in zip(
        structure.share, general.delta(), structure.weights(general.theta), structure.gamma(), strict=True
    ):
        weighted.append(share * (d * w[:, None] if w.ndim == 1 else w @ d))
        gammas.append(gamma / share)
    w_delta = np.vstack(weighted)
    # U Gamma has the same traces as middle Delta' W Gamma W Delta, which is only n_par square
    inner = middle @ (w_delta.T @ block_diagonal(gammas) @ w_delta)
    return float(np.trace(inner)), float(np.sum(inner * inner.T))


def _aligned(fit: Fit, like: Fit) -> list[np.ndarray]:
    """Jacobians of ``fit`` with rows in the order of the moments of ``like``."""
    if fit.structure.names == like.structure.names:
        return fit.delta()
    raise ValueError("the two fits list their variables in different orders: write the models in the same order")
