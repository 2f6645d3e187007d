"""Pairs of reports about one relationship: who belongs to whom, and what that does to errors.

A mentor has several mentees, so pairs that share a mentor are alike; a mentee with several mentors is in the sample
once, with the report that ``sample.several_reports`` names. Both are said beside the results of the roles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

MENTOR = "mentor_id"
_RULES = {
    "most_complete": "the one with most answers",
    "first": "the first one",
    "last": "the last one",
}


def pair_notes(
    sample: pd.DataFrame, frames: Sequence[pd.DataFrame], cluster: pd.Series | None, design: Mapping[str, Any],
    minimum: int,
) -> list[str]:  # fmt: skip
    """Sentences for ``status``: pairs and mentors, whether errors allow for shared mentors, which report counts.

    ``frames``: items of the two reports, rows as in ``sample``; ``design``: the config's ``sample`` block. Nothing is
    said about mentors when the sample does not name them, or fewer than ``minimum`` pairs are complete.
    """
    rule = _RULES[design.get("several_reports") or "most_complete"]
    counted = f"a student with reports about several mentors counts with {rule} (see the participant flow)"
    both = frames[0].notna().any(axis=1) & frames[1].notna().any(axis=1)
    if MENTOR not in sample or int(both.sum()) < minimum:
        return [counted]
    mentors = sample.loc[both, MENTOR].astype("string").str.strip()
    known = mentors[mentors.notna() & (mentors != "")]
    sizes = known.value_counts()
    if len(sizes) < minimum:
        return [counted]
    shared = sizes.max() > 1
    text = f"{int(both.sum())} pairs with both reports, {len(sizes)} mentors"
    if shared:
        text += f", some with several students: errors {_allowed(known, cluster)}"
    return [text, counted]


def _allowed(mentors: pd.Series, cluster: pd.Series | None) -> str:
    """Whether clusters keep the pairs of a mentor together."""
    if cluster is None:
        return f"do not allow for it (invariance.role_cluster: {MENTOR} would)"
    if cluster.name == MENTOR:
        return f"allow for it (clusters: {MENTOR})"
    counts = cluster.loc[mentors.index].astype("string").groupby(mentors).nunique()
    apart = float((counts > 1).mean())
    if apart:
        return f"allow for {cluster.name}, which parts the students of {apart:.0%} of the mentors"
    return f"allow for it: all students of a mentor are in one {cluster.name}"
