"""Formulas to design matrices, with what the data taught kept, so that counterfactual data give the same columns.

Names of columns follow patsy and statsmodels: ``Intercept``, ``gender[T.woman]``, ``C(term)[T.2]``, ``bond:goal``.
Coding of categories follows R: a category's first level is left out where the term without it is in the model too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.formula_syntax import Factor, Formula, FormulaError, Node, parse_formula

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Design", "FormulaError", "build_design", "parse_formula"]


@dataclass
class Design:
    """A formula that has seen its data: names of the columns and how to make them again from other data.

    ``assign`` holds for each column the number of its term (0 = intercept, terms from 1), as R's ``assign``.
    """

    formula: Formula
    names: list[str] = field(default_factory=list)
    assign: list[int] = field(default_factory=list)
    levels: dict[str, list[Any]] = field(default_factory=dict)
    numeric: dict[str, bool] = field(default_factory=dict)
    polynomials: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    coding: list[list[bool]] = field(default_factory=list)

    def matrix(self, data: pd.DataFrame, base: np.ndarray | None = None, changed: Collection[str] = ()) -> np.ndarray:
        """The design matrix (rows of ``data`` × ``names``) with the levels and polynomials learned at the fit.

        With ``base``, the matrix of the same rows before the columns ``changed`` of the data were, only terms that
        hold one of these are made anew.
        """
        cache: dict[tuple[Factor, bool], np.ndarray] = {}
        if base is not None:
            made, assign = base.copy(), np.array(self.assign)
            for place, term in enumerate(self.formula.terms, 1):
                if any(c in changed for factor in term for c in factor.node.columns()):
                    made[:, assign == place] = self._block(place, data, cache)
            return made
        blocks = [np.ones((len(data), 1))] if self.formula.intercept else []
        blocks += [self._block(place, data, cache) for place in range(1, len(self.formula.terms) + 1)]
        return np.hstack(blocks) if blocks else np.empty((len(data), 0))

    def moved(self, data: pd.DataFrame, base: np.ndarray, name: str, value: Any) -> np.ndarray:
        """The design matrix when the column ``name`` of ``data``, whose matrix is ``base``, has other values."""
        holding = [k for k, t in enumerate(self.formula.terms, 1) if any(name in f.node.columns() for f in t)]
        terms = [self.formula.terms[place - 1] for place in holding]
        alone = all(len(t) == 1 and t[0].kind == "plain" and t[0].node.kind == "column" for t in terms)
        if not (alone and self.numeric.get(name, False)):
            return self.matrix(data.assign(**{name: value}), base, {name})
        made = base.copy()
        made[:, np.isin(self.assign, holding)] = np.reshape(value, (-1, 1))
        return made

    def _block(self, place: int, data: pd.DataFrame, cache: dict[tuple[Factor, bool], np.ndarray]) -> np.ndarray:
        """The columns of one term."""
        parts = []
        for factor, whole in zip(self.formula.terms[place - 1], self.coding[place - 1], strict=True):
            if (factor, whole) not in cache:
                cache[factor, whole] = self._columns(factor, whole, data)[0]
            parts.append(cache[factor, whole])
        return reduce(_rowwise_product, parts)

    def learn(self, data: pd.DataFrame) -> None:
        """Fix levels, polynomials, coding and names from the analysed rows."""
        present = [frozenset(term) for term in self.formula.terms]
        if self.formula.intercept:
            present.append(frozenset())
            self.names.append("Intercept")
            self.assign.append(0)
        for place, term in enumerate(self.formula.terms, 1):
            full = [frozenset(term) - {factor} not in present for factor in term]
            self.coding.append(full)
            labels = [self._columns(f, w, data)[1] for f, w in zip(term, full, strict=True)]
            if len(term) == 1 and full[0] and self._is_category(term[0], data):
                present.append(frozenset())  # its columns sum to the intercept: later categories leave one level out
            names = reduce(lambda a, b: [f"{x}:{y}" for y in b for x in a], labels)
            self.names += names
            self.assign += [place] * len(names)

    def term_name(self, number: int) -> str:
        """A term in words: its variables joined by "x"; number 0 is the intercept."""
        if number == 0:
            return "the intercept"
        return " x ".join(dict.fromkeys(c for factor in self.formula.terms[number - 1] for c in factor.node.columns()))

    def variables(self) -> tuple[str, ...]:
        """The data columns on the right-hand side."""
        return self.formula.columns()

    def _columns(self, factor: Factor, full: bool, data: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
        name = str(factor.node.value)
        if self._is_category(factor, data):
            return self._category(factor, full, data[name])
        if factor.kind in ("poly", "powers"):
            x = _numbers(data[name])
            powers = factor.kind == "powers"
            columns = x[:, None] ** np.arange(1, factor.degree + 1) if powers else self._poly(factor, x)
            return columns, [f"{factor.text}[{k}]" for k in range(1, factor.degree + 1)]
        values = np.asarray(_evaluate(factor.node, data), dtype=float)
        values = np.full(len(data), float(values)) if values.ndim == 0 else values
        return values[:, None], [factor.text]

    def _is_category(self, factor: Factor, data: pd.DataFrame) -> bool:
        if factor.kind != "plain":
            return factor.kind == "category"
        name = str(factor.node.value)
        if name not in self.numeric:  # decided by the data of the fit, not by those of a prediction
            self.numeric[name] = _is_numeric(data[name])
        return not self.numeric[name]

    def _category(self, factor: Factor, full: bool, column: pd.Series) -> tuple[np.ndarray, list[str]]:
        name = str(column.name)
        if name not in self.levels:
            self.levels[name] = category_levels(column)
        levels = list(self.levels[name])
        if factor.reference is not None:
            first = [v for v in levels if str(v) == factor.reference]
            if not first:
                raise FormulaError(f"{factor.text}: no level {factor.reference!r}; there are {levels}")
            levels = first + [v for v in levels if v not in first]
        codes = _codes(column, levels)
        shown = levels if full else levels[1:]
        start = 0 if full else 1
        matrix = (codes[:, None] == np.arange(start, len(levels))).astype(float)
        mark = "" if full else "T."
        return matrix, [f"{factor.text}[{mark}{_level_text(level)}]" for level in shown]

    def _poly(self, factor: Factor, x: np.ndarray) -> np.ndarray:
        """Orthogonal polynomials by the three-term recurrence of Kennedy & Gentle (1980), as R's ``poly``."""
        if factor.text not in self.polynomials:
            self.polynomials[factor.text] = _orthogonal(x, factor.degree)
        alpha, norm2 = self.polynomials[factor.text]
        columns = [np.ones_like(x), x - alpha[0]]
        for k in range(1, factor.degree):
            columns.append((x - alpha[k]) * columns[k] - norm2[k + 1] / norm2[k] * columns[k - 1])
        return np.column_stack(columns[1:]) / np.sqrt(norm2[2:])


