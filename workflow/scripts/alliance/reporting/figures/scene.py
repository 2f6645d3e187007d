"""A drawing: shapes in pixels, y downwards. Arrowheads are polygons, so that every output draws the same thing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from alliance.reporting.figures.style import INK

MARGIN = 14.0  # white around a drawing that stands in a file of its own

# Advance widths of Helvetica (Adobe AFM) in thousandths of the size: to place text without a font file.
_CHARACTERS = {
    191: "'",
    222: "ijl",
    260: "|",
    278: " !,./:;I[\\]ft",
    333: "()-`r",
    334: "{}",
    355: '"',
    389: "*",
    469: "^",
    500: "Jcksvxyz",
    556: "#$0123456789?L_abdeghnopqu",
    584: "+<=>~",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1015: "@",
}
_WIDTHS = {character: width for width, characters in _CHARACTERS.items() for character in characters}


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Width in pixels of a line of Helvetica or a font with its metrics (Arial, Liberation Sans)."""
    units = sum(_WIDTHS.get(c, 584) for c in text)
    return units * size / 1000 * (1.06 if bold else 1.0)


def wrap(text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """Break a text into lines no wider than ``width`` pixels, between words (a longer word gets its own line)."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines or [""]


@dataclass(frozen=True)
class Shape:
    """Points joined by straight lines, or by a cubic Bezier when ``curve`` (four points)."""

    points: tuple[tuple[float, float], ...]
    closed: bool = False
    curve: bool = False
    stroke: str = INK
    weight: float = 1.0
    fill: str = "none"
    dash: str = ""


@dataclass(frozen=True)
class Ellipse:
    """An ellipse by its centre and radii."""

    x: float
    y: float
    rx: float
    ry: float
    stroke: str = INK
    weight: float = 1.0
    fill: str = "white"


@dataclass(frozen=True)
class Text:
    """A line of text; y is the baseline."""

    x: float
    y: float
    text: str
    size: float = 13
    anchor: str = "start"
    bold: bool = False
    italic: bool = False
    colour: str = INK

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the ink, by Helvetica's metrics."""
        width = text_width(self.text, self.size, bold=self.bold)
        left = self.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * width
        return left, self.y - 0.74 * self.size, left + width, self.y + 0.22 * self.size


@dataclass
class Scene:
    """A picture of ``width`` x ``height`` pixels; later shapes lie over earlier ones."""

    width: float
    height: float
    shapes: list[Shape | Ellipse | Text] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, **style) -> None:
        """A straight line."""
        self.shapes.append(Shape(((x1, y1), (x2, y2)), **style))

    def polygon(self, points: list[tuple[float, float]], **style) -> None:
        """A closed shape."""
        self.shapes.append(Shape(tuple(points), closed=True, **style))

    def rect(self, x: float, y: float, width: float, height: float, **style) -> None:
        """A rectangle by its upper left corner."""
        self.polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], **style)

    def path(self, points: list[tuple[float, float]], **style) -> None:
        """An open line through the points."""
        self.shapes.append(Shape(tuple(points), **style))

    def curve(self, p0: tuple, p1: tuple, p2: tuple, p3: tuple, **style) -> None:
        """A cubic Bezier."""
        self.shapes.append(Shape((p0, p1, p2, p3), curve=True, **style))

    def ellipse(self, x: float, y: float, rx: float, ry: float, **style) -> None:
        """An ellipse."""
        self.shapes.append(Ellipse(x, y, rx, ry, **style))

    def text(self, x: float, y: float, text: str, **style) -> None:
        """A line of text at its baseline."""
        self.shapes.append(Text(x, y, text, **style))

    def label(self, x: float, y: float, text: str, *, size: float = 12, **style) -> None:
        """Text centred on a point in both directions, on a white ground, so that a line behind it does not cross it."""
        half = text_width(text, size) / 2 + 2.5
        self.rect(x - half, y - size * 0.62, 2 * half, size * 1.24, fill="white", stroke="none")
        self.text(x, y + size * 0.36, text, size=size, anchor="middle", **style)

    def arrowhead(
        self, tip: tuple[float, float], origin: tuple[float, float], size: float = 7, colour: str = INK
    ) -> None:
        """A filled head at ``tip``, coming from ``origin``."""
        angle = math.atan2(tip[1] - origin[1], tip[0] - origin[0])
        base = [
            (tip[0] - size * math.cos(angle + side), tip[1] - size * math.sin(angle + side)) for side in (0.38, -0.38)
        ]
        self.polygon([tip, *base], fill=colour, stroke="none")

    def arrow(self, x1: float, y1: float, x2: float, y2: float, *, size: float = 7, **style) -> None:
        """A line with a head at its end."""
        length = math.hypot(x2 - x1, y2 - y1) or 1.0
        stop = 1 - min(size * 0.8 / length, 1.0)
        self.line(x1, y1, x1 + (x2 - x1) * stop, y1 + (y2 - y1) * stop, **style)
        self.arrowhead((x2, y2), (x1, y1), size, style.get("stroke", INK))

    def marker(self, x: float, y: float, kind: str, size: float, colour: str) -> None:
        """A data point: circle, square, triangle or diamond, filled or ``-open``."""
        shape, _, hollow = kind.partition("-")
        style = {"fill": "white" if hollow else colour, "stroke": colour, "weight": 1.6}
        r = size / 2
        if shape == "circle":
            self.ellipse(x, y, r, r, **style)
        elif shape == "square":
            self.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r, **style)
        elif shape == "triangle":
            self.polygon([(x, y - 1.15 * r), (x + 1.1 * r, y + 0.8 * r), (x - 1.1 * r, y + 0.8 * r)], **style)
        else:
            self.polygon([(x, y - 1.3 * r), (x + 1.3 * r, y), (x, y + 1.3 * r), (x - 1.3 * r, y)], **style)
