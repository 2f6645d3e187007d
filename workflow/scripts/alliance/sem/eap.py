"""Factor scores of ordinal models: posterior mode (EBM) and posterior mean (EAP) with standard errors.

EBM maximises the posterior of each case (lavaan's only ordinal score); its standard error is that of the
normal approximation at the mode. EAP integrates the posterior: Gauss-Hermite nodes moved to each case's mode
and scaled by its curvature (Naylor & Smith 1982) for up to three dimensions, a fixed Sobol sequence with
importance weights around the mode beyond that. The standard error of EAP is the posterior deviation
(Bock & Mislevy 1982).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .bivariate import FloatArray
from .eap_model import Posterior, posterior

if TYPE_CHECKING:
    import pandas as pd

    from .results import Fit

__all__ = ["integrate", "modes", "ordinal_scores", "posterior", "score_cases"]
METHODS = {"regression": "EBM", "ebm": "EBM", "eap": "EAP"}
_HERMITE_DIMENSIONS = 3
_NODES = 7
_SOBOL = 2048
_CHUNK_POINTS = 400_000


def ordinal_scores(fit: Fit, method: str = "EBM", *, se: bool = False) -> pd.DataFrame:
    """Scores of the analysed cases of an ordinal model.

    ``method``: "EBM" (also under the name "regression") or "EAP". One column per factor, with ``se`` also
    ``<factor>_se``; indexed by the position of the case in the data. ``attrs``: ``method`` and ``determinacy``
    ({group: {factor: correlation of score and factor implied by the posterior variances}}).
    Raises ValueError for other methods or when scores are not defined.
    """
    import pandas as pd

    if method.lower() not in METHODS:
        raise ValueError(f"ordinal scores are 'EBM' or 'EAP', not '{method}'")
    name = METHODS[method.lower()]
    frames, quality = [], {}
    for g, moments in enumerate(fit.observed):
        model = posterior(fit, g)
        values, errors = score_cases(model, name)
        columns = dict(zip(model.names, values.T, strict=True))
        if se:
            columns |= {f"{factor}_se": column for factor, column in zip(model.names, errors.T, strict=True)}
        rows = np.arange(len(values)) if moments.rows is None else moments.rows
        frames.append(pd.DataFrame(columns, index=rows))
        # around each case's own mean: covariates may explain part of a factor
        total = (model.root**2).sum(axis=1)
        reliable = 1.0 - (errors**2).mean(axis=0) / total
        determinacy = np.sqrt(np.clip(reliable, 0.0, 1.0))
        quality[fit.group_labels[g]] = dict(zip(model.names, determinacy.tolist(), strict=True))
    scores = pd.concat(frames).sort_index()
    scores.attrs.update(method=name, determinacy=quality)
    return scores


def score_cases(model: Posterior, method: str) -> tuple[FloatArray, FloatArray]:
    """Scores and standard errors (N x m each); equal response patterns are computed once."""
    rows, back = _patterns(model)
    few = model.take(rows)
    mode, information = modes(few)
    if method == "EBM":
        spread = np.linalg.inv(information)
        value, cov = mode, spread
    else:
        value, cov = integrate(few, mode, information)
    rank = few.root.shape[1]
    errors = np.sqrt(np.einsum("ma,nab,mb->nm", few.root, cov[:, :rank, :rank], few.root, optimize=True))
    scores = few.factors(value)
    return scores[back], errors[back]


def _patterns(model: Posterior) -> tuple[NDArray, NDArray]:
    """First case of each distinct pattern of bounds, values and means, and the pattern of every case."""
    parts = [np.where(model.seen, model.upper, np.nan), np.where(model.seen, model.value, np.nan), model.mean]
    keys = np.ascontiguousarray(np.hstack(parts) + 0.0)
    packed = keys.view(np.dtype((np.void, keys.dtype.itemsize * keys.shape[1]))).ravel()
    _, rows, back = np.unique(packed, return_index=True, return_inverse=True)
    return rows, back.ravel()


def modes(model: Posterior) -> tuple[FloatArray, FloatArray]:
    """Posterior modes (N x d) and negative Hessians there (N x d x d), by Newton's method on all cases at once.

    The log posterior is strictly concave, so a step that does not improve a case is halved until it does.
    """
    z = np.zeros((len(model.mean), model.dimensions))
    value, gradient, information = model.slopes_and_curvature(z)
    for _ in range(100):
        step = np.linalg.solve(information, gradient[..., None])[..., 0]
        if np.max(np.abs(step)) < 1e-10:
            break
        length = np.ones(len(z))
        for _ in range(40):
            trial = z + length[:, None] * step
            new_value, new_gradient, new_information = model.slopes_and_curvature(trial)
            worse = new_value < value - 1e-9 * (1.0 + np.abs(value))
            if not worse.any():
                break
            length[worse] *= 0.5
        z, value, gradient, information = trial, new_value, new_gradient, new_information
    return z, information


def integrate(model: Posterior, mode: FloatArray, information: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Posterior means (N x d) and covariances (N x d x d) of z."""
    n, d = mode.shape
    means, covs = np.empty((n, d)), np.empty((n, d, d))
    step = max(1, _CHUNK_POINTS // len(_points(d)[0]))
    for start in range(0, n, step):
        part = np.arange(start, min(start + step, n))
        z, weight = weighted_points(model.take(part), mode[part], information[part])
        means[part] = np.einsum("nq,nqd->nd", weight, z)
        centred = z - means[part][:, None, :]
        covs[part] = np.einsum("nq,nqa,nqb->nab", weight, centred, centred, optimize=True)
    return means, covs


def weighted_points(model: Posterior, mode: FloatArray, information: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points around each case's mode (N x q x d) with posterior weights that sum to 1 (N x q)."""
    base, log_base = _points(mode.shape[1])
    # columns of the inverse transposed Cholesky factor scale the points to the case's curvature
    factor = np.linalg.inv(np.linalg.cholesky(information))
    z = mode[:, None, :] + base @ factor
    log_weight = model.log_likelihood(z) - 0.5 * (z * z).sum(axis=-1) + log_base
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    return z, weight / weight.sum(axis=1, keepdims=True)


def _points(d: int) -> tuple[FloatArray, FloatArray]:
    """Base points (q x d) around 0 with unit spread, and the log of weight over their own density (q)."""
    if d not in _POINTS:
        _POINTS[d] = _hermite(d) if d <= _HERMITE_DIMENSIONS else _sobol(d)
    return _POINTS[d]


_POINTS: dict[int, tuple[FloatArray, FloatArray]] = {}


def _hermite(d: int) -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    grid = np.stack(np.meshgrid(*([nodes] * d), indexing="ij"), axis=-1).reshape(-1, d)
    log_weights = np.log(np.stack(np.meshgrid(*([weights] * d), indexing="ij"), axis=-1)).reshape(-1, d).sum(axis=1)
    return grid, log_weights + 0.5 * (grid**2).sum(axis=1)


def _sobol(d: int) -> tuple[FloatArray, FloatArray]:
    """Sobol points as a multivariate t with 8 degrees of freedom: heavier tails than any posterior here."""
    from scipy.special import chdtri, ndtri
    from scipy.stats import qmc

    freedom = 8.0
    uniform = qmc.Sobol(d + 1, scramble=True, rng=np.random.default_rng(20)).random(_SOBOL)
    normal = ndtri(np.clip(uniform[:, :d], 1e-12, 1 - 1e-12))
    chi = chdtri(freedom, 1.0 - np.clip(uniform[:, d], 1e-12, 1 - 1e-12))
    points = normal * np.sqrt(freedom / chi)[:, None]
    return points, 0.5 * (freedom + d) * np.log1p((points**2).sum(axis=1) / freedom)
