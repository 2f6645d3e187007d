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
    fit = Model(_syntax(structure, codes))
    fit.get_bounds = lambda: None
    try:
        result = fit.fit(data.rename(columns=codes)[list(codes.values())[: data.shape[1]]], options=dict(_OPTIONS))
        values = {name: value for name, value in zip(_active(fit), result.x, strict=True)}
        theta = np.array([values[f"p{k}"] for k in range(structure.n_free)])
        converged, message = bool(result.success), str(result.message)
    except (np.linalg.LinAlgError, ValueError, FloatingPointError) as error:
        theta, converged, message = np.full(structure.n_free, np.nan), False, f"{type(error).__name__}: {error}"
    return Estimates(theta, converged, message, f"semopy {version('semopy')}")


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
