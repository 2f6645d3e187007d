"""The same maximum-likelihood model through a second engine, semopy, with the differences as a table.

semopy's default tolerance stops early and leaves differences of 2e-3; with 1e-14 they are below 1e-6. Its variances are
not bounded here, so that a Heywood case is the same in both. Only its estimates are compared: its fit measures,
multi-group and missing-data routes are known to differ (see docs/engine.md).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from .results import Fit

OPTIONS = {"ftol": 1e-14, "maxiter": 2000}


def cross_check(fit: Fit, data: pd.DataFrame) -> pd.DataFrame:
    """One row per free cell of the model: lhs op rhs est est_semopy difference.

    ``fit`` is a single-group fit by maximum likelihood of complete data, without ``==`` constraints; ``data`` are the
    cases it was fitted to. Raises ValueError for other fits.
    """
    import pandas as pd
    import semopy

    table = fit.table
    if fit.n_groups > 1 or fit.options.discrepancy != "ML" or fit.structure.missing or table.constraints:
        raise ValueError("the second engine does single-group maximum likelihood of complete data without == only")
    codes = {name: f"x{k}" for k, name in enumerate(table.ov_names)}
    codes |= {name: f"f{k}" for k, name in enumerate(table.lv_names)}
    complete = data[table.ov_names].dropna().rename(columns=codes).astype(float)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)  # semopy warns when variances, not loadings, are fixed
    try:
        second = semopy.Model(_syntax(fit, codes))
        second.get_bounds = lambda: None
        _start(second, fit)
        second.fit(complete, options=dict(OPTIONS))
        found = {name: value for name, value in zip(second.parameters, _values(second), strict=True)}
    finally:
        logging.getLogger().setLevel(level)
    rows = [k for k in range(len(table.lhs)) if table.free[k] and table.op[k] != "~1"]
    ours = fit.row_values()[rows]
    theirs = np.array([found[f"p{table.free[k]}"] for k in rows])
    return pd.DataFrame(
        {
            "lhs": [table.lhs[k] for k in rows],
            "op": [table.op[k] for k in rows],
            "rhs": [table.rhs[k] for k in rows],
            "est": ours,
            "est_semopy": theirs,
            "difference": ours - theirs,
        }
    )


def _syntax(fit: Fit, codes: dict[str, str]) -> str:
    """Every cell of the model written out: fixed values as numbers, free ones with the label of their parameter."""
    table, values = fit.table, fit.row_values()
    lines = []
    for k, (lhs, op, rhs) in enumerate(zip(table.lhs, table.op, table.rhs, strict=True)):
        if op in ("=~", "~", "~~"):
            factor = f"p{table.free[k]}" if table.free[k] else repr(float(values[k]))
            lines.append(f"{codes[lhs]} {op} {factor}*{codes[rhs]}")
    return "\n".join(lines)


def _start(second, fit: Fit) -> None:
    """A plain start that owes nothing to our estimates: semopy's own does not end when no loading is fixed."""
    table = fit.table
    cov = fit.observed[0].cov
    at = {name: k for k, name in enumerate(table.ov_names)}
    for k, (lhs, op, rhs) in enumerate(zip(table.lhs, table.op, table.rhs, strict=True)):
        parameter = second.parameters.get(f"p{table.free[k]}")
        if not table.free[k] or parameter is None:
            continue
        if op == "=~":
            parameter.start = 0.6 * (np.sqrt(cov[at[rhs], at[rhs]]) if rhs in at else 1.0)
        elif op == "~~" and lhs == rhs:
            parameter.start = 0.5 * (cov[at[lhs], at[lhs]] if lhs in at else 1.0)
        else:
            parameter.start = 0.0


def _values(second) -> list[float]:
    """Estimates in the order of semopy's parameters (nan where a parameter is not used)."""
    vector = second.param_vals
    active = [name for name, parameter in second.parameters.items() if parameter.active]
    found = dict(zip(active, vector, strict=True))
    return [float(found.get(name, np.nan)) for name in second.parameters]
