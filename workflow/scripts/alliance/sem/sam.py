"""Structural after measurement: factors are measured first, their relations estimated from what was measured.

Rosseel & Loh (2022), Psychological Methods, doi 10.1037/met0000503. A misspecified structural part cannot distort the
measurement, and small samples converge. Factor means and covariances come from each measurement block (local SAM); or
the measurement parameters are kept fixed while the whole model is fitted (global SAM).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .estimation import minimise
from .fit import fit_sem
from .inference import Inference, infer
from .options import Options
from .results import Fit
from .sam_blocks import Parts, take_apart
from .sam_errors import robust_vcov, sample_threshold, two_step_vcov
from .sam_moments import FactorMoments, error_left_on, factor_moments, sample_moments
from .sam_ordinal import numeric_block, ordinal_block
from .sam_structure import fit_structure, structural_structure, structural_table

if TYPE_CHECKING:
    import pandas as pd

    from .table import ParameterTable

_MEASUREMENT_WORDS = ("loadings", "intercepts", "thresholds", "residuals", "residual.covariances")


def fit_sam(
    model: str,
    data: pd.DataFrame,
    *,
    ordered: Sequence[str] = (),
    group: str | None = None,
    group_equal: Sequence[str] = (),
    missing: str = "listwise",
    cluster: str | None = None,
    sampling_weights: str | None = None,
    estimator: str | None = None,
    parameterization: str = "delta",
    std_lv: bool = False,
    meanstructure: bool | None = None,
    method: str = "local",
    se: str | None = None,
    blocks: Sequence[Sequence[str]] | None = None,
    alpha_correction: float = 0.0,
) -> Fit:
    """Fit a structural equation model in two steps.

    Parameters
    ----------
    model, data, ordered, group, group_equal, missing, cluster, sampling_weights, parameterization, std_lv,
    meanstructure : as in ``fit_sem``; ``estimator`` is that of the measurement blocks.
    method : "local" or "global".
    se : "twostep" (default); "robust", without distributional assumptions (default with clusters and weights); for
        comparison only "standard" (as if the measurement parameters were known) and "naive" (as if the factors had
        been observed).
    blocks : factors to be measured together, e.g. [["bond", "goal"], ["task"]]; by default every factor alone, except
        those that share items, residual covariances, labels or constraints.
    alpha_correction : small samples; takes the share alpha / (n - 1) less error off the factor moments (Fuller 1987).

    Returns
    -------
    The structural part as a ``Fit``: parameters (regressions, factor variances and covariances), standard errors that
    count the measurement step, fit of the structural part. ``fit.measurement`` lists the fits of the blocks,
    ``fit.factor_moments`` the moments that the structural part was fitted to.

    Raises
    ------
    ModelSyntaxError, SampleError, ValueError as ``fit_sem``.
    """
    ordered = [ordered] if isinstance(ordered, str) else list(ordered)
    group_equal = [group_equal] if isinstance(group_equal, str) else list(group_equal)
    if method not in ("local", "global") or se not in (None, "twostep", "robust", "standard", "naive"):
        raise ValueError("method is 'local' or 'global'; se is 'twostep', 'robust', 'standard' or 'naive'")
    if alpha_correction < 0 or (alpha_correction and method == "global"):
        raise ValueError("alpha_correction is a number from 0 on, and for method='local' only")
    shared = {
        "group": group, "missing": missing, "cluster": cluster, "sampling_weights": sampling_weights,
        "estimator": estimator, "parameterization": parameterization, "std_lv": std_lv,
    }  # fmt: skip
    call = {**shared, "model": model, "ordered": ordered, "method": method}
    whole = {
        "ordered": ordered, "group_equal": group_equal, "meanstructure": meanstructure, "do_fit": False, **shared,
    }  # fmt: skip
    joint = fit_sem(model, data, **whole)
    parts = take_apart(model, joint.n_groups, blocks)
    _check_ordered(joint, parts)
    own = _outcome_thresholds(joint, parts)
    if own and "thresholds" in group_equal and joint.n_groups > 1:
        # an ordered outcome is scaled to unit variance in every group: its thresholds are the group's own
        joint = fit_sem(model, data, group_partial=own, **whole)
    words = [word for word in group_equal if word.replace("_", ".") in _MEASUREMENT_WORDS]
    if joint.structure.ordinal:
        measured = [
            ordinal_block(joint, text, words, std_lv) if _any_ordered(joint, names, parts)
            else numeric_block(joint, text, data, {**shared, "group_equal": words})
            for names, text in zip(parts.blocks, parts.texts, strict=True)
        ]  # fmt: skip
    else:
        complete = data if missing != "listwise" else data.dropna(subset=joint.table.ov_names)
        means = joint.structure.meanstructure or None
        measured = [fit_sem(text, complete, group_equal=words, meanstructure=means, **shared) for text in parts.texts]
    moments = [
        factor_moments(
            parts, measured, [b.theta for b in measured], sample_moments(joint, g), g, alpha=alpha_correction
        )
        for g in range(joint.n_groups)
    ]
    fit = _structural_fit(joint, parts, measured, moments, call)
    if method == "global":
        _refit_globally(fit, joint, measured)
    kind = se or ("robust" if cluster or sampling_weights else "twostep")
    _set_errors(fit, joint, parts, measured, kind, alpha_correction)
    return fit


def _any_ordered(joint: Fit, factors: Sequence[str], parts: Parts) -> bool:
    return bool(set(joint.table.ov_ordered) & {item for name in factors for item in parts.items[name]})


def _check_ordered(joint: Fit, parts: Parts) -> None:
    outcome = [name for name in parts.observed if name in joint.table.ov_ordered]
    if outcome and joint.table.parameterization == "theta":
        raise ValueError(f"fit_sam scales ordered outcomes ({', '.join(outcome)}) to unit variance: use 'delta'")


def _outcome_thresholds(joint: Fit, parts: Parts) -> list[str]:
    """Cells of the thresholds of ordered outcomes."""
    table = joint.table
    rows = zip(table.lhs, table.op, table.rhs, strict=True)
    return sorted({f"{lhs}|{rhs}" for lhs, op, rhs in rows if op == "|" and lhs in parts.observed})


class SamFit(Fit):
    """A ``Fit`` of the structural part that remembers its measurement: ``measurement``, ``factor_moments``."""

    measurement: list[Fit]
    factor_moments: list[FactorMoments]
    path_table: ParameterTable  # the table in which the factors stand for observed variables

    def scores(self, method: str = "regression", **options: Any) -> pd.DataFrame:
        """Factor scores from the measurement blocks, each factor from its own items."""
        import pandas as pd

        return pd.concat([block.scores(method, **options) for block in self.measurement], axis=1)

    def modification_indices(self, **options: Any) -> pd.DataFrame:
        """Modification indices of the structural part, the factor moments taken as known."""
        plain = Fit(self.path_table, self.structure, self.options, self.optimum, self.group_labels, [])
        return plain.modification_indices(**options)


def _structural_fit(joint: Fit, parts: Parts, measured: list[Fit], moments: list[FactorMoments], call: dict) -> SamFit:
    table = structural_table(joint.table, parts)
    _release_outcomes(table, joint, parts)
    structure = structural_structure(table, moments)
    optimum = fit_structure(table, structure)
    warnings = []
    for names, block in zip(parts.blocks, measured, strict=True):
        warnings += [f"measurement of {', '.join(names)}: {warning}" for warning in block.warnings]
    if any(m.shrunk for m in moments):
        warnings.append("the factor covariance matrix was improper: less error was taken off (Fuller 1987)")
    options = Options("ML", "ML", "standard", "standard")
    shown = replace(table, lv_names=[*parts.factors, *parts.higher], ov_names=list(parts.observed))
    fit = SamFit(shown, structure, options, optimum, joint.group_labels, [], warnings, call)
    fit.measurement, fit.factor_moments, fit.path_table = measured, moments, table
    return fit


def _release_outcomes(table: ParameterTable, joint: Fit, parts: Parts) -> None:
    """Free what follows from the rest for ordered outcomes: residual variances, which make the variance 1, and, where
    factor means are free, the intercept, which the outcome's own thresholds take up."""
    moving = {int(table.group[i]) for i in range(len(table)) if _is_mean(table, i, parts.factors) and table.free[i]}
    for i, (lhs, op, rhs) in enumerate(zip(table.lhs, table.op, table.rhs, strict=True)):
        follows = (op == "~~" and lhs == rhs) or (op == "~1" and int(table.group[i]) in moving)
        if lhs in joint.table.ov_ordered and not table.free[i] and follows:
            table.free[i] = table.n_par + 1


