"""Reliability of sums of items from a fitted model: omega and its relatives, AVE and explained common variance.

For the sum of the items J of a factor f with total effects t (direct and through other factors) the variance that f
explains is (1't)^2 Var(f). Omega (McDonald 1999) divides it by the model-implied variance of the sum. For ordered
items the sum is one of category numbers: its variance and the part due to f follow from the thresholds and bivariate
normal probabilities (Green & Yang 2009, eq. 21).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .bivariate import binormal_cdf

if TYPE_CHECKING:
    from .results import Fit

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Composite:
    """A factor with the items whose sum is scored: positions among the group's observed variables."""

    group: int
    factor: str
    items: list[int]
    general: bool


def composites(fit: Fit) -> list[Composite]:
    """Every latent variable of every group with the items it reaches; ``general`` for second-order and bifactors."""
    out = []
    for g, model in enumerate(fit.model):
        arrows = (np.abs(model.a) > 0).astype(float)
        arrows[model.a_cells.row, model.a_cells.col] = 1.0
        structural = {fit.table.lhs[k] for k in range(len(fit.table)) if fit.table.op[k] == "~"}
        direct = {f: set(np.flatnonzero(arrows[: model.p, model.p + k])) for k, f in enumerate(model.latent)}
        measured = {fit.table.rhs[k] for k in range(len(fit.table)) if fit.table.op[k] == "=~"}
        direct = {f: {i for i in items if model.observed[i] in measured} for f, items in direct.items()}
        for f in model.latent:
            reached, below = set(direct[f]), [f]
            while below:
                parent = below.pop()
                children = [
                    rhs
                    for lhs, op, rhs in zip(fit.table.lhs, fit.table.op, fit.table.rhs, strict=True)
                    if op == "=~" and lhs == parent and rhs in direct
                ]
                for child in children:
                    reached |= direct[child]
                    below.append(child)
            others = [items for name, items in direct.items() if name != f and items and items <= reached]
            items = sorted(i for i in reached if model.observed[i] not in structural)
            if items:
                out.append(Composite(g, f, items, general=len(others) >= 2))
    return out


def coefficients(fit: Fit, scales: list[Composite], theta: FloatArray) -> dict[tuple[int, str, str], float]:
    """(group from 1, factor, coefficient) -> value at ``theta``, for the ``scales`` from ``composites``.

    omega: share of the variance of the sum that is due to the factor (omega-hierarchical for a general factor, and
    for the group factors of a bifactor model); omega_total: due to all factors together; ave: mean share of the
    items' variance (of the latent responses when ordered); ecv: share of common variance, general factors only;
    omega_latent: omega of the latent responses, ordered items only.
    """
    out: dict[tuple[int, str, str], float] = {}
    states = [_state(fit, g, theta) for g in range(fit.n_groups)]
    for composite in scales:
        state = states[composite.group]
        items = np.array(composite.items)
        f = state.factors.index(composite.factor)
        sigma = state.sigma[np.ix_(items, items)]
        due = _outer(state.effects[items, f]) * state.variances[f]
        common = state.common[np.ix_(items, items)]
        key = (composite.group + 1, composite.factor)
        overlapping = composite.general or state.overlaps(items, f)
        cuts = [state.thresholds[i] for i in items] if state.thresholds is not None else [np.empty(0)]
        if state.thresholds is not None:
            # latent responses have no unit of their own: unit variance makes delta and theta agree
            due, common, sigma = (_standardised(part, sigma) for part in (due, common, sigma))
        total = float(sigma.sum())
        if not all(len(c) for c in cuts):
            out[*key, "omega"] = float(due.sum()) / total
            if overlapping:
                out[*key, "omega_total"] = float(common.sum()) / total
        else:
            out[*key, "omega_latent"] = float(due.sum()) / total
            variance = ordinal_covariance(cuts, sigma, own=True)
            out[*key, "omega"] = ordinal_covariance(cuts, due) / variance
            if overlapping:
                out[*key, "omega_total"] = ordinal_covariance(cuts, common) / variance
        out[*key, "ave"] = float(np.mean(np.diag(due) / np.diag(sigma)))
        if composite.general:
            out[*key, "ecv"] = float(np.trace(due) / np.trace(common))
    return out


@dataclass(frozen=True)
class _State:
    """Moments of one group: observed p, factors m."""

    factors: list[str]
    sigma: FloatArray
    effects: FloatArray  # p x m, total effects of the factors
    variances: FloatArray  # m
    common: FloatArray  # p x p, covariance due to all factors
    direct: FloatArray  # p x m
    thresholds: list[FloatArray] | None  # standardised on sigma's scale

    def overlaps(self, items: NDArray[np.int64], f: int) -> bool:
        """Whether another factor loads directly on two or more of the items."""
        others = np.delete(self.direct[items], f, axis=1)
        return bool(np.any((np.abs(others) > 0).sum(axis=0) >= 2))


def _state(fit: Fit, g: int, theta: FloatArray) -> _State:
    group, linear = fit.structure.groups[g], fit.model[g]
    thresholds = None
    p = linear.p
    if fit.structure.ordinal:
        at, _, tau = group.state(theta)
        start = np.cumsum([0, *(len(t) for t in fit.observed[g].thresholds)])
        sd = np.sqrt(np.diag(at.sigma))
        thresholds = [(tau[start[i] : start[i + 1]] - at.mu[i]) / sd[i] for i in range(p)]
    else:
        at = group.implied(theta)
    full = at.g @ at.s @ at.g.T
    arrows = linear.identity - np.linalg.inv(at.g)
    # covariance due to the factors: residuals of the observed variables switched off
    silent = at.s.copy()
    silent[:p, :] = silent[:, :p] = 0.0
    common = (at.fg @ silent @ at.fg.T)[:p, :p]
    return _State(
        linear.latent, at.sigma, at.fg[:, p:], np.diag(full)[p:], common, arrows[:p, p:], thresholds
    )  # fmt: skip


def _outer(t: FloatArray) -> FloatArray:
    return np.outer(t, t)


def _standardised(part: FloatArray, sigma: FloatArray) -> FloatArray:
    """``part`` of a covariance matrix in units of the standard deviations of ``sigma``."""
    sd = np.sqrt(np.diag(sigma))
    return part / np.outer(sd, sd)


def ordinal_covariance(cuts: list[FloatArray], correlation: FloatArray, *, own: bool = False) -> float:
    """Sum of all covariances of category numbers of responses with these standardised thresholds.

    Cov = sum over thresholds c, c' of Phi2(tau_c, tau_c'; rho) - Phi(tau_c) Phi(tau_c'). ``own`` True: ``correlation``
    is that of the responses themselves, so an item with itself has Phi(min(tau_c, tau_c')); else it is that between two
    parallel measurements.
    """
    from scipy.special import ndtr

    item = np.repeat(np.arange(len(cuts)), [len(c) for c in cuts])
    tau = np.concatenate(cuts)
    rho = correlation[np.ix_(item, item)]
    below = ndtr(tau)
    both = binormal_cdf(tau[:, None], tau[None, :], np.clip(rho, -0.999999, 0.999999))
    if own:
        same = item[:, None] == item[None, :]
        both = np.where(same, np.minimum.outer(below, below), both)
    return float(np.sum(both - np.outer(below, below)))
