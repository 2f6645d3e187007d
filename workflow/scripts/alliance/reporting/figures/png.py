"""A scene as PNG through matplotlib's Agg renderer, twice the size of the SVG."""

from __future__ import annotations

import io

from alliance.reporting.figures.scene import MARGIN, Ellipse, Scene, Shape, Text

_DPI = 100  # one scene pixel is a hundredth of an inch, drawn with 2 x 2 dots
_POINTS = 72 / _DPI
_DEJAVU = 0.87  # DejaVu Sans, which comes with matplotlib, is that much wider than Helvetica


def to_png(scene: Scene) -> bytes:
    """The bytes of a PNG file on white ground, without a date."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    size = ((scene.width + 2 * MARGIN) / _DPI, (scene.height + 2 * MARGIN) / _DPI)
    figure = Figure(figsize=size, dpi=2 * _DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-MARGIN, scene.width + MARGIN), ylim=(scene.height + MARGIN, -MARGIN))
    axes.axis("off")
    for order, shape in enumerate(scene.shapes):
        _draw(axes, shape, order)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def _draw(axes, shape: Shape | Ellipse | Text, order: int) -> None:
    from matplotlib import patches
    from matplotlib.path import Path

    if isinstance(shape, Text):
        axes.text(
            shape.x,
            shape.y,
            shape.text.replace("$", r"\$"),
            fontsize=shape.size * _POINTS * _DEJAVU,
            color=shape.colour,
            zorder=order,
            ha={"start": "left", "middle": "center", "end": "right"}[shape.anchor],
            va="baseline",
            family="DejaVu Sans",
            weight="bold" if shape.bold else "normal",
            style="italic" if shape.italic else "normal",
        )
        return
    style = {
        "facecolor": shape.fill,
        "edgecolor": shape.stroke,
        "linewidth": shape.weight * _POINTS if shape.stroke != "none" else 0,
        "zorder": order,
    }
    if isinstance(shape, Ellipse):
        axes.add_artist(patches.Ellipse((shape.x, shape.y), 2 * shape.rx, 2 * shape.ry, **style))
        return
    if shape.dash:
        style["linestyle"] = (0, tuple(float(d) / max(shape.weight, 0.1) for d in shape.dash.split()))
    vertices = list(shape.points) + ([shape.points[0]] if shape.closed else [])
    codes = [Path.MOVETO] + [Path.CURVE4 if shape.curve else Path.LINETO] * (len(vertices) - 1)
    if shape.closed:
        codes[-1] = Path.CLOSEPOLY
    axes.add_artist(patches.PathPatch(Path(vertices, codes), capstyle="butt", joinstyle="miter", **style))
