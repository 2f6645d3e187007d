"""Draws of missing values of one variable from a regression on the others, each with parameter uncertainty.

Linear model and predictive mean matching as van Buuren (2018), *Flexible Imputation of Missing Data*, algorithms 3.1
and 3.3 (R's mice: norm, pmm with type-1 matching); multinomial and binary logit with the pseudo-observations of White,
Daniel & Royston (2010) against separation. Unlike mice's polyreg, coefficients are drawn, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RIDGE = 1e-5  # share of the diagonal added to the cross-products, as in mice: collinear predictors do no harm


@dataclass
class LinearDraw:
    """Estimate and posterior draw of a regression: coefficients (k,) each, residual SD of the draw."""

    estimate: np.ndarray
    draw: np.ndarray
    sigma: float


def cholesky(gram: np.ndarray) -> np.ndarray:
    """Lower Cholesky factor of the cross-products with a small ridge."""
    return np.linalg.cholesky(gram + np.diag(RIDGE * np.diag(gram) + 1e-12))


def linear_draw(gram: np.ndarray, cross: np.ndarray, square: float, n: int, rng: np.random.Generator) -> LinearDraw:
    """Draw from the posterior of y = Xb + e under a flat prior, given X'X (k, k), X'y (k,), y'y and n."""
    from scipy.linalg import solve_triangular

    root = cholesky(gram)
    half = solve_triangular(root, cross, lower=True, check_finite=False)
    estimate = solve_triangular(root, half, lower=True, trans=1, check_finite=False)
    residual = max(square - 2 * estimate @ cross + estimate @ gram @ estimate, 1e-12 * max(square, 1e-300))
    sigma = float(np.sqrt(residual / rng.chisquare(max(n - len(cross), 1))))
    noise = solve_triangular(root, rng.standard_normal(len(cross)), lower=True, trans=1, check_finite=False)
    return LinearDraw(estimate, estimate + sigma * noise, sigma)


def match(observed: np.ndarray, wanted: np.ndarray, donors: int, rng: np.random.Generator) -> np.ndarray:
    """For each wanted prediction the place of one donor, drawn from the ``donors`` nearest observed predictions.

    observed (n,), wanted (w,): predictions; equal distances are taken in random order. Returns (w,) places in observed.
    """
    n = len(observed)
    k = min(donors, n)
    shuffled = rng.permutation(n)
    order = shuffled[np.argsort(observed[shuffled], kind="stable")]
    values = observed[order]
    window = np.searchsorted(values, wanted)[:, None] + np.arange(-k, k)
    inside = (window >= 0) & (window < n)
    window = np.clip(window, 0, n - 1)
    distance = np.where(inside, np.abs(values[window] - wanted[:, None]), np.inf)
    # random order among equally near: shuffle the columns, then a stable sort
    mixed = rng.permutation(2 * k)
    nearest = mixed[np.argsort(distance[:, mixed], axis=1, kind="stable")[:, :k]]
    picked = nearest[np.arange(len(wanted)), rng.integers(k, size=len(wanted))]
    return order[window[np.arange(len(wanted)), picked]]


def augmented(X: np.ndarray, y: np.ndarray, levels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, categories and weights with the pseudo-observations of White, Daniel & Royston (2010) added.

    For each predictor (all columns but the first, the intercept) and each category two rows stand one SD either side
    of the mean, all others at their means; together they weigh as much as one case per coefficient.
    """
    k = X.shape[1] - 1
    weight = np.ones(len(X))
    if k == 0:
        return X, y, weight
    mean, sd = X.mean(axis=0), X.std(axis=0)
    low, high = X.min(axis=0), X.max(axis=0)
    rows = np.repeat(mean[None, :], 2 * k, axis=0)
    place = np.arange(k)
    rows[place, place + 1] = np.maximum(mean - sd, low)[1:]
    rows[k + place, place + 1] = np.minimum(mean + sd, high)[1:]
    extra = np.tile(rows, (levels, 1))
    labels = np.repeat(np.arange(levels), 2 * k)
    return (
        np.vstack([X, extra]),
        np.concatenate([y, labels]),
        np.concatenate([weight, np.full(len(extra), (k + 1) / len(extra))]),
    )


def category_probabilities(
    X: np.ndarray,
    y: np.ndarray,
    X_missing: np.ndarray,
    levels: int,
    rng: np.random.Generator,
    start: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(missing, levels) probabilities from a (multinomial) logit with drawn coefficients; and the estimate.

    X (n, k) with intercept first, y (n,) categories 0..levels-1; ``start``: the estimate of the visit before.
    """
    rows, labels, weight = augmented(X, y, levels)
    beta, root = _multinomial(rows, labels, weight, levels, start)
    noise = np.linalg.solve(root.T, rng.standard_normal(beta.size)).reshape(beta.shape)
    return _softmax(X_missing @ (beta + noise).T), beta


def draw_categories(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One category for each row of probabilities."""
    cumulative = probabilities.cumsum(axis=1)
    u = rng.random(len(probabilities))[:, None] * cumulative[:, -1:]
    return (u > cumulative[:, :-1]).sum(axis=1)


def _softmax(eta: np.ndarray) -> np.ndarray:
    """Probabilities with the first category as reference: eta is (n, levels - 1)."""
    eta = np.column_stack([np.zeros(len(eta)), eta])
    eta -= eta.max(axis=1, keepdims=True)
    p = np.exp(eta)
    return p / p.sum(axis=1, keepdims=True)


def _multinomial(
    X: np.ndarray, y: np.ndarray, w: np.ndarray, levels: int, start: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method; coefficients (levels - 1, k) and the Cholesky factor of their information.

    Ends when a further step would change the log-likelihood by less than 1e-6: a thousandth of a standard error.
    """
    k, m = X.shape[1], levels - 1
    hot = (y[:, None] == np.arange(1, levels)).astype(float)
    beta = np.zeros((m, k)) if start is None else start
    step, value = np.zeros((m, k)), np.inf
    for _ in range(50):
        p = _softmax(X @ (beta + step).T)
        new = -float(w @ np.log(np.maximum(p[np.arange(len(y)), y], 1e-300)))
        if new > value + 1e-10 * abs(value):
            step = step / 2
            continue
        beta, value = beta + step, new
        gradient = ((hot - p[:, 1:]) * w[:, None]).T @ X
        information = np.empty((m * k, m * k))
        for a in range(m):
            for b in range(a + 1):
                weight = w * (p[:, a + 1] * (a == b) - p[:, a + 1] * p[:, b + 1])
                block = (X * weight[:, None]).T @ X
                information[a * k : (a + 1) * k, b * k : (b + 1) * k] = block
                information[b * k : (b + 1) * k, a * k : (a + 1) * k] = block.T
        root = cholesky(information)
        step = np.linalg.solve(root.T, np.linalg.solve(root, gradient.ravel())).reshape(beta.shape)
        if float(step.ravel() @ gradient.ravel()) < 2e-6:
            break
    return beta, root
