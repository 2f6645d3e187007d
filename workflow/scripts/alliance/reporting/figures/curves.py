"""Curves over a numeric axis, with bands where there are any."""

from __future__ import annotations

import math
from dataclasses import dataclass

from alliance.reporting.figures.axes import Axis, Scale, fit_axis
from alliance.reporting.figures.scene import Scene, text_width, wrap
from alliance.reporting.figures.style import QUIET, RULE, Look


@dataclass(frozen=True)
class Curve:
    """A named curve: points from left to right and, if given, the limits of its band at each of them."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    look: Look
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


def curve_plot(curves: list[Curve], across: Scale, upwards: Scale, width: float = 700, height: float = 300) -> Scene:
    """Curves with a key on top; bands are light, each curve has its own dash pattern and a marker at its ends."""
    scene = Scene(width, 0)
    top = _key(scene, curves, width)
    lines = wrap(upwards.label, width, 12)
    for i, line in enumerate(lines):
        scene.text(0, top + 16 * i, line, size=12)
    top += 16 * len(lines)
    left, right, bottom = 44.0, width - 10, top + height
    xs = [v for c in curves for v in c.x]
    ys = [v for c in curves for v in (*c.y, *c.low, *c.high)]
    horizontal, vertical = fit_axis(across, xs, left, right), fit_axis(upwards, ys, bottom, top)
    _grid(scene, horizontal, vertical)
    for curve in curves:
        if curve.low:
            edge = [*zip(curve.x, curve.low, strict=True), *reversed(list(zip(curve.x, curve.high, strict=True)))]
            band = [(horizontal.position(x), vertical.position(y)) for x, y in edge if math.isfinite(y)]
            scene.polygon(band, fill=_light(curve.look.colour), stroke="none")
    for curve in curves:
        points = [
            (horizontal.position(x), vertical.position(y))
            for x, y in zip(curve.x, curve.y, strict=True)
            if math.isfinite(y)
        ]
        if len(points) > 1:
            scene.path(points, stroke=curve.look.colour, weight=1.9, dash=curve.look.dash)
        for x, y in (points[0], points[-1]) if points else ():
            scene.marker(x, y, curve.look.marker, 7.5, curve.look.colour)
    y = bottom + 18
    for line in wrap(across.label, width, 12):
        y += 18
        scene.text((left + right) / 2, y, line, size=12, anchor="middle")
    scene.height = y + 8
    return scene


def _grid(scene: Scene, horizontal: Axis, vertical: Axis) -> None:
    for tick in vertical.ticks(36):
        at = vertical.position(tick)
        scene.line(horizontal.left, at, horizontal.right, at, stroke="#e7e9ec", weight=1)
        scene.text(horizontal.left - 6, at + 4, vertical.tick_label(tick), size=12, anchor="end", colour=QUIET)
    scene.line(horizontal.left, vertical.left, horizontal.right, vertical.left, stroke=RULE)
    for tick in horizontal.ticks(56):
        at = horizontal.position(tick)
        scene.line(at, vertical.left, at, vertical.left + 4, stroke=RULE)
        label = horizontal.tick_label(tick).removesuffix(".0").removesuffix(".00")
        scene.text(at, vertical.left + 18, label, size=12, anchor="middle", colour=QUIET)


def _key(scene: Scene, curves: list[Curve], width: float) -> float:
    x, y = 0.0, 14.0
    if len(curves) > 1:
        for curve in curves:
            needed = 52 + text_width(curve.label, 12)
            if x and x + needed > width:
                x, y = 0.0, y + 20
            scene.line(x, y - 4, x + 24, y - 4, stroke=curve.look.colour, weight=1.9, dash=curve.look.dash)
            scene.marker(x + 12, y - 4, curve.look.marker, 7.5, curve.look.colour)
            scene.text(x + 31, y, curve.label, size=12)
            x += needed
        y += 24
    return y


def _light(colour: str) -> str:
    """The colour mixed with much white: a ground on which curves stay readable."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - 0.16 * (255 - p)):02x}" for p in parts)
