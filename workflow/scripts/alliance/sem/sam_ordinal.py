"""Measurement blocks of models with ordered variables: least squares on their share of the joint statistics.

All blocks use the thresholds, correlations and weights that the whole model would use, so that numeric items, ordered
items and what covariates explain stay on one scale.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .categorical import build_categorical
from .estimation import minimise
from .ordinal import OrdinalMoments
from .results import Fit
from .start import start_values
from .structure import OrdinalStructure
from .table import build_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def ordinal_block(joint: Fit, text: str, group_equal: Sequence[str], std_lv: bool) -> Fit:
    """Fit the measurement model ``text`` to the statistics of ``joint`` that concern its items."""
    observed = joint.observed
    categories = {
        name: len(cuts)
        for name, is_ordered, cuts in zip(observed[0].names, observed[0].ordered, observed[0].thresholds, strict=True)
        if is_ordered
    }
    mentioned = build_table(text, n_groups=joint.n_groups, std_lv=std_lv).ov_names
    ordered = {name: categories[name] for name in mentioned if name in categories}
    table = build_table(
        text, ordered=list(ordered), n_thresholds=ordered, n_groups=joint.n_groups, group_equal=group_equal,
        parameterization=joint.table.parameterization, std_lv=std_lv, meanstructure=True,
    )  # fmt: skip
    names = table.ov_names
    moments = [share_of(m, names) for m in observed]
    groups = [build_categorical(table, g + 1, m, table.parameterization) for g, m in enumerate(moments)]
    structure = OrdinalStructure(groups, moments, unweighted=joint.options.discrepancy == "ULS")
    thresholds = [dict(zip(m.names, m.thresholds, strict=True)) for m in moments]
    start = start_values(table, names, [m.means for m in moments], [m.cov for m in moments], thresholds)
    optimum = minimise(structure.objective, start, table.constraint_values if table.constraints else None)
    return Fit(table, structure, joint.options, optimum, joint.group_labels, [])


def numeric_block(joint: Fit, text: str, data: pd.DataFrame, options: dict[str, Any]) -> Fit:
    """Fit a block of numeric items, beside ordered variables elsewhere, by least squares on its own covariances.

    As lavaan 0.7: the same discrepancy as the joint model, but weighted by the block's own moments.
    """
    from .fit import fit_sem

    estimator = "ULSMV" if joint.options.discrepancy == "ULS" else "WLSMV"
    rows = data if options["missing"] == "listwise" else data.dropna(subset=joint.table.ov_names)
    how = {key: value for key, value in options.items() if key not in ("missing", "estimator", "parameterization")}
    return fit_sem(text, rows, estimator=estimator, meanstructure=True, **how)


def share_of(moments: OrdinalMoments, names: list[str]) -> OrdinalMoments:
    """The statistics about ``names`` (in that order), given the covariates; slopes are left out."""
    at = [moments.names.index(name) for name in names]
    inside = set(names)
    rank = {name: k for k, name in enumerate(names)}
    kept = []
    for k, label in enumerate(moments.labels):
        about = [part for part in label[1:] if isinstance(part, str)]
        if label[0] != "slope" and inside.issuperset(about):
            kept.append((_order(label, rank), k))
    keep = [k for _, k in sorted(kept)]
    labels = [_turned(moments.labels[k], rank) for k in keep]
    return replace(
        moments,
        names=list(names),
        ordered=np.asarray(moments.ordered)[at],
        exo=[],
        thresholds=[moments.thresholds[i] for i in at],
        means=moments.means[at],
        slopes=np.empty((len(at), 0)),
        cov=moments.cov[np.ix_(at, at)],
        stats=moments.stats[keep],
        labels=labels,
        gamma=None if moments.gamma is None else moments.gamma[np.ix_(keep, keep)],
        mean_x=np.empty(0),
        cov_x=np.empty((0, 0)),
        codes=None if moments.codes is None else moments.codes[:, at],
        data=None if moments.data is None else moments.data[:, at],
        exo_data=None,
    )


def _order(label: tuple, rank: dict[str, int]) -> tuple:
    """Sorting key of lavaan's order: thresholds and means by variable, variances, then columns below the diagonal."""
    if label[0] in ("th", "mean"):
        return 0, rank[label[1]], label[2] if label[0] == "th" else 0
    if label[0] == "var":
        return 1, rank[label[1]], 0
    low, high = sorted((rank[label[1]], rank[label[2]]))
    return 2, low, high


def _turned(label: tuple, rank: dict[str, int]) -> tuple:
    """Pairs named with the later variable first, as in the statistics of the block's own order."""
    if label[0] != "cov":
        return label
    a, b = sorted(label[1:], key=rank.__getitem__)
    return "cov", b, a
