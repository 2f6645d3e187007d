"""Who answered again, in words."""

from __future__ import annotations

from collections.abc import Sequence

from alliance.reporting.apa import confidence, count, is_missing, number, percent
from alliance.reporting.words import listing


def attrition_in_words(
    report: str, n: float, responded: float, found: Sequence[tuple[str, float, float, float]]
) -> str:
    """Whether having a report depends on the dimensions at the first occasion; found is (label, odds ratio, low,
    high)."""
    share = (
        ""
        if is_missing(responded)
        else f" exists for {count(responded)} of {count(n)} students ({percent(responded / n)})"
    )
    known = [row for row in found if not is_missing(row[2])]
    more = [row for row in known if row[2] > 1]
    less = [row for row in known if row[3] < 1]
    if not known:
        return f"**{report}**{share}."
    if not more and not less:
        return (
            f"**{report}**{share}; whether it exists showed no clear association with the scores of the first occasion."
        )
    parts = []
    for rows, way in ((more, "more"), (less, "less")):
        if rows:
            named = [
                f"{label.lower()} (OR {number(ratio)}, {confidence(low, high)})" for label, ratio, low, high in rows
            ]
            parts.append(f"{way} often with higher scores on {listing(named)}")
    return (
        f"**{report}**{share}, {' and '.join(parts)} at the first occasion: what is seen later is seen among a "
        "selection."
    )
