"""The structural part as a model of its own: its rows of the joint table, fitted to the moments of the factors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .estimation import minimise
from .model import build_group
from .observed import CompleteMoments
from .sam_blocks import Parts
from .sam_moments import FactorMoments
from .start import start_values
from .structure import NormalStructure
from .table import ParameterTable


def structural_rows(joint: ParameterTable, parts: Parts) -> list[int]:
    """Rows of the joint table about factors and observed variables of the structural part, ``:=`` included."""
    inside = {*parts.factors, *parts.higher, *parts.observed}
    kept = []
    for i, (lhs, op, rhs) in enumerate(zip(joint.lhs, joint.op, joint.rhs, strict=True)):
        if op == ":=" or (lhs in inside and (rhs in inside or rhs == "") and op in ("=~", "~", "~~", "~1")):
            kept.append(i)
    return kept


def structural_table(joint: ParameterTable, parts: Parts) -> ParameterTable:
    """The structural table: factors count as observed when it is turned into matrices (``lv_names``: second-order)."""
    rows = structural_rows(joint, parts)
    numbers = {0: 0}
    free = np.array([numbers.setdefault(int(joint.free[i]), len(numbers)) for i in rows], dtype=np.int64)
    labels = {joint.label[i] for i in rows} | {f".p{i + 1}." for i in rows}
    known = {name: node for name, node in joint.defined.items() if set(node.names()) <= labels | set(joint.defined)}
    keep = [k for k, i in enumerate(rows) if joint.op[i] != ":=" or joint.lhs[i] in known]
    constraints = [
        (node, text)
        for node, text in zip(joint.constraints, joint.constraint_texts, strict=True)
        if set(node.names()) <= labels | set(known)
    ]
    rows = [rows[k] for k in keep]
    exo = joint.exo[rows].copy()
    fixed = joint.fixed[rows].copy()
    fixed[exo] = np.nan
    return replace(
        joint,
        lhs=[joint.lhs[i] for i in rows],
        op=[joint.op[i] for i in rows],
        rhs=[joint.rhs[i] for i in rows],
        group=joint.group[rows],
        free=free[keep],
        fixed=fixed,
        start=joint.start[rows],
        label=[joint.label[i] for i in rows],
        exo=exo,
        user=joint.user[rows],
        ov_names=[*parts.factors, *parts.observed],
        lv_names=list(parts.higher),
        ov_ordered=[],
        conditional_x=False,
        constraints=[node for node, _ in constraints],
        constraint_texts=[text for _, text in constraints],
        defined=known,
    )


def structural_structure(table: ParameterTable, moments: list[FactorMoments]) -> NormalStructure:
    """The structural model with the factor moments as its sample; fills the covariates' rows of ``table``."""
    names = table.ov_names
    x = np.array([names.index(name) for name in table.ov_x if _is_fixed(table, name)], dtype=np.intp)
    for i in np.flatnonzero(table.exo):
        m, a = moments[table.group[i] - 1], names.index(table.lhs[i])
        table.fixed[i] = m.mean[a] if table.op[i] == "~1" else m.cov[a, names.index(table.rhs[i])]
    sample = [CompleteMoments(list(m.names), m.n, m.mean, m.cov, x=x) for m in moments]
    return NormalStructure([build_group(table, g + 1) for g in range(table.n_groups)], sample)


def fit_structure(table: ParameterTable, structure: NormalStructure, start=None):
    """Maximum likelihood for the structural part."""
    if start is None:
        means, covs = [m.mean for m in structure.moments], [m.cov for m in structure.moments]
        start = start_values(table, table.ov_names, means, covs)
    return minimise(structure.objective, start, table.constraint_values if table.constraints else None)


def _is_fixed(table: ParameterTable, name: str) -> bool:
    return any(table.exo[i] and table.op[i] == "~~" and table.lhs[i] == name == table.rhs[i] for i in range(len(table)))
