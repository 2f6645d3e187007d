"""Asymptotic covariance of the sample moments of a fitted model, whatever they were made of.

Complete data: Gamma of means and covariances (Browne 1984); ordered data: Gamma of thresholds and correlations (Muthen
1984); incomplete data: the sandwich of the unrestricted estimates (Yuan & Bentler 2000).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .results import Fit

FloatArray = NDArray[np.float64]


def moment_covariance(joint: Fit, g: int) -> FloatArray:
    """Asymptotic covariance of sqrt(n) times the sample moments of group g."""
    if not joint.structure.missing:
        return joint.structure.gamma()[g]
    mu, sigma = joint.observed[g].saturated
    information = joint.structure.h1_information(g, mu, sigma, "observed")
    scores = joint.structure.moment_scores(g, mu, sigma)
    inverse = np.linalg.pinv(information)
    return inverse @ (scores.T @ scores / joint.observed[g].n) @ inverse
