"""Chained equations: what is observed stays, the seed decides, methods and plans do what they say."""

import numpy as np
import pandas as pd
import pytest
from alliance.survey.imputation import impute
from alliance.survey.imputation_diagnostics import convergence, rhat
from alliance.survey.imputation_draws import draw_categories, linear_draw, match
from alliance.survey.imputation_plan import plan_imputation
from alliance.survey.overimputation import overimpute


def study(n=150, seed=3):
    """Two scales of three items, a number, two text variables and a program; 10-20% missing."""
    rng = np.random.default_rng(seed)
    bond = rng.normal(size=n)
    task = 0.6 * bond + 0.8 * rng.normal(size=n)
    items = {f"b{k}": bond for k in (1, 2, 3)} | {f"t{k}": task for k in (1, 2, 3)}
    frame = pd.DataFrame(
        {name: np.clip(np.round(3 + f + 0.6 * rng.normal(size=n)), 1, 5) for name, f in items.items()}
    ).astype("Int64")
    frame.insert(0, "student_id", [f"S{k:03d}" for k in range(n)])
    frame["gpa"] = 3 + 0.4 * bond + 0.3 * rng.normal(size=n)
    frame["first"] = np.where(rng.random(n) < 0.3 + 0.3 * (task > 0), "yes", "no")
    frame["field"] = rng.choice(["arts", "bio", "chem"], n)
    frame["program"] = rng.integers(0, 8, n)
    for name in ["b1", "b2", "t1", "gpa", "first", "field"]:
        frame.loc[rng.random(n) < 0.15, name] = None
    return frame


VARIABLES = ["b1", "b2", "b3", "t1", "t2", "t3", "gpa", "first", "field"]
SCALES = {"bond": ["b1", "b2", "b3"], "task": ["t1", "t2", "t3"]}


def test_observed_cells_stay_missing_ones_are_filled_with_values_that_occur():
    frame = study()
    result = impute(frame, plan_imputation(frame, VARIABLES), m=2, iterations=3, seed=1)
    for filled in result:
        assert filled.dtypes.equals(frame.dtypes)
        assert filled[VARIABLES].notna().all(axis=None)
        for name in frame.columns:
            seen = frame[name].notna()
            assert filled.loc[seen, name].equals(frame.loc[seen, name])
            assert set(filled[name]) <= set(frame[name].dropna())


def test_a_seed_gives_one_result_on_one_process_and_on_two():
    frame = study(60)
    plan = plan_imputation(frame, VARIABLES, passive=SCALES)
    one = impute(frame, plan, m=3, iterations=2, seed=7)
    two = impute(frame, plan, m=3, iterations=2, seed=7, workers=2)
    pd.testing.assert_frame_equal(one.long(), two.long())
    pd.testing.assert_frame_equal(one.chains, two.chains)
    assert not one.complete(1)["gpa"].equals(one.complete(2)["gpa"])
    assert not one.long().equals(impute(frame, plan, m=3, iterations=2, seed=8).long())


def test_long_frame_and_scales_recomputed_from_imputed_items():
    frame = study(80)
    plan = plan_imputation(frame, VARIABLES, passive=SCALES)
    long = impute(frame, plan, m=2, iterations=2, seed=1).long()
    assert long.columns[:3].tolist() == ["imputation", "row", "student_id"]
    assert len(long) == 160
    assert long["row"].tolist() == [*range(1, 81)] * 2
    np.testing.assert_allclose(long["bond"], long[["b1", "b2", "b3"]].astype(float).mean(axis=1))
    total = plan_imputation(frame, VARIABLES, passive=SCALES, passive_function="sum")
    summed = impute(frame, total, m=1, iterations=1, seed=1).complete(1)
    np.testing.assert_allclose(summed["task"], summed[["t1", "t2", "t3"]].astype(float).sum(axis=1))


def test_an_item_is_predicted_by_its_own_scale_item_by_item_and_by_the_other_scale_as_a_whole():
    frame = study()
    table = plan_imputation(frame, VARIABLES, passive=SCALES, minimum_correlation=0).predictors
    used = {name: set(table.columns[table.loc[name]]) for name in table.index}
    assert used["b1"] == {"b2", "b3", "task", "gpa", "first", "field"}
    assert used["gpa"] == {"bond", "task", "first", "field"}
    assert "t2" not in used  # complete: nothing to impute


