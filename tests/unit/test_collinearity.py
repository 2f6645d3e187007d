"""What collinear dimensions allow to be said: regions, condition indices, dominance draws, and the reading."""

import numpy as np
import pandas as pd
import pytest
import relation_study
from alliance.persistence import dominance, fit_outcome
from alliance.persistence.collinear import condition_rows, confidence_region, reading, tied_terms, turned_terms
from alliance.persistence.collinearity_stage import collinearity_tables
from alliance.persistence.dominance_bootstrap import expanded_r2
from alliance.persistence.link_tables import COHORTS
from alliance.persistence.magnitude_stage import magnitude_tables
from alliance.persistence.plausible_fit import DrawTables


@pytest.fixture(scope="module")
def tables():
    verdict = {"separability": "mixed", "pairs": ["goal-task"], "draws": 200}
    return collinearity_tables(*relation_study.study(), relation_study.config(), **verdict)


def test_the_region_is_the_set_that_the_wald_test_does_not_reject():
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"a": rng.normal(size=200), "g": np.arange(200) % 20})
    rows["b"] = 0.8 * rows["a"] + 0.6 * rng.normal(size=200)
    rows["y"] = rows["a"] + rng.normal(size=200)
    fit = fit_outcome("y ~ a + b", rows, family="linear", cluster="g", vcov="CR1")
    region = confidence_region(fit, "a", "b")
    V = fit.vcov[1:, 1:]
    for way, size in ((0.0, "half_major"), (90.0, "half_minor")):
        angle = np.radians(region["angle"] + way)
        step = region[size] * np.array([np.cos(angle), np.sin(angle)])
        from scipy.stats import f

        assert f.sf(step @ np.linalg.solve(V, step) / 2, 2, 19) == pytest.approx(0.05)
    assert region["holds_none"] == (fit.test(["a", "b"])["p_value"] > 0.05)
    error = np.sqrt(V[0, 0] + V[1, 1] + 2 * V[0, 1])
    assert region["sum_se"] == pytest.approx(error)
    assert region["estimate_r"] < 0 < region["difference_se"] - region["sum_se"], "the sum is better known"


def test_variance_inflation_and_condition_indices():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(rng.normal(size=(500, 3)), columns=list("abc"))
    rows["c"] = rows["b"] + 0.1 * rows["c"]
    found = pd.DataFrame(condition_rows(rows, list("abc")))
    vif = found[found["measure"] == "vif"].set_index("term")
    others = fit_outcome("c ~ a + b", rows, family="linear")
    r2 = 1 - (rows["c"] - others.predict()).var() / rows["c"].var()
    assert vif.loc["c", "r2_others"] == pytest.approx(r2)
    assert vif.loc["a", "value"] < 1.1 < 50 < vif.loc["c", "value"]
    last = found[found["measure"] == "condition_index"].iloc[-1]
    assert last["value"] > 10
    assert min(last["share_b"], last["share_c"]) > 0.95 > 0.1 > last["share_a"]


@pytest.mark.parametrize(
    ("p_value", "own", "tied", "said"),
    [
        (0.2, ["bond"], [], "none"),
        (0.001, ["bond"], [], "apart"),
        (0.001, [], [], "together"),
        (0.001, ["bond"], ["goal", "task"], "partly"),
        (0.001, ["task"], ["goal", "task"], "together"),
        (float("nan"), [], [], "unknown"),
    ],
)
def test_nothing_is_credited_to_a_dimension_that_is_tied_to_another(p_value, own, tied, said):
    assert reading(p_value, own, tied) == said


def test_a_sign_that_turns_beside_the_others_is_marked():
    def row(kind, term, estimate):
        limits = {"conf_low": estimate - 0.1, "conf_high": estimate + 0.1}
        return {"parameterisation": kind, "term": term, "estimate": estimate, **limits}

    rows = [
        row("joint", "bond", -0.3),
        row("alone", "bond", 0.4),
        row("joint", "goal", 0.05),
        row("alone", "goal", 0.4),
    ]
    assert turned_terms([*rows, row("total", "total", 0.5)], ["bond", "goal"]) == ["bond"]


def test_without_a_verdict_all_dimensions_are_tied():
    three = ["bond", "goal", "task"]
    assert tied_terms("distinct", ["goal-task"], three) == []
    assert tied_terms("mixed", ["goal-task"], three) == ["goal", "task"]
    assert tied_terms("not_judged", [], three) == three


def test_expanded_draws_agree_with_refitted_ones():
    sample, scores, outcomes, _ = relation_study.study(n=500)
    wide = relation_study.wide(scores)
    rows = sample.join(wide, on="student_id").assign(y=outcomes.query("outcome == 'retained_2'")["value"].to_numpy())
    options = {"always": ["gpa", "C(cohort)"], "cluster": "program", "bootstrap": 80, "seed": 4}
    slow = dominance("y ~ bond + goal + task", rows, **options)
    fast = dominance("y ~ bond + goal + task", rows, refit=False, **options)
    assert fast.general["general"].tolist() == slow.general["general"].tolist()
    width = slow.general["conf_high"] - slow.general["conf_low"]
    for limit in ("conf_low", "conf_high"):
        assert ((fast.general[limit] - slow.general[limit]).abs() < 0.05 * width).all()


