"""Fit measures under lavaan's names (0.6-14), dots written as underscores.

Comparative fit: Bentler (1990), Tucker & Lewis (1973); RMSEA with its interval: Steiger (1990), Browne & Cudeck
(1993); robust versions: Brosseau-Liard & Savalei (2014), Savalei (2021) for ordinal and Zhang & Savalei (2023) for
incomplete data.
"""

from __future__ import annotations

import math

from scipy import special


def chi2_sf(x: float, df: float) -> float:
    """Upper tail of the chi-square distribution; nan without degrees of freedom."""
    if not (df > 0) or not math.isfinite(x):
        return math.nan
    return float(special.chdtrc(df, max(x, 0.0)))


def _both_scaled(c: float, c_null: float) -> tuple[float, float]:
    """lavaan leaves both statistics unscaled when one of the factors is exactly 1."""
    return (
        (1.0, 1.0) if math.isclose(c, 1.0, rel_tol=1e-12) or math.isclose(c_null, 1.0, rel_tol=1e-12) else (c, c_null)
    )


def cfi(x2: float, df: float, x2_null: float, df_null: float, c: float = 1.0, c_null: float = 1.0) -> float:
    """Comparative fit index; ``c`` and ``c_null`` are the scaling factors of the robust version."""
    if not all(math.isfinite(v) for v in (x2, df, x2_null, df_null, c, c_null)):
        return math.nan
    c, c_null = _both_scaled(c, c_null)
    t1 = max(x2 - c * df, 0.0)
    t2 = max(x2 - c * df, x2_null - c_null * df_null, 0.0)
    return 1.0 if abs(t1) < 1.5e-8 and abs(t2) < 1.5e-8 else 1 - t1 / t2


def tli(x2: float, df: float, x2_null: float, df_null: float, c: float = 1.0, c_null: float = 1.0) -> float:
    """Tucker-Lewis index."""
    if not all(math.isfinite(v) for v in (x2, df, x2_null, df_null, c, c_null)):
        return math.nan
    c, c_null = _both_scaled(c, c_null)
    t1 = (x2 - c * df) * df_null
    t2 = (x2_null - c_null * df_null) * df
    return 1 - t1 / t2 if df > 0 and abs(t2) > 0 else 1.0


def rmsea(x2: float, df: float, n: float, groups: int, c: float = 1.0) -> float:
    """Root mean square error of approximation, sqrt(groups) times the single-group form."""
    if not all(math.isfinite(v) for v in (x2, df, n)):
        return math.nan
    if df <= 0:
        return 0.0
    return math.sqrt(max(x2 / n / df - c / n, 0.0)) * math.sqrt(groups) if math.isfinite(c) else math.nan


def rmsea_interval(
    x2: float, df: float, n: float, groups: int, c: float = 1.0, level: float = 0.90
) -> tuple[float, float]:
    """Limits from the noncentral chi-square distribution with statistic ``x2``, scaled by ``c``."""
    if not all(math.isfinite(v) for v in (x2, df, n)) or (df > 0 and not math.isfinite(c)):
        return math.nan, math.nan

    def at(probability: float) -> float:
        """Noncentrality at which P(chi2 <= x2) = probability, 0 when none is."""
        if df < 1 or x2 <= 0 or special.chdtr(df, x2) < probability:
            return 0.0
        high = max(n, 4 * x2)
        if special.chndtr(x2, df, high) > probability:
            return math.nan
        low = 0.0
        while high - low > 1e-9 * max(1.0, high):  # the distribution function falls with the noncentrality
            middle = (low + high) / 2
            low, high = (middle, high) if special.chndtr(x2, df, middle) > probability else (low, middle)
        return (low + high) / 2

    tail = (1 - level) / 2
    lower, upper = at(1 - tail), at(tail)
    upper = 0.0 if math.isnan(upper) else upper
    if not df > 0:
        return 0.0, 0.0
    return math.sqrt(max(c * lower, 0.0) / (n * df) * groups), math.sqrt(max(c * upper, 0.0) / (n * df) * groups)


def rmsea_close(x2: float, df: float, n: float, groups: int, c: float = 1.0, null: float = 0.05) -> float:
    """P-value of the hypothesis RMSEA <= ``null``."""
    if not all(math.isfinite(v) for v in (x2, df, n, c)) or not df > 0:
        return math.nan
    return float(1 - special.chndtr(x2, df, n * df * null**2 / c / groups))


def rmsea_block(suffix: str, x2: float, df: float, n: float, groups: int, *, c_point=1.0, c=1.0, x2_interval=None):
    """rmsea, its interval and p-value under ``suffix``; intervals may rest on a scaled statistic."""
    x2_interval = x2 if x2_interval is None else x2_interval
    lower, upper = rmsea_interval(x2_interval, df, n, groups, c)
    return {
        f"rmsea{suffix}": rmsea(x2, df, n, groups, c_point),
        f"rmsea_ci_lower{suffix}": lower,
        f"rmsea_ci_upper{suffix}": upper,
        f"rmsea_pvalue{suffix}": rmsea_close(x2_interval, df, n, groups, c),
    }
