"""CSV files that people open in a spreadsheet: text from the data must not become a formula there.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break is run as a formula by Excel, LibreOffice and
Google Sheets (CWE-1236). Such text gets an apostrophe in front; numbers stay numbers.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?%?")


def defused(text: Any) -> Any:
    """The cell as it may stand in a spreadsheet; anything but text is returned as it is."""
    if not isinstance(text, str) or not text.lstrip(" ").startswith(_RISKY) or _NUMBER.fullmatch(text.strip()):
        return text
    return f"'{text}"


def defuse(frame: pd.DataFrame, keep: Collection[str] = ()) -> pd.DataFrame:
    """The table with every text cell and heading :func:`defused`. ``keep``: columns of a fixed vocabulary (``=~``)."""
    found = frame
    for column in frame.columns:
        values = frame[column]
        if column in keep or values.dtype.kind in "iufbmM":
            continue
        text = values.astype("object").map(defused)
        if not text.equals(values.astype("object")):
            found = found.copy() if found is frame else found
            found[column] = text
    return found.rename(columns=defused)


def write_csv(frame: pd.DataFrame, path: str | Path, keep: Collection[str] = ()) -> None:
    """Write a table as CSV, without its index, safe to open in a spreadsheet."""
    defuse(frame, keep).to_csv(path, index=False, lineterminator="\n")
