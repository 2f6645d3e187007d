"""Plausible values: draws of the factors from their posterior, for ordinal and continuous models.

A later analysis of plausible values is unbiased only for variables that the draws know of (Mislevy 1991):
``conditioning`` adds those through a latent regression whose coefficients are estimated by EM with the
measurement parameters held at their estimates. ``uncertain`` draws the parameters too, from their normal
sampling distribution, so that the draws are proper in the sense of Rubin (1987).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .bivariate import FloatArray
from .eap import modes, weighted_points
from .eap_model import Posterior, posterior

if TYPE_CHECKING:
    import pandas as pd

    from .results import Fit

_FREEDOM = 8.0  # of the multivariate t that proposes draws
_STEPS = 12
_EM_TOLERANCE = 1e-5
_CHUNK_POINTS = 400_000


@dataclass(frozen=True)
class LatentRegression:
    """Factors given the conditioning variables: ``coefficients`` (1 + c) x m (intercept first), ``cov`` m x m."""

    coefficients: FloatArray
    cov: FloatArray


def plausible_values(
    fit: Fit, n: int = 20, seed: int = 1, *, conditioning: pd.DataFrame | None = None, uncertain: bool = True
) -> pd.DataFrame:
    """Draw ``n`` sets of factor values for every analysed case.

    ``conditioning``: numeric columns of later analyses (outcomes, covariates), one row per row of the data the model
    was fitted to. ``uncertain``: also draw the model's parameters. Returns columns ``draw`` (1..n) and one per factor,
    indexed by the position of the case in the data; ``attrs["conditioning"]`` lists the columns used.
    The same seed gives the same values. Raises ValueError when a conditioning variable is missing for a
    case or scores are not defined.
    """
    import pandas as pd

    roots = np.random.SeedSequence(seed).spawn(n)
    design = [_design(conditioning, moments.rows, len(_cases(moments))) for moments in fit.observed]
    frames = []
    regressions: list[LatentRegression | None] = [None] * fit.n_groups
    for draw, root in enumerate(roots, 1):
        rng = np.random.default_rng(root)
        theta = _parameters(fit, rng) if uncertain else fit.theta
        for g, moments in enumerate(fit.observed):
            model = posterior(fit, g, theta)
            if design[g] is not None and (uncertain or regressions[g] is None):
                regressions[g] = latent_regression(model, design[g], start=regressions[g])
            if regressions[g] is not None:
                model = apply_regression(model, design[g], regressions[g])
            values = draw_values(model, rng)
            rows = np.arange(len(values)) if moments.rows is None else moments.rows
            frame = pd.DataFrame(values, columns=model.names, index=rows)
            frame.insert(0, "draw", draw)
            frames.append(frame)
    drawn = pd.concat(frames)
    order = np.lexsort((drawn.index.to_numpy(), drawn["draw"].to_numpy()))
    drawn = drawn.iloc[order]
    drawn.attrs["conditioning"] = [] if conditioning is None else [str(name) for name in conditioning.columns]
    return drawn


def _cases(moments: object) -> FloatArray:
    data = getattr(moments, "codes", None)
    data = getattr(moments, "data", None) if data is None else data
    if data is None:
        raise ValueError("plausible values need the data: fit the model to a data frame, not to a covariance matrix")
    return data


def _design(conditioning: pd.DataFrame | None, rows: FloatArray | None, n: int) -> FloatArray | None:
    """Intercept and standardised conditioning variables (n x (1 + c)) of the analysed cases, without collinear ones."""
    if conditioning is None:
        return None
    table = conditioning.to_numpy(dtype=float, na_value=np.nan)
    table = table[:n] if rows is None else table[rows]
    lacking = [str(name) for name, gap in zip(conditioning.columns, np.isnan(table).any(axis=0), strict=True) if gap]
    if lacking:
        raise ValueError(f"conditioning variables with missing values: {', '.join(lacking)}; impute or leave them out")
    spread = table.std(axis=0)
    scaled = (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    kept: list[int] = []
    for j in np.flatnonzero(spread > 0):
        chosen = scaled[:, [*kept, j]]
        if np.linalg.matrix_rank(chosen, tol=1e-8 * np.sqrt(len(chosen))) == len(kept) + 1:
            kept.append(int(j))
    return np.column_stack([np.ones(len(scaled)), scaled[:, kept]])


def _parameters(fit: Fit, rng: np.random.Generator) -> FloatArray:
    """Parameters from their sampling distribution; draws that give no proper model are drawn again."""
    if fit.vcov is None:
        raise ValueError("the parameters have no covariance matrix: use uncertain=False")
    values, vectors = np.linalg.eigh(fit.vcov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    for _ in range(200):
        theta = fit.theta + root @ rng.standard_normal(len(root))
        try:
            for g in range(fit.n_groups):
                posterior(fit, g, theta)
        except (np.linalg.LinAlgError, ValueError):
            continue
        return theta
    raise ValueError("no proper draw of the parameters in 200 trials: use uncertain=False")


def latent_regression(model: Posterior, design: FloatArray, start: LatentRegression | None = None) -> LatentRegression:
    """Regression of the factors on ``design`` (n x (1 + c), intercept first) by EM, measurement parameters held fixed.

    Deviations from the model's own factor means are what is regressed. Posterior moments come from points around
    each case's mode whose weights follow the changing regression; the points are placed anew three times.
    """
    hat = np.linalg.pinv(design)
    at = start or LatentRegression(np.zeros((design.shape[1], len(model.names))), model.root @ model.root.T)
    for _ in range(3):
        at = _em(model, design, hat, at)
    return at


def _em(model: Posterior, design: FloatArray, hat: FloatArray, at: LatentRegression) -> LatentRegression:
    """EM on one set of points."""
    placed = apply_regression(model, design, at)
    mode, information = modes(placed)
    parts = []
    step = max(1, _CHUNK_POINTS // 343)
    for first in range(0, len(mode), step):
        rows = np.arange(first, min(first + step, len(mode)))
        few = placed.take(rows)
        z, weight = weighted_points(few, mode[rows], information[rows])
        rank = few.root.shape[1]
        values = few.factors(z) - model.mean[rows][:, None, :]
        with np.errstate(divide="ignore"):
            # posterior weight without the normal prior of the factors
            log_weight = np.log(weight) + 0.5 * (z[..., :rank] ** 2).sum(axis=-1)
        parts.append((rows, values, log_weight))
    n = len(mode)
    for _ in range(500):
        expected = design @ at.coefficients
        precision = np.linalg.inv(at.cov)
        means = np.empty_like(expected)
        within = np.zeros_like(at.cov)
        for rows, values, log_weight in parts:
            residual = values - expected[rows][:, None, :]
            log_new = log_weight - 0.5 * np.einsum("nqa,ab,nqb->nq", residual, precision, residual, optimize=True)
            weight = np.exp(log_new - log_new.max(axis=1, keepdims=True))
            weight /= weight.sum(axis=1, keepdims=True)
            means[rows] = np.einsum("nq,nqm->nm", weight, values)
            centred = values - means[rows][:, None, :]
            within += np.einsum("nq,nqa,nqb->ab", weight, centred, centred, optimize=True)
        coefficients = hat @ means
        residual = means - design @ coefficients
        cov = (within + residual.T @ residual) / n
        change = max(np.abs(coefficients - at.coefficients).max(), np.abs(cov - at.cov).max())
        at = LatentRegression(coefficients, cov)
        if change < _EM_TOLERANCE:
            break
    return at


def apply_regression(model: Posterior, design: FloatArray, regression: LatentRegression) -> Posterior:
    """The posterior whose factor distribution is the latent regression."""
    return model.with_prior(model.mean + design @ regression.coefficients, regression.cov)


def draw_values(model: Posterior, rng: np.random.Generator) -> FloatArray:
    """One draw of the factors per case (N x m), by independence Metropolis from a t around each case's mode."""
    mode, information = modes(model)
    factor = np.linalg.inv(np.linalg.cholesky(information))
    n, d = mode.shape

    def propose() -> tuple[FloatArray, FloatArray]:
        normal = rng.standard_normal((n, d))
        stretch = np.sqrt(_FREEDOM / rng.chisquare(_FREEDOM, n))
        base = normal * stretch[:, None]
        z = mode + np.einsum("nd,nde->ne", base, factor)
        log_ratio = model.log_likelihood(z) - 0.5 * (z * z).sum(axis=1)
        return z, log_ratio + 0.5 * (_FREEDOM + d) * np.log1p((base * base).sum(axis=1) / _FREEDOM)

    z, weight = propose()
    for _ in range(_STEPS):
        new, new_weight = propose()
        accept = np.log(rng.random(n)) < new_weight - weight
        z, weight = np.where(accept[:, None], new, z), np.where(accept, new_weight, weight)
    return model.factors(z)
