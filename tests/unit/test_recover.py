"""The attack on the published tables: it recovers what was hidden carelessly, and nothing of what the stages hide."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.codebook import Codebook
from alliance.persistence.outcomes import Outcome
from alliance.persistence.rates import group_frame, group_sizes, rate_table, withhold
from alliance.survey.describe import characteristics
from alliance.survey.groups import group_levels
from alliance.verification.recover import Published, published

GROUPS = ["institution", "race", "sex", "institution*race*sex"]
CONFIG = {"describe": {"groups": GROUPS}, "report": {"minimum_cell": 10}}
NEED = 9  # values that must stay possible: as many as "fewer than 10" leaves


def made_up(n: int = 2600, seed: int = 3) -> pd.DataFrame:
    """Students at three institutions, most of them of two of five races."""
    rng = np.random.default_rng(seed)
    sample = pd.DataFrame(
        {
            "cohort": rng.choice(["2014", "2015", "2016"], n),
            "institution": rng.choice(["A", "B", "C"], n, p=[0.6, 0.3, 0.1]),
            "race": rng.choice(["r1", "r2", "r3", "r4", "r5"], n, p=[0.6, 0.27, 0.08, 0.035, 0.015]),
            "sex": rng.choice(["f", "m"], n),
        }
    )
    sample.loc[rng.choice(n, 40, replace=False), "race"] = pd.NA
    return sample


def tables(sample: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict]:
    """characteristics, rates and flow as published, and the true counts of all of them."""
    rng = np.random.default_rng(5)
    n = len(sample)
    outcomes = {}
    for name, risk, rate in (("retained", 0.995, 0.85), ("stem", 0.5, 0.6)):
        at_risk = rng.random(n) < risk
        if name == "retained":
            at_risk |= sample["cohort"].to_numpy() == "2014"
        value = np.where(at_risk, (rng.random(n) < rate).astype(float), np.nan)
        outcomes[name] = Outcome(value, at_risk, np.zeros(n, bool), np.full(n, ""))
    described = characteristics(sample, Codebook(()), CONFIG)
    groups, cohort = group_frame(sample, GROUPS, None), sample["cohort"].astype("string")
    exact = rate_table(outcomes, {}, cohort, groups, empty=True)
    shown = withhold(exact, 10, group_sizes(cohort, groups, described))
    counts = [*sample["cohort"].value_counts().items(), ("pooled", n)]
    flow = pd.DataFrame([(0, c, k) for c, k in counts], columns=["order", "cohort", "n_out"])
    truth = {("size", c, "all", "all"): k for c, k in counts}
    for name in GROUPS:
        levels = group_levels(sample, name).fillna("(missing)")
        for c, part in [*sample.groupby("cohort"), ("pooled", sample)]:
            truth |= {("size", c, name, level): k for level, k in levels[part.index].value_counts().items()}
    for o, c, v, g, k, e in exact.iloc[:, :6].itertuples(index=False):
        truth |= {(("n", o), c, v, g): k, (("events", o), c, v, g): e}
    return described, shown, flow, truth


def recovered(book: Published, truth: dict) -> list:
    """Small counts of persons of which fewer values are possible than "fewer than 10" leaves."""
    keys = [key for key in book.hidden() if 0 < truth[key] < 10]
    found = book.attack(keys, enough=NEED, truth=truth)
    return [key for key, left in zip(keys, found.possible, strict=True) if left < NEED]


def test_nothing_small_can_be_recovered_from_all_tables_together():
    described, shown, flow, truth = tables(made_up())
    book = published(described, shown, flow)
    leaves = [key for key in book.hidden() if key[0] == "size" and key[2] == GROUPS[-1] and key[1] != "pooled"]
    assert len(leaves) > 20, "there is something to attack"
    assert recovered(book, truth) == []
    found = book.attack(leaves[:3])
    for key, low, high in zip(leaves[:3], found.low, found.high, strict=True):
        assert low <= truth[key] <= high, "bounds hold the truth although the attack does not know it"


def test_one_table_that_is_not_told_what_the_other_hides_gives_it_away():
    described, shown, flow, truth = tables(made_up())
    open_ = described.copy()
    row = open_.index[(open_["variable"] == "race") & (open_["cohort"] != "pooled") & open_["n"].isna()]
    for i in row[open_.loc[row, "level"] != "r5"]:
        key = ("size", open_.loc[i, "cohort"], "race", open_.loc[i, "level"])
        open_.loc[i, "n"] = truth[key]
    assert recovered(published(open_, shown, flow), truth)


def test_hiding_small_counts_only_is_recovered_exactly():
    described, shown, flow, truth = tables(made_up())
    careless = described.copy()
    for i, (c, v, g) in careless[["cohort", "variable", "level"]].iterrows():
        k = truth.get(("size", c, v, g), 0)
        careless.loc[i, "n"] = pd.NA if 0 < k < 10 else k
    book = published(careless, shown, flow)
    bad = recovered(book, truth)
    assert bad
    exact = book.attack(bad)
    assert any(low == high == truth[key] for key, low, high in zip(bad, exact.low, exact.high, strict=True))


@pytest.mark.slow
def test_no_cell_under_ten_of_midfield_can_be_recovered():
    """Of all institution x cohort x race x sex cells, after a run of examples/midfield: ALLIANCE_MIDFIELD_RESULTS."""
    folder = os.environ.get("ALLIANCE_MIDFIELD_RESULTS")
    if not folder:
        pytest.skip("ALLIANCE_MIDFIELD_RESULTS names no results of examples/midfield")
    root = Path(folder)
    text = dict.fromkeys(("cohort", "variable", "level", "group_variable", "group", "outcome"), "str")
    read = [
        pd.read_csv(root / f, dtype=text, keep_default_na=False, na_values={"n": "", "n_at_risk": "", "n_events": ""})
        for f in ("describe/characteristics.csv", "outcomes/rates.csv")
    ]
    flow = pd.read_csv(root / "sample/flow.csv", dtype={"cohort": "str"})
    book = published(*read, flow)
    sample = pd.read_parquet(root / "private/sample/sample.parquet")
    cells = sample.assign(g=group_levels(sample, GROUPS[-1])).groupby(["cohort", "g"]).size()
    print(f"{len(cells)} cells with students, {int((cells < 10).sum())} of them under 10")
    hidden = [k for k in book.hidden() if k[0] == "size" and k[2] == GROUPS[-1] and k[1] != "pooled"]
    small = [("size", c, GROUPS[-1], g) for (c, g), k in cells.items() if k < 10]
    assert small
    assert set(small) <= set(hidden)
    found = book.attack(small, enough=NEED)
    assert (found.possible >= NEED).all()
