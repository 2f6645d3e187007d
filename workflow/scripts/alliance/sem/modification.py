"""Modification indices: what freeing one more parameter would gain (Sorbom 1989), and its expected value.

The model is extended by every fixed or absent cell that could be a parameter; at the estimates the score g_k and the
information V_k = I_kk - I_kf I_ff^-1 I_fk of each candidate give MI = g_k^2 / V_k and the expected parameter change
g_k / V_k. Candidates that the data could not tell from the free parameters (V_k = 0) are left out, as in lavaan.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .categorical import build_categorical
from .estimation import null_space
from .least_squares import LeastSquares
from .model import build_group
from .standardized import deviations
from .structure import ContinuousLeastSquares, NormalStructure, OrdinalStructure, _Moments

if TYPE_CHECKING:
    import pandas as pd

    from .results import Fit
    from .table import ParameterTable

FloatArray = NDArray[np.float64]
Cell = tuple[str, str, str]


def modification_indices(fit: Fit) -> pd.DataFrame:
    """Candidates with columns lhs, op, rhs, group, mi, epc, sepc_lv, sepc_all, sepc_nox; the table's order.

    ``mi`` is a chi-square with one degree of freedom (unscaled, as lavaan reports it); ``epc`` the value the parameter
    would take (change from its fixed value); ``sepc_*`` that value standardised by latent, by all, and by all but
    exogenous observed variances.
    """
    import pandas as pd

    table, n_free = fit.table, fit.table.n_par
    extended, candidates = extend_table(table)
    theta = np.concatenate([fit.theta, start_of(extended, candidates)])
    n_all = len(theta)
    tests = ScoreTests(fit, extended, theta, np.eye(n_all)[:, :n_free], np.eye(n_all)[:, n_free:])
    known = tests.identified
    index, change = tests.univariate()
    index, change = index[known], change[known]
    rows = [i for i, ok in zip(candidates, known, strict=True) if ok]
    standardised = standardised_changes(fit, extended, rows, change)
    return pd.DataFrame(
        {
            "lhs": [extended.lhs[i] for i in rows],
            "op": [extended.op[i] for i in rows],
            "rhs": [extended.rhs[i] for i in rows],
            "group": [int(extended.group[i]) for i in rows],
            "mi": index,
            "epc": change,
            **standardised,
        }
    )


def extend_table(table: ParameterTable) -> tuple[ParameterTable, list[int]]:
    """The table with every candidate as an additional free parameter, and the candidates' rows."""
    keep = [i for i, op in enumerate(table.op) if op != ":="]
    candidates = [i for i in keep if table.free[i] == 0 and not table.exo[i] and _can_be_freed(table, i)]
    new = [(cell, group) for group in range(1, table.n_groups + 1) for cell in missing_cells(table, group)]
    k, m = len(keep), len(new)
    rows = [*candidates, *range(k, k + m)]
    free = np.concatenate([table.free[keep], np.zeros(m, dtype=np.int64)])
    free[rows] = table.n_par + 1 + np.arange(len(rows))
    extended = replace(
        table,
        lhs=[table.lhs[i] for i in keep] + [cell[0] for cell, _ in new],
        op=[table.op[i] for i in keep] + [cell[1] for cell, _ in new],
        rhs=[table.rhs[i] for i in keep] + [cell[2] for cell, _ in new],
        group=np.concatenate([table.group[keep], np.array([group for _, group in new], dtype=np.int64)]),
        free=free,
        fixed=np.concatenate([table.fixed[keep], np.zeros(m)]),
        start=np.full(k + m, np.nan),
        label=[table.label[i] for i in keep] + [""] * m,
        exo=np.concatenate([table.exo[keep], np.zeros(m, dtype=bool)]),
        user=np.concatenate([table.user[keep], np.zeros(m, dtype=bool)]),
        constraints=[],
        constraint_texts=[],
        defined={},
    )
    return extended, rows


def _can_be_freed(table: ParameterTable, i: int) -> bool:
    """Scales and residual variances of latent responses are parameters in one parameterization only."""
    if table.lhs[i] not in table.ov_ordered:
        return True
    if table.parameterization == "delta":
        return not (table.op[i] == "~~" and table.lhs[i] == table.rhs[i])
    return table.op[i] != "~*~"


def missing_cells(table: ParameterTable, group: int) -> list[Cell]:
    """Loadings, residual and latent covariances, and regressions (when the model has some) not in the table."""
    here = [i for i in range(len(table)) if table.group[i] == group]
    present = {(table.lhs[i], table.op[i], table.rhs[i]) for i in here}
    loadings = [(table.lhs[i], table.rhs[i]) for i in here if table.op[i] == "=~"]
    latent = list(dict.fromkeys(lhs for lhs, _ in loadings))
    measured = {rhs for _, rhs in loadings}
    indicators = [name for name in table.ov_names if name in measured]
    pairs = [(table.lhs[i], table.rhs[i]) for i in here if table.op[i] == "~"]
    structural = list(dict.fromkeys([lhs for lhs, _ in pairs] + [rhs for _, rhs in pairs]))
    cells: list[Cell] = [(factor, "=~", item) for factor in latent for item in indicators]
    cells += [(a, "~~", b) for a, b in combinations(indicators, 2)]
    cells += [(a, "~~", b) for a, b in combinations(latent, 2)]
    cells += [(a, "~", b) for a in structural for b in structural if a != b]
    if table.conditional_x:
        cells = [cell for cell in cells if not (cell[1] == "~" and cell[0] in table.ov_x)]
    return [c for c in cells if c not in present and (c[1] != "~~" or (c[2], "~~", c[0]) not in present)]


