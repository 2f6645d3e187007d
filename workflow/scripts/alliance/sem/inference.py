"""Covariance of the estimates: from the expected or observed information, or robust (sandwich, by cluster).

Equality constraints are taken into account by working in the directions they leave open (Aitchison & Silvey 1958).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .estimation import null_space
from .options import Options
from .structure import NormalStructure, OrdinalStructure


class Inference(NamedTuple):
    """What the standard errors and the scaled tests share.

    vcov (n_par, n_par); information per case; inverse: its inverse in the open directions; meat: list of per-group
    outer products of the scores on theta (casewise sandwich only); open: basis of the directions left open.
    """

    vcov: np.ndarray | None
    information: np.ndarray
    inverse: np.ndarray | None
    meat: list[np.ndarray]
    open: np.ndarray


def invert(information: np.ndarray, open_directions: np.ndarray) -> np.ndarray | None:
    """Z (Z' I Z)^-1 Z', or None when singular."""
    inner = open_directions.T @ information @ open_directions
    scale = np.sqrt(np.maximum(np.abs(np.diag(inner)), 1e-300))
    try:
        inverse = np.linalg.inv(inner / np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return None
    if not np.all(np.abs(inverse) < 1e12):  # singular up to rounding
        return None
    inverse /= np.outer(scale, scale)
    return open_directions @ ((inverse + inverse.T) / 2) @ open_directions.T


def infer(
    structure: NormalStructure | OrdinalStructure, options: Options, theta: np.ndarray, constraints: np.ndarray,
    information: np.ndarray | None = None,
) -> Inference:  # fmt: skip
    """Covariance of the estimates at ``theta`` with the Jacobian of the active ``constraints`` (k, n_par)."""
    basis = null_space(constraints)
    if structure.least_squares:
        delta, weights = structure.delta(theta), structure.weights(theta)
        info = sum(share * (d.T * w) @ d for share, d, w in zip(structure.share, delta, weights, strict=True))
    elif information is not None:
        info = information
    elif options.information == "observed":
        info = structure.objective.hessian(theta)  # type: ignore[union-attr]
    else:
        info = structure.objective.scoring(theta)[2]
    inverse = invert(info, basis)
    # the WLS family divides by n - G (Muthen 1984), likelihood by n
    n = structure.n - len(structure.groups) if options.discrepancy != "ML" else structure.n
    if inverse is None:
        return Inference(None, info, None, [], basis)
    meat: list[np.ndarray] = []
    if options.se == "robust.huber.white":
        meat = structure.first_order(theta)  # type: ignore[union-attr]
        middle = sum(share * m for share, m in zip(structure.share, meat, strict=True))
    elif options.se == "robust.sem":
        middle = gamma_meat(structure, theta)
    else:
        return Inference(inverse / n, info, inverse, meat, basis)
    return Inference(inverse @ middle @ inverse / n, info, inverse, meat, basis)


def gamma_meat(structure: NormalStructure | OrdinalStructure, theta: np.ndarray) -> np.ndarray:
    """Sum over groups of share Delta' W Gamma W Delta."""
    total = np.zeros((structure.n_par, structure.n_par))
    parts = zip(structure.share, structure.delta(theta), structure.weights(theta), structure.gamma(), strict=True)
    for share, delta, weight, gamma in parts:
        weighted = delta * weight[:, None] if weight.ndim == 1 else weight @ delta
        total += share * (weighted.T @ gamma @ weighted)
    return total
