"""Verdict on one step of a ladder by criteria declared beforehand, and what a step cannot test.

Chen (2007): a fall in CFI of .010 or more together with a rise in RMSEA of .015 or more speaks against
a step; beside it stands the (scaled) chi-square difference test. Both must object before a step is
rejected; when one objects the verdict is "unclear" and says which. Restrictions that are equivalent to
the step before are named, not passed (Wu & Estabrook 2016).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .invariance_design import Design


@dataclass(frozen=True)
class Criteria:
    """Limits of a verdict: fall in CFI, rise in RMSEA (both must be reached) and level of the difference test."""

    cfi: float = 0.010
    rmsea: float = 0.015
    alpha: float = 0.05


def judge(
    delta_cfi: float, delta_rmsea: float, df_diff: float, p_diff: float, criteria: Criteria, nested: bool = True
) -> tuple[str, str]:
    """``(verdict, reason)``: supported, unclear, rejected, or untestable when the step restricts nothing."""
    if df_diff == 0:
        return "untestable", "equivalent to the step before: its restrictions can be assumed, not tested"
    if not nested:
        return "untestable", "not a restriction of the step before: the two cannot be compared by a difference test"
    worse = delta_cfi <= -criteria.cfi and delta_rmsea >= criteria.rmsea
    cfi_text, rmsea_text = _decimal(delta_cfi), _decimal(delta_rmsea)
    fit = f"change in CFI {cfi_text}, in RMSEA {rmsea_text}"
    if math.isnan(p_diff):
        return "unclear", f"no difference test available; {fit}"
    significant = p_diff < criteria.alpha
    test = f"difference test p {'< .001' if p_diff < 0.001 else '= ' + _decimal(p_diff)}"
    if worse and significant:
        return "rejected", f"{fit} and {test}"
    if worse or significant:
        return "unclear", f"{fit}, but {test}"
    return "supported", f"{fit}; {test}"


def _decimal(value: float) -> str:
    """Three decimals without a leading zero, with a true minus sign."""
    if math.isnan(value):
        return "not defined"
    text = f"{abs(value):.3f}"
    text = text[1:] if text.startswith("0") else text
    return f"\u2212{text}" if value < 0 and float(f"{value:.3f}") != 0 else text


def limits(design: Design, new: frozenset[str], words: frozenset[str]) -> list[str]:
    """What the words ``new`` in the step ``words`` cannot show for items with two or three categories."""
    binary = [name for name, count in design.n_thresholds.items() if count == 1]
    three = [name for name, count in design.n_thresholds.items() if count == 2]
    notes = []
    if "thresholds" in new and binary:
        notes.append(f"equal thresholds of {', '.join(binary)} (two categories) are assumed, not tested")
    if "thresholds" in new and three:
        notes.append(f"equal thresholds of {', '.join(three)} (three categories) are assumed, not tested")
    if "loadings" in new and binary:
        notes.append(
            f"for {', '.join(binary)} (two categories) the test of equal loadings takes the scale of the responses as "
            "equal: residual variances under theta, total variances under delta"
        )
    if "intercepts" in new and binary and "residuals" not in words:
        notes.append(
            f"equal intercepts of {', '.join(binary)} (two categories) release their residual variances: both can only "
            "be tested together"
        )
    return notes


def is_nested(design: Design, new: frozenset[str], words: frozenset[str]) -> bool:
    """Whether a step restricts the one before: equal intercepts of binary items release other parameters."""
    binary = any(count == 1 for count in design.n_thresholds.values())
    return not (binary and "intercepts" in new and "residuals" not in words)
