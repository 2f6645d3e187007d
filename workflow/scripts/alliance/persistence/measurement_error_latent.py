"""A yes/no outcome on latent predictors: structural equation models that take the measurement error off.

Four ways: the whole model by weighted least squares (Muthén 1984), local SAM with ordered items (Rosseel & Loh 2022),
and Croon's (2002) correction with the answers and the outcome as numbers. Covariates and cohorts explain the outcome
and the dimensions; errors allow for clusters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.measurement.estimate import WLSMV
from alliance.persistence.fit import fit_outcome

if TYPE_CHECKING:
    import pandas as pd

LATENT, SAM, CROON = "latent", "sam", "croon"
WAYS = (LATENT, SAM, CROON)
ALONE = 3  # items that a factor needs to be measured without the others
OUTCOME, CLUSTER = "outcome_", "cluster_"


@dataclass(frozen=True)
class LatentSlopes:
    """Slopes of the outcome per standard deviation of each dimension (k each), with their errors.

    ``estimate`` is on the link's scale (``link``: probit with unit variance given the covariates, or identity);
    ``std_estimate`` in standard deviations of the (latent) outcome; ``effect`` times ``estimate`` is the average
    marginal effect on the probability.
    """

    link: str
    estimate: np.ndarray
    std_error: np.ndarray
    std_estimate: np.ndarray
    effect: float
    n: int


def latent_slopes(
    way: str,
    items: pd.DataFrame,
    key: Mapping[str, Sequence[str]],
    outcome: np.ndarray,
    covariates: np.ndarray,
    cluster: np.ndarray | None,
    estimator: str = WLSMV,
) -> LatentSlopes:
    """Fit one of :data:`WAYS`.

    ``items``: n rows, columns named by the items of ``key`` (NaN = no answer); ``outcome``: n, 0 or 1; ``covariates``:
    n x c numbers; ``estimator``: how the measurement model treats the answers. Raises ValueError or LinAlgError when
    the model cannot be estimated.
    """
    from alliance.sem import fit_sam, fit_sem

    names = {item: f"i{k}" for k, item in enumerate(i for members in key.values() for i in members)}
    factors = {d: f"f{k}" for k, d in enumerate(key)}
    exogenous = [f"x{k}" for k in range(covariates.shape[1])]
    data = items[list(names)].rename(columns=names).reset_index(drop=True)
    data[exogenous] = covariates
    data[OUTCOME] = outcome.astype(float)
    text = model_text({factors[d]: [names[i] for i in members] for d, members in key.items()}, exogenous)
    how: dict[str, Any] = {"std_lv": True, "cluster": None}
    if cluster is not None:
        data[CLUSTER] = cluster
        how["cluster"] = CLUSTER
    if way == CROON:
        fit = fit_sam(text, data, missing="fiml", se="robust", **how)
    else:
        ordinal = estimator == WLSMV
        how |= {"ordered": [*(names.values() if ordinal else ()), OUTCOME],
                "missing": "pairwise" if ordinal else "listwise"}  # fmt: skip
        together = min(map(len, key.values())) < ALONE
        blocks = {"blocks": [list(factors.values())]} if together and way == SAM else {}
        fit = fit_sam(text, data, se="robust", **how, **blocks) if way == SAM else fit_sem(text, data, **how)
    if not fit.converged:
        raise ValueError(f"the {way} model did not converge")
    return _slopes(fit, way, list(factors.values()), outcome, covariates)


def model_text(factors: Mapping[str, Sequence[str]], exogenous: Sequence[str]) -> str:
    """The model: each factor by its items, outcome on factors and covariates, factors on covariates and correlated."""
    names = list(factors)
    lines = [f"{factor} =~ {' + '.join(items)}" for factor, items in factors.items()]
    lines.append(f"{OUTCOME} ~ {' + '.join([*names, *exogenous])}")
    if exogenous:
        lines.append(f"{' + '.join(names)} ~ {' + '.join(exogenous)}")
        lines += [f"{a} ~~ {' + '.join(names[k + 1 :])}" for k, a in enumerate(names[:-1])]
    return "\n".join(lines)


def _slopes(fit: Any, way: str, factors: list[str], outcome: np.ndarray, covariates: np.ndarray) -> LatentSlopes:
    table = fit.standardized()
    own = table[(table["lhs"] == OUTCOME) & (table["op"] == "~")].set_index("rhs").loc[factors]
    standard, error = own["est_std"].to_numpy(float), own["se"].to_numpy(float)
    if not np.isfinite(error).all():
        raise ValueError("the estimates have no standard errors")
    if way == CROON:
        size, effect = float(np.std(outcome)), 1.0
    else:
        raw = fit.parameters
        raw = raw[(raw["lhs"] == OUTCOME) & (raw["op"] == "~")].set_index("rhs").loc[factors]
        # std_lv: per standard deviation of the dimension, response with unit variance given the covariates
        ratio = raw["std_lv"].to_numpy(float) / standard
        size, effect = float(np.median(ratio)), mean_density(outcome, covariates)
    link = "identity" if way == CROON else "probit"
    return LatentSlopes(link, standard * size, error * size, standard, effect, len(outcome))


def mean_density(outcome: np.ndarray, covariates: np.ndarray) -> float:
    """Mean over students of the normal density at the probit of their probability given the covariates.

    With a normal dimension, the mean derivative of P(yes) by it is this density times its probit slope: averaging over
    the dimension gives back the response's unit variance.
    """
    import pandas as pd
    from scipy.stats import norm

    names = [f"x{k}" for k in range(covariates.shape[1])]
    data = pd.DataFrame(covariates, columns=names).assign(y=outcome)
    fit = fit_outcome(f"y ~ {' + '.join(names) or '1'}", data, family="probit")
    if fit.status in ("ok", "aliased"):
        return float(norm.pdf(fit.linear_predictor(fit.data)).mean())
    return float(norm.pdf(norm.ppf(outcome.mean())))
