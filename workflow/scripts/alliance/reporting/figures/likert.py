"""Answers to the items as bars that diverge from the middle category."""

from __future__ import annotations

import math
from dataclasses import dataclass

from alliance.reporting.figures.scene import Scene, Shape, text_width, wrap
from alliance.reporting.figures.style import INK, QUIET, diverging, luminance


@dataclass(frozen=True)
class Answers:
    """One item: its name and the share of each answer code, lowest first; the shares sum to 1."""

    label: str
    shares: tuple[float, ...]


def likert_plot(groups: list[tuple[str, list[Answers]]], codes: list[str], width: float = 700) -> Scene:
    """Bars in groups (one per dimension), a line through the middle of the scale, the share printed where it fits.

    Low answers reach to the left of the line and high ones to the right, so position tells them apart without colour.
    """
    items = [item for _, group in groups for item in group]
    k = len(codes)
    colours = diverging(k)
    label_column = min(max((text_width(item.label, 13) for item in items), default=0) + 14, 0.36 * width)
    stacked = width < 480 and label_column > 80
    left = 0.0 if stacked else label_column
    lows = [_low(item.shares) for item in items] or [0.5]
    reach_low, reach_high = max(lows), max(1 - low for low in lows)
    unit = (width - left - 4) / (reach_low + reach_high)
    zero = left + 2 + reach_low * unit
    scene = Scene(width, 0)
    y = _key(scene, codes, colours, width)
    top = y
    for heading, group in groups:
        y += 24
        scene.text(0, y, heading, size=13, bold=True)
        y += 8
        start = y
        for item in group:
            lines = wrap(item.label, (width if stacked else label_column - 12), 13)
            if stacked:
                for line in lines:
                    y += 16
                    scene.text(0, y, line, size=12.5)
                y += 4
                height, middle = 20.0, y + 10
            else:
                height = max(24.0, 16 * len(lines) + 4)
                middle = y + height / 2
                for j, line in enumerate(lines):
                    scene.text(8, middle + 4.5 + 16 * (j - (len(lines) - 1) / 2), line, size=13)
            _bar(scene, item.shares, colours, zero, unit, middle)
            y += height + 3
        if not stacked:
            scene.shapes.insert(0, Shape(((zero, start - 2), (zero, y)), stroke=INK, dash="3 3"))
    scene.height = max(y, top) + 6
    return scene


def _low(shares: tuple[float, ...]) -> float:
    """The part left of the middle: answers below it and half of a middle category."""
    half = len(shares) // 2
    return sum(shares[:half]) + (shares[half] / 2 if len(shares) % 2 else 0.0)


def _bar(scene: Scene, shares: tuple[float, ...], colours: list[str], zero: float, unit: float, middle: float) -> None:
    x = zero - _low(shares) * unit
    for share, colour in zip(shares, colours, strict=True):
        if not math.isfinite(share) or share <= 0:
            continue
        scene.rect(x, middle - 9.5, share * unit, 19, fill=colour, stroke="white", weight=0.8)
        text = f"{100 * share:.0f}"
        if share * unit > text_width(text, 11.5) + 6:
            dark = luminance(colour) < 0.3
            scene.text(
                x + share * unit / 2, middle + 4, text, size=11.5, anchor="middle", colour="white" if dark else INK
            )
        x += share * unit


def _key(scene: Scene, codes: list[str], colours: list[str], width: float) -> float:
    x, y = 0.0, 14.0
    for code, colour in zip(codes, colours, strict=True):
        needed = 20 + text_width(code, 12) + 16
        if x and x + needed > width:
            x, y = 0.0, y + 20
        scene.rect(x, y - 11, 14, 13, fill=colour, stroke=QUIET, weight=0.6)
        scene.text(x + 20, y, code, size=12)
        x += needed
    return y + 4
