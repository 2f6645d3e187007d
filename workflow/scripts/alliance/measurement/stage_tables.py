"""The tables of the measurement stage: their columns, and rows about one fitted model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import combinations
from typing import TYPE_CHECKING

from alliance.measurement.clusters import COLUMNS as CLUSTER_COLUMNS
from alliance.measurement.comparison import COLUMNS as COMPARISON_COLUMNS
from alliance.measurement.crosscheck import COLUMNS as CROSSCHECK_COLUMNS
from alliance.measurement.estimate import OK, MeasurementFit
from alliance.measurement.key_check import COLUMNS as KEY_COLUMNS
from alliance.measurement.samples import POOLED
from alliance.measurement.validity import factor_correlations

if TYPE_CHECKING:
    import pandas as pd

Rows = dict[str, list[dict]]
NOTE = "note"  # status of a line that is about data, not about a fit
COLUMNS = {
    "fit": ["sample", "model", "estimator", "engine", "n", "measure", "value"],
    "parameters": [
        "sample",
        "model",
        "estimator",
        "n",
        "se_type",
        "lhs",
        "op",
        "rhs",
        "group",
        "est",
        "se",
        "z",
        "pvalue",
        "ci_lower",
        "ci_upper",
        "std_all",
        "std_se",
    ],
    "correlations": [
        "sample",
        "model",
        "estimator",
        "n",
        "se_type",
        "dimension_1",
        "dimension_2",
        "r",
        "se",
        "ci_lower",
        "ci_upper",
        "interval",
    ],
    "reliability": [
        "sample",
        "dimension",
        "measure",
        "model",
        "value",
        "se",
        "ci_lower",
        "ci_upper",
        "interval",
        "n",
        "items",
    ],
    "residuals": ["sample", "model", "item_1", "item_2", "residual_r"],
    "validity": [
        "sample",
        "model",
        "n",
        "dimension_1",
        "dimension_2",
        "htmt",
        "r",
        "ave_1",
        "ave_2",
        "chisq_diff",
        "df_diff",
        "p_diff",
    ],
    "separability": ["sample", "model", "verdict", "pairs", "omega_hierarchical", "ecv", "text"],
    "status": ["stage", "sample", "model", "status", "reason"],
    "comparison": COMPARISON_COLUMNS,
    "sensitivity": [
        "sample",
        "model",
        "estimator",
        "n",
        "se_type",
        "measure",
        "dimension_1",
        "dimension_2",
        "value",
        "ci_lower",
        "ci_upper",
    ],
    "modification": ["sample", "model", "estimator", "n", "lhs", "op", "rhs", "mi", "epc", "sepc_all"],
    "key": KEY_COLUMNS,
    "clusters": CLUSTER_COLUMNS,
    "crosscheck": CROSSCHECK_COLUMNS,
}


def table(name: str, rows: list[dict]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=COLUMNS[name])


def status_row(sample: str, model: str, status: str, reason: str) -> dict[str, str]:
    return {"stage": "measurement", "sample": sample, "model": model, "status": status, "reason": reason}


def add_fit(rows: Rows, sample: str, fit: MeasurementFit) -> None:
    rows["status"].append(status_row(sample, fit.model.name, fit.status, fit.reason))
    if not fit.estimated:
        return
    about = {"sample": sample, "model": fit.model.name, "estimator": fit.estimator}
    head = {**about, "engine": "alliance.sem", "n": fit.n}
    rows["fit"] += [{**head, "measure": measure, "value": value} for measure, value in fit.measures.items()]
    about |= {"n": fit.n, "se_type": fit.se_type}
    rows["parameters"] += [{**about, **row} for row in fit.parameters.to_dict("records")]
    rows["correlations"] += [{**about, **asdict(c)} for c in factor_correlations(fit)]
    residual = fit.fit.residuals()[0]
    for (i, first), (j, second) in combinations(enumerate(fit.items), 2):
        about_pair = {"sample": sample, "model": fit.model.name, "item_1": first, "item_2": second}
        rows["residuals"].append({**about_pair, "residual_r": residual[i, j]})


def add_sensitivity(rows: Rows, fit: MeasurementFit) -> None:
    """Fit and factor correlations of the same model under another estimator."""
    if not fit.estimated:
        reason = f"{fit.estimator}: {fit.reason}"
        rows["status"].append(status_row(POOLED, fit.model.name, fit.status, reason))
        return
    head = {"sample": POOLED, "model": fit.model.name, "estimator": fit.estimator, "n": fit.n, "se_type": fit.se_type}
    rows["sensitivity"] += [{**head, "measure": name, "value": value} for name, value in fit.measures.items()]
    for c in factor_correlations(fit):
        pair = {"dimension_1": c.dimension_1, "dimension_2": c.dimension_2}
        numbers = {"value": c.r, "ci_lower": c.ci_lower, "ci_upper": c.ci_upper}
        rows["sensitivity"].append({**head, "measure": "factor_correlation", **pair, **numbers})


def add_ranks(rows: Rows, sample: str, fits: Mapping[str, MeasurementFit]) -> None:
    """Rank by BIC, where the estimator has one, admissible models that are not equivalent to another of the menu."""
    rivals = [fit for fit in fits.values() if fit.status == OK and fit.model.equivalent_to not in fits]
    rivals = [fit for fit in rivals if "bic" in fit.measures]
    for rank, fit in enumerate(sorted(rivals, key=lambda f: f.measures["bic"]), start=1):
        head = {"sample": sample, "model": fit.model.name, "estimator": fit.estimator, "engine": "alliance.sem"}
        rows["fit"].append({**head, "n": fit.n, "measure": "bic_rank", "value": float(rank)})
