"""Which part every variable plays in a model: latent or observed, predictor or outcome, indicator, covariate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from alliance.sem.syntax import Element


@dataclass(frozen=True)
class Roles:
    """Names by part, each in lavaan's order (first appearance within its kind).

    ``ov``: indicators, then dependent variables, then covariates, then those that only correlate.
    ``ov_x``: exogenous covariates whose moments the model text says nothing about (lavaan's ``fixed.x``);
    ``lv_x`` / ``y``: latent variables nothing predicts / dependent variables that predict nothing (their
    covariances are free by default).
    """

    lv: list[str]
    ov: list[str]
    ov_x: list[str]
    lv_x: list[str]
    y: list[str]

    @property
    def ov_nox(self) -> list[str]:
        """Observed variables without the fixed covariates."""
        return [name for name in self.ov if name not in self.ov_x]

    def rank(self, name: str) -> int:
        """Position in latent-then-observed order, by which ``~~`` pairs are written."""
        return (self.lv + self.ov).index(name)


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def roles_of(elements: list[Element]) -> Roles:
    """Sort the variables of one block's elements into their roles."""
    lv = _unique(e.lhs for e in elements if e.op == "=~")
    measured = {e.rhs for e in elements if e.op == "=~"}
    outcomes = _unique(e.lhs for e in elements if e.op == "~")
    predictors = _unique(e.rhs for e in elements if e.op == "~")
    spoken_of = set(chain.from_iterable((e.lhs, e.rhs) for e in elements if e.op in ("~~", "~1")))

    indicators = _unique(e.rhs for e in elements if e.op == "=~" and e.rhs not in lv)
    dependent = [name for name in outcomes if name not in lv and name not in indicators]
    covariates = [name for name in predictors if name not in lv and name not in indicators and name not in outcomes]
    others = chain.from_iterable((e.lhs, e.rhs) for e in elements if e.op in ("~~", "~1", "|", "~*~"))
    fixed = [name for name in covariates if name not in spoken_of]
    known = {*lv, "", *(e.rhs for e in elements if e.op == "|")}
    ov = _unique(chain(indicators, dependent, fixed, (name for name in chain(covariates, others) if name not in known)))
    dependent_only = [n for n in chain(lv, dependent) if n in outcomes and n not in predictors and n not in measured]
    return Roles(
        lv=lv,
        ov=ov,
        ov_x=fixed,
        lv_x=[name for name in lv if name not in measured and name not in outcomes],
        y=dependent_only,
    )
