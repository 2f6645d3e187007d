"""Path diagram of a measurement model: items in a column, factors to the left, a general factor to the right. Black
on white."""

from __future__ import annotations

from alliance.reporting.apa import bounded
from alliance.reporting.figures.path_model import PathModel
from alliance.reporting.figures.scene import Scene, text_width, wrap
from alliance.reporting.figures.style import INK, QUIET

_STEP, _GAP, _BOX = 34.0, 22.0, 26.0  # distance of items, extra distance between factors, height of an item
_SIZE = 13.0
_NAME = 80.0  # longer names of factors are broken into lines
_FAN = 165.0  # from factor to item
_ARC = 46.0  # how far each further neighbour's arc bends out


def path_diagram(model: PathModel) -> Scene:
    """Draw it; the size follows from the numbers of items and factors, so that nothing overlaps."""
    y_item = _item_heights(model)
    upper = [*dict.fromkeys(h[0] for h in model.higher), *([model.general] if model.general else [])]
    lines = {f: wrap(model.label(f), _NAME, _SIZE, bold=True) for f in [*model.factors, *upper]}
    radius = max([34.0] + [text_width(line, _SIZE, bold=True) / 2 + 12 for name in lines.values() for line in name])
    y_factor = {f: _centre([y_item[i] for i in model.own_items(f)]) for f in model.factors}
    spans = [
        abs(model.factors.index(a) - model.factors.index(b))
        for a, b, _ in model.correlations
        if a in model.factors and b in model.factors
    ]
    left_room = max([0.75 * _ARC * s + 30 for s in spans], default=6.0)
    if model.higher:
        left_room = max(left_room, 2 * radius + 110)
    x_factor = left_room + radius
    box = max([70.0] + [text_width(model.label(i), _SIZE) + 18 for i in model.items])
    x_item = x_factor + radius + _FAN
    right = x_item + box
    width = right + (_FAN + 2 * radius + 4 if model.general else 58)
    width += 34 if model.item_correlations and not model.general else 0
    scene = Scene(width, max(y_item.values(), default=60.0) + _BOX / 2 + 14)

    for factor, item, value, clear in model.loadings:
        if factor in y_factor:
            _loading(scene, (x_factor + radius, y_factor[factor]), (x_item, y_item[item]), value, clear)
    if model.general:
        y_general = _centre(list(y_item.values()))
        x_general = right + _FAN + radius
        for factor, item, value, clear in model.loadings:
            if factor == model.general:
                _loading(scene, (x_general - radius, y_general), (right, y_item[item]), value, clear)
        _factor(scene, x_general, y_general, radius, lines[model.general])
    for item in model.items:
        scene.rect(x_item, y_item[item] - _BOX / 2, box, _BOX, fill="white", weight=1.2)
        scene.text(x_item + box / 2, y_item[item] + 4.5, model.label(item), size=_SIZE, anchor="middle")
        if not model.general and item in model.residuals:
            scene.arrow(right + 22, y_item[item], right, y_item[item], size=6, weight=1)
            scene.text(right + 26, y_item[item] + 4, bounded(model.residuals[item]), size=12, colour=QUIET)
    _item_arcs(scene, model, y_item, right + 56)
    _correlations(scene, model, y_factor, x_factor - radius, radius)
    _higher(scene, model, y_factor, x_factor - radius, radius, lines)
    for factor in model.factors:
        _factor(scene, x_factor, y_factor[factor], radius, lines[factor])
    return scene


def _item_heights(model: PathModel) -> dict[str, float]:
    heights: dict[str, float] = {}
    y = _BOX / 2 + 10
    previous: str | None = None
    for item in model.items:
        owner = next((f for f in model.factors if item in model.own_items(f)), None)
        if heights:
            y += _STEP + (_GAP if owner != previous else 0)
        heights[item], previous = y, owner
    return heights


def _centre(values: list[float]) -> float:
    return (min(values) + max(values)) / 2 if values else 0.0


def _factor(scene: Scene, x: float, y: float, radius: float, lines: list[str]) -> None:
    scene.ellipse(x, y, radius, 15 + 8 * len(lines), weight=1.4)
    for k, line in enumerate(lines):
        scene.text(x, y + 4.5 + 16 * (k - (len(lines) - 1) / 2), line, size=_SIZE, anchor="middle", bold=True)


def _loading(scene: Scene, start: tuple[float, float], end: tuple[float, float], value: float, clear: bool) -> None:
    """An arrow with its value close to the item, where arrows of one factor are as far apart as the items are."""
    scene.arrow(*start, *end, weight=1.1, stroke=INK, dash="" if clear else "5 3")
    share = 0.74
    scene.label(start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]), bounded(value))


def _correlations(scene: Scene, model: PathModel, y_factor: dict[str, float], x: float, radius: float) -> None:
    """Double-headed arcs left of the factors: the further apart, the wider. Ends are spread so that heads do not
    meet."""
    labels = []
    for a, b, value in model.correlations:
        if a not in y_factor or b not in y_factor:
            continue
        first, second = sorted((a, b), key=model.factors.index)
        span = model.factors.index(second) - model.factors.index(first)
        shift = 7.0 if span == 1 else 1.0
        inset = 0.04 * radius if span == 1 else 0.0
        top, bottom = (x + inset, y_factor[first] + shift), (x + inset, y_factor[second] - shift)
        reach = _ARC * span
        scene.curve(top, (x - reach, top[1]), (x - reach, bottom[1]), bottom, weight=1.1)
        scene.arrowhead(top, (x - 20, top[1] + 5))
        scene.arrowhead(bottom, (x - 20, bottom[1] - 5))
        labels.append((x - 0.75 * reach, (top[1] + bottom[1]) / 2, bounded(value)))
    for at_x, at_y, text in labels:
        scene.label(at_x, at_y, text, size=12.5)


def _higher(
    scene: Scene, model: PathModel, y_factor: dict[str, float], x: float, radius: float, lines: dict[str, list[str]]
) -> None:
    """A second-order factor at the far left."""
    for upper in dict.fromkeys(f for f, _, _, _ in model.higher):
        mine = [(f, value, clear) for g, f, value, clear in model.higher if g == upper]
        y = _centre([y_factor[f] for f, _, _ in mine])
        for f, value, clear in mine:
            _loading(scene, (2 * radius + 2, y), (x, y_factor[f]), value, clear)
        _factor(scene, radius + 2, y, radius, lines[upper])


def _item_arcs(scene: Scene, model: PathModel, y_item: dict[str, float], x: float) -> None:
    for a, b, value in model.item_correlations:
        y1, y2 = sorted((y_item[a], y_item[b]))
        scene.curve((x, y1), (x + 34, y1), (x + 34, y2), (x, y2), weight=1, dash="4 3")
        scene.arrowhead((x, y1), (x + 10, y1), 6)
        scene.arrowhead((x, y2), (x + 10, y2), 6)
        scene.label(x + 25, (y1 + y2) / 2, bounded(value), size=11)
