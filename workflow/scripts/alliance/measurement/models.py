"""The menu of measurement models, made from the instrument's dimensions and their items.

Nothing here knows how many dimensions an instrument has or what they are called; an item belongs to the dimension
that the codebook says. Factor names of the menu that are no dimension are ``general`` (one factor, bifactor, second
order) and the names that the config declares for merged dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alliance.errors import Problem, Stop

GENERAL = "general"
MENU = ("one", "two", "correlated", "second_order", "bifactor")

Dimensions = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class MeasurementModel:
    """A confirmatory factor model: which items load on which factor, and what is fixed.

    ``factors`` maps a first-order factor to its items; ``higher`` maps a second-order factor to first-order factors.
    ``std_lv`` fixes factor variances to one, otherwise each factor's first loading is one (lavaan's default).
    ``equivalent_to`` names a model of the menu that has the same implied covariances by construction.
    """

    name: str
    factors: Mapping[str, tuple[str, ...]]
    higher: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    orthogonal: bool = False
    std_lv: bool = False
    equivalent_to: str = ""

    @property
    def items(self) -> list[str]:
        """Observed variables in order of first appearance."""
        return list(dict.fromkeys(item for items in self.factors.values() for item in items))

    @property
    def latents(self) -> list[str]:
        """First-order factors, then second-order ones."""
        return [*self.factors, *self.higher]

    @property
    def syntax(self) -> str:
        """The model in lavaan's syntax (identification is an argument there: std.lv, orthogonal)."""
        blocks = [*self.factors.items(), *self.higher.items()]
        return "\n".join(f"{factor} =~ {' + '.join(indicators)}" for factor, indicators in blocks)


def build_model(name: str, dimensions: Dimensions, merged: Mapping[str, Sequence[str]] | None = None):
    """One model of the menu for these dimensions (dimension -> items, in the order of the report).

    ``merged`` (factor -> dimensions) is needed for ``two``. Raises :class:`Stop` for a name that is not on the menu
    or a ``two`` that does not cover every dimension exactly once.
    """
    dims = {d: tuple(items) for d, items in dimensions.items()}
    everything = tuple(item for items in dims.values() for item in items)
    if GENERAL in dims:
        raise _wrong("dimensions", f'"{GENERAL}" is the name of the general factor', "rename the dimension")
    if name == "one":
        return MeasurementModel("one", {GENERAL: everything})
    if name == "two":
        return _two(dims, merged or {})
    if name == "correlated":
        return MeasurementModel("correlated", dims)
    if name == "second_order":
        same = "correlated" if len(dims) == 3 else ""
        return MeasurementModel("second_order", dims, higher={GENERAL: tuple(dims)}, equivalent_to=same)
    if name == "bifactor":
        return MeasurementModel("bifactor", {GENERAL: everything, **dims}, orthogonal=True, std_lv=True)
    raise _wrong("measurement.models", f'"{name}" is not on the menu', f"choose from {', '.join(MENU)}")


def _two(dims: dict[str, tuple[str, ...]], merged: Mapping[str, Sequence[str]]) -> MeasurementModel:
    named = [d for members in merged.values() for d in members]
    if len(merged) != 2 or sorted(named) != sorted(dims):
        raise _wrong(
            "measurement.two",
            f"two factors must hold each of {', '.join(dims)} exactly once",
            "declare which dimensions are merged, for example two: {bond: [bond], agreement: [goal, task]}",
        )
    factors = {f: tuple(i for d in dims if d in members for i in dims[d]) for f, members in merged.items()}
    return MeasurementModel("two", factors)


def why_not_identified(model: MeasurementModel) -> str:
    """Why this model cannot be estimated whatever the data are; empty if nothing speaks against it.

    Counting rules only (Bollen, 1989, ch. 7): the rank of the information matrix is checked after estimation.
    """
    for factor, items in model.factors.items():
        if len(items) < 2:
            return f"{factor} has {len(items)} item: a factor needs at least two, and three to stand alone"
        alone = model.orthogonal or len(model.factors) == 1
        if alone and len(items) < 3:
            return f"{factor} has {len(items)} items: without correlated factors at least three are needed"
    if model.orthogonal and len(model.factors) < 3:
        return "a bifactor model needs at least two dimensions beside the general factor"
    for factor, members in model.higher.items():
        if len(members) < 3:
            return f"{factor} has {len(members)} dimensions: a second-order factor needs at least three"
    return ""


def _wrong(key: str, what: str, remedy: str) -> Stop:
    return Stop("measurement", Problem(what, file="config", place=f"key {key}", remedy=remedy))
