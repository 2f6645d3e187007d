"""Bootstrap: the drawn tables are those of the drawn cases, draws depend on seed and number only, errors agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from alliance.sem import fit_sem
from alliance.sem.bootstrap_refits import bootstrap, draw_counts
from alliance.sem.bootstrap_tables import drawn_ordinal_moments
from alliance.sem.ordinal import ordinal_moments

MODEL = "f =~ x1 + x2 + x3 + x4"


def sample(n=400, seed=2, clusters=40, shared=0.0):
    rng = np.random.default_rng(seed)
    cluster = rng.integers(0, clusters, n)
    factor = np.sqrt(1 - shared) * rng.standard_normal(n) + np.sqrt(shared) * rng.standard_normal(clusters)[cluster]
    items = 0.8 * factor[:, None] + 0.6 * rng.standard_normal((n, 4))
    cuts = ([-1, 0, 1], [-0.8, 0.2, 0.9], [0.1], [-0.5, 0.6])
    table = {f"x{j + 1}": np.digitize(items[:, j], cuts[j]).astype(float) for j in range(4)}
    table |= {f"y{j + 1}": items[:, j] for j in range(4)}
    return pd.DataFrame(table | {"cluster": cluster, "z": factor + rng.standard_normal(n)})


def ordinal_fit(data, model=MODEL, **options):
    return fit_sem(model, data, ordered=["x1", "x2", "x3", "x4"], std_lv=True, **options)


def test_drawn_moments_equal_those_of_the_drawn_cases():
    data = sample()
    fit = ordinal_fit(data)
    counts = np.stack(draw_counts([len(data)] * 2, None, np.random.default_rng(1)))
    for drawn, times in zip(drawn_ordinal_moments(fit.observed[0], counts), counts, strict=True):
        rows = np.repeat(np.arange(len(data)), times.astype(int))
        names = fit.observed[0].names
        direct = ordinal_moments(data[names].to_numpy()[rows], names, [True] * 4)
        np.testing.assert_allclose(drawn.stats, direct.stats, atol=1e-9)
        np.testing.assert_allclose(drawn.variances, np.diag(direct.gamma), rtol=1e-8)


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (MODEL, {"ordered": ["x1", "x2", "x3", "x4"], "std_lv": True}),
        (MODEL + "\nf ~ z", {"ordered": ["x1", "x2", "x3", "x4"], "std_lv": True}),
        ("f =~ y1 + y2 + y3 + y4", {"std_lv": True}),
        ("f =~ y1 + y2 + y3 + y4\nf ~ z", {"std_lv": True}),
        ("f =~ y1 + y2 + y3 + y4", {"std_lv": True, "missing": "fiml", "holes": True}),
    ],
)
def test_a_refit_equals_a_fit_of_the_drawn_cases(model, options):
    data, options = sample(), dict(options)
    if options.pop("holes", False):
        data.loc[::7, "y1"] = np.nan
        data.loc[::5, "y3"] = np.nan
    fit = fit_sem(model, data, **options)
    found = bootstrap(fit, 2, seed=8)
    for number in range(2):
        times = draw_counts([len(data)], None, np.random.default_rng([8, number]))[0]
        direct = fit_sem(model, data.iloc[np.repeat(np.arange(len(data)), times.astype(int))], **options)
        np.testing.assert_allclose(found.theta[number], direct.theta, atol=2e-4)


def test_draws_depend_on_seed_and_number_only():
    fit = ordinal_fit(sample(200))
    whole = bootstrap(fit, 8, seed=3)
    parts = [bootstrap(fit, 4, seed=3, first=first).theta for first in (0, 4)]
    np.testing.assert_array_equal(np.vstack(parts), whole.theta)
    assert not np.allclose(bootstrap(fit, 8, seed=4).theta, whole.theta)


def test_errors_and_intervals_agree_with_theory():
    fit = ordinal_fit(sample(500))
    found = bootstrap(fit, 120, seed=1)
    table, theory = found.parameters(), fit.parameters
    assert found.used == 120
    free = theory["se"] > 0
    assert (table["se"][free] / theory["se"][free]).mean() == pytest.approx(1.0, abs=0.15)
    assert (table["se"][~free & (theory["op"] != "~~")] == 0).all()
    for method in ("percentile", "bias_corrected", "normal"):
        interval = found.parameters(method=method)
        assert (interval["ci_lower"][free] < interval["est"][free]).all()
        assert (interval["ci_upper"][free] > interval["est"][free]).all()


def test_clusters_are_drawn_whole():
    counts = draw_counts([6], [np.array([0, 0, 1, 1, 2, 2])], np.random.default_rng(0))[0]
    assert (counts[::2] == counts[1::2]).all()
    assert counts.sum() == 6
    crossing = draw_counts([3, 3], [np.array([0, 1, 2])] * 2, np.random.default_rng(0))
    np.testing.assert_array_equal(*crossing)


def test_lost_categories_are_counted_not_hidden():
    data = sample(60)
    data["x3"] = 0.0
    data.loc[0, "x3"] = 1.0
    found = bootstrap(ordinal_fit(data), 20, seed=1)
    assert found.problems["a category or variable was lost"] == 20 - found.used - found.problems.get("not converged", 0)
    assert found.problems["a category or variable was lost"] > 2


def test_a_fit_without_cases_cannot_be_bootstrapped():
    data = sample()[["y1", "y2", "y3", "y4"]]
    fit = fit_sem("f =~ y1 + y2 + y3 + y4", sample_cov=data.cov(), sample_nobs=len(data))
    with pytest.raises(ValueError, match="needs the data"):
        bootstrap(fit, 2)


@pytest.mark.slow
def test_cluster_robust_errors_equal_the_cluster_bootstrap():
    data = sample(1200, clusters=60, shared=0.3)
    fit, naive = ordinal_fit(data, cluster="cluster"), ordinal_fit(data)
    found = bootstrap(fit, 400, seed=1).parameters()
    free = fit.parameters["se"] > 0
    assert (found["se"][free] / fit.parameters["se"][free]).mean() == pytest.approx(1.0, abs=0.06)
    assert (naive.parameters["se"][free] / fit.parameters["se"][free]).min() < 0.8


@pytest.mark.slow
def test_cluster_robust_intervals_cover():
    """400 samples of 60 clusters: 95% intervals of the thresholds cover with clusters (MC error 1.1%), not without."""
    truth = np.array([-1.0, 0.0, 1.0])
    covered = {"cluster": [], None: []}
    for seed in range(400):
        data = sample(900, seed=seed, clusters=60, shared=0.3)
        for cluster, hits in covered.items():
            rows = ordinal_fit(data, cluster=cluster).parameters.query("op == '|' and lhs == 'x1'")
            hits.append(((rows["ci_lower"] <= truth) & (truth <= rows["ci_upper"])).to_numpy())
    rates = {key: np.mean(hits) for key, hits in covered.items()}
    print(rates)
    assert rates["cluster"] == pytest.approx(0.95, abs=0.025)
    assert rates[None] < 0.85
