"""Are the dimensions measured alike across groups, waves or roles? One ladder per comparison, with what it allows.

The ladder is the engine's; here it gets its data (sparse categories collapsed by rule, groups too small left out),
a search for the items that break a step (``partial``), effect sizes in points, and words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.measurement.collapse import collapse, constant_somewhere
from alliance.measurement.estimate import MISSING, MLR, WLSMV, choose_estimator
from alliance.measurement.invariance_effects import expected_differences, latent_means
from alliance.measurement.partial import Search, cells_of, find_items

if TYPE_CHECKING:
    import pandas as pd

STAGE = "invariance"
GROUP, CLUSTER = "group_", "cluster_"
MINIMUM_GROUP, MINIMUM_CATEGORY = 100, 5
LEVELS = {
    "configural": "The same items belong to the same dimensions; neither associations nor means may be compared.",
    "thresholds": "Categories mean the same, loadings were not shown to: neither associations nor means are compared.",
    "loadings": "Associations with the dimensions (correlations, regressions) may be compared, means may not.",
    "intercepts": "Associations and latent means may be compared; means of sum scores still hold unequal residuals.",
    "residuals": "Associations, latent means and means of sum scores may be compared.",
}
TABLES = {
    "invariance": (),
    "partial": (),
    "effects": (),
    "means": (),
    "collapse": ("grouping", "item", "category", "into", "smallest_n", "rule"),
    "verdicts": ("grouping", "kind", "n", "groups", "level", "released", "doubt", "text"),
    "status": ("stage", "sample", "model", "status", "reason"),
}


@dataclass
class Comparison:
    """What one ladder compares: its data and how items map to columns.

    ``items``: item -> its columns (one for groups, one per occasion); ``factor``: item -> dimension; ``groups``: label
    of each row, None where occasions are compared; ``cluster``: its cluster.
    """

    grouping: str
    kind: str
    data: pd.DataFrame
    items: dict[str, list[str]]
    factor: dict[str, str]
    groups: pd.Series | None = None
    cluster: pd.Series | None = None
    notes: list[str] = field(default_factory=list)


@dataclass
class Found:
    """Rows of every table, and the fits of the last ladder by step for those who go on with them."""

    rows: dict[str, list[dict[str, Any]]]
    fits: dict[str, Any] = field(default_factory=dict)
    level: str = ""


def run(comparison: Comparison, settings: Mapping[str, Any], seed: int, minimum: int = 10) -> Found:
    """One ladder with its search, effect sizes, means and verdict; what cannot be done is a line in ``status``."""
    from alliance.sem.invariance_verdict import Criteria

    found = Found({name: [] for name in TABLES})
    for note in comparison.notes:
        _status(found, comparison, "note", note)
    problem = _prepare(comparison, found, settings, minimum)
    if problem:
        _status(found, comparison, "failed", problem)
        return found
    criteria = Criteria(
        float(settings.get("cfi", 0.010)), float(settings.get("rmsea", 0.015)), float(settings.get("alpha", 0.05))
    )
    try:
        _climb(comparison, found, settings, criteria, seed)
    except (ValueError, np.linalg.LinAlgError) as error:
        _status(found, comparison, "failed", str(error))
    return found


def _prepare(comparison: Comparison, found: Found, settings: Mapping[str, Any], minimum: int) -> str:
    """Collapse categories, leave out constant items; returns why nothing can be compared, or an empty text."""
    columns = [c for members in comparison.items.values() for c in members]
    answered = comparison.data[columns].notna().any(axis=1)
    if comparison.groups is not None:
        answered &= comparison.groups.notna()
        comparison.groups = comparison.groups[answered]
    if comparison.cluster is not None:
        comparison.cluster = comparison.cluster[answered]
    comparison.data = comparison.data[answered]
    if len(comparison.data) < max(minimum, len(columns) + 1):
        return "too few persons with answers"
    empty = [c for c in columns if comparison.data[c].notna().sum() < max(minimum, 20)]
    if empty:
        return f"hardly any answers to {', '.join(empty[:4])}{' ...' if len(empty) > 4 else ''}"
    ordinal = choose_estimator(str(settings.get("estimator") or WLSMV), comparison.data[columns]) == WLSMV
    if ordinal:
        rule = int(settings.get("minimum_category", MINIMUM_CATEGORY))
        comparison.data, log = collapse(comparison.data, comparison.items, comparison.groups, rule)
        for row in log:
            n = f"<{minimum}" if row["smallest_n"] < minimum else str(row["smallest_n"])
            words = f"fewer than {rule} answers in a group: merged towards the middle, in all groups"
            found.rows["collapse"].append({"grouping": comparison.grouping, **row, "smallest_n": n, "rule": words})
    for item in list(comparison.items):
        if constant_somewhere(comparison.data, comparison.items[item], comparison.groups):
            _status(found, comparison, "note", f"item {item} is constant in a group: left out")
            del comparison.items[item]
    for dimension in dict.fromkeys(comparison.factor.values()):
        own = [i for i in comparison.items if comparison.factor[i] == dimension]
        if len(own) < 2:
            _status(found, comparison, "note", f"dimension {dimension} has fewer than two items left: left out")
            for item in own:
                del comparison.items[item]
    return "" if comparison.items else "no dimension has two usable items"


def _text(comparison: Comparison) -> tuple[str, dict | None, dict | None]:
    """Model text over the items that are left, and the engine's maps of waves and indicators."""
    dimensions = list(dict.fromkeys(comparison.factor[i] for i in comparison.items))
    if comparison.groups is not None:
        lines = [f"{d} =~ {' + '.join(i for i in comparison.items if comparison.factor[i] == d)}" for d in dimensions]
        return "\n".join(lines), None, None
    occasions = len(next(iter(comparison.items.values())))
    waves = {d: [f"{d}_{k + 1}" for k in range(occasions)] for d in dimensions}
    lines = [
        f"{waves[d][k]} =~ {' + '.join(cols[k] for i, cols in comparison.items.items() if comparison.factor[i] == d)}"
        for k in range(occasions)
        for d in dimensions
    ]
    return "\n".join(lines), waves, {i: list(cols) for i, cols in comparison.items.items()}