def build_design(formula: Formula | str, data: pd.DataFrame) -> tuple[Design, np.ndarray]:
    """Learn a formula's design from complete rows; returns the design and its matrix."""
    parsed = parse_formula(formula, tuple(map(str, data.columns))) if isinstance(formula, str) else formula
    design = Design(parsed)
    design.learn(data)
    return design, design.matrix(data)


def _orthogonal(x: np.ndarray, degree: int) -> tuple[np.ndarray, np.ndarray]:
    if len(np.unique(x)) <= degree:
        raise FormulaError(f"poly() of degree {degree} needs more than {degree} different values")
    centre = x.mean()
    q, r = np.linalg.qr((x - centre)[:, None] ** np.arange(degree + 1))
    z = q * np.diag(r)
    norm2 = (z**2).sum(axis=0)
    alpha = ((x - centre)[:, None] * z**2).sum(axis=0)[:degree] / norm2[:degree] + centre
    return alpha, np.concatenate([[1.0], norm2])


def _rowwise_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    # the first factor varies fastest, as in R's and patsy's names
    return (b[:, :, None] * a[:, None, :]).reshape(len(a), -1)


def _is_numeric(column: pd.Series) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column))


def _numbers(column: pd.Series) -> np.ndarray:
    try:
        return column.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise FormulaError(f"column {column.name} must hold numbers") from error


def category_levels(column: pd.Series) -> list[Any]:
    """Levels of a column that occur: in the order of its categories, else sorted."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        present = set(column.dropna().unique())
        return [level for level in column.cat.categories if level in present]
    return sorted(column.dropna().unique().tolist(), key=lambda v: (str(type(v)), v))


def _codes(column: pd.Series, levels: list[Any]) -> np.ndarray:
    import pandas as pd

    # one look-up per distinct value, not per row
    held = column.array if isinstance(column.dtype, pd.CategoricalDtype) else pd.Categorical(column)
    lookup = pd.Index(levels, dtype=object).get_indexer(pd.Index(held.categories, dtype=object))
    codes = np.where(held.codes < 0, -1, lookup[held.codes] if len(lookup) else -1)
    if (codes < 0).any():
        unknown = sorted({str(v) for v in column[codes < 0].unique()})
        raise FormulaError(f"column {column.name}: level not seen when the model was fitted: {', '.join(unknown)}")
    return codes


def _level_text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _evaluate(node: Node, data: pd.DataFrame) -> np.ndarray | float:
    """Value of an arithmetic expression over the rows of ``data``."""
    if node.kind == "number":
        return float(node.value)
    if node.kind == "column":
        return _numbers(data[str(node.value)])
    values = [_evaluate(child, data) for child in node.children]
    if node.kind == "call":
        return getattr(np, str(node.value))(values[0])
    left, right = values
    operation = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power}[node.kind]
    return operation(left, right)
