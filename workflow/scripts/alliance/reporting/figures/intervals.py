"""Interval plot: estimates with their 95% intervals, in groups, on one axis (forest plots, rates, factor
correlations)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from alliance.reporting.figures.axes import Axis, Scale, fit_axis
from alliance.reporting.figures.scene import Scene, text_width, wrap
from alliance.reporting.figures.style import INK, QUIET, RULE, Look

_SIZE = 13.0
_ROW = 25.0


@dataclass(frozen=True)
class Interval:
    """One row: name, estimate with its limits, look, and the numbers printed at the right."""

    label: str
    estimate: float
    low: float
    high: float
    look: Look
    text: str = ""
    emphasis: bool = False


@dataclass(frozen=True)
class Panel:
    """Rows under one heading."""

    heading: str
    rows: list[Interval] = field(default_factory=list)


def interval_plot(panels: list[Panel], scale: Scale, width: float = 700, *, text_heading: str = "") -> Scene:
    """Draw the panels below one another on a shared axis.

    When the labels leave too little room for the axis (a phone), each row's label and numbers stand above its interval.
    """
    rows = [row for panel in panels for row in panel.rows]
    label_column = max((text_width(r.label, _SIZE, bold=r.emphasis) for r in rows), default=0) + 18
    text_column = max([text_width(r.text, _SIZE) for r in rows] + [text_width(text_heading, 12)], default=0) + 18
    stacked = width - label_column - text_column < 0.36 * width
    left, right = (8.0, width - 8.0) if stacked else (label_column, width - text_column)
    axis = fit_axis(scale, [v for r in rows for v in (r.low, r.high, r.estimate)], left, right)
    row_height = 41.0 if stacked else _ROW

    scene = Scene(width, 0)
    y = 4.0
    if text_heading:
        y += 14
        scene.text(width, y, text_heading, size=12, anchor="end", colour=QUIET)
        y += 4
    top = y
    layout: list[tuple[float, Interval]] = []
    headings: list[tuple[float, str]] = []
    for panel in panels:
        if panel.heading:
            for k, line in enumerate(wrap(panel.heading, width, _SIZE, bold=True)):
                y += 22 if k == 0 else 17
                headings.append((y, line))
            y += 8
        for row in panel.rows:
            layout.append((y + (row_height - 10 if stacked else row_height / 2), row))
            y += row_height
        y += 8
    bottom = y
    _grid(scene, axis, top, bottom)
    for at, line in headings:
        half = text_width(line, _SIZE, bold=True)
        scene.rect(0, at - 14, half + 6, 19, fill="white", stroke="none")
        scene.text(0, at, line, size=_SIZE, bold=True)
    for at, row in layout:
        _row(scene, axis, at, row, width, stacked)
    scene.height = _axis_labels(scene, axis, bottom, width)
    return scene


def _grid(scene: Scene, axis: Axis, top: float, bottom: float) -> None:
    for tick in axis.ticks():
        scene.line(axis.position(tick), top + 4, axis.position(tick), bottom, stroke="#e7e9ec", weight=1)
    scene.line(axis.left, bottom, axis.right, bottom, stroke=RULE, weight=1)
    if axis.scale.reference is not None:
        at = axis.position(axis.scale.reference)
        scene.line(at, top + 4, at, bottom, stroke=INK, weight=1.1, dash="4 3")


def _row(scene: Scene, axis: Axis, y: float, row: Interval, width: float, stacked: bool) -> None:
    text_y = y - 15 if stacked else y + 4.5
    if stacked:
        scene.rect(0, text_y - 12, text_width(row.label, _SIZE, bold=row.emphasis) + 4, 16, fill="white", stroke="none")
        scene.rect(
            width - text_width(row.text, _SIZE) - 4,
            text_y - 12,
            text_width(row.text, _SIZE) + 4,
            16,
            fill="white",
            stroke="none",
        )
    scene.text(0 if stacked else 8, text_y, row.label, size=_SIZE, bold=row.emphasis)
    scene.text(width, text_y, row.text, size=_SIZE, anchor="end", bold=row.emphasis)
    if not math.isfinite(row.estimate):
        return
    if math.isfinite(row.low) and math.isfinite(row.high):
        a, b = axis.position(row.low), axis.position(row.high)
        scene.line(a, y, b, y, stroke=row.look.colour, weight=2.2 if row.emphasis else 1.8)
        for end, value, beyond, way in ((a, row.low, row.low < axis.low, -1), (b, row.high, row.high > axis.high, 1)):
            if beyond and math.isfinite(value):
                scene.arrowhead((end + 5 * way, y), (end, y), 8, row.look.colour)
            else:
                scene.line(end, y - 4, end, y + 4, stroke=row.look.colour, weight=1.8)
    if axis.low <= row.estimate <= axis.high:
        scene.marker(axis.position(row.estimate), y, row.look.marker, 11 if row.emphasis else 9.5, row.look.colour)


def _axis_labels(scene: Scene, axis: Axis, bottom: float, width: float) -> float:
    """Tick labels, hints of direction and the axis title; the height at which they end."""
    for tick in axis.ticks():
        scene.line(axis.position(tick), bottom, axis.position(tick), bottom + 4, stroke=RULE, weight=1)
        scene.text(axis.position(tick), bottom + 18, axis.tick_label(tick), size=12, anchor="middle", colour=QUIET)
    y = bottom + 18
    scale = axis.scale
    if scale.reference is not None and (scale.low_hint or scale.high_hint):
        y += 20
        at = axis.position(scale.reference)
        low, high = f"← {scale.low_hint}", f"{scale.high_hint} →"
        left = max(at - 10, text_width(low, 12))
        scene.text(left, y, low, size=12, anchor="end", colour=QUIET)
        scene.text(min(left + 20, width - text_width(high, 12)), y, high, size=12, colour=QUIET)
    for line in wrap(scale.label, width, 12):
        y += 18
        middle = (axis.left + axis.right) / 2
        half = text_width(line, 12) / 2
        scene.text(min(max(middle, half), width - half), y, line, size=12, anchor="middle", colour=INK)
    return y + 8
