"""Associations by way of another latent variable (self-efficacy, identity, the later alliance): latent mediation.

One structural equation model: the dimensions and the mediator are measured by their items, the mediator goes with the
dimensions, the outcome with both, covariates and cohorts with all. An indirect effect is a product of two estimates,
whose distribution is not normal: its interval is the Monte Carlo one (MacKinnon, Lockwood & Williams 2004; Preacher &
Selig 2012). The words of mediation describe a decomposition of associations; causes need assumptions no data show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.measurement.estimate import WLSMV, choose_estimator

if TYPE_CHECKING:
    import pandas as pd

    from alliance.sem import Fit

DRAWS = 20_000
MEDIATOR, OUTCOME, CLUSTER = "mediator_", "outcome_", "cluster_"
EFFECTS = ("to_mediator", "from_mediator", "direct", "indirect", "total")


@dataclass(frozen=True)
class Effect:
    """One quantity with its delta-method error and its Monte Carlo interval."""

    term: str
    effect: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float


def monte_carlo(
    fit: Fit,
    labels: Sequence[str],
    quantity: Callable[[np.ndarray], np.ndarray],
    draws: int = DRAWS,
    seed: int = 1,
    level: float = 0.95,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Interval of a function of labelled parameters: low, high and standard deviation of each of its k values.

    ``quantity`` maps (..., len(labels)) values to (..., k). Draws are from the normal sampling distribution of the
    parameters. Raises ValueError for a label that the model does not have.
    """
    table = fit.table
    places = {label: int(free) - 1 for label, free in zip(table.label, table.free, strict=True) if label and free}
    unknown = [label for label in labels if label not in places]
    if unknown:
        raise ValueError(f"no free parameter has the label {', '.join(unknown)}")
    own = [places[label] for label in labels]
    values, vectors = np.linalg.eigh(fit.vcov[np.ix_(own, own)])
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = np.random.default_rng(seed).standard_normal((draws, len(own)))
    found = quantity(fit.theta[own] + normal @ root.T)
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high, found.std(axis=0)


def mediation_text(
    factors: Mapping[str, Sequence[str]],
    mediator: Sequence[str],
    exogenous: Sequence[str],
    same: Sequence[tuple[str, str]],
) -> str:
    """The model, with labels a1.. (dimension to mediator), c1.. (direct) and b; ``same``: items asked twice."""
    names = list(factors)
    lines = [f"{factor} =~ {' + '.join(items)}" for factor, items in factors.items()]
    lines.append(f"{MEDIATOR} =~ {' + '.join(mediator)}")
    to = [f"a{k}*{f}" for k, f in enumerate(names)]
    direct = [f"c{k}*{f}" for k, f in enumerate(names)]
    lines.append(f"{MEDIATOR} ~ {' + '.join([*to, *exogenous])}")
    lines.append(f"{OUTCOME} ~ {' + '.join([f'b*{MEDIATOR}', *direct, *exogenous])}")
    if exogenous:
        lines.append(f"{' + '.join(names)} ~ {' + '.join(exogenous)}")
        lines += [f"{a} ~~ {' + '.join(names[k + 1 :])}" for k, a in enumerate(names[:-1])]
    return "\n".join([*lines, *(f"{a} ~~ {b}" for a, b in same)])


def latent_mediation(
    items: pd.DataFrame,
    key: Mapping[str, Sequence[str]],
    mediator: pd.DataFrame,
    outcome: np.ndarray,
    covariates: np.ndarray,
    cluster: np.ndarray | None = None,
    *,
    binary: bool = True,
    same: Sequence[tuple[str, str]] = (),
    draws: int = DRAWS,
    seed: int = 1,
) -> list[Effect]:
    """Direct, indirect and total associations per standard deviation of each dimension.

    ``items``: n rows, columns of ``key``; ``mediator``: n rows of the mediator's items; NaN = no answer. ``outcome``: n
    values, 0 and 1 if ``binary`` (probit of a response with unit variance), else numbers; ``covariates``: n x c.
    ``same``: pairs (item, mediator item) of the same question asked twice, whose residuals correlate. Raises
    ValueError or LinAlgError when the model cannot be estimated.
    """
    from alliance.sem import fit_sem

    own = {item: f"i{k}" for k, item in enumerate(i for members in key.values() for i in members)}
    through = {item: f"m{k}" for k, item in enumerate(mediator.columns)}
    factors = {f"f{k}": [own[i] for i in members] for k, members in enumerate(key.values())}
    exogenous = [f"x{k}" for k in range(covariates.shape[1])]
    data = items[list(own)].rename(columns=own).reset_index(drop=True)
    data[list(through.values())] = mediator.to_numpy(dtype=float, na_value=np.nan)
    data[exogenous] = covariates
    data[OUTCOME] = np.asarray(outcome, dtype=float)
    text = mediation_text(factors, list(through.values()), exogenous, [(own[a], through[b]) for a, b in same])
    ordinal = choose_estimator("auto", data[[*own.values(), *through.values()]]) == WLSMV
    ordered = [
        *(own.values() if ordinal else ()),
        *(through.values() if ordinal else ()),
        *([OUTCOME] if binary else ()),
    ]
    how: dict[str, Any] = {"std_lv": True, "ordered": ordered}
    how |= {"missing": "pairwise" if ordinal else "listwise"} if ordered else {"missing": "fiml", "estimator": "MLR"}
    if cluster is not None:
        data[CLUSTER] = cluster
        how["cluster"] = CLUSTER
    fit = fit_sem(text, data, **how)
    if not fit.converged or fit.vcov is None or not np.isfinite(fit.vcov).all():
        raise ValueError("the mediation model did not converge")
    return _effects(fit, list(key), factors, draws, seed)


def _effects(fit: Fit, names: Sequence[str], factors: Mapping[str, Any], draws: int, seed: int) -> list[Effect]:
    k = len(names)
    labels = [f"a{i}" for i in range(k)] + [f"c{i}" for i in range(k)] + ["b"]
    scale = _deviations(fit, [*factors, MEDIATOR])
    sd, sd_mediator = np.array([scale[f] for f in factors]), scale[MEDIATOR]

    def quantities(values: np.ndarray) -> np.ndarray:
        a, c, b = values[..., :k] * sd, values[..., k : 2 * k] * sd, values[..., 2 * k :]
        return np.concatenate([a / sd_mediator, b * sd_mediator, c, a * b, c + a * b], axis=-1)

    table = fit.parameters.set_index("label")
    estimate = quantities(table.loc[labels, "est"].to_numpy(float))
    low, high, spread = monte_carlo(fit, labels, quantities, draws, seed)
    terms = [*names, "", *names, *names, *names]
    effects = [e for e in EFFECTS for _ in range(1 if e == "from_mediator" else k)]
    return [Effect(*row) for row in zip(terms, effects, estimate, spread, low, high, strict=True)]


def _deviations(fit: Fit, names: Sequence[str]) -> dict[str, float]:
    """Standard deviation of each latent variable: what the standardised table multiplies its slopes by."""
    table = fit.parameters
    own = table[(table["op"] == "~") & (table["lhs"] == OUTCOME)].set_index("rhs")
    return {name: float(own.loc[name, "std_lv"] / own.loc[name, "est"]) for name in names}
