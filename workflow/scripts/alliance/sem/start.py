"""Start values: centroid loadings, composites for latent covariances, least squares for regressions.

Loadings of a factor on its indicators J are c_j = sum_k S_jk / sqrt(sum_jk S_jk), j != k (Thurstone's centroid
method); a factor whose marker is fixed is rescaled. Latent variables are then treated as their unit composites, so
that second-order loadings and regressions start from sensible covariances. User values always win.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .table import ParameterTable


def start_values(
    table: ParameterTable, names: list[str], means: list[np.ndarray], covs: list[np.ndarray], thresholds=None
) -> np.ndarray:
    """theta (n_par,) from the sample: ``means`` and ``covs`` of ``names`` per group, ``thresholds`` dicts per group."""
    rows = np.full(len(table.lhs), np.nan)
    for g in range(table.n_groups):
        taus = thresholds[g] if thresholds is not None else {}
        _start_group(table, g + 1, names, means[g], covs[g], taus, rows)
    rows[np.isnan(rows)] = 0.0
    return table.start_values(rows)


def simple_start(table: ParameterTable, fallback: np.ndarray, names: list[str], covs: list[np.ndarray]) -> np.ndarray:
    """Independence-like values in case the sample-based ones give no proper covariance matrix."""
    rows = np.full(len(table.lhs), np.nan)
    latent = set(table.lv_names)
    for k, (lhs, op, rhs, g) in enumerate(zip(table.lhs, table.op, table.rhs, table.group, strict=True)):
        if op == "=~":
            rows[k] = 0.7
        elif op == "~~" and lhs == rhs:
            variance = covs[g - 1][names.index(lhs), names.index(lhs)] if lhs in names else 1.0
            rows[k] = 0.3 if lhs in latent else 0.5 * variance
        elif op in ("~", "~~"):
            rows[k] = 0.0
        elif table.free[k]:
            rows[k] = fallback[table.free[k] - 1]
    return table.start_values(np.nan_to_num(rows))


def _start_group(table, group, names, mean, cov, taus, rows) -> None:
    at = {name: k for k, name in enumerate(names)}
    latent = list(table.lv_names)
    mine = [k for k in range(len(table.lhs)) if table.group[k] == group]
    by_op: dict[str, list[int]] = {}
    for k in mine:
        by_op.setdefault(table.op[k], []).append(k)
    measured: dict[str, list[int]] = {}
    for k in by_op.get("=~", []):
        measured.setdefault(table.lhs[k], []).append(k)
    counts: dict[str, int] = {}
    for k in by_op.get("=~", []):
        counts[table.rhs[k]] = counts.get(table.rhs[k], 0) + 1
    big = np.zeros((len(names) + len(latent),) * 2)
    big[: len(names), : len(names)] = cov
    explained = np.zeros(len(big))
    place = {**at, **{name: len(names) + k for k, name in enumerate(latent)}}
    value: dict[int, float] = {}
    done: set[str] = set()
    scales = _theta_scales(table, mine, measured, place, big) if table.parameterization == "theta" else {}
    if scales:
        factor = np.ones(len(big))
        for name, s in scales.items():
            factor[place[name]] = s
        big *= np.outer(factor, factor)
    while len(done) < len(measured):
        known = set(at) | done
        ready = [f for f, terms in measured.items() if f not in done and {table.rhs[k] for k in terms} <= known]
        if not ready:
            break
        for f in ready:
            _start_factor(table, f, measured[f], place, big, explained, counts, value)
            done.add(f)
    _start_regressions(table, by_op.get("~", []), place, big, explained, value)
    fixed_variance = {table.lhs[k] for k in by_op.get("~~", []) if table.lhs[k] == table.rhs[k] and not table.free[k]}
    endogenous = {table.lhs[k] for k in by_op.get("~", [])} | {table.rhs[k] for k in by_op.get("=~", [])}
    for k in by_op.get("~~", []):
        a, b = place.get(table.lhs[k]), place.get(table.rhs[k])
        if a is None or b is None:
            continue
        if a == b:
            floor = 0.2 * big[a, a] if big[a, a] > 0 else 0.05
            value[k] = max(big[a, a] - explained[a], floor)
        elif table.lhs[k] in endogenous or table.rhs[k] in endogenous:
            value[k] = 0.0
        else:
            bound = 0.9 * np.sqrt(max(big[a, a] * big[b, b], 0.0))
            value[k] = float(np.clip(big[a, b], -bound, bound))
            if {table.lhs[k], table.rhs[k]} <= fixed_variance & set(latent):
                value[k] = float(np.clip(big[a, b] / max(np.sqrt(big[a, a] * big[b, b]), 1e-12), -0.9, 0.9))
    for k in by_op.get("~1", []):
        if table.lhs[k] in at:
            value[k] = float(np.nan_to_num(mean[at[table.lhs[k]]]))
    for k in by_op.get("|", []):
        value[k] = taus[table.lhs[k]][int(table.rhs[k][1:]) - 1] * scales.get(table.lhs[k], 1.0)
    for k in by_op.get("~*~", []):
        value[k] = 1.0
    for k, v in value.items():
        rows[k] = v


def _centroid(cov: np.ndarray) -> np.ndarray:
    """Loadings on one unit-variance factor from the off-diagonal covariances of its indicators."""
    off = cov - np.diag(np.diag(cov))
    total = off.sum()
    if len(cov) == 1:
        return np.sqrt(0.5 * np.diag(cov))
    if len(cov) == 2 and total > 0:
        shared = np.sqrt(off[0, 1])
        ratio = (cov[0, 0] / cov[1, 1]) ** 0.25
        return np.array([shared * ratio, shared / ratio])
    sign = np.sign(off.sum(axis=1)) if total <= 0 else np.ones(len(cov))
    sign[sign == 0] = 1
    flipped = off * np.outer(sign, sign)
    total = flipped.sum()
    spread = np.sqrt(np.diag(cov))
    if total <= 1e-12:
        return 0.5 * spread
    # leaving out the diagonal takes the factor p / (p - 1) twice under the root
    size = len(cov)
    loadings = sign * flipped.sum(axis=1) / np.sqrt(total) * np.sqrt(size / (size - 1))
    return np.clip(loadings, -0.95 * spread, 0.95 * spread)


def _start_factor(table, factor, rows, place, big, explained, counts, value) -> None:
    """Loadings of ``factor``; its covariances with everything else go into ``big``."""
    indicators = np.array([place[table.rhs[k]] for k in rows])
    share = np.sqrt([counts[table.rhs[k]] for k in rows])
    loadings = _centroid(big[np.ix_(indicators, indicators)]) / share
    fixed = [not table.free[k] and np.isfinite(table.fixed[k]) and table.fixed[k] != 0 for k in rows]
    marker = [j for j, is_fixed in enumerate(fixed) if is_fixed]
    if not marker and loadings[0] < 0:
        loadings = -loadings  # a free factor points the way of its first indicator, as lavaan's does
    unit = 1.0
    if marker and abs(loadings[marker[0]]) > 0.05 * np.sqrt(big[indicators[marker[0]], indicators[marker[0]]]):
        unit = table.fixed[rows[marker[0]]] / loadings[marker[0]]
    elif marker:
        unit = table.fixed[rows[marker[0]]] / (0.5 * np.sqrt(big[indicators[marker[0]], indicators[marker[0]]]))
    loadings = loadings * unit
    for j, k in enumerate(rows):
        value[k] = float(loadings[j])
    f = place[factor]
    weights = np.zeros(len(big))
    weights[indicators] = loadings / max(float(loadings @ loadings), 1e-12)
    with_all = big @ weights
    big[f], big[:, f] = with_all, with_all
    big[f, f] = 1 / unit**2
    big[f, indicators] = big[indicators, f] = loadings / unit**2
    explained[indicators] += (loadings / unit) ** 2


def _start_regressions(table, rows, place, big, explained, value) -> None:
    """Least squares on the composites; zero where they are singular."""
    outcomes: dict[str, list[int]] = {}
    for k in rows:
        if table.lhs[k] in place and table.rhs[k] in place:
            outcomes.setdefault(table.lhs[k], []).append(k)
    for outcome, terms in outcomes.items():
        x = np.array([place[table.rhs[k]] for k in terms])
        y = place[outcome]
        s_xx = big[np.ix_(x, x)]
        if np.all(np.diag(s_xx) > 0):
            s_xx = s_xx + 0.1 * np.diag(np.diag(s_xx))
            slope = np.linalg.lstsq(s_xx, big[x, y], rcond=None)[0]
            if slope @ s_xx @ slope > 0.8 * big[y, y]:
                slope = slope * np.sqrt(0.8 * max(big[y, y], 0) / (slope @ s_xx @ slope))
        else:
            slope = np.zeros(len(x))
        for k, b in zip(terms, slope, strict=True):
            value[k] = float(b)
        explained[y] += float(slope @ s_xx @ slope) if np.all(np.diag(s_xx) > 0) else 0.0


def _theta_scales(table, mine, measured, place, big) -> dict[str, float]:
    """sd of each ordered response when its residual variance is 1: 1 / sqrt(1 - communality)."""
    ordered = set(table.ov_ordered)
    communality = dict.fromkeys(ordered, 0.3)
    for rows in measured.values():
        inside = [k for k in rows if table.rhs[k] in ordered]
        if inside:
            index = np.array([place[table.rhs[k]] for k in inside])
            for k, c in zip(inside, _centroid(big[np.ix_(index, index)]), strict=True):
                communality[table.rhs[k]] = float(np.clip(c**2, 0.05, 0.8))
    return {name: 1 / np.sqrt(1 - c) for name, c in communality.items()}
