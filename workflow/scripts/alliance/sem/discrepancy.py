"""Discrepancies between observed and implied moments, each with gradient, scoring matrix and Hessian.

All are on the scale of half a fit function weighted by group size, F = sum_g (n_g / n) F_g / 2, so that the
chi-square is 2 n F. Normal theory: Joreskog (1969); incomplete data: Arbuckle (1996); least squares: Browne (1984).
"""

from __future__ import annotations

import numpy as np

from .model import GroupModel
from .observed import CompleteMoments, MissingMoments
from .patterns import deviance, gradient, information, pattern_state
from .vech import vech, vech_weight


class _PerGroup:
    """Remembers each group's state at the last theta: value, slope and second derivatives ask for it in turn."""

    groups: list
    share: np.ndarray

    def _state(self, k: int, theta: np.ndarray):
        key = theta.tobytes()
        last = self._last.get(k)
        if last is None or last[0] != key:
            last = (key, self._group(k, theta))
            self._last[k] = last
        return last[1]

    def _group(self, k: int, theta: np.ndarray) -> tuple:
        """State of group ``k``; the last entry is its discrepancy."""
        raise NotImplementedError

    def values(self, theta: np.ndarray) -> np.ndarray:
        """F_g / 2 of each group."""
        return np.array([self._state(k, theta)[-1] for k in range(len(self.groups))])

    def value(self, theta: np.ndarray) -> float:
        """F."""
        return float(self.share @ self.values(theta))

    def scoring(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """F, gradient and expected information (n_par x n_par)."""
        return self.value(theta), self.slope(theta), self.approximation(theta)

    def slope(self, theta: np.ndarray) -> np.ndarray:
        """Gradient of F."""
        raise NotImplementedError

    def approximation(self, theta: np.ndarray) -> np.ndarray:
        """Expected information per case."""
        raise NotImplementedError


class NormalTheory(_PerGroup):
    """Maximum likelihood for complete data (mean, covariance) in one or more groups.

    groups, moments: one per group. ``value`` is F (0 for a perfect fit); ``scoring`` gives value, gradient and the
    expected information; ``hessian`` the exact second derivatives. Raises LinAlgError outside the parameter space.
    """

    def __init__(self, groups: list[GroupModel], moments: list[CompleteMoments]):
        self.groups, self.moments = groups, moments
        self._last: dict[int, tuple[bytes, tuple]] = {}
        self.n = sum(m.n for m in moments)
        self.share = np.array([m.n for m in moments]) / self.n

    def _group(self, k: int, theta: np.ndarray):
        group, observed = self.groups[k], self.moments[k]
        at = group.implied(theta)
        inverse, log_det = _inverse(at.sigma)
        d = observed.mean - at.mu if group.meanstructure else np.zeros(group.p)
        t = observed.cov + np.outer(d, d)
        value = (log_det - observed.log_det + float(np.sum(inverse * t)) - group.p) / 2
        return group, at, inverse, d, t, group.factors(at), value

    def slope(self, theta: np.ndarray) -> np.ndarray:
        """Gradient of F."""
        grad = np.zeros(len(theta))
        for k, share in enumerate(self.share):
            group, at, inverse, d, t, (u, v), _ = self._state(k, theta)
            w = (inverse - inverse @ t @ inverse) / 2
            grad += 2 * share * (np.einsum("ij,ij->j", u, w @ v) @ group.spread)
            if group.meanstructure:
                grad -= share * ((inverse @ d) @ group.d_mu(at))
        return grad

    def approximation(self, theta: np.ndarray) -> np.ndarray:
        """Expected information per case."""
        info = np.zeros((len(theta), len(theta)))
        for k, share in enumerate(self.share):
            group, at, inverse, _, _, (u, v), _ = self._state(k, theta)
            iv = inverse @ v
            cross = u.T @ iv
            block = (u.T @ inverse @ u) * (v.T @ iv) + cross * cross.T
            info += share * (group.spread.T @ block @ group.spread)
            if group.meanstructure:
                d_mu = group.d_mu(at)
                info += share * (d_mu.T @ inverse @ d_mu)
        return info

    def hessian(self, theta: np.ndarray, curved: bool = True) -> np.ndarray:
        """Second derivatives of F: the observed information per case; not ``curved`` takes the moments as linear."""
        out = np.zeros((len(theta), len(theta)))
        for k, share in enumerate(self.share):
            group, at, inverse, d, t, (u, v), _ = self._state(k, theta)
            e = inverse @ d
            r = 2 * inverse @ t @ inverse - inverse
            iu, iv, ru, rv = inverse @ u, inverse @ v, r @ u, r @ v
            u_iv, u_rv = u.T @ iv, u.T @ rv
            block = (u_iv * u_rv.T + u_rv * u_iv.T + (u.T @ iu) * (v.T @ rv) + (v.T @ iv) * (u.T @ ru)) / 2
            hessian = group.spread.T @ block @ group.spread
            if group.meanstructure:
                d_mu = group.d_mu(at)
                moved = (u * (v.T @ e) + v * (u.T @ e)) @ group.spread  # dSigma Sigma^-1 d
                cross = d_mu.T @ (inverse @ moved)
                hessian += d_mu.T @ inverse @ d_mu + cross + cross.T
            if curved:
                hessian += group.curvature(at, (inverse - inverse @ t @ inverse) / 2, -e)
            out += share * hessian
        return (out + out.T) / 2


class FullInformation(_PerGroup):
    """Maximum likelihood for incomplete data: F = half the casewise deviance minus that of the unrestricted model."""

    def __init__(self, groups: list[GroupModel], moments: list[MissingMoments]):
        self.groups, self.moments = groups, moments
        self._last: dict[int, tuple[bytes, tuple]] = {}
        self.n = sum(m.n for m in moments)
        self.share = np.array([m.n for m in moments]) / self.n
        self.saturated = np.array([deviance(m, pattern_state(m, *m.saturated)) for m in moments])

    def _group(self, k: int, theta: np.ndarray):
        group, observed = self.groups[k], self.moments[k]
        at = group.implied(theta)
        state = pattern_state(observed, at.mu, at.sigma)
        delta = np.vstack([group.d_mu(at), group.d_sigma(at)])
        return group, observed, at, state, delta, (deviance(observed, state) - self.saturated[k]) / 2

    def slope(self, theta: np.ndarray) -> np.ndarray:
        """Gradient of F."""
        grad = np.zeros(len(theta))
        for k, share in enumerate(self.share):
            group, observed, _, state, delta, _ = self._state(k, theta)
            w_mu, w = gradient(observed, state)
            grad += share * (np.concatenate([w_mu, vech(w) * vech_weight(group.p)]) @ delta)
        return grad

    def approximation(self, theta: np.ndarray) -> np.ndarray:
        """Information per case expected given the missing-data patterns."""
        info = np.zeros((len(theta), len(theta)))
        for k, share in enumerate(self.share):
            _, observed, _, state, delta, _ = self._state(k, theta)
            info += share * (delta.T @ information(observed, state, "expected") @ delta)
        return info

    def hessian(self, theta: np.ndarray, curved: bool = True) -> np.ndarray:
        """Second derivatives of F; not ``curved`` takes the moments as linear in theta."""
        out = np.zeros((len(theta), len(theta)))
        for k, share in enumerate(self.share):
            group, observed, at, state, delta, _ = self._state(k, theta)
            out += share * (delta.T @ information(observed, state, "observed") @ delta)
            if curved:
                w_mu, w = gradient(observed, state)
                out += share * group.curvature(at, w, w_mu)
        return (out + out.T) / 2


def _inverse(sigma: np.ndarray) -> tuple[np.ndarray, float]:
    """Inverse and log-determinant; LinAlgError when not positive definite."""
    log_det = 2 * float(np.sum(np.log(np.linalg.cholesky(sigma).diagonal())))
    inverse = np.linalg.inv(sigma)
    return (inverse + inverse.T) / 2, log_det
