"""Overimputation: hide observed cells, impute them like missing ones, and see whether they look alike.

Honaker, King & Blackwell (2011), J. Stat. Softw. 45(7), section 4.4: an imputation model is trusted when the observed
values lie within the intervals of their imputations as often as the intervals say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from alliance.survey.imputation import impute
from alliance.survey.imputation_plan import ImputationPlan

if TYPE_CHECKING:
    import pandas as pd


def overimpute(
    frame: pd.DataFrame,
    plan_of: Callable[[pd.DataFrame], ImputationPlan],
    *,
    share: float = 0.1,
    level: float = 0.90,
    m: int = 40,
    iterations: int = 10,
    seed: int,
    workers: int = 1,
) -> pd.DataFrame:
    """Hide ``share`` of the observed cells of each imputed variable at random and impute them ``m`` times.

    plan_of: makes the plan of a frame, e.g. ``lambda f: plan_imputation(f, variables, ...)``. Returns one row per
    variable: variable, method, cells (hidden and imputed), level, coverage (share of hidden values inside the central
    ``level`` interval of their imputations), conf_low and conf_high (Wilson interval of the coverage), rank (mean
    place of the hidden value among its imputations, .5 when unbiased), rank_se, ok.

    Coverage goes by the rank of the hidden value among its imputations, ties broken at random, so that it is exact for
    items with few answers too (with interpolated ranks: u uniform on 0..1 when the model is right). Categories are
    ranked by their codes. ``ok``: the rank is within 1.96 errors of .5 and, except with predictive mean matching, the
    interval of the coverage holds ``level``. With matching the imputations of one cell come from few persons (the
    donors), so single cells of a number are covered less often (about .85 at .90 with 5 donors, measured), although
    means and slopes have right intervals.
    """
    import pandas as pd

    plan = plan_of(frame)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
    hidden_frame, hidden = frame.copy(), {}
    for target in plan.problem.targets:
        seen = np.flatnonzero(frame[target.name].notna().to_numpy())
        cells = np.sort(rng.choice(seen, size=max(round(share * len(seen)), 1), replace=False))
        hidden[target.name] = cells
        hidden_frame.iloc[cells, frame.columns.get_loc(target.name)] = None
    again = plan_of(hidden_frame)
    result = impute(hidden_frame, again, m=m, iterations=iterations, seed=seed, workers=workers)
    rows = []
    for target in plan.problem.targets:
        truth = next(v.data for v in plan.problem.variables if v.name == target.name)[hidden[target.name]]
        missing = np.flatnonzero(hidden_frame[target.name].isna().to_numpy())
        at = np.searchsorted(missing, hidden[target.name])
        draws = np.column_stack([imputed[target.name][at] for imputed in result.imputed])
        if again.levels.get(target.name) != plan.levels.get(target.name):
            draws = _same_codes(draws, again.levels[target.name], plan.levels[target.name])
        u = _ranks(truth, draws, rng)
        inside = int(np.sum(np.abs(u - 0.5) < level / 2))
        low, high = _wilson(inside, len(u))
        coverage = inside / len(u)
        rank, rank_se = u.mean(), u.std(ddof=1) / np.sqrt(len(u)) if len(u) > 1 else np.nan
        ok = abs(rank - 0.5) < 1.96 * rank_se and (target.method.endswith("pmm") or low <= level <= high)
        rows.append((target.name, target.method, len(u), level, coverage, low, high, rank, rank_se, bool(ok)))
    columns = ["variable", "method", "cells", "level", "coverage", "conf_low", "conf_high", "rank", "rank_se", "ok"]
    return pd.DataFrame(rows, columns=columns)


def _ranks(truth: np.ndarray, draws: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Place of each hidden value among its draws on 0..1, uniform when both come from one distribution."""
    below = (draws < truth[:, None]).sum(axis=1)
    equal = (draws == truth[:, None]).sum(axis=1)
    return (below + rng.random(len(truth)) * (equal + 1)) / (draws.shape[1] + 1)


def _same_codes(draws: np.ndarray, labels: list, wanted: list) -> np.ndarray:
    """Codes of one list of labels as codes of another (a rare category may be hidden altogether)."""
    return np.array([wanted.index(label) for label in labels], dtype=float)[draws.astype(int)]


def _wilson(k: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's 95% interval of a proportion."""
    centre, p = k + z**2 / 2, k / n
    half = z * np.sqrt(n * p * (1 - p) + z**2 / 4)
    return (centre - half) / (n + z**2), (centre + half) / (n + z**2)
