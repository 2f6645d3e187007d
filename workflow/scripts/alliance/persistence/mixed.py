"""Mixed logits: random effects in lme4's notation, estimated by maximum (approximate) likelihood."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alliance.persistence.formula import build_design
from alliance.persistence.formula_syntax import FormulaError
from alliance.persistence.glm import fit_glm
from alliance.persistence.mixed_scalar import ScalarRandomIntercept
from alliance.persistence.prepare import Prepared
from alliance.persistence.result import OutcomeFit

if TYPE_CHECKING:
    import pandas as pd

TERM = re.compile(r"\(\s*([^|()]+?)\s*\|\s*([^|()]+?)\s*\)")
SINGULAR = 1e-4  # standard deviation of a random effect, on the logit scale, that counts as zero

Evaluate = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class RandomTerm:
    """One random term: ``inner`` ("1" or "1 + urban") varies by the combinations of ``columns``."""

    inner: str
    columns: tuple[str, ...]

    @property
    def name(self) -> str:
        """Grouping factor as lme4 names it: nested ones "mentor:program"."""
        return ":".join(reversed(self.columns))

    @property
    def scalar(self) -> bool:
        """Whether it is a random intercept alone."""
        return self.inner.replace(" ", "") == "1"


def parse_random(text: str, columns: tuple[str, ...]) -> list[RandomTerm]:
    """Read ``(1 | program) + (1 + x | mentor)``; ``(1 | program/mentor)`` is nested. Raises FormulaError."""
    found = TERM.findall(text)
    rest = TERM.sub("", text).replace("+", "").strip()
    if not found or rest:
        raise FormulaError(f"random effects {text!r}: write (1 | program) or (1 + x | program), joined by +")
    terms = []
    for inner, group in found:
        parts = [part.strip() for part in group.split("/")]
        unknown = [part for part in parts if part not in columns]
        if unknown:
            raise FormulaError(f"random effects {text!r}: no such column: {', '.join(unknown)}")
        terms += [RandomTerm(inner, tuple(parts[: i + 1])) for i in range(len(parts))]
    return terms


def random_columns(text: str, columns: tuple[str, ...]) -> list[str]:
    """The data columns that a random part needs."""
    needed = []
    for term in parse_random(text, columns):
        needed += list(term.columns)
        if not term.scalar:
            from alliance.persistence.formula_syntax import parse_formula

            needed += list(parse_formula(f"{term.columns[0]} ~ {term.inner}", columns).columns())
    return list(dict.fromkeys(needed))


def group_codes(data: pd.DataFrame, term: RandomTerm) -> tuple[np.ndarray, list[str]]:
    """Code of each row's level of a random term, and the levels' names."""
    import pandas as pd

    labels = data[term.columns[0]].astype(str)
    for column in term.columns[1:]:
        labels = data[column].astype(str) + ":" + labels
    codes, names = pd.factorize(labels, sort=True)
    return codes, [str(name) for name in names]


def fit_mixed_logit(ready: Prepared, random: str, quadrature: int, level: float) -> OutcomeFit:
    """Fit a logit with random effects to prepared rows; ``quadrature`` nodes (1 = Laplace) need one random intercept.

    Standard errors come from the numeric second derivative of the log-likelihood over all parameters, as in lme4.
    """
    terms = parse_random(random, tuple(ready.data.columns))
    single = len(terms) == 1 and terms[0].scalar
    if quadrature > 1 and not single:
        raise ValueError("quadrature with more than one node needs exactly one random intercept")
    start = fit_glm(ready.y, ready.X, "logit", ready.weights)
    kept = ~start.aliased
    X = ready.X[:, kept]
    Q, R = np.linalg.qr(X)
    Q, R = Q * np.sqrt(len(X)), R / np.sqrt(len(X))
    codes = [group_codes(ready.data, term) for term in terms]
    if single:
        model = ScalarRandomIntercept(ready.y, Q, codes[0][0], ready.weights, quadrature)
        labels = [["Intercept"]]
        theta = np.array([0.5])
    else:
        from alliance.persistence.mixed_general import GeneralRandomEffects

        designs = [build_design(f"{ready.formula.outcome} ~ {t.inner}", ready.data) for t in terms]
        labels = [design.names for design, _ in designs]
        model = GeneralRandomEffects(ready.y, Q, [c for c, _ in codes], [Z for _, Z in designs], ready.weights)
        theta = model.start()
    beta = R @ start.coef[kept]
    scale = np.concatenate([np.full(len(beta), start.weight.sum()), np.full(len(theta), 2.0 * len(codes[0][1]))])
    parameters, value, hessian, converged = maximise(model.evaluate, np.concatenate([beta, theta]), scale)
    return _result(
        ready, terms, labels, codes, model, parameters, value, hessian, converged, R, kept, level, quadrature
    )


def maximise(evaluate: Evaluate, start: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, float, np.ndarray, bool]:
    """Maximum of a log-likelihood with gradient: BFGS, then Newton steps.

    ``scale`` is a first guess of the curvature of each parameter. Returns parameters, value, Hessian and whether the
    gradient has vanished.
    """
    from scipy.optimize import minimize

    def negative(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = evaluate(parameters)
        return -value, -gradient

    options = {"gtol": 1e-3, "maxiter": 500, "hess_inv0": np.diag(1 / scale)}
    x = minimize(negative, start, jac=True, method="BFGS", options=options).x
    value, gradient = evaluate(x)
    hessian = numeric_hessian(evaluate, x)
    far = False
    for _ in range(20):
        step = np.linalg.lstsq(-hessian, gradient, rcond=None)[0]
        if not np.isfinite(step).all() or np.abs(step).max() > 0.5 or np.abs(step).max() < 1e-8:
            break
        new, new_gradient = evaluate(x + step)
        if new < value - 1e-9 * (1 + abs(value)):
            break
        x, value, gradient = x + step, new, new_gradient
        far |= bool(np.abs(step).max() > 1e-4)
    if far:
        hessian = numeric_hessian(evaluate, x)
    return x, value, hessian, bool(np.abs(gradient / np.sqrt(scale)).max() < 1e-3)


def numeric_hessian(evaluate: Evaluate, x: np.ndarray, step: float = 1e-4) -> np.ndarray:
    """Second derivatives by central differences of the gradient."""
    rows = []
    for i in range(len(x)):
        move = np.zeros_like(x)
        move[i] = step
        rows.append((evaluate(x + move)[1] - evaluate(x - move)[1]) / (2 * step))
    hessian = np.array(rows)
    return (hessian + hessian.T) / 2


def _result(
    ready, terms, labels, codes, model, parameters, value, hessian, converged, R, kept, level, quadrature
) -> OutcomeFit:
    import pandas as pd

    p = R.shape[0]
    singular = [term.name for term, factor in zip(terms, _factors(parameters[p:], labels), strict=True)
                if np.sqrt((factor**2).sum(axis=1)).min() < SINGULAR or _flat(factor)]  # fmt: skip
    information = -hessian
    if singular:  # at the boundary the effects' own directions carry no curvature
        information = information[:p, :p]
    inverse = np.linalg.inv(information)[:p, :p]
    back = np.linalg.inv(R)
    V = np.full((len(kept), len(kept)), np.nan)
    V[np.ix_(kept, kept)] = back @ inverse @ back.T
    coef = np.full(len(kept), np.nan)
    coef[kept] = back @ parameters[:p]
    status, reason = "ok", ""
    if singular:
        status, reason = "singular_random_effect", f"variance at its limit (no variation found): {', '.join(singular)}"
    elif not converged:
        status, reason = "not_converged", "the likelihood's maximum was not reached"
    if (~kept).any():
        names = [n for n, k in zip(ready.design.names, kept, strict=True) if not k]
        reason = "; ".join(filter(None, [reason, f"left out as combinations of other terms: {', '.join(names)}"]))
    factors = _factors(parameters[p:], labels)
    rows = []
    for term, names, factor in zip(terms, labels, factors, strict=True):
        covariance = factor @ factor.T
        for i, first in enumerate(names):
            for j in range(i + 1):
                spread = np.sqrt(covariance[i, i] * covariance[j, j])
                rows.append(
                    {
                        "group": term.name, "term_1": names[j], "term_2": "" if i == j else first,
                        "variance": covariance[i, j],
                        "sd_or_correlation": np.sqrt(covariance[i, i]) if i == j else covariance[i, j] / spread,
                        "levels": len(codes[terms.index(term)][1]),
                    }
                )  # fmt: skip
    modes = {
        term.name: pd.DataFrame(effects, index=names_of, columns=columns)
        for term, (_, names_of), columns, effects in zip(
            terms, codes, labels, _modes(model, parameters, p), strict=True
        )
    }
    first = factors[0] @ factors[0].T
    return OutcomeFit(
        "mixed_logit", "logit", ready.design.names, coef, V, np.where(kept, np.inf, np.nan), "model",
        len(ready.y), int(ready.y.sum()), len(codes[0][1]), ready.n_dropped, status, reason, float(value), converged,
        level, ready.design, ready.data, ready.weights, None, kept, pd.DataFrame(rows),
        {"random_effects": modes, "icc": float(first[0, 0] / (first[0, 0] + np.pi**2 / 3)), "quadrature": quadrature},
    )  # fmt: skip


def _modes(model, parameters: np.ndarray, p: int) -> list[np.ndarray]:
    if isinstance(model, ScalarRandomIntercept):
        model.evaluate(parameters)
        return [(parameters[p] * model.u)[:, None]]
    return model.modes(parameters)


def _factors(theta: np.ndarray, labels: list[list[str]]) -> list[np.ndarray]:
    """Lower triangular factors of the covariances, column by column as in lme4, with positive diagonals."""
    found, at = [], 0
    for names in labels:
        r = len(names)
        factor = np.zeros((r, r))
        rows, columns = np.tril_indices(r)
        order = np.lexsort((rows, columns))
        factor[rows[order], columns[order]] = theta[at : at + len(rows)]
        at += len(rows)
        found.append(factor * np.where(np.diag(factor) < 0, -1.0, 1.0))
    return found


def _flat(factor: np.ndarray) -> bool:
    return bool(np.abs(np.diag(factor)).min() < SINGULAR)
