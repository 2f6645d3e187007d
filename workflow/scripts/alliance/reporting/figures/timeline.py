"""Timelines of outcomes: where the clock starts, what stretch of time is looked at, and how far records must reach."""

from __future__ import annotations

from dataclasses import dataclass

from alliance.reporting.figures.scene import Scene, text_width, wrap
from alliance.reporting.figures.style import BLUE, INK, QUIET, RULE, VERMILION

_SIZE, _SMALL, _BAR = 13.0, 12.0, 11.0


@dataclass(frozen=True)
class Span:
    """One outcome, in years from the entry fall: ``reach`` None for a clock that runs on, ``text`` at the right."""

    label: str
    start: float
    end: float
    reach: float | None
    text: str = ""


def timeline(spans: list[Span], terms: int, width: float = 700) -> Scene:
    """Draw one row per outcome on a shared axis of academic years with ``terms`` main terms each.

    Where the labels leave too little room for the axis (a phone), they stand above their rows.
    """
    label_column = min(max(text_width(s.label, _SIZE) for s in spans) + 16, 250.0)
    text_column = max(text_width(s.text, _SMALL) for s in spans) + 14
    stacked = width - label_column - text_column < 0.42 * width
    left, right = (10.0, width - 16.0) if stacked else (label_column, width - text_column)
    last = max(max(s.reach or 0.0, s.end) for s in spans)

    def x(year: float) -> float:
        return left + (right - left) * year / last

    scene = Scene(width, 0)
    y = _legend(scene, width)
    top = y
    scene.text(x(0), y + 12, "Entry", size=_SMALL, colour=QUIET)
    step = 1 if (right - left) / last > 40 else 2
    for year in range(step, int(last) + 1, step):
        anchor = "middle" if x(year) < right - 24 else "end"
        scene.text(x(year), y + 12, f"{year} year{'s' if year > 1 else ''}" if year == step else str(year),
                   size=_SMALL, anchor=anchor, colour=QUIET)  # fmt: skip
    y += 22
    ground = len(scene.shapes)
    bands = [(top + 18, y)]  # where the grid is drawn: not behind text
    for span in spans:
        lines = wrap(span.label, (width if stacked else label_column) - 14, _SIZE)
        if stacked:
            for line in lines:
                scene.text(0, y + 13, line, size=_SIZE)
                y += 16
            scene.text(0, y + 12, span.text, size=_SMALL, colour=QUIET)
            y += 16
            middle = y + 14
            y += 30
            bands.append((middle - 14, y))
        else:
            height = max(34.0, 16.0 * len(lines) + 12)
            middle = y + height / 2
            for i, line in enumerate(lines):
                scene.text(0, middle + 4.5 + 16 * (i - (len(lines) - 1) / 2), line, size=_SIZE)
            scene.text(width, middle + 4, span.text, size=_SMALL, anchor="end", colour=QUIET)
            bands.append((y, y + height))
            y += height
        _row(scene, span, middle, x)
    grid = Scene(width, 0)
    for term in range(round(last * terms) + 1):
        at = x(term / terms)
        whole = term % terms == 0
        for above, below in bands:
            grid.line(at, above, at, below, stroke=RULE, weight=1.0 if whole else 0.5, dash="" if whole else "1 3")
    scene.shapes[ground:ground] = grid.shapes
    scene.height = y + 4
    return scene


def _row(scene: Scene, span: Span, y: float, x) -> None:
    scene.line(x(0), y, x(span.start), y, stroke=INK, weight=1.2)
    if span.reach is not None and span.reach > span.end:
        scene.line(x(span.end), y, x(span.reach), y, stroke=VERMILION, weight=1.4, dash="4 3")
    scene.rect(x(span.start), y - _BAR / 2, x(span.end) - x(span.start), _BAR, fill=BLUE, stroke=BLUE)
    if span.reach is None:
        scene.polygon([(x(span.end) - 1, y - _BAR), (x(span.end) + 9, y), (x(span.end) - 1, y + _BAR)],
                      fill=BLUE, stroke=BLUE)  # fmt: skip
    else:
        scene.line(x(span.reach), y - 10, x(span.reach), y + 10, stroke=VERMILION, weight=2.2)
    scene.marker(x(0), y, "circle", 8, INK)


def _legend(scene: Scene, width: float) -> float:
    """Keys of the three marks, as many lines as the width needs; returns where the drawing goes on."""
    at, y = 0.0, 8.0
    for mark, text in (
        ("start", "clock starts"),
        ("window", "the time that counts"),
        ("reach", "records must reach this far"),
    ):
        needed = 26 + text_width(text, _SMALL) + 18
        if at and at + needed > width:
            at, y = 0.0, y + 19
        if mark == "start":
            scene.marker(at + 8, y, "circle", 8, INK)
        elif mark == "window":
            scene.rect(at, y - _BAR / 2, 18, _BAR, fill=BLUE, stroke=BLUE)
        else:
            scene.line(at + 9, y - 8, at + 9, y + 8, stroke=VERMILION, weight=2.2)
        scene.text(at + 24, y + 4, text, size=_SMALL)
        at += needed
    return y + 18
