"""One alliance, several parameterisations: dimensions jointly, one at a time, their total, the general factor.

Each is fitted to the same students with the same covariates. Which of them fits best says little (they are near
relatives); how differently one dimension comes out alone and beside the others says what collinearity does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.pooled_models import PooledModel
from alliance.persistence.result import OutcomeFit

if TYPE_CHECKING:
    import pandas as pd

JOINT, ALONE, TOTAL, GENERAL, SPECIFIC = "joint", "alone", "total", "general", "general_and_specific"
COLUMNS = (
    "outcome", "model", "sample", "parameterisation", "term", "estimate", "std_error", "statistic", "df", "p_value",
    "conf_low", "conf_high", "odds_ratio", "or_low", "or_high", "ame", "ame_low", "ame_high", "log_likelihood", "aic",
    "n", "n_clusters", "se_type",
)  # fmt: skip


def parameterisation_rows(
    model: PooledModel, general: pd.DataFrame | None = None
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows per parameterisation and term, and the reasons why some are missing.

    ``general``: scores of the bifactor model, index student_id, columns ``general`` and the specific factors named as
    dimensions; None when that model is not admissible. Total and bifactor scores are in their own standard deviations
    among these students. Where plausible values are the declared estimator, all but the bifactor scores are drawn.
    """
    predictors = list(model.link["predictors"])
    rows, reasons = _rows(model, JOINT, model.fit, model.analysis.students, predictors), []
    menu: list[tuple[str, list[str], dict[str, pd.Series]]] = []
    if len(predictors) > 1:
        menu += [(ALONE, [p], {}) for p in predictors]
        menu.append((TOTAL, ["total"], {}))
        if general is not None:
            known = general.reindex(model.students["student_id"])
            scaled = {name: _standard(known[name]) for name in known}
            menu.append((GENERAL, ["general"], {"general": scaled["general"]}))
            specific = {f"specific_{p}": scaled[p] for p in predictors if p in scaled}
            menu.append((SPECIFIC, ["general", *specific], {"general": scaled["general"], **specific}))
    for name, terms, columns in menu:
        analysis, fit, state, reason = model.total() if name == TOTAL else model.refit(terms, **columns)
        if fit is None or state == "failed":
            reasons.append(f"{name} ({', '.join(terms)}): {reason}")
        else:
            rows += _rows(model, name, fit, analysis.students, terms)
    return rows, reasons


def _standard(values: pd.Series) -> pd.Series:
    return (values - values.mean()) / values.std(ddof=1)


def _rows(model: PooledModel, name: str, fit: OutcomeFit, students: int, terms: list[str]) -> list[dict[str, Any]]:
    kept = [t for t in terms if t in fit.names and np.isfinite(fit.coef[fit.names.index(t)])]
    estimates = fit.estimates.set_index("term").loc[kept]
    slopes = fit.effects(kept).set_index("term")
    parameters = int(np.isfinite(fit.coef).sum())
    found = []
    for term, row in estimates.iterrows():
        slope = slopes.loc[term]
        found.append(
            {
                **model.key, "parameterisation": name, "term": term, **row,
                "odds_ratio": np.exp(row["estimate"]), "or_low": np.exp(row["conf_low"]),
                "or_high": np.exp(row["conf_high"]), "ame": slope["estimate"], "ame_low": slope["conf_low"],
                "ame_high": slope["conf_high"], "log_likelihood": fit.log_likelihood,
                "aic": 2 * parameters - 2 * fit.log_likelihood, "n": students, "n_clusters": fit.n_clusters,
                "se_type": fit.se_type,
            }
        )  # fmt: skip
    return found
