"""Factor scores of cases: regression (Thurstone 1935) and Bartlett (1937), with standard errors and determinacy.

For variables v = (observed y, latent eta) with implied mean and covariance, the regression score is
E(eta | y) = E(eta) + Cov(eta, y) Sigma^-1 (y - mu), with error covariance Var(eta) - Cov(eta, y) Sigma^-1 Cov(y, eta);
the Bartlett score is the generalised least squares estimate (L' Sigma^-1 L)^-1 L' Sigma^-1 (y - mu), which is unbiased
for the person's own eta. With missing values both use the variables that a case has (full information).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from .model import GroupModel, Implied
    from .results import Fit
    from .table import ParameterTable

FloatArray = NDArray[np.float64]
METHODS = ("regression", "bartlett")


@dataclass(frozen=True)
class GroupScores:
    """Scores of one group.

    names: m latent variables; scores, se: N x m (nan where a case has no information on a factor);
    determinacy: m, the correlation of the score with the factor when nothing is missing.
    """

    names: list[str]
    scores: FloatArray
    se: FloatArray
    determinacy: FloatArray


@dataclass(frozen=True)
class _Scorer:
    """What scoring needs of one group: moments of (eta, y) and the direct loadings of y on its factors."""

    mean_y: FloatArray
    mean_eta: FloatArray
    var_eta: FloatArray  # m x m
    cov: FloatArray  # m x p, Cov(eta, y)
    sigma: FloatArray  # p x p
    loadings: FloatArray  # p x (m + number of covariates)


def scorer(group: GroupModel, at: Implied, mean_y: FloatArray, covariates: Sequence[str]) -> _Scorer:
    """Collect the moments of one group.

    ``covariates`` are exogenous observed variables: they measure only themselves, and without a mean structure their
    sample means shift the factors they predict (lavaan's convention). Observed outcomes count as indicators.
    """
    p = group.p
    full = at.g @ at.s @ at.g.T
    arrows = group.identity - np.linalg.inv(at.g)  # the matrix A at these estimates
    is_x = np.array([name in set(covariates) for name in group.observed], dtype=bool)
    own, rest = np.flatnonzero(is_x), np.flatnonzero(~is_x)
    m = len(group.latent)
    loadings = np.zeros((p, m + len(own)))
    loadings[own, m + np.arange(len(own))] = 1.0
    direct = np.hstack([arrows[rest, p:], arrows[np.ix_(rest, own)]])
    loadings[rest] = np.linalg.solve(np.eye(len(rest)) - arrows[np.ix_(rest, rest)], direct)
    mean_eta = at.means[p:] if group.meanstructure else at.g[p:, own] @ mean_y[own]
    return _Scorer(mean_y, mean_eta, full[p:, p:], full[p:, :p], at.sigma, loadings)


def weights(model: _Scorer, seen: NDArray[np.bool_], method: str) -> tuple[FloatArray, FloatArray]:
    """Scoring matrix (m x number of variables seen) and error variances (m,) for one pattern of observed variables."""
    inverse = np.linalg.inv(model.sigma[np.ix_(seen, seen)])
    m = len(model.mean_eta)
    if method == "regression":
        matrix = model.cov[:, seen] @ inverse
        return matrix, np.diag(model.var_eta - matrix @ model.cov[:, seen].T).copy()
    loadings = model.loadings[seen]
    known = np.flatnonzero(np.abs(loadings).sum(axis=0) > 0)
    loadings = loadings[:, known]
    precision = loadings.T @ inverse @ loadings
    matrix = np.full((m, int(seen.sum())), np.nan)
    error = np.full(m, np.nan)
    if np.linalg.matrix_rank(precision) < len(known):
        return matrix, error
    spread = np.linalg.inv(precision)
    solved = spread @ loadings.T @ inverse
    factors = known < m
    matrix[known[factors]] = solved[factors]
    error[known[factors]] = np.diag(spread)[factors] - np.diag(model.var_eta)[known[factors]]
    return matrix, error


def group_scores(model: _Scorer, data: FloatArray, names: list[str], method: str) -> GroupScores:
    """Scores of every row of ``data`` (N x p, nan where missing), pattern by pattern."""
    if method not in METHODS:
        raise ValueError(f"method '{method}' is not known; use 'regression' or 'Bartlett'")
    m = len(names)
    values, se = np.full((len(data), m), np.nan), np.full((len(data), m), np.nan)
    seen = ~np.isnan(data)
    patterns, which = np.unique(seen, axis=0, return_inverse=True)
    which = which.ravel()
    for k, pattern in enumerate(patterns):
        rows = np.flatnonzero(which == k)
        matrix, error = weights(model, pattern, method)
        centred = data[np.ix_(rows, np.flatnonzero(pattern))] - model.mean_y[pattern]
        values[rows] = model.mean_eta + centred @ matrix.T
        se[rows] = np.sqrt(np.maximum(error, 0.0))
    return GroupScores(list(names), values, se, determinacy(model))


def determinacy(model: _Scorer) -> FloatArray:
    """Correlation of the regression score with its factor (Grice 2001), all variables observed."""
    explained = np.diag(model.cov @ np.linalg.solve(model.sigma, model.cov.T))
    return np.sqrt(explained / np.diag(model.var_eta))


def exogenous_observed(table: ParameterTable) -> list[str]:
    """Observed variables that predict and are neither predicted nor indicators."""
    rows = list(zip(table.lhs, table.op, table.rhs, strict=True))
    predictors = {rhs for _, op, rhs in rows if op == "~"}
    explained = {lhs for lhs, op, _ in rows if op == "~"} | {rhs for _, op, rhs in rows if op == "=~"}
    return [name for name in table.ov_names if name in predictors - explained]


def factor_scores(fit: Fit, method: str = "regression", *, se: bool = False) -> pd.DataFrame:
    """Factor scores of the cases that were analysed.

    Parameters
    ----------
    method : "regression" or "Bartlett" for continuous variables; ordered variables have the empirical Bayes modal
        score "EBM" (lavaan's) and the posterior mean "EAP", with posterior standard errors.
    se : add a column ``<factor>_se`` for every factor.

    Returns
    -------
    DataFrame, one column per latent variable, indexed by the position of the case in the data. ``.attrs`` holds
    ``method`` and ``determinacy`` ({group label: {factor: correlation of score and factor}}).

    Raises
    ------
    ValueError : unknown method, or the fit was made from a covariance matrix.
    """
    import pandas as pd

    if fit.structure.ordinal:
        from .eap import ordinal_scores

        return ordinal_scores(fit, method, se=se)
    frames, quality = [], {}
    covariates = exogenous_observed(fit.table)
    for g, (group, observed) in enumerate(zip(fit.structure.groups, fit.observed, strict=True)):
        if observed.data is None:
            raise ValueError("factor scores need the data, not only a covariance matrix")
        at = group.implied(fit.theta)
        mean = at.mu if fit.structure.meanstructure else observed.mean
        done = group_scores(scorer(group, at, mean, covariates), observed.data, group.latent, method.lower())
        columns = dict(zip(done.names, done.scores.T, strict=True))
        if se:
            columns |= {f"{name}_se": column for name, column in zip(done.names, done.se.T, strict=True)}
        frames.append(pd.DataFrame(columns, index=observed.rows))
        quality[fit.group_labels[g]] = dict(zip(done.names, done.determinacy.tolist(), strict=True))
    scores = pd.concat(frames).sort_index()
    scores.attrs.update(method=method, determinacy=quality)
    return scores
