"""A flow of students as it may be shared: small counts, and what would give them away, are withheld."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from alliance.disclosure import small
from alliance.disclosure_counts import CountBook

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("n_in", "excluded", "n_out")
POOLED = "pooled"


def shareable_flow(flow: pd.DataFrame, chains: Sequence[str], minimum: int) -> pd.DataFrame:
    """The flow with withheld counts missing and a column ``suppressed``.

    ``chains``: columns whose values make one flow, its steps in order, each n_in - excluded = n_out. Where a flow
    begins and where it ends is printed elsewhere (the sample's N, the N of the model) and stays when it is not small.
    Flows of single cohorts keep nothing else as soon as one of their counts is small in any model: the models share
    most of their steps, and cohorts add up to the pooled flow, so that the others would tell it.
    """
    flow = flow.reset_index(drop=True)
    shown = flow.astype(dict.fromkeys(COLUMNS, "Int64"))
    whole = flow["cohort"] == POOLED
    hidden = _hidden(flow[whole], chains, minimum)
    cohorts = flow[~whole]
    if any(small(cohorts[column], minimum).any() for column in COLUMNS):
        ends = cohorts.groupby(list(chains), sort=False)
        for column, kept in (("n_in", ends.head(1)), ("excluded", cohorts.head(0)), ("n_out", ends.tail(1))):
            known = kept.index[kept[column] >= minimum]
            hidden |= {(i, column) for i in cohorts.index.difference(known)}
    for column in COLUMNS:
        shown[column] = shown[column].mask([(i, column) in hidden for i in flow.index])
    return shown.assign(suppressed=shown[list(COLUMNS)].isna().any(axis=1))


def _hidden(flow: pd.DataFrame, chains: Sequence[str], minimum: int) -> set[tuple[int, str]]:
    """Places (row, column) of the counts of pooled flows that must not be shown."""
    book, keys = CountBook(), {}
    for chain, rows in flow.groupby(list(chains), sort=False):
        before: Hashable = (chain, "")
        book.add(before, rows["n_in"].iloc[0], fixed=rows["n_in"].iloc[0] >= minimum)
        for row in rows.itertuples():
            after, gone = (chain, row.step), (chain, row.step, "-")
            book.add(after, row.n_out, fixed=row.Index == rows.index[-1] and row.n_out >= minimum)
            book.add(gone, row.excluded)
            book.total(before, [after, gone])
            keys |= {(row.Index, c): key for c, key in zip(COLUMNS, (before, gone, after), strict=True)}
            before = after
    hidden = book.protect(minimum)
    return {place for place, key in keys.items() if key in hidden}