def test_predictors_are_chosen_by_correlation_and_by_declaration():
    frame = study(400)
    table = plan_imputation(frame, VARIABLES, minimum_correlation=0.2, include=["field"], exclude=["t2"]).predictors
    assert table.loc["b1", "b3"]
    assert table.loc["b1", "field"]
    assert not table.loc["first", "b2"] or not table.loc["b1", "t2"]
    assert not table["t2"].any()
    declared = plan_imputation(frame, VARIABLES, predictors={"gpa": ["b3"]})
    assert declared.predictors.columns[declared.predictors.loc["gpa"]].tolist() == ["b3"]


def test_a_variable_whose_absence_goes_with_a_term_keeps_that_term():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=500), rng.normal(size=500)
    frame = pd.DataFrame({"x": x, "y": np.where(x > 0.5, np.nan, y), "z": rng.normal(size=500)})
    table = plan_imputation(frame, ["x", "y", "z"], minimum_correlation=0.3).predictors
    assert table.loc["y"].tolist() == [True, False, False]


def test_of_terms_that_repeat_each_other_one_predicts_and_the_log_says_so():
    frame = study().assign(copy=lambda f: f["b3"] * 2)
    plan = plan_imputation(frame, [*VARIABLES, "copy"])
    assert not plan.predictors["copy"].any()
    assert plan.log.to_dict("records") == [{"variable": "copy", "event": "not used", "detail": "repeats b3"}]


def test_all_problems_of_a_plan_are_said_at_once():
    frame = study()
    with pytest.raises(ValueError, match=r"no column q; methods: x is not one .*; b1: unknown method mean"):
        plan_imputation(frame, ["b1", "b2", "q"], methods={"b1": "mean", "x": "pmm"})
    with pytest.raises(ValueError, match="student_id has 150 categories"):
        plan_imputation(frame, ["student_id", "b1"])
    with pytest.raises(ValueError, match="gpa: logreg needs two categories, there are"):
        plan_imputation(frame.assign(gpa=frame["gpa"].round(0)), ["gpa", "b1"], methods={"gpa": "logreg"})
    with pytest.raises(ValueError, match="b1 has only 6 observed values"):
        plan_imputation(frame.assign(b1=frame["b1"].where(frame.index < 6)), ["b1", "b3"])
    with pytest.raises(ValueError, match="cluster program is missing in 150 rows"):
        plan_imputation(frame.assign(program=None), ["b1", "b3"], cluster="program")
    with pytest.raises(ValueError, match="norm draws fractions"):
        impute(frame, plan_imputation(frame, ["b1", "b3"], methods={"b1": "norm"}), m=1, seed=1)


def test_nothing_missing_is_no_problem():
    frame = study()[["b3", "t2", "t3"]]
    result = impute(frame, plan_imputation(frame, list(frame.columns)), m=2, seed=1)
    assert result.complete(2).equals(frame)
    assert result.chains.empty


def test_every_method_runs_and_keeps_to_its_values():
    frame = study(120)
    methods = {"b1": "polr", "gpa": "norm", "first": "logreg", "field": "polyreg"}
    filled = impute(frame, plan_imputation(frame, VARIABLES, methods=methods), m=1, iterations=3, seed=1).complete(1)
    assert set(filled["b1"]) <= set(frame["b1"].dropna())
    assert filled["gpa"].nunique() == len(frame)
    clustered = {"b1": "2l.pmm", "gpa": "2l.norm", "first": "2l.probit", "field": "polyreg"}
    plan = plan_imputation(
        frame, VARIABLES, methods=clustered, passive=SCALES, cluster="program", cluster_means=["bond"]
    )
    assert "mean(bond)" in next(t for t in plan.problem.targets if t.name == "t1").predictors
    assert plan.log["detail"].tolist() == ["polyreg has no cluster effects"]
    assert impute(frame, plan, m=1, iterations=3, seed=1).complete(1)[VARIABLES].notna().all(axis=None)


