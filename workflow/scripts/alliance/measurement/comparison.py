"""Two measurement models side by side: equivalent, nested, or neither, and what may be said in each case.

Whether one model is a special case of another is found by fitting the general one to the covariances that the
restricted one implies: when it reproduces them, it is nested (Bentler & Satorra, 2010). Nothing is assumed from names.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from alliance.measurement.estimate import OK, MeasurementFit

EQUIVALENT, NESTED, NEITHER = "equivalent", "nested", "neither"
COLUMNS = [
    "sample",
    "estimator",
    "n",
    "model_restricted",
    "model_general",
    "relation",
    "chisq_diff",
    "df_diff",
    "p_diff",
    "delta_cfi",
    "delta_rmsea",
    "delta_aic",
    "delta_bic",
    "text",
]
_REPRODUCED = 1e-6  # discrepancy below which a model reproduces another's implied covariances


def relations(fits: Mapping[str, MeasurementFit]) -> dict[tuple[str, str], str]:
    """(restricted, general) -> equivalent, nested or neither, for each pair of admissible fits of one sample."""
    usable = [name for name, fit in fits.items() if fit.status == OK]
    found = {}
    for a, b in combinations(usable, 2):
        restricted, general = (a, b) if fits[a].fit.df >= fits[b].fit.df else (b, a)
        found[restricted, general] = _relation(fits[restricted], fits[general])
    return found


def _relation(restricted: MeasurementFit, general: MeasurementFit) -> str:
    if set(restricted.model.items) != set(general.model.items) or not _reproduces(general, restricted):
        return NEITHER
    return EQUIVALENT if restricted.fit.df == general.fit.df else NESTED


def _reproduces(general: MeasurementFit, other: MeasurementFit) -> bool:
    """Whether ``general`` can imply the covariances (of latent responses) that ``other`` implies at its estimates."""
    import pandas as pd

    from alliance.sem import fit_sem

    sigma = other.fit.implied_matrices()[0][1]
    table = pd.DataFrame(sigma, index=other.items, columns=other.items)
    model = general.model
    try:
        fit = fit_sem(
            model.syntax, sample_cov=table, sample_nobs=10_000, estimator="ML", std_lv=model.std_lv,
            orthogonal=model.orthogonal,
        )  # fmt: skip
    except (ValueError, np.linalg.LinAlgError):
        return False
    return bool(fit.optimum.value < _REPRODUCED)


def compare(
    sample: str, fits: Mapping[str, MeasurementFit], known: Mapping[tuple[str, str], str]
) -> list[dict[str, Any]]:
    """Rows of the comparison table for the pairs whose relation is ``known`` (from a sample where all were fitted)."""
    rows = []
    for (restricted, general), relation in known.items():
        a, b = fits.get(restricted), fits.get(general)
        if a is None or b is None or a.status != OK or b.status != OK or a.estimator != b.estimator:
            continue
        row = {"sample": sample, "estimator": a.estimator, "n": a.n, "model_restricted": restricted}
        row |= {"model_general": general, "relation": relation, **_numbers(a, b, relation)}
        rows.append({**row, "text": _words(row)})
    return rows


def _numbers(a: MeasurementFit, b: MeasurementFit, relation: str) -> dict[str, float]:
    nan = float("nan")
    out = {"chisq_diff": nan, "df_diff": float(a.fit.df - b.fit.df), "p_diff": nan}
    if relation == NESTED:
        try:
            test = b.fit.compare(a.fit)
            out |= {"chisq_diff": float(test["chisq_diff"]), "p_diff": float(test["pvalue"])}
        except (ValueError, np.linalg.LinAlgError):
            pass  # the models list their items in different orders: no scaled difference test
    for name in ("cfi", "rmsea", "aic", "bic"):
        key = next((k for k in (f"{name}_scaled", name) if k in a.measures and k in b.measures), None)
        out[f"delta_{name}"] = nan if key is None else a.measures[key] - b.measures[key]
    return out


def _words(row: Mapping[str, Any]) -> str:
    restricted, general = row["model_restricted"], row["model_general"]
    if row["relation"] == EQUIVALENT:
        return f"{restricted} and {general} imply the same covariances: no data can choose between them"
    if row["relation"] == NESTED:
        if not np.isfinite(row["p_diff"]):
            return f"{restricted} is a special case of {general}; no difference test could be computed"
        worse = row["p_diff"] < 0.05
        test = f"the restriction {'is rejected' if worse else 'is not rejected'} by the difference test"
        return f"{restricted} is a special case of {general}; {test}"
    if np.isfinite(row["delta_bic"]):
        better = restricted if row["delta_bic"] < 0 else general
        return f"neither is a special case of the other; the smaller BIC is that of {better}"
    return "neither is a special case of the other, and this estimator has no information criterion: not compared"
