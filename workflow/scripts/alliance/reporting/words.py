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
    tied: Sequence[str] = (),
    joint: JointTest | None = None,
) -> str:
    """The answer in one sentence.

    ``outcome`` is the label of the outcome; ``hazard`` when the ratio is of leaving; ``unit`` says what one unit of a
    score is ("one standard deviation"); ``tied`` are the labels of dimensions that cannot be told apart from another:
    nothing is credited to one of them alone, the joint test speaks for them.
    """
    if not associations:
        return f"No model of {_quoted(outcome)} could be estimated; the status table says why."
    per = f" per {unit.removeprefix('one ')}" if unit else ""
    bound = [a for a in associations if a.label in tied]
    if len(bound) > 1:
        free = [a for a in associations if a not in bound]
        return _answer_together(associations, bound, free, outcome, hazard, per, joint)
    clear = [a for a in associations if a.state == "clear"]
    tentative = [a for a in associations if a.state == "tentative"]
    if clear or tentative:
        return _answer_apart(associations, clear, tentative, outcome, hazard, per)
    names = _names(associations)
    if len(associations) == 1:
        return sentence(
            f"{names} showed no clear association with {_quoted(outcome)} ({associations[0].in_numbers()}{per})."
        )
    null = number(associations[0].null, 0)
    if joint is not None and joint.clear:
        together = _in_common(associations, outcome, hazard, joint)
        return f"{together}, but no single one can be credited: each interval includes {null}."
    none = "Neither" if len(associations) == 2 else "None"
    return (
        f"{none} of {names} showed a clear association with {_quoted(outcome)}: "
        f"every 95% confidence interval includes {null}."
    )


def _answer_apart(
    associations: Sequence[Association],
    clear: Sequence[Association],
    tentative: Sequence[Association],
    outcome: str,
    hazard: bool,
    per: str,
) -> str:
    """Dimensions that can be told apart, at least one of which is associated."""
    shown = clear or tentative
    text = f"{_higher_scores(shown, per)} went with {_direction(shown, outcome, hazard)}"
    others = len(associations) - 1
    if len(shown) > 1 and others:
        text += ", each with the others held constant" if others > 1 else ", each with the other held constant"
    elif others:
        text += f", with the other {number_word(others) if others > 1 else 'dimension'} held constant"
    if not clear:
        text += ", but not after adjustment for the number of tests"
    silent = [a for a in associations if a not in shown]
    return text + (f"; {_no_own(silent)}." if silent else ".")


def _answer_together(
    associations: Sequence[Association],
    bound: Sequence[Association],
    free: Sequence[Association],
    outcome: str,
    hazard: bool,
    per: str,
    joint: JointTest | None,
) -> str:
    """Some (``bound``) or all dimensions cannot be told apart: what they have in common, then what the others say."""
    parts = []
    if joint is not None and joint.clear:
        parts.append(_in_common(associations, outcome, hazard, joint))
    elif joint is not None:
        names = _names(associations)
        parts.append(
            f"Taken together, {names} showed no clear association with {_quoted(outcome)} ({joint.in_numbers()})"
        )
    own = [a for a in free if a.state == "clear"]
    if own:
        text = f"{_higher_scores(own, per)} went with {_direction(own, outcome, hazard)}"
        parts.append(text if not parts else text[0].lower() + text[1:].replace(_quoted(outcome), "it"))
    silent = [a for a in free if a not in own]
    if silent:
        parts.append(_no_own(silent) if parts else sentence(_no_own(silent)))
    parts.append(
        f"{_names(bound)} cannot be told apart here, so their {number_word(len(bound))} coefficients are not read as "
        "separate effects"
    )
    return sentence("; ".join(parts)) + "."


def _in_common(associations: Sequence[Association], outcome: str, hazard: bool, joint: JointTest) -> str:
    names = _names(associations)
    if len({a.upward for a in associations}) == 1:
        said = f"higher scores on {names} went with {_direction(associations, outcome, hazard)}"
    else:
        said = f"{names} were associated with {_quoted(outcome)}"
    return f"Taken together, {said} ({joint.in_numbers()})"


def _names(associations: Sequence[Association]) -> str:
    return listing([a.label.lower() for a in associations])


def _higher_scores(associations: Sequence[Association], per: str) -> str:
    numbers = [f"{a.label.lower()} ({a.in_numbers()}{per if i == 0 else ''})" for i, a in enumerate(associations)]
    return f"Higher scores on {listing(numbers)}"


def _no_own(associations: Sequence[Association]) -> str:
    its = "its" if len(associations) == 1 else "their"
    return f"{_names(associations)} showed no clear association of {its} own"


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


@dataclass(frozen=True)
class FactorPair:
    """The correlation of two dimensions with its 95% interval."""

    first: str
    second: str
    r: float
    low: float
    high: float

    def reaches(self, cut: float) -> bool:
        """Whether the interval reaches the cut in size; a missing limit counts as reaching."""
        return not max(abs(self.low), abs(self.high)) < cut

    def in_numbers(self) -> str:
        """``*r* = .87, 95% CI [.83, .90]``."""
        return f"*r* = {bounded(self.r)}, {confidence(self.low, self.high, unit_bound=True)}"


def tied_dimensions(pairs: Sequence[FactorPair], cut: float) -> list[str]:
    """The dimensions that cannot be told apart from at least one other, in the order of the pairs."""
    return list(dict.fromkeys(name for p in pairs if p.reaches(cut) for name in (p.first, p.second)))


def separability(verdict: str, pairs: Sequence[FactorPair], cut: float) -> str:
    """Whether the dimensions may be read apart, from the verdict, the factor correlations and the cut."""
    if not pairs:
        return ""
    top = max(pairs, key=lambda p: p.r)
    highest = f"the highest factor correlation is {top.first.lower()} with {top.second.lower()}, {top.in_numbers()}"
    if verdict == "distinct":
        return (
            f"**The dimensions can be told apart.** Every interval of a factor correlation stays below {bounded(cut)}; "
            f"{highest}."
        )
    if verdict == "not_distinct":
        return (
            f"**The dimensions cannot be told apart.** {sentence(highest)}, and the intervals of all pairs reach "
            f"{bounded(cut)}. Do not read the coefficients of one model as separate effects: read the joint test."
        )
    close = [f"{p.first.lower()} and {p.second.lower()} ({p.in_numbers()})" for p in pairs if p.reaches(cut)]
    return (
        f"**Not all dimensions can be told apart.** The interval of {listing(close)} reaches {bounded(cut)} or "
        "above: do "
        "not read the coefficients of these as separate effects."
    )


def _quoted(label: str) -> str:
    return f"“{label}”"
