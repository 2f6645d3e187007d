"""Which files a study leaves to be shared: path, sha256, size."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from pathlib import Path


def sha256(path: str | Path) -> str:
    """Hexadecimal sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def manifest(paths: Iterable[str | Path], results: str | Path) -> list[dict[str, str]]:
    """One row (file, sha256, bytes) per file, folders walked, sorted by path below ``results``.

    Raises ValueError for a file of the private folder: it must never be listed as shareable.
    """
    root = Path(results)
    files: set[Path] = set()
    for path in map(Path, paths):
        files.update(
            (f for f in path.rglob("*") if f.is_file() and not f.name.startswith(".")) if path.is_dir() else [path]
        )
    rows = []
    for name, file in sorted((file.relative_to(root).as_posix(), file) for file in files):
        if name.startswith("private/"):
            raise ValueError(f"{name} is private and cannot be shared")
        rows.append({"file": name, "sha256": sha256(file), "bytes": str(file.stat().st_size)})
    return rows


def write_manifest(rows: Iterable[dict[str, str]], path: str | Path) -> None:
    """Write ``verify/manifest.csv``."""
    with Path(path).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ("file", "sha256", "bytes"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
