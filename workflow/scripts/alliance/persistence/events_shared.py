"""Tables of models as they may be shared: how many events a model saw is withheld where it, or the rest, is small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alliance.disclosure import count_book

if TYPE_CHECKING:
    import pandas as pd

POOLED = "pooled"
_OF_MODEL = ("outcome", "model", "family", "estimator", "score_method", "group")


def withhold_events(table: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """The table (rows of terms) with missing ``n_events`` where a small number of students can be worked out from it.

    The N of a model is one of the boxes of the flow and stays. Where the cohorts' models add up to the pooled one,
    their events do too, so a withheld cohort takes another one, or the pooled figure, with it. A table of pooled models
    alone (no column ``sample``) has withheld its own small counts and stays as it is.
    """
    if "n_events" not in table or "sample" not in table or table.empty:
        return table
    models = [c for c in _OF_MODEL if c in table]
    keys = [*models, "sample"]
    rows = table[[*keys, "n", "n_events"]].drop_duplicates().dropna(subset=["n", "n_events"]).reset_index(drop=True)
    rows[models] = rows[models].astype("object").fillna("")
    book = count_book(rows, ["n", "n_events"], minimum, parts={"n_events": "n"})
    for i, n in rows["n"].items():
        book.fixed[book.places[i, "n"]] = n >= minimum
    for _, part in rows.groupby(models, sort=False):
        whole, parts = part.index[part["sample"] == POOLED], part.index[part["sample"] != POOLED]
        counts = ["n", "n_events"]
        if len(whole) == 1 and len(parts) and (part.loc[parts, counts].sum() == part.loc[whole[0], counts]).all():
            book.total((whole[0], "n_events"), [(i, "n_events") for i in parts])
    hidden = book.protect(minimum)
    gone = {tuple(rows.loc[i, [*keys, "n"]]) for i, column in hidden if column == "n_events"}
    own = table[[*keys, "n"]].copy()
    own[models] = own[models].astype("object").fillna("")
    withheld = [tuple(values) in gone for values in own.itertuples(index=False, name=None)]
    return table.assign(n_events=table["n_events"].astype("Int64").mask(withheld))
