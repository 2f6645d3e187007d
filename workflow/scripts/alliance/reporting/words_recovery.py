"""What the recovery simulation showed, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alliance.reporting.apa import count, is_missing, number, percent
from alliance.reporting.words import listing

# The kinds that the sentence speaks of, in this order; the table has all of them.
KINDS = {"loading": "standardised loadings", "correlation": "factor correlations", "link": "link coefficients"}
_TOGETHER = "all"  # the row over all parameters of a kind


def recovery_in_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """Coverage and bias by kind of parameter; rows have kind, term, bias, coverage (of 95% intervals), n_studies."""
    parts = []
    for kind, name in KINDS.items():
        mine = [r for r in rows if r["kind"] == kind]
        bias = [float(r["bias"]) for r in mine if r["term"] != _TOGETHER and not is_missing(r["bias"])]
        covered = [r["coverage"] for r in mine if r["term"] == _TOGETHER and not is_missing(r["coverage"])]
        if bias and covered:
            parts.append(f"{percent(covered[0], 0)} for {name} (largest bias {number(max(bias, key=abs))})")
    if not parts:
        return ""
    studies = max(r["n_studies"] for r in rows)
    return (
        f"In {count(studies)} simulated studies analysed in the same way, 95% intervals held the truth in "
        f"{listing(parts)}; nominal would be 95%. The table below has every parameter."
    )
