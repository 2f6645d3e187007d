"""Keys of published instruments: which item number belongs to which dimension, and where a codebook differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alliance.errors import Problem, Stop

FIELDS = ("name", "source", "items", "points", "dimensions", "reversed")


@dataclass(frozen=True)
class InstrumentKey:
    """Item numbers by dimension, those asked the other way round, and how many items and answer categories there are.

    ``points`` is None where versions of the instrument differ.
    """

    name: str
    source: str
    items: int
    dimensions: dict[str, tuple[int, ...]]
    reversed: tuple[int, ...] = ()
    points: int | None = None


def read_key(path: str | Path) -> InstrumentKey:
    """A key from its YAML file. Raises :class:`Stop` naming everything that is wrong with it."""
    import yaml

    file = Path(path).as_posix()
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise Stop("config", Problem("no such file", file, remedy="name a key of config/instruments")) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise Stop("config", Problem("cannot be read as YAML", file, remedy="correct it there")) from None
    wrong = _wrong(raw)
    if wrong:
        raise Stop("config", [Problem(what, file, "", remedy) for what, remedy in wrong])
    dimensions = {str(d): tuple(numbers) for d, numbers in raw["dimensions"].items()}
    return InstrumentKey(
        str(raw["name"]), str(raw["source"]), raw["items"], dimensions, tuple(raw.get("reversed") or ()),
        raw.get("points"),
    )  # fmt: skip


def _wrong(raw: Any) -> list[tuple[str, str]]:
    """(what, remedy) of a key that cannot be used."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("dimensions"), Mapping):
        return [("is no key", "write name, source, items and dimensions: {dimension: [numbers]}")]
    found = [
        (f"field {name} is not known", f"the fields are {', '.join(FIELDS)}") for name in raw if name not in FIELDS
    ]
    found += [(f"field {name} is missing", "add it") for name in ("name", "source", "items") if not raw.get(name)]
    numbers = [n for members in raw["dimensions"].values() for n in members or ()]
    wanted = range(1, raw["items"] + 1) if isinstance(raw.get("items"), int) else ()
    if any(not isinstance(n, int) or n not in wanted for n in numbers):
        found.append(("an item number is not between 1 and items", "correct it"))
    twice = sorted({n for n in numbers if numbers.count(n) > 1}, key=str)
    if twice:
        found.append((f"item {', '.join(map(str, twice))} is in two dimensions", "place it once"))
    outside = [n for n in raw.get("reversed") or () if n not in numbers]
    if outside:
        found.append((f"reversed item {', '.join(map(str, outside))} is in no dimension", "place it, or remove it"))
    return found


def published_key_problems(config: Mapping[str, Any], codebook: Any, report: tuple[str, int]) -> list[str]:
    """Where the codebook differs from the published key that the config names (``instrument.key``).

    ``instrument.items`` maps the key's item numbers to variables, or is a pattern such as ``wai_{number}``. Dimensions
    of the key that the study does not have are passed over.
    """
    instrument = config.get("instrument") or {}
    if not instrument.get("key"):
        return []
    key = read_key(instrument["key"])
    naming = instrument.get("items") or "item_{number}"
    there = {c.variable: c for c in codebook.items(*report)}
    studied = instrument.get("dimensions") or key.dimensions
    found = []
    for dimension in [d for d in key.dimensions if d not in studied]:
        found.append(f"key {key.name}: dimension {dimension} is not one of this study")
    for dimension, number in [(d, n) for d, numbers in key.dimensions.items() if d in studied for n in numbers]:
        name = naming.format(number=number) if isinstance(naming, str) else naming.get(number, naming.get(str(number)))
        column = there.get(str(name))
        if column is None:
            found.append(f"key {key.name}: item {number} has no column ({name}) in the codebook")
            continue
        if column.dimension != dimension:
            found.append(f"key {key.name}: item {number} ({name}) is {dimension}, here {column.dimension}")
        if bool(column.reverse) != (number in key.reversed):
            found.append(f"key {key.name}: item {number} ({name}) has another reverse flag here")
    return found
