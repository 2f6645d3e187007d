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


def reliability_in_words(
    omega: Sequence[tuple[str, float]], general: Mapping[str, float], own: Sequence[tuple[str, float]]
) -> str:
    """Omega of the dimensions; what a general factor explains (``ecv``, ``omega_hierarchical``), and what it leaves.

    ``omega`` and ``own`` (omega hierarchical of a dimension after the general factor) are pairs of label and value.
    """
    said = []
    known = [(name, value) for name, value in omega if not is_missing(value)]
    if known:
        said.append(
            f"Reliability (ω) was {listing([f'{bounded(value)} for {name.lower()}' for name, value in known])}."
        )
    if not is_missing(general.get("ecv")) and not is_missing(general.get("omega_hierarchical")):
        text = (
            f"In the bifactor model one general factor explains {bounded(general['ecv'])} of the common variance (ECV) "
            f"and {bounded(general['omega_hierarchical'])} of the variance of the total score (ω hierarchical)"
        )
        left = [f"{bounded(value)} for {name.lower()}" for name, value in own if not is_missing(value)]
        said.append(f"{text}; what a dimension adds to it is {listing(left)}." if left else f"{text}.")
    return " ".join(said)
