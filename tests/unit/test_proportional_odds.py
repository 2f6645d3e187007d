"""The test of proportional odds keeps its level where they are, and finds where they are not."""

import numpy as np
import pandas as pd
import pytest
from alliance.persistence import fit_outcome
from alliance.persistence.parallel import proportional_odds


def answers(rng, n, bent=0.0):
    """Four ordered answers to x and z; with ``bent`` x matters more at the upper cuts."""
    x, z = rng.normal(size=(2, n))
    u = rng.random(n)
    above = np.array(
        [u < 1 / (1 + np.exp(-(a + (0.6 + bent * k) * x + 0.3 * z))) for k, a in enumerate((1.5, 0, -1.5))]
    )
    return pd.DataFrame({"y": above.sum(axis=0), "x": x, "z": z})


def p_values(data, groups=None):
    fit = fit_outcome("y ~ x + z", data, family="ordinal")
    return proportional_odds(fit, groups).set_index("term")


def test_slopes_that_grow_with_the_cut_are_found():
    found = p_values(answers(np.random.default_rng(1), 1500, bent=0.35))
    assert found.loc["x", "p_value"] < 0.001 < found.loc["z", "p_value"]
    assert found.loc["ALL", "p_value"] < 0.001
    assert found["df"].tolist() == [2, 2, 4]


@pytest.mark.slow
def test_the_level_is_kept():
    rng = np.random.default_rng(2)
    rejected = np.mean([p_values(answers(rng, 500)).loc["ALL", "p_value"] < 0.05 for _ in range(300)])
    assert 0.02 <= rejected <= 0.085


def test_rows_that_stand_twice_count_once_when_they_are_one_cluster():
    data = answers(np.random.default_rng(3), 600, bent=0.2)
    once = p_values(data)
    twice = pd.concat([data, data], ignore_index=True)
    clustered = p_values(twice, np.tile(np.arange(len(data)), 2))
    np.testing.assert_allclose(clustered["statistic"], once["statistic"], rtol=1e-6)


def test_what_cannot_be_tested_says_so():
    data = answers(np.random.default_rng(4), 200)
    two = fit_outcome("y ~ x", data.assign(y=(data["y"] > 1).astype(int)), family="ordinal")
    with pytest.raises(ValueError, match="by construction"):
        proportional_odds(two)
    with pytest.raises(ValueError, match="ordinal logits"):
        proportional_odds(fit_outcome("y ~ x", data, family="multinomial"))
