"""Are the dimensions measured alike across groups, waves or roles? One ladder per comparison, with what it allows.

The ladder is the engine's; here it gets its data (sparse categories collapsed by rule, groups too small left out),
a search for the items that break a step (``partial``), effect sizes in points, and words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.measurement.estimate import MISSING, MLR, WLSMV, choose_estimator
from alliance.measurement.invariance_data import Comparison, model_text, prepare
from alliance.measurement.invariance_effects import expected_differences, latent_means
from alliance.measurement.partial import Search, cells_of, find_items

if TYPE_CHECKING:
    pass

STAGE = "invariance"
GROUP, CLUSTER = "group_", "cluster_"
# with two categories intercepts and residual variances can only be tested together (Wu & Estabrook, 2016)
BINARY_STEPS = [["configural"], ["thresholds"], ["thresholds", "loadings"],
                ["thresholds", "loadings", "intercepts", "residuals"]]  # fmt: skip
LEVELS = {
    "configural": "The same items belong to the same dimensions; neither associations nor means may be compared.",
    "thresholds": "Categories mean the same, loadings were not shown to: neither associations nor means are compared.",
    "loadings": "Associations with the dimensions (correlations, regressions) may be compared, means may not.",
    "intercepts": "Associations and latent means may be compared; means of sum scores still hold unequal residuals.",
    "residuals": "Associations, latent means and means of sum scores may be compared.",
}
EVERY_ITEM = ", every item"  # ends the name of a step as it was before items were released from it
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
class Found:
    """Rows of every table, and the fits of the last ladder by step for those who go on with them."""

    rows: dict[str, list[dict[str, Any]]]
    fits: dict[str, Any] = field(default_factory=dict)
    level: str = ""


def run(comparison: Comparison, settings: Mapping[str, Any], seed: int, minimum: int = 10) -> Found:
    """One ladder with its search, effect sizes, means and verdict; what cannot be done is a line in ``status``."""
    from alliance.sem.invariance_verdict import Criteria

    found = Found({name: [] for name in TABLES})
    problem = comparison.reason or prepare(comparison, found.rows["collapse"], settings, minimum)
    for note in comparison.notes:
        _status(found, comparison, "note", note)
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


def _climb(comparison: Comparison, found: Found, settings: Mapping[str, Any], criteria, seed: int) -> None:
    """The ladder, with a search at each step that is not supported, until a step is rejected."""
    from alliance.sem import invariance_ladder

    text, waves, indicators = model_text(comparison)
    columns = [c for members in comparison.items.values() for c in members]
    estimator = choose_estimator(str(settings.get("estimator") or WLSMV), comparison.data[columns])
    frame = comparison.data[columns].copy()
    if comparison.groups is not None:
        frame[GROUP] = comparison.groups.astype(str)
    options: dict[str, Any] = {}
    if comparison.cluster is not None:
        frame[CLUSTER] = comparison.cluster
        options["cluster"] = CLUSTER
    how = {
        "group": None if comparison.groups is None else GROUP, "waves": waves, "indicators": indicators,
        "ordered": estimator == WLSMV, "estimator": WLSMV if estimator == WLSMV else MLR,
        "missing": MISSING[estimator if estimator == WLSMV else MLR], "criteria": criteria, **options,
    }  # fmt: skip
    if estimator == WLSMV and max(comparison.data[c].nunique() for c in columns) == 2:
        how["steps"] = BINARY_STEPS
    searched: set[str] = set()
    whole: dict[str, dict[str, Any]] = {}  # steps that items were released from, as they were with every item held
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
        if new:
            row = ladder.table.set_index("step", drop=False).loc[step].to_dict()
            whole[step] = {**row, "step": f"{step}{EVERY_ITEM}", "released": ", ".join(released)}
        released += [item for item in new if item not in released]
        cells += [c for item in new for c in _cells(comparison, ladder, step, item) if c not in cells]
    _write(comparison, found, ladder, released, whole, estimator)


def _word(step: str) -> str:
    return step.rsplit("+", 1)[-1]


def _cells(comparison: Comparison, ladder, step: str, item: str) -> list[str]:
    """The parameters of an item that this step and not the one before holds equal."""
    names = list(ladder.table["step"])
    before = names[names.index(step) - 1].split("+")
    thresholds = ladder.design.n_thresholds.get(comparison.items[item][0], 0)
    new = [word for word in step.split("+") if word not in before]
    return [cell for word in new for cell in cells_of(word, item, comparison.factor[item], thresholds)]


def _search(comparison, found, ladder, frame, text, how, step, cells, settings, criteria, seed) -> list[str]:
    """Items to release at ``step``; every test goes into the log."""
    import pandas as pd

    from alliance.sem import fit_sem, invariance_ladder
    from alliance.sem.invariance_syntax import step_model, step_words

    names = list(ladder.table["step"])
    before = ladder.fits[names[names.index(step) - 1]]
    words = step.split("+")

    scale = "theta" if "residuals" in words else "delta"
    design = ("waves", "indicators", "criteria", "ordered", "steps")
    options = {k: v for k, v in how.items() if k not in design}
    half = {k: v for k, v in how.items() if k != "steps"}
    options |= {"parameterization": scale, "std_lv": True, "meanstructure": True, "same_data": before}

    def fit(data, free):
        if data is not frame:  # a half may lack categories that the ladder's own design counts on
            return invariance_ladder(text, data, partial=free, steps=[words], parameterization=scale, **half).fits[step]
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


def _write(
    comparison: Comparison, found: Found, ladder, released: list[str], whole: Mapping[str, Any], estimator: str
) -> None:
    """Tables and verdict of the last ladder; before a step that items were released from, the step that was not met."""
    head = {"grouping": comparison.grouping, "kind": comparison.kind, "estimator": estimator, "n": len(comparison.data)}
    for row in ladder.table.to_dict("records"):
        if row["step"] in whole:
            found.rows["invariance"].append({**head, **whole[row["step"]]})
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
        fit = comparable_fit(found)
        found.rows["means"] += [{**head, **row} for row in latent_means(fit, ladder.design)]
        if comparison.groups is not None and estimator == WLSMV:
            rows = expected_differences(fit, {i: comparison.factor[i] for i in released})
            found.rows["effects"] += [{**head, **row} for row in rows]
    _status(found, comparison, "ok", "")


def comparable_fit(found: Found) -> Any:
    """The least restricted fit whose means may be compared, or else whose associations may."""
    if found.level in ("intercepts", "residuals"):
        return found.fits.get("intercepts") or found.fits["residuals"]  # items with two categories: one joint step
    return found.fits["loadings"]


def _status(found: Found, comparison: Comparison, status: str, reason: str) -> None:
    row = {"stage": STAGE, "sample": comparison.grouping, "model": "correlated", "status": status, "reason": reason}
    found.rows["status"].append(row)
