"""Regressions on dyads: actor and partner predictors, with residuals that are correlated within the pair.

Kenny, Kashy & Cook (2006), Dyadic Data Analysis, ch. 7: one row per person, the partner's report in its own column.
Distinguishable members (mentee and mentor) have their own residual variances; indistinguishable ones share one.
Generalised least squares with the correlation and the ratio of the standard deviations estimated by REML or ML, as
nlme::gls with corSymm and varIdent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alliance.persistence.prepare import prepare
from alliance.persistence.result import OutcomeFit

if TYPE_CHECKING:
    import pandas as pd


def fit_dyads(
    formula: str, data: pd.DataFrame, *, dyad: str, role: str | None = None, method: str = "REML", level: float = 0.95
) -> OutcomeFit:
    """Fit a linear model to members of dyads.

    Args:
        formula: for distinguishable members for example ``y ~ 0 + role + role:actor + role:partner``.
        data: one row per person; ``dyad`` names the pair. Pairs with one complete member stay in.
        role: column with the two kinds of members; given, each kind has its own residual variance.
        method: "REML" or "ML".

    Returns a fit whose ``extra`` holds ``rho`` (residual correlation within the pair), ``sigma`` (of the first role)
    and ``sigma_ratio`` (second role to first, sorted; 1 without roles). Raises ValueError when a dyad has more than
    two members or two of one role.
    """
    from scipy.optimize import minimize

    if method not in ("REML", "ML"):
        raise ValueError(f"method must be REML or ML, not {method!r}")
    ready = prepare(formula, data, cluster=dyad, also=[role] if role else [])
    pairs, singles, second = _members(ready, role)
    n, p = ready.X.shape

    def profile(parameters: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, float]:
        rho, ratio = np.tanh(parameters[0]), np.exp(parameters[1]) if role else 1.0
        scale = np.where(second, ratio, 1.0)
        y, X = ready.y / scale, ready.X / scale[:, None]
        # whitening of a pair with correlation rho: sum and difference are independent
        plus, minus = np.sqrt(2 * (1 + rho)), np.sqrt(2 * (1 - rho))
        a, b = pairs.T
        Y = np.concatenate([(y[a] + y[b]) / plus, (y[a] - y[b]) / minus, y[singles]])
        W = np.vstack([(X[a] + X[b]) / plus, (X[a] - X[b]) / minus, X[singles]])
        q, r = np.linalg.qr(W)
        beta = np.linalg.solve(r, q.T @ Y)
        rss = float(((Y - W @ beta) ** 2).sum())
        log_c = len(pairs) * np.log(1 - rho**2) + 2 * np.log(scale).sum()
        df = n - p if method == "REML" else n
        value = -0.5 * (df * (np.log(2 * np.pi) + 1 + np.log(rss / df)) + log_c)
        if method == "REML":
            value -= np.log(np.abs(np.diag(r))).sum()
        return value, beta, r, rss

    start = np.zeros(2 if role else 1)
    options = {"xatol": 1e-10, "fatol": 1e-13, "maxiter": 5000}
    found = minimize(lambda x: -profile(x)[0], start, method="Nelder-Mead", options=options)
    value, beta, r, rss = profile(found.x)
    inverse = np.linalg.inv(r)
    sigma2 = rss / (n - p)
    extra = {
        "rho": float(np.tanh(found.x[0])),
        "sigma": float(np.sqrt(rss / (n - p if method == "REML" else n))),
        "sigma_ratio": float(np.exp(found.x[1])) if role else 1.0,
        "method": method,
    }
    return OutcomeFit(
        "dyads", "identity", ready.design.names, beta, sigma2 * inverse @ inverse.T, np.full(p, float(n - p)), method,
        n, None, len(pairs) + len(singles), ready.n_dropped, "ok", "", value, bool(found.success), level, ready.design,
        ready.data, ready.weights, extra=extra,
    )  # fmt: skip


def intraclass_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pairwise intraclass correlation of the two members' values, ICC(1): complete pairs in matching order."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    known = np.isfinite(first) & np.isfinite(second)
    first, second = first[known], second[known]
    middle = (first + second) / 2
    between = 2 * ((middle - middle.mean()) ** 2).sum() / (len(first) - 1)
    within = ((first - second) ** 2).sum() / 2 / len(first)
    return float((between - within) / (between + within))


def _members(ready, role: str | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the pairs (k × 2), rows without partner, and which rows have the second role."""
    groups = ready.groups
    sizes = np.bincount(groups)
    if sizes.max() > 2:
        raise ValueError("a dyad has more than two members")
    order = np.argsort(groups, kind="stable")
    starts = np.cumsum(sizes) - sizes
    pairs = order[starts[sizes == 2][:, None] + np.arange(2)]
    singles = order[starts[sizes == 1]]
    second = np.zeros(len(groups), dtype=bool)
    if role:
        names = ready.data[role].to_numpy()
        kinds = sorted(set(names))
        if len(kinds) != 2:
            raise ValueError(f"role {role} must have two kinds of members, found {len(kinds)}")
        second = names == kinds[1]
        if len(pairs) and (second[pairs].sum(axis=1) != 1).any():
            raise ValueError("a dyad has two members of the same role")
    return pairs, singles, second
