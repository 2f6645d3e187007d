"""Scores of persons, each with its standard error: means of items, and regression scores of the chosen model.

Sum scores are person means in points of the answer scale. Regression scores are in standard deviations of the latent
variable (mean 0, variance 1 in the sample that the model was fitted to); they vary less than one by their reliability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from alliance.measurement.models import MeasurementModel
from alliance.measurement.reliability import alpha_with_se
from alliance.measurement.structure import FloatArray, Structure

if TYPE_CHECKING:
    import pandas as pd

MINIMUM_ANSWERED = 0.5
RULES = {
    "sum": "mean of the answered items where at least half of the dimension's items are answered",
    "regression": "expected latent value given all answered items of the report (at least one), by the chosen model",
}


def sum_scores(items: FloatArray) -> FloatArray:
    """Mean of the answered items (n x k, nan = no answer); nan where fewer than half are answered. Shape (n,)."""
    answered = np.isfinite(items)
    count = answered.sum(axis=1)
    total = np.where(answered, items, 0.0).sum(axis=1)
    enough = (count >= MINIMUM_ANSWERED * items.shape[1]) & (count > 0)
    return np.where(enough, total / np.maximum(count, 1), np.nan)


def sum_error(items: FloatArray) -> tuple[float, float]:
    """Standard error of measurement of a sum score, sd x sqrt(1 - alpha), and alpha (of complete responses).

    nan for a dimension of one item, which has no alpha.
    """
    alpha, _ = alpha_with_se(items[np.isfinite(items).all(axis=1)])
    scores = sum_scores(items)
    scores = scores[np.isfinite(scores)]
    sd = float(np.std(scores, ddof=1)) if len(scores) > 1 else float("nan")
    return sd * float(np.sqrt(1 - alpha)), alpha


def regression_scores(structure: Structure, theta: FloatArray, means: FloatArray, items: FloatArray):
    """Thurstone's regression scores and their standard errors, each n x latents, in latent standard deviations.

    E(eta | y) = Phi L' S^-1 (y - mu) with covariance Phi - Phi L' S^-1 L Phi (Thurstone, 1935; Skrondal & Laake, 2001);
    for an incomplete row L, S and y are those of the items that were answered: the conditional expectation given the
    observed items, under normality. Rows without any answer are nan. ``items`` is n x p in the order of
    ``structure.items``; ``means`` (p,) are those of the fitted sample. Raises ValueError for a latent variance that is
    not positive or an implied covariance matrix that is not positive definite.
    """
    loadings, phi, residual = structure.matrices(theta)
    implied = loadings @ phi @ loadings.T + residual
    if not np.diag(phi).min() > 0 or not np.linalg.eigvalsh(implied)[0] > 0:
        raise ValueError("no scores from a model with a variance that is not positive")
    latent_sd = np.sqrt(np.diag(phi))
    score = np.full((len(items), len(phi)), np.nan)
    error = np.full_like(score, np.nan)
    answered = np.isfinite(items)
    patterns, member = np.unique(answered, axis=0, return_inverse=True)
    for k, seen in enumerate(patterns):
        if not seen.any():
            continue
        rows = member.ravel() == k
        weights = np.linalg.solve(implied[np.ix_(seen, seen)], loadings[seen] @ phi).T
        score[rows] = (items[np.ix_(rows, seen)] - means[seen]) @ weights.T / latent_sd
        left = np.diag(phi - weights @ loadings[seen] @ phi)
        error[rows] = np.sqrt(np.maximum(left, 0.0)) / latent_sd
    return score, error


def theta_from_parameters(structure: Structure, parameters: pd.DataFrame) -> FloatArray:
    """Free parameters in the order of ``structure`` from rows of ``parameters.csv`` of one model and sample."""
    estimates = {(r.lhs, r.op, r.rhs): r.est for r in parameters.itertuples()}
    return np.array([estimates[row.lhs, row.op, row.rhs] for row in structure.rows if row.free >= 0])


def model_scores(model: MeasurementModel, parameters: pd.DataFrame, items: pd.DataFrame) -> dict[str, tuple]:
    """Latent variable -> (scores, standard errors) for the rows of ``items``, by the model as it was fitted.

    ``parameters`` are its rows of ``parameters.csv``; item means are those of the complete cases that it was fitted to.
    """
    structure = Structure(model)
    answers = items[structure.items].to_numpy(dtype=float)
    complete = answers[np.isfinite(answers).all(axis=1)]
    theta = theta_from_parameters(structure, parameters)
    score, error = regression_scores(structure, theta, complete.mean(axis=0), answers)
    return {name: (score[:, k], error[:, k]) for k, name in enumerate(structure.latents)}


def score_rows(ids: Sequence[str], about: Mapping[str, object], score: FloatArray, error: FloatArray) -> pd.DataFrame:
    """Long rows of the score table for those who have a score."""
    import pandas as pd

    table = pd.DataFrame({"student_id": list(ids), **about, "score": score, "se": error})
    return table[np.isfinite(score)]
