"""One chain of chained equations on plain arrays: visit the incomplete variables in turn, draw, repeat.

Knows numpy only, so that worker processes start quickly. All columns of the design are standardised by the observed
values; the cross-products of all columns are kept up to date, so a visit costs rows x columns, not rows x columns^2.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from alliance.survey.imputation_clusters import ClusterRows, Intercepts, gibbs_linear, gibbs_probit
from alliance.survey.imputation_draws import category_probabilities, draw_categories, linear_draw, match
from alliance.survey.imputation_ordinal import ordered_probabilities


@dataclass(frozen=True)
class Variable:
    """data (n,): floats or category codes 0..levels-1, NaN where missing; levels 0 for numbers."""

    name: str
    data: np.ndarray
    levels: int = 0


@dataclass(frozen=True)
class Target:
    """A variable to impute: its method, and the names of the terms that predict it."""

    name: str
    method: str
    predictors: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """What a chain needs; everything can be pickled.

    passive: name -> (members, function "mean" or "sum"), recomputed whenever a member changes; cluster (n,) codes from
    0, or None; means: variables and passive terms whose cluster means are terms, named "mean(<name>)".
    """

    variables: tuple[Variable, ...]
    targets: tuple[Target, ...]
    passive: dict[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)
    cluster: np.ndarray | None = None
    means: tuple[str, ...] = ()
    donors: int = 5


@dataclass
class ChainResult:
    """imputed: name -> values of the missing cells in row order (numbers or category codes).

    mean, sd: (iterations, targets) of the imputed values after each iteration (of categories: of their codes).
    """

    imputed: dict[str, np.ndarray]
    mean: np.ndarray
    sd: np.ndarray


class Design:
    """The columns of all terms, first the intercept, with their cross-products."""

    def __init__(self, problem: Problem, filled: dict[str, np.ndarray]):
        self.problem = problem
        self.filled = filled
        self.kind = {v.name: v for v in problem.variables}
        n = len(next(iter(filled.values())))
        self.users = {
            v.name: [p for p, (members, _) in problem.passive.items() if v.name in members] for v in self.kind.values()
        }
        self.columns: dict[str, np.ndarray] = {}
        self.centre: dict[str, np.ndarray] = {}
        self.scale: dict[str, np.ndarray] = {}
        self.start: dict[str, np.ndarray] = {}  # estimates of the last visit, to start the next from
        size = 1
        for name in [*self.kind, *problem.passive, *(f"mean({m})" for m in problem.means)]:
            width = max(self.kind[name].levels - 1, 1) if name in self.kind else 1
            width = self._width(name[5:-1]) if name.startswith("mean(") else width
            self.columns[name] = np.arange(size, size + width)
            size += width
        self.z = np.zeros((n, size))
        self.z[:, 0] = 1.0
        if problem.cluster is not None:
            self.sizes = np.maximum(np.bincount(problem.cluster), 1)
        for name in [*self.kind, *problem.passive]:
            raw = self._raw(name)
            self.centre[name] = raw.mean(axis=0)
            sd = raw.std(axis=0)
            self.scale[name] = np.where(sd > 1e-12, sd, 1.0)
            self._place(name, raw)
        self.refresh()

    def _width(self, name: str) -> int:
        return len(self.columns[name])

    def _raw(self, name: str) -> np.ndarray:
        """(n, width) unscaled columns of a variable or passive term."""
        if name in self.problem.passive:
            members, function = self.problem.passive[name]
            total = sum(self.filled[m] for m in members)
            return (total / len(members) if function == "mean" else total)[:, None]
        levels = self.kind[name].levels
        if levels == 0:
            return self.filled[name][:, None]
        return (self.filled[name][:, None] == np.arange(1, levels)).astype(float)

    def _place(self, name: str, raw: np.ndarray) -> list[np.ndarray]:
        """Write the columns of a term and of its cluster means; returns the places written."""
        at = self.columns[name]
        self.z[:, at] = (raw - self.centre[name]) / self.scale[name]
        written = [at]
        if name in self.problem.means:
            cluster = self.problem.cluster
            means_at = self.columns[f"mean({name})"]
            for a, b in zip(at, means_at, strict=True):
                means = np.bincount(cluster, self.z[:, a], minlength=len(self.sizes)) / self.sizes
                self.z[:, b] = means[cluster]
            written.append(means_at)
        return written

    def refresh(self) -> None:
        """Cross-products anew (rounding of the updates does not build up over iterations)."""
        self.gram = self.z.T @ self.z

    def update(self, name: str) -> None:
        """After ``filled[name]`` changed: its columns, the passive terms built on it and the cross-products."""
        written = self._place(name, self._raw(name))
        for user in self.users[name]:
            written += self._place(user, self._raw(user))
        at = np.concatenate(written)
        products = self.z.T @ self.z[:, at]
        self.gram[:, at] = products
        self.gram[at] = products.T


def run_chain(problem: Problem, iterations: int, seed: np.random.SeedSequence) -> ChainResult:
    """One imputation: fill with random observed values, then ``iterations`` rounds over the targets."""
    rng = np.random.default_rng(seed)
    missing = {v.name: np.flatnonzero(np.isnan(v.data)) for v in problem.variables}
    observed = {v.name: np.flatnonzero(~np.isnan(v.data)) for v in problem.variables}
    filled = {}
    for v in problem.variables:
        values = v.data.copy()
        if len(missing[v.name]):
            values[missing[v.name]] = rng.choice(values[observed[v.name]], size=len(missing[v.name]))
        filled[v.name] = values
    design = Design(problem, filled)
    places = {
        t.name: np.concatenate([[0], *(design.columns[p] for p in t.predictors)]).astype(np.intp)
        for t in problem.targets
    }
    clusters = 0 if problem.cluster is None else len(design.sizes)
    states = {
        t.name: Intercepts(
            ClusterRows(observed[t.name], problem.cluster[observed[t.name]], clusters), np.zeros(clusters)
        )
        for t in problem.targets
        if t.method.startswith("2l.")
    }
    mean, sd = np.full((2, iterations, len(problem.targets)), np.nan)
    for iteration in range(iterations):
        design.refresh()
        for k, target in enumerate(problem.targets):
            mis, obs = missing[target.name], observed[target.name]
            values = _draw(design, target, places[target.name], obs, mis, states.get(target.name), rng)
            filled[target.name][mis] = values
            design.update(target.name)
            mean[iteration, k], sd[iteration, k] = values.mean(), values.std(ddof=1) if len(values) > 1 else 0.0
    return ChainResult({t.name: filled[t.name][missing[t.name]] for t in problem.targets}, mean, sd)


def _draw(
    design: Design,
    target: Target,
    at: np.ndarray,
    obs: np.ndarray,
    mis: np.ndarray,
    state: Intercepts | None,
    rng: np.random.Generator,
) -> np.ndarray:
    """New values of the target's missing cells (numbers or category codes)."""
    values, levels = design.filled[target.name], design.kind[target.name].levels
    if target.method in ("logreg", "polyreg"):
        codes = values[obs].astype(np.int64)
        X, new = design.z[np.ix_(obs, at)], design.z[np.ix_(mis, at)]
        p, design.start[target.name] = category_probabilities(X, codes, new, levels, rng, design.start.get(target.name))
        return draw_categories(p, rng).astype(float)
    if target.method == "polr":
        steps, codes = np.unique(values[obs], return_inverse=True)
        X, new, start = design.z[np.ix_(obs, at)], design.z[np.ix_(mis, at)], design.start.get(target.name)
        p, design.start[target.name] = ordered_probabilities(X, codes, new, len(steps), rng, start)
        return steps[draw_categories(p, rng)]
    if target.method == "2l.probit":
        assert state is not None
        cluster = design.problem.cluster
        visit = gibbs_probit(design.z[np.ix_(obs, at)], values[obs], cluster[obs], state, rng)
        eta = design.z[np.ix_(mis, at)] @ visit.coefficients + visit.effects[cluster[mis]]
        return (eta + rng.standard_normal(len(mis)) > 0).astype(float)
    return _draw_number(design, target, at, obs, mis, state, rng)


