"""Statistics behind robust CFI, TLI and RMSEA where the plain ones are lenient: ordinal and incomplete data.

Ordinal data: the normal-theory discrepancy of the polychoric matrix at the least-squares estimates with its own
scaling factor (Savalei 2021). Incomplete data: the complete-data discrepancy of the unrestricted estimates at the
FIML estimates (Zhang & Savalei 2023, versions 3 and 6).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .baseline import normal_baseline
from .categorical import implied_correlation
from .inference import invert
from .observed import CompleteMoments
from .scaled import h1_first_order, h1_information
from .structure import NormalStructure
from .vech import block_diagonal, normal_theory_weight, strict_index, vech_position

if TYPE_CHECKING:
    from .results import Fit


class RobustFit(NamedTuple):
    """Chi-square, degrees of freedom and scaling factor of the model and of the independence model."""

    x2: float
    df: float
    c: float
    x2_null: float
    df_null: float
    c_null: float


UNDEFINED = RobustFit(*([float("nan")] * 6))


def ordinal_robust(fit: Fit) -> RobustFit:
    """Only for ordered variables without covariates and positive definite polychoric matrices; else undefined."""
    structure = fit.structure
    moments = structure.moments
    if any(m.exo or not np.all(m.ordered) for m in moments) or fit.inference.inverse is None:
        return UNDEFINED
    if _thresholds_constrained(fit):
        return UNDEFINED
    if any(np.linalg.eigvalsh(m.cov)[0] < 1.5e-8 for m in moments):
        return UNDEFINED
    p = len(moments[0].names)
    rows, cols = strict_index(p)
    pairs = vech_position(p)[rows, cols]
    x2 = x2_null = c_null = 0.0
    weights, gammas, deltas, normal = [], [], [], []
    for g, (group, m) in enumerate(zip(structure.groups, moments, strict=True)):
        implied = implied_correlation(group, fit.theta)
        np.fill_diagonal(implied, 1.0)
        try:
            log_det = 2 * np.sum(np.log(np.diag(np.linalg.cholesky(implied))))
        except np.linalg.LinAlgError:
            return UNDEFINED
        inverse = np.linalg.inv(implied)
        sample_log_det = np.linalg.slogdet(m.cov)[1]
        x2 += m.n * (log_det + np.sum(inverse * m.cov) - sample_log_det - p)
        x2_null += -m.n * sample_log_det
        cov = np.array([label[0] == "cov" for label in m.labels])
        share = structure.share[g]
        weights.append(share * structure.diagonal[g][cov])
        gammas.append(m.gamma[np.ix_(cov, cov)] / share)
        deltas.append(structure.delta(fit.theta)[g][cov])
        normal.append(share * normal_theory_weight(inverse)[np.ix_(pairs, pairs)])
        c_null += np.trace(gammas[-1])
    delta, weight = np.vstack(deltas), np.concatenate(weights)
    v, gamma = block_diagonal(normal), block_diagonal(gammas)
    residual = np.eye(len(weight)) - delta @ fit.inference.inverse @ (delta * weight[:, None]).T
    df = len(weight) - _correlation_parameters(fit)
    df_null = float(len(weight))
    trace = float(np.sum((residual.T @ v @ residual) * gamma))
    c = trace / df if df > 0 else float("nan")
    return RobustFit(float(x2), float(df), c, float(x2_null), df_null, float(c_null) / df_null)


def _thresholds_constrained(fit: Fit) -> bool:
    """Whether thresholds are shared or constrained: the correction knows only the correlations."""
    table = fit.table
    numbers = [int(n) for op, n in zip(table.op, table.free, strict=True) if op == "|" and n]
    if len(set(numbers)) < len(numbers):
        return True
    return bool(np.any(fit.constraint_jacobian[:, np.array(numbers, dtype=int) - 1]))


def _correlation_parameters(fit: Fit) -> int:
    """Independent parameters other than thresholds and intercepts."""
    table = fit.table
    kept = sorted({n for op, n in zip(table.op, table.free, strict=True) if n and op not in ("|", "~1")})
    jacobian = fit.constraint_jacobian[:, np.array(kept, dtype=int) - 1]
    touching = jacobian[np.any(jacobian != 0, axis=1)]
    return len(kept) - (int(np.linalg.matrix_rank(touching)) if len(touching) else 0)


def incomplete_robust(fit: Fit) -> RobustFit:
    """Complete-data discrepancy at the FIML estimates, scaled for what the incomplete data add."""
    structure = fit.structure
    scaled = fit.options.scaled
    # whole cases: lavaan passes the sums of weights on as integers
    complete = [CompleteMoments(m.names, float(math.floor(m.n + 1e-6)), *m.saturated, x=m.x) for m in structure.moments]
    wm, wmi, wc, gamma, free = [], [], [], [], []
    as_complete = NormalStructure(structure.groups, complete)
    for g, (share, m) in enumerate(zip(structure.share, structure.moments, strict=True)):
        keep = structure.free_moments(g)
        at = np.ix_(keep, keep)
        information = h1_information(structure, g)
        try:
            inverse = np.linalg.inv(information[at])
        except np.linalg.LinAlgError:
            return UNDEFINED
        wm.append(share * information[at])
        wmi.append(inverse / share)
        wc.append(share * as_complete.h1_information(g, *m.saturated, "expected")[at])
        if scaled:
            gamma.append(inverse @ h1_first_order(structure, g)[at] @ inverse / share)
        free.append(keep)
    w, wi, v = block_diagonal(wm), block_diagonal(wmi), block_diagonal(wc)
    big_gamma = block_diagonal(gamma) if scaled else None
    null, theta_null, df_null = normal_baseline(structure)
    trace = _trace(structure, fit.theta, fit.inference.open, w, wi, v, big_gamma, free)
    c = trace / fit.df if fit.df else float("nan")
    c_null = _trace(null, theta_null, np.eye(null.n_par), w, wi, v, big_gamma, free) / df_null
    x2 = 2 * as_complete.n * as_complete.objective.value(fit.theta)
    x2_null = 2 * as_complete.n * NormalStructure(null.groups, complete).objective.value(theta_null)
    return RobustFit(x2, float(fit.df), float(c), x2_null, float(df_null), float(c_null))


def _trace(structure, theta, open_directions, w, wi, v, gamma, free) -> float:
    """Trace of the correction, with U from the unrestricted observed information ``w`` (nan when singular)."""
    delta = np.vstack([d[keep] for d, keep in zip(structure.delta(theta), free, strict=True)])
    w_delta = w @ delta
    inverse = invert(delta.T @ w_delta, open_directions)
    if inverse is None:
        return float("nan")
    u = w - w_delta @ inverse @ w_delta.T
    if gamma is None:
        return float(np.sum((wi @ v @ wi) * u.T))
    left = u @ wi
    return float(np.sum((left @ v @ left.T) * gamma))
