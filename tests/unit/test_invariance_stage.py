"""The invariance stage: the planted item is found, clean groups stay clean, and what data can do is a line."""

import numpy as np
import pandas as pd
import pytest
from alliance.measurement.collapse import collapse
from alliance.measurement.comparisons import by_group, by_occasion
from alliance.measurement.invariance_stage import run
from alliance.measurement.occasions import icc_agreement, latent_change
from scipy.stats import norm

KEY = {"bond": ["b1", "b2", "b3"], "goal": ["g1", "g2", "g3"]}
CUTS = [-1.2, -0.4, 0.5]


def answers(n=700, shift=0.0, seed=1, eta=None):
    """Six four-point items of two factors; in the second half of the rows g2 is harder to agree to by ``shift``."""
    rng = np.random.default_rng(seed)
    eta = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], n) if eta is None else eta
    out = {}
    for k, items in enumerate(KEY.values()):
        for item in items:
            response = 0.8 * eta[:, k] + 0.6 * rng.standard_normal(n)
            response -= shift * (np.arange(n) >= n // 2) * (item == "g2")
            out[item] = np.digitize(response, CUTS) + 1.0
    return pd.DataFrame(out)


def sample(n=700):
    return pd.DataFrame({"half": np.where(np.arange(n) < n // 2, "first", "second")})


def test_planted_item_is_found_and_only_it():
    found = run(by_group("half", sample(3000), answers(3000, shift=0.8), KEY, {}), {}, seed=1)
    verdict = found.rows["verdicts"][0]
    assert verdict["released"] == "g2"
    assert verdict["level"] in ("intercepts", "residuals")
    assert {row["item"] for row in found.rows["partial"] if row["released"]} == {"g2"}
    steps = {row["step"]: row for row in found.rows["invariance"]}
    whole, partial = steps["thresholds+loadings+intercepts, every item"], steps["thresholds+loadings+intercepts"]
    assert whole["verdict"] != "supported", "the step that the item broke stays on record"
    assert partial["verdict"] == "supported"
    assert whole["df"] - partial["df"] == 1
    effect = found.rows["effects"][0]
    assert effect["item"] == "g2"
    truth = sum(norm.cdf(cut + 0.8) - norm.cdf(cut) for cut in CUTS)  # points by which the answers are lower
    assert abs(effect["difference"]) == pytest.approx(truth, abs=0.1)
    assert {row["dimension"] for row in found.rows["means"]} == set(KEY)


def test_equal_groups_keep_every_item():
    found = run(by_group("half", sample(), answers(seed=5), KEY, {}), {}, seed=1)
    assert found.rows["verdicts"][0]["released"] == ""
    assert all(abs(row["mean"]) < 3 * row["se"] for row in found.rows["means"])


def test_sparse_categories_are_merged_towards_the_middle_in_all_groups():
    data = pd.DataFrame({"b1": [1.0] * 2 + [2.0] * 20 + [3.0] * 20 + [2.0] * 20 + [3.0] * 20})
    groups = pd.Series(["a"] * 42 + ["b"] * 40)
    merged, log = collapse(data, {"b1": ["b1"]}, groups, 5)
    assert sorted(merged["b1"].unique()) == [2.0, 3.0]
    assert log == [{"item": "b1", "category": 1.0, "into": 2.0, "smallest_n": 0}]


def bad(kind):
    data, about = answers(), sample()
    if kind == "constant item":
        data.loc[about["half"] == "second", "b1"] = 4.0
    elif kind == "small group":
        about.loc[:2, "half"] = "three"
    elif kind == "one group":
        about["half"] = "first"
    elif kind == "nobody":
        data[:] = np.nan
    return run(by_group("half", about, data, KEY, {}), {}, seed=1)


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("constant item", "note", "b1 is constant"),
        ("small group", "note", "fewer than 10 of 700 persons left out: in groups of fewer than 100 (three)"),
        ("one group", "failed", "fewer than two groups of at least 100 persons"),
        ("nobody", "failed", "fewer than two groups"),
    ],
)
def test_bad_input_is_a_line_and_the_rest_goes_on(kind, status, words):
    found = bad(kind)
    assert any(row["status"] == status and words in row["reason"] for row in found.rows["status"])
    if status == "note":
        assert found.rows["status"][-1]["status"] == "ok"


def test_waves_without_answers_are_a_line():
    empty = answers() * np.nan
    found = run(by_occasion("waves", "wave", [answers(), empty], KEY), {}, seed=1)
    failed, *notes = found.rows["status"][::-1]
    assert (failed["status"], failed["reason"]) == ("failed", "no dimension has two items that can be compared")
    assert any("hardly any answers to b1_2: item b1 left out" in note["reason"] for note in notes)


def test_change_recovers_mean_and_stability():
    rng = np.random.default_rng(3)
    first = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], 1500)
    second = 0.3 + 0.6 * first + 0.8 * rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], 1500)
    frames = [answers(1500, seed=4, eta=first), answers(1500, seed=6, eta=second)]
    found = run(by_occasion("waves", "wave", frames, KEY), {}, seed=1)
    factors = {d: [f"{d}_1", f"{d}_2"] for d in KEY}
    rows = latent_change("waves", found.fits["intercepts"], factors, "WLSMV", means=True)
    value = {(r["dimension"], r["measure"]): r for r in rows}
    for dimension in KEY:
        for measure, truth in (("mean_change", 0.3), ("stability", 0.6), ("autoregression", 0.6)):
            row = value[dimension, measure]
            assert abs(row["value"] - truth) < 3.5 * row["se"]


def test_icc_agreement_of_shrout_and_fleiss():
    """Six targets, four judges (Shrout & Fleiss, 1979): ICC(A,1) = .29, 95% CI [.02, .76]."""
    ratings = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7.0]])
    value, low, high = icc_agreement(ratings)
    assert (round(value, 2), round(low, 2), round(high, 2)) == (0.29, 0.02, 0.76)


def test_holzinger_and_swineford_by_school_as_lavaan_has_it():
    """Intercepts fail between the schools (Pasteur, Grant-White); x3 and x7 are what breaks them."""
    from semopy.examples import holzinger39

    data = holzinger39.get_data()
    key = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}
    items = data[[i for members in key.values() for i in members]].reset_index(drop=True)
    groups = data[["school"]].reset_index(drop=True)
    found = run(by_group("school", groups, items, key, {}), {"estimator": "MLR"}, seed=1)
    first = {row["step"]: row for row in found.rows["invariance"]}
    assert first["configural"]["chisq"] == pytest.approx(115.851, abs=0.01)
    assert first["configural"]["df"] == 48
    tested = [row for row in found.rows["partial"] if row["step"] == "loadings+intercepts"]
    assert {row["item"] for row in sorted(tested, key=lambda r: r["p_diff"])[:2]} == {"x3", "x7"}


def test_the_largest_group_is_the_reference_whatever_the_order_of_rows():
    people = pd.DataFrame({"g": ["small"] * 120 + ["large"] * 300 + ["middle"] * 200})
    items = answers(620)
    for order in (np.arange(620), np.arange(620)[::-1]):
        compared = by_group("g", people.iloc[order], items.iloc[order], KEY, {}, people["g"].iloc[order])
        assert compared.groups.drop_duplicates().tolist() == ["large", "middle", "small"]
        assert compared.data.index.equals(compared.groups.index)
        assert compared.cluster.index.equals(compared.groups.index)
