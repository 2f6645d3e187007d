"""Truth against estimate: the arithmetic of the table, a few studies on every run, a hundred in the slow run."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.robustness.demo_study import load_truth
from alliance.robustness.recovery import COLUMNS, Estimate, recover, summarise

DEMO = Path(__file__).parents[2] / "data" / "demo"


def test_bias_and_coverage_of_a_known_case():
    """Two studies: estimates .6 and .8 of a truth of .5, the second interval misses it."""

    def study(estimate):
        return [Estimate("loading", "bond_1", 0.5, estimate, 0.1, estimate - 0.2, estimate + 0.2, 300)]

    table = summarise([study(0.6), study(0.8)], n_students=400, seed=1).set_index("term")
    row = table.loc["bond_1"]
    assert row["bias"] == pytest.approx(0.2)
    assert row["relative_bias"] == pytest.approx(0.4)
    assert row["bias_mcse"] == pytest.approx(np.std([0.6, 0.8], ddof=1) / np.sqrt(2))
    assert row["coverage"] == 0.5
    assert row["coverage_mcse"] == pytest.approx(np.sqrt(0.25 / 2), abs=1e-6)
    assert table.loc["all", "bias"] == pytest.approx(0.2)


def test_a_study_without_a_fit_is_counted():
    good = [Estimate("loading", "bond_1", 0.5, 0.5, 0.1, 0.3, 0.7, 300)]
    table = summarise([good, good, []], n_students=400, seed=1)
    assert set(table["n_studies"]) == {3}
    assert set(table["replications"]) == {2}


def test_few_studies_are_reproducible_and_complete():
    truth = load_truth(DEMO / "truth.yaml")
    table = recover(truth, n_studies=2, n_students=300, seed=4)
    assert tuple(table.columns) == COLUMNS
    pd.testing.assert_frame_equal(table, recover(truth, n_studies=2, n_students=300, seed=4))
    terms = table.groupby("kind")["term"].apply(set)
    assert len(terms["loading"]) == 13
    assert terms["correlation"] == {"bond-goal", "bond-task", "goal-task", "all"}
    assert terms["link"] == {"bond", "goal", "task", "all"}


@pytest.mark.slow
def test_hundred_small_studies(capsys):
    """Printed, and only checked for sanity: this is the baseline before the engine for ordinal items."""
    truth = load_truth(DEMO / "truth.yaml")
    table = recover(truth, n_studies=100, n_students=400, seed=truth["seed"])
    with capsys.disabled():
        shown = ["kind", "term", "truth", "replications", "mean_estimate", "bias", "bias_mcse", "coverage"]
        print("\n" + table[shown].round(3).to_string(index=False))
    assert table["replications"].min() >= 90
    everything = table[table["term"] == "all"].set_index("kind")
    assert everything.loc["loading", "bias"] == pytest.approx(0, abs=0.10)
    assert everything.loc["correlation", "bias"] == pytest.approx(0, abs=0.03)
    assert everything["coverage"].between(0.5, 1.0).all()
    written = pd.read_csv(DEMO / "recovery.csv")
    pd.testing.assert_frame_equal(table, written, check_exact=False, atol=2e-3, rtol=0)
