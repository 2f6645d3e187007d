"""Link functions of the binary and continuous outcome models: mean, derivative and log-likelihood per row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit, log_ndtr, ndtr

Rows = np.ndarray


@dataclass(frozen=True)
class Link:
    """``mean`` and ``slope`` (dmean/deta) and ``curvature`` (second derivative) of the linear predictor."""

    name: str
    mean: Callable[[Rows], Rows]
    slope: Callable[[Rows], Rows]
    curvature: Callable[[Rows], Rows]
    log_likelihood: Callable[[Rows, Rows], Rows]  # (y, eta) -> per row
    start: Callable[[float], float]  # mean of the outcome -> intercept


def _normal_density(eta: Rows) -> Rows:
    return np.exp(-0.5 * np.minimum(eta * eta, 1400.0)) / np.sqrt(2 * np.pi)


def _cloglog_mean(eta: Rows) -> Rows:
    return -np.expm1(-np.exp(np.minimum(eta, 30.0)))


def _cloglog_slope(eta: Rows) -> Rows:
    bounded = np.clip(eta, -700.0, 30.0)
    return np.exp(np.maximum(bounded - np.exp(bounded), -700.0))


def _cloglog_curvature(eta: Rows) -> Rows:
    return _cloglog_slope(eta) * (1 - np.exp(np.clip(eta, -700.0, 30.0)))


def _cloglog_loglik(y: Rows, eta: Rows) -> Rows:
    hazard = np.exp(np.clip(eta, -700.0, 30.0))
    return np.where(y > 0, y * np.log(np.maximum(-np.expm1(-hazard), 1e-300)), 0.0) - (1 - y) * hazard


def _cloglog_start(p: float) -> float:
    return float(np.log(-np.log1p(-p)))


def _probit_start(p: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(p))


def averaged(link: Link, standard_deviation: float, nodes: int = 31) -> Link:
    """The link of the population mean when a normal random effect of mean 0 adds to the linear predictor.

    Gauss-Hermite quadrature over the effect; the derivatives are those of the averaged mean.
    """
    x, omega = np.polynomial.hermite.hermgauss(nodes)
    shifts, shares = np.sqrt(2) * standard_deviation * x, omega / np.sqrt(np.pi)

    def over(function: Callable[[Rows], Rows]) -> Callable[[Rows], Rows]:
        return lambda eta: sum(share * function(eta + shift) for share, shift in zip(shares, shifts, strict=True))

    return Link(
        f"averaged {link.name}",
        over(link.mean),
        over(link.slope),
        over(link.curvature),
        link.log_likelihood,
        link.start,
    )


LINKS = {
    "logit": Link(
        "logit",
        expit,
        lambda eta: expit(eta) * expit(-eta),
        lambda eta: expit(eta) * expit(-eta) * (1 - 2 * expit(eta)),
        lambda y, eta: y * log_expit(eta) + (1 - y) * log_expit(-eta),
        lambda p: float(np.log(p / (1 - p))),
    ),
    "probit": Link(
        "probit",
        ndtr,
        _normal_density,
        lambda eta: -eta * _normal_density(eta),
        lambda y, eta: y * log_ndtr(eta) + (1 - y) * log_ndtr(-eta),
        _probit_start,
    ),
    "cloglog": Link("cloglog", _cloglog_mean, _cloglog_slope, _cloglog_curvature, _cloglog_loglik, _cloglog_start),
    "identity": Link(
        "identity", lambda eta: eta, np.ones_like, np.zeros_like, lambda y, eta: -0.5 * (y - eta) ** 2, lambda p: p
    ),
}
