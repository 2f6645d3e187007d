"""Cases with lavaan 0.6-14's numbers: where they are, their data, and how close ours must be.

est and se within 1e-4 relative (1e-5 absolute near zero), chi-squares within 1e-4 relative, fit indices within 1e-5.
"""

from __future__ import annotations

import json
import math
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

HERE = Path(__file__).parent / "sem"
SHARED = Path(__file__).parents[2].parent / "shared" / "reference" / "sem" / "data"
COLUMNS = ("est", "se", "ci_lower", "ci_upper", "std_lv", "std_all")
# public teaching data that another installed package carries under other names
_IN_SEMOPY = {"HolzingerSwineford1939.csv": "holzinger_swineford39_data.csv", "PoliticalDemocracy.csv": "pd_data.csv"}


def load(name: str) -> list[dict]:
    """All cases of one file."""
    return json.loads((HERE / name).read_text())


@cache
def frame(name: str) -> pd.DataFrame:
    """Data of a case; skips with the reason when they are third-party data not on this machine."""
    if (HERE / "data" / name).exists():
        return pd.read_csv(HERE / "data" / name)
    if name in _IN_SEMOPY:
        spec = find_spec("semopy")
        if spec is None or spec.origin is None:
            pytest.skip(f"{name} comes with semopy, which is not installed")
        return pd.read_csv(Path(spec.origin).parent / "examples" / _IN_SEMOPY[name])
    if (SHARED / name).exists():
        return pd.read_csv(SHARED / name)
    pytest.skip(f"{name} is third-party data and not on this machine")


def arguments(case: dict) -> tuple[pd.DataFrame | None, dict]:
    """Positional data and keyword arguments of ``fit_sem`` for a case."""
    data, args = frame(case["data"]), dict(case["args"])
    how = case.get("sample_cov_of")
    if how is None:
        return data, args
    numeric = data.select_dtypes("number")
    parts = [numeric] if how == "all" else [numeric[data[how] == label] for label in sorted(data[how].unique())]
    covs, sizes = [part.cov() for part in parts], [len(part) for part in parts]
    args |= (
        {"sample_cov": covs[0], "sample_nobs": sizes[0]}
        if len(parts) == 1
        else {"sample_cov": covs, "sample_nobs": sizes}
    )
    return None, args


def parameter_misses(case: dict, fit, relative: float = 1e-4, absolute: float = 1e-5) -> list[tuple]:
    """(row, column, ours, lavaan's) of every number outside the tolerance."""
    table = fit.parameters.set_index(["lhs", "op", "rhs", "group"])
    misses = []
    for row, values in zip(case["rows"], case["values"], strict=True):
        key = (*row[:3], int(row[3]))
        if key not in table.index:
            misses.append((key, "absent"))
            continue
        mine = table.loc[key]
        for column, expected in zip(case.get("columns", COLUMNS), values, strict=True):
            # a limit of an interval is as exact as the estimate and its standard error are
            size = max(abs(mine["est"]) if column.startswith("ci_") else 0.0, abs(expected or 0.0))
            if expected is not None and not abs(mine[column] - expected) <= max(absolute, relative * size):
                misses.append((key, column, float(mine[column]), expected))
    return misses


# rounding of a statistic or another definition; see docs/engine.md
_NOT_COMPARED = {"rmsea.ci.level", "rmsea.close.h0", "rmsea.notclose.h0"}


def fit_misses(case: dict, fit, only: set[str] | None = None) -> list[tuple]:
    """(measure, ours, lavaan's) of every fit measure outside the tolerance, absent ones included."""
    ours, misses = fit.fit_measures, []
    for name, expected in case["fit"].items():
        key = name.replace(".", "_")
        if name in _NOT_COMPARED or (only is not None and key not in only):
            continue
        mine = ours.get(key, math.nan)
        if expected is None:
            if not math.isnan(mine):
                misses.append((name, mine, None))
            continue
        large = any(word in name for word in ("chisq", "logl", "aic", "bic", "fmin", "factor"))
        tolerance = max(1e-5, 1e-4 * abs(expected)) if large else 1e-5
        if not abs(mine - expected) <= tolerance:
            misses.append((name, mine, expected))
    return misses
