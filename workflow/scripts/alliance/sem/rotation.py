"""Oblique target rotation of exploratory factors, with standard errors.

An exploratory model fixes as many loadings as it has directions to turn; any other position of the factors implies the
same covariances. Here the position is that in which the loadings outside a key are as small as possible: partially
specified target rotation (Browne, 2001), by gradient projection (Jennrich, 2002). Standard errors follow from the
implicit function theorem at the minimum (Jennrich, 1973): rotation adds no search, only a linear system.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from .results import Fit

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
_NEAR = 1e-5  # length of the projected gradient from which Newton steps end the search
_ITERATIONS = 5000


@dataclass(frozen=True)
class Rotation:
    """A rotated solution: ``loadings`` (p x m), ``phi`` (m x m), ``turn`` (m x m) and the ``criterion`` reached.

    ``loadings = old @ inv(turn).T`` and ``phi = turn.T @ old_phi @ turn``.
    """

    loadings: FloatArray
    phi: FloatArray
    turn: FloatArray
    criterion: float
    converged: bool


def rotate_to_target(loadings: FloatArray, phi: FloatArray, small: BoolArray) -> Rotation:
    """Turn the factors so that the sum of the squared ``small`` loadings (p x m mask) is least; variances stay one.

    The criterion is that of Browne (2001) with zeros as target. Factors keep their place; their sign is such that the
    loadings that are not ``small`` sum to more than zero.
    """
    root = np.linalg.cholesky(phi)
    plain = loadings @ root  # the same factors, uncorrelated
    starts = (_descend(plain, start, small) for start in (root.T, _towards(plain, small)))
    t, converged = _finish(plain, min(starts, key=lambda found: found[1])[0], small)
    turned = plain @ np.linalg.inv(t).T
    sign = np.where((turned * ~small).sum(axis=0) < 0, -1.0, 1.0)
    t, turned = t * sign, turned * sign
    return Rotation(turned, t.T @ t, np.linalg.inv(root.T) @ t, float((turned[small] ** 2).sum()), converged)


def _finish(plain: FloatArray, t: FloatArray, small: BoolArray) -> tuple[FloatArray, bool]:
    """Newton steps on the conditions of the minimum, and whether they hold at the end."""
    m = len(t)
    for _ in range(20):
        turned, phi = plain @ np.linalg.inv(t).T, t.T @ t
        away = _conditions(turned, phi, small)
        if np.abs(away).max() < 1e-13:
            break
        t = t @ (np.eye(m) - np.linalg.solve(_by_turns(turned, phi, small), away).reshape(m, m))
    return t, bool(np.abs(away).max() < 1e-9)


def _conditions(turned: FloatArray, phi: FloatArray, small: BoolArray) -> FloatArray:
    """What is zero at the minimum: ``L' dQ/dL Phi^-1`` off its diagonal, and ``diag(Phi) - 1``; (m * m,)."""
    inner = turned.T @ (small * turned) @ np.linalg.inv(phi)
    return np.concatenate([inner[~np.eye(len(phi), dtype=bool)], np.diag(phi) - 1.0])


def _slope(turned: FloatArray, phi: FloatArray, small: BoolArray, d_turned: FloatArray, d_phi: FloatArray):
    """Derivative of the conditions in a direction."""
    h = 1e-6
    ends = [_conditions(turned + s * h * d_turned, phi + s * h * d_phi, small) for s in (1, -1)]
    return (ends[0] - ends[1]) / (2 * h)


def _by_turns(turned: FloatArray, phi: FloatArray, small: BoolArray) -> FloatArray:
    """Derivatives of the conditions by X, where a turn T becomes T (I + X): L - L X', Phi + Phi X + X' Phi."""
    m = len(phi)
    units = np.eye(m * m).reshape(m * m, m, m)
    return np.column_stack([_slope(turned, phi, small, -turned @ x.T, phi @ x + x.T @ phi) for x in units])


def _towards(plain: FloatArray, small: BoolArray) -> FloatArray:
    """A start: each factor along the regression of its indicator of large loadings on all loadings."""
    t = np.linalg.lstsq(plain, (~small).astype(float), rcond=None)[0]
    t = np.linalg.inv(t).T if np.linalg.matrix_rank(t) == len(t) else np.eye(len(t))
    return t / np.sqrt((t**2).sum(axis=0))


def _descend(plain: FloatArray, t: FloatArray, small: BoolArray) -> tuple[FloatArray, float]:
    """Gradient projection over matrices with columns of length one, to the neighbourhood of a minimum."""
    step = 1.0
    inverse = np.linalg.inv(t)
    turned = plain @ inverse.T
    value = float((turned[small] ** 2).sum())
    for _ in range(_ITERATIONS):
        slope = -(turned.T @ (2 * small * turned) @ inverse).T
        slope -= t * (t * slope).sum(axis=0)
        length = float(np.sqrt((slope**2).sum()))
        if length < _NEAR:
            break
        step *= 2
        for _ in range(40):
            new = t - step * slope
            new = new / np.sqrt((new**2).sum(axis=0))
            new_inverse = np.linalg.inv(new)
            new_turned = plain @ new_inverse.T
            new_value = float((new_turned[small] ** 2).sum())
            if new_value <= value - 0.5 * length**2 * step:
                break
            step /= 2
        t, inverse, turned, value = new, new_inverse, new_turned, new_value
    return t, value


