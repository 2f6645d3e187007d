"""How many events a model saw is withheld where it tells of few persons."""

import pandas as pd
from alliance.persistence.events_shared import withhold_events


def estimates(events: dict[str, tuple[int, int]]) -> pd.DataFrame:
    """Two terms for each sample (sample -> n, events)."""
    rows = [
        {"outcome": "retained", "model": "m", "sample": s, "term": t, "n": n, "n_events": e}
        for s, (n, e) in events.items()
        for t in ("bond", "goal")
    ]
    return pd.DataFrame(rows)


def test_few_events_and_few_without_are_withheld_and_cannot_be_subtracted():
    table = estimates({"2015": (100, 96), "2016": (120, 60), "2017": (90, 50), "pooled": (310, 206)})
    shown = withhold_events(table, 10)
    missing = shown[shown["n_events"].isna()]
    assert set(missing["sample"]) == {"2015", "2017"}, "4 without the event, and the next smallest to protect it"
    assert len(missing) == 4
    assert shown["n"].tolist() == table["n"].tolist()


def test_without_small_counts_nothing_changes():
    table = estimates({"2015": (100, 80), "2016": (120, 60), "pooled": (220, 140)})
    assert withhold_events(table, 10)["n_events"].tolist() == table["n_events"].tolist()
    assert withhold_events(table.drop(columns="n_events"), 10).shape == (6, 5)
