"""One measurement model in one sample: estimated, judged admissible or not, never raising for what data can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from alliance.measurement.fit_measures import fit_measures
from alliance.measurement.models import MeasurementModel, why_not_identified
from alliance.measurement.semopy_engine import estimate_ml
from alliance.measurement.structure import FloatArray, Structure, delta_se, expected_information, ml_gradient

if TYPE_CHECKING:
    import pandas as pd

OK, INADMISSIBLE, FAILED = "ok", "inadmissible", "failed"
_BOUNDARY = 1e-6  # a share of variance, or an eigenvalue of a correlation matrix, that counts as zero
_GAIN = 1e-5  # chi-square still to be gained by a scoring step: below it the search has arrived, whatever it says


@dataclass(frozen=True)
class MeasurementFit:
    """An estimated measurement model. Arrays are empty when ``status`` is ``failed``.

    ``status``: ok; inadmissible (estimated, but the solution cannot be: reported, never ranked); failed (no estimates).
    ``reason`` says why in words, also for an ok fit about which something must be known (saturated, equivalent).
    """

    model: MeasurementModel
    n: int
    status: str
    reason: str = ""
    structure: Structure | None = None
    theta: FloatArray = field(default_factory=lambda: np.empty(0))
    vcov: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    observed: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    implied: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    means: FloatArray = field(default_factory=lambda: np.empty(0))
    measures: dict[str, float] = field(default_factory=dict)
    engine: str = ""

    @property
    def estimated(self) -> bool:
        """Whether there are estimates at all."""
        return self.status != FAILED


def fit_measurement(model: MeasurementModel, data: pd.DataFrame, minimum: int = 10) -> MeasurementFit:
    """Estimate ``model`` by normal-theory ML in the complete cases of its items (columns of ``data``).

    Standard errors are from expected information. With fewer complete cases than ``minimum``, or not more than items,
    nothing is estimated. Nothing that data can bring about raises: a constant item, too few
    cases, a model that is not identified or a search that does not end give status ``failed`` with the reason.
    """
    complete = data[model.items].dropna().astype(float)
    n, structure = len(complete), Structure(model)
    reason = why_not_identified(model) or _too_many_parameters(structure) or _unusable(complete, minimum)
    if reason:
        return MeasurementFit(model, n, FAILED, reason)
    observed = np.cov(complete.to_numpy(), rowvar=False, bias=True)
    found = estimate_ml(structure, complete)
    if not np.isfinite(found.theta).all():
        return MeasurementFit(model, n, FAILED, f"did not converge: {found.message}", engine=found.engine)
    theta = _oriented(structure, found.theta)
    implied = structure.implied(theta)
    if np.linalg.eigvalsh(implied)[0] <= 0:
        return MeasurementFit(model, n, FAILED, "implied covariances are not positive definite", engine=found.engine)
    vcov, singular = _inverse(expected_information(structure, theta, n))
    gradient = ml_gradient(structure, theta, observed, n)
    gain = np.inf if singular else gradient @ vcov @ gradient
    if not gain < _GAIN and not (singular and found.converged):
        return MeasurementFit(model, n, FAILED, f"did not converge: {found.message}", engine=found.engine)
    problems = ["not identified in these data: information matrix is singular"] if singular else []
    problems += _impossible(structure, theta)
    status = INADMISSIBLE if problems else OK
    return MeasurementFit(
        model=model,
        n=n,
        status=status,
        reason="; ".join(problems or _notes(model, structure)),
        structure=structure,
        theta=theta,
        vcov=vcov,
        observed=observed,
        implied=implied,
        means=complete.to_numpy().mean(axis=0),
        measures=fit_measures(observed, implied, n, structure.n_free),
        engine=found.engine,
    )


def _too_many_parameters(structure: Structure) -> str:
    if structure.df < 0:
        return f"more parameters than covariances: df = {structure.df}"
    return ""


def _unusable(complete: pd.DataFrame, minimum: int) -> str:
    """Why these complete cases carry no covariance matrix of full rank; empty if they do.

    Says no count: a small one would be a disclosure.
    """
    n, p = complete.shape
    if n < max(minimum, p + 1):
        return f"fewer than {max(minimum, p + 1)} complete cases for {p} items"
    constant = [item for item in complete if complete[item].nunique() < 2]
    if constant:
        return f"no variation in {', '.join(constant)}"
    smallest = np.linalg.eigvalsh(np.corrcoef(complete.to_numpy(), rowvar=False))[0]
    if smallest < 1e-10:
        return "an item is a linear combination of others: sample covariances are not positive definite"
    return ""


def _oriented(structure: Structure, theta: FloatArray) -> FloatArray:
    """Turn factors without a fixed loading so that their loadings sum to a positive number (the sign is arbitrary)."""
    if not structure.model.std_lv:
        return theta
    theta = theta.copy()
    for factor in structure.latents:
        own = [row.free for row in structure.rows if row.op == "=~" and row.lhs == factor]
        if theta[own].sum() >= 0:
            continue
        mixed = [r.free for r in structure.rows if r.op == "~~" and r.lhs != r.rhs and factor in (r.lhs, r.rhs)]
        turn = own + [k for k in mixed if k >= 0]
        theta[turn] = -theta[turn]
    return theta


def _inverse(information: FloatArray) -> tuple[FloatArray, bool]:
    """Covariance of the estimates, and whether the information matrix is singular (then all nan)."""
    scale = np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    scaled = information / np.outer(scale, scale)
    if not np.isfinite(scaled).all() or np.linalg.eigvalsh(scaled)[0] < 1e-9:
        return np.full_like(information, np.nan), True
    return np.linalg.inv(scaled) / np.outer(scale, scale), False


def _impossible(structure: Structure, theta: FloatArray) -> list[str]:
    """What no population can have: negative variances, factor correlations that no three variables could show."""
    problems = []
    share = structure.standardized(theta)
    _, phi, _ = structure.matrices(theta)
    for row, raw, standardised in zip(structure.rows, structure.values(theta), share, strict=True):
        if row.op != "~~" or row.lhs != row.rhs:
            continue
        if row.matrix == "theta" and not standardised > _BOUNDARY:
            problems.append(f"residual variance of {row.lhs} is not positive (Heywood case)")
        elif row.matrix == "psi" and not raw > 0:
            problems.append(f"variance of {row.lhs} is not positive")
    if np.diag(phi).min() > 0 and not structure.model.higher:
        sd = np.sqrt(np.diag(phi))
        if np.linalg.eigvalsh(phi / np.outer(sd, sd))[0] <= _BOUNDARY:
            problems.append("factor covariances are not positive definite")
    return problems


def _notes(model: MeasurementModel, structure: Structure) -> list[str]:
    notes = []
    if model.equivalent_to:
        notes.append(f"equivalent by construction to {model.equivalent_to}: fit cannot choose between them")
    if structure.df == 0:
        notes.append("saturated: df = 0, fit cannot be tested")
    return notes


def standard_errors(fit: MeasurementFit) -> tuple[FloatArray, FloatArray]:
    """Standard errors of every row of the parameter table: raw, and standardised (delta method)."""
    structure = fit.structure
    raw = np.array([np.sqrt(fit.vcov[r.free, r.free]) if r.free >= 0 else 0.0 for r in structure.rows])
    return raw, delta_se(structure.standardized, fit.theta, fit.vcov)
