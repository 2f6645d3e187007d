"""Sentences about fit and reliability. They describe; they never turn a cut-off into a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alliance.reporting.apa import bounded, chi_square, interval, is_missing
from alliance.reporting.words import listing


def fit_in_words(values: Mapping[str, float]) -> str:
    """The fit of a model as it is written in a manuscript."""
    if not values or is_missing(values.get("chisq")):
        return "It could not be estimated; the status table at the end says why."
    rmsea = f"RMSEA = {bounded(values.get('rmsea'), 3)}"
    if not is_missing(values.get("rmsea_ci_lower")):
        rmsea += f", 90% CI {interval(values.get('rmsea_ci_lower'), values.get('rmsea_ci_upper'), 3, unit_bound=True)}"
    return (
        f"Its fit: {chi_square(values['chisq'], values['df'], values['pvalue'], values.get('n'))}, "
        f"CFI = {bounded(values.get('cfi'), 3)}, TLI = {bounded(values.get('tli'), 3)}, {rmsea}, SRMR = "
        f"{bounded(values.get('srmr'), 3)}."
    )


def reliability_in_words(rows: Sequence[tuple[str, str, float]]) -> str:
    """Omega of the dimensions and what the general factor leaves to them; rows are (dimension label, measure,
    value)."""
    omega = [(name, value) for name, measure, value in rows if measure == "omega" and not is_missing(value)]
    hierarchical = [value for _, measure, value in rows if measure == "omega_hierarchical" and not is_missing(value)]
    ecv = [value for _, measure, value in rows if measure == "ecv" and not is_missing(value)]
    said = []
    if omega:
        said.append(
            f"Reliability (ω) was {listing([f'{bounded(value)} for {name.lower()}' for name, value in omega])}."
        )
    if hierarchical and ecv:
        said.append(
            f"In the bifactor model a general factor explains {bounded(ecv[0])} of the common variance (ECV), and ω "
            f"hierarchical of the total score is {bounded(hierarchical[0])}: "
            + (
                "little is left to the single dimensions."
                if ecv[0] >= 0.8
                else "the single dimensions keep variance of their own."
            )
        )
    return " ".join(said)
