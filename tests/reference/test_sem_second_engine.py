"""Complete-data maximum likelihood through semopy as well: two engines, one answer."""

from __future__ import annotations

import pytest
from alliance.sem import fit_sem
from alliance.sem.cross_check import cross_check
from sem_cases import arguments, load

pytest.importorskip("semopy")
CASES = {case["name"]: case for case in load("lavaan.json")}


@pytest.mark.parametrize(
    "name",
    [
        "alliance_three_ml",
        "alliance_second_order_ml",
        pytest.param("alliance_bifactor_ml", marks=pytest.mark.slow),
        pytest.param("pd_sem_ml", marks=pytest.mark.slow),
        pytest.param("hs_ml_stdlv", marks=pytest.mark.slow),
    ],
)
def test_semopy_finds_the_same_estimates(name):
    case = CASES[name]
    data, args = arguments(case)
    fit = fit_sem(case["model"], data, **args)
    table = cross_check(fit, data)
    assert len(table) == (fit.table.free > 0).sum()
    assert table.difference.abs().max() < 1e-6


def test_other_fits_are_refused():
    case = CASES["hs_group_configural"]
    data, args = arguments(case)
    with pytest.raises(ValueError, match="single-group"):
        cross_check(fit_sem(case["model"], data, **args), data)
