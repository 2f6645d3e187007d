"""From a parameter vector to implied moments and their derivatives, one group at a time.

The model is kept in reticular-action form (McArdle & McDonald 1984): variables v = (observed, latent) with
``v = m + A v + B x + e``, ``Cov(e) = S``. With G = (I - A)^-1 and F the rows of the observed variables,

    mu = F G m,      Sigma = F G S G' F',      Pi = F G B  (regressions on fixed covariates x)

which is LISREL's all-y model (Lambda, Beta, Psi, Theta, nu, alpha are blocks of A, S, m). In this form the
derivative of Sigma with respect to every free cell is of rank two, ``u v' + v u'``, so the Jacobian, the expected
information and the second derivatives are products of a few small matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .vech import vech_index

if TYPE_CHECKING:
    from .table import ParameterTable


class Cells(NamedTuple):
    """Free cells of one matrix: row, column and parameter number (from 0) of each."""

    row: np.ndarray
    col: np.ndarray
    par: np.ndarray


def _cells(entries: list[tuple[int, int, int]]) -> Cells:
    array = np.asarray(entries, dtype=np.intp).reshape(-1, 3)
    return Cells(array[:, 0], array[:, 1], array[:, 2])


class Implied(NamedTuple):
    """Moments of one group at one parameter vector, with the pieces that derivatives reuse."""

    mu: np.ndarray  # p
    sigma: np.ndarray  # p x p
    slopes: np.ndarray  # p x q, regressions on x (q = 0 unless conditional)
    g: np.ndarray  # nv x nv, (I - A)^-1
    fg: np.ndarray  # p x nv, its observed rows
    s: np.ndarray  # nv x nv
    e: np.ndarray  # p x nv, F G S G'
    means: np.ndarray  # nv, G m
    gb: np.ndarray  # nv x q, G B


@dataclass
class GroupModel:
    """Matrices of one group: constants, free cells, names. ``observed`` come first among ``variables``."""

    observed: list[str]
    latent: list[str]
    exo: list[str]
    n_par: int
    meanstructure: bool
    a: np.ndarray
    s: np.ndarray
    m: np.ndarray
    b: np.ndarray
    a_cells: Cells
    s_cells: Cells
    m_cells: Cells
    b_cells: Cells

    def __post_init__(self) -> None:
        self.p = len(self.observed)
        self.identity = np.eye(self.a.shape[0])
        self.s_half = np.where(self.s_cells.row == self.s_cells.col, 0.5, 1.0)
        self.par = np.concatenate([self.a_cells.par, self.s_cells.par])
        self.spread = np.zeros((self.par.size, self.n_par))
        self.spread[np.arange(self.par.size), self.par] = 1.0
        self.depth = self._longest_path()
        self.mean_par = np.concatenate([self.a_cells.par, self.m_cells.par])
        self.mean_spread = np.zeros((self.mean_par.size, self.n_par))
        self.mean_spread[np.arange(self.mean_par.size), self.mean_par] = 1.0

    def _longest_path(self) -> int | None:
        """Arrows on the longest directed path, None when arrows form a cycle or the path is long."""
        reach = self.a != 0
        reach[self.a_cells.row, self.a_cells.col] = True
        power = reach
        for depth in range(4):
            if not power.any():
                return depth
            power = (power.astype(np.int64) @ reach) > 0
        return None

    def _total_effects(self, a: np.ndarray) -> np.ndarray:
        """(I - A)^-1; without cycles it is the finite sum I + A + A^2 ... which is quicker for short paths."""
        if self.depth is None:
            return np.linalg.inv(self.identity - a)
        total = self.identity
        for _ in range(self.depth):
            total = self.identity + a @ total
        return total

    def matrices(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """A, S, m, B with the free cells filled in."""
        a, s, m, b = self.a.copy(), self.s.copy(), self.m.copy(), self.b.copy()
        a[self.a_cells.row, self.a_cells.col] = theta[self.a_cells.par]
        s[self.s_cells.row, self.s_cells.col] = theta[self.s_cells.par]
        s[self.s_cells.col, self.s_cells.row] = theta[self.s_cells.par]
        m[self.m_cells.row] = theta[self.m_cells.par]
        b[self.b_cells.row, self.b_cells.col] = theta[self.b_cells.par]
        return a, s, m, b

    def implied(self, theta: np.ndarray, s: np.ndarray | None = None) -> Implied:
        """Moments at ``theta``; ``s`` replaces the residual covariances (delta parameterization)."""
        a, s_theta, m, b = self.matrices(theta)
        s = s_theta if s is None else s
        g = self._total_effects(a)
        fg = g[: self.p]
        e = fg @ s @ g.T
        means, gb = g @ m, g @ b
        sigma = e[:, : self.p]
        return Implied(means[: self.p], (sigma + sigma.T) / 2, gb[: self.p], g, fg, s, e, means, gb)

    def factors(self, at: Implied) -> tuple[np.ndarray, np.ndarray]:
        """U, V (p x K): dSigma of cell k is U_k V_k' + V_k U_k'. Cells: those of A, then those of S."""
        u = np.concatenate([at.fg[:, self.a_cells.row], at.fg[:, self.s_cells.row]], axis=1)
        v = np.concatenate([at.e[:, self.a_cells.col], at.fg[:, self.s_cells.col] * self.s_half], axis=1)
        return u, v

    def d_sigma(self, at: Implied) -> np.ndarray:
        """Jacobian of vech(Sigma), p(p+1)/2 x n_par."""
        u, v = self.factors(at)
        rows, cols = vech_index(self.p)
        return (u[rows] * v[cols] + v[rows] * u[cols]) @ self.spread

    def d_mu(self, at: Implied) -> np.ndarray:
        """Jacobian of mu, p x n_par."""
        cells = np.concatenate(
            [at.fg[:, self.a_cells.row] * at.means[self.a_cells.col], at.fg[:, self.m_cells.row]], axis=1
        )
        return cells @ self.mean_spread

    def d_slopes(self, at: Implied) -> np.ndarray:
        """Jacobian of vec(Pi), column by column: (q p) x n_par."""
        q = self.b.shape[1]
        out = np.zeros((q, self.p, self.n_par))
        for x in range(q):
            cells = at.fg[:, self.a_cells.row] * at.gb[self.a_cells.col, x]
            np.add.at(out[x].T, self.a_cells.par, cells.T)
        np.add.at(out.transpose(0, 2, 1), (self.b_cells.col, self.b_cells.par), at.fg[:, self.b_cells.row].T)
        return out.reshape(q * self.p, self.n_par)

    def curvature(self, at: Implied, w_sigma: np.ndarray, w_mu: np.ndarray) -> np.ndarray:
        """Second derivatives of tr(W Sigma) + w'mu with W (symmetric, p x p) and w (p) held constant: n_par x n_par."""
        g, means = at.g, at.means
        full = g @ at.s @ g.T
        q = at.fg.T @ w_sigma @ at.fg
        r = at.fg.T @ w_sigma @ at.e
        z = at.fg.T @ w_mu
        row, col = self.a_cells.row, self.a_cells.col
        out = np.zeros((self.n_par, self.n_par))
        if row.size:
            # A x A; G_{col l, row k} links the head of one arrow to the tail of the other
            link = g[col[:, None], row]  # link[l, k] = G[col_l, row_k]
            half = link * (2 * r[row[:, None], col] + z[row][:, None] * means[col])
            block = half + half.T + 2 * q[row[:, None], row] * full[col[:, None], col]
            to_a, to_s = self.spread[: row.size], self.spread[row.size :]
            out = to_a.T @ block @ to_a
            if self.s_cells.par.size:
                i, j = self.s_cells.row, self.s_cells.col
                cross = q[row[:, None], i] * g[col[:, None], j] + q[row[:, None], j] * g[col[:, None], i]
                mixed = to_a.T @ (2 * cross * self.s_half) @ to_s
                out += mixed + mixed.T
            if self.m_cells.par.size:
                cross = z[row][:, None] * g[col[:, None], self.m_cells.row]
                mixed = to_a.T @ cross @ self.mean_spread[row.size :]
                out += mixed + mixed.T
        return out

    def lisrel(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        """The all-y blocks: lambda, beta, psi, theta, nu, alpha, and observed-on-observed paths ``beta_y``."""
        a, s, m, _ = self.matrices(theta)
        y, eta = slice(0, self.p), slice(self.p, None)
        return {
            "lambda": a[y, eta],
            "beta": a[eta, eta],
            "beta_y": a[y, y],
            "psi": s[eta, eta],
            "theta": s[y, y],
            "nu": m[y],
            "alpha": m[eta],
        }


def build_group(table: ParameterTable, group: int, conditional: bool = False) -> GroupModel:
    """Matrices of group ``group`` (from 1). Fixed values are read from ``table.fixed`` (exogenous moments filled in).

    ``conditional``: exogenous covariates are conditioned on, so they are columns of B, not observed variables.
    """
    exo = list(table.ov_x) if conditional else []
    observed = [name for name in table.ov_names if name not in exo]
    latent = list(table.lv_names)
    place = {name: k for k, name in enumerate([*observed, *latent])}
    at_x = {name: k for k, name in enumerate(exo)}
    nv = len(place)
    a, s, m, b = np.zeros((nv, nv)), np.zeros((nv, nv)), np.zeros(nv), np.zeros((nv, len(exo)))
    free: dict[str, list[tuple[int, int, int]]] = {"a": [], "s": [], "m": [], "b": []}
    meanstructure = False
    for lhs, op, rhs, where, number, value in zip(
        table.lhs, table.op, table.rhs, table.group, table.free, table.fixed, strict=True
    ):
        if where != group or op in ("|", "~*~") or (lhs in at_x and op in ("~~", "~1")):
            continue
        if op == "=~":
            matrix, cell = a, ("a", place[rhs], place[lhs])
        elif op == "~" and rhs in at_x:
            matrix, cell = b, ("b", place[lhs], at_x[rhs])
        elif op == "~":
            matrix, cell = a, ("a", place[lhs], place[rhs])
        elif op == "~~":
            matrix, cell = s, ("s", place[lhs], place[rhs])
        elif op == "~1":
            meanstructure = True
            matrix, cell = m, ("m", place[lhs], 0)
        else:
            continue
        name, row, col = cell
        if number:
            free[name].append((row, col, number - 1))
        elif name == "m":
            matrix[row] = value
        else:
            matrix[row, col] = value
            if name == "s":
                matrix[col, row] = value
    return GroupModel(
        observed, latent, exo, int(np.max(table.free, initial=0)), meanstructure, a, s, m, b,
        _cells(free["a"]), _cells(free["s"]), _cells(free["m"]), _cells(free["b"]),
    )  # fmt: skip
