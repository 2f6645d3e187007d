"""Cox regression with ties after Efron, Breslow or exact, strata, and cluster-robust errors from score residuals.

As R's survival (Therneau & Grambsch 2000): the sandwich sums the score residuals by cluster, without a small-sample
factor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class CoxResult:
    """Estimates, inverse information, the rows' score residuals (n × p) and the log partial likelihoods."""

    coef: np.ndarray
    inverse: np.ndarray
    scores: np.ndarray
    log_likelihood: float
    null_log_likelihood: float
    converged: bool


def fit_cox(
    time: np.ndarray, event: np.ndarray, X: np.ndarray, strata: np.ndarray | None = None, ties: str = "efron"
) -> CoxResult:
    """Fit to n rows: ``time`` to the event or censoring, ``event`` 0/1, covariates ``X`` (n × p, no intercept).

    ``ties`` efron, breslow, or exact: the conditional likelihood of who of those at risk had the tied events (Cox
    1972), for times that are truly discrete. It has no score residuals (NaN), so no robust errors.
    """
    centre, scale = X.mean(axis=0), X.std(axis=0)
    Z = (X - centre) / scale
    parts = [np.arange(len(time))] if strata is None else [np.flatnonzero(strata == s) for s in np.unique(strata)]
    kind = ExactStratum if ties == "exact" else Stratum
    layers = [kind(time[rows], event[rows], Z[rows], ties) for rows in parts]
    beta = np.zeros(X.shape[1])
    value, gradient, information = _total(layers, beta)
    null = value
    converged = False
    for _ in range(100):
        step = np.linalg.lstsq(information, gradient, rcond=None)[0]
        for _ in range(30):
            trial = _total(layers, beta + step)
            if np.isfinite(trial[0]) and trial[0] >= value - 1e-10 * (1 + abs(value)):
                break
            step = step / 2
        beta = beta + step
        value, gradient, information = trial
        if np.abs(step).max() < 1e-10 * (1 + np.abs(beta).max()):
            converged = True
            break
    scores = np.empty_like(Z)
    for rows, layer in zip(parts, layers, strict=True):
        scores[rows] = layer.score_residuals(beta)
    inverse = np.linalg.inv(information) / np.outer(scale, scale)
    return CoxResult(beta / scale, inverse, scores * scale, value, null, converged)


