"""What collinear predictors share and what each adds: dominance analysis and relative weights.

Azen & Budescu (2003, Psychol. Methods 8:129), for logits Azen & Traxel (2009) with McFadden's R2; Johnson's (2000)
relative weights for linear models. All subsets of the predictors are fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alliance.persistence.formula_syntax import parse_formula
from alliance.persistence.glm import fit_glm
from alliance.persistence.prepare import prepare

if TYPE_CHECKING:
    import pandas as pd

LIMIT = 12  # predictors; 4096 models


@dataclass(frozen=True)
class Dominance:
    """``general``: predictor, general (mean gain in R2), standardized (share), conf_low, conf_high (NaN without
    bootstrap); ``conditional``: gains by size k of the subset; ``complete``: 1 row dominates column, 0 is dominated, .5
    undecided; ``all_subsets``: R2 by "a+b" ("(none)"); ``total`` the R2 of all."""

    general: pd.DataFrame
    conditional: pd.DataFrame
    complete: pd.DataFrame
    all_subsets: dict[str, float]
    total: float
    n: int


def dominance(
    formula: str,
    data: pd.DataFrame,
    *,
    family: str = "logit",
    always: Sequence[str] = (),
    bootstrap: int = 0,
    cluster: str | None = None,
    seed: int = 1,
    level: float = 0.95,
    refit: bool = True,
) -> Dominance:
    """Dominance of the predictors on the right-hand side (up to 12 terms), beyond the terms ``always``.

    ``family`` linear (R2) or logit, probit (McFadden's R2); the gains are those over the model with the terms of
    ``always`` alone. ``bootstrap`` resamples rows, or whole clusters, for percentile intervals of general dominance.
    ``refit=False`` takes a logit's draws by expansion about the estimates of the sample, which is some forty times as
    fast (:mod:`alliance.persistence.dominance_bootstrap`).
    """
    import pandas as pd

    full = formula + "".join(f" + {term}" for term in always)
    ready = prepare(full, data, cluster=cluster)
    names = [ready.design.term_name(i) for i in range(1, len(ready.formula.terms) + 1)]
    held = {frozenset(t) for t in parse_formula(f"y ~ {' + '.join(always)}").terms} if always else set()
    fixed = [i for i, term in enumerate(ready.formula.terms) if frozenset(term) in held]
    free = [i for i in range(len(names)) if i not in fixed]
    if not 1 <= len(free) <= LIMIT:
        raise ValueError(f"dominance takes 1 to {LIMIT} predictors, not {len(free)}")
    link = {"linear": "identity", "logit": "logit", "probit": "probit"}[family]
    columns = [np.flatnonzero(np.array(ready.design.assign) == i + 1) for i in range(len(names))]
    base = np.concatenate([np.flatnonzero(np.array(ready.design.assign) == 0), *[columns[i] for i in fixed]]).astype(
        int
    )
    parts = [columns[i] for i in free]
    fits = _all_subsets(ready.y, ready.X, base, parts, link)
    general, conditional, complete = _summaries(fits, len(parts))
    labels = [names[i] for i in free]
    low = high = np.full(len(parts), np.nan)
    if bootstrap:
        if refit or link != "logit":
            draws = _bootstrap(ready.y, ready.X, ready.groups, base, parts, link, bootstrap, seed)
        else:
            from alliance.persistence.dominance_bootstrap import expanded_r2

            subsets = [_columns(base, parts, subset) for subset in range(2 ** len(parts))]
            values = expanded_r2(ready.y, ready.X, ready.groups, subsets, bootstrap, seed)
            draws = values @ np.array([_summaries(row, len(parts))[0] for row in np.eye(len(subsets))])  # it is linear
        low, high = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    table = pd.DataFrame(
        {
            "predictor": labels,
            "general": general,
            "standardized": general / general.sum(),
            "conf_low": low,
            "conf_high": high,
        }
    )
    by_size = pd.DataFrame(conditional, columns=labels)
    by_size.insert(0, "k", range(len(parts)))
    by_subset = {_label(labels, s): float(value) for s, value in enumerate(fits)}
    pairs = pd.DataFrame(complete, index=labels, columns=labels)
    return Dominance(table, by_size, pairs, by_subset, float(fits[-1]), len(ready.y))


def relative_weights(data: pd.DataFrame, outcome: str, predictors: Sequence[str]) -> pd.DataFrame:
    """Johnson's relative weights of a linear model: predictor, raw (sum = R2), rescaled (sum = 1)."""
    import pandas as pd

    rows = data[[outcome, *predictors]].dropna().to_numpy(float)
    R = np.corrcoef(rows, rowvar=False)
    values, vectors = np.linalg.eigh(R[1:, 1:])
    root = (vectors * np.sqrt(values)) @ vectors.T
    raw = root**2 @ np.linalg.solve(root, R[1:, 0]) ** 2
    return pd.DataFrame({"predictor": list(predictors), "raw": raw, "rescaled": raw / raw.sum()})


def collinearity(X: np.ndarray) -> dict[str, np.ndarray]:
    """Variance inflation factors of the columns and condition indices of the standardised columns, largest last."""
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    correlation = np.corrcoef(Z, rowvar=False)
    values = np.linalg.svd(Z, compute_uv=False)
    return {"vif": np.diag(np.linalg.inv(correlation)), "condition_indices": values[0] / values}


def _all_subsets(y, X, base: np.ndarray, parts: list[np.ndarray], link: str) -> np.ndarray:
    """R2 beyond the base model for each subset; bit j of the subset's number stands for part j."""
    values = np.empty(2 ** len(parts))
    for subset in range(len(values)):
        fit = fit_glm(y, X[:, _columns(base, parts, subset)], link)
        values[subset] = fit.score @ fit.score if link == "identity" else fit.log_likelihood
    if link == "identity":
        total = ((y - y.mean()) ** 2).sum()
        return (values[0] - values) / total
    rate = y.mean()
    null = len(y) * (rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    return (values[0] - values) / null


def _columns(base: np.ndarray, parts: list[np.ndarray], subset: int) -> np.ndarray:
    return np.concatenate([base, *[p for j, p in enumerate(parts) if subset >> j & 1]]).astype(int)


def _summaries(fits: np.ndarray, p: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    subsets = np.arange(2**p)
    sizes = np.array([int(s).bit_count() for s in subsets])
    conditional = np.empty((p, p))
    complete = np.full((p, p), np.nan)
    for j in range(p):
        without = subsets[(subsets >> j & 1) == 0]
        gains = fits[without | 1 << j] - fits[without]
        conditional[:, j] = [gains[sizes[without] == k].mean() for k in range(p)]
        for i in range(j):
            neither = without[(without >> i & 1) == 0]
            difference = fits[neither | 1 << i] - fits[neither | 1 << j]
            complete[i, j] = 1.0 if (difference > 0).all() else 0.0 if (difference < 0).all() else 0.5
            complete[j, i] = 1.0 - complete[i, j]
    return conditional.mean(axis=0), conditional, complete


def _bootstrap(y, X, groups, base, parts, link: str, draws: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    members = (
        None if groups is None else np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
    )
    found = np.full((draws, len(parts)), np.nan)
    for draw in range(draws):
        if members is None:
            rows = rng.integers(0, len(y), len(y))
        else:
            rows = np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
        if link == "identity" or 0 < y[rows].mean() < 1:
            found[draw] = _summaries(_all_subsets(y[rows], X[rows], base, parts, link), len(parts))[0]
    return found


def _label(names: list[str], subset: int) -> str:
    chosen = sorted(name for j, name in enumerate(names) if subset >> j & 1)
    return "+".join(chosen) or "(none)"
