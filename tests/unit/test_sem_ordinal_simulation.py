"""The Monte Carlo study of the engine: it runs as published, and its claims hold in a short run."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module")
def simulate_engine():
    path = Path(__file__).parents[2] / "benchmarks" / "simulate_engine.py"
    spec = importlib.util.spec_from_file_location("simulate_engine", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["simulate_engine"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["simulate_engine"]


def test_every_condition_runs_and_the_page_states_its_error(simulate_engine):
    tables = [simulate_engine.study(name, 300, 3) for name in simulate_engine.CONDITIONS]
    page = simulate_engine.page(tables, 3)
    assert page.count("\n| ") == 1 + 3 * len(tables)
    assert "a coverage of .95 of one parameter has a standard error of .126" in page


def test_populations_are_what_they_say(simulate_engine):
    rng = np.random.default_rng(1)
    cluster = np.arange(60_000) // 20
    for responses in (simulate_engine.responses(60_000, rng), simulate_engine.responses(60_000, rng, cluster)):
        found = np.corrcoef(responses, rowvar=False)
        loadings = simulate_engine.LOADINGS
        expected = np.kron(simulate_engine.factor_covariance(), np.ones((4, 4))) * np.outer(loadings, loadings)
        off = ~np.eye(12, dtype=bool)
        np.testing.assert_allclose(found[off], expected[off], atol=0.03)
    gone = simulate_engine.missing_at_random(20_000, rng).isna().mean()
    assert gone.iloc[[0, 4, 8]].max() == 0
    assert 0.15 < gone.iloc[[1, 2, 3, 5, 6, 7, 9, 10, 11]].mean() < 0.25


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ordinal", "pairwise", "fiml", "clusters"])
def test_intervals_cover_and_estimates_are_unbiased(simulate_engine, name):
    """200 samples: the error of a mean coverage is under 1%, that of the size 1.5%."""
    table = simulate_engine.study(name, 800, 200, workers=1)
    assert table["used"].min() >= 195
    assert table["bias"].abs().max() < 0.01
    assert table["coverage"].between(0.92, 0.975).all()
    assert table["se_ratio"].between(0.92, 1.08).all()
    assert table["size"].iloc[0] < 0.11
