"""Models that a config writes out in lavaan's language: which items are on which factor, and what cannot be read."""

from __future__ import annotations

from collections.abc import Sequence

from alliance.errors import Problem, Stop

GENERAL = "general"  # the factor of all items
MENU = ("one", "two", "correlated", "second_order", "bifactor", "exploratory")


def read_model_text(name: str, text: str, items: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Factor -> what it is measured by (items or other factors), in the order of the text.

    Raises :class:`Stop` when the text cannot be read, measures nothing, or names something else than ``items``.
    """
    from alliance.sem import ModelSyntaxError
    from alliance.sem.syntax import Element, parse

    try:
        loadings = [e for e in parse(text) if isinstance(e, Element) and e.op == "=~"]
    except ModelSyntaxError as error:
        what = str(error).removeprefix("STOPPED in model syntax: ")
        raise _wrong(name, what, "correct the model text") from None
    latents = list(dict.fromkeys(e.lhs for e in loadings))
    unknown = sorted({e.rhs for e in loadings} - set(items) - set(latents))
    if unknown or not loadings:
        what = f"no such item: {', '.join(unknown)}" if unknown else "measures nothing"
        raise _wrong(name, what, "use the variables of the items in the codebook")
    return {f: tuple(e.rhs for e in loadings if e.lhs == f) for f in latents}


def _wrong(name: str, what: str, remedy: str) -> Stop:
    return Stop("measurement", Problem(what, file="config", place=f"key measurement.texts.{name}", remedy=remedy))
