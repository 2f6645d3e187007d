"""Thresholds, correlations and Gamma against lavaan, and what must hold whatever the data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.sem.bivariate import binormal_cdf, cdf_step
from alliance.sem.ordinal import OrdinalDataError, ordinal_moments
from alliance.sem.polychoric_pairs import polychoric
from scipy import special
from scipy.integrate import quad

REFERENCE = json.loads((Path(__file__).parents[1] / "reference/invariance/ordinal_moments.json").read_text())
DATA = {name: pd.DataFrame(REFERENCE[name], dtype=float) for name in ("data", "holes")}
ITEMS = ["o1", "o2", "o3", "b1", "b2"]
CASES = {
    "ordered": ("data", ITEMS, [], {}),
    "ordered_listwise": ("holes", ITEMS, [], {}),
    "ordered_pairwise": ("holes", ITEMS, [], {"missing": "pairwise"}),
    "ordered_weights": ("data", ITEMS, [], {"weights": True}),
    "mixed": ("data", [*ITEMS, "x1", "x2"], [], {}),
    "mixed_pairwise": ("holes", [*ITEMS, "x1", "x2"], [], {"missing": "pairwise"}),
    "covariates": ("data", ITEMS, ["z1", "z2"], {}),
    "covariates_pairwise": ("holes", [*ITEMS, "x1", "x2"], ["z1", "z2"], {"missing": "pairwise"}),
    "covariates_mixed_weights": ("data", [*ITEMS, "x1", "x2"], ["z1", "z2"], {"weights": True}),
}


def moments(table, names, exo=(), weights=False, **options):
    if weights:
        options["weights"] = (table["w"] / table["w"].mean()).to_numpy()
    ordered = [name in ITEMS for name in names]
    return ordinal_moments(
        table[list(names)].to_numpy(), list(names), ordered, table[list(exo)].to_numpy(), list(exo), **options
    )


@pytest.mark.parametrize("case", CASES)
def test_statistics_and_gamma_equal_lavaan(case):
    source, names, exo, options = CASES[case]
    found, expected = moments(DATA[source], names, exo, **options), REFERENCE["cases"][case]
    np.testing.assert_allclose(found.stats, expected["stats"], rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(np.diag(found.gamma), expected["gamma_diagonal"], rtol=1e-5)
    np.testing.assert_allclose(found.gamma.sum(axis=1), expected["gamma_row_sums"], rtol=1e-5, atol=1e-4)
    assert len(found.labels) == len(found.stats)


@pytest.mark.parametrize(
    ("h", "k", "rho"), [(0, 0, 0.5), (0, -2, 0.99), (-1, 1, -0.999), (-2.5, -2, 0.8), (1.2, 0.3, 0.0)]
)
def test_bivariate_normal_equals_quadrature(h, k, rho):
    root = np.sqrt(1 - rho * rho)
    expected = quad(
        lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * special.ndtr((k - rho * x) / root), -12, h, epsabs=1e-14
    )[0]
    h, k = np.float64(h), np.float64(k)
    assert binormal_cdf(h, k, np.float64(rho)) == pytest.approx(expected, abs=1e-13)
    assert special.ndtr(h) * special.ndtr(k) + cdf_step(h, k, 0.0, rho) == pytest.approx(expected, abs=1e-13)


def test_the_casewise_route_agrees_with_the_tables():
    """The same items with and without a continuous variable beside them: two implementations, one answer."""
    alone, beside = moments(DATA["data"], ITEMS), moments(DATA["data"], [*ITEMS, "x1"])
    np.testing.assert_allclose(beside.cov[:5, :5], alone.cov, atol=1e-10)
    thresholds = alone.gamma.shape[0] - 10
    np.testing.assert_allclose(beside.gamma[:thresholds, :thresholds], alone.gamma[:thresholds, :thresholds])


def test_repeating_every_case_keeps_statistics_and_gamma():
    once = moments(DATA["data"], ITEMS)
    twice = moments(pd.concat([DATA["data"]] * 2), ITEMS)
    np.testing.assert_allclose(twice.stats, once.stats, atol=1e-9)
    np.testing.assert_allclose(twice.gamma, once.gamma, rtol=1e-7, atol=1e-9)


def test_row_order_codes_and_singleton_clusters_do_not_matter():
    table = DATA["data"]
    once = moments(table, ITEMS)
    recoded = table.sample(frac=1, random_state=1).assign(o1=lambda t: t["o1"] ** 2 * 3, b1=lambda t: t["b1"] - 1)
    again = moments(recoded, ITEMS, cluster=np.arange(len(table)))
    np.testing.assert_allclose(again.stats, once.stats, atol=1e-10)
    n = len(table)
    np.testing.assert_allclose(again.gamma, once.gamma * n / (n - 1), atol=1e-8)


def test_reversing_an_item_turns_its_signs():
    table = DATA["data"]
    once, turned = moments(table, ITEMS), moments(table.assign(o1=6 - table["o1"]), ITEMS)
    np.testing.assert_allclose(turned.thresholds[0], -once.thresholds[0][::-1], atol=1e-12)
    np.testing.assert_allclose(turned.cov[0, 1:], -once.cov[0, 1:], atol=1e-9)


def test_duplicated_cases_as_one_cluster_double_gamma():
    """Each answer given twice by the same person carries no new information."""
    table = pd.concat([DATA["data"]] * 2)
    labels = np.tile(np.arange(len(DATA["data"])), 2)
    plain, clustered = moments(table, ITEMS), moments(table, ITEMS, cluster=labels)
    n = len(DATA["data"])
    np.testing.assert_allclose(clustered.gamma, 2 * plain.gamma * n / (n - 1), rtol=1e-7, atol=1e-8)


def test_unusable_items_are_all_named_with_the_group():
    table = DATA["data"].assign(o2=3.0)
    table.loc[table["o1"] == 5, "o1"] = np.nan
    with pytest.raises(OrdinalDataError, match=r"o1 has no answer in category 5 in group A.*o2 is constant in group A"):
        moments(table, ITEMS, levels={"o1": np.arange(1.0, 6.0)}, group="A", missing="pairwise")


def test_empty_cells_and_perfect_correlations_are_reported():
    table = pd.DataFrame(
        {
            "a": [1, 1, 2, 2, 3, 3] * 10,
            "b": [1, 1, 2, 2, 3, 3] * 10,
            "c": [1, 2, 3, 2, 3, 1, 3, 1, 2] * 6 + [1, 2, 3] * 2,
        },
        dtype=float,
    )
    found = ordinal_moments(table.to_numpy(), list(table), [True] * 3, with_gamma=False)
    text = " ".join(found.warnings)
    assert "1 bivariate tables have empty cells: a x b" in text
    assert "(nearly) 1: a x b" in text
    assert found.cov[0, 1] == pytest.approx(0.999)


def test_polychoric_names_rows_and_columns_and_treats_the_rest_as_continuous():
    table = DATA["data"][[*ITEMS, "x1", "x2"]]
    found = polychoric(table, ordered=ITEMS)
    assert list(found.index) == list(found.columns) == list(table.columns)
    assert found.loc["x1", "x2"] == pytest.approx(np.corrcoef(table["x1"], table["x2"])[0, 1])
    np.testing.assert_allclose(np.diag(found), 1.0)
    with pytest.raises(KeyError, match="nobody"):
        polychoric(table, ordered=["nobody"])


def test_polychoric_agrees_with_an_independent_package():
    import ordinalcorr

    table = DATA["data"]
    expected = ordinalcorr.polychoric(table["o1"].to_numpy(int), table["o3"].to_numpy(int))
    assert polychoric(table[["o1", "o3"]]).iloc[0, 1] == pytest.approx(expected, abs=1e-4)


def test_few_clusters_are_reported():
    table = DATA["data"]
    few = moments(table, ITEMS, cluster=np.arange(len(table)) % 12, group="A")
    assert any("only 12 clusters in group A" in warning for warning in few.warnings)
    assert not any(
        "clusters" in warning for warning in moments(table, ITEMS, cluster=np.arange(len(table)) % 40).warnings
    )
