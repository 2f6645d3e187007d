"""Second step of the mixed case: the correlation of two margins, casewise.

Polyserial and Pearson correlations, and polychoric ones given covariates, where every case has its own
rectangle (lavaan's lav_bvmix, lav_bvreg, lav_bvord with eXo). Each returns the correlation, its casewise
score and the casewise derivatives in the two margins, which make the A21 block of Muthen (1984).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from .bivariate import FloatArray, binormal_density, cdf_step, log_density_slope, normal_density
from .ordinal_margins import FAR, Margin
from .polychoric_pairs import CELL_FLOOR, RHO_LIMIT

_MIXED_LIMIT = 0.995


@dataclass(frozen=True)
class PairFit:
    """A correlation with casewise score (n) and derivatives of the log-likelihood in both margins.

    ``first`` and ``second`` are each two arrays (n): for an ordered variable in its upper and lower bound,
    for a continuous one in its mean and variance.
    """

    rho: float
    score: FloatArray
    first: tuple[FloatArray, FloatArray]
    second: tuple[FloatArray, FloatArray]


def maximise(slopes: Callable[[float], tuple[float, float]], start: float, limit: float) -> float:
    """Root of the gradient inside ``(-limit, limit)``: Newton steps, bisection where one leaves the bracket."""
    low, high, rho = -limit, limit, float(np.clip(start, -0.9 * limit, 0.9 * limit))
    for _ in range(80):
        gradient, hessian = slopes(rho)
        if gradient == 0.0:
            return rho
        low, high = (rho, high) if gradient > 0 else (low, rho)
        target = rho - gradient / hessian if hessian < 0 else low - 1.0
        done = abs(target - rho) < 1e-8
        if not done and not low < target < high:
            target = 0.5 * (low + high)
        if done or high - low < 1e-10:
            return min(max(target, -limit), limit)
        rho = target
    return rho


def pearson(one: Margin, two: Margin, weights: FloatArray) -> PairFit:
    """Two continuous margins: closed form with complete cases, else the likelihood of the complete pairs."""
    both = one.present & two.present
    w = np.where(both, weights, 0.0)
    x, y = one.residual, two.residual
    total, cross, squares = w.sum(), w @ (x * y), w @ (x * x + y * y)
    rho = float(cross / total)
    if not (one.present.all() and two.present.all()):

        def slopes(r: float) -> tuple[float, float]:
            u = 1.0 - r * r
            quadratic = squares - 2.0 * r * cross
            gradient = total * r / u + (cross * u - r * quadratic) / u**2
            hessian = (total * (1.0 + r * r) - quadratic) / u**2 + 4.0 * r * (cross * u - r * quadratic) / u**3
            return gradient, hessian

        rho = maximise(slopes, rho, RHO_LIMIT)
    u = 1.0 - rho * rho
    keep = both.astype(float)
    first = ((x - rho * y) / (u * np.sqrt(one.variance)), ((x * x - rho * x * y) / u - 1.0) / (2.0 * one.variance))
    second = ((y - rho * x) / (u * np.sqrt(two.variance)), ((y * y - rho * x * y) / u - 1.0) / (2.0 * two.variance))
    return PairFit(
        rho,
        keep * log_density_slope(x, y, np.float64(rho)),
        (keep * first[0], keep * first[1]),
        (keep * second[0], keep * second[1]),
    )


def polyserial(number: Margin, answer: Margin, weights: FloatArray) -> PairFit:
    """A continuous (``first`` of the result) and an ordered margin (Olsson, Drasgow & Dorans 1982)."""
    both = number.present & answer.present
    w = np.where(both, weights, 0.0)
    z, upper, lower = number.residual, answer.upper, answer.lower

    def parts(rho: float) -> tuple[FloatArray, ...]:
        root = np.sqrt(1.0 - rho * rho)
        high, low = (upper - rho * z) / root, (lower - rho * z) / root
        flip = low > 0
        prob = special.ndtr(np.where(flip, -low, high)) - special.ndtr(np.where(flip, -high, low))
        return high, low, normal_density(high), normal_density(low), np.maximum(prob, np.finfo(float).eps)

    def slopes(rho: float) -> tuple[float, float]:
        high, low, up, down, prob = parts(rho)
        root = np.sqrt(1.0 - rho * rho)
        high_1, low_1 = (rho * upper - z) / root**3, (rho * lower - z) / root**3
        high_2, low_2 = upper / root**3 + 3.0 * rho * high_1 / root**2, lower / root**3 + 3.0 * rho * low_1 / root**2
        score = (up * high_1 - down * low_1) / prob
        curve = (up * (high_2 - high * high_1**2) - down * (low_2 - low * low_1**2)) / prob - score**2
        return float(w @ score), float(w @ curve)

    middle = 0.5 * (np.clip(upper, -3, 3) + np.clip(lower, -3, 3))
    spread = np.sqrt((w @ middle**2) * (w @ z**2))
    rho = maximise(slopes, float(w @ (middle * z) / spread) if spread > 0 else 0.0, _MIXED_LIMIT)
    _, _, up, down, prob = parts(rho)
    root = np.sqrt(1.0 - rho * rho)
    inverse = both / prob
    gap = inverse * (up - down) * rho / root
    return PairFit(
        rho,
        inverse * (up * (rho * upper - z) - down * (rho * lower - z)) / root**3,
        (
            (both * z + gap) / np.sqrt(number.variance),
            (both * (z * z - 1.0) + gap * z) / (2.0 * number.variance),
        ),
        (inverse * up / root, -inverse * down / root),
    )


def polychoric_given_covariates(one: Margin, two: Margin, weights: FloatArray) -> PairFit:
    """Two ordered margins whose thresholds differ from case to case.

    The rectangles start from independence, where they are products, and are carried along by
    ``dPhi2/drho = phi2`` from one Newton step to the next.
    """
    both = one.present & two.present
    n = len(both)
    corners = []
    for sign, h, k in (
        (1.0, one.upper, two.upper),
        (-1.0, one.lower, two.upper),
        (-1.0, one.upper, two.lower),
        (1.0, one.lower, two.lower),
    ):
        rows = np.flatnonzero(both & (np.abs(h) < FAR) & (np.abs(k) < FAR))
        corners.append((rows, np.full(len(rows), sign), h[rows], k[rows]))
    rows, signs, h, k = (np.concatenate(part) for part in zip(*corners, strict=True))

    def collect(values: FloatArray) -> FloatArray:
        return np.bincount(rows, signs * values, minlength=n)

    span_one = special.ndtr(one.upper) - special.ndtr(one.lower)
    span_two = special.ndtr(two.upper) - special.ndtr(two.lower)
    state = {"rho": 0.0, "prob": span_one * span_two}

    def at(rho: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Weights over probability (0 below lavaan's floor), derivative of the rectangle, corner densities."""
        state["prob"] = state["prob"] + collect(cdf_step(h, k, state["rho"], rho))
        state["rho"] = rho
        usable = both & (state["prob"] > CELL_FLOOR)
        inverse = np.where(usable, 1.0 / np.where(usable, state["prob"], 1.0), 0.0)
        density = binormal_density(h, k, np.float64(rho))
        return inverse, collect(density), density

    def slopes(rho: float) -> tuple[float, float]:
        inverse, derivative, density = at(rho)
        score = derivative * inverse
        curve = collect(density * log_density_slope(h, k, np.float64(rho))) * inverse
        return float(weights @ score), float(weights @ (curve - score**2))

    rho = maximise(slopes, 0.0, RHO_LIMIT)
    inverse, derivative, _ = at(rho)
    root = np.sqrt(1.0 - rho * rho)

    def bound_slope(bound: FloatArray, high: FloatArray, low: FloatArray) -> FloatArray:
        inside = special.ndtr((high - rho * bound) / root) - special.ndtr((low - rho * bound) / root)
        return normal_density(bound) * inside * inverse

    return PairFit(
        rho,
        derivative * inverse,
        (bound_slope(one.upper, two.upper, two.lower), -bound_slope(one.lower, two.upper, two.lower)),
        (bound_slope(two.upper, one.upper, one.lower), -bound_slope(two.lower, one.upper, one.lower)),
    )
