"""How strong an unmeasured confounder would have to be: E-values.

VanderWeele & Ding (2017), Ann. Intern. Med. 167:268.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class EValue:
    """E-values of the estimate and of the limit of its interval next to the null (1 when the interval holds the null),
    with the approximate risk ratio they come from."""

    estimate: float
    interval: float
    risk_ratio: float
    risk_ratio_low: float
    risk_ratio_high: float


def evalue(
    estimate: float,
    conf_low: float = np.nan,
    conf_high: float = np.nan,
    *,
    kind: str = "OR",
    rare: bool = False,
    std_error: float = np.nan,
) -> EValue:
    """E-value of a ratio (``kind`` RR, OR, HR) or of a standardised mean difference (SMD, with ``std_error``).

    An odds or hazard ratio of an outcome that is not ``rare`` (15% or more) is first turned into an approximate risk
    ratio: the square root of an odds ratio, (1 - .5^√HR) / (1 - .5^√(1/HR)) of a hazard ratio; exp(.91 d) of a
    difference d, with limits at exp(.91 d ± 1.78 SE).
    """
    if kind == "SMD":
        ratios = np.exp(0.91 * estimate + 1.78 * std_error * np.array([0.0, -1.0, 1.0]))
    else:
        ratios = _risk_ratio(np.array([estimate, conf_low, conf_high], dtype=float), kind, rare)
    ratio, low, high = (float(r) for r in ratios)
    if not np.isfinite(low) or not np.isfinite(high):
        limit = np.nan
    elif low <= 1 <= high:
        limit = 1.0
    else:
        limit = _evalue(low if ratio > 1 else high)
    return EValue(_evalue(ratio), limit, ratio, low, high)


def _risk_ratio(ratios: np.ndarray, kind: str, rare: bool) -> np.ndarray:
    if kind == "RR" or (rare and kind in ("OR", "HR")):
        return ratios
    if kind == "OR":
        return np.sqrt(ratios)
    if kind == "HR":
        return (1 - 0.5 ** np.sqrt(ratios)) / (1 - 0.5 ** np.sqrt(1 / ratios))
    raise ValueError(f"kind must be RR, OR, HR or SMD, not {kind!r}")


def _evalue(ratio: float) -> float:
    ratio = 1 / ratio if ratio < 1 else ratio
    return float(ratio + np.sqrt(ratio * (ratio - 1)))
