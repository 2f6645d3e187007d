"""From a data frame (or covariance matrices) to the observed moments of every group.

Cases are dropped as lavaan drops them: those without group, cluster or weight; with missing="listwise" those with any
missing variable; with FIML those without any variable or with a missing exogenous covariate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .observed import CompleteMoments, MissingMoments
from .saturated import fit_saturated

if TYPE_CHECKING:
    import pandas as pd


class SampleError(ValueError):
    """The data cannot be used for this model; the message says which columns and what to do."""


@dataclass
class Sample:
    """Columns as numbers (N x p), with what splits, weights and clusters the cases (positions of rows)."""

    names: list[str]
    matrix: np.ndarray
    groups: list[np.ndarray]
    labels: list[Any]
    weights: np.ndarray | None
    cluster: np.ndarray | None
    warnings: list[str] = field(default_factory=list)

    def block(self, names: list[str]) -> np.ndarray:
        """Columns ``names`` (N x len(names))."""
        if names == self.names:
            return self.matrix
        return self.matrix[:, [self.names.index(name) for name in names]]


def group_labels(data: pd.DataFrame, group: str | None) -> list[Any]:
    """Labels in order of appearance; one empty label without groups."""
    if group is None:
        return [""]
    if group not in data.columns:
        raise SampleError(f"the data have no grouping column '{group}'")
    labels = [label for label in data[group].drop_duplicates().tolist() if label == label and label is not None]
    if not labels:
        raise SampleError(f"the grouping column '{group}' is empty")
    return labels


def read_sample(
    data: pd.DataFrame, names: Sequence[str], *, group: str | None, labels: list[Any], cluster: str | None,
    sampling_weights: str | None,
) -> Sample:  # fmt: skip
    """Numeric columns ``names`` and the rows of each group. SampleError names every absent or textual column."""
    needed = [*names, *[c for c in (group, cluster, sampling_weights) if c is not None]]
    absent = [name for name in needed if name not in data.columns]
    if absent:
        raise SampleError(f"the data have no column(s) {', '.join(absent)}: correct the names in the model")
    matrix = _numbers(data, list(names))
    keep = np.ones(len(data), dtype=bool)
    weights = codes = None
    if sampling_weights is not None:
        weights = data[sampling_weights].to_numpy(dtype=float, na_value=np.nan)
        if np.isnan(weights).any() or (weights < 0).any():
            raise SampleError(f"the sampling weights '{sampling_weights}' hold missing or negative values")
    if cluster is not None:
        present = data[cluster].notna().to_numpy()
        keep &= present
        codes = np.full(len(data), -1)
        codes[present] = np.unique(data[cluster][present].to_numpy(), return_inverse=True)[1]
    if group is None:
        groups = [np.flatnonzero(keep)]
    else:
        which = data[group].to_numpy()
        groups = [np.flatnonzero(keep & (which == label)) for label in labels]
    return Sample(list(names), matrix, groups, labels, weights, codes)


def _numbers(data: pd.DataFrame, names: list[str]) -> np.ndarray:
    """N x p float matrix of the columns, nan for missing. SampleError names columns of text or with infinite values."""
    try:  # one conversion for all columns is much quicker than one for each
        matrix = data[names].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        textual = [name for name in names if not _is_numeric(data[name])]
        raise SampleError(f"column(s) {', '.join(textual)} are not numeric: code the answers as numbers") from None
    if matrix.shape[1] != len(names):
        raise SampleError("the data have several columns of the same name")
    finite = ~np.isinf(matrix).any(axis=0)
    if not finite.all():
        infinite = [name for name, good in zip(names, finite, strict=True) if not good]
        raise SampleError(f"column(s) {', '.join(infinite)} hold infinite values")
    return matrix


def _is_numeric(column: pd.Series) -> bool:
    try:
        column.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        return False
    return True


def _normalised(sample: Sample, rows: list[np.ndarray]) -> list[np.ndarray | None]:
    """Weights of each group's cases, scaled to sum to the number of cases over all groups."""
    if sample.weights is None:
        return [None] * len(rows)
    total = sum(float(sample.weights[r].sum()) for r in rows)
    cases = sum(len(r) for r in rows)
    return [sample.weights[r] * (cases / total) for r in rows]


def continuous_moments(
    sample: Sample, names: list[str], x_names: list[str], missing: str
) -> list[CompleteMoments] | list[MissingMoments]:
    """Moments of every group; ``missing`` "listwise" or "ml". ``x_names``: covariates fixed at their sample moments."""
    matrix = sample.block(names)
    x = [names.index(name) for name in x_names]
    absent = np.isnan(matrix)
    drop = absent.any(axis=1) if missing == "listwise" else absent.all(axis=1) | absent[:, x].any(axis=1)
    rows = [r[~drop[r]] for r in sample.groups]
    _check_sizes(sample, rows, names)
    weights = _normalised(sample, rows)
    kind = MissingMoments if missing == "ml" else CompleteMoments
    out = []
    for label, r, w in zip(sample.labels, rows, weights, strict=True):
        where = f" in group {label}" if len(rows) > 1 else ""
        block = matrix[r]
        spread = np.nanmax(block, axis=0) - np.nanmin(block, axis=0)
        constant = [name for name, s in zip(names, spread, strict=True) if s == 0]
        if constant:
            raise SampleError(f"{', '.join(constant)} constant{where}: leave the item out of the model")
        never = [name for name, gone in zip(names, np.isnan(block).all(axis=0), strict=True) if gone]
        if never:
            raise SampleError(f"{', '.join(never)} never observed{where}: leave the item out of the model")
        moments = kind.from_data(
            names, block, weights=w, cluster=None if sample.cluster is None else sample.cluster[r], x=x
        )
        moments.rows = r
        if moments.missing:
            pairs = moments.masks.astype(float).T @ moments.masks > 0
            apart = [f"{names[i]} and {names[j]}" for i, j in np.argwhere(np.tril(~pairs))]
            if apart:
                raise SampleError(f"never observed together{where}: {', '.join(apart)}; their covariance is unknown")
            if not fit_saturated(moments):
                sample.warnings.append(f"the unrestricted means and covariances did not settle{where}")
        else:
            _check_covariance(moments.cov, names, where)
        out.append(moments)
    return out


