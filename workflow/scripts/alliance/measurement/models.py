"""The menu of measurement models, made from the instrument's dimensions and their items.

Nothing here knows how many dimensions an instrument has or what they are called; an item belongs to the dimension
that the codebook says. Factor names of the menu that are no dimension are ``general`` (one factor, bifactor, second
order) and the names that the config declares for merged dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

from alliance.errors import Problem, Stop
from alliance.model_text import GENERAL, MENU, read_model_text

Dimensions = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class MeasurementModel:
    """A factor model: which items load on which factor, and what is fixed.

    ``factors`` maps a first-order factor to its items; ``higher`` maps a second-order factor to first-order factors.
    ``std_lv`` fixes factor variances to one, otherwise each factor's first loading is one (lavaan's default).
    ``zeros`` are (factor, item) loadings fixed at zero; ``residuals`` are pairs of items whose residuals correlate.
    ``equivalent_to`` names a model of the menu that has the same implied covariances by construction.
    ``written`` is the model's text when the config gives it instead of the menu; ``own`` the items that a factor is
    meant for where all items load on it.
    """

    name: str
    factors: Mapping[str, tuple[str, ...]]
    higher: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    orthogonal: bool = False
    std_lv: bool = False
    equivalent_to: str = ""
    zeros: frozenset[tuple[str, str]] = frozenset()
    residuals: tuple[tuple[str, str], ...] = ()
    written: str = ""
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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
        if self.written:
            return self.written
        lines = [f"{f} =~ {' + '.join(self._term(f, i) for i in items)}" for f, items in self.factors.items()]
        lines += [f"{factor} =~ {' + '.join(members)}" for factor, members in self.higher.items()]
        return "\n".join([*lines, *(f"{a} ~~ {b}" for a, b in self.residuals)])

    @property
    def plain(self) -> bool:
        """First-order factors that may correlate, each item on one of them: what semopy can check, what omega needs."""
        return not (self.higher or self.orthogonal or self.zeros or self.residuals or self.written)

    def _term(self, factor: str, item: str) -> str:
        if (factor, item) in self.zeros:
            return f"0*{item}"
        # where every item is on every factor, the search must start from the factors that are meant
        return f"start({0.6 if item in self.own.get(factor, ()) else 0.1})*{item}" if self.own else item


def build_model(
    name: str,
    dimensions: Dimensions,
    merged: Mapping[str, Sequence[str]] | None = None,
    *,
    anchors: Mapping[str, str] | None = None,
    written: Mapping[str, str] | None = None,
) -> MeasurementModel:
    """One model of the menu for these dimensions (dimension -> items, in the order of the report).

    ``merged`` (factor -> dimensions) is needed for ``two``; ``anchors`` (dimension -> item, default: its first) is
    for ``exploratory``; ``written`` holds model texts by name. Raises :class:`Stop` for a name that is neither, a
    ``two`` that does not cover every dimension exactly once, or a text that cannot be read or names other variables.
    """
    dims = {d: tuple(items) for d, items in dimensions.items()}
    everything = tuple(item for items in dims.values() for item in items)
    if GENERAL in dims:
        raise _wrong("dimensions", f'"{GENERAL}" is the name of the general factor', "rename the dimension")
    if written and name in written:
        return _written(name, written[name], everything)
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
    if name == "exploratory":
        return _exploratory(dims, everything, anchors or {})
    raise _wrong("measurement.models", f'"{name}" is not on the menu', f"choose from {', '.join(MENU)}")


def with_residuals(model: MeasurementModel, pairs: Sequence[tuple[str, str]]) -> MeasurementModel:
    """The model with the declared residual covariances of items that it holds; a written model stays as it is."""
    own = tuple((a, b) for a, b in pairs if a in model.items and b in model.items)
    return model if model.written else replace(model, residuals=own)


def collapsed(dimensions: Dimensions, first: str, second: str) -> MeasurementModel:
    """Correlated factors with two dimensions made one; items keep their order as far as that allows."""
    name = f"{first}+{second}"
    factors: dict[str, tuple[str, ...]] = {}
    for d, items in dimensions.items():
        if d == first:
            factors[f"{first}_{second}"] = (*items, *dimensions[second])
        elif d != second:
            factors[d] = tuple(items)
    return MeasurementModel(name, factors)


def _exploratory(dims: dict[str, tuple[str, ...]], everything: tuple[str, ...], anchors: Mapping[str, str]):
    """As many factors as dimensions, all items on all, one anchor item per factor (Marsh et al., 2013).

    The fit is that of an exploratory factor analysis. Where the anchors have no cross-loadings is only where the search
    takes place: ``estimate`` turns the factors towards the key afterwards.
    """
    anchor = {d: anchors.get(d, items[0]) for d, items in dims.items()}
    zeros = frozenset((d, anchor[other]) for d, other in permutations(dims, 2))
    return MeasurementModel("exploratory", dict.fromkeys(dims, everything), std_lv=True, zeros=zeros, own=dims)


def _written(name: str, text: str, items: tuple[str, ...]) -> MeasurementModel:
    """A model of the config, read by the engine's parser."""
    blocks = read_model_text(name, text, items)
    first = {f: members for f, members in blocks.items() if not set(members) & set(blocks)}
    higher = {f: members for f, members in blocks.items() if f not in first}
    return MeasurementModel(name, first, higher=higher, written=text)


def _two(dims: dict[str, tuple[str, ...]], merged: Mapping[str, Sequence[str]]) -> MeasurementModel:
    named = [d for members in merged.values() for d in members]
    merged = {f: members for f, members in merged.items() if members}
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
    if model.written:
        return ""
    if not model.items:
        return "no dimension has two items that vary"
    if model.own:
        return _why_no_rotation(model)
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
            many = f"{len(members)} dimension{'s' if len(members) != 1 else ''}"
            return f"{factor} has {many}: a second-order factor needs at least three"
    return ""


def _why_no_rotation(model: MeasurementModel) -> str:
    """An exploratory model with m factors of p items has ((p - m)^2 - (p + m)) / 2 degrees of freedom."""
    p, m = len(model.items), len(model.factors)
    if m < 2:
        return "one dimension: an exploratory model is the model with one factor"
    if (p - m) ** 2 < p + m:
        return f"{p} items cannot carry {m} exploratory factors"
    return ""


def _wrong(key: str, what: str, remedy: str) -> Stop:
    return Stop("measurement", Problem(what, file="config", place=f"key {key}", remedy=remedy))
