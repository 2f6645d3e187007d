"""What the recovery simulation showed, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alliance.reporting.apa import count, is_missing, number, percent
from alliance.reporting.words import listing

_KINDS = {"loading": "standardised loadings", "correlation": "factor correlations", "link": "link coefficients"}


def recovery_in_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """Bias and coverage by kind of parameter; rows have kind, bias and coverage (of the 95% intervals)."""
    parts = []
    for kind in dict.fromkeys(str(r.get("kind")) for r in rows):
        mine = [r for r in rows if str(r.get("kind")) == kind]
        bias = [float(r["bias"]) for r in mine if not is_missing(r.get("bias"))]
        covered = [float(r["coverage"]) for r in mine if not is_missing(r.get("coverage"))]
        if not bias:
            continue
        worst = max(bias, key=abs)
        text = f"{_KINDS.get(kind, kind)}: largest bias {number(worst)}"
        if covered:
            text += (
                f", 95% intervals held the truth in {percent(min(covered), 0)} to {percent(max(covered), 0)} of "
                "the studies"
            )
        parts.append(text)
    if not parts:
        return ""
    replications = [r.get("replications") for r in rows if not is_missing(r.get("replications"))]
    head = f"In {count(max(replications))} simulated studies" if replications else "In simulated studies"
    return f"{head} analysed in the same way, {listing(parts) if len(parts) == 1 else '; '.join(parts)}."