def _check_sizes(sample: Sample, rows: list[np.ndarray], names: Sequence[str]) -> None:
    small = [label for label, r in zip(sample.labels, rows, strict=True) if len(r) < 2]
    if small:
        where = f" in group {', '.join(map(str, small))}" if len(rows) > 1 else ""
        raise SampleError(f"fewer than 2 usable cases{where} for {', '.join(names)}")


def _check_covariance(cov: np.ndarray, names: Sequence[str], where: str) -> None:
    sd = np.sqrt(np.maximum(np.diag(cov), 1e-300))
    values, vectors = np.linalg.eigh(cov / np.outer(sd, sd))
    if values[0] < 1e-12:
        involved = [name for name, v in zip(names, vectors[:, 0], strict=True) if abs(v) > 0.1]
        raise SampleError(
            f"the sample covariance matrix is not positive definite{where}: {', '.join(involved)} are linearly "
            "dependent (or there are fewer cases than variables)"
        )


def covariance_moments(
    sample_cov: Any, sample_nobs: Any, sample_mean: Any, names: list[str], x_names: list[str]
) -> list[CompleteMoments]:
    """Moments from square data frames (one or a list), numbers of cases and, optionally, means."""
    covs = list(sample_cov) if isinstance(sample_cov, (list, tuple)) else [sample_cov]
    sizes = list(np.atleast_1d(sample_nobs)) if sample_nobs is not None else []
    if len(sizes) != len(covs):
        raise SampleError("sample_nobs must give the number of cases of every covariance matrix")
    means = [None] * len(covs) if sample_mean is None else (
        list(sample_mean) if isinstance(sample_mean, (list, tuple)) and len(covs) > 1 else [sample_mean]
    )  # fmt: skip
    x = np.array([names.index(name) for name in x_names], dtype=np.intp)
    out = []
    for frame, n, mean in zip(covs, sizes, means, strict=True):
        known = list(frame.columns)
        absent = [name for name in names if name not in known]
        if absent:
            raise SampleError(f"the covariance matrix has no row(s) {', '.join(absent)}")
        at = [known.index(name) for name in names]
        cov = np.asarray(frame, dtype=float)[np.ix_(at, at)]
        lower = np.tril(cov)
        if np.allclose(np.triu(cov, 1), 0) and not np.allclose(np.tril(cov, -1), 0):
            cov = lower + np.tril(cov, -1).T
        elif not np.allclose(cov, cov.T, rtol=1e-6, atol=1e-8):
            raise SampleError("the covariance matrix is not symmetric")
        cov = (cov + cov.T) / 2 * (n - 1) / n
        _check_covariance(cov, names, "")
        vector = np.zeros(len(names)) if mean is None else _mean_vector(mean, names, known)
        out.append(CompleteMoments(list(names), float(n), vector, cov, x=x))
    return out


def _mean_vector(mean: Any, names: list[str], known: list[str]) -> np.ndarray:
    if hasattr(mean, "loc") or isinstance(mean, dict):
        return np.array([float(mean[name]) for name in names])
    return np.asarray(mean, dtype=float)[[known.index(name) for name in names]]


def ordinal_groups(
    sample: Sample, names: list[str], ordered: set[str], exo: list[str], missing: str, levels: dict[str, np.ndarray],
    with_gamma: bool = True,
) -> list:  # fmt: skip
    """OrdinalMoments of every group."""
    from .ordinal import OrdinalDataError, ordinal_moments

    matrix, covariates = sample.block(names), sample.block(exo)
    is_ordered = np.array([name in ordered for name in names])
    absent = np.isnan(matrix)
    drop = absent.any(axis=1) if missing == "listwise" else absent.all(axis=1)
    drop |= np.isnan(covariates).any(axis=1)
    whole = not drop.any() and len(sample.groups) == 1 and len(sample.groups[0]) == len(matrix)
    rows = sample.groups if whole else [r[~drop[r]] for r in sample.groups]
    _check_sizes(sample, rows, names)
    weights = _normalised(sample, rows)
    out, trouble = [], []
    for label, r, w in zip(sample.labels, rows, weights, strict=True):
        try:
            moments = ordinal_moments(
                matrix if whole else matrix[r], names, is_ordered, covariates if whole else covariates[r], exo,
                missing=missing, weights=w,
                cluster=None if sample.cluster is None else sample.cluster[r],
                levels=levels, with_gamma=with_gamma, group=str(label) if len(rows) > 1 else "",
            )  # fmt: skip
        except OrdinalDataError as problem:
            trouble.append(str(problem))
            continue
        moments.rows = r
        sample.warnings += moments.warnings
        out.append(moments)
    if trouble:
        raise SampleError("; ".join(trouble))
    return out
