"""Joint confidence region of two coefficients: an ellipse over the plane of both, with each one's own interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

from alliance.reporting.figures.axes import Axis, Scale, fit_axis
from alliance.reporting.figures.scene import Scene, wrap
from alliance.reporting.figures.style import BLUE, INK, QUIET, RULE

_STEPS = 96
_GROUND = "#dcebf5"


@dataclass(frozen=True)
class Region:
    """Centre, semi-axes and angle (degrees from the first axis) of the ellipse; limits of the two single intervals."""

    x: float
    y: float
    half_major: float
    half_minor: float
    angle: float
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]

    def outline(self) -> list[tuple[float, float]]:
        """Points on the ellipse."""
        turn = math.radians(self.angle)
        points = []
        for i in range(_STEPS):
            t = 2 * math.pi * i / _STEPS
            a, b = self.half_major * math.cos(t), self.half_minor * math.sin(t)
            points.append(
                (self.x + a * math.cos(turn) - b * math.sin(turn), self.y + a * math.sin(turn) + b * math.cos(turn))
            )
        return points


def region_plot(region: Region, across: str, upwards: str, width: float = 520) -> Scene:
    """The ellipse with the point of no association (0, 0) and, along two edges, the single intervals.

    Both axes have the same scale, so that the shape of the ellipse is true.
    """
    outline = region.outline()
    xs = [0.0, *region.x_limits, *(x for x, _ in outline)]
    ys = [0.0, *region.y_limits, *(y for _, y in outline)]
    span_x, span_y = (1.12 * (max(v) - min(v)) for v in (xs, ys))
    scene = Scene(width, 0)
    lines = wrap(upwards, width, 12)
    for i, line in enumerate(lines):
        scene.text(0, 14 + 16 * i, line, size=12)
    left, top = 46.0, 10.0 + 16 * len(lines)
    size = width - left - 26
    scale = size / max(span_x, span_y)
    wide, tall = scale * span_x, scale * span_y
    if tall < 0.55 * size:
        tall = 0.55 * size
    if wide < size:
        wide = size
    horizontal = _axis(xs, wide / scale, left, left + wide)
    vertical = _axis(ys, tall / scale, top + tall, top)
    _frame(scene, horizontal, vertical)
    points = [(horizontal.position(x), vertical.position(y)) for x, y in outline]
    scene.polygon(points, fill=_GROUND, stroke=BLUE, weight=1.8)
    for axis, other in ((horizontal, vertical), (vertical, horizontal)):
        at = axis.position(0.0)
        ends = (at, other.left, at, other.right) if axis is horizontal else (other.left, at, other.right, at)
        scene.line(*ends, stroke=INK, weight=1.1, dash="4 3")
    _single(scene, horizontal, vertical, region)
    scene.marker(horizontal.position(region.x), vertical.position(region.y), "diamond", 10, BLUE)
    scene.marker(horizontal.position(0), vertical.position(0), "circle-open", 9, INK)
    y = vertical.left + 18
    middle = left + wide / 2
    for line in wrap(across, 2 * min(middle, width - middle), 12):
        y += 18
        scene.text(middle, y, line, size=12, anchor="middle")
    scene.height = y + 8
    return scene


def _axis(values: list[float], span: float, start: float, end: float) -> Axis:
    middle = (min(values) + max(values)) / 2
    limits = (middle - span / 2, middle + span / 2)
    return fit_axis(Scale("difference", "", limits=limits), values, start, end)


def _frame(scene: Scene, horizontal: Axis, vertical: Axis) -> None:
    for tick in vertical.ticks(44):
        at = vertical.position(tick)
        scene.line(horizontal.left, at, horizontal.right, at, stroke="#e7e9ec")
        scene.text(horizontal.left - 7, at + 4, vertical.tick_label(tick), size=12, anchor="end", colour=QUIET)
    for tick in horizontal.ticks(60):
        at = horizontal.position(tick)
        scene.line(at, vertical.right, at, vertical.left, stroke="#e7e9ec")
        scene.text(at, vertical.left + 18, horizontal.tick_label(tick), size=12, anchor="middle", colour=QUIET)
    scene.line(horizontal.left, vertical.left, horizontal.right, vertical.left, stroke=RULE)
    scene.line(horizontal.left, vertical.left, horizontal.left, vertical.right, stroke=RULE)


def _single(scene: Scene, horizontal: Axis, vertical: Axis, region: Region) -> None:
    """The two single intervals as brackets along the lower and the left edge."""
    low, high = (horizontal.position(v) for v in region.x_limits)
    y = vertical.left - 7
    scene.line(low, y, high, y, stroke=INK, weight=2)
    for x in (low, high):
        scene.line(x, y - 4, x, y + 4, stroke=INK, weight=2)
    low, high = (vertical.position(v) for v in region.y_limits)
    x = horizontal.left + 7
    scene.line(x, low, x, high, stroke=INK, weight=2)
    for y in (low, high):
        scene.line(x - 4, y, x + 4, y, stroke=INK, weight=2)
