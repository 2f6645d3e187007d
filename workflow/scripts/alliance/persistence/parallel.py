"""Proportional odds: is a predictor's slope the same at every cut of the ordered outcome?

Brant's (1990, Biometrics 46:1171) test. The outcome is cut between each pair of neighbouring categories, a logit is
fitted at each cut, and a Wald test asks whether the slopes agree. Their joint covariance comes from the rows' scores,
summed by cluster where there are clusters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alliance.persistence.glm import fit_glm
from alliance.persistence.result import OutcomeFit

if TYPE_CHECKING:
    import pandas as pd


def proportional_odds(fit: OutcomeFit, groups: np.ndarray | None = None) -> pd.DataFrame:
    """Tests for an ordinal logit: term, statistic (chi-square), df, p_value; one row per term, last row ALL.

    ``groups`` are cluster codes of the fitted rows. Raises ValueError for other models, for two categories, and where
    the logit of a cut has no finite estimates.
    """
    import pandas as pd
    from scipy.stats import chi2

    if fit.family != "ordinal" or not fit.link.endswith("logit"):
        raise ValueError("proportional odds are tested for ordinal logits")
    categories, names = fit.extra["categories"], fit.extra["columns"]
    if len(categories) < 3:
        raise ValueError("with two categories the odds are proportional by construction")
    design, y = fit._design(), fit.data[fit.design.formula.outcome].astype(object)
    X = np.column_stack([np.ones(len(y)), design.matrix(fit.data)[:, [design.names.index(n) for n in names]]])
    codes = pd.Index(categories).get_indexer(pd.Index(y))
    weights = np.ones(len(y)) if fit.weights is None else fit.weights
    cuts = [fit_glm((codes > k).astype(float), X, "logit", weights) for k in range(len(categories) - 1)]
    if not all(cut.converged and np.abs(cut.eta).max() < 30 for cut in cuts):
        raise ValueError("the logit of a cut has no finite estimates")
    influence = np.hstack([(X * cut.score[:, None]) @ cut.inverse for cut in cuts])
    if groups is not None:
        sums = np.zeros((int(groups.max()) + 1, influence.shape[1]))
        np.add.at(sums, groups, influence)
        influence = sums
    V = influence.T @ influence
    beta = np.concatenate([cut.coef for cut in cuts])
    q, width = len(cuts), X.shape[1]
    rows = []
    for name, places in [*((n, [i]) for i, n in enumerate(names, 1)), ("ALL", list(range(1, width)))]:
        C = np.zeros((len(places) * (q - 1), q * width))
        for a, place in enumerate(places):
            for k in range(1, q):
                C[a * (q - 1) + k - 1, [place, k * width + place]] = -1.0, 1.0
        difference = C @ beta
        statistic = float(difference @ np.linalg.solve(C @ V @ C.T, difference))
        rows.append((name, statistic, len(C), float(chi2.sf(statistic, len(C)))))
    return pd.DataFrame(rows, columns=["term", "statistic", "df", "p_value"])
