"""Observed moments of one group: complete data, incomplete data by pattern, or a covariance matrix.

Covariances are divided by n (maximum likelihood). With sampling weights n is the sum of the weights, which are
scaled to sum to the number of cases over all groups.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

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
    mean_known: bool = True
    rows: np.ndarray | None = None  # (N,) positions of the cases in the data

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
    masks (P, p) True where observed; counts (P,); means (P, p) and covs (P, p, p), zero where not observed.
    mean, cov: the unrestricted maximum-likelihood estimates (filled by ``saturated.py``).
    """

    names: list[str]
    n: float
    data: np.ndarray
    pattern: np.ndarray
    masks: np.ndarray
    counts: np.ndarray
    means: np.ndarray
    covs: np.ndarray
    weights: np.ndarray | None = None
    cluster: np.ndarray | None = None
    x: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    mean: np.ndarray | None = None
    cov: np.ndarray | None = None
    rows: np.ndarray | None = None  # (N,) positions of the cases in the data

    missing = True
    mean_known = True

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
        covs = _pattern_covariances(centred, ordered_weight, starts, counts)
        x = np.empty(0, dtype=np.intp) if x is None else np.asarray(x, dtype=np.intp)
        return cls(list(names), float(counts.sum()), data, pattern, masks, counts, means, covs, weights, cluster, x)


def _pattern_covariances(centred, weight, starts, counts) -> np.ndarray:
    """(P, p, p): the covariance of each run of rows; patterns of one case have zero."""
    p = centred.shape[1]
    out = np.zeros((len(starts), p, p))
    ends = np.append(starts[1:], len(centred))
    for k in np.flatnonzero(ends - starts > 1):
        block = centred[starts[k] : ends[k]]
        out[k] = (block.T * weight[starts[k] : ends[k]]) @ block / counts[k]
    return out


def casewise_products(moments: CompleteMoments) -> np.ndarray:
    """N x p(p+1)/2: centred products (y_i - mean_i)(y_j - mean_j) of each case."""
    assert moments.data is not None
    centred = moments.data - moments.mean
    rows, cols = vech_index(centred.shape[1])
    return centred[:, rows] * centred[:, cols]
