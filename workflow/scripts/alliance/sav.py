"""SPSS files that have the same bytes whenever they are written."""

from __future__ import annotations

from pathlib import Path

_WRITTEN = slice(92, 109)  # header: date (9 bytes) and time (8 bytes) of writing


def forget_time(path: str | Path) -> None:
    """Replace the time at which a .sav file was written by a fixed one, in place."""
    file = Path(path)
    content = bytearray(file.read_bytes())
    content[_WRITTEN] = b"01 Apr 16" + b"00:00:00"
    file.write_bytes(bytes(content))
