"""Sentences made from numbers: what the associations say, and whether the dimensions may be read apart.

Every function is pure and returns text in the small markup of :mod:`alliance.reporting.inline`. The wording is of
association, never of effect or cause.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from alliance.reporting.apa import (
    bounded,
    chi_square,
    confidence,
    f_test,
    is_missing,
    number,
    points,
    points_interval,
)
from alliance.reporting.labels import number_word

ALPHA = 0.05


@dataclass(frozen=True)
class Association:
    """One predictor in the model that answers the question.

    ``estimate``, ``low``, ``high`` are on the printed scale: odds ratios (``ratio`` True) or differences.
    """

    label: str
    estimate: float
    low: float
    high: float
    p_adjusted: float
    ratio: bool = True
    ame: float = float("nan")
    ame_low: float = float("nan")
    ame_high: float = float("nan")

    @property
    def null(self) -> float:
        """The value of no association."""
        return 1.0 if self.ratio else 0.0

    @property
    def state(self) -> str:
        """``clear``: interval excludes no association, and so does the test after adjustment; ``tentative``: only the
        interval does; ``none``."""
        if is_missing(self.low) or is_missing(self.high) or self.low <= self.null <= self.high:
            return "none"
        return "clear" if is_missing(self.p_adjusted) or self.p_adjusted < ALPHA else "tentative"

    @property
    def upward(self) -> bool:
        """Whether a higher score goes with more of the outcome."""
        return self.estimate > self.null

    def in_numbers(self) -> str:
        """``OR 1.45, 95% CI [1.20, 1.75]``; a difference is printed as *b*."""
        name = "OR" if self.ratio else "*b*"
        return f"{name} {number(self.estimate)}, {confidence(self.low, self.high)}"


@dataclass(frozen=True)
class JointTest:
    """The test that all predictors together are unrelated to the outcome."""

    statistic: float
    df: float
    p: float
    df_denominator: float = float("nan")

    @property
    def clear(self) -> bool:
        """Whether it rejects at .05."""
        return not is_missing(self.p) and self.p < ALPHA

    def in_numbers(self) -> str:
        """In APA form: an *F* when there are denominator degrees of freedom, a chi-square otherwise."""
        if is_missing(self.df_denominator) or math.isinf(self.df_denominator):
            return f"joint test {chi_square(self.statistic, self.df, self.p)}"
        return f"joint test {f_test(self.statistic, self.df, self.df_denominator, self.p)}"


def listing(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    words = list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def sentence(text: str) -> str:
    """With a capital at the start."""
    return text[:1].upper() + text[1:]


def answer(
    associations: Sequence[Association],
    outcome: str,
    *,
    hazard: bool = False,
    unit: str = "",
    verdict: str = "",
    joint: JointTest | None = None,
) -> str:
    """The answer in one sentence.

    ``outcome`` is the label of the outcome; ``hazard`` when the ratio is of leaving; ``unit`` says what one unit of a
    score is ("one standard deviation");
    ``verdict`` is the separability verdict. When the dimensions are not distinct, the joint test speaks first.
    """
    if not associations:
        return f"No model of {_quoted(outcome)} could be estimated; the status table says why."
    names = listing([a.label.lower() for a in associations])
    if verdict == "not_distinct" and len(associations) > 1:
        return _answer_together(associations, names, outcome, hazard, joint)
    clear = [a for a in associations if a.state == "clear"]
    tentative = [a for a in associations if a.state == "tentative"]
    rest = [a for a in associations if a.state == "none"]
    per = f" per {unit.removeprefix('one ')}" if unit else ""
    if not clear and not tentative:
        if len(associations) == 1:
            return sentence(
                f"{names} showed no clear association with {_quoted(outcome)} ({associations[0].in_numbers()}{per})."
            )
        if joint is not None and joint.clear:
            ways = {a.upward for a in associations}
            scores = f"higher scores on {names} went with {_direction(associations, outcome, hazard)}"
            together = scores if len(ways) == 1 else f"{names} were associated with {_quoted(outcome)}"
            return (
                f"Taken together, {together} ({joint.in_numbers()}), "
                f"but no single one can be credited: each interval includes {number(associations[0].null, 0)}."
                + (" Not all of these dimensions can be told apart." if verdict == "mixed" else "")
            )
        none = "Neither" if len(associations) == 2 else "None"
        return (
            f"{none} of {names} showed a clear association with {_quoted(outcome)}: "
            f"every 95% confidence interval includes {number(associations[0].null, 0)}."
        )
    shown = clear or tentative
    parts = [f"{a.label.lower()} ({a.in_numbers()}{per if i == 0 else ''})" for i, a in enumerate(shown)]
    text = f"Higher scores on {listing(parts)} went with {_direction(shown, outcome, hazard)}"
    others = len(associations) - 1
    if len(shown) > 1 and others:
        text += ", each with the others held constant" if others > 1 else ", each with the other held constant"
    elif others:
        text += f", with the other {number_word(others) if others > 1 else 'dimension'} held constant"
    if not clear:
        text += ", but not after adjustment for the number of tests"
    silent = rest + (tentative if clear else [])
    if silent:
        text += (
            f"; {listing([a.label.lower() for a in silent])} showed no clear association of "
            f"{'its' if len(silent) == 1 else 'their'} own"
        )
    return text + (". Not all of these dimensions can be told apart." if verdict == "mixed" else ".")


def _answer_together(
    associations: Sequence[Association], names: str, outcome: str, hazard: bool, joint: JointTest | None
) -> str:
    count = number_word(len(associations))
    if joint is None:
        return (
            f"The {count} dimensions ({names}) cannot be told apart in these data: their coefficients for "
            f"{_quoted(outcome)} are not separate findings."
        )
    if not joint.clear:
        return f"Taken together, {names} showed no clear association with {_quoted(outcome)} ({joint.in_numbers()})."
    way = _direction(
        [a for a in associations if a.state != "none"] or [max(associations, key=lambda a: abs(a.estimate - a.null))],
        outcome,
        hazard,
    )
    return (
        f"Taken together, a stronger alliance went with {way} ({joint.in_numbers()}), "
        f"but {names} cannot be told apart here: do not read their {count} coefficients as separate effects."
    )


def _direction(associations: Sequence[Association], outcome: str, hazard: bool) -> str:
    ways = {a.upward for a in associations}
    what = (
        "odds of leaving in a term"
        if hazard
        else f"odds of {_quoted(outcome)}"
        if associations[0].ratio
        else f"values of {_quoted(outcome)}"
    )
    if len(ways) == 1:
        return f"{'higher' if ways.pop() else 'lower'} {what}"
    ups = listing([a.label.lower() for a in associations if a.upward])
    downs = listing([a.label.lower() for a in associations if not a.upward])
    return f"different {what} (higher for {ups}, lower for {downs})"


def in_points(associations: Sequence[Association], outcome: str, unit: str) -> str:
    """The clear associations as differences in percentage points (average marginal effects); empty when there are
    none."""
    known = [a for a in associations if not is_missing(a.ame) and a.state != "none"]
    if not known:
        return ""
    parts = [
        f"{points(a.ame)} percentage points for {a.label.lower()} (95% CI {points_interval(a.ame_low, a.ame_high)})"
        if i == 0
        else f"{points(a.ame)} for {a.label.lower()} ({points_interval(a.ame_low, a.ame_high)})"
        for i, a in enumerate(known)
    ]
    return (
        f"On the scale of probabilities, {unit or 'one unit'} more goes on average with a difference in "
        f"{_quoted(outcome)} of {listing(parts)}."
    )


def separability(verdict: str, pairs: Sequence[tuple[str, str, float, float, float]], cut: float) -> str:
    """Whether the dimensions may be read apart, from the factor correlations (label, label, r, low, high) and the
    cut."""
    if not pairs:
        return ""
    close = [p for p in pairs if not max(abs(p[3]), abs(p[4])) < cut]  # a missing limit counts as close
    strongest = max(pairs, key=lambda p: p[2])
    worst = (
        f"the highest factor correlation is {strongest[0].lower()} with {strongest[1].lower()}, "
        f"*r* = {bounded(strongest[2])}, {confidence(strongest[3], strongest[4], unit_bound=True)}"
    )
    if verdict == "distinct":
        return (
            "**The dimensions can be told apart.** Every interval of a factor correlation stays below "
            f"{bounded(cut)}; {worst}."
        )
    if verdict == "not_distinct":
        return (
            f"**The dimensions cannot be told apart.** {sentence(worst)}, and the intervals of all pairs reach "
            f"{bounded(cut)}. "
            "Do not read the coefficients of one model as separate effects: read the joint test."
        )
    names = listing(
        [
            f"{a.lower()} and {b.lower()} (*r* = {bounded(r)}, {confidence(low, high, unit_bound=True)})"
            for a, b, r, low, high in close
        ]
    )
    return (
        f"**Not all dimensions can be told apart.** The interval of {names or 'one pair'} reaches {bounded(cut)} or "
        "above: "
        "do not read the coefficients of these two as separate effects."
    )


def _quoted(label: str) -> str:
    return f"“{label}”"
