"""Plausible values: draws of the factors from their posterior, for ordinal and continuous models.

A later analysis of plausible values is unbiased only for variables that the draws know of (Mislevy 1991):
``conditioning`` adds those through a latent regression, which is drawn together with the factors. ``uncertain`` draws
the measurement parameters too, from their normal sampling distribution. With both the draws are proper in the sense
of Rubin (1987): pooled standard errors count every step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .bivariate import FloatArray
from .eap_model import posterior
from .latent_draws import FactorSampler

if TYPE_CHECKING:
    import pandas as pd

    from .results import Fit

# Autocorrelations of the regression's coefficients are below .1 after 15 sweeps with four items per factor.
_START = 60
_BETWEEN = 15


def plausible_values(
    fit: Fit,
    n: int = 20,
    seed: int = 1,
    *,
    conditioning: pd.DataFrame | None = None,
    uncertain: bool = True,
    standardise: bool = False,
) -> pd.DataFrame:
    """Draw ``n`` sets of factor values for every analysed case.

    ``conditioning``: numeric columns of later analyses (outcomes, covariates), one row per row of the data the model
    was fitted to; a row with a missing value is left out of the draws. ``uncertain``: also draw the model's
    parameters. ``standardise``: in standard deviations that the (drawn) model gives the factor. Returns columns
    ``draw`` (1..n) and one per factor, indexed by the position of the case in the data; ``attrs["conditioning"]``
    lists the columns used. The same seed gives the same values. Raises ValueError when no case has all conditioning
    variables or scores are not defined.
    """
    import pandas as pd

    chains = [_Chain(fit, g, conditioning, root) for g, root in enumerate(_roots(fit, seed))]
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    frames = []
    for draw in range(1, n + 1):
        theta = _parameters(fit, rng) if uncertain else fit.theta
        for chain in chains:
            frame = chain.draw(theta if uncertain else None, standardise)
            frame.insert(0, "draw", draw)
            frames.append(frame)
    drawn = pd.concat(frames)
    order = np.lexsort((drawn.index.to_numpy(), drawn["draw"].to_numpy()))
    drawn = drawn.iloc[order]
    drawn.attrs["conditioning"] = [] if conditioning is None else [str(name) for name in conditioning.columns]
    return drawn


def _roots(fit: Fit, seed: int) -> list[np.random.SeedSequence]:
    return np.random.SeedSequence(seed).spawn(fit.n_groups)


class _Chain:
    """The sampler of one group and the places of its cases in the data."""

    def __init__(self, fit: Fit, g: int, conditioning: pd.DataFrame | None, root: np.random.SeedSequence) -> None:
        self.fit, self.g = fit, g
        model = posterior(fit, g)
        moments = fit.observed[g]
        rows = np.arange(len(model.mean)) if moments.rows is None else np.asarray(moments.rows)
        design = None
        self.kept = np.arange(len(rows))
        if conditioning is not None:
            table = conditioning.to_numpy(dtype=float, na_value=np.nan)[rows]
            self.kept = np.flatnonzero(~np.isnan(table).any(axis=1))
            design = _design(table[self.kept], [str(name) for name in conditioning.columns])
        self.rows = rows[self.kept]
        self.sampler = FactorSampler(model.take(self.kept), design, np.random.default_rng(root))
        self.sampler.run(_START)

    def draw(self, theta: FloatArray | None, standardise: bool) -> pd.DataFrame:
        import pandas as pd

        if theta is not None:
            self.sampler.measure(posterior(self.fit, self.g, theta).take(self.kept))
        values, model = self.sampler.run(_BETWEEN), self.sampler.model
        if standardise:
            values = values / np.sqrt((model.root**2).sum(axis=1))
        return pd.DataFrame(values, columns=model.names, index=self.rows)


def _design(table: FloatArray, names: list[str]) -> FloatArray:
    """Intercept and standardised conditioning variables (n x (1 + c)), without collinear ones."""
    if len(table) <= table.shape[1] + 2:
        raise ValueError(f"too few cases without missing values in the conditioning variables: {', '.join(names)}")
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
