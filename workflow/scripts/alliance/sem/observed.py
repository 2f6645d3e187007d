"""Observed moments of one group: complete data, incomplete data by pattern, or a covariance matrix.

Covariances are divided by n (maximum likelihood). With sampling weights n is the sum of the weights, which are
scaled to sum to the number of cases over all groups.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from .vech import vech_index


@dataclass
class CompleteMoments:
    """Mean vector and covariance matrix of one group, with the cases when there are any.

    names: p variables; n: cases (sum of weights); mean (p,); cov (p, p) divided by n; data (N, p) or None when only
    a covariance matrix was given; weights (N,) or None; cluster (N,) integer codes from 0 or None; x: positions of
    exogenous covariates whose moments are fixed at their sample values.
    """

    names: list[str]
    n: float
    mean: np.ndarray
    cov: np.ndarray
    data: np.ndarray | None = None
    weights: np.ndarray | None = None
    cluster: np.ndarray | None = None
    x: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    rows: np.ndarray | None = None  # (N,) positions of the cases in the data
    cache: dict[Any, np.ndarray] = field(default_factory=dict)  # what the tests need of the unrestricted model

    missing = False

    @property
    def saturated(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and covariance of the unrestricted model."""
        return self.mean, self.cov

    @cached_property
    def log_det(self) -> float:
        """log |S|; raises LinAlgError when S is not positive definite."""
        return 2 * float(np.sum(np.log(np.diag(np.linalg.cholesky(self.cov)))))

    @classmethod
    def from_data(cls, names, data, *, weights=None, cluster=None, x=None) -> CompleteMoments:
        """Moments of complete cases (N x p)."""
        n = float(len(data)) if weights is None else float(weights.sum())
        mean = data.mean(axis=0) if weights is None else weights @ data / n
        centred = data - mean
        cov = (centred.T @ centred if weights is None else (centred.T * weights) @ centred) / n
        x = np.empty(0, dtype=np.intp) if x is None else np.asarray(x, dtype=np.intp)
        return cls(list(names), n, mean, cov, data, weights, cluster, x)


@dataclass
class MissingMoments:
    """Cases of one group sorted into patterns of observed variables; each pattern keeps only n, mean and covariance.

    names: p variables; n: cases (sum of weights); data (N, p) with nan; pattern (N,): which pattern each case has;
    masks (P, p) True where observed; counts (P,); means (P, p), zero where not observed; many (Q,): the patterns of
    more than one case, and covs (Q, p, p) their covariances. mean, cov: the unrestricted maximum-likelihood estimates
    (filled by ``saturated.py``).
    """

    names: list[str]
    n: float
    data: np.ndarray
    pattern: np.ndarray
    masks: np.ndarray
    counts: np.ndarray
    means: np.ndarray
    many: np.ndarray
    covs: np.ndarray
    weights: np.ndarray | None = None
    cluster: np.ndarray | None = None
    x: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    mean: np.ndarray | None = None
    cov: np.ndarray | None = None
    rows: np.ndarray | None = None  # (N,) positions of the cases in the data
    cache: dict[Any, np.ndarray] = field(default_factory=dict)  # what the tests need of the unrestricted model

    missing = True

    @property
    def saturated(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and covariance of the unrestricted model."""
        assert self.mean is not None
        assert self.cov is not None
        return self.mean, self.cov

    @cached_property
    def filled(self) -> np.ndarray:
        """The data with zero for missing."""
        return np.where(np.isnan(self.data), 0.0, self.data)

    @classmethod
    def from_data(cls, names, data, *, weights=None, cluster=None, x=None) -> MissingMoments:
        """Sort cases (N x p, nan where missing; no case entirely missing) into patterns."""
        seen = ~np.isnan(data)
        p = data.shape[1]
        # one integer (or bytes) per pattern is much quicker to sort than rows of booleans
        if p <= 62:
            keys = seen @ (1 << np.arange(p, dtype=np.int64))
        else:
            keys = np.ascontiguousarray(np.packbits(seen, axis=1)).view(f"V{(p + 7) // 8}").ravel()
        _, first, pattern = np.unique(keys, return_index=True, return_inverse=True)
        pattern = pattern.ravel()
        masks = seen[first]
        weight = np.ones(len(data)) if weights is None else weights
        counts = np.bincount(pattern, weight, minlength=len(first))
        filled = np.where(seen, data, 0.0)
        order = np.argsort(pattern, kind="stable")
        starts = np.searchsorted(pattern[order], np.arange(len(first)))
        ordered, ordered_weight = filled[order], weight[order]
        means = np.add.reduceat(ordered * ordered_weight[:, None], starts, axis=0) / counts[:, None]
        centred = ordered - means[pattern[order]]
        many, covs = _pattern_covariances(centred, ordered_weight, starts, counts)
        x = np.empty(0, dtype=np.intp) if x is None else np.asarray(x, dtype=np.intp)
        return cls(
            list(names), float(counts.sum()), data, pattern, masks, counts, means, many, covs, weights, cluster, x
        )  # fmt: skip

    @cached_property
    def by_absent(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Patterns by number of absent variables: (patterns, their absent variables as a matrix)."""
        absent = (~self.masks).sum(axis=1)
        out = []
        for k in np.unique(absent):
            patterns = np.flatnonzero(absent == k)
            out.append((patterns, np.nonzero(~self.masks[patterns])[1].reshape(len(patterns), k)))
        return out

    def univariate(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance (divided by n) of each variable over the cases that have it."""
        total = self.counts @ self.masks
        means = self.counts @ self.means / total
        within = self.counts[self.many] @ np.einsum("kii->ki", self.covs)
        return means, (within + self.counts @ (self.means**2 * self.masks)) / total - means**2


def _pattern_covariances(centred, weight, starts, counts) -> tuple[np.ndarray, np.ndarray]:
    """Runs of more than one row, and their covariances (Q, p, p)."""
    ends = np.append(starts[1:], len(centred))
    many = np.flatnonzero(ends - starts > 1)
    out = np.empty((len(many), centred.shape[1], centred.shape[1]))
    for q, k in enumerate(many):
        block = centred[starts[k] : ends[k]]
        out[q] = (block.T * weight[starts[k] : ends[k]]) @ block / counts[k]
    return many, out


def casewise_products(moments: CompleteMoments) -> np.ndarray:
    """N x p(p+1)/2: centred products (y_i - mean_i)(y_j - mean_j) of each case."""
    assert moments.data is not None
    centred = moments.data - moments.mean
    rows, cols = vech_index(centred.shape[1])
    return centred[:, rows] * centred[:, cols]
