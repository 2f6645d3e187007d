"""Careless responding by report: all indices of a frame of answers, and whom a stated cut-off calls careless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from alliance.survey.careless import (
    even_odd,
    irv,
    item_pairs,
    longstring,
    mahalanobis_cutoff,
    mahalanobis_d2,
    psychometric_synonyms,
    seconds_per_item,
)

if TYPE_CHECKING:
    import pandas as pd

# index -> how a cut-off is read; the names a config may use
CUTOFFS = {
    "longstring": "longest run of equal answers of this length or more",
    "irv": "standard deviation over the items below this",
    "mahalanobis": "squared distance above the chi-square quantile of this confidence",
    "synonyms": "correlation over synonymous item pairs below this",
    "even_odd": "even-odd inconsistency above this",
    "seconds_per_item": "fewer seconds per item than this",
}


def careless_indices(
    frame: pd.DataFrame,
    items: Sequence[str],
    *,
    reverse: Mapping[str, tuple[float, float]] | None = None,
    dimensions: Mapping[str, Sequence[str]] | None = None,
    seconds: pd.Series | None = None,
    synonyms: float = 0.60,
) -> pd.DataFrame:
    """All indices of each report: longstring, longstring_average, irv, mahalanobis_d2, synonyms, synonym_pairs,
    even_odd, seconds_per_item (floats; NaN where an index does not exist), on the frame's index.

    items: columns in the order in which they were asked; reverse: (lowest, highest) answer of the items that are
    already turned round, which are turned back first; dimensions: dimension -> its items (for even_odd); seconds:
    time that each report took. ``.attrs["notes"]`` says why a whole column is missing.
    """
    import pandas as pd

    x = frame[list(items)].to_numpy(dtype=float, na_value=np.nan)
    for item, (low, high) in (reverse or {}).items():
        if item in items:
            place = list(items).index(item)
            x[:, place] = low + high - x[:, place]
    notes = []
    longest, average = longstring(x)
    out = {"longstring": longest.astype(float), "longstring_average": average, "irv": irv(x)}
    try:
        out["mahalanobis_d2"] = mahalanobis_d2(x)
    except ValueError as error:
        out["mahalanobis_d2"] = np.full(len(x), np.nan)
        notes.append(str(error))
    pairs = item_pairs(x, synonyms)
    if len(pairs) < 3:
        notes.append(f"fewer than three pairs of items correlate above {synonyms}: no psychometric synonyms")
    out["synonyms"], number = psychometric_synonyms(x, pairs)
    out["synonym_pairs"] = number.astype(float)
    places = [[list(items).index(i) for i in members if i in items] for members in (dimensions or {}).values()]
    places = [sorted(members) for members in places if len(members) >= 2]
    out["even_odd"] = even_odd(x, places) if len(places) >= 2 else np.full(len(x), np.nan)
    time = np.full(len(x), np.nan) if seconds is None else seconds.to_numpy(dtype=float, na_value=np.nan)
    out["seconds_per_item"] = seconds_per_item(time, len(items))
    table = pd.DataFrame(out, index=frame.index)
    table.attrs.update(notes=notes, items=len(items))
    return table


def careless_flags(indices: pd.DataFrame, cutoffs: Mapping[str, float]) -> pd.DataFrame:
    """Which reports each cut-off calls careless: one boolean column per cut-off, False where the index is missing.

    indices: from :func:`careless_indices`; cutoffs: see ``CUTOFFS`` for the names and their meaning.
    """
    import pandas as pd

    unknown = sorted(set(cutoffs) - set(CUTOFFS))
    if unknown:
        raise ValueError(f"unknown cut-offs {', '.join(unknown)}: use {', '.join(CUTOFFS)}")
    flags = {}
    for name, cut in cutoffs.items():
        if name == "longstring":
            flags[name] = indices[name] >= cut
        elif name == "mahalanobis":
            flags[name] = indices["mahalanobis_d2"] > mahalanobis_cutoff(indices.attrs["items"], cut)
        elif name == "even_odd":
            flags[name] = indices[name] > cut
        else:
            flags[name] = indices[name] < cut
    return pd.DataFrame(flags, index=indices.index).astype(bool)