def _draw_number(design, target, at, obs, mis, state, rng) -> np.ndarray:
    """Linear model, alone or with random intercepts; matched to donors or with a normal residual."""
    own = int(design.columns[target.name][0])
    used = np.append(at, own)
    rows = design.z[np.ix_(mis, used)]
    gram = design.gram[np.ix_(used, used)] - rows.T @ rows  # of the rows with an observed value
    cross, square, gram = gram[:-1, -1], float(gram[-1, -1]), gram[:-1, :-1]
    if state is None:
        drawn = linear_draw(gram, cross, square, len(obs), rng)
        shift_obs = shift_mis = 0.0
        estimate, draw, sigma = drawn.estimate, drawn.draw, drawn.sigma
    else:
        cluster, sums = design.problem.cluster, state.rows.sums(design.z)
        visit = gibbs_linear(gram, cross, square, sums[:, at], sums[:, own], state.rows.counts, state, rng)
        estimate, draw, sigma = visit.mean_coefficients, visit.coefficients, visit.sigma
        shift_obs, shift_mis = visit.mean_effects[cluster[obs]], visit.effects[cluster[mis]]
    wanted = rows[:, :-1] @ draw + shift_mis
    if target.method in ("norm", "2l.norm"):
        z = wanted + sigma * rng.standard_normal(len(mis))
        return z * design.scale[target.name][0] + design.centre[target.name][0]
    full = np.zeros(design.z.shape[1])
    full[at] = estimate
    predicted = (design.z @ full)[obs] + shift_obs
    return design.filled[target.name][obs][match(predicted, wanted, design.problem.donors, rng)]
