"""Tests of hypotheses about a fitted model without refitting: Wald tests and score (Lagrange multiplier) tests.

Wald (1943): h(theta) = 0 is judged by h' (J V J')^-1 h with the fit's own covariance V, robust when the fit is robust.
Score tests (Rao 1948; Sorbom 1989) judge what releasing an equality would gain.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .modification import ScoreTests
from .syntax import Equality, parse
from .syntax_tokens import ModelSyntaxError
from .table_equal import row_named
from .table_rows import Row

if TYPE_CHECKING:
    import pandas as pd

    from .results import Fit


def wald_test(fit: Fit, hypothesis: str) -> dict[str, float]:
    """Wald test of equalities among parameters.

    Parameters
    ----------
    hypothesis : ``==`` statements on labels (or lavaan's ``.p7.``, the 7th row), e.g. ``"a == b\\nc == 0"``;
        ``:=`` names may be used.

    Returns
    -------
    dict with stat (chi-square), df, pvalue.
    """
    from scipy.stats import chi2

    if fit.vcov is None:
        raise ValueError("the covariance of the estimates could not be computed: no Wald test")
    statements = parse(hypothesis)
    equalities = [s for s in statements if isinstance(s, Equality)]
    if len(equalities) < len(statements):
        raise ModelSyntaxError("a hypothesis holds only '==' statements", 1, remedy="write e.g. 'a == b'")
    rows = _labelled(fit)
    for equality in equalities:
        for name, line in equality.expression.name_lines():
            if name not in fit.table.defined and row_named(name, rows) is None:
                raise ModelSyntaxError("no parameter carries this label", line, name)
    asked = replace(fit.table, constraints=[equality.expression for equality in equalities])
    values, jacobian = asked.constraint_values(fit.theta)
    spread = jacobian @ fit.vcov @ jacobian.T
    df = int(np.linalg.matrix_rank(spread))
    if df < len(values):
        raise ValueError("the hypothesis is redundant, or about parameters that are fixed or already equal")
    stat = float(values @ np.linalg.solve(spread, values))
    return {"stat": stat, "df": df, "pvalue": float(chi2.sf(stat, df))}


def score_test(fit: Fit) -> pd.DataFrame:
    """Release each equality between parameters (shared labels, ``group_equal``): what would it gain?

    Returns
    -------
    DataFrame with one row per equality, in table order: lhs, op, rhs, group of the released parameter, equal_to (the
    first parameter of its set, as ``.pN.``), stat, df, pvalue, epc (expected change of the released parameter). The
    test of all together is in ``.attrs["total"]`` as {"stat", "df", "pvalue"}.
    """
    import pandas as pd
    from scipy.stats import chi2

    table = fit.table
    first: dict[int, int] = {}
    released = []
    for i, number in enumerate(table.free):
        if number and first.setdefault(int(number), i) != i:
            released.append(i)
    k, n_par = len(released), table.n_par
    numbers = table.free.copy()
    numbers[released] = n_par + 1 + np.arange(k)
    extended = replace(table, free=numbers, constraints=[], defined={})
    shared = table.free[released] - 1
    free = np.zeros((n_par + k, n_par))
    free[:n_par] = np.eye(n_par)
    free[n_par + np.arange(k), shared] = 1.0
    new = np.zeros((n_par + k, k))
    new[n_par + np.arange(k), np.arange(k)] = 1.0
    tests = ScoreTests(fit, extended, np.concatenate([fit.theta, fit.theta[shared]]), free, new)
    stat, change = tests.univariate()
    frame = pd.DataFrame(
        {
            "lhs": [table.lhs[i] for i in released],
            "op": [table.op[i] for i in released],
            "rhs": [table.rhs[i] for i in released],
            "group": [int(table.group[i]) for i in released],
            "equal_to": [f".p{first[int(table.free[i])] + 1}." for i in released],
            "stat": stat,
            "df": 1,
            "pvalue": chi2.sf(stat, 1),
            "epc": change,
        }
    )
    total, df = tests.together() if k else (0.0, 0)
    frame.attrs["total"] = {"stat": total, "df": df, "pvalue": float(chi2.sf(total, df)) if df else 1.0}
    return frame


def _labelled(fit: Fit) -> list[Row]:
    """Just enough of a row for looking up labels."""
    table = fit.table
    return [Row(table.lhs[i], table.op[i], table.rhs[i], 0, False, label=table.label[i]) for i in range(len(table))]
