"""The measurement stage: every model of the menu in every sample, as the tables that later stages read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import norm

from alliance.measurement.estimate import OK, MeasurementFit, fit_measurement, standard_errors
from alliance.measurement.fit_measures import residual_correlations
from alliance.measurement.intervals import Z95
from alliance.measurement.models import MeasurementModel, build_model
from alliance.measurement.reliability import Reliability, alphas, model_reliabilities
from alliance.measurement.validity import average_variance_extracted, factor_correlations, htmt, separability

if TYPE_CHECKING:
    import pandas as pd

SE_TYPE = "expected"
SEPARABILITY_CUT = 0.85  # where the config does not say otherwise
Key = Mapping[str, Sequence[str]]
COLUMNS = {
    "fit": "sample model estimator engine n measure value",
    "parameters": "sample model estimator n se_type lhs op rhs group est se z pvalue ci_lower ci_upper std_all std_se",
    "correlations": "sample model estimator n se_type dimension_1 dimension_2 r se ci_lower ci_upper interval",
    "reliability": "sample dimension measure model value se ci_lower ci_upper interval n items",
    "residuals": "sample model item_1 item_2 residual_r",
    "validity": "sample model n dimension_1 dimension_2 htmt r ave_1 ave_2",
    "separability": "sample model verdict pairs text",
    "status": "stage sample model status reason",
}


def measure(
    samples: Mapping[str, pd.DataFrame],
    key: Key,
    labels: Mapping[str, str],
    settings: Mapping[str, Any],
    minimum: int = 10,
) -> dict[str, pd.DataFrame]:
    """All tables of the stage.

    ``samples``: items by sample name (pooled, cohorts), columns named by variable. ``key``: dimension -> items.
    ``labels``: dimension -> words of the report. ``settings``: the config's ``measurement`` block. A model that cannot
    be fitted leaves a row in ``status`` and nothing else; an inadmissible one is reported and not ranked. Nothing is
    estimated from, or said about, fewer than ``minimum`` persons.
    """
    menu = [build_model(name, key, settings.get("two")) for name in settings["models"]]
    judged = build_model("correlated", key)  # the separability of the dimensions is read off this one, asked for or not
    rows: dict[str, list[dict]] = {name: [] for name in COLUMNS}
    labels = {d: labels.get(d, d) for d in key}
    cut = float(settings.get("separability_cut", SEPARABILITY_CUT))
    for sample, data in samples.items():
        fits = {model.name: fit_measurement(model, data, minimum) for model in menu}
        correlated = fits.get("correlated") or fit_measurement(judged, data, minimum)
        for fit in fits.values():
            _add_fit(rows, sample, fit)
        _rank(rows, sample, fits)
        rows["reliability"] += [
            {"sample": sample, **asdict(r)} for r in _reliabilities(data, key, fits) if r.n >= minimum
        ]
        _add_validity(rows, sample, correlated, data, key)
        reason = "" if correlated.status == OK else f"correlated dimensions {correlated.status}, {correlated.reason}"
        verdict = separability(factor_correlations(correlated), cut, labels, correlated.n, reason)
        pairs = "; ".join(f"{a}-{b}" for a, b in verdict.pairs)
        rows["separability"].append(
            {"sample": sample, "model": "correlated", "verdict": verdict.verdict, "pairs": pairs, "text": verdict.text}
        )
    return {name: _table(name, found) for name, found in rows.items()}


def _table(name: str, rows: list[dict]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=COLUMNS[name].split())


def _add_fit(rows: dict[str, list[dict]], sample: str, fit: MeasurementFit) -> None:
    about = {"sample": sample, "model": fit.model.name, "estimator": "ML"}
    status = {"status": fit.status, "reason": fit.reason}
    rows["status"].append({"stage": "measurement", "sample": sample, "model": fit.model.name, **status})
    if not fit.estimated:
        return
    head = {**about, "engine": fit.engine, "n": fit.n}
    rows["fit"] += [{**head, "measure": measure, "value": value} for measure, value in fit.measures.items()]
    rows["parameters"] += [{**about, "n": fit.n, **row} for row in parameter_rows(fit)]
    for correlation in factor_correlations(fit):
        rows["correlations"].append({**about, "n": fit.n, "se_type": SE_TYPE, **asdict(correlation)})
    residual = residual_correlations(fit.observed, fit.implied)
    for (i, first), (j, second) in combinations(enumerate(fit.structure.items), 2):
        about_pair = {"sample": sample, "model": fit.model.name, "item_1": first, "item_2": second}
        rows["residuals"].append({**about_pair, "residual_r": residual[i, j]})


def parameter_rows(fit: MeasurementFit) -> list[dict]:
    """The parameter table in lavaan's form: fixed parameters have se 0 and no z; 95% Wald intervals."""
    raw_se, std_se = standard_errors(fit)
    estimates, standardised = fit.structure.values(fit.theta), fit.structure.standardized(fit.theta)
    table = []
    for row, est, se, std, sse in zip(fit.structure.rows, estimates, raw_se, standardised, std_se, strict=True):
        z = est / se if se > 0 else np.nan
        table.append(
            {
                "se_type": SE_TYPE,
                "lhs": row.lhs,
                "op": row.op,
                "rhs": row.rhs,
                "group": 1,
                "est": est,
                "se": se,
                "z": z,
                "pvalue": 2 * norm.sf(abs(z)),
                "ci_lower": est - Z95 * se,
                "ci_upper": est + Z95 * se,
                "std_all": std,
                "std_se": sse,
            }
        )
    return table


def _reliabilities(data: pd.DataFrame, key: Key, fits: Mapping[str, MeasurementFit]) -> list[Reliability]:
    """One coefficient per dimension and measure: where two models hold the same dimension, that of ``correlated``."""
    ordered = sorted(fits.values(), key=lambda fit: fit.model.name != "correlated")
    found = {}
    for row in alphas(data, key) + [r for fit in ordered for r in model_reliabilities(fit)]:
        found.setdefault((row.dimension, row.measure), row)
    return list(found.values())


def _rank(rows: dict[str, list[dict]], sample: str, fits: Mapping[str, MeasurementFit]) -> None:
    """Rank by BIC among admissible models; one that is equivalent to another by construction has no rank of its own."""
    rivals = [fit for fit in fits.values() if fit.status == OK and not _has_twin(fit.model, fits)]
    for rank, fit in enumerate(sorted(rivals, key=lambda f: f.measures["bic"]), start=1):
        head = {"sample": sample, "model": fit.model.name, "estimator": "ML", "engine": fit.engine, "n": fit.n}
        rows["fit"].append({**head, "measure": "bic_rank", "value": float(rank)})


def _has_twin(model: MeasurementModel, fits: Mapping[str, MeasurementFit]) -> bool:
    return model.equivalent_to in fits


def _add_validity(rows: dict[str, list[dict]], sample: str, fit: MeasurementFit, data: pd.DataFrame, key: Key) -> None:
    if not fit.estimated:
        return
    complete = data[fit.structure.items].dropna()
    ratios = htmt(np.corrcoef(complete.to_numpy(dtype=float), rowvar=False), fit.structure.items, key)
    extracted = average_variance_extracted(fit)
    for c in factor_correlations(fit):
        a, b = c.dimension_1, c.dimension_2
        about = {"sample": sample, "model": fit.model.name, "n": fit.n, "dimension_1": a, "dimension_2": b}
        values = {"htmt": ratios[a, b], "r": c.r, "ave_1": extracted[a], "ave_2": extracted[b]}
        rows["validity"].append({**about, **values})
