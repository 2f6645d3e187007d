"""Traces of chained equations: the mean of the imputed values, iteration by iteration, one line per imputation."""

from __future__ import annotations

from dataclasses import dataclass

from alliance.reporting.apa import number
from alliance.reporting.figures.scene import Scene, text_width, wrap
from alliance.reporting.figures.style import LOOKS, QUIET, RULE

_PLOT = 110.0  # height of one panel's plot


@dataclass(frozen=True)
class TracePanel:
    """One variable: its name, and the chains (each a mean per iteration)."""

    label: str
    chains: list[list[float]]


def trace_plot(panels: list[TracePanel], width: float = 700) -> Scene:
    """Panels side by side, each with its own scale. Chains that mingle and do not climb have settled."""
    scene = Scene(width, 0)
    across = 3 if width >= 600 else 1
    gap = 26.0
    panel_width = (width - gap * (across - 1)) / across
    y = 0.0
    for first in range(0, len(panels), across):
        row = panels[first : first + across]
        heads = [wrap(p.label, panel_width - 8, 12, bold=True) for p in row]
        top = y + 15.0 * max(len(h) for h in heads) + 6
        for k, (panel, head) in enumerate(zip(row, heads, strict=True)):
            x = k * (panel_width + gap)
            for j, line in enumerate(head):
                scene.text(x, y + 13 + 15 * j, line, size=12, bold=True)
            _panel(scene, panel, x, top, panel_width)
        y = top + _PLOT + 40
    scene.text(width / 2, y - 4, "Iteration", size=12, anchor="middle")
    scene.height = y + 4
    return scene


def _panel(scene: Scene, panel: TracePanel, x: float, top: float, width: float) -> None:
    values = [v for chain in panel.chains for v in chain]
    low, high = min(values), max(values)
    room = (high - low) * 0.06 or 0.5
    low, high = low - room, high + room
    digits = 2 if high - low < 5 else 0
    labels = [number(v, digits) for v in (low, high)]
    left = x + max(text_width(t, 11) for t in labels) + 6
    bottom = top + _PLOT
    steps = max(len(chain) for chain in panel.chains)

    def place(i: int, value: float) -> tuple[float, float]:
        return left + (x + width - left) * i / max(steps - 1, 1), bottom - (bottom - top) * (value - low) / (high - low)

    for value, text in zip((low, high), labels, strict=True):
        at = place(0, value)[1]
        scene.line(left, at, x + width, at, stroke=RULE, weight=1)
        scene.text(left - 5, at + 4, text, size=11, anchor="end", colour=QUIET)
    for k, chain in enumerate(panel.chains):
        scene.path([place(i, v) for i, v in enumerate(chain)], stroke=LOOKS[k % len(LOOKS)].colour, weight=0.8)
    for i, anchor in ((0, "start"), (steps - 1, "end")):
        scene.text(place(i, low)[0], bottom + 16, str(i + 1), size=11, anchor=anchor, colour=QUIET)
