"""Standardised solution (std.lv and std.all) and its delta-method standard errors.

Latent variables are scaled to unit variance (std.lv); then observed variables as well (std.all). Residual covariances
become residual correlations. Exogenous covariates that were conditioned on are scaled by their sample deviations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .results import Fit


def deviations(fit: Fit, theta: np.ndarray) -> list[dict[str, float]]:
    """Model-implied standard deviation of every variable, observed and latent, in each group (nan if negative)."""
    out = []
    for g, group in enumerate(fit.structure.groups):
        if fit.structure.ordinal:
            at, _, _ = group.state(theta)
            linear = group.linear
        else:
            at, linear = group.implied(theta), group
        variances = np.diag(at.g @ at.s @ at.g.T).copy()
        sd: dict[str, float] = {}
        if linear.exo:
            cov_x = fit.cov_x[g]
            variances += np.einsum("ix,xy,iy->i", at.gb, cov_x, at.gb)
            sd.update(zip(linear.exo, np.sqrt(np.diag(cov_x)), strict=True))
        variances[variances < 0] = np.nan
        sd.update(zip([*linear.observed, *linear.latent], np.sqrt(variances), strict=True))
        out.append(sd)
    return out


def standardize(fit: Fit, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """std.lv and std.all, one value per row of the parameter table."""
    table = fit.table
    rows = fit.row_values(theta)
    latent = set(table.lv_names)
    by_group = deviations(fit, theta)
    variances = {
        (table.group[k], table.lhs[k]): rows[k]
        for k in range(len(rows))
        if table.op[k] == "~~" and table.lhs[k] == table.rhs[k]
    }
    std_lv, std_all = rows.copy(), rows.copy()
    for k, (lhs, op, rhs, g) in enumerate(zip(table.lhs, table.op, table.rhs, table.group, strict=True)):
        if g == 0:
            continue
        sd = by_group[g - 1]
        lv, both = 1.0, 1.0
        if op == "=~":
            lv = sd[lhs] / (sd[rhs] if rhs in latent else 1.0)
            both = sd[lhs] / sd[rhs]
        elif op == "~":
            lv = (sd[rhs] if rhs in latent else 1.0) / (sd[lhs] if lhs in latent else 1.0)
            both = sd[rhs] / sd[lhs]
        elif op == "~~" and lhs == rhs:
            both = 1 / sd[lhs] ** 2
            lv = both if lhs in latent else 1.0
        elif op == "~~":
            scale = [1 / np.sqrt(abs(variances.get((g, name), np.nan)) or np.nan) for name in (lhs, rhs)]
            both = scale[0] * scale[1]
            lv = (scale[0] if lhs in latent else 1.0) * (scale[1] if rhs in latent else 1.0)
        elif op in ("~1", "|"):
            both = 1 / sd[lhs]
            lv = both if lhs in latent else 1.0
        std_lv[k], std_all[k] = rows[k] * lv, rows[k] * both
        if op == "~*~":
            std_all[k] = 1.0
    _defined(fit, std_lv)
    _defined(fit, std_all)
    return std_lv, std_all


def _defined(fit: Fit, values: np.ndarray) -> None:
    """Evaluate := on the standardised free parameters, as lavaan does."""
    table = fit.table
    if not table.defined:
        return
    theta = np.empty(table.n_par)
    for k in reversed(np.flatnonzero(table.free > 0)):
        theta[table.free[k] - 1] = values[k]
    values[np.array(table.op) == ":="] = table.defined_values(theta)[0]


def standard_errors(fit: Fit, which: str = "std_all") -> np.ndarray:
    """Delta-method standard errors of std.lv or std.all, one per row (central differences of the solution)."""
    if fit.vcov is None:
        return np.full(len(fit.table.lhs), np.nan)
    column = 0 if which == "std_lv" else 1
    theta = fit.theta
    jacobian = np.empty((len(fit.table.lhs), len(theta)))
    for k in range(len(theta)):
        step = 1e-5 * max(1.0, abs(theta[k]))
        up, down = theta.copy(), theta.copy()
        up[k] += step
        down[k] -= step
        jacobian[:, k] = (standardize(fit, up)[column] - standardize(fit, down)[column]) / (2 * step)
    variance = np.einsum("ij,jk,ik->i", jacobian, fit.vcov, jacobian)
    return np.sqrt(np.maximum(variance, 0.0))
