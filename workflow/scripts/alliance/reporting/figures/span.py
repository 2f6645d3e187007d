"""A curve with its band over the range of a score, and beneath it how many persons stand behind each part."""

from __future__ import annotations

import math
from dataclasses import dataclass

from alliance.reporting.apa import count, percent
from alliance.reporting.figures.axes import Scale, fit_axis
from alliance.reporting.figures.scene import Scene, text_width, wrap
from alliance.reporting.figures.style import BLUE, QUIET, RULE

_BAND, _BAR = "#d6e7f3", "#b9bec6"
_BARS = 56.0  # height of the highest bar


@dataclass(frozen=True)
class Span:
    """Points from left to right: value, predicted share with its limits, persons near it (NaN where withheld)."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    persons: tuple[float, ...]


def span_plot(span: Span, across: str, upwards: str, width: float = 700, height: float = 270) -> Scene:
    """The curve with its band, the values at both ends in print, and bars of persons beneath on their own scale."""
    scene = Scene(width, 0)
    lines = wrap(upwards, width, 12)
    for i, line in enumerate(lines):
        scene.text(0, 14 + 16 * i, line, size=12)
    top = 14.0 + 16 * len(lines)
    left, right, bottom = 46.0, width - 12, top + height
    horizontal = fit_axis(Scale("difference", across), list(span.x), left, right)
    vertical = fit_axis(Scale("share", upwards), [*span.low, *span.high], bottom, top)
    for tick in vertical.ticks(40):
        at = vertical.position(tick)
        scene.line(left, at, right, at, stroke="#e7e9ec")
        scene.text(left - 7, at + 4, vertical.tick_label(tick), size=12, anchor="end", colour=QUIET)
    points = [(horizontal.position(x), vertical.position(y)) for x, y in zip(span.x, span.y, strict=True)]
    edge = [*zip(span.x, span.low, strict=True), *reversed(list(zip(span.x, span.high, strict=True)))]
    scene.polygon(
        [(horizontal.position(x), vertical.position(y)) for x, y in edge if math.isfinite(y)], fill=_BAND, stroke="none"
    )
    scene.path(points, stroke=BLUE, weight=2.2)
    for (x, y), value, anchor in ((points[0], span.y[0], "start"), (points[-1], span.y[-1], "end")):
        scene.marker(x, y, "circle", 7, BLUE)
        text = percent(value, 0)
        half = text_width(text, 12, bold=True) / 2
        scene.label(x + (half + 8) * (1 if anchor == "start" else -1), y - 14, text, bold=True)
    scene.line(left, bottom, right, bottom, stroke=RULE)
    y = _persons(scene, span, horizontal, bottom + 16)
    for tick in horizontal.ticks(56):
        at = horizontal.position(tick)
        scene.line(at, y, at, y + 4, stroke=RULE)
        label = horizontal.tick_label(tick).removesuffix(".00").removesuffix(".0")
        scene.text(at, y + 18, label, size=12, anchor="middle", colour=QUIET)
    y += 18
    middle = (left + right) / 2
    for line in wrap(across, 2 * min(middle, width - middle), 12):
        y += 18
        scene.text(middle, y, line, size=12, anchor="middle")
    scene.height = y + 8
    return scene


def _persons(scene: Scene, span: Span, horizontal, top: float) -> float:
    """Bars of persons; the base line at which they stand."""
    known = [n for n in span.persons if math.isfinite(n)]
    base = top + 18 + _BARS
    scene.text(horizontal.left, top + 8, "Students near each value", size=12, colour=QUIET)
    if known and max(known) > 0:
        half = 0.42 * (horizontal.position(span.x[1]) - horizontal.position(span.x[0]))
        for x, n in zip(span.x, span.persons, strict=True):
            if math.isfinite(n):
                tall = _BARS * n / max(known)
                scene.rect(horizontal.position(x) - half, base - tall, 2 * half, tall, fill=_BAR, stroke="none")
        most = span.x[span.persons.index(max(known))]
        scene.text(
            horizontal.position(most), base - _BARS - 4, count(max(known)), size=11, anchor="middle", colour=QUIET
        )
    scene.line(horizontal.left, base, horizontal.right, base, stroke=RULE)
    return base
