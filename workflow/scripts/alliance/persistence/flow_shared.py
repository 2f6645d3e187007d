"""A flow of students as it may be shared: small counts, and what would give them away, are withheld."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from alliance.disclosure_counts import CountBook

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("n_in", "excluded", "n_out")


def shareable_flow(flow: pd.DataFrame, chains: Sequence[str], minimum: int) -> pd.DataFrame:
    """The flow with withheld counts missing and a column ``suppressed``.

    ``chains``: columns whose values make one flow, its steps in order, each n_in - excluded = n_out. Where a flow
    begins and where it ends is printed elsewhere (the sample's N, the N of the model) and stays when it is not small.
    """
    book, keys = CountBook(), {}
    for chain, rows in flow.groupby(list(chains), sort=False):
        before: Hashable = (chain, 0)
        book.add(before, rows["n_in"].iloc[0], fixed=rows["n_in"].iloc[0] >= minimum)
        for place, row in enumerate(rows.itertuples(), 1):
            after, gone = (chain, place), (chain, place, "-")
            book.add(after, row.n_out, fixed=place == len(rows) and row.n_out >= minimum)
            book.add(gone, row.excluded)
            book.total(before, [after, gone])
            keys[row.Index] = dict(zip(COLUMNS, (before, gone, after), strict=True))
            before = after
    hidden = book.protect(minimum)
    shown = flow.copy()
    for column in COLUMNS:
        gone = [keys[i][column] in hidden for i in flow.index]
        shown[column] = shown[column].astype("Int64").mask(gone)
    return shown.assign(suppressed=shown[list(COLUMNS)].isna().any(axis=1))
