"""Rates over many cohorts as lines with markers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from alliance.reporting.figures.axes import Scale, fit_axis
from alliance.reporting.figures.scene import Scene, text_width
from alliance.reporting.figures.style import QUIET, RULE, Look


@dataclass(frozen=True)
class Series:
    """A named line: one value per cohort, NaN where there is none (the line breaks there)."""

    label: str
    values: tuple[float, ...]
    look: Look


def line_plot(cohorts: list[str], series: list[Series], scale: Scale, width: float = 700, height: float = 300) -> Scene:
    """Cohorts from left to right, the scale upwards, a key on top; tick labels of cohorts are thinned where they
    would touch."""
    scene = Scene(width, 0)
    x, y = 0.0, 14.0
    for line in series:
        needed = 52 + text_width(line.label, 12)
        if x and x + needed > width:
            x, y = 0.0, y + 20
        scene.line(x, y - 4, x + 24, y - 4, stroke=line.look.colour, weight=1.8, dash=line.look.dash)
        scene.marker(x + 12, y - 4, line.look.marker, 8, line.look.colour)
        scene.text(x + 31, y, line.label, size=12)
        x += needed
    top, left, right = y + 18, 42.0, width - 8
    bottom = top + height
    axis = fit_axis(scale, [v for line in series for v in line.values if math.isfinite(v)], bottom, top)
    for tick in axis.ticks(40):
        at = axis.position(tick)
        scene.line(left, at, right, at, stroke="#e7e9ec", weight=1)
        scene.text(left - 6, at + 4, axis.tick_label(tick), size=12, anchor="end", colour=QUIET)
    scene.line(left, bottom, right, bottom, stroke=RULE)
    step = (right - left - 16) / max(len(cohorts) - 1, 1)
    where = [left + 8 + step * i for i in range(len(cohorts))]
    every = max(1, math.ceil((max(text_width(c, 12) for c in cohorts) + 12) / max(step, 1e-9))) if cohorts else 1
    for i, (cohort, at) in enumerate(zip(cohorts, where, strict=True)):
        if i % every == 0:
            scene.line(at, bottom, at, bottom + 4, stroke=RULE)
            anchor = "middle" if len(cohorts) > 1 else "start"
            scene.text(at, bottom + 18, cohort, size=12, anchor=anchor, colour=QUIET)
    for line in series:
        run: list[tuple[float, float]] = []
        for at, value in zip(where, line.values, strict=True):
            if math.isfinite(value):
                run.append((at, axis.position(value)))
            else:
                _run(scene, run, line.look)
                run = []
        _run(scene, run, line.look)
    scene.text((left + right) / 2, bottom + 38, scale.label, size=12, anchor="middle")
    scene.height = bottom + 46
    return scene


def _run(scene: Scene, points: list[tuple[float, float]], look: Look) -> None:
    if len(points) > 1:
        scene.path(points, stroke=look.colour, weight=1.8, dash=look.dash)
    for x, y in points:
        scene.marker(x, y, look.marker, 7, look.colour)