def test_many_clusters_are_drawn_in_bundles_that_vary_as_they_do():
    rng = np.random.default_rng(9)
    n = 6000
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    y = (rng.random(n) < 1 / (1 + np.exp(-0.3 - 0.4 * X[:, 1]))).astype(float)
    subsets = [np.array([0]), np.array([0, 1])]
    bundled = expanded_r2(y, X, None, subsets, 400, 1)[:, 1]
    half = expanded_r2(y, X, np.arange(n) // 4, subsets, 400, 2)[:, 1]  # 1,500 clusters: drawn as they are
    assert bundled.std() == pytest.approx(half.std(), rel=0.15)
    assert bundled.mean() == pytest.approx(half.mean(), rel=0.05)


def test_dominance_shares_add_up_and_have_intervals(tables):
    for _, rows in tables.dominance.groupby("model"):
        assert rows["general"].sum() == pytest.approx(rows["total"].iloc[0])
        assert rows["share"].sum() == pytest.approx(1)
        assert ((rows["conf_low"] < rows["general"]) & (rows["general"] < rows["conf_high"])).all()
        assert (rows["last"] < rows["general"]).all()


def test_one_at_a_time_every_dimension_looks_important_and_jointly_they_do_not(tables):
    rows = tables.parameterisations.query("model == 'retained'").set_index(["parameterisation", "term"])
    joint, alone = rows.loc["joint"], rows.loc["alone"]
    assert (alone["p_value"] < 0.001).all(), "goal too, whose own coefficient is zero in truth"
    assert joint.loc["goal", "conf_low"] < 0 < joint.loc["goal", "conf_high"]
    assert (joint["std_error"] > 1.3 * alone["std_error"]).all()
    assert rows.loc[("total", "total"), "odds_ratio"] == pytest.approx(np.exp(rows.loc[("total", "total"), "estimate"]))
    assert (rows["n"] == 600).all(), "all parameterisations see the same students"


def test_the_general_factor_is_used_where_its_model_holds():
    sample, scores, outcomes, periods = relation_study.study()
    wide = relation_study.wide(scores)
    general = wide.assign(general=wide.mean(axis=1))
    config = relation_study.config(models=relation_study.RETAINED)
    found = collinearity_tables(sample, scores, outcomes, periods, config, general=general, draws=5)
    rows = found.parameterisations.query("model == 'retained'").set_index(["parameterisation", "term"])
    assert rows.loc[("general", "general"), "estimate"] == pytest.approx(
        rows.loc[("total", "total"), "estimate"], rel=0.01
    )
    without = collinearity_tables(
        sample, scores, outcomes, periods, config, why_no_general="no bifactor model", draws=5
    )
    assert "general" not in set(without.parameterisations["parameterisation"])
    assert "no bifactor model" in set(without.status["reason"])


def test_the_reading_rests_on_joint_test_and_verdict(tables):
    row = tables.apart.set_index("model").loc["retained"]
    assert row["p_value"] < 0.001
    assert (row["reading"], row["tied"]) == ("partly", "goal task")
    assert row["own"].split()[0] == "bond"
    assert row["largest_vif"] > 2


def test_one_predictor_is_never_collinear_and_another_family_is_said():
    config = relation_study.config(predictors=["bond"])
    config["link"]["models"]["many"] = {"outcome": "retained_2", "family": "multinomial"}
    found = collinearity_tables(*relation_study.study(), config, draws=5)
    assert found.dominance.empty
    assert found.apart.empty
    assert found.parameterisations["parameterisation"].unique().tolist() == ["joint"]
    assert found.status.set_index("model").loc["many", "status"] == "note"


def test_declared_plausible_values_are_used_wherever_the_link_uses_them():
    data, config = relation_study.study(n=300), relation_study.config(models=relation_study.RETAINED)
    plain = collinearity_tables(*data, config, draws=5)
    scaled = relation_study.wide(data[1]).apply(lambda x: (x - x.mean()) / x.std(ddof=1)).reset_index()

    def drawn(noise):
        rng = np.random.default_rng(6)
        sets = [scaled.assign(model="retained", draw=k) for k in range(1, 6)]
        for frame in sets:
            frame[relation_study.DIMENSIONS] += noise * rng.normal(size=(len(frame), 3))
        return DrawTables(pd.concat(sets), pd.DataFrame({"model": ["retained"], "reason": [""]}))

    same = collinearity_tables(*data, config, draws=5, drawn=drawn(0.0))
    columns = ["estimate", "std_error", "ame"]
    assert same.parameterisations[columns].to_numpy() == pytest.approx(plain.parameterisations[columns].to_numpy())
    assert same.region["half_major"].to_numpy() == pytest.approx(plain.region["half_major"].to_numpy(), rel=0.01)
    noisy = collinearity_tables(*data, config, draws=5, drawn=drawn(0.5))
    assert (noisy.apart["statistic"] < plain.apart["statistic"]).all()
    total = noisy.parameterisations.query("term == 'total'")["estimate"].iloc[0]
    assert 0 < total < plain.parameterisations.query("term == 'total'")["estimate"].iloc[0]
    sizes = magnitude_tables(*data, pd.DataFrame(columns=COHORTS), noisy.parameterisations, config, drawn=drawn(0.5))
    assert sizes.contrasts.set_index("term").loc["together", "conf_low"] > 0
    assert sizes.heterogeneity.set_index("term").loc["all", "test"] == "D1"