def rotated(fit: Fit, own: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Rotated loadings and factor correlations of a fitted exploratory model of one group.

    Parameters
    ----------
    fit : a model in which every item loads on every factor, factors with variance one. ``own`` : factor -> the items
        it is meant for; all other loadings are made small, on the scale of standardised items.

    Returns
    -------
    DataFrame lhs, op (``=~``, ``~~``), rhs, est, se, std_all, std_se: loadings in the order of the factors, then
    correlations. Errors are nan where the estimates have no covariance matrix.

    Raises
    ------
    ValueError : several groups, or a model that does not have this form.
    """
    import pandas as pd

    if fit.n_groups != 1:
        raise ValueError("rotation is for one group")
    factors, items = list(own), [i for i in fit.structure.names[0] if i in _measured(fit)]
    place = _Place(fit, factors, items)
    small = np.array([[item not in own[f] for f in factors] for item in items])
    lam, phi, sd = place(fit.theta)
    found = rotate_to_target(lam / sd[:, None], phi, small)
    if not found.converged:
        raise ValueError("the rotation did not end")
    jacobian = _jacobian(place, fit.theta, found, small)
    rows = [(f, "=~", i) for f in factors for i in items]
    rows += [(f, "~~", g) for a, f in enumerate(factors) for g in factors[a + 1 :]]
    upper = np.triu_indices(len(factors), 1)
    std = np.concatenate([found.loadings.T.ravel(), found.phi[upper]])
    raw = np.concatenate([(found.loadings * sd[:, None]).T.ravel(), found.phi[upper]])
    errors = [_errors(part, fit.vcov) for part in jacobian]
    table = pd.DataFrame(rows, columns=["lhs", "op", "rhs"])
    return table.assign(est=raw, se=errors[0], std_all=std, std_se=errors[1])


def _measured(fit: Fit) -> set[str]:
    return {rhs for op, rhs in zip(fit.table.op, fit.table.rhs, strict=True) if op == "=~"}


class _Place:
    """Parameters -> loadings (p x m), factor correlations (m x m) and implied standard deviations of the items."""

    def __init__(self, fit: Fit, factors: list[str], items: list[str]):
        self.fit, self.shape = fit, (len(items), len(factors))
        at, t = {name: k for k, name in enumerate([*factors, *items])}, fit.table
        m = len(factors)
        self.loading, self.cov = [], []
        for k, (lhs, op, rhs) in enumerate(zip(t.lhs, t.op, t.rhs, strict=True)):
            if op == "=~":
                self.loading.append((k, at[rhs] - m, at[lhs]))
            elif op == "~~" and lhs in factors and rhs in factors:
                self.cov.append((k, at[lhs], at[rhs]))
        if len(self.loading) != len(items) * m:
            raise ValueError("rotation needs every item on every factor")
        names = list(fit.structure.names[0])
        self.rows = [names.index(i) for i in items]
        # thresholds and intercepts move neither loadings nor variances
        moving = {free for free, op in zip(t.free, t.op, strict=True) if free and op not in ("|", "~1")}
        self.moving = sorted(int(free) - 1 for free in moving)

    def __call__(self, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        values = self.fit.row_values(theta)
        lam, phi = np.zeros(self.shape), np.eye(self.shape[1])
        for k, i, j in self.loading:
            lam[i, j] = values[k]
        for k, i, j in self.cov:
            phi[i, j] = phi[j, i] = values[k]
        sigma = self.fit.implied_matrices(theta)[0][1]
        return lam, phi, np.sqrt(np.diag(sigma)[self.rows])


def _jacobian(place: _Place, theta: FloatArray, at: Rotation, small: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Derivatives of the rotated raw and standardised solutions by the parameters.

    A change of the parameters moves L and Phi with the turn held fixed; the turn then changes so that the conditions of
    the minimum hold again.
    """
    m = len(at.phi)
    inverse = np.linalg.inv(at.turn)

    def moved(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        lam, phi, sd = place(values)
        return (lam / sd[:, None]) @ inverse.T, at.turn.T @ phi @ at.turn, sd

    system = _by_turns(at.loadings, at.phi, small)
    upper = np.triu_indices(m, 1)
    sd = place(theta)[2]
    raw, std = [], []
    for k in place.moving:
        h = 1e-5 * max(1.0, abs(theta[k]))
        step = np.zeros(len(theta))
        step[k] = h
        (l1, p1, s1), (l0, p0, s0) = moved(theta + step), moved(theta - step)
        d_l, d_p, d_s = (l1 - l0) / (2 * h), (p1 - p0) / (2 * h), (s1 - s0) / (2 * h)
        x = np.linalg.solve(system, -_slope(at.loadings, at.phi, small, d_l, d_p)).reshape(m, m)
        d_l, d_p = d_l - at.loadings @ x.T, d_p + at.phi @ x + x.T @ at.phi
        std.append(np.concatenate([d_l.T.ravel(), d_p[upper]]))
        d_raw = d_l * sd[:, None] + at.loadings * d_s[:, None]
        raw.append(np.concatenate([d_raw.T.ravel(), d_p[upper]]))
    full = np.zeros((2, len(raw[0]), len(theta)))
    full[:, :, place.moving] = np.array([raw, std]).transpose(0, 2, 1)
    return full[0], full[1]


def _errors(jacobian: FloatArray, vcov: FloatArray | None) -> FloatArray:
    if vcov is None:
        return np.full(len(jacobian), np.nan)
    return np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", jacobian, vcov, jacobian), 0.0))