def _climb(comparison: Comparison, found: Found, settings: Mapping[str, Any], criteria, seed: int) -> None:
    """The ladder, with a search at each step that is not supported, until a step is rejected."""
    from alliance.sem import invariance_ladder

    text, waves, indicators = _text(comparison)
    columns = [c for members in comparison.items.values() for c in members]
    estimator = choose_estimator(str(settings.get("estimator") or WLSMV), comparison.data[columns])
    frame = comparison.data[columns].copy()
    if comparison.groups is not None:
        order = comparison.groups.value_counts()
        rank = comparison.groups.map({g: k for k, g in enumerate(sorted(order.index, key=lambda g: (-order[g], g)))})
        frame[GROUP] = comparison.groups.astype(str)
        frame = frame.loc[rank.sort_values(kind="stable").index]  # the largest group is the reference
    options: dict[str, Any] = {}
    if comparison.cluster is not None:
        frame[CLUSTER] = comparison.cluster
        frame = frame[frame[CLUSTER].notna()]
        options["cluster"] = CLUSTER
    how = {
        "group": None if comparison.groups is None else GROUP, "waves": waves, "indicators": indicators,
        "ordered": estimator == WLSMV, "estimator": WLSMV if estimator == WLSMV else MLR,
        "missing": MISSING[estimator if estimator == WLSMV else MLR], "criteria": criteria, **options,
    }  # fmt: skip
    searched: set[str] = set()
    released: list[str] = []
    cells: list[str] = []
    while True:
        ladder = invariance_ladder(text, frame, partial=cells, **how)
        todo = [s for s, v in zip(ladder.table["step"], ladder.table["verdict"], strict=True)
                if v in ("unclear", "rejected") and s not in searched]  # fmt: skip
        if not todo:
            break
        step = todo[0]
        searched.add(step)
        new = _search(comparison, found, ladder, frame, text, how, step, cells, settings, criteria, seed)
        released += [item for item in new if item not in released]
        cells += [c for item in new for c in _cells(comparison, ladder, step, item) if c not in cells]
    _write(comparison, found, ladder, released, estimator)


def _word(step: str) -> str:
    return step.rsplit("+", 1)[-1]


def _cells(comparison: Comparison, ladder, step: str, item: str) -> list[str]:
    column = comparison.items[item][0]
    return cells_of(_word(step), item, comparison.factor[item], ladder.design.n_thresholds.get(column, 0))


