"""Logit with several or vector-valued random effects (crossed, nested, random slopes) by Laplace's approximation.

With spherical effects u (q), linear predictor Xb + ZΛu and penalised curvature D = I + Λ'Z'WZΛ at the mode, the
log-likelihood is that of the rows at the mode - u'u/2 - log|D|/2 (Bates et al. 2015, J. Stat. Softw. 67, and lme4's
glmer). The gradient includes the movement of the mode. Matrices are dense over all levels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, log_expit

MAX_EFFECTS = 6000


class GeneralRandomEffects:
    """Parameters: coefficients of ``X`` (p), then the lower triangle of each term's factor, column by column."""

    def __init__(
        self,
        y: np.ndarray,
        X: np.ndarray,
        groups: Sequence[np.ndarray],
        designs: Sequence[np.ndarray],
        weights: np.ndarray,
    ):
        self.y, self.X, self.w = y, X, weights
        self.groups, self.designs = list(groups), list(designs)
        self.sizes = [Z.shape[1] for Z in designs]
        self.levels = [int(g.max()) + 1 for g in groups]
        self.offsets = np.cumsum([0, *[r * g for r, g in zip(self.sizes, self.levels, strict=True)]])
        self.q = int(self.offsets[-1])
        if self.q > MAX_EFFECTS:
            raise ValueError(f"{self.q} random effects: more than {MAX_EFFECTS} need a single random intercept")
        self.u = np.zeros(self.q)
        # place of each row's effects in u: n × (all random columns of all terms)
        self.places = np.hstack(
            [o + g[:, None] * r + np.arange(r) for o, g, r in zip(self.offsets, self.groups, self.sizes, strict=False)]
        )
        self.entries = [self._tril(r) for r in self.sizes]

    def start(self) -> np.ndarray:
        """Factors of half the identity."""
        return np.concatenate([np.where(rows == columns, 0.5, 0.0) for rows, columns in self.entries])

    @staticmethod
    def _tril(r: int) -> tuple[np.ndarray, np.ndarray]:
        rows, columns = np.tril_indices(r)
        order = np.lexsort((rows, columns))
        return rows[order], columns[order]

    def _row_design(self, theta: np.ndarray) -> np.ndarray:
        """ZΛ of each row, restricted to its own effects: n × (sum of sizes)."""
        parts, at = [], 0
        for Z, (rows, columns) in zip(self.designs, self.entries, strict=True):
            factor = np.zeros((Z.shape[1], Z.shape[1]))
            factor[rows, columns] = theta[at : at + len(rows)]
            at += len(rows)
            parts.append(Z @ factor)
        return np.hstack(parts)

    def _scatter(self, A: np.ndarray, row: np.ndarray) -> np.ndarray:
        """(ZΛ)' row: q."""
        values = (A * row[:, None]).ravel()
        return np.bincount(self.places.ravel(), values, minlength=self.q)

    def _gram(self, A: np.ndarray, row: np.ndarray, B: np.ndarray | None = None) -> np.ndarray:
        """(ZΛ)' diag(row) (second design): q × q dense."""
        B = A if B is None else B
        c = A.shape[1]
        flat = (self.places[:, :, None] * self.q + self.places[:, None, :]).reshape(len(A), c * c)
        values = (A[:, :, None] * B[:, None, :] * row[:, None, None]).reshape(len(A), c * c)
        return np.bincount(flat.ravel(), values.ravel(), minlength=self.q**2).reshape(self.q, self.q)

    def _mode(self, eta: np.ndarray, A: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mode u, the rows' means there, and the Cholesky factor of D."""
        u = self.u
        value = -np.inf
        for _ in range(200):
            at = eta + (A * u[self.places]).sum(axis=1)
            mean = expit(at)
            gradient = self._scatter(A, self.w * (self.y - mean)) - u
            D = self._gram(A, self.w * mean * (1 - mean))
            D[np.diag_indices(self.q)] += 1.0
            step = np.linalg.solve(D, gradient)
            if value == -np.inf:
                value = self._height(at, u)
            for _ in range(30):
                trial = u + step
                new = self._height(eta + (A * trial[self.places]).sum(axis=1), trial)
                if new >= value - 1e-10 * (1 + abs(value)):
                    break
                step = step / 2
            u, value = trial, new
            if np.abs(step).max() < 1e-11:
                break
        mean = expit(eta + (A * u[self.places]).sum(axis=1))
        self.u = u
        return u, mean, self._curvature(A, mean)

    def _height(self, at: np.ndarray, u: np.ndarray) -> float:
        return float((self.w * (log_expit(at) - (1 - self.y) * at)).sum() - 0.5 * u @ u)

    def _curvature(self, A: np.ndarray, mean: np.ndarray) -> np.ndarray:
        D = self._gram(A, self.w * mean * (1 - mean))
        D[np.diag_indices(self.q)] += 1.0
        return D

    def evaluate(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        """Log-likelihood and gradient at (coefficients, factors)."""
        p = self.X.shape[1]
        beta, theta = parameters[:p], parameters[p:]
        eta = self.X @ beta
        A = self._row_design(theta)
        u, mean, D = self._mode(eta, A)
        at = eta + (A * u[self.places]).sum(axis=1)
        value = self._height(at, u) - 0.5 * float(np.linalg.slogdet(D)[1])
        inverse = np.linalg.inv(D)
        W = self.w * mean * (1 - mean)
        W3 = W * (1 - 2 * mean)
        residual = self.w * (self.y - mean)
        own = inverse[self.places[:, :, None], self.places[:, None, :]]
        leverage = np.einsum("ni,nij,nj->n", A, own, A)
        # -1/2 dlog|D| through the means: row weight; through the mode: one solve for all parameters
        by_row = -0.5 * W3 * leverage
        pull = inverse @ self._scatter(A, by_row)
        # the mode moves by D^-1 d(score)/d(parameter); beta: score changes by -A'W x
        row = residual + by_row - W * (A * pull[self.places]).sum(axis=1)
        gradient_beta = self.X.T @ row
        gradient_theta = []
        column = 0
        for Z, (rows, columns) in zip(self.designs, self.entries, strict=True):
            for i, j in zip(rows, columns, strict=True):
                place = self.places[:, column + j]
                moved = Z[:, i] * u[place]  # d(linear predictor) at the fixed effect
                # score of u_j gains Z_i'(residual), its Hessian moves the rest
                change = np.bincount(place, Z[:, i] * residual, minlength=self.q) - self._scatter(A, W * moved)
                direct = -(W * Z[:, i] * (own[:, column + j, :] * A).sum(axis=1)).sum()
                gradient_theta.append(float(residual @ moved + by_row @ moved + direct + pull @ change))
            column += Z.shape[1]
        return value, np.concatenate([gradient_beta, gradient_theta])

    def modes(self, parameters: np.ndarray) -> list[np.ndarray]:
        """Predicted effects of each term (levels × columns) on the scale of the linear predictor."""
        p = self.X.shape[1]
        self.evaluate(parameters)
        found, at = [], p
        for k, (rows, columns) in enumerate(self.entries):
            factor = np.zeros((self.sizes[k], self.sizes[k]))
            factor[rows, columns] = parameters[at : at + len(rows)]
            at += len(rows)
            block = self.u[self.offsets[k] : self.offsets[k + 1]].reshape(self.levels[k], self.sizes[k])
            found.append(block @ factor.T)
        return found
