"""Bootstrap of a fitted model: cases or whole clusters are drawn again within each group, the model is refitted.

A draw is a vector of how often each case was taken. Refits start at the estimates. Ordinal data without
covariates never return to the cases: the drawn pairwise tables give thresholds, correlations and weights of many
draws at once (``bootstrap_tables``). Draw ``k`` depends on the seed and ``k`` only, so that runs can be split
over processes and joined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from .bivariate import FloatArray
from .bootstrap_tables import DrawnMoments, drawn_ordinal_moments
from .estimation import minimise
from .least_squares import LeastSquares
from .model import build_group
from .observed import CompleteMoments, MissingMoments
from .ordinal import OrdinalDataError, ordinal_moments
from .structure import NormalStructure

if TYPE_CHECKING:
    import pandas as pd

    from .results import Fit

_BATCH = 50


@dataclass
class Bootstrap:
    """Refits of a model.

    ``theta``: draws x n_par, nan where a draw failed; ``values``: draws x rows of the parameter table (fixed,
    dependent and ``:=`` rows included); ``problems``: number of failed draws by reason.
    """

    fit: Fit
    theta: FloatArray
    values: FloatArray
    problems: dict[str, int] = field(default_factory=dict)

    @property
    def used(self) -> int:
        """Number of draws that gave estimates."""
        return int((~np.isnan(self.theta).any(axis=1)).sum())

    @property
    def vcov(self) -> FloatArray:
        """(n_par, n_par) covariance of the estimates over the draws."""
        good = self.theta[~np.isnan(self.theta).any(axis=1)]
        return np.cov(good, rowvar=False).reshape(self.theta.shape[1], -1)

    def parameters(self, level: float = 0.95, method: str = "percentile") -> pd.DataFrame:
        """lhs op rhs group label est se ci_lower ci_upper of every row.

        ``method``: "percentile", "bias_corrected" (Efron 1987, without acceleration) or "normal".
        """
        import pandas as pd

        if method not in ("percentile", "bias_corrected", "normal"):
            raise ValueError(f"method '{method}' is not known; use percentile, bias_corrected or normal")
        table, est = self.fit.table, self.fit.row_values()
        good = self.values[~np.isnan(self.theta).any(axis=1)]
        se = good.std(axis=0, ddof=1)
        se[se < 1e-12] = 0.0
        tail = (1 - level) / 2
        if method == "normal":
            half = ndtri(1 - tail) * se
            low, high = est - half, est + half
        else:
            shift = np.zeros(len(est))
            if method == "bias_corrected":
                below = np.clip((good < est).mean(axis=0) + 0.5 * (good == est).mean(axis=0), 1e-6, 1 - 1e-6)
                shift = ndtri(below)
            low, high = (
                np.array([np.quantile(column, p) for column, p in zip(good.T, ndtr(2 * shift + z), strict=True)])
                for z in (ndtri(tail), ndtri(1 - tail))
            )
        return pd.DataFrame(
            {
                "lhs": table.lhs, "op": table.op, "rhs": table.rhs, "group": table.group, "label": table.label,
                "est": est, "se": se, "ci_lower": low, "ci_upper": high,
            }
        )  # fmt: skip


def bootstrap(
    fit: Fit,
    n: int = 1000,
    seed: int = 1,
    *,
    cluster: Sequence[Any] | bool = True,
    first: int = 0,
    statistic: Callable[[Fit, FloatArray], FloatArray] | None = None,
) -> Bootstrap:
    """Refit ``fit`` to ``n`` samples drawn with replacement within its groups.

    Parameters
    ----------
    seed, first : draws ``first`` .. ``first + n - 1`` of the stream of ``seed``; splitting a run does not change it.
    cluster : True draws whole clusters where the fit has clusters, False always draws cases; or labels, one per
        analysed case in the order of the groups. Clusters that lie in several groups are drawn once for all of them.
    statistic : function of (fit, theta) giving a vector; its values replace the rows of the table in ``values``.

    Returns
    -------
    Bootstrap. Draws that lose a category, are singular or do not converge are counted in ``problems``.
    """
    _check(fit)
    clusters = _clusters(fit, cluster)
    sizes = [len(_cases(moments)) for moments in fit.observed]
    theta = np.full((n, fit.table.n_par), np.nan)
    problems: dict[str, int] = {}
    refit = _refitter(fit)
    for start in range(0, n, _BATCH):
        numbers = range(first + start, first + min(start + _BATCH, n))
        counts = [draw_counts(sizes, clusters, np.random.default_rng([seed, number])) for number in numbers]
        by_group = [np.stack([draw[g] for draw in counts]) for g in range(fit.n_groups)]
        for k, found in enumerate(refit(by_group)):
            if isinstance(found, str):
                problems[found] = problems.get(found, 0) + 1
            else:
                theta[start + k] = found
    describe = statistic or (lambda fitted, at: fitted.row_values(at))
    width = len(np.atleast_1d(describe(fit, fit.theta)))
    values = np.full((n, width), np.nan)
    for k in np.flatnonzero(~np.isnan(theta).any(axis=1)):
        values[k] = describe(fit, theta[k])
    return Bootstrap(fit, theta, values, problems)


def _cases(moments: Any) -> NDArray:
    data = getattr(moments, "codes", None)
    return moments.data if data is None else data


def _check(fit: Fit) -> None:
    if any(_cases(moments) is None for moments in fit.observed):
        raise ValueError("a bootstrap needs the data: fit the model to a data frame, not to a covariance matrix")
    if not fit.converged:
        raise ValueError("the model did not converge: there is nothing to bootstrap")


def _clusters(fit: Fit, cluster: Sequence[Any] | bool) -> list[NDArray] | None:
    """Cluster numbers of the cases of each group, numbered over all groups, or None."""
    if cluster is False:
        return None
    own = [moments.cluster for moments in fit.observed]
    if cluster is True:
        if own[0] is None:
            return None
        if fit.structure.ordinal:
            # numbered within the group: kept apart here
            offsets = np.cumsum([0, *[int(codes.max()) + 1 for codes in own[:-1]]])
            return [codes + offset for codes, offset in zip(own, offsets, strict=True)]
        return own
    sizes = [len(_cases(moments)) for moments in fit.observed]
    labels = np.asarray(cluster)
    if len(labels) != sum(sizes):
        raise ValueError(f"{len(labels)} cluster labels for {sum(sizes)} analysed cases")
    codes = np.unique(labels, return_inverse=True)[1]
    return np.split(codes, np.cumsum(sizes)[:-1])


def draw_counts(sizes: Sequence[int], clusters: list[NDArray] | None, rng: np.random.Generator) -> list[FloatArray]:
    """How often each case of each group is drawn."""
    if clusters is None:
        return [np.bincount(rng.integers(0, size, size), minlength=size).astype(float) for size in sizes]
    groups_of: dict[int, set[int]] = {}
    for g, codes in enumerate(clusters):
        for code in np.unique(codes):
            groups_of.setdefault(int(code), set()).add(g)
    nested = all(len(groups) == 1 for groups in groups_of.values())
    pools = [np.unique(codes) for codes in clusters] if nested else [np.array(sorted(groups_of))]
    taken = np.zeros(max(groups_of) + 1)
    for pool in pools:
        taken += np.bincount(pool[rng.integers(0, len(pool), len(pool))], minlength=len(taken))
    return [taken[codes] for codes in clusters]


Refit = Callable[[list[FloatArray]], "list[FloatArray | str]"]


def _refitter(fit: Fit) -> Refit:
    """Function from counts (a list per group of draws x cases) to estimates, or the reason why there are none."""
    if not fit.structure.ordinal:
        return lambda counts: [_normal_refit(fit, [group[k] for group in counts]) for k in range(len(counts[0]))]
    plain = all(np.all(moments.ordered) and not moments.exo for moments in fit.observed)
    unweighted = fit.options.discrepancy == "ULS"

    def refit(counts: list[FloatArray]) -> list[FloatArray | str]:
        if plain:
            drawn = [drawn_ordinal_moments(m, c) for m, c in zip(fit.observed, counts, strict=True)]
            return [_ordinal_refit(fit, [group[k] for group in drawn], unweighted) for k in range(len(counts[0]))]
        out: list[FloatArray | str] = []
        for k in range(len(counts[0])):
            try:
                moments = [_again(m, group[k]) for m, group in zip(fit.observed, counts, strict=True)]
            except (OrdinalDataError, np.linalg.LinAlgError):
                out.append("a category or variable was lost")
                continue
            out.append(_ordinal_refit(fit, moments, unweighted))
        return out

    return refit


def _again(moments: Any, counts: FloatArray) -> DrawnMoments:
    """Sample statistics of drawn cases, casewise (covariates or continuous variables)."""
    rows = np.repeat(np.arange(len(counts)), counts.astype(int))
    columns = moments.codes.astype(float) if moments.data is None else np.where(
        moments.ordered, moments.codes, moments.data
    )  # fmt: skip
    columns = np.where(moments.ordered & (moments.codes < 0), np.nan, columns)[rows]
    levels = {
        name: np.arange(len(thresholds) + 1.0)
        for name, thresholds, is_ordered in zip(moments.names, moments.thresholds, moments.ordered, strict=True)
        if is_ordered
    }
    again = ordinal_moments(
        columns, moments.names, moments.ordered, moments.exo_data[rows], moments.exo, missing="pairwise",
        weights=None if moments.weights is None else moments.weights[rows], levels=levels,
    )  # fmt: skip
    return DrawnMoments(again.n, again.stats, np.diag(again.gamma).copy())


def _ordinal_refit(fit: Fit, moments: list[DrawnMoments | None], unweighted: bool) -> FloatArray | str:
    """Least squares from the estimates."""
    if any(drawn is None for drawn in moments):
        return "a category or variable was lost"
    stats = [drawn.stats for drawn in moments]
    weights = [np.ones(len(drawn.stats)) if unweighted else 1.0 / drawn.variances for drawn in moments]
    objective = LeastSquares(fit.structure.groups, stats, weights, [drawn.n for drawn in moments])
    return _minimise(fit, objective)


def _minimise(fit: Fit, objective: Any) -> FloatArray | str:
    constraints = fit.table.constraint_values if fit.table.constraints else None
    try:
        found = minimise(objective, fit.theta, constraints, tolerance=1e-4)
    except np.linalg.LinAlgError:
        return "no proper covariance matrix"
    return found.theta if found.converged else "not converged"


def _normal_refit(fit: Fit, counts: list[FloatArray]) -> FloatArray | str:
    """Maximum likelihood from the estimates; moments of fixed covariates are those of the draw."""
    moments = []
    for observed, drawn in zip(fit.observed, counts, strict=True):
        weights = drawn if observed.weights is None else drawn * observed.weights
        kept = weights > 0
        kind = MissingMoments if observed.missing else CompleteMoments
        again = kind.from_data(observed.names, observed.data[kept], weights=weights[kept], x=observed.x)
        if again.missing:
            # a constant of the discrepancy only: the unrestricted estimates of the draw are not needed
            again.mean, again.cov = observed.saturated
        moments.append(again)
    groups = fit.structure.groups
    if any(observed.x.size for observed in fit.observed):
        table = replace(fit.table, fixed=fit.table.fixed.copy())
        for k in np.flatnonzero(table.exo & (table.free == 0)):
            drawn = moments[table.group[k] - 1]
            at = drawn.names.index(table.lhs[k])
            mean, cov = _exogenous(drawn)
            table.fixed[k] = mean[at] if table.op[k] == "~1" else cov[at, drawn.names.index(table.rhs[k])]
        groups = [build_group(table, g + 1) for g in range(fit.n_groups)]
    try:
        structure = NormalStructure(groups, moments)
    except np.linalg.LinAlgError:
        return "no proper covariance matrix"
    return _minimise(fit, structure.objective)


def _exogenous(drawn: CompleteMoments | MissingMoments) -> tuple[FloatArray, FloatArray]:
    """Mean and covariance of the drawn cases; covariates themselves are complete."""
    if not drawn.missing:
        return drawn.mean, drawn.cov
    data = drawn.data
    weights = np.ones(len(data)) if drawn.weights is None else drawn.weights
    filled = np.nan_to_num(data)
    mean = weights @ filled / weights.sum()
    return mean, (filled - mean).T @ ((filled - mean) * weights[:, None]) / weights.sum()
