"""The raw files that a config names: one, several, or all that match a pattern. Quick to import."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SIDE = ("dictionary", "catalog")  # files that explain a raw file


def input_files(entry: Mapping[str, Any]) -> list[str]:
    """The raw files of one input, in the order of the config; those of a pattern by name.

    A pattern that matches nothing is given back as it is, so that it is reported as a file that is not there.
    """
    path = entry.get("path")
    patterns = path if isinstance(path, list) else [path]
    files = [file for pattern in patterns if isinstance(pattern, str) for file in _matches(pattern)]
    return list(dict.fromkeys(files))


def _matches(pattern: str) -> list[str]:
    if not glob.has_magic(pattern) or Path(pattern).exists():
        return [pattern]
    return sorted(Path(file).as_posix() for file in glob.glob(pattern)) or [pattern]


def side_files(entry: Mapping[str, Any]) -> list[str]:
    """Files beside the raw ones that are read too: a data dictionary, a catalog of formats."""
    return [str(entry[key]) for key in SIDE if entry.get(key)]


def all_files(entry: Mapping[str, Any]) -> list[str]:
    """Everything that reading one input depends on."""
    return [*input_files(entry), *side_files(entry)]


def named(entry: Mapping[str, Any]) -> str:
    """The input's files as a message names them: the first, and how many more there are."""
    files = input_files(entry)
    return files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"


def placed(entry: Mapping[str, Any], folder: str | Path) -> dict[str, Any]:
    """The entry with its paths under a folder, patterns written out."""

    def under(path: str) -> str:
        here = Path(path)
        return here.as_posix() if here.is_relative_to(folder) else (Path(folder) / here).as_posix()

    path = entry["path"]
    moved = {**entry, "path": [under(p) for p in path] if isinstance(path, list) else under(path)}
    moved |= {key: under(str(entry[key])) for key in SIDE if entry.get(key)}
    files = input_files(moved)
    return {**moved, "path": files[0] if len(files) == 1 and not isinstance(path, list) else files}
