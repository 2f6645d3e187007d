"""The independence model: all modelled variables uncorrelated, exogenous covariates and thresholds saturated.

Its estimates nearly always have a closed form, so it costs no search; its scaled test uses the model's functions.
"""

from __future__ import annotations

import numpy as np

from .estimation import minimise
from .model import Cells, GroupModel
from .structure import ContinuousLeastSquares, NormalStructure, OrdinalStructure
from .vech import vech_index


def normal_baseline(structure: NormalStructure) -> tuple[NormalStructure, np.ndarray, int]:
    """Structure, estimates and degrees of freedom of the independence model.

    Covariances among exogenous covariates stay free (or fixed at their sample values, when they are).
    """
    p = len(structure.names[0])
    exogenous = structure.exogenous
    layouts, n_par = [], 0
    for observed in structure.moments:
        fixed = np.zeros(p, dtype=bool)
        fixed[observed.x] = True
        free = np.flatnonzero(~fixed)
        i, j = vech_index(len(exogenous))
        pairs = exogenous[np.stack([i, j])][:, i != j]
        pairs = pairs[:, ~(fixed[pairs[0]] & fixed[pairs[1]])]
        cells = np.concatenate([np.stack([free, free]), pairs], axis=1)
        size = cells.shape[1] + (len(free) if structure.meanstructure else 0)
        layouts.append((free, cells, n_par))
        n_par += size
    groups, theta, df, together = [], np.empty(n_par), 0, False
    none = Cells(*[np.empty(0, dtype=np.intp)] * 3)
    for observed, (free, cells, offset) in zip(structure.moments, layouts, strict=True):
        mean, cov = observed.saturated
        means, variances = univariate(observed)
        x = observed.x
        s, m = np.zeros((p, p)), np.zeros(p)
        s[np.ix_(x, x)], m[x] = cov[np.ix_(x, x)], mean[x]
        numbers = offset + np.arange(cells.shape[1])
        theta[numbers] = np.where(cells[0] == cells[1], variances[cells[0]], cov[cells[0], cells[1]])
        m_cells = none
        if structure.meanstructure:
            m_cells = Cells(free, np.zeros_like(free), numbers[-1] + 1 + np.arange(len(free)))
            theta[m_cells.par] = means[free]
        groups.append(
            GroupModel(
                list(observed.names), [], [], n_par, structure.meanstructure, np.zeros((p, p)), s, m,
                np.zeros((p, 0)), none, Cells(cells[0], cells[1], numbers), m_cells, none,
            )
        )  # fmt: skip
        df += p * (p - 1) // 2 - len(exogenous) * (len(exogenous) - 1) // 2
        together |= observed.missing and cells.shape[1] > len(free)
    null = NormalStructure(groups, structure.moments, exogenous)
    if together:  # incomplete free covariates: no closed form
        theta = minimise(null.objective, theta).theta
    return null, theta, df


def univariate(observed) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (divided by n) of each variable over the cases that have it."""
    return observed.univariate() if observed.missing else (observed.mean, np.diag(observed.cov).copy())


class LeastSquaresBaseline:
    """The independence model of least squares: all free but the covariances, so sigma = s with those zero."""

    def __init__(self, structure: OrdinalStructure | ContinuousLeastSquares):
        self.structure = structure
        self.covs = structure.covariances()
        self.df = int(sum(c.sum() for c in self.covs))

    def chisq(self) -> float:
        """2 n F of the independence model."""
        total = 0.0
        objective = self.structure.objective
        for factor, cov, weight, stats in zip(
            objective.factor, self.covs, self.structure.diagonal, self.structure.stats, strict=True
        ):
            total += factor * float(weight[cov] @ stats[cov] ** 2)
        return total * self.structure.n

    def traces_of_u_gamma(self) -> tuple[float, float]:
        """tr(U Gamma) and tr((U Gamma)^2): U keeps the weights of the covariances and is zero elsewhere."""
        trace = square = 0.0
        for cov, weight, gamma in zip(self.covs, self.structure.diagonal, self.structure.gamma(), strict=True):
            product = weight[cov][:, None] * gamma[np.ix_(cov, cov)]
            trace += float(np.trace(product))
            square += float(np.sum(product * product.T))
        return trace, square
