"""Standard errors of the structural estimates that count the uncertainty of the measurement step.

Two-step (Rosseel & Loh 2022, eq. 15; Gong & Samaniego 1981): V = I22^-1 / n + I22^-1 I21 V11 I12 I22^-1 with the joint
information at the two-step estimates. With ordered variables I is no covariance of scores and the two steps share their
thresholds and correlations: V = T Gamma T' / n with T = I22^-1 (Delta2' W - I21 P), P the derivative of the measurement
estimates in these statistics (Yuan & Chan 2002), as in lavaan 0.7.
Robust: the structural estimates are a smooth function of the sample moments, whose derivative J and asymptotic
covariance Gamma give V = J Gamma J' / n; it needs no normality, counts the covariance between the blocks and the steps,
and works for clusters and weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .estimation import null_space
from .inference import invert
from .modification import expected_information
from .moment_covariance import moment_covariance
from .sam_blocks import Parts
from .sam_moments import factor_moments, sample_moments
from .structure import NormalStructure
from .vech import vech, vech_index

if TYPE_CHECKING:
    from .results import Fit
    from .table import ParameterTable

FloatArray = NDArray[np.float64]


def _numbers(table: ParameterTable) -> dict[tuple[str, str, str, int], int]:
    """Cell -> free parameter number (from 1)."""
    cells = zip(table.lhs, table.op, table.rhs, table.group.tolist(), strict=True)
    return {cell: int(number) for cell, number in zip(cells, table.free, strict=True) if number}


@dataclass(frozen=True)
class _Steps:
    """Which step estimates which parameter of the joint model (positions from 0).

    values (n_par,): the two-step estimates; first: parameters of the measurement step, ``origin`` their block and
    position in it; second: the structural parameters, at ``place`` in the structural fit, then outcomes' thresholds.
    """

    values: FloatArray
    first: list[int]
    origin: dict[int, tuple[int, int]]
    second: list[int]
    place: list[int]


def _steps(joint: Fit, blocks: list[Fit], parts: Parts, structural: ParameterTable, theta: FloatArray) -> _Steps:
    numbers = _numbers(joint.table)
    values = np.full(joint.table.n_par, np.nan)
    structural_at = {numbers[cell] - 1: k - 1 for cell, k in _numbers(structural).items() if cell in numbers}
    for number, k in structural_at.items():
        values[number] = theta[k]
    second = list(structural_at)
    origin: dict[int, tuple[int, int]] = {}
    for b, block in enumerate(blocks):
        for cell, k in _numbers(block.table).items():
            number = numbers.get(cell, 0) - 1
            if number >= 0 and number not in structural_at and number not in origin:
                origin[number] = (b, k - 1)
                values[number] = block.theta[k - 1]
    for cell, number in numbers.items():
        if not np.isnan(values[number - 1]):
            continue
        if cell[1] not in ("|", "~*~") or cell[0] not in parts.observed:
            raise ValueError(f"fit_sam: no step estimates {''.join(cell[:3])}; put its factors into one block")
        if cell[1] == "~*~":  # ordered outcomes have unit variance in every group
            values[number - 1] = 1.0
        else:
            values[number - 1] = sample_threshold(joint, cell)
            second.append(number - 1)
    return _Steps(values, sorted(origin), origin, second, list(structural_at.values()))


def two_step_vcov(
    joint: Fit, blocks: list[Fit], parts: Parts, structural: ParameterTable, theta: FloatArray, *, known: bool = False
) -> FloatArray:
    """Covariance (n_par, n_par) of the structural estimates ``theta`` by the two-step formula.

    ``known``: leaves the uncertainty of the measurement parameters out.
    """
    steps = _steps(joint, blocks, parts, structural, theta)
    if joint.structure.missing:
        information = joint.structure.objective.hessian(steps.values)  # type: ignore[union-attr]
    else:
        information = expected_information(joint.structure, steps.values)
    jacobian = structural.constraint_values(theta)[1] if structural.constraints else np.empty((0, len(theta)))
    order = np.zeros((len(jacobian), len(steps.second)))
    order[:, : len(steps.place)] = jacobian[:, steps.place]
    inverse = invert(information[np.ix_(steps.second, steps.second)], null_space(order))
    if inverse is None:
        return np.full((len(theta), len(theta)), np.nan)
    carry = inverse @ information[np.ix_(steps.second, steps.first)] * (not known)
    if joint.structure.ordinal:
        both = _moment_sandwich(joint, blocks, steps, inverse, carry)
    else:
        both = inverse / joint.structure.n + carry @ _first_vcov(blocks, steps) @ carry.T
    # the residual variance of an ordered outcome follows from the rest: like in fit_sem it has no error of its own
    out = np.zeros((len(theta), len(theta)))
    out[np.ix_(steps.place, steps.place)] = both[: len(steps.place), : len(steps.place)]
    return out


def _first_vcov(blocks: list[Fit], steps: _Steps) -> FloatArray:
    """Covariance of the measurement estimates, the blocks taken as independent."""
    out = np.zeros((len(steps.first), len(steps.first)))
    for i, a in enumerate(steps.first):
        for j, b in enumerate(steps.first):
            (block, row), (other, column) = steps.origin[a], steps.origin[b]
            if block == other:
                out[i, j] = blocks[block].vcov[row, column]  # type: ignore[index]
    return out


def _moment_sandwich(
    joint: Fit, blocks: list[Fit], steps: _Steps, inverse: FloatArray, carry: FloatArray
) -> FloatArray:
    """Both steps as functions of the same moments (Yuan & Chan 2002), so that their covariance counts.

    ``inverse`` = I22^-1, ``carry`` = I22^-1 I21. Returns the covariance of the parameters ``steps.second``.
    """
    structure = joint.structure
    delta, weights = structure.delta(steps.values), structure.weights(steps.values)
    breads = [_block_bread(block) for block in blocks]
    total = np.zeros_like(inverse)
    for g, (share, d, w) in enumerate(zip(structure.share, delta, weights, strict=True)):
        moved = [_moved(bread[g], block, joint, g) for bread, block in zip(breads, blocks, strict=True)]
        measured = np.array([moved[b][k] for b, k in (steps.origin[number] for number in steps.first)])
        through = share * inverse @ (d[:, steps.second].T * w) - carry @ measured
        total += through @ moment_covariance(joint, g) @ through.T / joint.observed[g].n
    return total


def sample_threshold(joint: Fit, cell: tuple) -> float:
    """Sample threshold ``(name, "|", "tk", group)``."""
    observed = joint.observed[cell[3] - 1]
    return float(observed.thresholds[observed.names.index(cell[0])][int(cell[2][1:]) - 1])


def robust_vcov(
    joint: Fit,
    blocks: list[Fit],
    parts: Parts,
    structural: ParameterTable,
    structure: NormalStructure,
    theta: FloatArray,
    alpha: float = 0.0,
) -> FloatArray:
    """Covariance of the structural estimates from the asymptotic covariance of the sample moments."""
    thetas = [block.theta for block in blocks]
    delta, implied = structure.delta(theta), structure.implied(theta)
    weights = [structure.h1_information(g, *implied[g], "expected") for g in range(len(implied))]
    information = sum(s * d.T @ w @ d for s, d, w in zip(structure.share, delta, weights, strict=True))
    jacobian = structural.constraint_values(theta)[1] if structural.constraints else np.empty((0, len(theta)))
    inverse = invert(information, null_space(jacobian))
    if inverse is None:
        return np.full((len(theta), len(theta)), np.nan)
    breads = [_block_bread(block) for block in blocks]
    total = np.zeros((len(theta), len(theta)))
    for g, moments in enumerate(joint.observed):
        stats = _stats(joint, g)
        through = np.zeros((len(theta), len(stats)))
        # measurement estimates that are equal across groups carry this group's statistics into every group's moments
        moved = [_moved(bread[g], block, joint, g) for bread, block in zip(breads, blocks, strict=True)]
        for h in range(joint.n_groups):
            stacked = partial(_stacked, joint, blocks, parts, h, structure.meanstructure, alpha)
            slope = _slope_of_thetas(stacked, thetas)
            change = sum(s @ m for s, m in zip(slope, moved, strict=True))
            if h == g:
                change = change + _slope_of_stats(stacked, thetas, stats)
            through += structure.share[h] * (inverse @ delta[h].T @ weights[h] @ change)
        total += through @ moment_covariance(joint, g) @ through.T / moments.n
    return total


def _stats(fit: Fit, g: int) -> FloatArray:
    """Stacked sample statistics of group g."""
    observed = fit.observed[g]
    if fit.structure.ordinal:
        return observed.stats
    mean, cov = observed.saturated
    return np.concatenate([mean, vech(cov)]) if fit.structure.meanstructure else vech(cov)


def _keys(fit: Fit, g: int) -> list[tuple]:
    """Names of the statistics, the same whatever the order of variables."""
    observed = fit.observed[g]
    if fit.structure.ordinal:
        return [("cov", frozenset(label[1:])) if label[0] == "cov" else tuple(label) for label in observed.labels]
    names = observed.names
    rows, cols = vech_index(len(names))
    keys: list[tuple] = [("mean", name) for name in names] if fit.structure.meanstructure else []
    for i, j in zip(rows, cols, strict=True):
        keys.append(("var", names[i]) if i == j else ("cov", frozenset((names[i], names[j]))))
    return keys


def _block_bread(block: Fit) -> list[FloatArray]:
    """Per group: derivative of the block's estimates in the group's sample statistics (n_par x k)."""
    structure, theta = block.structure, block.theta
    delta, weights = structure.delta(theta), structure.weights(theta)
    weighted = [d.T * w if w.ndim == 1 else d.T @ w for d, w in zip(delta, weights, strict=True)]
    information = sum(s * w @ d for s, w, d in zip(structure.share, weighted, delta, strict=True))
    inverse = invert(information, null_space(block.constraint_jacobian))
    if inverse is None:
        raise ValueError("a measurement block is not identified: no standard errors")
    return [share * inverse @ w for share, w in zip(structure.share, weighted, strict=True)]


def _moved(bread: FloatArray, block: Fit, joint: Fit, g: int) -> FloatArray:
    """The block's derivative spread over the joint model's statistics of group g."""
    place = {key: k for k, key in enumerate(_keys(joint, g))}
    out = np.zeros((len(bread), len(place)))
    for column, key in enumerate(_keys(block, g)):
        # the ordinal statistics hold minus the mean of a numeric variable
        turned = key[0] == "mean" and joint.structure.ordinal and not block.structure.ordinal
        out[:, place[key]] = -bread[:, column] if turned else bread[:, column]
    return out


def _stacked(joint, blocks, parts, g, means: bool, alpha, thetas, stats=None) -> FloatArray:
    sample = sample_moments(joint, g, stats)
    moments = factor_moments(parts, blocks, thetas, sample, g, correct=False, alpha=alpha)
    return np.concatenate([moments.mean, vech(moments.cov)]) if means else vech(moments.cov)


def _slope_of_thetas(stacked: Callable, thetas: list[FloatArray]) -> list[FloatArray]:
    """Per block: derivative of the stacked factor moments in the block's parameters, by central differences."""
    out = []
    for b, theta in enumerate(thetas):
        columns = []
        for k in range(len(theta)):
            step = 1e-5 * max(1.0, abs(theta[k]))
            ends = []
            for sign in (1, -1):
                moved = [t.copy() for t in thetas]
                moved[b][k] += sign * step
                ends.append(stacked(moved))
            columns.append((ends[0] - ends[1]) / (2 * step))
        out.append(np.column_stack(columns))
    return out


def _slope_of_stats(stacked: Callable, thetas: list[FloatArray], stats: FloatArray) -> FloatArray:
    """Derivative of the stacked factor moments in the sample statistics; they are linear in them."""
    columns = []
    for k in range(len(stats)):
        ends = []
        for sign in (1, -1):
            moved = stats.copy()
            moved[k] += sign * 1e-4
            ends.append(stacked(thetas, moved))
        columns.append((ends[0] - ends[1]) / 2e-4)
    return np.column_stack(columns)
