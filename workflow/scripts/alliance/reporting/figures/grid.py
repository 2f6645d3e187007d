"""Verdicts of many comparisons, step by step: one row per comparison, one cell per step, told apart without colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alliance.reporting.figures.scene import Scene, text_width, wrap
from alliance.reporting.figures.style import BLUE, INK, ORANGE, QUIET, VERMILION

HOLDS, DOUBT, FAILS, UNTESTED = "holds", "doubt", "fails", ""
_WORDS = {HOLDS: "holds", DOUBT: "criteria disagree", FAILS: "does not hold"}
_ROW = 30.0


@dataclass(frozen=True)
class Verdicts:
    """One comparison: its name, one verdict per step (``holds``, ``doubt``, ``fails`` or nothing) and a remark."""

    label: str
    steps: tuple[str, ...]
    remark: str = ""


def verdict_grid(steps: Sequence[str], rows: Sequence[Verdicts], width: float = 700) -> Scene:
    """Ticks, question marks and crosses; a remark stands at the right, or below the name where there is little room."""
    stacked = width < 480
    remarks = max((text_width(r.remark, 12) for r in rows), default=0)
    label = max((text_width(r.label, 13) for r in rows), default=0) + 16
    label = min(label, (1.0 if stacked else 0.34) * width)
    left = 0.0 if stacked else label
    right = width if stacked else width - min(remarks + 14, 0.24 * width)
    cell = (right - left) / max(len(steps), 1)
    scene = Scene(width, 0)
    y = _key(scene, width, {s for r in rows for s in r.steps})
    heads = [wrap(s, cell - 6, 12) for s in steps]
    deepest = max((len(h) for h in heads), default=1)
    for k, lines in enumerate(heads):
        for j, line in enumerate(lines):
            at = y + 14 * (j + deepest - len(lines))
            scene.text(left + (k + 0.5) * cell, at, line, size=12, anchor="middle", colour=QUIET)
    y += 14 * (deepest - 1) + 8
    for row in rows:
        y = _row(scene, row, y, left, cell, right, stacked)
    scene.height = y + 6
    return scene


def _row(scene: Scene, row: Verdicts, y: float, left: float, cell: float, right: float, stacked: bool) -> float:
    scene.line(0, y, scene.width, y, stroke="#e7e9ec")
    lines = wrap(row.label, scene.width if stacked else left - 12, 13, bold=stacked)
    beside = wrap(row.remark, scene.width if stacked else scene.width - right - 8, 12) if row.remark else []
    if stacked:
        for line in lines:
            y += 17
            scene.text(0, y, line, size=13, bold=True)
        for line in beside:
            y += 16
            scene.text(0, y, line, size=12, colour=QUIET)
        height = _ROW
    else:
        height = max(_ROW, 16 * max(len(lines), len(beside)) + 10)
        for j, line in enumerate(lines):
            scene.text(0, y + height / 2 + 4.5 + 16 * (j - (len(lines) - 1) / 2), line, size=13)
        for j, line in enumerate(beside):
            at = y + height / 2 + 4.5 + 15 * (j - (len(beside) - 1) / 2)
            scene.text(right + 10, at, line, size=12, colour=QUIET)
    for k, verdict in enumerate(row.steps):
        sign(scene, left + (k + 0.5) * cell, y + height / 2, verdict)
    return y + height


def sign(scene: Scene, x: float, y: float, verdict: str) -> None:
    """A tick in a filled disc, a question mark in a ring, a cross in a square; a dash where nothing was tested."""
    if verdict == HOLDS:
        scene.ellipse(x, y, 9, 9, fill=BLUE, stroke=BLUE)
        scene.path([(x - 4.2, y + 0.4), (x - 1.2, y + 3.6), (x + 4.4, y - 3.4)], stroke="white", weight=2)
    elif verdict == DOUBT:
        scene.ellipse(x, y, 9, 9, fill="white", stroke=ORANGE, weight=2)
        scene.text(x, y + 4.4, "?", size=12.5, anchor="middle", bold=True, colour=INK)
    elif verdict == FAILS:
        scene.rect(x - 8.5, y - 8.5, 17, 17, fill=VERMILION, stroke=VERMILION)
        for way in (1, -1):
            scene.line(x - 4, y - 4 * way, x + 4, y + 4 * way, stroke="white", weight=2)
    else:
        scene.line(x - 4, y, x + 4, y, stroke=QUIET)


def _key(scene: Scene, width: float, used: set[str]) -> float:
    x, y = 0.0, 14.0
    for verdict, word in _WORDS.items():
        if verdict not in used:
            continue
        needed = 44 + text_width(word, 12)
        if x and x + needed > width:
            x, y = 0.0, y + 24
        sign(scene, x + 10, y - 3, verdict)
        scene.text(x + 26, y + 1, word, size=12)
        x += needed
    return y + 32
