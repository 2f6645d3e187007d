"""Implied thresholds, slopes and correlations of models with ordered variables, and their Jacobian.

Every ordered variable stands for a latent response y* cut at thresholds tau (Muthen 1984). Its scale is not observed:
under "delta" the scaling factor 1 / sd(y*) is a parameter (1 in one group) and the residual variance follows; under
"theta" the residual variance is a parameter and the factor follows. The statistics are, in the order of the observed
moments: delta (tau - mu) (and -mu of numeric variables), delta Pi, variances of numeric variables, delta_i delta_j
Sigma_ij below the diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .model import Cells, GroupModel, Implied, _cells, build_group
from .vech import vech_index, vech_position

if TYPE_CHECKING:
    from .table import ParameterTable


class Layout(NamedTuple):
    """Where each statistic stands and which variables it is about."""

    size: int
    th: np.ndarray  # positions of thresholds
    th_var: np.ndarray
    th_tau: np.ndarray  # index into the flat vector of thresholds
    mean: np.ndarray
    mean_var: np.ndarray
    slope: np.ndarray
    slope_var: np.ndarray
    slope_x: np.ndarray
    var: np.ndarray
    var_var: np.ndarray
    cov: np.ndarray
    cov_i: np.ndarray
    cov_j: np.ndarray


def layout(labels: list[tuple], names: list[str], exo: list[str], tau_start: dict[str, int]) -> Layout:
    """Positions from the labels of the observed statistics: ("th", v, k), ("mean", v), ("slope", v, x) ..."""
    at = {name: k for k, name in enumerate(names)}
    at_x = {name: k for k, name in enumerate(exo)}
    rows: dict[str, list[tuple]] = {kind: [] for kind in ("th", "mean", "slope", "var", "cov")}
    for position, label in enumerate(labels):
        kind, first = label[0], at[label[1]]
        if kind == "th":
            rows[kind].append((position, first, tau_start[label[1]] + int(label[2]) - 1))
        elif kind == "slope":
            rows[kind].append((position, first, at_x[label[2]]))
        elif kind == "cov":
            rows[kind].append((position, first, at[label[2]]))
        else:
            rows[kind].append((position, first))
    widths = {"th": 3, "mean": 2, "slope": 3, "var": 2, "cov": 3}
    columns = [np.asarray(rows[kind], dtype=np.intp).reshape(-1, widths[kind]).T for kind in rows]
    return Layout(len(labels), *(column for block in columns for column in block))


@dataclass
class CategoricalGroup:
    """One group: the linear model plus thresholds ``tau``, scaling factors ``delta`` and the layout of statistics."""

    linear: GroupModel
    ordered: np.ndarray  # p booleans
    tau: np.ndarray
    tau_cells: Cells
    delta: np.ndarray
    delta_cells: Cells
    layout: Layout
    parameterization: str

    def __post_init__(self) -> None:
        self.which = np.flatnonzero(self.ordered)
        self.diagonal = vech_position(self.linear.p)[self.which, self.which]

    def state(self, theta: np.ndarray) -> tuple[Implied, np.ndarray, np.ndarray]:
        """Implied moments of y*, scaling factors (p, 1 for numeric) and thresholds at ``theta``."""
        tau = self.tau.copy()
        tau[self.tau_cells.row] = theta[self.tau_cells.par]
        at = self.linear.implied(theta)
        scale = np.ones(self.linear.p)
        if self.parameterization == "theta":
            scale[self.which] = 1 / np.sqrt(_positive(np.diag(at.sigma)[self.which]))
            return at, scale, tau
        scale = self.delta.copy()
        scale[self.delta_cells.row] = theta[self.delta_cells.par]
        scale[~self.ordered] = 1.0
        _positive(scale[self.which])
        # residual variances that make Var(y*) = 1 / delta^2
        missing = 1 / scale[self.which] ** 2 - np.diag(at.sigma)[self.which]
        fg = at.fg[:, self.which]
        change = np.linalg.solve(fg[self.which] ** 2, missing)
        residual = at.s.copy()
        residual[self.which, self.which] += change
        sigma = at.sigma + (fg * change) @ fg.T
        e = at.e + (fg * change) @ at.g[:, self.which].T
        return at._replace(s=residual, sigma=sigma, e=e), scale, tau

    def stats(self, theta: np.ndarray) -> np.ndarray:
        """The implied statistics."""
        at, scale, tau = self.state(theta)
        pos = self.layout
        out = np.empty(pos.size)
        out[pos.th] = scale[pos.th_var] * (tau[pos.th_tau] - at.mu[pos.th_var])
        out[pos.mean] = -at.mu[pos.mean_var]
        out[pos.slope] = scale[pos.slope_var] * at.slopes[pos.slope_var, pos.slope_x]
        out[pos.var] = at.sigma[pos.var_var, pos.var_var]
        out[pos.cov] = scale[pos.cov_i] * scale[pos.cov_j] * at.sigma[pos.cov_i, pos.cov_j]
        return out

    def jacobian(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Statistics and their Jacobian (size x n_par)."""
        at, scale, tau = self.state(theta)
        pos, linear, n_par = self.layout, self.linear, self.linear.n_par
        p = linear.p
        d_sigma = linear.d_sigma(at)
        d_mu = linear.d_mu(at)
        d_tau = np.zeros((tau.size, n_par))
        d_tau[self.tau_cells.row, self.tau_cells.par] = 1.0
        d_scale = np.zeros((p, n_par))
        if self.parameterization == "theta":
            variance = np.diag(at.sigma)[self.which]
            d_scale[self.which] = -0.5 * (scale[self.which] / variance)[:, None] * d_sigma[self.diagonal]
        else:
            d_scale[self.delta_cells.row, self.delta_cells.par] = 1.0
            d_sigma = self._with_residuals(at, d_sigma, scale, d_scale)
        where = vech_position(p)
        out = np.zeros((pos.size, n_par))
        centred = tau[pos.th_tau] - at.mu[pos.th_var]
        s_th = scale[pos.th_var][:, None]
        out[pos.th] = s_th * (d_tau[pos.th_tau] - d_mu[pos.th_var]) + d_scale[pos.th_var] * centred[:, None]
        out[pos.mean] = -d_mu[pos.mean_var]
        if pos.slope.size:
            d_slopes = linear.d_slopes(at).reshape(-1, p, n_par)[pos.slope_x, pos.slope_var]
            slopes = at.slopes[pos.slope_var, pos.slope_x][:, None]
            out[pos.slope] = scale[pos.slope_var][:, None] * d_slopes + d_scale[pos.slope_var] * slopes
        out[pos.var] = d_sigma[where[pos.var_var, pos.var_var]]
        i, j = pos.cov_i, pos.cov_j
        si, sj, sigma = scale[i][:, None], scale[j][:, None], at.sigma[i, j][:, None]
        out[pos.cov] = si * sj * d_sigma[where[i, j]] + sigma * (d_scale[i] * sj + si * d_scale[j])
        stats = np.empty(pos.size)
        stats[pos.th] = scale[pos.th_var] * centred
        stats[pos.mean] = -at.mu[pos.mean_var]
        stats[pos.slope] = scale[pos.slope_var] * at.slopes[pos.slope_var, pos.slope_x]
        stats[pos.var] = at.sigma[pos.var_var, pos.var_var]
        stats[pos.cov] = scale[i] * scale[j] * at.sigma[i, j]
        return stats, out

    def _with_residuals(self, at: Implied, d_sigma, scale, d_scale) -> np.ndarray:
        """Add the change of the residual variances that keeps Var(y*) at 1 / delta^2."""
        fg = at.fg[:, self.which]
        rows, cols = vech_index(self.linear.p)
        by_residual = fg[rows] * fg[cols]
        target = -2 * d_scale[self.which] / scale[self.which][:, None] ** 3
        move = np.linalg.solve(by_residual[self.diagonal], target - d_sigma[self.diagonal])
        return d_sigma + by_residual @ move


