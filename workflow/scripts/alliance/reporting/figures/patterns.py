"""Patterns of what is there and what is not: one row per pattern, a square per report, a bar for the students."""

from __future__ import annotations

from dataclasses import dataclass

from alliance.reporting.figures.scene import Scene, text_width, wrap
from alliance.reporting.figures.style import BLUE, INK, QUIET, RULE

_ROW = 26.0
_SQUARE = 14.0


@dataclass(frozen=True)
class Pattern:
    """One row: which columns are there (None for a row that pools several patterns), its share, what is printed."""

    there: tuple[bool, ...] | None
    share: float
    text: str
    label: str = ""


def pattern_plot(columns: list[str], rows: list[Pattern], width: float = 700) -> Scene:
    """Filled squares are there, open ones are missing; bars from the right of the squares, in the order given."""
    scene = Scene(width, 0)
    print_width = max(text_width(r.text, 13) for r in rows) + 12
    column_width = min(110.0, 0.55 * width / max(len(columns), 1))
    heads = [wrap(c, column_width - 8, 12) for c in columns]
    top = 14.0 * max(len(h) for h in heads) + 8
    for i, head in enumerate(heads):
        for k, line in enumerate(head):
            y = top - 6 - 14 * (len(head) - 1 - k)
            scene.text((i + 0.5) * column_width, y, line, size=12, anchor="middle", colour=QUIET)
    left = len(columns) * column_width + 12
    longest = max((r.share for r in rows), default=1.0) or 1.0
    for k, row in enumerate(rows):
        y = top + (k + 0.5) * _ROW
        if k:
            scene.line(0, y - _ROW / 2, width, y - _ROW / 2, stroke="#e7e9ec", weight=1)
        if row.there is None:
            scene.text(8, y + 4.5, row.label, size=13)
        for i, there in enumerate(row.there or ()):
            x = (i + 0.5) * column_width - _SQUARE / 2
            fill = BLUE if there else "white"
            scene.rect(x, y - _SQUARE / 2, _SQUARE, _SQUARE, fill=fill, stroke=BLUE if there else QUIET, weight=1.4)
        bar = (width - print_width - left) * row.share / longest
        scene.rect(left, y - 7, max(bar, 1.0), 14, fill="#9cc4de", stroke="none")
        scene.text(left + max(bar, 1.0) + 6, y + 4.5, row.text, size=13, colour=INK)
    scene.line(left, top, left, top + len(rows) * _ROW, stroke=RULE)
    scene.height = top + len(rows) * _ROW + 4
    return scene
