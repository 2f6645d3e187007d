"""Is the line straight? Each predictor bent by a square and by a restricted cubic spline, and the bend tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.analysis import Analysis
from alliance.persistence.link_fit import fit_or_penalise
from alliance.persistence.multiplicity import adjust

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "outcome", "model", "term", "form", "test", "statistic", "df", "df_denominator", "p_value", "p_adjusted", "n",
)  # fmt: skip
KNOTS = (5, 35, 65, 95)  # percentiles (Harrell 2015, Regression Modeling Strategies, table 2.3)


def spline_columns(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """The k - 2 columns that bend a line into a restricted cubic spline with k knots (Harrell 2015, eq. 2.25).

    x (n) and the knots in increasing order; outside the outer knots the spline is straight. Columns are in the units
    of x (divided by the squared span of the knots).
    """
    last, before = knots[-1], knots[-2]

    def cube(values: np.ndarray) -> np.ndarray:
        return np.maximum(values, 0.0) ** 3

    columns = [
        cube(x - t) - cube(x - before) * (last - t) / (last - before) + cube(x - last) * (before - t) / (last - before)
        for t in knots[:-2]
    ]
    return np.column_stack(columns) / (last - knots[0]) ** 2


def nonlinearity_rows(analysis: Analysis, settings: Mapping[str, Any], key: Mapping[str, str]) -> list[dict[str, Any]]:
    """Joint tests of the bend of each predictor, everything else in the model as it is: forms quadratic and spline.

    The bend is one of the scores, also where the study's estimator is plausible values. A predictor with
    too few different values for a form has no row for it, nor has a model that does not converge. Models with
    interactions or random effects are passed over: a bend is looked for in the simple model of the same outcome.
    """
    found = []
    if settings["interactions"] or settings["random"]:
        return found
    for predictor in settings["predictors"]:
        x = analysis.data[predictor].to_numpy(dtype=float)
        forms = {"quadratic": ((x - x.mean()) ** 2)[:, None]}
        knots = np.percentile(x, KNOTS)
        if len(np.unique(knots)) == len(KNOTS):
            forms["spline"] = spline_columns(x, knots)
        for form, columns in forms.items():
            names = [f"_bend_{i}" for i in range(1, columns.shape[1] + 1)]
            data = analysis.data.assign(**dict(zip(names, columns.T, strict=True)))
            bent = replace(analysis, formula=f"{analysis.formula} + {' + '.join(names)}", data=data)
            fit, state, _ = fit_or_penalise(bent, settings["family"], settings)
            if state == "failed" or fit is None:
                continue
            test = fit.test(names)
            if test["df"]:
                found.append({**{k: key[k] for k in ("outcome", "model")}, "term": predictor, "form": form, **test,
                              "n": analysis.students})  # fmt: skip
    return found


def nonlinearity_table(rows: list[dict[str, Any]], method: str) -> pd.DataFrame:
    """The rows of all models; p values adjusted over all tests of one form."""
    import pandas as pd

    found = pd.DataFrame(rows, columns=list(COLUMNS))
    for form in dict.fromkeys(found["form"]):
        places = found["form"] == form
        found.loc[places, "p_adjusted"] = adjust(found.loc[places, "p_value"].to_numpy(float), method)
    return found
