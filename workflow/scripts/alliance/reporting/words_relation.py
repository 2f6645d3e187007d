"""Sentences about collinear dimensions, ranges, cohorts, confounders and the two sides of a relationship.

Pure functions of rows of the result tables; the wording is of association.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from alliance.reporting import apa
from alliance.reporting.labels import number_word
from alliance.reporting.words import ALPHA, JointTest, listing, sentence

Row = Mapping[str, Any]
Name = Callable[[str], str]


def told_apart(row: Row, name: Name, outcome: str) -> str:
    """What may be read of one model, from its row of link/apart.csv; ``name`` prints a predictor."""
    joint = JointTest(row["statistic"], row["df"], row["p_value"], row.get("df_denominator", float("nan")))
    own, tied = (_names(row.get(key), name) for key in ("own", "tied"))
    credited = [n for n in own if n not in tied]
    reading = row["reading"]
    if reading == "unknown":
        return f"No joint test could be made for “{outcome}”, so nothing is read of the single dimensions."
    if reading == "none":
        return (
            f"Taken together, the dimensions showed no clear association with “{outcome}” ({joint.in_numbers()}), so "
            "no single coefficient is read."
        )
    first = f"Together the dimensions go with “{outcome}” ({joint.in_numbers()})"
    if reading == "together":
        why = (
            f"{listing(tied)} cannot be told apart, and every interval of the others includes no association"
            if tied
            else "every single interval includes no association"
        )
        return f"{first}. What they have in common carries it: {why}. No single dimension is credited."
    has = "has" if len(credited) == 1 else "have"
    its = "its" if len(credited) == 1 else "their"
    text = f"{first}. {sentence(listing(credited))} {has} an association of {its} own beside the others"
    text += f"; {listing(tied)} cannot be told apart, so theirs are read together." if tied else "."
    turned = [n for n in _names(row.get("turned"), name) if n in credited]
    if turned:
        turns = "turns its sign" if len(turned) == 1 else "turn their signs"
        text += (
            f" {sentence(listing(turned))} {turns}: alone and beside the others the associations run in opposite "
            "directions. That is what collinear scores with measurement error bring forth easily (suppression); do not "
            "rest a conclusion on it."
        )
    return text


def told_apart_briefly(row: Row, name: Name, outcome: str) -> str:
    """The same in half a sentence, for a list of further outcomes."""
    own, tied = (_names(row.get(key), name) for key in ("own", "tied"))
    credited = [n for n in own if n not in tied]
    said = {
        "unknown": "no joint test",
        "none": "no clear association of the dimensions together",
        "together": "what the dimensions have in common",
    }.get(row["reading"], f"{listing(credited)} of {'its' if len(credited) == 1 else 'their'} own")
    if row["reading"] == "partly":
        said += f", {listing(tied)} together"
    turned = [n for n in _names(row.get("turned"), name) if n in credited]
    if turned and row["reading"] in ("partly", "apart"):
        said += f" (but {listing(turned)} with the opposite sign alone: suppression)"
    return f"“{outcome}”: {said}."


def _names(cell: object, name: Name) -> list[str]:
    return [name(key).lower() for key in cell.split()] if isinstance(cell, str) else []


def sum_and_difference(row: Row, name: Name) -> str:
    """What the joint region of two dimensions says about their sum and their difference (row of link/region.csv)."""
    first, second = name(row["term_1"]).lower(), name(row["term_2"]).lower()
    ratio = (row["difference_high"] - row["difference_low"]) / (row["sum_high"] - row["sum_low"])
    text = (
        f"{sentence(first)} and {second} scores correlate {apa.bounded(row['score_r'])}. The sum of their two "
        f"coefficients is {apa.estimate(row['sum'], row['sum_low'], row['sum_high'])}, their difference "
        f"{apa.estimate(row['difference'], row['difference_low'], row['difference_high'])}"
    )
    if ratio > 1:
        text += f": the data know the sum {apa.number(ratio, 1)} times as precisely as which of the two it belongs to"
    return text + "."


def range_in_words(row: Row, what: str, outcome: str) -> str:
    """From the 10th to the 90th percentile in percentage points (row of link/contrasts.csv)."""
    return (
        f"At the 10th percentile of {what}, {apa.percent(row['predicted_low'])} "
        f"({apa.confidence(100 * row['predicted_low_from'], 100 * row['predicted_low_to'], 1)}) are predicted to be "
        f"“{outcome}”, at the 90th {apa.percent(row['predicted_high'])} "
        f"({apa.confidence(100 * row['predicted_high_from'], 100 * row['predicted_high_to'], 1)}): a difference of "
        f"{apa.points(row['difference'])} percentage points "
        f"(95% CI {apa.points_interval(row['conf_low'], row['conf_high'])})."
    )


def confounder_in_words(row: Row, what: str, outcome: str) -> str:
    """One sentence about the E-value of one association (row of link/sensitivity.csv)."""
    if apa.is_missing(row["e_value_interval"]):
        return ""
    value, limit = apa.number(row["e_value"]), apa.number(row["e_value_interval"])
    if row["e_value_interval"] <= 1:
        return (
            f"The interval of {what} on “{outcome}” holds no association already, so no unmeasured confounder is "
            "needed to explain it (*E*-value of the limit 1)."
        )
    return (
        f"To explain away the association of {what} with “{outcome}”, an unmeasured confounder would have to go with "
        f"both by a risk ratio of {value} beyond the covariates; a risk ratio of {limit} would be enough for the "
        "interval to include no association (*E*-values)."
    )


def cohorts_in_words(rows: Sequence[Row], name: Name) -> list[str]:
    """What the cohorts say of one model (rows of link/heterogeneity.csv): the tests, then how few they are."""
    two = [r for r in rows if r["stages"] == "two" and not apa.is_missing(r.get("estimate"))]
    if not two:
        return ["There are not two cohorts with estimates, so nothing can be said of differences between cohorts."]
    k = int(two[0]["k"])
    said = []
    total = next((r for r in rows if r["term"] == "total" and not apa.is_missing(r.get("test_df_denominator"))), None)
    if total is not None and not apa.is_missing(total.get("test_p_value")):
        test = apa.f_test(total["statistic"], total["test_df"], total["test_df_denominator"], total["test_p_value"])
        differs = total["test_p_value"] < ALPHA
        said.append(
            f"The association of the total score {'differs' if differs else 'does not clearly differ'} between the "
            f"{number_word(k)} cohorts ({test})."
        )
    together = next((r for r in rows if r["stages"] == "one" and r["term"] == "all"), None)
    if together is not None and not apa.is_missing(together.get("test_p_value")):
        test = apa.f_test(
            together["statistic"], together["test_df"], together["test_df_denominator"], together["test_p_value"]
        )
        differ = together["test_p_value"] < ALPHA
        said.append(
            "Letting each dimension’s coefficient differ between cohorts "
            f"{'fits' if differ else 'does not clearly fit'} better ({test})."
        )
    apart = [name(r["term"]).lower() for r in two if r["test_p_value"] < ALPHA and r["term"] != "total"]
    if apart:
        said.append(
            f"One at a time, the estimates of {listing(apart)} differ more than chance would let them (*Q* test, not "
            "adjusted); collinear dimensions trade their share from cohort to cohort, so this alone says little."
        )
    if k < 5:
        said.append(
            f"With {number_word(k)} cohorts the variance between cohorts is hardly known: random-effects intervals "
            "are wide for that reason, and the one-stage estimate is the one to read."
        )
    return said


def two_sides_in_words(rows: Sequence[Row], own: str, partner: str, outcome: str) -> str:
    """What each report says beside the other (rows of design all_dimensions of link/relationship.csv)."""
    by_term = {r["term"]: r for r in rows}
    if not {"own", "partner"} <= set(by_term):
        return ""
    parts = []
    for term, name in (("own", own), ("partner", partner)):
        row = by_term[term]
        test = JointTest(row["statistic"], row["df"], row["p_value"], row["df_denominator"])
        verb = "go" if test.clear else "do not clearly go"
        what = f"“{outcome}”" if not parts else "it"
        parts.append(f"{name.lower()}s {verb} with {what} ({test.in_numbers()})")
    text = "Each beside the other, " + "; ".join(parts)
    return f"{text}. All dimensions of both sides are in one model, *n* = {apa.count(by_term['own']['n'])} pairs."


def surface_in_words(rows: Sequence[Row], dimension: str) -> str:
    """Whether the surface is curved and, only then, what its curvature says (rows of link/response_surface.csv)."""
    by_term = {r["term"]: r for r in rows}
    test = by_term["quadratic"]
    joint = JointTest(test["statistic"], test["df"], test["p_value"], test["df_denominator"])
    if not joint.clear:
        return (
            f"{dimension}: the surface is not clearly curved ({joint.in_numbers()} of the three quadratic terms): "
            "agreement or disagreement as such shows no clear association."
        )
    a4 = by_term["a4"]
    text = f"{dimension}: the surface is curved ({joint.in_numbers()} of the three quadratic terms)"
    if a4["conf_low"] <= 0 <= a4["conf_high"]:
        return f"{text}, but not clearly along the line of disagreement."
    way = "less" if a4["estimate"] < 0 else "more"
    return f"{text}; the more the two reports differ in either direction, the {way} likely the outcome."
