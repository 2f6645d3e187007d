"""A surface seen from above: shaded cells with contour lines, drawn only where there are data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alliance.reporting.apa import percent
from alliance.reporting.figures.axes import Scale, fit_axis
from alliance.reporting.figures.scene import Scene, wrap
from alliance.reporting.figures.style import INK, QUIET, RULE, luminance

_LIGHT, _DARK = (240, 246, 250), (11, 92, 142)
_LEVELS = (0.01, 0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True)
class Surface:
    """Values over a grid: ``values[i, j]`` at ``x[i]``, ``y[j]``; pairs that are not in it are not drawn."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    values: Mapping[tuple[int, int], float]


def contour_plot(surface: Surface, across: str, upwards: str, width: float = 520) -> Scene:
    """Cells between grid points shaded by their mean, lines of equal value labelled in percent, and the diagonal of
    equal reports."""
    scene = Scene(width, 0)
    lines = wrap(upwards, width, 12)
    for i, line in enumerate(lines):
        scene.text(0, 14 + 16 * i, line, size=12)
    left, top = 46.0, 14.0 + 16 * len(lines)
    low, high = min(surface.x[0], surface.y[0]), max(surface.x[-1], surface.y[-1])
    side = min(width - left - 16, 430.0)
    limits = (low, high)
    horizontal = fit_axis(Scale("difference", across, limits=limits), [], left, left + side)
    vertical = fit_axis(Scale("difference", upwards, limits=limits), [], top + side, top)
    cells = _cells(surface)
    for corners in cells:
        points = [(horizontal.position(x), vertical.position(y)) for x, y, _ in corners]
        shade = _shade(sum(v for *_, v in corners) / 4, surface.values.values())
        scene.polygon(points, fill=shade, stroke=shade, weight=0.6)
    scene.line(left, top + side, left + side, top, stroke=INK, weight=1.1, dash="4 3")
    _lines(scene, cells, surface, horizontal, vertical)
    for tick in vertical.ticks(44):
        at = vertical.position(tick)
        scene.line(left - 4, at, left, at, stroke=RULE)
        scene.text(left - 8, at + 4, vertical.tick_label(tick), size=12, anchor="end", colour=QUIET)
    for tick in horizontal.ticks(56):
        at = horizontal.position(tick)
        scene.line(at, top + side, at, top + side + 4, stroke=RULE)
        scene.text(at, top + side + 18, horizontal.tick_label(tick), size=12, anchor="middle", colour=QUIET)
    scene.line(left, top + side, left + side, top + side, stroke=RULE)
    scene.line(left, top, left, top + side, stroke=RULE)
    y = top + side + 18
    middle = left + side / 2
    for line in wrap(across, 2 * min(middle, width - middle), 12):
        y += 18
        scene.text(middle, y, line, size=12, anchor="middle")
    scene.height = y + 8
    return scene


Corner = tuple[float, float, float]


def _cells(surface: Surface) -> list[list[Corner]]:
    """Squares of the grid all of whose corners are known, corners in order around the square."""
    found = []
    for i in range(len(surface.x) - 1):
        for j in range(len(surface.y) - 1):
            places = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
            if all(place in surface.values for place in places):
                found.append([(surface.x[a], surface.y[b], surface.values[a, b]) for a, b in places])
    return found


def _shade(value: float, values) -> str:
    low, high = min(values), max(values)
    share = (value - low) / (high - low) if high > low else 0.5
    return "#" + "".join(f"{round(a + (b - a) * 0.85 * share):02x}" for a, b in zip(_LIGHT, _DARK, strict=True))


def contour_levels(values: Sequence[float]) -> list[float]:
    """Round levels between the smallest and the largest value, about six of them."""
    low, high = min(values), max(values)
    step = next((s for s in _LEVELS if (high - low) / s <= 8), _LEVELS[-1])
    return [round(k * step, 10) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def crossings(corners: Sequence[Corner], level: float) -> list[tuple[float, float]]:
    """Where a level crosses the edges of one square, by linear interpolation."""
    found = []
    for (x1, y1, v1), (x2, y2, v2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (v1 < level) != (v2 < level):
            t = (level - v1) / (v2 - v1)
            found.append((x1 + t * (x2 - x1), y1 + t * (y2 - y1)))
    return found


def _lines(scene: Scene, cells: list[list[Corner]], surface: Surface, horizontal, vertical) -> None:
    for level in contour_levels(list(surface.values.values())):
        middles = []
        for corners in cells:
            points = [(horizontal.position(x), vertical.position(y)) for x, y in crossings(corners, level)]
            dark = luminance(_shade(sum(v for *_, v in corners) / 4, surface.values.values())) < 0.35
            for a, b in zip(points[::2], points[1::2], strict=False):
                scene.line(*a, *b, stroke="#ffffff" if dark else INK, weight=1.2)
                middles.append(((a[0] + b[0]) / 2, (a[1] + b[1]) / 2))
        if middles:  # the label stands in the middle of the line, away from the diagonal
            middles.sort(key=lambda p: p[1])
            x, y = middles[len(middles) // 4]
            scene.label(x, y, percent(level, 0), size=11)
