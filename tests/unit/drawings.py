"""What must be true of every drawing: texts stand apart and inside the picture."""

from __future__ import annotations

from itertools import combinations

from alliance.reporting.figures.scene import Scene, Text


def overlap(a, b, slack: float = 0.5) -> bool:
    return a[0] < b[2] - slack and b[0] < a[2] - slack and a[1] < b[3] - slack and b[1] < a[3] - slack


def overlapping_texts(scene: Scene) -> list[tuple[str, str]]:
    texts = [shape for shape in scene.shapes if isinstance(shape, Text) and shape.text]
    return [(a.text, b.text) for a, b in combinations(texts, 2) if overlap(a.box, b.box)]


def outside(scene: Scene) -> list[str]:
    texts = [shape for shape in scene.shapes if isinstance(shape, Text) and shape.text]
    return [
        t.text
        for t in texts
        if t.box[0] < -1 or t.box[2] > scene.width + 1 or t.box[1] < -1 or t.box[3] > scene.height + 1
    ]
