"""Participant flow: reports received, excluded with reasons, the sample, its further reports, and what each model
analysed. Boxes downwards (STROBE, CONSORT), the lists at the end as small tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from alliance.reporting.figures.scene import Scene, text_width, wrap
from alliance.reporting.figures.style import FAINT, INK, QUIET, RULE

_SIZE = 13.0
_LINE = 18.0
_PAD = 12.0


@dataclass(frozen=True)
class Box:
    """A heading and lines of (name, count)."""

    heading: str
    lines: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Analyses:
    """A list at the end of the flow, such as what the models analysed: a heading, the names of the count columns, and
    per row its name and counts (the last is what is left)."""

    heading: str
    columns: list[str]
    rows: list[tuple[str, list[str]]]


def flow_diagram(spine: list[tuple[Box, Box | None]], lists: Sequence[Analyses] = (), width: float = 700) -> Scene:
    """Boxes downwards, each with the box that leaves it at the right; the lists stand below as small tables.

    A side box hangs on the arrow to the next box of the spine (or below the last one).
    """
    scene = Scene(width, 0)
    gap = 30.0 if width > 500 else 16.0
    main = (width - gap) * (0.46 if width > 500 else 0.44)
    side_x = main + gap
    stem = main * 0.5
    y = 2.0
    for i, (box, side) in enumerate(spine):
        height = _height(box, main)
        _box(scene, box, 1, y, main - 2, height, fill="white")
        y += height
        last = i == len(spine) - 1 and not lists
        if side is None:
            if not last:
                scene.arrow(stem, y, stem, y + 28)
                y += 28
            continue
        tall = _height(side, width - side_x)
        at = y + 14 + tall / 2
        end = y + tall + 28
        if last:
            scene.line(stem, y, stem, at, weight=1.1)
        else:
            scene.arrow(stem, y, stem, end, weight=1.1)
        scene.arrow(stem, at, side_x, at, weight=1.1)
        _box(scene, side, side_x, y + 14, width - side_x - 1, tall, fill=FAINT)
        y = end
    for i, analyses in enumerate(lists):
        if i:
            scene.arrow(stem, y, stem, y + 28)
            y += 28
        y = _analyses(scene, analyses, y, width)
    scene.height = y + 3
    return scene


def _rows(box: Box, width: float) -> list[tuple[list[str], str]]:
    room = width - 2 * _PAD - max((text_width(n, _SIZE) for _, n in box.lines), default=0) - 10
    return [(wrap(name, room, _SIZE), n) for name, n in box.lines]


def _height(box: Box, width: float) -> float:
    lines = len(wrap(box.heading, width - 2 * _PAD, _SIZE, bold=True)) + sum(len(name) for name, _ in _rows(box, width))
    return 2 * _PAD - 10 + _LINE * lines


def _box(scene: Scene, box: Box, x: float, y: float, width: float, height: float, fill: str) -> None:
    scene.rect(x, y, width, height, fill=fill, weight=1.1)
    at = y + _PAD + 8
    for line in wrap(box.heading, width - 2 * _PAD, _SIZE, bold=True):
        scene.text(x + _PAD, at, line, size=_SIZE, bold=True)
        at += _LINE
    for name, n in _rows(box, width):
        scene.text(x + width - _PAD, at, n, size=_SIZE, anchor="end")
        for line in name:
            scene.text(x + _PAD, at, line, size=_SIZE, colour=INK)
            at += _LINE


def _analyses(scene: Scene, analyses: Analyses, y: float, width: float) -> float:
    """One list; on a narrow picture only its last column."""
    wide = width > 500
    columns = analyses.columns if wide else analyses.columns[-1:]
    each = min(96.0, (width * 0.62) / max(len(columns), 1))
    names = width - 2 * _PAD - each * len(columns)
    heads = [wrap(c, each - 14, 12) for c in columns]
    labels = [wrap(name, names - 8, _SIZE) for name, _ in analyses.rows]
    head = _LINE * (len(wrap(analyses.heading, names, _SIZE, bold=True)))
    head = max(head, 15.0 * max((len(h) for h in heads), default=1))
    height = 2 * _PAD + head + sum(_LINE * len(label) + 4 for label in labels)
    scene.rect(1, y, width - 2, height, fill="white", weight=1.1)
    for k, line in enumerate(wrap(analyses.heading, names, _SIZE, bold=True)):
        scene.text(_PAD, y + _PAD + 9 + k * _LINE, line, size=_SIZE, bold=True)
    for j, lines in enumerate(heads):
        right = width - _PAD - each * (len(columns) - 1 - j)
        for k, line in enumerate(lines):
            scene.text(right, y + _PAD + 9 + head - 15 * (len(lines) - k), line, size=12, anchor="end", colour=QUIET)
    at = y + _PAD + head + 3
    scene.line(_PAD, at, width - _PAD, at, stroke=RULE)
    at += 17
    for label, (_, counts) in zip(labels, analyses.rows, strict=True):
        for j, n in enumerate(counts if wide else counts[-1:]):
            right = width - _PAD - each * (len(columns) - 1 - j)
            scene.text(right, at, n, size=_SIZE, anchor="end", bold=j == len(columns) - 1)
        for line in label:
            scene.text(_PAD, at, line, size=_SIZE)
            at += _LINE
        at += 4
    return y + height
