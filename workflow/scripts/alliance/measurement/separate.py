"""Are the dimensions of one sample separate? The verdict, and the evidence beside the factor correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from alliance.measurement.estimate import OK, WLSMV, MeasurementFit, fit_measurement
from alliance.measurement.menu import Key
from alliance.measurement.models import MeasurementModel, collapsed
from alliance.measurement.reliability import TOTAL, Reliability
from alliance.measurement.stage_tables import Rows
from alliance.measurement.validity import (
    Collapse,
    average_variance_extracted,
    collapse_tests,
    factor_correlations,
    htmt,
    separability,
    two_decimals,
)

if TYPE_CHECKING:
    import pandas as pd

SEPARABILITY_CUT = 0.85  # where the config does not say otherwise


def add_separability(
    rows: Rows,
    sample: str,
    data: pd.DataFrame,
    correlated: MeasurementFit,
    key: Key,
    labels: Mapping[str, str],
    cut: float,
    reliabilities: Sequence[Reliability],
    minimum: int,
    how: Mapping[str, Any],
) -> None:
    """Rows of ``validity`` and ``separability``; ``how``: estimator and clusters of the merged models."""
    tests = _collapse(correlated, data, key, minimum, how)
    ratios = _add_validity(rows, sample, correlated, data, key, tests)
    reason = "" if correlated.status == OK else f"correlated dimensions {correlated.status}, {correlated.reason}"
    verdict = separability(factor_correlations(correlated), cut, labels, correlated.n, reason)
    total = {r.measure: r.value for r in reliabilities if r.dimension == TOTAL and r.model == "bifactor"}
    general = {name: total.get(name, float("nan")) for name in ("omega_hierarchical", "ecv")}
    text = verdict.text + _evidence(tests, ratios, general, labels)
    pairs = "; ".join(f"{a}-{b}" for a, b in verdict.pairs)
    about = {"sample": sample, "model": "correlated", "verdict": verdict.verdict, "pairs": pairs}
    rows["separability"].append({**about, **general, "text": text})


def _collapse(correlated: MeasurementFit, data, key: Key, minimum: int, how) -> list[Collapse]:
    """Every pair of dimensions made one, against the correlated factors."""
    if not correlated.estimated or len(key) < 2:
        return []
    merged = {}
    for a, b in combinations(key, 2):
        model = collapsed(key, a, b)
        # a difference test needs the items in one order: the merged factor is written over all items it lacks
        ordered = _in_order(model, correlated.model.items)
        merged[a, b] = fit_measurement(ordered, data, minimum, **how, same_data=correlated)
    return collapse_tests(correlated, merged)


def _in_order(model: MeasurementModel, items: Sequence[str]) -> MeasurementModel:
    """The model's text with its loadings written item by item, so that items appear in the given order."""
    factor = {i: f for f, members in model.factors.items() for i in members}
    text = "\n".join(f"{factor[i]} =~ {i}" for i in items)
    return replace(model, written=text)


def _add_validity(rows, sample: str, fit: MeasurementFit, data, key: Key, tests: Sequence[Collapse]) -> dict:
    """Discriminant validity of each pair; returns the heterotrait-monotrait ratios."""
    if not fit.estimated:
        return {}
    ratios = htmt(fit.fit.observed[0].cov if fit.estimator == WLSMV else _pairwise(data, fit.items), fit.items, key)
    extracted = average_variance_extracted(fit)
    collapse = {(t.dimension_1, t.dimension_2): t for t in tests}
    for c in factor_correlations(fit):
        a, b = c.dimension_1, c.dimension_2
        about = {"sample": sample, "model": fit.model.name, "n": fit.n, "dimension_1": a, "dimension_2": b}
        values = {"htmt": ratios[a, b], "r": c.r, "ave_1": extracted[a], "ave_2": extracted[b]}
        test = collapse.get((a, b))
        if test is not None:
            values |= {"chisq_diff": test.chisq_diff, "df_diff": test.df_diff, "p_diff": test.p_diff}
        rows["validity"].append({**about, **values})
    return ratios


def _pairwise(data, items: Sequence[str]):
    return data[list(items)].corr().to_numpy()


def _evidence(tests: Sequence[Collapse], ratios: Mapping, general: Mapping[str, float], labels: Mapping) -> str:
    """What else speaks to the question, in plain words: merged models, HTMT, the general factor's share."""
    said = []
    known = [t for t in tests if t.p_diff == t.p_diff]
    if known:
        each = [
            f"{labels[t.dimension_1]} and {labels[t.dimension_2]} χ²({t.df_diff:.0f}) = {t.chisq_diff:.1f}, "
            f"p {'< .001' if t.p_diff < 0.001 else '= ' + f'{t.p_diff:.3f}'.lstrip('0')}"
            for t in known
        ]
        said.append(f"Making two dimensions one changes the fit: {'; '.join(each)}.")
    finite = [v for v in ratios.values() if v == v]
    if finite:
        said.append(
            f"The ratio of correlations between to within dimensions (HTMT) is at most {two_decimals(max(finite))}."
        )
    if general["ecv"] == general["ecv"]:
        common, total = two_decimals(general["ecv"]), two_decimals(general["omega_hierarchical"])
        said.append(
            f"In a bifactor model the general factor explains {common} of the common variance and "
            f"{total} of the variance of the total score."
        )
    return (" " + " ".join(said)) if said else ""
