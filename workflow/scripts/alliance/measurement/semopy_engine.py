"""The seam to the estimation engine: semopy's normal-theory maximum likelihood, and nothing else of semopy.

What is taken from it are the parameter values alone. Its fit indices and information criteria differ from lavaan's and
its default tolerance stops early (both measured), so fit, standard errors and derived quantities are computed here
from the values. Names are replaced by x0, x1 ... and f0, f1 ... because semopy reads some names as operators.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from alliance.measurement.structure import FloatArray, Structure

if TYPE_CHECKING:
    import pandas as pd

_OPTIONS = {"ftol": 1e-14, "maxiter": 2000}


@dataclass(frozen=True)
class Estimates:
    """What an engine gives back: values of the free parameters (the order of ``structure.rows``) and how it ended."""

    theta: FloatArray
    converged: bool
    message: str
    engine: str


def estimate_ml(structure: Structure, data: pd.DataFrame) -> Estimates:
    """Normal-theory ML estimates of a measurement model from complete data (n x p, columns are the items).

    Variances are not bounded at zero, as in lavaan: a Heywood case shows as a negative variance.
    """
    from semopy import Model

    codes = {name: f"x{k}" for k, name in enumerate(structure.items)}
    codes |= {name: f"f{k}" for k, name in enumerate(structure.latents)}
    logging.getLogger().setLevel(logging.ERROR)  # semopy warns that no loading is fixed when the variances are
    renamed = data[structure.items].rename(columns=codes).astype(float)
    fit = Model(_syntax(structure, codes))
    fit.get_bounds = lambda: None
    for k, value in enumerate(start_values(structure, np.cov(renamed.to_numpy(), rowvar=False, bias=True))):
        fit.parameters[f"p{k}"].start = value
    try:
        result = fit.fit(renamed, options=dict(_OPTIONS))
        values = {name: value for name, value in zip(_active(fit), result.x, strict=True)}
        theta = np.array([values[f"p{k}"] for k in range(structure.n_free)])
        converged, message = bool(result.success), str(result.message)
    except (np.linalg.LinAlgError, ValueError, FloatingPointError) as error:
        theta, converged, message = np.full(structure.n_free, np.nan), False, f"{type(error).__name__}: {error}"
    return Estimates(theta, converged, message, f"semopy {version('semopy')}")


def start_values(structure: Structure, cov: FloatArray) -> FloatArray:
    """Where the search begins: half of an item's variance is its factor's, a quarter under two factors.

    The sign of a loading is that of the item in the first principal component of its factor's items. semopy's own
    start is not used: it never returns when a factor has no fixed loading.
    """
    sd = np.sqrt(np.diag(cov))
    column = {name: k for k, name in enumerate(structure.items)}
    loading: dict[tuple[str, str], float] = {}
    variance: dict[str, float] = {}
    for k, (factor, items) in enumerate(structure.model.factors.items()):
        block = np.ix_([column[i] for i in items], [column[i] for i in items])
        first = np.linalg.eigh(cov[block] / np.outer(sd[block[0].ravel()], sd[block[0].ravel()]))[1][:, -1]
        sign = np.where(first < 0, -1.0, 1.0)
        share = (0.5 if k == 0 else 0.25) if structure.model.orthogonal else 0.5
        raw = np.sqrt(share) * sign * sd[block[0].ravel()]
        scale = 1.0 if structure.model.std_lv else raw[0]
        variance[factor] = scale**2
        loading |= {(factor, item): value / scale for item, value in zip(items, raw, strict=True)}
    for factor, members in structure.model.higher.items():
        scale = np.sqrt(0.5 * variance[members[0]])
        loading |= {(factor, m): np.sqrt(0.5 * variance[m]) / scale for m in members}
        variance |= {m: 0.5 * variance[m] for m in members} | {factor: scale**2}
    start = np.zeros(structure.n_free)
    for row in structure.rows:
        if row.free < 0:
            continue
        if row.op == "=~":
            start[row.free] = loading[row.lhs, row.rhs]
        elif row.lhs == row.rhs:
            start[row.free] = 0.5 * cov[row.i, row.i] if row.matrix == "theta" else variance[row.lhs]
    return start


def _syntax(structure: Structure, codes: dict[str, str]) -> str:
    """Every parameter explicit: free ones named p0, p1 ..., fixed ones with their value."""
    lines = []
    for row in structure.rows:
        label = f"p{row.free}" if row.free >= 0 else repr(row.value)
        lines.append(f"{codes[row.lhs]} {row.op} {label}*{codes[row.rhs]}")
    return "\n".join(lines)


def _active(fit) -> list[str]:
    """Names of the free parameters in the order of semopy's parameter vector."""
    return [name for name, parameter in fit.parameters.items() if parameter.active]
