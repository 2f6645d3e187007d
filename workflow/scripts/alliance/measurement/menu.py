"""The models that a config asks for, made from the instrument's key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alliance.measurement.key_check import ItemCheck
from alliance.measurement.models import MeasurementModel, build_model, with_residuals

Key = Mapping[str, Sequence[str]]


def model_menu(key: Key, settings: Mapping[str, Any], checks: Sequence[ItemCheck] = ()) -> list[MeasurementModel]:
    """The models that the config asks for, with its declared residual covariances."""
    anchors: dict[str, str] = {}
    for d in key:
        judged = [c for c in checks if c.dimension == d and c.item_rest == c.item_rest]
        if judged:
            anchors[d] = max(judged, key=lambda c: c.item_rest).item
    pairs = [tuple(entry["items"]) for entry in settings.get("residual_covariances") or ()]
    texts = settings.get("texts") or {}
    names = [*settings["models"], *(name for name in texts if name not in settings["models"])]
    menu = [build_model(n, key, settings.get("two"), anchors=anchors, written=texts) for n in names]
    return [with_residuals(model, pairs) for model in menu]
