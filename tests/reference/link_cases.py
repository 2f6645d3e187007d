"""Cases with R's numbers for the outcome models: what was expected, and the data where they may be read."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

HERE = Path(__file__).parent / "link"
SHARED = Path(__file__).parents[2].parent / "shared" / "reference" / "link"


@cache
def expected(case: str) -> Any:
    """R's numbers of one case."""
    return json.loads((HERE / f"{case}.json").read_text(encoding="utf-8"))["expected"]


def data(case: str, file: str = "data.csv") -> pd.DataFrame:
    """Data of a case; skips with the reason when they are third-party data that are not on this machine."""
    for path in (HERE / "data" / file, SHARED / case / file):
        if path.exists():
            return pd.read_csv(path)
    pytest.skip(f"third-party data of the case {case} are not here ({file} in ../shared/reference/link/{case})")


def close(ours: Any, theirs: Any, rel: float = 1e-6, absolute: float = 1e-9) -> None:
    """Both sides equal within a relative tolerance; shows the worst difference when not."""
    np.testing.assert_allclose(np.asarray(ours, float), np.asarray(theirs, float), rtol=rel, atol=absolute)


def column(rows: list[dict[str, Any]], name: str) -> list[float]:
    """One column of a list of rows."""
    return [row[name] for row in rows]
