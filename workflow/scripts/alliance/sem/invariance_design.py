"""What is the same as what: constructs and indicators across groups, waves or roles.

Reads the user's measurement model and the maps ``waves`` and ``indicators`` into a list of cells for
which the ladder then writes constraints. Nothing here depends on the step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from .syntax import Definition, Element, Equality, parse


class InvarianceError(ValueError):
    """The ladder that was asked for cannot be set up; the message says what does not fit and what to change."""


@dataclass(frozen=True)
class Place:
    """The role of a variable: what it measures (``concept``) and on which occasion (0 = reference)."""

    concept: str
    occasion: int = 0


@dataclass(frozen=True)
class Design:
    """A measurement model whose parts are matched across groups and occasions.

    ``loadings`` are (factor, indicator, fixed value or None); ``factors`` and ``indicators`` map names to
    places; ``other`` holds the remaining statements of the user's model; ``uniquenesses`` are the pairs of
    repeated indicators whose residuals correlate. ``n_thresholds`` is empty for continuous indicators.
    """

    n_groups: int
    loadings: list[tuple[str, str, float | None]]
    factors: dict[str, Place]
    indicators: dict[str, Place]
    other: list[Element]
    uniquenesses: list[tuple[str, str]]
    n_thresholds: dict[str, int] = field(default_factory=dict)

    @property
    def repeated(self) -> bool:
        """Whether constructs are matched across waves or roles."""
        return any(place.occasion for place in self.factors.values())


def read_design(
    model: str,
    *,
    n_groups: int,
    waves: Mapping[str, Sequence[str]] | None,
    indicators: Mapping[str, Sequence[str]] | None,
    lags: int,
    n_thresholds: Mapping[str, int],
) -> Design:
    """Match the parts of ``model``; raises ``InvarianceError`` when they do not fit together."""
    statements = parse(model)
    if any(isinstance(statement, Definition | Equality) for statement in statements):
        raise InvarianceError("a ladder writes its own constraints: leave ':=' and '==' out of the model")
    elements = [statement for statement in statements if isinstance(statement, Element)]
    measured = [element for element in elements if element.op == "=~"]
    factors = list(dict.fromkeys(element.lhs for element in measured))
    _check_measurement(measured, factors)
    items = list(dict.fromkeys(element.rhs for element in measured))
    factor_places = _places(factors, waves, "waves", "factor")
    if waves and not indicators:
        indicators = match_by_position(waves, measured)
    indicator_places = _places(items, indicators, "indicators", "indicator")
    _check_categories(indicators or {}, n_thresholds)
    own = {(element.lhs, element.rhs) for element in elements if element.op == "~~"}
    uniquenesses = [
        pair
        for names in (indicators or {}).values()
        for pair in combinations(names, 2)
        if abs(names.index(pair[1]) - names.index(pair[0])) <= lags
        and pair not in own
        and (pair[1], pair[0]) not in own
    ]
    loadings = []
    for element in measured:
        value = element.modifiers.at("fixed", 1)
        fixed = None if value is None or value != value else float(value)
        loadings.append((element.lhs, element.rhs, fixed))
    other = [element for element in elements if element.op != "=~"]
    thresholds = {name: n_thresholds[name] for name in items if name in n_thresholds}
    return Design(n_groups, loadings, factor_places, indicator_places, other, uniquenesses, thresholds)


def match_by_position(waves: Mapping[str, Sequence[str]], measured: Sequence[Element]) -> dict[str, list[str]]:
    """Indicators of the same construct matched by their order within each wave's factor."""
    matched: dict[str, list[str]] = {}
    for construct, names in waves.items():
        lists = [[element.rhs for element in measured if element.lhs == name] for name in names]
        if len({len(items) for items in lists}) > 1:
            counts = ", ".join(f"{name} {len(items)}" for name, items in zip(names, lists, strict=True))
            raise InvarianceError(
                f"the factors of {construct} have different numbers of indicators ({counts}): say with "
                "indicators={...} which ones are the same"
            )
        for k, same in enumerate(zip(*lists, strict=True), 1):
            matched[f"{construct}{k}"] = list(same)
    return matched


def _check_measurement(measured: Sequence[Element], factors: Sequence[str]) -> None:
    if not measured:
        raise InvarianceError("the model measures nothing: write for example 'bond =~ b1 + b2 + b3'")
    higher = sorted({element.lhs for element in measured if element.rhs in factors})
    if higher:
        raise InvarianceError(f"{', '.join(higher)} is measured by factors: a ladder needs first-order factors only")
    named = sorted({element.rhs for element in measured if element.modifiers.label})
    if named:
        raise InvarianceError(f"the loadings of {', '.join(named)} have labels: leave them out")


def _places(
    names: Sequence[str], groups: Mapping[str, Sequence[str]] | None, argument: str, kind: str
) -> dict[str, Place]:
    """Concept and occasion of each name; names that no group mentions stand alone."""
    places: dict[str, Place] = {}
    for concept, members in (groups or {}).items():
        for occasion, name in enumerate(members):
            if name not in names:
                raise InvarianceError(f"{argument}: {name} (of {concept}) is no {kind} of the model")
            if name in places:
                raise InvarianceError(f"{argument}: {name} stands for both {places[name].concept} and {concept}")
            places[name] = Place(concept, occasion)
    return {name: places.get(name, Place(name)) for name in names}


def _check_categories(indicators: Mapping[str, Sequence[str]], n_thresholds: Mapping[str, int]) -> None:
    problems = []
    for concept, names in indicators.items():
        counts = [n_thresholds.get(name, 0) for name in names]
        if len(set(counts)) > 1:
            listed = ", ".join(
                f"{name}: {count + 1 if count else 'continuous'}" for name, count in zip(names, counts, strict=True)
            )
            problems.append(f"{concept} has different categories ({listed})")
    if problems:
        raise InvarianceError("; ".join(problems) + ": collapse categories so that they are the same on every occasion")
