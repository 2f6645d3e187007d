"""Samples from a fitted model or from a population written as model text: continuous and ordered variables, groups.

``simulate`` is what recovery, power and synthetic data rest on; the same seed gives the same rows on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .categorical import CategoricalGroup
from .model import GroupModel, build_group
from .results import Fit
from .syntax import Element, parse
from .syntax_tokens import ModelSyntaxError
from .table import ParameterTable, build_table

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """One group's distribution: normal with mean (p,) and cov (p, p), ordered variables cut at ``cuts``.

    ``codes`` are the values that the categories of an ordered variable get (1, 2, ... unless a fit knows better).
    """

    names: list[str]
    mean: FloatArray
    cov: FloatArray
    cuts: dict[str, FloatArray]
    codes: dict[str, FloatArray]

    def draw(self, n: int, rng: np.random.Generator) -> FloatArray:
        """n x p values."""
        root = _root(self.cov)
        values = self.mean + rng.standard_normal((n, len(self.names))) @ root.T
        for j, name in enumerate(self.names):
            if name in self.cuts:
                values[:, j] = self.codes[name][np.searchsorted(self.cuts[name], values[:, j], side="left")]
        return values


def simulate(
    source: Fit | str,
    n: int | Sequence[int] | None = None,
    seed: int | np.random.Generator = 0,
    *,
    group: str = "group",
    standardize: bool = True,
) -> pd.DataFrame:
    """Draw a sample.

    Parameters
    ----------
    source : a fitted model, or the population as model text in which every loading and regression has a value
        (``bond =~ 0.8*b1 + 0.7*b2``; ``x | -1*t1 + 0.5*t2`` makes x ordered). Values not written: covariances and
        intercepts 0, latent variances 1, residual variances what completes a variance of 1 (``standardize``) or 1.
    n : cases, or cases per group. Default: as many as the fit was made of.
    seed : integer or a numpy Generator.
    group : name of the column that says which group, when there are several (labels of the fit, or 1, 2, ...).

    Returns
    -------
    DataFrame of the observed variables, groups one after the other.

    Raises
    ------
    ModelSyntaxError : a value is missing or the implied covariance matrix is impossible.
    """
    import pandas as pd

    rng = seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)
    if isinstance(source, Fit):
        populations, labels = populations_of_fit(source), list(source.group_labels)
        sizes = [round(k) for k in source.n_obs]
    else:
        populations = populations_of_text(source, 1 if n is None or np.isscalar(n) else len(n), standardize)
        labels, sizes = list(range(1, len(populations) + 1)), [500] * len(populations)
    if n is not None:
        sizes = [int(n)] * len(populations) if np.isscalar(n) else [int(k) for k in n]  # type: ignore[union-attr,arg-type]
    if len(sizes) != len(populations):
        raise ValueError(f"n has {len(sizes)} entries but there are {len(populations)} groups")
    frames = []
    for population, label, size in zip(populations, labels, sizes, strict=True):
        frame = pd.DataFrame(population.draw(size, rng), columns=population.names)
        if len(populations) > 1:
            frame[group] = label
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def populations_of_fit(fit: Fit) -> list[Population]:
    """The implied distribution of every group; covariates that were conditioned on are normal with sample moments."""
    out = []
    for g, group in enumerate(fit.structure.groups):
        linear = fit.model[g]
        mean, sigma = fit.implied_matrices()[g]
        names = list(linear.observed)
        cuts: dict[str, FloatArray] = {}
        if isinstance(group, CategoricalGroup):
            at, _, tau = group.state(fit.theta)
            start = np.cumsum([0, *(len(t) for t in fit.observed[g].thresholds)])
            cuts = {name: tau[start[i] : start[i + 1]] for i, name in enumerate(names) if group.ordered[i]}
            if linear.exo:
                mean_x, cov_x = fit.observed[g].mean_x, fit.cov_x[g]
                slopes = at.slopes
                mean = mean + slopes @ mean_x
                cross = slopes @ cov_x
                sigma = np.block([[sigma + cross @ slopes.T, cross], [cross.T, cov_x]])
                mean, names = np.concatenate([mean, mean_x]), [*names, *linear.exo]
        codes = {name: np.asarray(fit.levels[name], dtype=float) for name in cuts}
        out.append(Population(names, np.asarray(mean, dtype=float), sigma, cuts, codes))
    return out


def populations_of_text(model: str, n_groups: int = 1, standardize: bool = True) -> list[Population]:
    """The distributions that a population model describes; see ``simulate``."""
    table = build_table(model, n_groups=n_groups, std_lv=True, fixed_x=False, meanstructure=True)
    lines = {(e.lhs, e.op, e.rhs): e.line for e in parse(model, n_groups) if isinstance(e, Element)}
    cuts = [_cuts(table, g + 1) for g in range(n_groups)]
    out = []
    for g in range(n_groups):
        filled = _fill(table, g + 1, lines)
        linear = build_group(filled, g + 1)
        cov, mean = _implied(linear, filled, g + 1, standardize)
        codes = {name: np.arange(1.0, len(c) + 2) for name, c in cuts[g].items()}
        out.append(Population(list(linear.observed), mean, cov, cuts[g], codes))
    return out


def _cuts(table: ParameterTable, group: int) -> dict[str, FloatArray]:
    cuts: dict[str, list[tuple[int, float]]] = {}
    for i, op in enumerate(table.op):
        if op == "|" and table.group[i] == group:
            cuts.setdefault(table.lhs[i], []).append((int(table.rhs[i][1:]), _given(table, i)))
    return {name: np.array([value for _, value in sorted(pairs)]) for name, pairs in cuts.items()}


def _given(table: ParameterTable, i: int) -> float:
    """The value written for row ``i``: fixed or start(); nan when none."""
    return float(table.fixed[i] if table.free[i] == 0 else table.start[i])


def _fill(table: ParameterTable, group: int, lines: Mapping[tuple[str, str, str], int]) -> ParameterTable:
    """Everything fixed at its population value; residual variances not written are nan."""
    from dataclasses import replace

    values = np.array([_given(table, i) for i in range(len(table))])
    for i, (lhs, op, rhs) in enumerate(zip(table.lhs, table.op, table.rhs, strict=True)):
        if table.group[i] != group or op == ":=":
            continue
        if np.isnan(values[i]) and op in ("=~", "~", "|"):
            raise ModelSyntaxError(
                f"the population needs a value for '{lhs} {op} {rhs}'", lines.get((lhs, op, rhs), 1), rhs,
                f"write a number before it: 0.7*{rhs}",
            )  # fmt: skip
        written = table.user[i] and not np.isnan(values[i])
        if op == "~~" and lhs == rhs and lhs not in table.lv_names:
            values[i] = values[i] if written else np.nan
        elif op == "~~" and lhs == rhs and np.isnan(values[i]):
            values[i] = 1.0
        elif np.isnan(values[i]):
            values[i] = 0.0
    return replace(table, free=np.zeros_like(table.free), fixed=values)


def _implied(linear: GroupModel, table: ParameterTable, group: int, standardize: bool) -> tuple[FloatArray, FloatArray]:
    """Covariance and mean of the observed variables, open residual variances completed."""
    p = linear.p
    open_ = np.flatnonzero(np.isnan(np.diag(linear.s)[:p]))
    s = linear.s.copy()
    s[open_, open_] = 0.0
    theta = np.empty(0)
    if standardize and len(open_):
        fg = linear.implied(theta, s).fg
        explained = np.diag(linear.implied(theta, s).sigma)[open_]
        s[open_, open_] = np.linalg.solve(fg[np.ix_(open_, open_)] ** 2, 1.0 - explained)
    else:
        s[open_, open_] = 1.0
    at = linear.implied(theta, s)
    for j in open_:
        if s[j, j] <= 0:
            raise ModelSyntaxError(
                f"'{linear.observed[j]}' has more explained variance than 1", 1, linear.observed[j],
                "lower its loadings or write its residual variance, and use standardize=False",
            )  # fmt: skip
    _root(at.sigma)
    return at.sigma, at.mu


def _root(cov: FloatArray) -> FloatArray:
    """A matrix R with R R' = cov: Cholesky, or from eigenvectors when cov is singular."""
    try:
        return np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(cov)
    if values[0] < -1e-8 * max(1.0, values[-1]):
        raise ModelSyntaxError("the implied covariance matrix is not positive semi-definite", 1,
                               remedy="check covariances and residual variances")  # fmt: skip
    return vectors * np.sqrt(np.maximum(values, 0.0))
