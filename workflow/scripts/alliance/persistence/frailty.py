"""Cox regression with a gamma frailty: the members of a group share a multiplier of their hazard, mean 1.

As R's survival fits it (Therneau, Grambsch & Pankratz 2003, J Comput Graph Stat 12:156): at a given variance of the
multipliers a penalised partial likelihood has the maximum of the EM algorithm (Klein 1992, Biometrics 48:795); the
variance has the largest marginal likelihood. The search follows its derivative to the end, where survival stops early.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from alliance.persistence.cox import Stratum, fit_cox

GRID = (1e-4, 1e-2, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # variances at which the search looks first


@dataclass(frozen=True)
class FrailtyResult:
    """Estimates at the variance of the multipliers.

    ``inverse`` (p × p): the coefficients' part of the inverse penalised information of coefficients and multipliers,
    given the variance; ``information``: the whole of it (p + G); ``multipliers``: one per group; ``log_likelihood``:
    marginal, with the multipliers integrated out, on the scale of the partial likelihood, to which it tends as the
    variance goes to zero (``null``).
    """

    coef: np.ndarray
    inverse: np.ndarray
    information: np.ndarray
    variance: float
    multipliers: np.ndarray
    log_likelihood: float
    null: float
    converged: bool


@dataclass(frozen=True)
class _Fixed:
    """The maximum at one variance: parameters (p + groups), their information, marginal likelihood, its derivative."""

    parameters: np.ndarray
    information: np.ndarray
    value: float
    slope: float
    converged: bool


def fit_frailty(
    time: np.ndarray, event: np.ndarray, X: np.ndarray, groups: np.ndarray, strata: np.ndarray | None = None,
    ties: str = "efron", variance: float | None = None,
) -> FrailtyResult:  # fmt: skip
    """Fit to n rows; ``groups`` (n) codes from 0 to G - 1, other arguments as :func:`alliance.persistence.cox.fit_cox`.

    ``variance`` keeps the variance of the multipliers at a value above 0. Where the data want none (the marginal
    likelihood falls from the smallest variance on) the result is the Cox model with variance 0. Needs memory for
    (moments with events + p + G) × (p + G) numbers. Raises ValueError for ties that are neither efron nor breslow.
    """
    if ties not in ("efron", "breslow"):
        raise ValueError(f"with a frailty ties must be efron or breslow, not {ties!r}")
    plain = fit_cox(time, event, X, strata, ties)
    centre, scale = X.mean(axis=0), X.std(axis=0)
    Z, p = (X - centre) / scale, X.shape[1]
    parts = [np.arange(len(time))] if strata is None else [np.flatnonzero(strata == s) for s in np.unique(strata)]
    layers = [_GroupedStratum(time[r], event[r], Z[r], groups[r], int(groups.max()) + 1, ties) for r in parts]
    start = np.concatenate([plain.coef * scale, np.zeros(int(groups.max()) + 1)])
    if variance is not None:
        best = _maximise(layers, start, variance, p)
    else:
        variance, best = _search(layers, start, p)
    if best is None:
        return FrailtyResult(plain.coef, plain.inverse, np.linalg.inv(plain.inverse), 0.0, np.ones(len(start) - p),
                             plain.log_likelihood, plain.log_likelihood, plain.converged)  # fmt: skip
    units = np.concatenate([scale, np.ones(len(start) - p)])
    information = best.information * np.outer(units, units)
    return FrailtyResult(
        best.parameters[:p] / scale, np.linalg.inv(information)[:p, :p], information, variance,
        np.exp(best.parameters[p:]), best.value, plain.log_likelihood, best.converged and plain.converged,
    )  # fmt: skip


def _search(layers: list[_GroupedStratum], start: np.ndarray, p: int) -> tuple[float, _Fixed | None]:
    """The variance of the largest marginal likelihood and the maximum there; (0, None) where it is zero."""
    from scipy.optimize import brentq

    tried: list[_Fixed] = []
    for variance in GRID:
        tried.append(_maximise(layers, tried[-1].parameters if tried else start, variance, p))
        if len(tried) > 2 and max(t.value for t in tried) > max(t.value for t in tried[-2:]) + 5:
            break  # far behind the best: larger variances are worse still
    top = int(np.argmax([t.value for t in tried]))
    if tried[top].slope < 0:
        if top == 0:
            return 0.0, None
        low, high = top - 1, top
    else:
        low, high = top, top + 1
    if high == len(tried) or tried[low].slope * tried[high].slope > 0:  # rises to the end, or has several tops
        return GRID[top], replace(tried[top], converged=False)
    near = tried[top].parameters
    found = brentq(lambda log: _maximise(layers, near, np.exp(log), p).slope, *np.log([GRID[low], GRID[high]]),
                   xtol=1e-11, rtol=1e-11)  # fmt: skip
    return float(np.exp(found)), _maximise(layers, near, float(np.exp(found)), p)


def _maximise(layers: list[_GroupedStratum], start: np.ndarray, variance: float, p: int) -> _Fixed:
    """Newton's steps on the penalised partial likelihood of coefficients and logs of multipliers."""
    from scipy.special import digamma

    nu = 1 / variance
    deaths = sum(layer.group_deaths for layer in layers)

    def penalised(parameters: np.ndarray):
        found = [layer.derivatives(parameters[:p], parameters[p:]) for layer in layers]
        value, gradient, information = (sum(f[i] for f in found) for i in range(3))
        logs = parameters[p:]
        gradient[p:] += nu * (1 - np.exp(logs))
        information[np.arange(p, len(parameters)), np.arange(p, len(parameters))] += nu * np.exp(logs)
        return value, value + nu * float((logs - np.exp(logs)).sum()), gradient, information

    parameters = start
    partial, target, gradient, information = penalised(parameters)
    converged = False
    for _ in range(100):
        step = np.linalg.solve(information, gradient)
        for _ in range(30):
            trial = penalised(parameters + step)
            if np.isfinite(trial[1]) and trial[1] >= target - 1e-10 * (1 + abs(target)):
                break
            step = step / 2
        parameters = parameters + step
        partial, target, gradient, information = trial
        if np.abs(step).max() < 1e-10 * (1 + np.abs(parameters).max()):
            converged = True
            break
    logs = parameters[p:]
    # marginal likelihood: log Gamma(nu + d) / Gamma(nu) as a sum over the deaths of a group
    k = np.arange(int(deaths.max()))
    rising = np.concatenate([[0.0], np.log1p(k * variance).cumsum()])[deaths.astype(int)]
    value = partial + float((nu * logs + rising - (nu + deaths) * np.log1p(deaths * variance) + deaths).sum())
    # its derivative by the log of the variance; parameters drop out at the maximum, where the multipliers' mean is 1
    by_nu = float((logs + digamma(nu + deaths) - digamma(nu) - np.log1p(deaths * variance)).sum())
    return _Fixed(parameters, information, value, -nu * by_nu, converged)


