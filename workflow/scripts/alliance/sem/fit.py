"""``fit_sem``: one call from model text and data to a fitted model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .categorical import build_categorical
from .data import (
    Sample,
    SampleError,
    continuous_moments,
    covariance_moments,
    group_labels,
    ordinal_groups,
    read_sample,
)
from .estimation import Optimum, minimise
from .model import build_group
from .options import resolve
from .results import Fit
from .start import simple_start, start_values
from .structure import ContinuousLeastSquares, NormalStructure, OrdinalStructure
from .table import ParameterTable, build_table

if TYPE_CHECKING:
    import pandas as pd


def fit_sem(
    model: str,
    data: pd.DataFrame | None = None,
    *,
    estimator: str | None = None,
    ordered: Sequence[str] | bool = (),
    group: str | None = None,
    group_equal: Sequence[str] = (),
    group_partial: Sequence[str] = (),
    missing: str = "listwise",
    cluster: str | None = None,
    sampling_weights: str | None = None,
    parameterization: str = "delta",
    std_lv: bool = False,
    orthogonal: bool = False,
    meanstructure: bool | None = None,
    fixed_x: bool = True,
    sample_cov: Any = None,
    sample_nobs: Any = None,
    sample_mean: Any = None,
    start: np.ndarray | None = None,
    do_fit: bool = True,
    same_data: Fit | None = None,
) -> Fit:
    """Fit a structural equation model written in lavaan's language.

    Parameters
    ----------
    model : model text. ``data`` : one row per case; or ``sample_cov`` (square DataFrame, one per group in a list, as
        computed with n - 1), ``sample_nobs`` and optionally ``sample_mean``.
    estimator : ML, MLM, MLMV, MLR for continuous variables; WLSMV, WLSM, DWLS, ULSMV, ULSM, ULS for ordered ones.
        None: WLSMV when variables are ordered, else ML. Clusters or weights turn ML into MLR.
    ordered : variables whose answers are ordered categories (True: all but the exogenous covariates, which are then
        conditioned on).
    group, group_equal, group_partial : column of groups, what is equal across them, and exceptions ("f=~x2").
    missing : "listwise"; "fiml" (ML and MLR); "pairwise" (ordered).
    cluster, sampling_weights : columns. meanstructure : None decides as lavaan does (groups, FIML, clusters).
    start : (n_par,) start values, for refits. do_fit : False returns the model at its start values.
    same_data : an earlier fit of ordered variables to the same data, groups and clusters: its thresholds, polychoric
        correlations and their covariance are taken over where the variables come in the same order.

    Raises
    ------
    ModelSyntaxError, SampleError, ValueError with what to change. A model that does not converge is returned with
    ``converged`` False and says so in ``warnings``.
    """
    ordered = _ordered_names(ordered, model)
    if (data is None) == (sample_cov is None):
        raise ValueError("give either data or sample_cov with sample_nobs")
    call = {k: v for k, v in locals().items() if k not in ("data", "start", "do_fit", "same_data", "call")}
    if data is None:
        n_groups = len(sample_cov) if isinstance(sample_cov, (list, tuple)) else 1
        labels: list[Any] = [f"Group {k + 1}" for k in range(n_groups)] if n_groups > 1 else [""]
        if ordered:
            raise ValueError("ordered variables need the data, not a covariance matrix")
    else:
        labels = group_labels(data, group)
        n_groups = len(labels)
    options = resolve(
        estimator, ordered=bool(ordered), missing=missing, clustered=cluster is not None,
        weighted=sampling_weights is not None,
    )  # fmt: skip
    levels = _levels(data, ordered)
    means = meanstructure
    if means is None:
        means = (group is not None and data is not None) or options.missing == "ml" or cluster is not None
        means = means or sample_mean is not None
    table = build_table(
        model, ordered=ordered, n_thresholds={name: len(values) - 1 for name, values in levels.items()},
        n_groups=n_groups, group_equal=group_equal, group_partial=group_partial, parameterization=parameterization,
        std_lv=std_lv, orthogonal=orthogonal, meanstructure=bool(means),
        fixed_x=fixed_x and (bool(ordered) or options.discrepancy == "ML"), conditional_x=bool(ordered),
    )  # fmt: skip
    sample = None
    if data is not None:
        sample = read_sample(
            data, table.ov_names, group=group, labels=labels, cluster=cluster, sampling_weights=sampling_weights
        )
    if ordered:
        assert sample is not None
        fit = _fit_ordinal(table, sample, options, levels, start, do_fit, same_data)
    else:
        fit = _fit_normal(table, sample, options, labels, (sample_cov, sample_nobs, sample_mean), start, do_fit)
    fit.call, fit.levels = call, levels
    return fit


def _ordered_names(ordered: Sequence[str] | bool | str, model: str) -> list[str]:
    """Names of the ordered variables; True means every observed variable that is not an exogenous covariate."""
    if isinstance(ordered, str):
        return [ordered]
    if not isinstance(ordered, bool):
        return list(ordered)
    if not ordered:
        return []
    table = build_table(model)
    return [name for name in table.ov_names if name not in table.ov_x]


def _levels(data: pd.DataFrame | None, ordered: Sequence[str]) -> dict[str, np.ndarray]:
    """Categories of each ordered variable over all groups."""
    levels = {}
    for name in ordered:
        if data is None or name not in data.columns:
            raise SampleError(f"the data have no ordered column '{name}'")
        column = data[name]
        try:
            values = column.to_numpy(dtype=float, na_value=np.nan)
        except (TypeError, ValueError):
            raise SampleError(f"column {name} is not numeric: code the answers as numbers") from None
        values = values[~np.isnan(values)]
        found = np.unique(values[:1000])
        # a few categories repeat quickly: only look for the rest among what is not yet found
        rest = values[~np.isin(values, found)] if len(values) > 1000 else values[:0]
        levels[name] = np.union1d(found, rest)
        if len(levels[name]) < 2:
            raise SampleError(f"{name} is constant: leave the item out of the model")
    return levels


def _fit_normal(table: ParameterTable, sample: Sample | None, options, labels, summary, start, do_fit) -> Fit:
    """Continuous variables."""
    x_names = [name for name in table.ov_x if _fixed(table, name)]
    if sample is None:
        moments = covariance_moments(*summary, table.ov_names, x_names)
        warnings = []
    else:
        moments = continuous_moments(sample, table.ov_names, x_names, options.missing)
        warnings = sample.warnings
    means = [m.saturated[0] for m in moments]
    covs = [m.saturated[1] for m in moments]
    _fill_exogenous(table, table.ov_names, means, covs)
    groups = [build_group(table, g + 1) for g in range(table.n_groups)]
    exogenous = np.array([table.ov_names.index(name) for name in table.ov_x], dtype=np.intp)
    structure: NormalStructure
    if options.discrepancy == "ML":
        structure = NormalStructure(groups, moments, exogenous)
    else:
        structure = ContinuousLeastSquares(groups, moments, exogenous, unweighted=options.discrepancy == "ULS")
    optimum = _search(
        structure, table, start, lambda: start_values(table, table.ov_names, means, covs), covs, do_fit=do_fit
    )
    return Fit(table, structure, options, optimum, labels, [], warnings)


def _fit_ordinal(table: ParameterTable, sample: Sample, options, levels, start, do_fit, same_data=None) -> Fit:
    """Ordered (and numeric) variables."""
    names = [name for name in table.ov_names if name not in table.ov_x]
    exo = list(table.ov_x)
    known = None if exo else _known_moments(same_data, names, table, options, levels)
    if known is None:
        moments = ordinal_groups(sample, names, set(table.ov_ordered), exo, options.missing, levels)
    else:
        moments, sample.warnings = known, list(same_data.data_warnings)
    # lavaan reports covariate moments with n - 1
    cov_x = [m.cov_x * m.n / (m.n - 1) for m in moments]
    if exo:
        _fill_exogenous(table, exo, [m.mean_x for m in moments], cov_x)
    groups = [build_categorical(table, g + 1, m, table.parameterization) for g, m in enumerate(moments)]
    structure = OrdinalStructure(groups, moments, unweighted=options.discrepancy == "ULS")
    thresholds = [dict(zip(m.names, m.thresholds, strict=True)) for m in moments]
    covs = [m.cov for m in moments]
    optimum = _search(
        structure, table, start,
        lambda: start_values(table, names, [m.means for m in moments], covs, thresholds), covs, names, do_fit,
    )  # fmt: skip
    return Fit(table, structure, options, optimum, sample.labels, cov_x, sample.warnings)


def _known_moments(fit: Fit | None, names: list[str], table: ParameterTable, options, levels) -> list | None:
    """The moments of an earlier fit, when they are those of these variables."""
    if fit is None or not fit.levels or fit.options.missing != options.missing:
        return None
    same = all(list(m.names) == names for m in fit.observed) and set(fit.levels) == set(levels)
    same = same and all(np.array_equal(fit.levels[name], values) for name, values in levels.items())
    return fit.observed if same and fit.n_groups == table.n_groups else None


def _fixed(table: ParameterTable, name: str) -> bool:
    """Whether the variance of covariate ``name`` is fixed at its sample value."""
    return any(
        exo and lhs == name == rhs
        for lhs, rhs, op, exo in zip(table.lhs, table.rhs, table.op, table.exo, strict=True)
        if op == "~~"
    )


def _fill_exogenous(table: ParameterTable, names: list[str], means: list[np.ndarray], covs: list[np.ndarray]) -> None:
    """Put sample moments into the rows of fixed covariates."""
    at = {name: k for k, name in enumerate(names)}
    for k in np.flatnonzero(table.exo):
        if table.free[k] or not np.isnan(table.fixed[k]):
            continue
        g, i = table.group[k] - 1, at[table.lhs[k]]
        if table.op[k] == "~~":
            table.fixed[k] = covs[g][i, at[table.rhs[k]]]
        elif table.op[k] == "~1":
            table.fixed[k] = means[g][i]


def _search(structure, table: ParameterTable, start, default, covs, names=None, do_fit=True) -> Optimum:
    """Minimise from the best available start; a second, plainer start when the first does not converge."""
    constraints = table.constraint_values if table.constraints else None
    first = default() if start is None else np.asarray(start, dtype=float)
    if not do_fit:
        return Optimum(first, float("nan"), False, 0, float("inf"), float("inf"), "not fitted")
    try:
        best = minimise(structure.objective, first, constraints)
        if best.converged:
            return best
    except np.linalg.LinAlgError:
        best = None
    plain = simple_start(table, first, names or table.ov_names, covs)
    try:
        again = minimise(structure.objective, plain, constraints)
    except np.linalg.LinAlgError:
        again = None
    if again is not None and (best is None or again.converged or again.value < best.value):
        return again
    if best is not None:
        return best
    return Optimum(first, float("nan"), False, 0, float("inf"), float("inf"), "no start value is proper")
