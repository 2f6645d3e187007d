"""Numbers as APA 7 prints them."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from alliance.reporting import apa


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.254, "0.25"),
        (-1.5, "−1.50"),
        (1204.0, "1,204.00"),
        (-0.001, "0.00"),
        (math.nan, "—"),
        (None, "—"),
        (pd.NA, "—"),
        (math.inf, "∞"),
    ],
)
def test_a_number_that_may_exceed_one(value, printed):
    assert apa.number(value) == printed


@pytest.mark.parametrize(
    ("value", "printed"), [(0.91, ".91"), (-0.05, "−.05"), (1.0, "1.00"), (0.999, "1.00"), (1.04, "1.04"), (0.0, ".00")]
)
def test_a_value_that_cannot_exceed_one_has_no_leading_zero(value, printed):
    assert apa.bounded(value) == printed


@pytest.mark.parametrize(
    ("p", "printed"),
    [
        (0.0001, "< .001"),
        (0.001, "= .001"),
        (0.0124, "= .012"),
        (0.5, "= .500"),
        (0.99951, "> .999"),
        (math.nan, "= —"),
    ],
)
def test_p_values(p, printed):
    assert apa.p_value(p) == printed
    assert apa.p_cell(p) == printed.removeprefix("= ")


def test_intervals():
    assert apa.confidence(0.62, 1.12) == "95% CI [0.62, 1.12]"
    assert apa.interval(0.62, 0.88, unit_bound=True) == "[.62, .88]"
    assert apa.estimate(0.83, 0.62, 1.12) == "0.83 [0.62, 1.12]"
    assert apa.estimate(0.83, math.nan, math.nan, unit_bound=True) == ".83"
    assert apa.estimate(math.nan, 0.1, 0.2) == "—"


def test_counts_shares_and_points():
    assert apa.count(1204) == "1,204"
    assert apa.count("<10") == "<10", "a suppressed count stays as it is"
    assert apa.count("1204") == "1,204"
    assert apa.percent(0.8434) == "84.3%"
    assert apa.points(0.0421) == "4.2"
    assert apa.points(-0.003) == "−0.3"
    assert apa.points(0.0) == "0.0"
    assert apa.points_interval(-0.01, 0.0744) == "[−1.0, 7.4]"


def test_chi_square_names_its_sample_size():
    assert apa.chi_square(98.118, 51, 0.00009, 1204) == "*χ*²(51, *N* = 1,204) = 98.12, *p* < .001"
    assert apa.chi_square(4.0, 17.25, 0.04) == "*χ*²(17.25) = 4.00, *p* = .040"


def test_degrees_of_freedom():
    assert [apa.degrees(df) for df in (51.0, 17.254, math.inf, math.nan)] == ["51", "17.25", "∞", "—"]
    assert apa.f_test(31.06, 3, 59.0, 1e-9) == "*F*(3, 59) = 31.06, *p* < .001"
