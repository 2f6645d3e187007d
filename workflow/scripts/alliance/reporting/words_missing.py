"""Who answered again, what is missing by chance, and whether the handling of missing data matters, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alliance.reporting.apa import chi_square, confidence, count, is_missing, number, p_value, percent
from alliance.reporting.words import listing, sentence


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


@dataclass(frozen=True)
class Reading:
    """One estimate as it is read: ``conclusion`` "higher", "lower" or "unclear"; ``text`` the number with interval."""

    model: str
    term: str
    method: str
    conclusion: str
    text: str
    shift: float
    hazard: bool = False


_METHODS = {"complete_cases": "complete cases", "imputation": "multiple imputation", "weighting": "weighting"}
_MOST = 3  # differing conclusions that are spelled out


def dependence_in_words(readings: Sequence[Reading]) -> list[str]:
    """Whether any conclusion depends on the method, by how much estimates move, and what all methods assume."""
    by_term: dict[tuple[str, str], list[Reading]] = {}
    for r in readings:
        by_term.setdefault((r.model, r.term), []).append(r)
    compared = {key: rows for key, rows in by_term.items() if len(rows) > 1}
    if not compared:
        return ["Only one way of handling missing data gave estimates: nothing can be compared."]
    differ = {key: rows for key, rows in compared.items() if len({r.conclusion for r in rows}) > 1}
    shifts = [abs(r.shift) for rows in compared.values() for r in rows if not is_missing(r.shift)]
    moved = f"; estimates move by at most {number(max(shifts))} standard errors" if shifts else ""
    methods = listing([_METHODS[m] for m in _METHODS if any(r.method == m for r in readings)])
    if not differ:
        first = (
            f"**No conclusion depends on how missing data are handled.** {sentence(methods)} lead to the same reading "
            f"of each of the {len(compared)} associations{moved}."
        )
    else:
        told = [_difference(*key, rows) for key, rows in list(differ.items())[:_MOST]]
        more = f" The others stand in the table: {len(differ) - _MOST} more." if len(differ) > _MOST else ""
        verb = "depends" if len(differ) == 1 else "depend"
        first = (
            f"**{len(differ)} of {len(compared)} readings {verb} on how missing data are handled**{moved}. "
            f"{' '.join(told)}{more} Where the methods disagree, the interval ends near no association: such a result "
            "should not carry a conclusion by itself."
        )
    assumption = (
        "Complete cases are right when who is incomplete has nothing to do with the outcome once the predictors are "
        "known; imputation and weighting when it depends only on what was observed. No method can check this."
    )
    return [first, assumption]


def _difference(model: str, term: str, rows: Sequence[Reading]) -> str:
    ways = {"higher": "more likely", "lower": "less likely", "unclear": "not clear"}
    if rows[0].hazard:
        ways |= {"higher": "leaving more likely", "lower": "leaving less likely"}
    parts = [f"{ways[r.conclusion]} by {_METHODS[r.method]} ({r.text})" for r in rows]
    return f"{term} and “{model}”: {listing(parts)}."


def scores_in_words(method: str) -> str:
    """What is compared when the report's own estimates carry measurement error and these do not."""
    return (
        f"All three take the {method} scores as they are, so that only the handling of missing data differs between "
        "them. The estimates of this report carry measurement error too (plausible values) and may therefore be read "
        "differently; compare the methods here with each other."
    )


def imputation_in_words(
    *, draws: Any, imputed: Sequence[Any], clustered: bool, unsettled: Sequence[str], checked: int, off: Sequence[str]
) -> str:
    """How was imputed, and what the checks of the chains and of hidden values say."""
    how = ", with random intercepts of the clusters" if clustered else ""
    parts = [f"{count(len(imputed))} incomplete variables were imputed {draws} times by chained equations{how}."]
    parts.append(
        f"The chains of {listing(list(dict.fromkeys(unsettled)))} have not settled (*R̂* above 1.2): more iterations "
        "are needed."
        if unsettled
        else "All chains have settled (*R̂* at most 1.2)."
    )
    if checked:
        fine = checked - len(off)
        parts.append(
            f"Observed values that were hidden and imputed lie where their imputations say for {count(fine)} of "
            f"{count(checked)} variables"
            + (f" (not for {listing([name.lower() for name in off])}; one in twenty fails by chance)." if off else ".")
        )
    return " ".join(parts)


def _range(items: Sequence[tuple[str, float]]) -> str:
    values = [p for _, p in items]
    low, high = p_value(min(values)), p_value(max(values))
    return low if low == high else f"{low} to {high.partition('= ')[2] or high}"


def chance_in_words(items: Sequence[tuple[str, float]], means: tuple[float, float, float] | None) -> str:
    """Little's test: items is (report, p value) of single answers; means (chi-square, df, p value) of whole reports."""
    parts = []
    if items:
        off = [name for name, p in items if p < 0.05]
        parts.append(
            f"Single answers are not missing completely at random in {listing(off)} (Little’s test)."
            if off
            else "Single answers are missing as if completely at random in each report (Little’s test, "
            f"*p* {_range(items)})."
        )
    if means:
        chi, df, p = means
        parts.append(
            f"Which scores and reports exist goes with what the others say ({chi_square(chi, df, p)}): complete cases "
            "are a selection."
            if p < 0.05
            else "Which scores and reports exist does not clearly go with what the others say "
            f"({chi_square(chi, df, p)})."
        )
    return " ".join(parts)
