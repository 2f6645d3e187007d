"""What the design at hand can find: the smallest association that would be detected with a probability of 80%.

From the standard errors of the fitted model, so that clusters, covariates and collinear predictors are in it (Bloom
1995, Eval. Rev. 19:547, "minimum detectable effects"): detectable = (t(1 - alpha/2) + t(power)) * standard error. It
says what a study of this size could see, not how probable its own result was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from alliance.persistence.analysis import Analysis
from alliance.persistence.link_fit import fit_or_penalise
from alliance.persistence.link_tables import base_term, shown_events
from alliance.persistence.result import OutcomeFit

POWER, ALPHA = 0.80, 0.05
COLUMNS = (
    "outcome", "model", "term", "power", "alpha", "std_error", "df", "design_effect", "detectable", "detectable_ratio",
    "detectable_ame", "n", "n_events", "n_clusters",
)  # fmt: skip


def multiplier(df: float) -> float:
    """Standard errors that an association must measure to be found with the wanted power at the wanted level."""
    from scipy.stats import t

    return float(t.ppf(1 - ALPHA / 2, df) + t.ppf(POWER, df))


def power_rows(
    fit: OutcomeFit,
    analysis: Analysis,
    settings: Mapping[str, Any],
    key: Mapping[str, str],
    effects: Any,
    minimum: int,
) -> list[dict[str, Any]]:
    """One row per predictor of a fitted model; ``effects`` is its table of marginal effects or None.

    ``design_effect``: variance of the estimate over that of the same model without regard to clusters; missing for
    models with random effects and GEE, which weigh the rows anew, and for plausible values, whose errors
    hold more. A predictor in an interaction has no row.
    """
    estimates = fit.estimates
    naive = {} if fit.extra.get("draws") else _naive_errors(analysis, settings)
    slopes = {} if effects is None else _slope_errors(effects)
    crossed = {variable for term in settings["interactions"] for variable in term}
    plain = [p for p in settings["predictors"] if p not in crossed]
    found = []
    for row in estimates.itertuples():
        if base_term(row.term) not in plain or not np.isfinite(row.std_error):
            continue
        reach = multiplier(row.df)
        smallest = reach * row.std_error
        found.append(
            {
                **{k: key[k] for k in ("outcome", "model")},
                "term": row.term, "power": POWER, "alpha": ALPHA, "std_error": row.std_error, "df": row.df,
                "design_effect": (row.std_error / naive[row.term]) ** 2 if row.term in naive else np.nan,
                "detectable": smallest, "detectable_ratio": np.exp(smallest) if settings["ratio"] else np.nan,
                "detectable_ame": reach * slopes[row.term] if row.term in slopes else np.nan,
                "n": analysis.students, "n_events": shown_events(fit.n_events, analysis.students, minimum),
                "n_clusters": fit.n_clusters,
            }
        )  # fmt: skip
    return found


def _slope_errors(effects: Any) -> dict[str, float]:
    rows = effects[effects["contrast"] == "dY/dX"]
    return dict(zip(rows["term"], rows["std_error"], strict=True))


def _naive_errors(analysis: Analysis, settings: Mapping[str, Any]) -> dict[str, float]:
    """Standard errors of the same model when all rows are independent."""
    if settings.get("random") or settings["family"] == "gee" or not settings.get("cluster"):
        return {}
    alone = {**settings, "cluster": None, "vcov": "HC0" if settings["family"] == "linear" else "classic"}
    fit, state, _ = fit_or_penalise(analysis, settings["family"], alone)
    if state == "failed" or fit is None:
        return {}
    return dict(zip(fit.names, fit.std_error, strict=True))