def _total(layers: list[Stratum], beta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    found = [layer.derivatives(beta) for layer in layers]
    return sum(f[0] for f in found), sum(f[1] for f in found), sum(f[2] for f in found)


class Stratum:
    """One stratum; the d tied events of a time are d steps, at which Efron takes off l/d of the events' own weight."""

    def __init__(self, time: np.ndarray, event: np.ndarray, X: np.ndarray, ties: str):
        self.X, self.event = X, event.astype(bool)
        moments = np.unique(time[self.event])
        self.moments = moments
        # at risk at moment k: time >= moments[k]; own: the row's events' moment
        self.until = np.searchsorted(moments, time, side="right")  # rows are at risk at moments 0 .. until - 1
        self.own = np.searchsorted(moments, time[self.event])
        self.deaths = np.bincount(self.own, minlength=len(moments))
        self.step_moment = np.repeat(np.arange(len(moments)), self.deaths)
        first = np.cumsum(self.deaths) - self.deaths
        self.share = (np.arange(len(self.step_moment)) - first[self.step_moment]) / self.deaths[self.step_moment]
        if ties == "breslow":
            self.share = np.zeros(len(self.share))
        elif ties != "efron":
            raise ValueError(f"ties must be efron or breslow, not {ties!r}")

    def _at_risk(self, values: np.ndarray) -> np.ndarray:
        """Sums over those at risk at each moment, for values (n × ...)."""
        K = len(self.moments)
        sums = np.zeros((K + 1, *values.shape[1:]))
        np.add.at(sums, self.until, values)
        return sums[::-1].cumsum(axis=0)[::-1][1:]

    def dying(self, values: np.ndarray) -> np.ndarray:
        """Sums over the events of each moment."""
        sums = np.zeros((len(self.moments), *values.shape[1:]))
        np.add.at(sums, self.own, values[self.event])
        return sums

    def _steps(self, beta: np.ndarray):
        eta = self.X @ beta
        risk = np.exp(eta - eta.max())
        k, share = self.step_moment, self.share
        S0 = self._at_risk(risk)[k] - share * self.dying(risk)[k]
        weighted = risk[:, None] * self.X
        S1 = self._at_risk(weighted)[k] - share[:, None] * self.dying(weighted)[k]
        return eta, risk, S0, S1 / S0[:, None]

    def derivatives(self, beta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log partial likelihood, gradient and information."""
        eta, risk, S0, mean = self._steps(beta)
        value = float(eta[self.event].sum() - (np.log(S0) + eta.max()).sum())
        gradient = self.X[self.event].sum(axis=0) - mean.sum(axis=0)
        # sum over steps of S2/S0: each row's outer product with the weight it has over all steps
        k, share = self.step_moment, self.share
        per_moment = np.bincount(k, 1 / S0, minlength=len(self.moments))
        taken = np.bincount(k, share / S0, minlength=len(self.moments))
        weight = risk * np.concatenate([[0.0], per_moment.cumsum()])[self.until]
        weight[self.event] -= risk[self.event] * taken[self.own]
        information = self.X.T @ (weight[:, None] * self.X) - mean.T @ mean
        return value, gradient, information

    def step_moments(self, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean (steps × p) and covariance (steps × p × p) of the covariates of those at risk at each step."""
        _, risk, S0, mean = self._steps(beta)
        k, share = self.step_moment, self.share
        outer = risk[:, None, None] * self.X[:, :, None] * self.X[:, None, :]
        S2 = self._at_risk(outer)[k] - share[:, None, None] * self.dying(outer)[k]
        return mean, S2 / S0[:, None, None] - mean[:, :, None] * mean[:, None, :]

    def score_residuals(self, beta: np.ndarray) -> np.ndarray:
        """Each row's part of the score (n × p); they sum to the gradient."""
        _, risk, S0, mean = self._steps(beta)
        K, p, k = len(self.moments), self.X.shape[1], self.step_moment

        def per_moment(values: np.ndarray) -> np.ndarray:
            sums = np.zeros((K, *values.shape[1:]))
            np.add.at(sums, k, values)
            return sums

        hazard, hazard_mean = per_moment(1 / S0), per_moment(mean / S0[:, None])
        taken, taken_mean = per_moment(self.share / S0), per_moment((self.share / S0)[:, None] * mean)
        cumulative = np.concatenate([[0.0], hazard.cumsum()])[self.until]
        cumulative_mean = np.vstack([np.zeros(p), hazard_mean.cumsum(axis=0)])[self.until]
        cumulative[self.event] -= taken[self.own]
        cumulative_mean[self.event] -= taken_mean[self.own]
        residual = -risk[:, None] * (self.X * cumulative[:, None] - cumulative_mean)
        residual[self.event] += self.X[self.event] - (per_moment(mean) / self.deaths[:, None])[self.own]
        return residual


class ExactStratum(Stratum):
    """One stratum with the exact likelihood of tied events."""

    def __init__(self, time: np.ndarray, event: np.ndarray, X: np.ndarray, ties: str):
        super().__init__(time, event, X, "breslow")

    def derivatives(self, beta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log conditional likelihood, gradient and information."""
        p = self.X.shape[1]
        eta = self.X @ beta
        top = eta.max()
        risk = np.exp(eta - top)
        value, gradient = float((eta - top)[self.event].sum()), self.X[self.event].sum(axis=0)
        information = np.zeros((p, p))
        for k, d in enumerate(self.deaths):
            inside = self.until > k
            e, e1, e2 = _subset_sums(risk[inside], self.X[inside], int(d))
            mean = e1 / e
            value -= float(np.log(e))
            gradient = gradient - mean
            information += e2 / e - np.outer(mean, mean)
        return value, gradient, information

    def score_residuals(self, beta: np.ndarray) -> np.ndarray:
        """There are none: the likelihood does not fall into rows."""
        return np.full_like(self.X, np.nan)


def _subset_sums(risk: np.ndarray, X: np.ndarray, d: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Sum over all subsets of d rows of the product of their risks, with first and second derivatives by beta.

    The recursion over rows of Gail, Lubin & Rubinstein (1981, Biometrika 68:703) for all sizes up to d at once.
    """
    p = X.shape[1]
    e, e1, e2 = np.zeros(d + 1), np.zeros((d + 1, p)), np.zeros((d + 1, p, p))
    e[0] = 1.0
    for r, x in zip(risk, X, strict=True):
        cross = e1[:-1, :, None] * x + x[:, None] * e1[:-1, None, :]
        e2[1:] += r * (e2[:-1] + cross + e[:-1, None, None] * np.outer(x, x))
        e1[1:] += r * (e1[:-1] + e[:-1, None] * x)
        e[1:] += r * e[:-1]
    return float(e[d]), e1[d], e2[d]
