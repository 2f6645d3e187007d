"""A second engine for the models that it can fit rightly: semopy's ML of complete data beside our own.

Only parameter values are taken from semopy; its chi-square is N times the discrepancy at those values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.measurement.estimate import ML, fit_measurement
from alliance.measurement.models import MeasurementModel
from alliance.measurement.semopy_engine import estimate_ml
from alliance.measurement.structure import FloatArray, Structure

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = [
    "sample",
    "model",
    "n",
    "engine",
    "chisq",
    "chisq_semopy",
    "difference_chisq",
    "difference_estimate",
    "status",
]
AGREES = 1e-4  # largest difference of an estimate that is put down to the search


def ml_discrepancy(observed: FloatArray, implied: FloatArray) -> float:
    """F = log|Sigma| - log|S| + tr(S Sigma^-1) - p; inf when Sigma is not positive definite."""
    sign, logdet = np.linalg.slogdet(implied)
    if sign <= 0:
        return float("inf")
    trace = np.trace(np.linalg.solve(implied, observed))
    return float(logdet - np.linalg.slogdet(observed)[1] + trace - len(observed))


def crosscheck(sample: str, model: MeasurementModel, data: pd.DataFrame, minimum: int = 10) -> dict[str, Any] | None:
    """One row of the table, None where there is nothing to compare (failed, written or constrained models).

    ``difference_estimate`` is the largest absolute difference of a free parameter, ``difference_chisq`` that of the
    chi-squares; both engines see the complete cases of the model's items.
    """
    if model.written or model.zeros or model.residuals or model.higher:
        return None
    ours = fit_measurement(model, data, minimum, estimator=ML)
    if not ours.estimated:
        return None
    complete = data[model.items].dropna().astype(float)
    structure = Structure(model)
    theirs = estimate_ml(structure, complete)
    row = {"sample": sample, "model": model.name, "n": ours.n, "engine": theirs.engine, "chisq": ours.measures["chisq"]}
    nan = float("nan")
    if not np.isfinite(theirs.theta).all():
        nothing = {"chisq_semopy": nan, "difference_chisq": nan, "difference_estimate": nan}
        return {**row, **nothing, "status": "no estimates from semopy"}
    observed = np.cov(complete.to_numpy(), rowvar=False, bias=True)
    chisq = ours.n * ml_discrepancy(observed, structure.implied(theirs.theta))
    values = dict(zip([(r.lhs, r.op, r.rhs) for r in structure.rows], structure.values(theirs.theta), strict=True))
    signs = {f: np.sign(sum(v for (lhs, op, _), v in values.items() if op == "=~" and lhs == f)) for f in model.factors}
    worst = 0.0
    for r in ours.parameters.itertuples():
        other = values.get((r.lhs, r.op, r.rhs), values.get((r.rhs, r.op, r.lhs)))
        if other is not None and r.op in ("=~", "~~"):
            turn = signs[r.lhs] if model.std_lv and r.op == "=~" else 1.0
            worst = max(worst, abs(r.est - turn * other))
    status = "agrees" if worst < AGREES else "differs: one search stopped early or the solution is not unique"
    numbers = {"chisq_semopy": chisq, "difference_chisq": abs(chisq - row["chisq"]), "difference_estimate": worst}
    return {**row, **numbers, "status": status}
