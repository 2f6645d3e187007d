"""Bootstrap of dominance analysis without refitting: the log-likelihood of each draw by its expansion to second order.

A draw is a weight per cluster. About the estimates of the sample, the maximum of the weighted log-likelihood is
sum(w l) + s' H^-1 s / 2 with s = sum(w score) and H = sum(w information): one Newton step, as in the score bootstrap
of Kline & Santos (2012, J. Econom. Methods 1:23). Sums per cluster are made once, so that a draw costs the solution
of one small system per subset of the predictors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alliance.persistence.glm import fit_glm
from alliance.persistence.links import LINKS

FloatArray = NDArray[np.float64]
MOST = 2000


def expanded_r2(
    y: FloatArray,
    X: FloatArray,
    groups: NDArray[np.intp] | None,
    subsets: list[NDArray[np.intp]],
    draws: int,
    seed: int,
) -> FloatArray:
    """McFadden's R2 of the logit on each subset of columns beyond the first subset, per draw (draws × subsets).

    ``groups``: number of each row's cluster; None draws rows. More than ``MOST`` clusters (or rows) are drawn in so
    many random bundles of equal size, whose sums vary as much as those of their members drawn one by one. NaN where a
    draw holds one kind of outcome only.
    """
    rng = np.random.default_rng(seed)
    codes = np.arange(len(y)) if groups is None else groups
    G = int(codes.max()) + 1
    if G > MOST:
        codes, G = (rng.permutation(G) % MOST)[codes], MOST
    counts = np.array([np.bincount(rng.integers(0, G, G), minlength=G) for _ in range(draws)], dtype=float)
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    found = np.empty((draws, len(subsets)))
    for place, chosen in enumerate(subsets):
        found[:, place] = _expanded(y[order], X[order][:, chosen], starts, counts)
    events = counts @ np.bincount(codes, y, G)
    rows = counts @ np.bincount(codes, minlength=G)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = events / rows
        null = rows * (rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
        return (found[:, :1] - found) / null[:, None]


def _expanded(y: FloatArray, X: FloatArray, starts: NDArray[np.intp], counts: FloatArray) -> FloatArray:
    """Maximum of the log-likelihood of each draw (draws,); rows are sorted by cluster, ``starts`` their beginnings."""
    fit = fit_glm(y, X, "logit")
    Z = X[:, ~fit.aliased]
    Z = Z / np.sqrt((Z**2).mean(axis=0))
    value = np.add.reduceat(LINKS["logit"].log_likelihood(y, fit.eta), starts)
    score = np.add.reduceat(Z * fit.score[:, None], starts, axis=0)
    p = Z.shape[1]
    ends = [*starts[1:], len(y)]
    information = np.empty((len(starts), p * p))
    for g, (a, b) in enumerate(zip(starts, ends, strict=True)):
        information[g] = (Z[a:b].T @ (Z[a:b] * fit.weight[a:b, None])).ravel()
    s, H = counts @ score, (counts @ information).reshape(len(counts), p, p)
    inverse = np.linalg.pinv(H, rcond=1e-10, hermitian=True)  # a category that no cluster of the draw has drops out
    return counts @ value + 0.5 * np.einsum("di,dij,dj->d", s, inverse, s, optimize=True)
