"""Descriptive tables against numbers worked out another way; small counts withheld."""

import numpy as np
import pandas as pd
import pytest
from alliance.persistence import fit_outcome
from alliance.study import read_codebook
from alliance.survey.attrition import attrition_table
from alliance.survey.clustering import anova_icc
from alliance.survey.describe import characteristics, item_table, missingness

HEADER = "input,column,variable,label,type,values,range,missing,invalid,dimension,reverse,role,wave\n"
CONFIG = {
    "instrument": {"dimensions": {"bond": "Bond"}},
    "sample": {"frame": {"role": "mentee", "wave": 1}, "cluster": "program"},
    "describe": {"groups": ["gender"]},
    "link": {"covariates": ["gpa"]},
    "report": {"minimum_cell": 10},
}


@pytest.fixture
def codebook(tmp_path):
    items = [
        f"s,q{i}w{w},bond_{i},Bond {i},item,1=a; 2=b; 3=c; 4=d,,,,bond,no,mentee,{w}" for w in (1, 2) for i in (1, 2, 3)
    ]
    (tmp_path / "codebook.csv").write_text(
        HEADER + "s,sex,gender,,category,1=woman; 2=man; 3=another,,,,,,,\n" + "\n".join(items)
    )
    return read_codebook(tmp_path / "codebook.csv")


@pytest.fixture
def sample():
    random = np.random.default_rng(7)
    n = 400
    trait = random.normal(size=n)
    frame = pd.DataFrame(
        {
            "student_id": [f"S{i}" for i in range(n)],
            "cohort": np.where(np.arange(n) < 200, "2015", "2016"),
            "program": [f"P{i % 20}" for i in range(n)],
            "gender": pd.array(random.choice(["woman", "man"], n), dtype="string"),
            "gpa": random.normal(3, 0.5, n),
        }
    )
    frame.loc[:11, "gender"] = "another"
    frame.loc[12:14, "gender"] = pd.NA
    later = random.random(n) < 1 / (1 + np.exp(-(0.3 + 0.9 * trait)))
    for wave in (1, 2):
        for i in (1, 2, 3):
            value = np.clip(np.round(2.5 + 0.7 * trait + random.normal(0, 0.6, n)), 1, 4)
            item = pd.array(value, dtype="Int64")
            item[random.random(n) < 0.05] = pd.NA
            frame[f"bond_{i}_mentee_w{wave}"] = item if wave == 1 else pd.Series(item).where(later)
        frame[f"answered_mentee_w{wave}"] = later if wave == 2 else True
    return frame


def test_item_statistics_are_those_of_pandas_and_the_item_rest_correlation_leaves_the_item_out(sample, codebook):
    table = item_table(sample, codebook, CONFIG).set_index(["wave", "variable"])
    values = sample["bond_1_mentee_w1"].astype(float)
    row = table.loc[1, "bond_1"]
    assert (row["n"], row["missing"]) == (values.notna().sum(), values.isna().sum())
    assert row["mean"] == pytest.approx(values.mean())
    assert row["skew"] == pytest.approx(values.skew())
    complete = sample[[f"bond_{i}_mentee_w1" for i in (1, 2, 3)]].astype(float).dropna()
    assert row["item_rest"] == pytest.approx(complete.iloc[:, 0].corr(complete.iloc[:, 1] + complete.iloc[:, 2]))
    there = sample.loc[sample["answered_mentee_w2"], "bond_1_mentee_w2"]
    assert 0 < there.isna().sum() < 10
    second = table.loc[2, "bond_1"]
    assert pd.isna(second["n"]), "the number of reports is known, so n would tell how few did not answer"
    assert second["mean"] == round(there.astype(float).mean(), 2), "nor may a mean tell n by its decimals"


def test_no_count_below_the_limit_stands_in_any_table(sample, codebook):
    tables = [
        item_table(sample, codebook, CONFIG),
        characteristics(sample, codebook, CONFIG),
        missingness(sample, codebook, CONFIG),
        attrition_table(sample, codebook, CONFIG, fit_outcome),
    ]
    for table in tables:
        for column in table.columns.intersection(["n", "missing", "n_missing", "n_responded"]):
            counts = table[column].dropna()
            assert ((counts == 0) | (counts >= 10)).all(), column
        assert table["suppressed"].any()


def test_characteristics_show_levels_in_the_order_of_the_codebook_and_moments_of_numbers(sample, codebook):
    table = characteristics(sample, codebook, CONFIG)
    pooled = table[(table["cohort"] == "pooled") & (table["variable"] == "gender")]
    assert pooled["level"].tolist() == ["woman", "man", "another", "(missing)"]
    assert pooled["suppressed"].tolist() == [False, False, False, True]
    gpa = table[(table["variable"] == "gpa") & (table["cohort"] == "2016")].iloc[0]
    assert gpa["mean"] == pytest.approx(sample["gpa"][200:].mean())


def test_missingness_counts_those_who_gave_the_report(sample, codebook):
    table = missingness(sample, codebook, CONFIG)
    row = table[(table["wave"] == 2) & (table["variable"] == "any item") & (table["by"] == "all")].iloc[0]
    there = sample[sample["answered_mentee_w2"]]
    assert row["n"] == len(there)
    assert row["n_missing"] == there[[f"bond_{i}_mentee_w2" for i in (1, 2, 3)]].isna().any(axis=1).sum()


def test_attrition_finds_that_a_weaker_alliance_leaves(sample, codebook):
    table = attrition_table(sample, codebook, CONFIG, fit_outcome)
    everybody = table[table["by"] == "all"].iloc[0]
    assert everybody["rate"] == pytest.approx(sample["answered_mentee_w2"].mean())
    bond = table[table["term"] == "bond"].iloc[0]
    assert bond["conf_low"] > 0
    assert bond["odds_ratio"] == pytest.approx(np.exp(bond["estimate"]))
    assert (bond["se_type"], bond["n_clusters"]) == ("CR2", 20)


def test_icc_of_a_worked_example():
    """Shrout and Fleiss (1979), table 2: six targets, four judges; ICC(1,1) is .17 with interval -.13 to .72."""
    ratings = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
    found = anova_icc(ratings.ravel(), np.repeat(np.arange(6), 4))
    assert found.icc == pytest.approx(0.1657, abs=1e-4)
    assert (found.conf_low, found.conf_high) == (pytest.approx(-0.1329, abs=1e-3), pytest.approx(0.7226, abs=1e-3))
    assert found.cluster_size == 4
    assert found.design_effect == pytest.approx(1 + 3 * 0.1657, abs=1e-3)


def test_icc_says_nothing_where_nothing_can_be_estimated():
    assert np.isnan(anova_icc(np.arange(3.0), np.arange(3)).icc)
    assert np.isnan(anova_icc(np.arange(3.0), np.zeros(3)).icc)


def test_extreme_numbers_are_counted_as_the_limit(sample, codebook):
    coded = CONFIG | {"report": {"minimum_cell": 10, "top_code": {"gpa": 3.2}, "bottom_code": {"gpa": 2.5}}}
    table = characteristics(sample, codebook, coded)
    row = table[(table["variable"] == "gpa") & (table["cohort"] == "pooled") & (table["level"] == "")].iloc[0]
    assert row["mean"] == pytest.approx(sample["gpa"].clip(2.5, 3.2).mean())
    assert row["sd"] == pytest.approx(sample["gpa"].clip(2.5, 3.2).std())
    assert row["n"] == 400