def _search(comparison, found, ladder, frame, text, how, step, cells, settings, criteria, seed) -> list[str]:
    """Items to release at ``step``; every test goes into the log."""
    import pandas as pd

    from alliance.sem import fit_sem, invariance_ladder
    from alliance.sem.invariance_syntax import step_model, step_words

    names = list(ladder.table["step"])
    before = ladder.fits[names[names.index(step) - 1]]
    words = step.split("+")

    scale = "theta" if "residuals" in words else "delta"
    options = {k: v for k, v in how.items() if k not in ("waves", "indicators", "criteria", "ordered")}
    options |= {"parameterization": scale, "std_lv": True, "meanstructure": True, "same_data": before}

    def fit(data, free):
        if data is not frame:  # a half may lack categories that the ladder's own design counts on
            return invariance_ladder(text, data, partial=free, steps=[words], parameterization=scale, **how).fits[step]
        columns = tuple(c for members in comparison.items.values() for c in members)
        model = step_model(ladder.design, step_words(words), scale, free)
        return fit_sem(model, data, ordered=columns if how["ordered"] else (), **options)

    def passes(current) -> bool:
        if "residuals" in words:  # estimated under theta, the step before it under delta: left to the item tests
            return False
        return bool(before.df < current.df and before.compare(current)["pvalue"] >= criteria.alpha)

    groups = frame[GROUP] if GROUP in frame else pd.Series("all", index=frame.index)
    every = {i: [c for c in _cells(comparison, ladder, step, i) if c not in cells] for i in comparison.items}
    items = {i: own for i, own in every.items() if own}
    rules = Search(criteria.alpha, len(names) - 1, float(settings.get("partial_limit", Search.limit)), seed)
    new, log = find_items(fit, frame, groups, items, cells, rules, passes=passes)
    found.rows["partial"] += [{"grouping": comparison.grouping, "step": step, **row} for row in log]
    return new


def _write(comparison: Comparison, found: Found, ladder, released: list[str], estimator: str) -> None:
    """Tables and verdict of the last ladder."""
    head = {"grouping": comparison.grouping, "kind": comparison.kind, "estimator": estimator, "n": len(comparison.data)}
    for row in ladder.table.to_dict("records"):
        found.rows["invariance"].append({**head, **row, "released": ", ".join(released)})
    level, doubt = "configural", []
    for step, verdict in zip(ladder.table["step"].iloc[1:], ladder.table["verdict"].iloc[1:], strict=True):
        if verdict in ("rejected", "not converged"):
            break
        level = _word(step)
        doubt += [_word(step)] if verdict == "unclear" else []
    if ladder.table["verdict"].iloc[0] == "not converged":
        _status(found, comparison, "failed", "the configural model did not converge")
        return
    found.level, found.fits = level, dict(zip(map(_word, ladder.fits), ladder.fits.values(), strict=True))
    names = [str(g) for g in next(iter(ladder.fits.values())).group_labels] if comparison.groups is not None else []
    text = LEVELS[level]
    if released:
        them = ", ".join(released)
        if level == "residuals":
            text = f"{LEVELS['intercepts'].partition(';')[0]}; means of sum scores only without {them}."
        text += f" Partial: {them} left free."
    if doubt:
        text += f" With doubt at {', '.join(doubt)}: the criteria disagree and no single item explains it."
    found.rows["verdicts"].append({
        "grouping": comparison.grouping, "kind": comparison.kind, "n": len(comparison.data),
        "groups": ", ".join(names), "level": level, "released": ", ".join(released), "doubt": ", ".join(doubt),
        "text": text,
    })  # fmt: skip
    if level in ("intercepts", "residuals"):
        fit = found.fits["intercepts"]
        found.rows["means"] += [{**head, **row} for row in latent_means(fit, ladder.design)]
        if comparison.groups is not None and estimator == WLSMV:
            rows = expected_differences(fit, {i: comparison.factor[i] for i in released})
            found.rows["effects"] += [{**head, **row} for row in rows]
    _status(found, comparison, "ok", "")


def _status(found: Found, comparison: Comparison, status: str, reason: str) -> None:
    row = {"stage": STAGE, "sample": comparison.grouping, "model": "correlated", "status": status, "reason": reason}
    found.rows["status"].append(row)
