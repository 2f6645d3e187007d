"""A square of numbers between pairs of items, as shades: large positive and negative ones stand out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from alliance.reporting.apa import bounded
from alliance.reporting.figures.scene import Scene, text_width
from alliance.reporting.figures.style import INK, QUIET, RULE, diverging, luminance

_FULL = 0.20  # from here on the shade is the strongest
_STEPS = 9
_CELL = 44.0
_SHADE = 22.0  # width of one shade in the key


def correlation_matrix(
    names: Sequence[str], values: Mapping[tuple[str, str], float], width: float = 700, *, marked: float = 0.10
) -> Scene:
    """The lower triangle of a matrix of residual correlations; ``values`` by pairs of names, either order.

    Numbers are printed where a cell has room for them, else those from ``marked`` on; these have a frame, so that they
    are found without colour, and the sign is in the number.
    """
    names = list(names)
    label = min(max((text_width(n, 12) for n in names), default=0) + 10, 0.34 * width)
    cell = min(_CELL, (width - label) / max(len(names), 1))
    size = min(11.5, cell * 0.36)
    roomy = cell >= 26
    scene = Scene(width, 0)
    top = 6.0
    for i, row in enumerate(names):
        y = top + i * cell
        scene.text(label - 8, y + cell / 2 + 4, _short(row, label - 9), size=min(12, cell * 0.8), anchor="end")
        for j, column in enumerate(names[:i]):
            value = values.get((row, column), values.get((column, row), math.nan))
            if math.isfinite(value):
                _cell(scene, label + j * cell, y, cell, value, size, roomy, marked)
    bottom = top + len(names) * cell
    for j, column in enumerate(names[:-1]):
        x = label + j * cell + cell / 2
        at = top + (j + 1) * cell - 5  # just above the first cell of the column
        if cell >= 30 and text_width(column, 10.5) <= cell * 1.9:
            scene.text(x, at, column, size=10.5, anchor="middle", colour=QUIET)
        elif cell >= 14:
            scene.text(x, at, str(j + 1), size=min(10, cell * 0.6), anchor="middle", colour=QUIET)
    scene.height = _key(scene, min(label, width - _STEPS * _SHADE - 40), bottom + 14)
    return scene


def _cell(scene: Scene, x: float, y: float, cell: float, value: float, size: float, roomy: bool, marked: float) -> None:
    fill = _shade(value)
    large = abs(value) >= marked
    scene.rect(x + 0.5, y + 0.5, cell - 1, cell - 1, fill=fill, stroke=INK if large else "none", weight=1.4)
    if roomy or (large and cell >= 17):
        colour = "white" if luminance(fill) < 0.3 else INK
        scene.text(x + cell / 2, y + cell / 2 + size * 0.36, bounded(value), size=size, anchor="middle", colour=colour)


def _shade(value: float) -> str:
    """Grey at zero, blue for positive, vermilion for negative values."""
    place = (min(max(value / _FULL, -1.0), 1.0) + 1) / 2
    return diverging(_STEPS)[min(int(place * _STEPS), _STEPS - 1)]


def _key(scene: Scene, x: float, y: float) -> float:
    """Shades from the largest negative to the largest positive value; the height at which they end."""
    for k, colour in enumerate(diverging(_STEPS)):
        scene.rect(x + k * _SHADE, y, _SHADE, 12, fill=colour, stroke=RULE, weight=0.6)
    ends = ((0.0, f"{bounded(-_FULL)} or less"), (_STEPS / 2, "0"), (float(_STEPS), f"{bounded(_FULL)} or more"))
    for place, text in ends:
        scene.text(x + place * _SHADE, y + 27, text, size=11, anchor="middle", colour=QUIET)
    return y + 36


def _short(name: str, width: float) -> str:
    if text_width(name, 12) <= width:
        return name
    while name and text_width(name + "…", 12) > width:
        name = name[:-1]
    return name + "…"