def start_of(table: ParameterTable, rows: list[int]) -> FloatArray:
    """Values at which the candidates stand now: their fixed value, zero when absent."""
    return np.nan_to_num(table.fixed[rows])


def rebuild(structure: NormalStructure | OrdinalStructure, table: ParameterTable) -> NormalStructure | OrdinalStructure:
    """The same data under another table of the same variables."""
    if isinstance(structure, OrdinalStructure):
        groups = [
            build_categorical(table, g + 1, moments, table.parameterization)
            for g, moments in enumerate(structure.moments)
        ]
        unweighted = all(np.all(weights == 1) for weights in structure.diagonal)
        return OrdinalStructure(groups, structure.moments, unweighted)
    linear = [build_group(table, g + 1) for g in range(len(structure.groups))]
    if isinstance(structure, ContinuousLeastSquares):
        again = copy(structure)
        again.groups, again.n_par = linear, table.n_par
        sizes = [moments.n for moments in structure.moments]
        moments_of = [_Moments(group) for group in linear]
        again.objective = LeastSquares(moments_of, structure.stats, structure.diagonal, sizes)
        return again
    return NormalStructure(linear, structure.moments, structure.exogenous)


class ScoreTests:
    """Score and conditional information of new directions at the estimates of a fitted model.

    ``extended`` is the table with more parameters, ``theta`` its values now; the columns of ``free`` (n_ext x n_par)
    are the directions of the fitted parameters, those of ``new`` (n_ext x k) the directions to be tested.
    """

    def __init__(self, fit: Fit, extended: ParameterTable, theta: FloatArray, free: FloatArray, new: FloatArray):
        structure = rebuild(fit.structure, extended)
        gradient = structure.objective.scoring(theta)[1]
        information = expected_information(structure, theta)
        self.n = structure.n
        self.slope = -(new.T @ gradient)
        open_directions = free @ null_space(fit.constraint_jacobian)
        reduced = open_directions.T @ information @ open_directions
        cross = new.T @ information @ open_directions
        own = new.T @ information @ new
        self.information = own - cross @ np.linalg.solve(reduced, cross.T)
        diagonal = np.diag(self.information)
        self.identified = diagonal > 1e-5 * np.maximum(np.diag(own), 1e-12)

    def univariate(self) -> tuple[FloatArray, FloatArray]:
        """Chi-square (1 df) and expected change of each direction alone; nan where not identified."""
        diagonal = np.where(self.identified, np.diag(self.information), np.nan)
        return self.n * self.slope**2 / diagonal, self.slope / diagonal

    def together(self) -> tuple[float, int]:
        """Chi-square of all directions at once and its degrees of freedom (the rank of their information)."""
        values, vectors = np.linalg.eigh(self.information)
        keep = values > 1e-8 * max(values[-1], 1e-300)
        turned = vectors[:, keep].T @ self.slope
        return float(self.n * np.sum(turned**2 / values[keep])), int(keep.sum())


def expected_information(structure: NormalStructure | OrdinalStructure, theta: FloatArray) -> FloatArray:
    """Expected information per case; moments of fixed covariates carry none (lavaan's fixed.x)."""
    total = np.zeros((len(theta), len(theta)))
    implied = structure.implied(theta)
    for g, (share, delta) in enumerate(zip(structure.share, structure.delta(theta), strict=True)):
        if isinstance(structure, (OrdinalStructure, ContinuousLeastSquares)):
            weighted = delta * structure.diagonal[g][:, None]
        else:
            weighted = structure.h1_information(g, *implied[g], "expected") @ delta
        total += share * (delta.T @ weighted)
    return total


def standardised_changes(fit: Fit, table: ParameterTable, rows: list[int], change: FloatArray) -> dict[str, FloatArray]:
    """The expected changes in units of standard deviations (residual ones for covariances)."""
    total = deviations(fit, fit.theta)
    values = fit.row_values()
    residual: list[dict[str, float]] = [{} for _ in total]
    for lhs, op, rhs, g, value in zip(fit.table.lhs, fit.table.op, fit.table.rhs, fit.table.group, values, strict=True):
        if op == "~~" and lhs == rhs:
            residual[g - 1][lhs] = float(np.sqrt(abs(value)))
    latent = set(table.lv_names)
    scaled = {
        "sepc_lv": latent,
        "sepc_all": latent | set(table.ov_names),
        "sepc_nox": latent | set(table.ov_names) - set(table.ov_x),
    }
    out = {kind: change.copy() for kind in scaled}
    for kind, names in scaled.items():
        for position, i in enumerate(rows):
            lhs, op, rhs, g = table.lhs[i], table.op[i], table.rhs[i], int(table.group[i]) - 1
            spread = residual[g] if op == "~~" else total[g]
            a = spread.get(lhs, 1.0) if lhs in names or (op == "~" and kind == "sepc_nox") else 1.0
            b = spread.get(rhs, 1.0) if rhs in names else 1.0
            out[kind][position] *= {"=~": a / b, "~": b / a, "~~": 1 / (a * b), "~1": 1 / a, "|": 1 / a}.get(op, 1.0)
    return out
