"""The fitted model.

Attributes that other modules build on (stable):

    table          ParameterTable, with the moments of fixed covariates filled in
    theta          (n_par,) estimates of the free parameters
    estimator      name the estimates go by ("ML", "MLR", "WLSMV" ...); options: everything that follows from it
    n_groups, group_labels, n_total, n_obs (list per group)
    observed       list per group: CompleteMoments, MissingMoments or OrdinalMoments
    structure      NormalStructure or OrdinalStructure: groups (GroupModel / CategoricalGroup) with their moments
    model          list per group of GroupModel (matrices A, S, m; ``lisrel(theta)`` gives lambda, psi, theta ...)
    implied(theta=None)  list per group: (mu, Sigma), or the vector of implied ordinal statistics
    implied_matrices(theta=None)  list per group: (mu, Sigma) of the observed or latent responses
    delta(theta=None)    list per group: Jacobian of the stacked moments (mu if modelled, vech Sigma; ordinal stats)
    constraint_jacobian  (k, n_par) Jacobian of the ``==`` constraints at the estimates
    vcov           (n_par, n_par) covariance of theta (None when the information is singular)
    inference      information per case, its inverse, per-group outer products of scores
    row_values(theta=None)  one value per row of the table
    converged, warnings, optimum
    parameters     DataFrame; fit_measures: dict; standardized(): DataFrame with standard errors
    compare(restricted), scores(...), modification_indices(), residuals()
    call           the arguments of ``fit_sem``, without the data
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from . import admissibility
from .inference import Inference, infer
from .measures import measures
from .standardized import standard_errors, standardize

if TYPE_CHECKING:
    import pandas as pd

    from .estimation import Optimum
    from .options import Options
    from .structure import NormalStructure, OrdinalStructure
    from .table import ParameterTable


@dataclass
class Fit:
    """A fitted model; see the head of this module for its attributes."""

    table: ParameterTable
    structure: NormalStructure | OrdinalStructure
    options: Options
    optimum: Optimum
    group_labels: list[Any]
    cov_x: list[np.ndarray]
    data_warnings: list[str] = field(default_factory=list)
    call: dict[str, Any] = field(default_factory=dict)
    levels: dict[str, np.ndarray] = field(default_factory=dict)  # answer codes of ordered variables

    @property
    def theta(self) -> np.ndarray:
        """Estimates of the free parameters."""
        return self.optimum.theta

    @property
    def converged(self) -> bool:
        """Whether the search ended at a stationary point."""
        return self.optimum.converged

    @property
    def estimator(self) -> str:
        """The name the estimates go by."""
        return self.options.estimator

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.structure.groups)

    @property
    def n_total(self) -> float:
        """Cases (sum of the weights)."""
        return self.structure.n

    @property
    def n_obs(self) -> list[float]:
        """Cases of each group."""
        return [m.n for m in self.structure.moments]

    @property
    def observed(self) -> list:
        """Observed moments of each group."""
        return list(self.structure.moments)

    @property
    def model(self) -> list:
        """GroupModel of each group."""
        return [g.linear if self.structure.ordinal else g for g in self.structure.groups]

    def implied(self, theta: np.ndarray | None = None) -> list:
        """Implied moments of each group: (mu, Sigma), or the ordinal statistics."""
        return self.structure.implied(self.theta if theta is None else theta)

    def implied_matrices(self, theta: np.ndarray | None = None) -> list[tuple[np.ndarray, np.ndarray]]:
        """(mu, Sigma) of each group; for ordered variables those of the latent responses."""
        theta = self.theta if theta is None else theta
        if not self.structure.ordinal:
            return self.structure.implied(theta)
        states = [group.state(theta)[0] for group in self.structure.groups]
        return [(at.mu, at.sigma) for at in states]

    def delta(self, theta: np.ndarray | None = None) -> list[np.ndarray]:
        """Jacobian of the stacked moments of each group."""
        return self.structure.delta(self.theta if theta is None else theta)

    @cached_property
    def constraint_jacobian(self) -> np.ndarray:
        """(k, n_par) Jacobian of the == constraints at the estimates."""
        if not self.table.constraints:
            return np.empty((0, self.table.n_par))
        return self.table.constraint_values(self.theta)[1]

    @cached_property
    def inference(self) -> Inference:
        """Covariance of the estimates and what it was made of."""
        return infer(self.structure, self.options, self.theta, self.constraint_jacobian)

    @property
    def vcov(self) -> np.ndarray | None:
        """(n_par, n_par) covariance matrix of the estimates."""
        return self.inference.vcov

    @cached_property
    def df(self) -> int:
        """Degrees of freedom: moments minus free parameters plus independent constraints."""
        rank = np.linalg.matrix_rank(self.constraint_jacobian) if len(self.constraint_jacobian) else 0
        return self.n_moments - self.table.n_par + int(rank)

    @property
    def n_free(self) -> int:
        """Free parameters less independent constraints."""
        return self.n_moments - self.df

    @cached_property
    def n_moments(self) -> int:
        """Number of distinct sample moments that are modelled."""
        if self.structure.ordinal:
            return sum(len(m.stats) for m in self.structure.moments)
        return sum(int(self.structure.free_moments(g).sum()) for g in range(self.n_groups))

    def row_values(self, theta: np.ndarray | None = None) -> np.ndarray:
        """One value per row of the table; residual variances or scaling factors that follow from others included."""
        theta = self.theta if theta is None else theta
        values = self.table.values(theta)
        if not self.structure.ordinal:
            return values
        ordered = set(self.table.ov_ordered)
        wanted = "~~" if self.table.parameterization == "delta" else "~*~"
        follow = []
        for group in self.structure.groups:
            at, scale, _ = group.state(theta)
            numbers = np.diag(at.s)[: group.linear.p] if wanted == "~~" else scale
            follow.append(dict(zip(group.linear.observed, numbers, strict=True)))
        for k, (lhs, op, rhs, g) in enumerate(
            zip(self.table.lhs, self.table.op, self.table.rhs, self.table.group, strict=True)
        ):
            if op == wanted and lhs == rhs and lhs in ordered:
                values[k] = follow[g - 1][lhs]
        return values

    def row_errors(self) -> np.ndarray:
        """Standard error of each row; 0 where fixed, nan when they could not be computed."""
        out = np.zeros(len(self.table.lhs))
        free = self.table.free > 0
        if self.vcov is None:
            out[free] = np.nan
            return out
        out[free] = np.sqrt(np.maximum(np.diag(self.vcov), 0.0))[self.table.free[free] - 1]
        if self.table.defined:
            gradient = self.table.defined_values(self.theta)[1]
            variance = np.einsum("ij,jk,ik->i", gradient, self.vcov, gradient)
            out[np.array(self.table.op) == ":="] = np.sqrt(np.maximum(variance, 0.0))
        return out

    def _row_names(self) -> dict[str, Any]:
        """lhs, op, rhs and group as lavaan prints them; with several groups := belongs to none (0)."""
        group = np.where(self.table.group == 0, 1, self.table.group) if self.n_groups == 1 else self.table.group
        rhs = [r.replace(" ", "") if op == ":=" else r for r, op in zip(self.table.rhs, self.table.op, strict=True)]
        return {"lhs": self.table.lhs, "op": self.table.op, "rhs": rhs, "group": group}

    @cached_property
    def parameters(self) -> pd.DataFrame:
        """One row per parameter: lhs op rhs group label est se z pvalue ci_lower ci_upper std_lv std_all."""
        import pandas as pd
        from scipy.special import ndtr, ndtri

        est, se = self.row_values(), self.row_errors()
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(se > 0, est / se, np.nan)
        half = ndtri(0.975) * se
        std_lv, std_all = standardize(self, self.theta)
        return pd.DataFrame(
            {
                **self._row_names(),
                "label": ["" if label.startswith(".p") else label for label in self.table.label],
                "est": est, "se": se, "z": z, "pvalue": 2 * ndtr(-np.abs(z)),
                "ci_lower": est - half, "ci_upper": est + half, "std_lv": std_lv, "std_all": std_all,
            }
        )  # fmt: skip

    def standardized(self, which: str = "std_all") -> pd.DataFrame:
        """Standardised solution with delta-method standard errors: lhs op rhs group est_std se z pvalue ci_*.

        ``which``: "std_all" (all variables) or "std_lv" (latent variables only).
        """
        import pandas as pd
        from scipy.special import ndtr, ndtri

        est = standardize(self, self.theta)[0 if which == "std_lv" else 1]
        se = standard_errors(self, which)
        se[se < 1e-8] = 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(se > 0, est / se, np.nan)
        half = ndtri(0.975) * se
        return pd.DataFrame(
            {
                **self._row_names(),
                "est_std": est, "se": se, "z": z, "pvalue": 2 * ndtr(-np.abs(z)),
                "ci_lower": est - half, "ci_upper": est + half,
            }
        )  # fmt: skip

    @cached_property
    def fit_measures(self) -> dict[str, float]:
        """Fit measures under lavaan's names with underscores; nan where not defined."""
        return measures(self)

    @cached_property
    def warnings(self) -> list[str]:
        """What a reader must know before using the estimates; empty when nothing is wrong."""
        return [*self.data_warnings, *admissibility.problems(self)]

    def compare(self, restricted: Fit) -> dict[str, float]:
        """Chi-square difference test against a more restricted fit; see ``difference.compare``."""
        from .difference import compare

        return compare(self, restricted)

    def scores(self, method: str = "regression", **options: Any) -> pd.DataFrame:
        """Factor scores; see ``scores.factor_scores``."""
        from .scores import factor_scores

        return factor_scores(self, method=method, **options)

    def modification_indices(self, **options: Any) -> pd.DataFrame:
        """Score tests of the fixed parameters; see ``modification.modification_indices``."""
        from .modification import modification_indices

        return modification_indices(self, **options)

    def residuals(self) -> list[np.ndarray]:
        """Observed minus implied correlations of each group (p x p)."""
        out = []
        for observed, (_, sigma) in zip(self.observed, self.implied_matrices(), strict=True):
            sample = observed.cov
            sd, sd_implied = np.sqrt(np.diag(sample)), np.sqrt(np.diag(sigma))
            out.append(sample / np.outer(sd, sd) - sigma / np.outer(sd_implied, sd_implied))
        return out
