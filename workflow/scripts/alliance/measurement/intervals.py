"""Intervals of coefficients that live on a bounded scale, each with the name of its method.

The standard error stays on the coefficient's own scale; the interval is symmetric on a scale without bounds, so that
it never holds a value that the coefficient cannot have. Where an estimate lies outside (an inadmissible solution) the
interval is a plain Wald one, and is called so.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri  # scipy.stats costs a second to import

Z95 = float(ndtri(0.975))
FISHER_Z, LOGIT, LOG_COMPLEMENT, WALD = "delta, Fisher z", "delta, logit", "delta, ln(1 - x)", "delta, Wald"


def wald(estimate: float, se: float) -> tuple[float, float, str]:
    """Estimate plus and minus 1.96 standard errors."""
    return estimate - Z95 * se, estimate + Z95 * se, WALD


def correlation_interval(r: float, se: float) -> tuple[float, float, str]:
    """95% interval of a correlation on Fisher's z scale."""
    if not abs(r) < 1:
        return wald(r, se)
    half = Z95 * se / (1 - r**2)
    return float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)), FISHER_Z


def share_interval(value: float, se: float) -> tuple[float, float, str]:
    """95% interval of a share of variance (omega, ECV, AVE) on the logit scale."""
    if not 0 < value < 1:
        return wald(value, se)
    centre, half = np.log(value / (1 - value)), Z95 * se / (value * (1 - value))
    return float(1 / (1 + np.exp(half - centre))), float(1 / (1 + np.exp(-half - centre))), LOGIT


def alpha_interval(alpha: float, se: float) -> tuple[float, float, str]:
    """95% interval of alpha on the scale of ln(1 - alpha) (Bonett, 2002): alpha may be negative, never above one."""
    if not alpha < 1:
        return wald(alpha, se)
    half = Z95 * se / (1 - alpha)
    return float(1 - (1 - alpha) * np.exp(half)), float(1 - (1 - alpha) * np.exp(-half)), LOG_COMPLEMENT
