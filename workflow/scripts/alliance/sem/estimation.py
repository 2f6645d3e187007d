"""One optimiser for every discrepancy: scoring (Gauss-Newton) steps, then Newton steps, under equality constraints.

A step solves the Karush-Kuhn-Tucker system of the quadratic model with the constraints linearised, so linear
constraints hold exactly after the first step and non-linear ones converge with the estimates. Progress is measured by
the Newton decrement, n g' I^-1 g: its root is the length of the step in units of standard errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Discrepancy(Protocol):
    """What the optimiser needs of a discrepancy function."""

    n: float

    def value(self, theta: np.ndarray) -> float:
        """F; LinAlgError outside the parameter space."""

    def slope(self, theta: np.ndarray) -> np.ndarray:
        """Gradient of F."""

    def approximation(self, theta: np.ndarray) -> np.ndarray:
        """Positive semi-definite approximation of the Hessian of F."""


class Constraints(Protocol):
    """Equality constraints h(theta) = 0."""

    def __call__(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values (k,) and Jacobian (k, n_par)."""


@dataclass
class Optimum:
    """Where the search ended. ``decrement``: last step in standard errors; ``gradient``: largest projected slope."""

    theta: np.ndarray
    value: float
    converged: bool
    iterations: int
    decrement: float
    gradient: float
    message: str = ""


def null_space(jacobian: np.ndarray, tolerance: float = 1e-10) -> np.ndarray:
    """Orthonormal basis of the directions in which the constraints do not change (n_par x free)."""
    if jacobian.shape[0] == 0:
        return np.eye(jacobian.shape[1])
    _, singular, vt = np.linalg.svd(jacobian)
    rank = int(np.sum(singular > tolerance * max(1.0, singular[0])))
    return vt[rank:].T


def _direction(hessian, grad, values, jacobian, damping) -> tuple[np.ndarray, float]:
    """Step and squared length in the metric of ``hessian``, with h + J step = 0."""
    scale = np.sqrt(np.maximum(hessian.diagonal(), 1e-10))
    damped = hessian / (scale[:, None] * scale)
    if damping:
        damped.flat[:: len(scale) + 1] += damping
    if jacobian.shape[0] == 0:
        step = -np.linalg.solve(damped, grad / scale) / scale
    else:
        scaled = jacobian / scale
        basis = null_space(scaled)
        particular = -np.linalg.lstsq(scaled, values, rcond=None)[0]
        inner = np.linalg.solve(basis.T @ damped @ basis, -basis.T @ (grad / scale + damped @ particular))
        step = (particular + basis @ inner) / scale
    return step, float(step @ hessian @ step)


def minimise(
    objective: Discrepancy,
    start: np.ndarray,
    constraints: Constraints | None = None,
    *,
    tolerance: float = 1e-7,
    max_iter: int = 300,
) -> Optimum:
    """Minimise ``objective`` from ``start``; converged when a full step is below ``tolerance`` standard errors.

    Scoring is tried first; near the minimum exact second derivatives (when the discrepancy has ``hessian``) take
    over; when a step does not lower the merit function the matrix is damped as in Levenberg (1944).
    """
    theta = start.astype(float).copy()
    n_par = len(theta)
    if n_par == 0:
        return Optimum(theta, objective.value(theta), True, 0, 0.0, 0.0)
    none = (np.empty(0), np.empty((0, n_par)))
    newton = hasattr(objective, "hessian")
    damping, penalty = 0.0, 1.0
    length = np.inf
    message = "no convergence within the iteration limit"
    value, grad = objective.value(theta), objective.slope(theta)
    for iteration in range(1, max_iter + 1):  # noqa: B007 - reported
        h, jacobian = constraints(theta) if constraints is not None else none
        matrix, quadratic = None, False
        if newton and length < 10:
            exact = objective.hessian(theta)  # type: ignore[attr-defined]
            basis = null_space(jacobian) if len(jacobian) else None
            if _is_positive(exact if basis is None else basis.T @ exact @ basis):
                matrix, quadratic = exact, True
        if matrix is None:
            matrix = objective.approximation(theta)
        try:
            step, size = _direction(matrix, grad, h, jacobian, damping)
        except np.linalg.LinAlgError:
            damping = max(10 * damping, 1e-6)
            length = np.inf
            if damping > 1e6:
                message = "the information matrix is singular"
                break
            continue
        length = float(np.sqrt(max(size, 0.0) * objective.n))
        # an exact Newton step leaves an error of the order of its square
        remaining = length**2 if quadratic and damping == 0 else length
        if remaining < tolerance and np.abs(h).max(initial=0.0) < 1e-9 and damping < 1e-3:
            theta = theta + step
            value, grad = objective.value(theta), objective.slope(theta)
            message = ""
            break
        violation = float(np.abs(h).sum())
        penalty = max(penalty, 2 * _largest_multiplier(grad, jacobian)) if violation > 0 else penalty
        slope = float(grad @ step) - penalty * violation
        accepted, value, theta = _line_search(objective, constraints, theta, step, value, penalty, h, slope)
        if not accepted:
            if length < 1e-4 and np.abs(h).max(initial=0.0) < 1e-8:
                message = ""  # rounding stops the descent before the tolerance is reached
                break
            damping = max(10 * damping, 1e-4)
            length = np.inf
            if damping > 1e6:
                message = "no descent direction"
                break
            continue
        damping = damping / 10 if damping > 1e-8 else 0.0
        grad = objective.slope(theta)
    h, jacobian = constraints(theta) if constraints is not None else none
    projected = null_space(jacobian).T @ grad
    return Optimum(theta, value, message == "", iteration, length, float(np.abs(projected).max(initial=0.0)), message)


def _largest_multiplier(grad: np.ndarray, jacobian: np.ndarray) -> float:
    return float(np.abs(np.linalg.lstsq(jacobian.T, grad, rcond=None)[0]).max(initial=0.0))


def _is_positive(matrix: np.ndarray) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _line_search(objective, constraints, theta, step, value, penalty, h, slope):
    """Halve the step until the merit F + penalty |h| falls enough (Armijo); (accepted, F, theta)."""
    merit = value + penalty * np.abs(h).sum()
    length = 1.0
    for _ in range(12):
        new = theta + length * step
        try:
            new_value = objective.value(new)
        except np.linalg.LinAlgError:
            length /= 2
            continue
        new_merit = new_value
        if constraints is not None:
            new_merit += penalty * np.abs(constraints(new)[0]).sum()
        if np.isfinite(new_merit) and new_merit <= merit + 1e-4 * length * slope + 1e-14 * max(1.0, abs(merit)):
            return True, new_value, new
        length /= 2
    return False, value, theta
