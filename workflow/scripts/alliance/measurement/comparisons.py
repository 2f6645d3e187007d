"""What is compared: groups of the config, waves of one role, roles in one wave, as the ladder takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alliance.measurement.invariance_data import MINIMUM_GROUP, Comparison
from alliance.measurement.samples import left_out

if TYPE_CHECKING:
    import pandas as pd

Key = Mapping[str, Sequence[str]]


def by_group(
    grouping: str, sample: pd.DataFrame, items: pd.DataFrame, key: Key, settings: Mapping[str, Any],
    cluster: pd.Series | None = None, minimum: int = 10,
) -> Comparison:  # fmt: skip
    """Groups of one variable, or of a crossing written ``a*b``; small groups are left out and named in the notes.

    The largest group is the reference: the engine takes groups in order of appearance, so its rows come first.
    """
    parts = [p.strip() for p in grouping.split("*")]
    labels = sample[parts[0]].astype("string")
    for part in parts[1:]:
        labels = labels + " × " + sample[part].astype("string")
    labels = labels.where(labels.str.strip() != "")
    answered = items.notna().any(axis=1)
    counts = labels[answered].value_counts()
    least = int(settings.get("minimum_group", MINIMUM_GROUP))
    small = sorted(str(g) for g, n in counts.items() if n < least)
    kept = [g for g, n in counts.items() if n >= least]
    lost = int((answered & ~labels.isin(kept)).sum())
    why = [f"no value of {grouping}"] if (answered & labels.isna()).any() else []
    why += [f"in groups of fewer than {least} ({', '.join(small)})"] if small else []
    notes = [left_out(lost, len(items), " or ".join(why), minimum)] if lost and kept else []
    reason = "" if len(kept) > 1 else f"fewer than two groups of at least {least} persons"
    labels = labels.where(labels.isin(kept))
    rank = {g: i for i, g in enumerate(sorted(kept, key=lambda g: (-counts[g], g)))}
    order = labels.map(rank).astype("float64").to_numpy().argsort(kind="stable")
    labels, items = labels.iloc[order], items.iloc[order]
    cluster = None if cluster is None else cluster.iloc[order]
    factor = {i: d for d, members in key.items() for i in members}
    groups = labels.astype(object)
    columns = {i: [i] for i in factor}
    return Comparison(grouping, "group", items, columns, factor, groups, cluster, notes, reason)


def by_occasion(
    grouping: str, kind: str, frames: Sequence[pd.DataFrame], key: Key, cluster: pd.Series | None = None
) -> Comparison:
    """The same items on several occasions (waves of a role, or roles in a wave), persons as rows in the same order."""
    import pandas as pd

    named = [frame.add_suffix(f"_{k}") for k, frame in enumerate(frames, 1)]
    factor = {i: d for d, members in key.items() for i in members}
    items = {i: [f"{i}_{k}" for k in range(1, len(frames) + 1)] for i in factor}
    return Comparison(grouping, kind, pd.concat(named, axis=1), items, factor, None, cluster)
