"""Do the cohorts agree: two-stage random effects beside the one-stage pooled estimate, and tests of heterogeneity.

Two stages: each cohort's own estimate, pooled by REML with the Hartung-Knapp interval and a prediction interval for a
new cohort. One stage: the pooled model with every predictor free in every cohort, against the pooled model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.parameterisations import TOTAL
from alliance.persistence.pooled_models import POOLED, PooledModel
from alliance.persistence.pooling import pool_cohorts, tau2_interval

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "outcome", "model", "term", "stages", "method", "k", "estimate", "std_error", "df", "p_value", "conf_low",
    "conf_high", "prediction_low", "prediction_high", "tau2", "tau2_low", "tau2_high", "i2", "test", "statistic",
    "test_df", "test_df_denominator", "test_p_value", "remark",
)  # fmt: skip
COHORTS = ("outcome", "model", "term", "sample", "estimate", "std_error", "conf_low", "conf_high", "p_value", "n")
NUMBERS = ("estimate", "std_error", "df", "p_value", "conf_low", "conf_high")
FEW = 5  # cohorts; with fewer the variance between cohorts is hardly known


def two_stage_rows(cohorts: pd.DataFrame) -> list[dict[str, Any]]:
    """Random effects per model and predictor from the table of cohort estimates (columns of link/cohorts.csv).

    One cohort cannot be compared, and two say next to nothing of their variance: the remark says so. Of one cohort
    there is no row of numbers.
    """
    found = []
    for (outcome, model, term), rows in cohorts.groupby(["outcome", "model", "term"], sort=False):
        head = {"outcome": outcome, "model": model, "term": term, "stages": "two", "method": "REML, Hartung-Knapp"}
        own = rows[(rows["sample"] != POOLED) & np.isfinite(rows["estimate"]) & (rows["std_error"] > 0)]
        k = len(own)
        if k < 2:
            found.append({**head, "k": k, "remark": "heterogeneity needs two cohorts or more"})
            continue
        y, se = own["estimate"].to_numpy(float), own["std_error"].to_numpy(float)
        pooled = pool_cohorts(y, se)
        low, high = tau2_interval(y, se)
        found.append(
            {
                **head, "k": k, "estimate": pooled.estimate, "std_error": pooled.std_error, "df": pooled.df,
                "p_value": pooled.p_value, "conf_low": pooled.conf_low, "conf_high": pooled.conf_high,
                "prediction_low": pooled.prediction_low, "prediction_high": pooled.prediction_high,
                "tau2": pooled.tau2, "tau2_low": low, "tau2_high": high, "i2": pooled.i2, "test": "Cochran Q",
                "statistic": pooled.q, "test_df": k - 1, "test_p_value": pooled.q_p_value, "remark": _remark(k),
            }
        )  # fmt: skip
    return found


def total_rows(model: PooledModel, minimum: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    """The total score cohort by cohort and pooled (rows as in link/cohorts.csv), its heterogeneity in two stages and in
    one, and why cohorts are missing.

    Collinear dimensions trade their coefficients from cohort to cohort; what they have in common need not differ then.
    """
    import pandas as pd

    key = {"outcome": model.block["outcome"], "model": model.name, "term": TOTAL}
    cohorts = sorted(model.analysis.data["cohort"].dropna().unique())
    found, reasons = [], []
    for cohort in [*(cohorts if len(cohorts) > 1 else ()), None]:
        analysis, fit, state, reason = model.total(cohort)
        if analysis.students < minimum or fit is None or state == "failed":
            few = f"fewer than {minimum} students with complete data"
            reasons.append(f"total score in {cohort or POOLED}: {few if analysis.students < minimum else reason}")
            continue
        row = fit.estimates.set_index("term").loc[TOTAL, list(NUMBERS)].to_dict()
        found.append({**key, "sample": cohort or POOLED, **row, "n": analysis.students})
    pooled = next((row for row in found if row["sample"] == POOLED), None)
    if pooled is None or len(cohorts) < 2:
        return found, [], reasons
    one = {**key, "stages": "one", "method": "cohort fixed effects", "k": len(cohorts)}
    one |= {name: pooled[name] for name in NUMBERS}
    _, free, state, _ = model.total(more=f" + {TOTAL}:C(cohort)")
    if free is not None and state == "ok":
        one |= _test(free, [n for n in free.names if n.startswith(f"{TOTAL}:")])
    return found, [*two_stage_rows(pd.DataFrame(found)), one], reasons


def _remark(k: int) -> str:
    if k == 2:
        return "two cohorts: the interval has one degree of freedom, and the prediction interval says next to nothing"
    if k < FEW:
        return f"{k} cohorts: the variance between cohorts is hardly known, whatever its estimate"
    return ""


def one_stage_rows(model: PooledModel) -> tuple[list[dict[str, Any]], str]:
    """The pooled estimates of one model, and the test that predictors differ between cohorts; why there is no test.

    The row ``all`` tests all interactions of predictors with cohorts at once.
    """
    predictors = list(model.link["predictors"])
    head = {"outcome": model.block["outcome"], "model": model.name, "stages": "one", "method": "cohort fixed effects"}
    k = model.analysis.data["cohort"].nunique()
    table = model.fit.estimates.set_index("term")
    rows = {p: {**head, "term": p, "k": k, **table.loc[p, list(NUMBERS)].to_dict()} for p in predictors}
    rows["all"] = {**head, "term": "all", "k": k}
    if k < 2:
        return list(rows.values()), "one cohort: there is nothing to compare"
    free, state, reason = model.extended("".join(f" + {p}:C(cohort)" for p in predictors))
    if free is None or state != "ok":
        return list(rows.values()), f"test of heterogeneity between cohorts: {reason}"
    for term, row in rows.items():
        names = [n for n in free.names if ":" in n and (term == "all" or n.split(":")[0] == term)]
        row |= _test(free, names)
    return list(rows.values()), ""


def _test(fit, names: Sequence[str]) -> Mapping[str, Any]:
    tested = fit.test(names)
    return {
        "test": tested["test"], "statistic": tested["statistic"], "test_df": tested["df"],
        "test_df_denominator": tested["df_denominator"], "test_p_value": tested["p_value"],
    }  # fmt: skip