class _GroupedStratum(Stratum):
    """One stratum whose linear predictor has a term for each of G groups, of which no n × G matrix is made."""

    def __init__(self, time, event, X: np.ndarray, groups: np.ndarray, count: int, ties: str):
        super().__init__(time, event, X, ties)
        self.groups, self.count = groups, count
        self.group_deaths = np.bincount(groups[self.event], minlength=count).astype(float)

    def derivatives(self, beta: np.ndarray, logs: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Log partial likelihood, gradient (p + G) and information by the coefficients and the groups' terms."""
        X, groups, k, share = self.X, self.groups, self.step_moment, self.share
        K, G, p = len(self.moments), self.count, self.X.shape[1]
        eta = X @ beta + logs[groups]
        risk = np.exp(eta - eta.max())
        S0 = self._at_risk(risk)[k] - share * self.dying(risk)[k]
        value = float(eta[self.event].sum() - (np.log(S0) + eta.max()).sum())
        # sums of risk × column over those at risk (A) and over the events (B) of each moment, K × (p + G)
        at_risk = np.bincount(self.until * G + groups, risk, minlength=(K + 1) * G).reshape(K + 1, G)
        own = np.bincount(self.own * G + groups[self.event], risk[self.event], minlength=K * G).reshape(K, G)
        weighted = risk[:, None] * X
        A = np.hstack([self._at_risk(weighted), at_risk[::-1].cumsum(axis=0)[::-1][1:]])
        B = np.hstack([self.dying(weighted), own])
        first, taken = np.bincount(k, 1 / S0, minlength=K), np.bincount(k, share / S0, minlength=K)
        gradient = np.concatenate([X[self.event].sum(axis=0), self.group_deaths]) - A.T @ first + B.T @ taken
        weight = risk * np.concatenate([[0.0], first.cumsum()])[self.until]
        weight[self.event] -= risk[self.event] * taken[self.own]
        information = np.zeros((p + G, p + G))
        WX = weight[:, None] * X
        information[:p, :p] = X.T @ WX
        np.add.at(information[p:, :p], groups, WX)
        information[:p, p:] = information[p:, :p].T
        information[np.arange(p, p + G), np.arange(p, p + G)] = np.bincount(groups, weight, minlength=G)
        square, mixed, both = (np.bincount(k, share**i / S0**2, minlength=K)[:, None] for i in range(3))
        cross = A.T @ (mixed * B)
        information -= A.T @ (square * A) - cross - cross.T + B.T @ (both * B)
        return value, gradient, information
