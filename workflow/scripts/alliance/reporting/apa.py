"""Numbers as APA 7 prints them (Publication Manual, 7th ed., sections 6.32-6.45).

No leading zero for values that cannot exceed 1 in size (p, r, alpha, omega, CFI, TLI, RMSEA, SRMR, standardised
loadings), a
leading zero otherwise; ``p < .001``; the minus sign is U+2212; a missing number is an em dash. ``*`` marks italics
(see :mod:`alliance.reporting.inline`).
"""

from __future__ import annotations

import math

MINUS = "−"
MISSING = "—"


def is_missing(x: object) -> bool:
    """None, NaN and pandas' NA."""
    if x is None:
        return True
    try:
        return math.isnan(float(x))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return True


def number(x: object, digits: int = 2) -> str:
    """A value that may exceed 1 in size: ``0.25``, ``−1.50``, ``1,204.00``."""
    if is_missing(x):
        return MISSING
    value = float(x)  # type: ignore[arg-type]
    if math.isinf(value):
        return f"{MINUS if value < 0 else ''}∞"
    text = f"{abs(value):,.{digits}f}"
    negative = value < 0 and float(text.replace(",", "")) != 0
    return f"{MINUS}{text}" if negative else text


def bounded(x: object, digits: int = 2) -> str:
    """A value that cannot exceed 1 in size, without the leading zero: ``.91``, ``−.05``, ``1.00``.

    An estimate outside the bounds (a Heywood case, 1.04) keeps its digits: hiding it would hide the problem.
    """
    text = number(x, digits)
    return text.replace("0.", ".", 1) if text.lstrip(MINUS).startswith("0.") else text


def p_value(p: object) -> str:
    """``< .001``, ``= .012``, ``> .999`` with the relation, for a sentence after *p*."""
    if is_missing(p):
        return f"= {MISSING}"
    value = float(p)  # type: ignore[arg-type]
    if value < 0.001:
        return "< .001"
    if value > 0.999:
        return "> .999"
    return f"= {bounded(value, 3)}"


def p_cell(p: object) -> str:
    """The same for a table cell: the equals sign is left out."""
    return p_value(p).removeprefix("= ")


def interval(low: object, high: object, digits: int = 2, *, unit_bound: bool = False) -> str:
    """``[0.62, 1.12]``; with ``unit_bound`` ``[.62, .88]``."""
    if is_missing(low) and is_missing(high):
        return MISSING
    form = bounded if unit_bound else number
    return f"[{form(low, digits)}, {form(high, digits)}]"


def confidence(low: object, high: object, digits: int = 2, *, unit_bound: bool = False) -> str:
    """``95% CI [0.62, 1.12]``."""
    return f"95% CI {interval(low, high, digits, unit_bound=unit_bound)}"


def estimate(x: object, low: object, high: object, digits: int = 2, *, unit_bound: bool = False) -> str:
    """``0.83 [0.62, 1.12]`` for a table cell."""
    if is_missing(x):
        return MISSING
    form = bounded if unit_bound else number
    if is_missing(low) and is_missing(high):
        return form(x, digits)
    return f"{form(x, digits)} {interval(low, high, digits, unit_bound=unit_bound)}"


def count(n: object) -> str:
    """``1,204``; text such as ``<10`` (a suppressed count) passes through."""
    if isinstance(n, str) and n.strip() and not n.strip().replace(".", "", 1).isdigit():
        return n
    return MISSING if is_missing(n) else f"{round(float(n)):,}"  # type: ignore[arg-type]


def percent(share: object, digits: int = 1) -> str:
    """A share between 0 and 1 as ``84.3%``."""
    return MISSING if is_missing(share) else f"{number(100 * float(share), digits)}%"  # type: ignore[arg-type]


def points(difference: object, digits: int = 1) -> str:
    """A difference of two probabilities in percentage points: ``4.2``, ``−0.3``."""
    return MISSING if is_missing(difference) else number(100 * float(difference), digits)  # type: ignore[arg-type]


def points_interval(low: object, high: object, digits: int = 1) -> str:
    """``[1.0, 7.4]`` in percentage points."""
    if is_missing(low) and is_missing(high):
        return MISSING
    return f"[{points(low, digits)}, {points(high, digits)}]"


def degrees(df: object) -> str:
    """Degrees of freedom: whole when whole, two decimals otherwise (Satterthwaite), ``∞`` when infinite."""
    if is_missing(df):
        return MISSING
    value = float(df)  # type: ignore[arg-type]
    return count(value) if value.is_integer() else number(value, 2)


def f_test(statistic: object, df: object, df_denominator: object, p: object) -> str:
    """``*F*(3, 59) = 31.06, *p* < .001``."""
    return f"*F*({degrees(df)}, {degrees(df_denominator)}) = {number(statistic)}, *p* {p_value(p)}"


def chi_square(statistic: object, df: object, p: object, n: object = None) -> str:
    """``*χ*²(51, *N* = 1,204) = 98.12, *p* < .001``."""
    inside = degrees(df) if is_missing(n) else f"{degrees(df)}, *N* = {count(n)}"
    return f"*χ*²({inside}) = {number(statistic)}, *p* {p_value(p)}"
