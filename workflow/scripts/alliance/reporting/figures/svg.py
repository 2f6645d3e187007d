"""A scene as SVG: text stays text, numbers with two decimals, no date, no identifier that changes."""

from __future__ import annotations

import html

from alliance.reporting.figures.scene import MARGIN, Ellipse, Scene, Shape, Text

FONT = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"


def to_svg(scene: Scene, title: str, description: str, *, name: str = "", standalone: bool = False) -> str:
    """The picture with its title and description for readers who do not see it (``role="img"``).

    ``name`` makes the identifiers of title and description unique in a page; ``standalone`` adds what a file needs.
    """
    margin = MARGIN if standalone else 0.0
    width, height = _n(scene.width + 2 * margin), _n(scene.height + 2 * margin)
    corner = _n(-margin)
    namespace = ' xmlns="http://www.w3.org/2000/svg"' if standalone else ""
    size = f' width="{width}" height="{height}"' if standalone else f' style="max-width:{width}px"'
    ids = f"{name}-title {name}-desc"
    head = (
        f'<svg{namespace} viewBox="{corner} {corner} {width} {height}"{size} role="img" aria-labelledby="{ids}" '
        f'font-family="{FONT}">'
        f'<title id="{name}-title">{html.escape(title)}</title><desc id="{name}-desc">{html.escape(description)}</desc>'
    )
    ground = f'<rect x="{corner}" y="{corner}" width="{width}" height="{height}" fill="white"/>' if standalone else ""
    return head + ground + "".join(_shape(shape) for shape in scene.shapes) + "</svg>"


def _n(x: float) -> str:
    text = f"{x:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _shape(shape: Shape | Ellipse | Text) -> str:
    if isinstance(shape, Text):
        return _text(shape)
    paint = f'fill="{shape.fill}"' + (
        f' stroke="{shape.stroke}" stroke-width="{_n(shape.weight)}"' if shape.stroke != "none" else ""
    )
    if isinstance(shape, Ellipse):
        return f'<ellipse cx="{_n(shape.x)}" cy="{_n(shape.y)}" rx="{_n(shape.rx)}" ry="{_n(shape.ry)}" {paint}/>'
    dash = f' stroke-dasharray="{shape.dash}"' if shape.dash else ""
    points = [f"{_n(x)} {_n(y)}" for x, y in shape.points]
    way = f"M{points[0]}C{' '.join(points[1:])}" if shape.curve else f"M{'L'.join(points)}{'Z' if shape.closed else ''}"
    return f'<path d="{way}" {paint}{dash}/>'


def _text(text: Text) -> str:
    extra = f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    extra += ' font-weight="600"' if text.bold else ""
    extra += ' font-style="italic"' if text.italic else ""
    return (
        f'<text x="{_n(text.x)}" y="{_n(text.y)}" font-size="{_n(text.size)}" '
        f'fill="{text.colour}"{extra}>{html.escape(text.text, quote=False)}</text>'
    )