def test_categories_that_a_predictor_separates_are_drawn_without_failing():
    x = np.repeat([0.0, 1.0], 40)
    frame = pd.DataFrame({"x": x, "group": np.where(x > 0, "b", "a")})
    frame.loc[[3, 50], "group"] = None
    result = impute(frame, plan_imputation(frame, ["x", "group"]), m=20, iterations=1, seed=1)
    drawn = pd.DataFrame(result.imputed[k]["group"] for k in range(20))
    assert drawn[0].mean() < 0.2
    assert drawn[1].mean() > 0.8


def test_matching_draws_among_the_nearest_donors_only_and_among_all_of_them():
    rng = np.random.default_rng(1)
    observed = np.array([0.0, 1.0, 2.0, 3.0, 10.0, 11.0])
    places = {int(match(observed, np.array([1.4]), 3, rng)[0]) for _ in range(200)}
    assert places == {0, 1, 2}
    assert {int(match(observed, np.array([99.0]), 2, rng)[0]) for _ in range(50)} == {4, 5}
    assert {int(match(np.zeros(30), np.array([0.0]), 5, rng)[0]) for _ in range(500)} == set(range(30))


def test_linear_draws_have_the_posterior_mean_and_spread():
    rng = np.random.default_rng(2)
    X = np.column_stack([np.ones(60), rng.normal(size=60)])
    y = X @ [1.0, 2.0] + rng.normal(size=60)
    draws = np.array([linear_draw(X.T @ X, X.T @ y, float(y @ y), 60, rng).draw for _ in range(4000)])
    b, rss = np.linalg.lstsq(X, y, rcond=None)[:2]
    # the posterior is a t on 58 df around the least squares estimate
    spread = np.sqrt(np.diag(np.linalg.inv(X.T @ X)) * rss[0] / 58 * 58 / 56)
    np.testing.assert_allclose(draws.mean(axis=0), b, atol=5 * spread.max() / np.sqrt(4000))
    np.testing.assert_allclose(draws.std(axis=0), spread, rtol=0.06)


def test_categories_are_drawn_with_their_probabilities():
    drawn = draw_categories(np.tile([0.2, 0.5, 0.3], (20_000, 1)), np.random.default_rng(1))
    np.testing.assert_allclose(np.bincount(drawn) / 20_000, [0.2, 0.5, 0.3], atol=0.015)


def test_rhat_by_hand_and_the_table_of_convergence():
    # means 2 and 4, variances 1 and 1: W = 1, B = 3 * 2 = 6, (2/3 + 2) / 1
    assert rhat(np.array([[1.0, 2, 3], [3, 4, 5]])) == pytest.approx(np.sqrt(2 / 3 + 2))
    frame = study()
    table = convergence(impute(frame, plan_imputation(frame, VARIABLES), m=5, iterations=10, seed=1).chains)
    assert table["variable"].unique().tolist() == ["b1", "b2", "t1", "gpa", "first", "field"]
    assert table["rhat"].between(0.8, 2).all()
    assert table["settled"].equals(table["rhat"] < 1.2)


def hiding(methods, noise):
    rng = np.random.default_rng(4)
    x = rng.normal(size=600)
    y = x + (np.exp(0.9 * rng.normal(size=600)) if noise == "skewed" else 0.5 * rng.normal(size=600))
    frame = pd.DataFrame({"x": x, "y": y, "item": np.clip(np.round(3 + x + rng.normal(size=600)), 1, 5)})
    frame.loc[rng.random(600) < 0.1, ["y"]] = np.nan
    frame.loc[rng.random(600) < 0.1, ["item"]] = np.nan
    plan_of = lambda f: plan_imputation(f, ["x", "y", "item"], methods=methods)  # noqa: E731
    return overimpute(frame, plan_of, share=0.2, m=30, iterations=3, seed=5).set_index("variable")


def test_overimputation_covers_what_it_hides():
    table = hiding({"y": "norm", "item": "polr"}, "normal")
    assert table.index.tolist() == ["y", "item"]
    assert table["cells"].between(90, 120).all()
    assert table["ok"].all()
    assert hiding({}, "normal")["rank"].between(0.42, 0.58).all()


def test_overimputation_sees_a_wrong_model():
    assert not hiding({"y": "norm"}, "skewed").loc["y", "ok"]  # normal residuals where they are skewed
    assert hiding({}, "skewed").loc["y", "ok"]
