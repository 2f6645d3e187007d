"""A model over groups together with its data: the one object that inference and tests work on.

``delta``, ``weights`` and ``gamma`` are lists with one entry per group, over the group's stacked moments: the means
(when they are modelled) followed by vech of the covariance matrix, or the ordinal statistics.
"""

from __future__ import annotations

import numpy as np

from .categorical import CategoricalGroup
from .discrepancy import FullInformation, NormalTheory
from .least_squares import LeastSquares
from .model import GroupModel
from .observed import CompleteMoments, MissingMoments, casewise_products
from .patterns import case_scores, information, pattern_state
from .vech import block_diagonal, normal_theory_weight, vech, vech_index, vech_weight


class NormalStructure:
    """Continuous variables by maximum likelihood, complete or incomplete."""

    ordinal = False
    least_squares = False

    def __init__(
        self,
        groups: list[GroupModel],
        moments: list[CompleteMoments] | list[MissingMoments],
        exogenous: np.ndarray | None = None,
    ):
        self.groups, self.moments = groups, moments
        # positions of the exogenous covariates, fixed or free: uncorrelated with the rest in the independence model
        self.exogenous = np.empty(0, dtype=np.intp) if exogenous is None else np.asarray(exogenous, dtype=np.intp)
        self.n_par = groups[0].n_par
        self.missing = moments[0].missing
        self.meanstructure = groups[0].meanstructure
        self.objective = (FullInformation if self.missing else NormalTheory)(groups, moments)  # type: ignore[arg-type]
        self.n = self.objective.n
        self.share = self.objective.share
        self.names = [m.names for m in moments]

    def implied(self, theta: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """(mu, Sigma) of each group; without mean structure mu is the sample mean."""
        out = []
        for group, observed in zip(self.groups, self.moments, strict=True):
            at = group.implied(theta)
            out.append((at.mu if self.meanstructure else observed.saturated[0], at.sigma))
        return out

    def delta(self, theta: np.ndarray) -> list[np.ndarray]:
        """Jacobian of the stacked moments of each group."""
        out = []
        for group in self.groups:
            at = group.implied(theta)
            parts = [group.d_mu(at)] if self.meanstructure else []
            out.append(np.vstack([*parts, group.d_sigma(at)]))
        return out

    def free_moments(self, g: int) -> np.ndarray:
        """True for moments that are not only about exogenous covariates fixed at their sample values."""
        p = self.groups[g].p
        is_x = np.zeros(p, dtype=bool)
        is_x[self.moments[g].x] = True
        rows, cols = vech_index(p)
        free = ~(is_x[rows] & is_x[cols])
        return np.concatenate([~is_x, free]) if self.meanstructure else free

    def h1_information(self, g: int, mu: np.ndarray, sigma: np.ndarray, kind: str) -> np.ndarray:
        """Information per case on the stacked moments at (mu, Sigma).

        ``kind`` "expected" or "observed" matters for incomplete data only: with complete data the observed
        information is needed at the sample moments, where both are the same.
        """
        observed = self.moments[g]
        if observed.missing:
            out = information(observed, pattern_state(observed, mu, sigma), kind)
        else:
            inverse = np.linalg.inv(sigma)
            inverse = (inverse + inverse.T) / 2
            block = normal_theory_weight(inverse)
            out = block_diagonal([inverse, block]) if self.meanstructure else block
        free = self.free_moments(g)
        return out * np.outer(free, free)

    def moment_scores(self, g: int, mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        """Casewise scores (weighted; summed by cluster when there are clusters) on the stacked moments."""
        observed = self.moments[g]
        if observed.missing:
            scores = case_scores(observed, mu, sigma)
        else:
            if observed.data is None:
                raise ValueError("robust standard errors and tests need the data, not only a covariance matrix")
            inverse = np.linalg.inv(sigma)
            z = (observed.data - mu) @ inverse
            rows, cols = vech_index(observed.cov.shape[0])
            pairs = (z[:, rows] * z[:, cols] - vech(inverse)) * (vech_weight(len(mu)) / 2)
            scores = np.hstack([z, pairs]) if self.meanstructure else pairs
        scores = scores * self.free_moments(g)
        return _summed(scores, observed)

    def first_order(self, theta: np.ndarray) -> list[np.ndarray]:
        """Outer products of the casewise scores on theta, per case of each group (n_par x n_par)."""
        out = []
        for g, (group, observed) in enumerate(zip(self.groups, self.moments, strict=True)):
            at = group.implied(theta)
            if observed.missing:
                scores = self.moment_scores(g, at.mu, at.sigma) @ self.delta(theta)[g]
            else:
                if observed.data is None:
                    raise ValueError("robust standard errors and tests need the data, not only a covariance matrix")
                inverse = np.linalg.inv(at.sigma)
                u, v = group.factors(at)
                mu = at.mu if self.meanstructure else observed.mean
                z = (observed.data - mu) @ inverse
                cells = (z @ u) * (z @ v) - np.einsum("ij,ij->j", u, inverse @ v)
                scores = cells @ group.spread
                if self.meanstructure:
                    scores += z @ group.d_mu(at)
                scores = _summed(scores, observed)
            out.append(scores.T @ scores / observed.n)
        return out

    def weights(self, theta: np.ndarray) -> list[np.ndarray]:
        """Weight matrix of each group for the Satorra-Bentler tests: normal theory at the implied moments."""
        return [self.h1_information(g, *self.implied(theta)[g], "expected") for g in range(len(self.groups))]

    def gamma(self) -> list[np.ndarray]:
        """Distribution-free asymptotic covariance of the stacked sample moments of each group (Browne 1984)."""
        return [_gamma(m, self.meanstructure) for m in self.moments]  # type: ignore[arg-type]


class OrdinalStructure:
    """Ordered (and numeric) variables through thresholds, slopes and correlations; least squares."""

    ordinal = True
    least_squares = True
    missing = False
    meanstructure = True

    def __init__(self, groups: list[CategoricalGroup], moments: list, unweighted: bool):
        self.groups, self.moments = groups, moments
        self.n_par = groups[0].linear.n_par
        self.stats = stats = [m.stats for m in moments]
        self.diagonal = [np.ones(len(m.stats)) if unweighted else 1 / np.diag(m.gamma) for m in moments]
        self.objective = LeastSquares(groups, stats, self.diagonal, [m.n for m in moments])
        self.n, self.share = self.objective.n, self.objective.share
        self.names = [m.names for m in moments]

    def covariances(self) -> list[np.ndarray]:
        """Which statistics are covariances of two variables, in each group."""
        return [np.array([label[0] == "cov" for label in m.labels]) for m in self.moments]

    def implied(self, theta: np.ndarray) -> list[np.ndarray]:
        """Implied statistics of each group."""
        return [group.stats(theta) for group in self.groups]

    def delta(self, theta: np.ndarray) -> list[np.ndarray]:
        """Jacobian of the statistics of each group."""
        return [group.jacobian(theta)[1] for group in self.groups]

    def weights(self, theta: np.ndarray) -> list[np.ndarray]:
        """The diagonal of the weight matrix of each group."""
        del theta
        return self.diagonal

    def gamma(self) -> list[np.ndarray]:
        """Asymptotic covariance of the statistics of each group."""
        return [m.gamma for m in self.moments]


class _Moments:
    """Mean vector and covariances of a continuous model as stacked statistics, for least squares."""

    def __init__(self, group: GroupModel):
        self.group = group

    def stats(self, theta: np.ndarray) -> np.ndarray:
        """(mu if modelled, vech Sigma)."""
        at = self.group.implied(theta)
        return np.concatenate([at.mu, vech(at.sigma)]) if self.group.meanstructure else vech(at.sigma)

    def jacobian(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The statistics and their Jacobian."""
        at = self.group.implied(theta)
        if not self.group.meanstructure:
            return vech(at.sigma), self.group.d_sigma(at)
        stats = np.concatenate([at.mu, vech(at.sigma)])
        return stats, np.vstack([self.group.d_mu(at), self.group.d_sigma(at)])


class ContinuousLeastSquares(NormalStructure):
    """Continuous variables by diagonally weighted or unweighted least squares; covariances divided by n - 1."""

    least_squares = True

    def __init__(self, groups: list[GroupModel], moments: list[CompleteMoments], exogenous, unweighted: bool):
        super().__init__(groups, moments, exogenous)
        gammas = [_gamma(m, self.meanstructure) for m in moments] if moments[0].data is not None else None
        if gammas is None and not unweighted:
            raise ValueError("weighted least squares needs the data, not only a covariance matrix")
        for m in moments:
            m.cov = m.cov * m.n / (m.n - 1)
        stats = [np.concatenate([m.mean, vech(m.cov)]) if self.meanstructure else vech(m.cov) for m in moments]
        sizes = [len(s) for s in stats]
        self.stats, self._gammas = stats, gammas
        self.diagonal = [np.ones(size) for size in sizes] if unweighted else [1 / np.diag(g) for g in gammas or []]
        self.objective = LeastSquares([_Moments(g) for g in groups], stats, self.diagonal, [m.n for m in moments])

    def covariances(self) -> list[np.ndarray]:
        """Which statistics are covariances of two variables, in each group."""
        out = []
        for m in self.moments:
            rows, cols = vech_index(len(m.names))
            means = np.zeros(len(m.names) if self.meanstructure else 0, dtype=bool)
            both_x = np.isin(rows, self.exogenous) & np.isin(cols, self.exogenous)
            out.append(np.concatenate([means, (rows != cols) & ~both_x]))
        return out

    def weights(self, theta: np.ndarray) -> list[np.ndarray]:
        """The diagonal of the weight matrix of each group."""
        del theta
        return self.diagonal

    def gamma(self) -> list[np.ndarray]:
        """Distribution-free covariance of the statistics of each group."""
        if self._gammas is None:
            raise ValueError("robust standard errors and tests need the data, not only a covariance matrix")
        return self._gammas


def _summed(scores: np.ndarray, observed: CompleteMoments | MissingMoments) -> np.ndarray:
    """Weight the scores and sum them by cluster, with the factor C / (C - 1) for C clusters."""
    if observed.weights is not None:
        scores = scores * observed.weights[:, None]
    if observed.cluster is None:
        return scores
    return cluster_sums(scores, observed.cluster)


def cluster_sums(scores: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """C x k sums of the rows by cluster, times sqrt(C / (C - 1))."""
    order = np.argsort(cluster, kind="stable")
    ordered = cluster[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sums = np.add.reduceat(scores[order], starts, axis=0)
    return sums * np.sqrt(len(starts) / (len(starts) - 1))


def _gamma(moments: CompleteMoments, meanstructure: bool) -> np.ndarray:
    """Covariance of (y, vech(yc yc')) over cases; what fixed covariates explain is taken out first."""
    if moments.data is None:
        raise ValueError("robust standard errors and tests need the data, not only a covariance matrix")
    z = casewise_products(moments)
    if meanstructure:
        z = np.hstack([moments.data, z])
    if moments.x.size:
        design = np.hstack([np.ones((len(moments.data), 1)), moments.data[:, moments.x]])
        fitted = moments.data.copy()
        y = np.setdiff1d(np.arange(moments.data.shape[1]), moments.x)
        fitted[:, y] = design @ np.linalg.lstsq(design, moments.data[:, y], rcond=None)[0]
        centred = fitted - fitted.mean(axis=0)
        rows, cols = vech_index(centred.shape[1])
        explained = centred[:, rows] * centred[:, cols]
        z = z - (np.hstack([fitted, explained]) if meanstructure else explained)
    z = z - z.mean(axis=0)
    if moments.cluster is not None:
        z = cluster_sums(z, moments.cluster)
    return z.T @ z / len(moments.data)
