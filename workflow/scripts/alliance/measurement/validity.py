"""Can the dimensions be told apart? Factor correlations with intervals, AVE, HTMT, and the verdict in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from alliance.measurement.estimate import MeasurementFit
from alliance.measurement.intervals import correlation_interval

DISTINCT, NOT_DISTINCT, MIXED, NOT_JUDGED = "distinct", "not_distinct", "mixed", "not_judged"


@dataclass(frozen=True)
class FactorCorrelation:
    """A correlation of two factors with its 95% interval; ``interval`` names the interval's method."""

    dimension_1: str
    dimension_2: str
    r: float
    se: float
    ci_lower: float
    ci_upper: float
    interval: str


def factor_correlations(fit: MeasurementFit) -> list[FactorCorrelation]:
    """Correlations of the first-order factors, in model order; none where the model fixes them or there is one."""
    if not fit.estimated or fit.model.orthogonal:
        return []
    names = list(fit.model.factors)
    table = fit.parameters
    both = table[(table["op"] == "~~") & table["lhs"].isin(names) & table["rhs"].isin(names)]
    found = {
        frozenset((r.lhs, r.rhs)): (float(r.std_all), float(r.std_se)) for r in both.itertuples() if r.lhs != r.rhs
    }
    return [
        FactorCorrelation(a, b, *found[pair], *correlation_interval(*found[pair]))
        for a, b in combinations(names, 2)
        if (pair := frozenset((a, b))) in found
    ]


def average_variance_extracted(fit: MeasurementFit) -> dict[str, float]:
    """AVE of each factor: mean squared standardised loading of its items (Fornell & Larcker, 1981)."""
    table = fit.parameters
    loadings = table[table["op"] == "=~"]
    return {f: float((loadings.loc[loadings["lhs"] == f, "std_all"] ** 2).mean()) for f in fit.model.factors}


@dataclass(frozen=True)
class Collapse:
    """Test of the model in which two dimensions are one, against correlated factors; nan where not estimable."""

    dimension_1: str
    dimension_2: str
    chisq_diff: float
    df_diff: float
    p_diff: float
    note: str = ""


def collapse_tests(correlated: MeasurementFit, merged: Mapping[tuple[str, str], MeasurementFit]) -> list[Collapse]:
    """Scaled difference test of each merged model (see ``models.collapsed``) against ``correlated``.

    A correlation of one is on the boundary, so the p-value is too large if anything (Stoel et al., 2006).
    """
    nan = float("nan")
    rows = []
    for (a, b), fit in merged.items():
        if not (fit.estimated and correlated.estimated):
            rows.append(Collapse(a, b, nan, nan, nan, fit.reason or correlated.reason))
            continue
        try:
            test = correlated.fit.compare(fit.fit)
        except (ValueError, np.linalg.LinAlgError) as error:
            rows.append(Collapse(a, b, nan, nan, nan, str(error)))
            continue
        rows.append(Collapse(a, b, float(test["chisq_diff"]), float(test["df_diff"]), float(test["pvalue"])))
    return rows


def htmt(correlations: NDArray, items: Sequence[str], dimensions: Mapping[str, Sequence[str]]) -> dict:
    """Heterotrait-monotrait ratio of each pair of dimensions from the items' correlations (Henseler et al., 2015).

    ``correlations`` is p x p in the order of ``items``. nan where a dimension has fewer than two items or its items do
    not correlate positively on average. Keys are pairs of dimension names.
    """
    place = {item: k for k, item in enumerate(items)}
    columns = {d: [place[i] for i in members] for d, members in dimensions.items()}

    def within(d: str) -> float:
        block = correlations[np.ix_(columns[d], columns[d])]
        below = block[np.tril_indices(len(block), -1)]
        return float(below.mean()) if len(below) else float("nan")

    ratios = {}
    for a, b in combinations(columns, 2):
        product = within(a) * within(b)
        between = float(correlations[np.ix_(columns[a], columns[b])].mean())
        ratios[a, b] = between / np.sqrt(product) if product > 0 and within(a) > 0 else float("nan")
    return ratios


@dataclass(frozen=True)
class Separability:
    """The verdict on one sample: ``pairs`` are those not told apart, ``text`` says it in a sentence."""

    verdict: str
    pairs: tuple[tuple[str, str], ...]
    text: str


def separability(
    correlations: Sequence[FactorCorrelation], cut: float, labels: Mapping[str, str], n: int, reason: str = ""
) -> Separability:
    """Verdict from the intervals of the factor correlations: a pair whose interval reaches ``cut`` is not told apart.

    ``not_distinct`` when no pair is told apart, ``mixed`` when some are. ``reason`` (why there is no admissible fit)
    makes it ``not_judged``. ``labels`` are the words of the report for the dimensions.
    """
    if reason or not correlations:
        why = reason or "the instrument has one dimension"
        return Separability(NOT_JUDGED, (), f"Whether the dimensions can be told apart is not judged: {why}.")
    close = [c for c in correlations if not max(abs(c.ci_lower), abs(c.ci_upper)) < cut]
    pairs = tuple((c.dimension_1, c.dimension_2) for c in close)

    def say(rows: Sequence[FactorCorrelation]) -> str:
        return "; ".join(
            f"{labels[c.dimension_1]} and {labels[c.dimension_2]} (r = {two_decimals(c.r)}, "
            f"95% CI [{two_decimals(c.ci_lower)}, {two_decimals(c.ci_upper)}])"
            for c in rows
        )

    limit = f"the cut of {two_decimals(cut)} (N = {n})"
    if not close:
        text = f"The dimensions can be told apart: the interval of every factor correlation is below {limit}: "
        return Separability(DISTINCT, pairs, text + say(correlations) + ".")
    warning = "Their coefficients in one regression must not be read as separate effects."
    if len(close) == len(correlations):
        text = f"The dimensions cannot be told apart: the interval of every factor correlation reaches {limit}: "
        return Separability(NOT_DISTINCT, pairs, f"{text}{say(close)}. {warning}")
    apart = [c for c in correlations if c not in close]
    text = f"Some dimensions cannot be told apart, their interval reaches {limit}: {say(close)}. "
    return Separability(MIXED, pairs, f"{text}Told apart: {say(apart)}. {warning}")


def two_decimals(value: float) -> str:
    """Two decimals without a leading zero, a true minus sign (APA)."""
    return f"{value:.2f}".replace("-", "−").replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"
