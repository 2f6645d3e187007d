"""Tables of missing answers: counted right, small counts of persons neither shown nor to be found by subtraction."""

import numpy as np
import pandas as pd
import pytest
from alliance.survey.littles_test import littles_test
from alliance.survey.missing_patterns import missing_by_item, missing_patterns


def answers(counts):
    """A frame with the given number of persons of each pattern, e.g. {"11": 40, "10": 12} for items a and b."""
    rows = [[3 if c == "1" else None for c in key] for key, n in counts.items() for _ in range(n)]
    return pd.DataFrame(rows, columns=list("abc")[: len(next(iter(counts)))]).astype("Int64")


def test_patterns_are_counted_most_frequent_first():
    table = missing_patterns(answers({"10": 12, "11": 40, "00": 20}), ["a", "b"])
    assert table["pattern"].tolist() == ["1", "2", "3"]
    assert table["n"].tolist() == [40, 20, 12]
    assert table[["a", "b"]].to_numpy().tolist() == [[1, 1], [0, 0], [1, 0]]
    assert table["n_missing"].tolist() == [0, 2, 1]
    assert table["share"].sum() == pytest.approx(1)


def test_rare_patterns_are_pooled():
    table = missing_patterns(answers({"111": 50, "110": 20, "011": 6, "101": 5}), list("abc"))
    assert table["pattern"].tolist() == ["1", "2", "other"]
    assert table["n"].tolist() == [50, 20, 11]
    assert table["patterns"].tolist() == [1, 1, 2]
    assert table.loc[2, "a"] is pd.NA


def test_a_single_rare_pattern_takes_the_smallest_shown_one_with_it():
    table = missing_patterns(answers({"11": 50, "10": 12, "01": 3}), ["a", "b"])
    assert table["n"].tolist() == [50, 15]  # 3 alone would follow from the total
    assert table["patterns"].tolist() == [1, 2]


def test_fewer_persons_than_the_minimum_show_no_count_at_all():
    table = missing_patterns(answers({"11": 4, "10": 2}), ["a", "b"])
    assert table["pattern"].tolist() == ["other"]
    assert table["n"].isna().all()
    assert missing_patterns(answers({"11": 1}).iloc[:0], ["a", "b"]).empty


def test_missing_by_item_and_group_hides_small_counts_and_what_gives_them_away():
    frame = pd.DataFrame(
        {
            "a": [None] * 15 + [1] * 25 + [None] * 3 + [1] * 37 + [None] * 20 + [1] * 20,
            "b": [2] * 120,
            "group": ["x"] * 40 + ["y"] * 40 + ["z"] * 40,
        }
    )
    table = missing_by_item(frame, {"a": "w1", "b": "w1"}, by=["group"])
    total = table[table["group_variable"] == ""].set_index("variable")
    assert total.loc["a", "missing"] == 38
    assert total.loc["a", "share"] == pytest.approx(38 / 120)
    assert total.loc["b", "missing"] == 0
    groups = table[(table["group_variable"] == "group") & (table["variable"] == "a")].set_index("group")
    assert groups["missing"].isna().tolist() == [True, True, False]  # y is small, x goes with it
    assert groups["share"].isna().tolist() == [True, True, False]
    assert (table["wave"] == "w1").all()


def mcar(n=200, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 1)) + rng.normal(size=(n, 3))
    x[rng.random(x.shape) < 0.15] = np.nan
    return pd.DataFrame(x, columns=list("abc"))


def test_little_keeps_its_level_when_answers_are_missing_at_random_and_sees_when_they_are_not():
    p_values = [littles_test(mcar(seed=seed), list("abc")).p_value for seed in range(120)]
    assert 0.01 <= np.mean(np.array(p_values) < 0.05) <= 0.10
    frame = mcar().fillna(0)
    frame.loc[frame["a"] > 0.5, "b"] = np.nan
    assert littles_test(frame, list("abc")).p_value < 1e-6


def test_little_does_not_depend_on_units():
    frame = mcar()
    one, other = littles_test(frame, list("abc")), littles_test(frame * 1000 + 7, list("abc"))
    assert one.statistic == pytest.approx(other.statistic, rel=1e-8)


def test_little_says_why_it_cannot_test():
    frame = mcar()
    assert littles_test(frame.dropna(), list("abc")).status == "complete"
    assert littles_test(frame.head(3), list("abc")).reason == "3 rows are too few for 3 variables"
    assert "c does not vary" in littles_test(frame.assign(c=1.0), list("abc")).reason
    apart = frame.assign(b=frame["b"].where(frame.index < 100), c=frame["c"].where(frame.index >= 100))
    assert littles_test(apart, list("abc")).reason == "hardly any row has both b and c"
