"""Axes of interval plots: where a value lies, which ticks are shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

from alliance.reporting.apa import bounded, number

_RATIO_TICKS = (0.1, 0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 8, 10)
_WIDEST_RATIO = 10.0  # intervals beyond are cut, with an arrow


@dataclass(frozen=True)
class Scale:
    """What an axis measures.

    ``kind``: ``ratio`` (log axis), ``difference`` (linear), ``share`` (linear, 0 to 1, printed as percent) or ``unit``
    (linear, cannot exceed 1). ``reference`` is the value of no association; ``low_hint`` and ``high_hint`` say what
    the two sides mean.
    """

    kind: str
    label: str
    reference: float | None = None
    low_hint: str = ""
    high_hint: str = ""
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Axis:
    """A scale laid out between two pixels."""

    scale: Scale
    low: float
    high: float
    left: float
    right: float

    def position(self, value: float) -> float:
        """Pixel of a value, held inside the axis."""
        value = min(max(value, self.low), self.high)
        a, b, v = (_log(x) if self.scale.kind == "ratio" else x for x in (self.low, self.high, value))
        return self.left + (self.right - self.left) * (v - a) / (b - a)

    def ticks(self, spacing: float = 44) -> list[float]:
        """Tick values, at least ``spacing`` pixels apart, the reference always among them."""
        if self.scale.kind == "ratio":
            candidates = [t for t in _RATIO_TICKS if self.low <= t <= self.high]
        else:
            step = _nice((self.high - self.low) / max(abs(self.right - self.left) / (1.3 * spacing), 1))
            first = math.ceil(self.low / step - 1e-9)
            candidates = [round(i * step, 10) for i in range(first, math.floor(self.high / step + 1e-9) + 1)]
        anchor = self.scale.reference if self.scale.reference in candidates else candidates[0] if candidates else None
        chosen = [] if anchor is None else [anchor]
        for tick in sorted(
            candidates, key=lambda t: abs(self.position(t) - self.position(anchor)) if anchor is not None else t
        ):
            if all(abs(self.position(tick) - self.position(other)) >= spacing for other in chosen):
                chosen.append(tick)
        return sorted(chosen)

    def tick_label(self, value: float) -> str:
        """The tick in print."""
        if self.scale.kind == "share":
            return f"{number(100 * value, 0)}%"
        if self.scale.kind == "unit":
            return bounded(value, 2) if value else "0"
        if self.scale.kind == "ratio":
            return number(value, 2).rstrip("0").rstrip(".")
        return number(value, 2 if self.high - self.low < 2 else 1 if self.high - self.low < 20 else 0)


def fit_axis(scale: Scale, values: list[float], left: float, right: float) -> Axis:
    """An axis that holds the values and the reference, with a little room at both ends."""
    if scale.limits:
        return Axis(scale, *scale.limits, left, right)
    known = [v for v in values if math.isfinite(v)]
    if scale.reference is not None:
        known.append(scale.reference)
    if scale.kind == "ratio":
        known = [min(max(v, 1 / _WIDEST_RATIO), _WIDEST_RATIO) for v in known]
        low, high = min(known) / 1.06, max(known) * 1.06
        return Axis(scale, min(low, 0.8), max(high, 1.25), left, right)
    low, high = min(known), max(known)
    room = 0.05 * (high - low) or 0.05
    low, high = low - room, high + room
    if scale.kind == "share":
        low, high = max(low, 0.0), min(high, 1.0)
    return Axis(scale, low, high, left, right)


def _log(x: float) -> float:
    return math.log(max(x, 1e-9))


def _nice(raw: float) -> float:
    power = 10 ** math.floor(math.log10(raw)) if raw > 0 else 1.0
    return next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
