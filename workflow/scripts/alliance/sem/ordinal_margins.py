"""First step of the mixed case: each variable alone, given exogenous covariates.

Ordered variables get an ordered probit regression, continuous ones ordinary least squares with the
maximum-likelihood variance (lavaan's lav_uvord / lav_uvreg). Each margin keeps what the second step
needs: the interval of the latent response or the standardised residual of every case.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .bivariate import FloatArray, normal_density

# Stands for an infinite bound: every normal density there is exactly 0.
FAR = 40.0


@dataclass(frozen=True)
class Margin:
    """One variable's first step; arrays over cases are 0 (scores) or neutral where it is missing.

    ``location``: thresholds (K-1), or the intercept (1) of a continuous variable; ``slopes``: (q).
    ``scores``: n x (location + q [+ 1 for the variance of a continuous variable]), weights not applied.
    ``upper`` / ``lower``: bounds of the latent residual of an ordered variable's answer.
    ``residual``: standardised residual of a continuous variable. ``codes``: -1 where missing.
    """

    ordered: bool
    location: FloatArray
    slopes: FloatArray
    variance: float
    scores: FloatArray
    present: NDArray[np.bool_]
    codes: NDArray[np.int64]
    upper: FloatArray
    lower: FloatArray
    residual: FloatArray


def numeric_margin(y: FloatArray, exo: FloatArray, weights: FloatArray) -> Margin:
    """Least squares of ``y`` (n, nan = missing) on ``exo`` (n x q) with case weights."""
    present = ~np.isnan(y)
    weight = np.where(present, weights, 0.0)
    design = np.column_stack([np.ones(len(y)), exo])
    filled = np.where(present, y, 0.0)
    weighted = design * weight[:, None]
    beta = np.linalg.solve(design.T @ weighted, weighted.T @ filled)
    residual = np.where(present, filled - design @ beta, 0.0)
    variance = float(weight @ residual**2 / weight.sum())
    location_scores = design * (residual / variance)[:, None]
    variance_scores = np.where(present, (residual**2 / variance - 1.0) / (2.0 * variance), 0.0)
    empty = np.zeros(0)
    return Margin(
        False,
        beta[:1],
        beta[1:],
        variance,
        np.column_stack([location_scores, variance_scores]),
        present,
        np.where(present, 0, -1),
        empty,
        empty,
        residual / np.sqrt(variance),
    )


def ordered_margin(codes: NDArray[np.int64], n_categories: int, exo: FloatArray, weights: FloatArray) -> Margin:
    """Ordered probit regression of categories 0..K-1 (-1 missing) on ``exo`` (n x q) by Newton's method.

    The log-likelihood is concave (Pratt 1981), so halving a step that does not improve it suffices.
    """
    present = codes >= 0
    weight = np.where(present, weights, 0.0)
    answer = np.where(present, codes, 0)
    inner, q = n_categories - 1, exo.shape[1]
    counts = np.bincount(answer, weight, n_categories)
    theta = np.concatenate([special.ndtri(np.cumsum(counts)[:-1] / counts.sum()), np.zeros(q)])
    step_up = np.eye(n_categories, inner)[answer]
    step_down = np.eye(n_categories, inner, k=-1)[answer]
    design_up, design_down = np.hstack([step_up, -exo]), np.hstack([step_down, -exo])

    def bounds(value: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        edges = np.concatenate([[-FAR], value[:inner], [FAR]])
        shift = exo @ value[inner:]
        upper = np.where(answer == inner, FAR, edges[answer + 1] - shift)
        lower = np.where(answer == 0, -FAR, edges[answer] - shift)
        # the difference of upper tails keeps its digits where both bounds are high
        flip = lower > 0
        prob = special.ndtr(np.where(flip, -lower, upper)) - special.ndtr(np.where(flip, -upper, lower))
        return upper, lower, np.maximum(prob, 1e-300)

    upper, lower, prob = bounds(theta)
    value = weight @ np.log(prob)
    for _ in range(50 if q else 0):
        up, down = normal_density(upper) / prob, normal_density(lower) / prob
        gradient = design_up.T @ (weight * up) - design_down.T @ (weight * down)
        cross = (design_up * (weight * up * down)[:, None]).T @ design_down
        hessian = (
            (design_up * (weight * (-upper * up - up * up))[:, None]).T @ design_up
            + (design_down * (weight * (lower * down - down * down))[:, None]).T @ design_down
            + cross
            + cross.T
        )
        step = np.linalg.solve(hessian, -gradient)
        for halving in range(30):
            trial = theta + step * 0.5**halving
            if np.all(np.diff(trial[:inner]) > 0):
                new_upper, new_lower, new_prob = bounds(trial)
                new_value = weight @ np.log(new_prob)
                if new_value >= value - 1e-10 * abs(value):
                    break
        theta, upper, lower, prob, value = trial, new_upper, new_lower, new_prob, new_value
        if np.max(np.abs(step)) < 1e-9:
            break
    up = np.where(present, normal_density(upper) / prob, 0.0)
    down = np.where(present, normal_density(lower) / prob, 0.0)
    scores = np.hstack([step_up * up[:, None] - step_down * down[:, None], exo * (down - up)[:, None]])
    return Margin(True, theta[:inner], theta[inner:], 1.0, scores, present, codes, upper, lower, np.zeros(0))