def _is_mean(table: ParameterTable, i: int, names: list[str]) -> bool:
    return table.op[i] == "~1" and table.lhs[i] in names


def _refit_globally(fit: SamFit, joint: Fit, measured: list[Fit]) -> None:
    """Fit the joint model with the measurement parameters fixed; the structural estimates replace the local ones."""
    from .modification import rebuild

    values: dict[tuple, float] = {}
    for block in measured:
        rows = block.row_values()
        values |= {_cell(block.table, i): rows[i] for i in range(len(block.table)) if block.table.free[i]}
    structural = {_cell(fit.table, i): int(fit.table.free[i]) for i in range(len(fit.table)) if fit.table.free[i]}
    free = np.zeros(len(joint.table), dtype=np.int64)
    fixed = joint.table.fixed.copy()
    for i in range(len(joint.table)):
        cell = _cell(joint.table, i)
        if joint.table.free[i] and cell in structural:
            free[i] = structural[cell]
        elif joint.table.free[i]:
            fixed[i] = values[cell] if cell in values else sample_threshold(joint, cell)
    used = np.unique(free[free > 0])
    renumber = np.zeros(fit.table.n_par + 1, dtype=np.int64)
    renumber[used] = np.arange(1, len(used) + 1)
    table = replace(joint.table, free=renumber[free], fixed=fixed, constraints=[], constraint_texts=[], defined={})
    structure = rebuild(joint.structure, table)
    optimum = minimise(structure.objective, fit.theta[used - 1])
    theta = fit.theta.copy()
    theta[used - 1] = optimum.theta
    fit.optimum = replace(fit.optimum, theta=theta, converged=optimum.converged, message=optimum.message)


def _cell(table: Any, i: int) -> tuple:
    return table.lhs[i], table.op[i], table.rhs[i], int(table.group[i])


def _set_errors(fit: SamFit, joint: Fit, parts: Parts, measured: list[Fit], kind: str, alpha: float) -> None:
    """Replace the naive covariance of the structural estimates."""
    naive = infer(fit.structure, fit.options, fit.theta, fit.constraint_jacobian)
    if kind == "naive":
        vcov = naive.vcov
    elif kind == "robust":
        vcov = robust_vcov(joint, measured, parts, fit.path_table, fit.structure, fit.theta, alpha)
    else:
        vcov = two_step_vcov(joint, measured, parts, fit.path_table, fit.theta, known=kind == "standard")
        less = error_left_on(alpha, joint.structure.n)
        if less and kind == "twostep" and naive.vcov is not None:
            vcov = less * naive.vcov + (1 - less) * vcov  # as lavaan: the error left on counts as observed
    fit.__dict__["inference"] = Inference(vcov, naive.information, naive.inverse, naive.meat, naive.open)
