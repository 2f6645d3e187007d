"""What is wrong with a solution, in words that name the variables: nothing is corrected silently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .estimation import null_space

if TYPE_CHECKING:
    from .results import Fit


def problems(fit: Fit) -> list[str]:
    """All problems of a fit: convergence, identification, degrees of freedom, variances, latent covariances."""
    out = []
    if not fit.converged:
        reason = f" ({fit.optimum.message})" if fit.optimum.message else ""
        out.append(f"no convergence after {fit.optimum.iterations} steps{reason}: do not use the estimates")
    out += unidentified(fit)
    if fit.df < 0:
        out.append(f"{fit.n_free} free parameters for {fit.n_moments} sample moments: the model cannot be estimated")
    out += improper_variances(fit)
    out += improper_latent(fit)
    return out


def parameter_name(fit: Fit, number: int) -> str:
    """lavaan's name of free parameter ``number`` (from 0): "bond=~b2", with the group when there are several."""
    table = fit.table
    row = int(np.flatnonzero(table.free == number + 1)[0])
    name = f"{table.lhs[row]}{table.op[row]}{table.rhs[row]}"
    return name if fit.n_groups == 1 else f"{name} in group {fit.group_labels[table.group[row] - 1]}"


def unidentified(fit: Fit, tolerance: float = 1e-6) -> list[str]:
    """Parameters that take part in a direction in which no sample moment changes (Jacobian short of full rank)."""
    information = fit.inference.information
    basis = null_space(fit.constraint_jacobian)
    inner = basis.T @ information @ basis
    scale = np.sqrt(np.maximum(np.abs(np.diag(inner)), 1e-300))
    smallest = np.linalg.eigvalsh(inner / np.outer(scale, scale))[0] if len(inner) else 1.0
    if smallest > 1e-6:
        return []
    jacobian = np.vstack(fit.delta())
    size = np.sqrt(np.sum(jacobian**2, axis=0))
    unused = [k for k in range(jacobian.shape[1]) if size[k] < 1e-12]
    size[size == 0] = 1.0
    basis = _open(fit, size)
    scaled = (jacobian / size) @ basis
    eigenvalues, vectors = np.linalg.eigh(scaled.T @ scaled)
    weak = (basis @ vectors[:, eigenvalues < tolerance**2 * max(eigenvalues[-1], 1.0)]).T
    if not len(weak):
        if smallest < -1e-6:
            return ["the information matrix is not positive definite: the solution is not a minimum"]
        return []
    involved = sorted({int(k) for row in weak for k in np.flatnonzero(np.abs(row) > 1e-3)} | set(unused))
    names = ", ".join(parameter_name(fit, k) for k in involved)
    return [f"the model is not identified: {names} cannot be told apart from these data; fix or equate some of them"]


def _open(fit: Fit, size: np.ndarray) -> np.ndarray:
    """Open directions in the scaled parameters (each divided by the size of its Jacobian column)."""
    return null_space(fit.constraint_jacobian / size) if len(fit.constraint_jacobian) else np.eye(len(size))


def improper_variances(fit: Fit) -> list[str]:
    """Heywood cases: negative variances and residual variances."""
    table, values = fit.table, fit.row_values()
    out = []
    for k, (lhs, op, rhs) in enumerate(zip(table.lhs, table.op, table.rhs, strict=True)):
        if op == "~~" and lhs == rhs and values[k] < 0 and not table.exo[k]:
            where = "" if fit.n_groups == 1 else f" in group {fit.group_labels[table.group[k] - 1]}"
            kind = "variance" if lhs in table.lv_names else "residual variance"
            out.append(f"negative {kind} of {lhs}{where} ({values[k]:.4g}): a Heywood case, not admissible")
    return out


def improper_latent(fit: Fit, tolerance: float = 1e-8) -> list[str]:
    """Latent covariance matrices that are not positive definite, with correlations beyond 1 named."""
    out = []
    for g, group in enumerate(fit.structure.groups):
        linear = group.linear if fit.structure.ordinal else group
        if not linear.latent:
            continue
        at = group.state(fit.theta)[0] if fit.structure.ordinal else group.implied(fit.theta)
        latent = slice(linear.p, None)
        cov = (at.g @ at.s @ at.g.T)[latent, latent]
        sd = np.sqrt(np.maximum(np.diag(cov), 0))
        if np.any(sd == 0) or np.linalg.eigvalsh(cov / np.outer(sd, sd))[0] > tolerance:
            continue
        where = "" if fit.n_groups == 1 else f" in group {fit.group_labels[g]}"
        correlation = cov / np.outer(sd, sd)
        beyond = [
            f"{linear.latent[j]} and {linear.latent[i]} ({correlation[i, j]:.3f})"
            for i in range(len(sd)) for j in range(i) if abs(correlation[i, j]) >= 1
        ]  # fmt: skip
        detail = f": correlation of {', '.join(beyond)}" if beyond else ""
        out.append(f"the covariance matrix of the latent variables is not positive definite{where}{detail}")
    return out


def equivalent(first: Fit, second: Fit, tolerance: float = 1e-6) -> bool:
    """Whether two fits reproduce the same moments with the same degrees of freedom: equivalent by construction.

    A second-order factor over three first-order factors equals three correlated factors, for example: no fit measure
    can tell them apart (Stelzl 1986). The tangent spaces of the moments are compared as well as the moments.
    """
    if first.df != second.df or first.n_groups != second.n_groups:
        return False
    for a, b in zip(first.implied(), second.implied(), strict=True):
        for x, y in zip(a if isinstance(a, tuple) else (a,), b if isinstance(b, tuple) else (b,), strict=True):
            if x.shape != y.shape or not np.allclose(x, y, atol=tolerance, rtol=tolerance):
                return False
    tangents = []
    for fit in (first, second):
        jacobian = np.vstack(fit.delta()) @ null_space(fit.constraint_jacobian)
        left, singular, _ = np.linalg.svd(jacobian, full_matrices=False)
        tangents.append(left[:, singular > 1e-8 * singular[0]])
    if tangents[0].shape != tangents[1].shape:
        return False
    cosines = np.linalg.svd(tangents[0].T @ tangents[1], compute_uv=False)
    return bool(cosines.min(initial=1.0) > 1 - 1e-6)
