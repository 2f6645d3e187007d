"""The models that a config asks for, made from the instrument's key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alliance.errors import Stop
from alliance.measurement.key_check import ItemCheck
from alliance.measurement.models import MeasurementModel, build_model, with_residuals

if TYPE_CHECKING:
    import pandas as pd

Key = Mapping[str, Sequence[str]]


def model_menu(key: Key, settings: Mapping[str, Any], checks: Sequence[ItemCheck] = ()) -> list[MeasurementModel]:
    """The models that the config asks for, with its declared residual covariances.

    Raises :class:`Stop` for the first that cannot be made; see :func:`possible_models`.
    """
    return [_model(name, key, settings, checks) for name in asked_models(settings)]


def possible_models(
    key: Key, settings: Mapping[str, Any], checks: Sequence[ItemCheck] = ()
) -> tuple[list[MeasurementModel], dict[str, str]]:
    """The models that can be made from this key, and name -> reason of the others."""
    menu, refused = [], {}
    for name in asked_models(settings):
        try:
            menu.append(_model(name, key, settings, checks))
        except Stop as stop:
            refused[name] = "; ".join(f"{p.what}: {p.remedy}" for p in stop.problems)
    return menu, refused


def asked_models(settings: Mapping[str, Any]) -> list[str]:
    """Names under ``models``, then those of ``texts`` that are not among them."""
    return list(dict.fromkeys([*settings["models"], *(settings.get("texts") or {})]))


def _model(name: str, key: Key, settings: Mapping[str, Any], checks: Sequence[ItemCheck]) -> MeasurementModel:
    anchors: dict[str, str] = {}
    for d in key:
        judged = [c for c in checks if c.dimension == d and c.item_rest == c.item_rest]
        if judged:
            anchors[d] = max(judged, key=lambda c: c.item_rest).item
    pairs = [tuple(entry["items"]) for entry in settings.get("residual_covariances") or ()]
    two = {f: [d for d in members if d in key] for f, members in (settings.get("two") or {}).items()}
    model = build_model(name, key, two, anchors=anchors, written=settings.get("texts"))
    return with_residuals(model, pairs)


def usable_key(data: pd.DataFrame, key: Key) -> tuple[dict[str, list[str]], list[str]]:
    """The key without items that do not vary in ``data`` and dimensions with fewer than two others; what was left out.

    Models hold the rest; scores that need no model are made of everything.
    """
    left, notes = {}, []
    for dimension, items in key.items():
        flat = [item for item in items if data[item].nunique() < 2]
        kept = [item for item in items if item not in flat]
        notes += [f"item {item} has {_how_flat(data[item])}: left out of the models" for item in flat]
        if len(kept) > 1:
            left[dimension] = kept
        else:
            notes.append(f"dimension {dimension} has fewer than two items: left out of the models")
    return left, notes


def _how_flat(answers: pd.Series) -> str:
    return "the same answer from everybody" if answers.notna().any() else "no answers"
