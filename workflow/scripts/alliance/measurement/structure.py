"""The parameters of a measurement model and the covariances they imply, written apart from the engine.

Sigma = Lambda (I - B)^-1 Psi (I - B)^-T Lambda' + Theta (Joreskog's all-y form). Only the cross-check by a second
engine uses it: what is checked must not be made of what it checks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alliance.measurement.models import MeasurementModel

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One row of the parameter table; ``free`` is the place in the parameter vector, -1 when fixed at ``value``."""

    lhs: str
    op: str
    rhs: str
    matrix: str
    i: int
    j: int
    free: int
    value: float


class Structure:
    """The parameters of a model in lavaan's order and the matrices that they fill."""

    def __init__(self, model: MeasurementModel):
        self.model = model
        self.items = model.items
        self.latents = model.latents
        self.rows: list[Row] = []
        self._build()
        self.n_free = sum(row.free >= 0 for row in self.rows)

    def _add(self, lhs: str, op: str, rhs: str, place: tuple[str, int, int], fixed: float | None) -> None:
        free = -1 if fixed is not None else sum(row.free >= 0 for row in self.rows)
        self.rows.append(Row(lhs, op, rhs, *place, free, float("nan") if fixed is None else fixed))

    def _build(self) -> None:
        item, latent = {n: k for k, n in enumerate(self.items)}, {n: k for k, n in enumerate(self.latents)}
        marker = None if self.model.std_lv else 1.0
        for factor, indicators in self.model.factors.items():
            for k, name in enumerate(indicators):
                self._add(factor, "=~", name, ("lambda", item[name], latent[factor]), marker if k == 0 else None)
        for factor, members in self.model.higher.items():
            for k, name in enumerate(members):
                self._add(factor, "=~", name, ("beta", latent[name], latent[factor]), marker if k == 0 else None)
        for name in self.items:
            self._add(name, "~~", name, ("theta", item[name], item[name]), None)
        variance = 1.0 if self.model.std_lv else None
        for name in self.latents:
            self._add(name, "~~", name, ("psi", latent[name], latent[name]), variance)
        exogenous = list(self.model.higher or self.model.factors)
        for a, first in enumerate(exogenous):
            for second in exogenous[a + 1 :]:
                fixed = 0.0 if self.model.orthogonal else None
                self._add(first, "~~", second, ("psi", latent[second], latent[first]), fixed)

    @property
    def df(self) -> int:
        """Degrees of freedom of the covariance structure; negative when there are more parameters than moments."""
        p = len(self.items)
        return p * (p + 1) // 2 - self.n_free

    def values(self, theta: NDArray) -> NDArray:
        """Value of every row of the parameter table."""
        return np.array([theta[row.free] if row.free >= 0 else row.value for row in self.rows])

    def matrices(self, theta: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Lambda (p x m, total effects of all latent variables), latent covariance (m x m), Theta (p x p)."""
        p, m = len(self.items), len(self.latents)
        full = {"lambda": np.zeros((p, m), theta.dtype), "beta": np.zeros((m, m), theta.dtype)}
        full |= {"psi": np.zeros((m, m), theta.dtype), "theta": np.zeros((p, p), theta.dtype)}
        for row, value in zip(self.rows, self.values(theta), strict=True):
            full[row.matrix][row.i, row.j] = value
            if row.matrix == "psi":
                full["psi"][row.j, row.i] = value
        if self.model.higher:
            total = np.linalg.inv(np.eye(m) - full["beta"])
            full["psi"] = total @ full["psi"] @ total.T
        return full["lambda"], full["psi"], full["theta"]

    def implied(self, theta: NDArray) -> NDArray:
        """Model-implied covariance matrix of the items, p x p."""
        loadings, phi, residual = self.matrices(theta)
        return loadings @ phi @ loadings.T + residual
