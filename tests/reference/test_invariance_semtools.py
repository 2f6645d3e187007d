"""The ladders of semTools and lavaan on our simulated data and, where they are at hand, on two public samples."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from alliance.sem.invariance import invariance_ladder

HERE = Path(__file__).parent
LADDERS = {ladder["name"]: ladder for ladder in json.loads((HERE / "invariance/semtools.json").read_text())["ladders"]}
# Samples of others stay outside the repository; the numbers of their ladders are kept beside ours.
FOLDERS = [HERE / "sem/data", HERE.parents[1].parent / "shared/reference/sem/data"]
INDICES = ("cfi", "tli", "rmsea", "srmr")


@cache
def fitted(name):
    ladder = LADDERS[name]
    paths = [folder / ladder["data"] for folder in FOLDERS if (folder / ladder["data"]).exists()]
    if not paths:
        pytest.skip(f"{ladder['data']} is not part of this repository")
    return invariance_ladder(data=pd.read_csv(paths[0]), **ladder["arguments"])


@pytest.mark.parametrize("name", LADDERS)
def test_every_step_has_the_numbers_of_lavaan(name):
    found = fitted(name).table
    expected = LADDERS[name]["steps"]
    assert list(found["step"]) == [row["step"] for row in expected]
    for (_, row), reference in zip(found.iterrows(), expected, strict=True):
        for measure, value in reference.items():
            if value is None or measure in ("step", "converged"):
                continue
            relative = 0 if measure.startswith(INDICES) else 1e-4
            assert row[measure] == pytest.approx(value, rel=relative, abs=1e-5), (row["step"], measure)


@pytest.mark.parametrize("name", [name for name, ladder in LADDERS.items() if ladder["parameters_of_last_step"]])
def test_estimates_and_standard_errors_of_the_last_step(name):
    fit = list(fitted(name).fits.values())[-1].parameters
    columns = (fit[key] for key in ("lhs", "op", "rhs", "group", "est", "se"))
    mine = {
        (frozenset((lhs, rhs)), op, group): (est, se) for lhs, op, rhs, group, est, se in zip(*columns, strict=True)
    }
    for lhs, op, rhs, group, est, se in LADDERS[name]["parameters_of_last_step"]:
        found = mine[frozenset((lhs, rhs)), op, group]
        assert found == pytest.approx((est, se), rel=1e-4, abs=1e-5), (lhs, op, rhs, group)


def test_delta_and_theta_describe_the_same_models():
    delta, theta = fitted("alliance_waves_ordinal_delta").table, fitted("alliance_waves_ordinal_theta").table
    for measure in ("chisq", "chisq_scaled", "srmr", "p_diff"):
        assert delta[measure].to_numpy() == pytest.approx(
            theta[measure][:4].to_numpy(), rel=1e-4, abs=1e-6, nan_ok=True
        )
