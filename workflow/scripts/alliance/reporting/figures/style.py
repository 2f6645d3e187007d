"""Colours and second channels: Okabe-Ito, each colour with its own marker and line style, so that grey prints stay
readable."""

from __future__ import annotations

from dataclasses import dataclass

INK = "#1b1b1b"
QUIET = "#5f6368"
RULE = "#c9ccd1"
FAINT = "#f3f4f6"

# Okabe & Ito (2008), without yellow, which is too light for lines on white.
BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE, BLACK = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#56B4E9",
    "#CC79A7",
    "#000000",
)


@dataclass(frozen=True)
class Look:
    """How one series is told from the others: colour, marker, dash pattern."""

    colour: str
    marker: str
    dash: str


LOOKS = (
    Look(BLUE, "circle", ""),
    Look(VERMILION, "square", "6 3"),
    Look(GREEN, "triangle", "2 3"),
    Look(PURPLE, "diamond", "8 3 2 3"),
    Look(BLACK, "circle-open", "1 2"),
    Look(ORANGE, "square-open", "10 4"),
    Look(SKY, "triangle-open", "4 2 1 2"),
)
POOLED = Look(INK, "diamond", "")


def look(index: int) -> Look:
    """The look of series ``index`` (from 0); repeats after seven."""
    return LOOKS[index % len(LOOKS)]


def diverging(k: int) -> list[str]:
    """Colours of ``k`` ordered answers from low (vermilion) over grey to high (blue), lightest in the middle."""
    low, high, middle = "#C65A11", "#0B5C8E", "#e3e3e3"
    half = k // 2
    left = [_mix(low, middle, 0.78 * i / max(half - 1, 1)) if half > 1 else low for i in range(half)]
    right = [_mix(high, middle, 0.78 * i / max(half - 1, 1)) if half > 1 else high for i in range(half)][::-1]
    return [*left, *([middle] if k % 2 else []), *right]


def luminance(colour: str) -> float:
    """Relative luminance (0 black, 1 white) of ``#rrggbb``, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _mix(a: str, b: str, share: float) -> str:
    pairs = [(int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in pairs)