def build_categorical(table: ParameterTable, group: int, moments, parameterization: str) -> CategoricalGroup:
    """The categorical model of group ``group`` for the statistics of ``moments`` (OrdinalMoments)."""
    linear = build_group(table, group, conditional=bool(moments.exo))
    at = {name: k for k, name in enumerate(linear.observed)}
    ordered = np.asarray(moments.ordered, dtype=bool)
    tau_start, total = {}, 0
    for name, values in zip(moments.names, moments.thresholds, strict=True):
        tau_start[name] = total
        total += len(values)
    tau, delta = np.zeros(total), np.ones(linear.p)
    free_tau, free_delta = [], []
    for lhs, op, rhs, where, number, value in zip(
        table.lhs, table.op, table.rhs, table.group, table.free, table.fixed, strict=True
    ):
        if where != group:
            continue
        if op == "|":
            cell = tau_start[lhs] + int(rhs[1:]) - 1
            if number:
                free_tau.append((cell, 0, number - 1))
            else:
                tau[cell] = value
        elif op == "~*~":
            if number:
                free_delta.append((at[lhs], 0, number - 1))
            elif np.isfinite(value):
                delta[at[lhs]] = value
    if parameterization == "delta":
        _no_ordered_residuals(linear, ordered)
    return CategoricalGroup(
        linear, ordered, tau, _cells(free_tau), delta, _cells(free_delta),
        layout(moments.labels, linear.observed, linear.exo, tau_start), parameterization,
    )  # fmt: skip


def _no_ordered_residuals(linear: GroupModel, ordered: np.ndarray) -> None:
    """Under delta the residual variances of ordered variables are not parameters: start from zero."""
    which = np.flatnonzero(ordered)
    linear.s[which, which] = 0.0


def _positive(values: np.ndarray) -> np.ndarray:
    if np.any(values <= 0):
        raise np.linalg.LinAlgError("a scaling factor or response variance is not positive")
    return values


def implied_correlation(group: CategoricalGroup, theta: np.ndarray) -> np.ndarray:
    """p x p implied covariance of the responses on the observed scale (1 for ordered variables under delta = 1)."""
    at, scale, _ = group.state(theta)
    return at.sigma * np.outer(scale, scale)


__all__ = ["CategoricalGroup", "Layout", "build_categorical", "implied_correlation", "layout"]
