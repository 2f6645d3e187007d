"""Scores of persons, each with its standard error: item means, and scores of the chosen model.

Sum scores are person means in points of the answer scale. Model scores are in standard deviations of the latent
variable (mean 0, variance 1 in the sample that the model was fitted to).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alliance.measurement.estimate import MLR, WLSMV, MeasurementFit
from alliance.measurement.reliability import alpha_with_se

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
MINIMUM_ANSWERED = 0.5
SUM, REGRESSION, BARTLETT, EAP, PLAUSIBLE = "sum", "regression", "bartlett", "eap", "plausible"
METHODS = (SUM, REGRESSION, BARTLETT, EAP, PLAUSIBLE)
RULES = {
    SUM: "mean of the answered items where at least half of the dimension's items are answered",
    REGRESSION: "most probable latent value given all answered items of the report (at least one), by the chosen model",
    BARTLETT: "latent value estimated from the person's own answers alone, items as numbers: unbiased, more variable",
    EAP: "expected latent value given all answered items of the report (at least one), by the chosen model",
    PLAUSIBLE: "draws of the latent value, to be analysed as imputations and only with the variables they know of",
}
USE = {
    SUM: "to describe a level in points of the scale; in a regression its measurement error biases every coefficient",
    REGRESSION: "as a predictor; shrunken towards the mean, so its spread is not that of the dimension",
    BARTLETT: "as an outcome, and to describe a person; not as a predictor",
    EAP: "as a predictor and to describe a person; shrunken towards the mean",
    PLAUSIBLE: "for means, spreads and relations with the variables that the draws know of; never for one person",
}


@dataclass(frozen=True)
class Scores:
    """Scores of one method for rows of a data frame: ``score`` and ``se`` are (n,) per factor, nan where none."""

    method: str
    score: Mapping[str, FloatArray]
    se: Mapping[str, FloatArray]
    determinacy: Mapping[str, float]


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
    return sd * float(np.sqrt(max(1 - alpha, 0.0))) if np.isfinite(alpha) else float("nan"), alpha


def model_scores(fit: MeasurementFit, used: NDArray[np.bool_], method: str) -> Scores:
    """Scores of one method from a fit, for all rows (``used``: those that the fit was given, in order).

    With ordered items ``regression`` is the posterior mode and ``eap`` the posterior mean; with continuous ones both
    are the regression score. Values are divided by the latent standard deviation. Raises ValueError when the engine
    has no such score for the model.
    """
    ordinal = fit.estimator == WLSMV
    asked = {REGRESSION: "regression", BARTLETT: "Bartlett", EAP: "eap" if ordinal else "regression"}[method]
    table = fit.fit.scores(asked, se=True)
    rows = np.flatnonzero(used)[table.index.to_numpy()]
    sd = latent_sd(fit)
    quality = next(iter(table.attrs["determinacy"].values()))
    score, error = {}, {}
    for factor in fit.model.latents:
        for target, column in ((score, factor), (error, f"{factor}_se")):
            target[factor] = np.full(len(used), np.nan)
            target[factor][rows] = table[column].to_numpy() / sd[factor]
    return Scores(method, score, error, {f: float(quality[f]) for f in fit.model.latents})


def latent_sd(fit: MeasurementFit) -> dict[str, float]:
    """Standard deviation of each latent variable in the fitted sample."""
    group = fit.fit.model[0]
    at = fit.fit.structure.groups[0]
    state = at.state(fit.fit.theta)[0] if fit.fit.structure.ordinal else at.implied(fit.fit.theta)
    full = state.g @ state.s @ state.g.T
    return {name: float(np.sqrt(full[group.p + k, group.p + k])) for k, name in enumerate(group.latent)}


def plausible(
    fit: MeasurementFit, used: NDArray[np.bool_], draws: int, seed: int, conditioning: pd.DataFrame | None
) -> pd.DataFrame:
    """Plausible values: columns row (position), draw (1..draws) and one per factor, in latent standard deviations.

    ``conditioning``: numeric columns, one row per row of the fit's data, of the variables that later
    analyses relate the values to; a row with a gap has no draws. The model's parameters are drawn too.
    """
    from alliance.sem.plausible import plausible_values

    given = None if conditioning is None else conditioning[used].reset_index(drop=True)
    drawn = plausible_values(fit.fit, draws, seed, conditioning=given, standardise=True)
    drawn.insert(0, "row", np.flatnonzero(used)[drawn.index.to_numpy()])
    return drawn.reset_index(drop=True)


def estimator_for(method: str, main: str) -> str:
    """Bartlett scores are those of continuous items; every other method follows the main estimator."""
    return MLR if method == BARTLETT and main == WLSMV else main


def score_rows(ids: Sequence[str], about: Mapping[str, object], score: FloatArray, error: FloatArray) -> pd.DataFrame:
    """Long rows of the score table for those who have a score."""
    import pandas as pd

    table = pd.DataFrame({"student_id": list(ids), **about, "score": score, "se": error})
    return table[np.isfinite(score)]
