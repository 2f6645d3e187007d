"""The exclusions of a flow in print, where small counts are withheld and what is withheld is given together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alliance.reporting import apa
from alliance.reporting.labels import is_missing_text, prettify

WITHHELD = "A dash: withheld, because the count or what follows from it is small."


def reason(row: dict[str, Any]) -> str:
    """Why a step of a flow excluded somebody, as the config words it."""
    text = row.get("reason") if not is_missing_text(row.get("reason")) else row.get("label")
    return str(text) if not is_missing_text(text) else prettify(str(row["step"]))


def excluded_some(count: Any) -> bool:
    """Whether a step excluded somebody, or its count is withheld."""
    return isinstance(count, str) or apa.is_missing(count) or count != 0


def is_shown(row: dict[str, Any]) -> bool:
    """Whether all counts of a step are printed."""
    return not any(apa.is_missing(row[c]) for c in ("n_in", "excluded", "n_out"))


def difference(whole: Any, part: Any) -> float | None:
    """``whole`` - ``part``; None when one of the two is withheld."""
    return None if apa.is_missing(whole) or apa.is_missing(part) else float(whole) - float(part)


def exclusions(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """(reason, count) of each step of one flow that excluded somebody, in order.

    Withheld counts are given as one, at the place of the first: what is missing between the first number and the last.
    """
    some = [r for r in rows if excluded_some(r["excluded"])]
    withheld = [r for r in some if apa.is_missing(r["excluded"])]
    lines = [(reason(r), apa.count(r["excluded"])) for r in some if not apa.is_missing(r["excluded"])]
    if not withheld:
        return lines
    total = difference(rows[0]["n_in"], rows[-1]["n_out"])
    left = None if total is None else total - sum(float(r["excluded"]) for r in some if r not in withheld)
    names = "; ".join([reason(withheld[0]), *(reason(r)[:1].lower() + reason(r)[1:] for r in withheld[1:])])
    together = (f"{names}, together", apa.count(left)) if len(withheld) > 1 else (names, apa.MISSING)
    place = sum(r["order"] < withheld[0]["order"] for r in some if r not in withheld)
    return [*lines[:place], together, *lines[place:]]
