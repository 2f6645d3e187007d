"""Model text of one step of a ladder, with the identification constraints that the step needs.

Unit variances identify the factors of the reference (first group, first occasion); the others are
released as soon as equal parameters identify them. Ordered indicators follow Wu & Estabrook (2016), as
semTools' ``measEq.syntax(ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016")``: one equal threshold releases
the intercept of the latent response, a second one (or the first, once intercepts are equal) its scale;
equal intercepts release the factor means. With three categories equal thresholds alone are therefore
equivalent to the configural model, with two also any choice between threshold and intercept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .invariance_design import Design, InvarianceError
from .syntax import Element

# What a step may hold equal; the first four make the usual ladder.
WORDS = (
    "thresholds",
    "loadings",
    "intercepts",
    "residuals",
    "residual.covariances",
    "means",
    "lv.variances",
    "lv.covariances",
)


def step_words(step: Sequence[str] | str) -> frozenset[str]:
    """The words of one step; "configural" stands for none."""
    words = [step] if isinstance(step, str) else list(step)
    clean = {str(word).replace("_", ".").lower() for word in words} - {"configural"}
    unknown = sorted(clean - set(WORDS))
    if unknown:
        raise InvarianceError(f"unknown step word {', '.join(unknown)}; use {', '.join(WORDS)}")
    return frozenset(clean)


def step_name(words: Collection[str]) -> str:
    """``thresholds+loadings`` and so on; ``configural`` for no equality."""
    return "+".join(word for word in WORDS if word in words) or "configural"


def step_model(design: Design, words: frozenset[str], parameterization: str, partial: Collection[str] = ()) -> str:
    """lavaan text of the model in which ``words`` are equal, except for the cells named in ``partial``."""
    ordinal = bool(design.n_thresholds)
    if ordinal and "intercepts" in words and "thresholds" not in words:
        raise InvarianceError(
            "ordered indicators: equal intercepts need equal thresholds, add 'thresholds' to the step"
        )
    if "means" in words and "intercepts" not in words:
        raise InvarianceError("equal factor means need equal intercepts: add 'intercepts' to the step")
    if "lv.variances" in words and "loadings" not in words:
        raise InvarianceError("equal factor variances need equal loadings: add 'loadings' to the step")
    if design.repeated and "lv.covariances" in words:
        raise InvarianceError("'lv.covariances' compares groups: a ladder of waves cannot hold it equal")
    released = {_clean(cell) for cell in partial}
    writer = _Writer(design, words, parameterization, released)
    blocks = []
    for group in range(1, design.n_groups + 1):
        lines = writer.block(group)
        blocks.append("\n".join([f"group: {group}", *lines] if design.n_groups > 1 else lines))
    return "\n".join(blocks) + "\n"


def _clean(cell: str) -> str:
    return "".join(cell.split())


class _Writer:
    """The lines of each group; a label shared between cells makes them equal."""

    def __init__(self, design: Design, words: frozenset[str], parameterization: str, released: set[str]):
        self.design = design
        self.words = words
        self.parameterization = parameterization
        self.released = released
        counts: dict[str, int] = {}
        for place in design.indicators.values():
            counts[place.concept] = counts.get(place.concept, 0) + 1
        self.matched = {
            name for name, place in design.indicators.items() if counts[place.concept] > 1 or design.n_groups > 1
        }

    def block(self, group: int) -> list[str]:
        lines = [self._loading(*loading) for loading in self.design.loadings]
        lines += [line for name in self.design.n_thresholds for line in self._thresholds(name)]
        lines += [line for name in self.design.indicators for line in self._indicator(name, group)]
        lines += [f"{one} ~~ {self._if('residual.covariances', f'{one}~~{two}', 'c')}{two}"
                  for one, two in self.design.uniquenesses]  # fmt: skip
        lines += [line for name in self.design.factors for line in self._factor(name, group)]
        lines += self._factor_covariances()
        lines += [self._passed_on(element) for element in self.design.other if self._kept(element)]
        return lines

    def _if(self, word: str, cell: str, prefix: str) -> str:
        """A label when ``word`` is equal and the cell is not released, else nothing."""
        equal = word in self.words and cell not in self.released and self.design.n_groups > 1
        return f"{prefix}.{cell.replace('~~', '.')}*" if equal else ""

    def _equal(self, word: str, name: str, *cells: str) -> bool:
        return word in self.words and name in self.matched and not self.released.intersection(cells)

    def _loading(self, factor: str, item: str, fixed: float | None) -> str:
        if fixed is not None:
            return f"{factor} =~ {fixed!r}*{item}"
        construct, concept = self.design.factors[factor].concept, self.design.indicators[item].concept
        label = f"l.{construct}.{concept}" if self._same_loading(factor, item) else "NA"
        return f"{factor} =~ {label}*{item}"

    def _same_loading(self, factor: str, item: str) -> bool:
        construct, concept = self.design.factors[factor].concept, self.design.indicators[item].concept
        return self._equal("loadings", item, f"{factor}=~{item}", f"{construct}=~{concept}")

    def _same_intercept(self, item: str) -> bool:
        concept = self.design.indicators[item].concept
        return self._equal("intercepts", item, f"{item}~1", f"{concept}~1")

    def _equal_thresholds(self, name: str) -> list[bool]:
        concept = self.design.indicators[name].concept
        return [
            self._equal("thresholds", name, f"{name}|t{k}", f"{concept}|t{k}")
            for k in range(1, self.design.n_thresholds[name] + 1)
        ]

    def _thresholds(self, name: str) -> list[str]:
        concept = self.design.indicators[name].concept
        return [
            f"{name} | {f't.{concept}.{k}' if equal else 'NA'}*t{k}"
            for k, equal in enumerate(self._equal_thresholds(name), 1)
        ]

    def _reference(self, name: str, group: int) -> bool:
        return group == 1 and self.design.indicators[name].occasion == 0

    def _indicator(self, name: str, group: int) -> list[str]:
        """Intercept and residual variance, or the scale of a latent response."""
        concept = self.design.indicators[name].concept
        same_intercept = self._same_intercept(name)
        same_residual = self._equal("residuals", name, f"{name}~~{name}", f"{concept}~~{concept}")
        if name not in self.design.n_thresholds:
            return [
                f"{name} ~ {f'i.{concept}' if same_intercept else 'NA'}*1",
                f"{name} ~~ {f'r.{concept}' if same_residual else 'NA'}*{name}",
            ]
        shared = sum(self._equal_thresholds(name))
        reference = self._reference(name, group)
        intercept = "0" if reference or same_intercept or shared < 1 else "NA"
        enough = shared >= (1 if same_intercept else 2)
        scale = "NA" if enough and not reference and not same_residual else "1"
        relation = "~*~" if self.parameterization == "delta" else "~~"
        return [f"{name} ~ {intercept}*1", f"{name} {relation} {scale}*{name}"]

    def _factor(self, name: str, group: int) -> list[str]:
        """Mean and variance: fixed for the reference, released once loadings or intercepts are equal."""
        reference = group == 1 and self.design.factors[name].occasion == 0
        items = [item for factor, item, fixed in self.design.loadings if factor == name and fixed is None]
        shared = any(self._same_loading(name, item) for item in items)
        free_variance = shared and "lv.variances" not in self.words
        # an item that measures several factors says nothing about the mean of one of them
        alone = [item for item in items if sum(item == other for _, other, _ in self.design.loadings) == 1]
        free_mean = any(self._same_intercept(item) for item in alone) and "means" not in self.words
        return [
            f"{name} ~ {'NA' if free_mean and not reference else '0'}*1",
            f"{name} ~~ {'NA' if free_variance and not reference else '1'}*{name}",
        ]

    def _factor_covariances(self) -> list[str]:
        if "lv.covariances" not in self.words:
            return []
        own = {frozenset((e.lhs, e.rhs)) for e in self.design.other if e.op == "~~"}
        names = list(self.design.factors)
        return [
            f"{one} ~~ {self._if('lv.covariances', f'{one}~~{two}', 'p')}{two}"
            for i, one in enumerate(names)
            for two in names[i + 1 :]
            if frozenset((one, two)) not in own
        ]

    def _kept(self, element: Element) -> bool:
        """Statements of the user that the ladder does not write itself."""
        if element.op in ("|", "~*~"):
            return False
        own = element.lhs in self.design.indicators or element.lhs in self.design.factors
        return not (own and (element.op == "~1" or (element.op == "~~" and element.lhs == element.rhs)))

    def _passed_on(self, element: Element) -> str:
        modifiers = ""
        value, label = element.modifiers.at("fixed", 1), element.modifiers.at("label", 1)
        if value is not None:
            modifiers += "NA*" if value != value else f"{value!r}*"
        if label:
            modifiers += f"{label}*"
        elif element.op == "~~" and not value and {element.lhs, element.rhs} <= set(self.design.indicators):
            modifiers += self._if("residual.covariances", f"{element.lhs}~~{element.rhs}", "c")
        if element.op == "~1":
            return f"{element.lhs} ~ {modifiers}1"
        return f"{element.lhs} {element.op} {modifiers}{element.rhs}"
