"""Response surface of two reports: the outcome as a quadratic function of both, and its tests.

Edwards & Parry (1993, Acad. Manage. J. 36:1577): eta = b0 + b1 x + b2 z + b3 x² + b4 xz + b5 z². Along the line of
agreement (z = x) the slope at the origin is a1 = b1 + b2 and the curvature a2 = b3 + b4 + b5; along the line of
disagreement (z = -x) a3 = b1 - b2 and a4 = b3 - b4 + b5 (Shanock et al. 2010, J. Bus. Psychol. 25:543). a5 = b3 - b5
is zero when the ridge runs along the line of agreement or across it (Humberg, Nestler & Back 2019, Soc. Psychol.
Personal. Sci. 10:409). All are linear in the coefficients, so that the delta method is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.curves import average_gradients, supported_points
from alliance.persistence.pooled_models import values_of
from alliance.persistence.result import OutcomeFit, table

if TYPE_CHECKING:
    import pandas as pd

X, Z, XX, XZ, ZZ = "own", "partner", "own2", "own_partner", "partner2"
TERMS = (X, Z, XX, XZ, ZZ)
QUADRATIC = (XX, XZ, ZZ)
FEATURES: Mapping[str, Mapping[str, int]] = {
    "a1": {X: 1, Z: 1},
    "a2": {XX: 1, XZ: 1, ZZ: 1},
    "a3": {X: 1, Z: -1},
    "a4": {XX: 1, XZ: -1, ZZ: 1},
    "a5": {XX: 1, ZZ: -1},
}
POINTS = 21  # at most so many grid points along each report
NEAR = 0.5  # standard deviations of a report within which a dyad is near a point of the grid


def quadratic_columns(own: pd.Series, partner: pd.Series) -> dict[str, pd.Series]:
    """The five columns of the surface from two centred reports."""
    return {X: own, Z: partner, XX: own**2, XZ: own * partner, ZZ: partner**2}


def surface_rows(fit: OutcomeFit) -> list[dict[str, Any]]:
    """Coefficients b1 to b5, features a1 to a5, and the joint test of the three quadratic terms, a row each."""
    rows = []
    estimates = fit.estimates.set_index("term").loc[list(TERMS)]
    for place, (term, row) in enumerate(estimates.iterrows(), 1):
        rows.append({"kind": "coefficient", "term": f"b{place}", "column": term, **row})
    C = np.array([[weights.get(name, 0) for name in fit.names] for weights in FEATURES.values()], dtype=float)
    features = table(list(FEATURES), *values_of(fit, C))
    rows += [{"kind": "feature", **row} for row in features.to_dict("records")]
    tested = fit.test(QUADRATIC)
    rows.append(
        {
            "kind": "test", "term": "quadratic", "column": " ".join(QUADRATIC), "statistic": tested["statistic"],
            "df": tested["df"], "df_denominator": tested["df_denominator"], "p_value": tested["p_value"],
        }
    )  # fmt: skip
    return rows


def surface_grid(fit: OutcomeFit, own: np.ndarray, partner: np.ndarray, minimum: int) -> list[dict[str, Any]]:
    """Average predicted outcome over a grid of both reports; ``supported`` where at least ``minimum`` dyads are near.

    ``own`` and ``partner`` are the centred reports of the analysed dyads. Near is within half a standard deviation of
    both reports. Empty when there are too few dyads for a grid.
    """
    axes = []
    for values in (own, partner):
        points = supported_points(values, minimum)
        axes.append(points[:: max(1, int(np.ceil(len(points) / POINTS)))])
    if min(map(len, axes)) < 2:
        return []
    reach = [NEAR * values.std(ddof=1) for values in (own, partner)]
    places = [(x, z) for x in axes[0] for z in axes[1]]
    settings = [{X: x, Z: z, XX: x * x, XZ: x * z, ZZ: z * z} for x, z in places]
    found = []
    for (x, z), (predicted, _) in zip(places, average_gradients(fit, settings), strict=True):
        near = int(((np.abs(own - x) <= reach[0]) & (np.abs(partner - z) <= reach[1])).sum())
        found.append({"own": x, "partner": z, "predicted": predicted, "supported": near >= minimum})
    return found
