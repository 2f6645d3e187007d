"""Inverse-probability weights for students who could not be analysed (Seaman & White 2013, Stat. Methods Med. Res. 22).

Each analysed student stands for those like her who are missing. The weights are taken as known by the sandwich
covariance of the weighted model, which makes its intervals a little too wide rather than too narrow (Robins, Rotnitzky
& Zhao 1995).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alliance.persistence.fit import fit_outcome

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class AttritionWeights:
    """weights (n,): of the analysed rows, 0 for the others; probability (n,): of being analysed; status as of a fit."""

    weights: np.ndarray
    probability: np.ndarray
    status: str = "ok"
    reason: str = ""

    @property
    def effective(self) -> float:
        """Kish's effective number of rows, (sum w)^2 / sum w^2."""
        return float(self.weights.sum() ** 2 / (self.weights**2).sum()) if self.weights.any() else 0.0


def attrition_weights(
    responded: np.ndarray, completed: Iterable[pd.DataFrame], terms: str, *, stabilised: bool = True
) -> AttritionWeights:
    """Weights from a logit of ``responded`` (n, boolean) on ``terms`` (the right side of a formula).

    Where ``responded`` is separated by the terms, the logit is Firth's.

    completed: one frame of n rows, or several imputed ones of the same rows, over which the probabilities are averaged.
    stabilised: times the share who responded, so that the weights of the analysed average 1. When the logit cannot be
    estimated in any of the frames, the weights are those of no selection, with the reason.
    """
    n = len(responded)
    if responded.all():
        return AttritionWeights(np.ones(n), np.ones(n), "complete", "everybody is analysed")
    probabilities, reason = [], ""
    for frame in completed:
        data, formula = frame.assign(responded_=responded.astype(float)), f"responded_ ~ {terms}"
        fit = fit_outcome(formula, data, family="logit")
        if fit.status == "separated":
            fit = fit_outcome(formula, data, family="firth")
        if fit.status in ("ok", "aliased") and fit.n == n:
            probabilities.append(fit.predict())
        else:
            reason = fit.reason or f"{n - fit.n} of {n} rows are incomplete"
    if not probabilities:
        share = float(responded.mean())
        return AttritionWeights(responded.astype(float), np.full(n, share), "failed", reason)
    probability = np.mean(probabilities, axis=0)
    numerator = float(responded.mean()) if stabilised else 1.0
    return AttritionWeights(np.where(responded, numerator / probability, 0.0), probability)
