"""The independence model: all modelled variables uncorrelated, exogenous covariates and thresholds saturated.

Its estimates have a closed form, so it costs no search; its scaled test uses the same functions as the model's.
"""

from __future__ import annotations

import numpy as np

from .model import Cells, GroupModel
from .structure import NormalStructure, OrdinalStructure


def normal_baseline(structure: NormalStructure) -> tuple[NormalStructure, np.ndarray, int]:
    """Structure, estimates and degrees of freedom of the independence model."""
    counts = []
    for observed in structure.moments:
        y = np.setdiff1d(np.arange(len(observed.names)), observed.x)
        counts.append(len(y) * (2 if structure.meanstructure else 1))
    n_par, offset = sum(counts), 0
    groups, theta = [], np.empty(n_par)
    df = 0
    for observed in structure.moments:
        p, x = len(observed.names), observed.x
        y = np.setdiff1d(np.arange(p), x)
        mean, cov = observed.saturated
        s, m = np.zeros((p, p)), np.zeros(p)
        s[np.ix_(x, x)], m[x] = cov[np.ix_(x, x)], mean[x]
        at = np.arange(len(y)) + offset
        at_mean = at + len(y)
        empty = np.empty(0, dtype=np.intp)
        m_cells = Cells(y, np.zeros_like(y), at_mean) if structure.meanstructure else Cells(empty, empty, empty)
        groups.append(
            GroupModel(
                list(observed.names), [], [], n_par, structure.meanstructure, np.zeros((p, p)), s, m,
                np.zeros((p, 0)), Cells(empty, empty, empty), Cells(y, y, at), m_cells, Cells(empty, empty, empty),
            )
        )  # fmt: skip
        means, variances = univariate(observed)
        theta[at] = variances[y]
        if structure.meanstructure:
            theta[at_mean] = means[y]
        offset += len(y) * (2 if structure.meanstructure else 1)
        df += (p * (p - 1) - len(x) * (len(x) - 1)) // 2
    return NormalStructure(groups, structure.moments), theta, df


def univariate(observed) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (divided by n) of each variable over the cases that have it."""
    if not observed.missing:
        return observed.mean, np.diag(observed.cov).copy()
    total = observed.counts @ observed.masks
    means = observed.counts @ observed.means / total
    second = observed.counts @ (np.einsum("kii->ki", observed.covs) + observed.means**2 * observed.masks)
    return means, second / total - means**2


class OrdinalBaseline:
    """The independence model of ordinal statistics: all free but the covariances, so sigma = s with those zero."""

    def __init__(self, structure: OrdinalStructure):
        self.factor = structure.objective.factor
        self.structure = structure
        self.covs = [np.array([label[0] == "cov" for label in m.labels]) for m in structure.moments]
        self.df = int(sum(c.sum() for c in self.covs))

    def chisq(self) -> float:
        """2 n F of the independence model."""
        total = 0.0
        parts = zip(self.factor, self.covs, self.structure.diagonal, self.structure.moments, strict=True)
        for factor, cov, weight, moments in parts:
            total += factor * float(weight[cov] @ moments.stats[cov] ** 2)
        return total * self.structure.n

    def traces_of_u_gamma(self) -> tuple[float, float]:
        """tr(U Gamma) and tr((U Gamma)^2): U keeps the weights of the covariances and is zero elsewhere."""
        trace = square = 0.0
        for cov, weight, gamma in zip(self.covs, self.structure.diagonal, self.structure.gamma(), strict=True):
            product = weight[cov][:, None] * gamma[np.ix_(cov, cov)]
            trace += float(np.trace(product))
            square += float(np.sum(product * product.T))
        return trace, square
