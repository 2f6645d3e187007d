"""What a survey can bring: each leaves a clear line in status.csv, and the rest goes on."""

import dataclasses

import numpy as np
import pytest
from small_survey import survey

MENU = ["one", "two", "correlated", "second_order", "bifactor", "exploratory"]


def lines(tables, *, status=None, model=None, sample=None):
    """Reasons in the status table, of one status, model or sample."""
    table = tables["status"]
    for column, value in (("status", status), ("model", model), ("sample", sample)):
        table = table if value is None else table[table[column] == value]
    return " | ".join(table["reason"])


def halves(study, name="half"):
    study.sample[name] = np.where(np.arange(len(study.sample)) % 2, "2016", "2015")
    study.config["invariance"] = {"groups": [name]}
    return study


def by_cohort(study):
    halves(study, "cohort").config["sample"] |= {"cohort": "cohort"}
    study.config["measurement"]["by_cohort"] = True
    return study


def test_an_item_constant_in_one_cohort():
    study = by_cohort(survey({"bond": 3, "goal": 3}))
    study.sample.loc[study.sample["cohort"] == "2016", study.column("bond_1")] = 3.0
    measured = study.measure()
    assert "no variation in bond_1" in lines(measured, status="failed", sample="2016")
    assert lines(measured, status="failed", sample="2015") == ""
    compared = study.compare()
    assert "item bond_1 is constant in a group: left out" in lines(compared, status="note")
    assert compared["verdicts"]["level"].notna().all()


def test_a_category_that_one_cohort_never_used():
    study = by_cohort(survey({"bond": 3, "goal": 3}))
    item = study.column("bond_1")
    study.sample[item] = study.sample[item].mask((study.sample["cohort"] == "2016") & (study.sample[item] == 5), 4.0)
    measured = study.measure()
    assert "a category was never used in this sample: bond_1" in lines(measured, sample="2016")
    assert set(measured["fit"]["sample"]) == {"pooled", "2015", "2016"}
    merged = study.compare()["collapse"]
    assert merged[["item", "category", "into"]].to_numpy().tolist() == [["bond_1", 5, 4]]


def test_a_cohort_of_three():
    study = by_cohort(survey({"bond": 3, "goal": 3}))
    study.sample["cohort"] = np.where(np.arange(400) < 3, "2015", "2016")
    assert "fewer than 10 persons with answers for 6 items" in lines(study.measure(), status="failed", sample="2015")
    compared = study.compare()
    assert "fewer than two groups of at least 100 persons" in lines(compared, status="failed")
    assert "fewer than 10 of 400 persons left out: in groups of fewer than 100 (2015)" in lines(compared, status="note")
    assert set(study.score()["determinacy"]["sample"]) == {"pooled", "2016"}


def test_a_dimension_of_two_items_is_modelled_compared_and_scored():
    study = halves(
        survey({"bond": 4, "goal": 2, "task": 3}, models=MENU, two={"bond": ["bond"], "rest": ["goal", "task"]})
    )
    measured = study.measure()
    assert "goal has 2 items: without correlated factors at least three" in lines(measured, model="bifactor")
    assert set(measured["fit"]["model"]) == {"one", "two", "correlated", "second_order", "exploratory"}
    assert study.compare()["status"]["status"].tolist() == ["ok"]
    scores = study.score()["scores"]
    assert set(scores.loc[scores["dimension"] == "goal", "method"]) == {"sum", "regression"}


def test_a_dimension_of_one_item_has_its_sum_score_and_no_model():
    study = survey({"bond": 4, "goal": 1})
    assert "dimension goal has fewer than two items: left out of the models" in lines(study.measure(), status="note")
    scores = study.score()["scores"]
    assert set(scores.loc[scores["dimension"] == "goal", "method"]) == {"sum"}
    assert set(scores.loc[scores["dimension"] == "bond", "method"]) == {"sum", "regression"}


def test_an_item_that_nobody_answered_is_left_out():
    study = survey({"bond": 4, "goal": 4})
    study.sample[study.column("bond_2")] = np.nan
    measured = study.measure()
    assert "item bond_2 has no answers: left out of the models" in lines(measured, status="note")
    assert "bond_2" not in set(measured["parameters"]["rhs"])
    assert lines(measured, status="failed") == ""


def test_items_that_nobody_answered_together_are_named():
    study = survey({"bond": 4, "goal": 4}, sensitivity=["MLR"])
    first = np.arange(400) < 200
    study.sample.loc[first, study.column("bond_1")] = np.nan
    study.sample.loc[~first, study.column("bond_2")] = np.nan
    failed = lines(study.measure(), status="failed")
    assert failed == "no person answered both bond_1 and bond_2 | MLR: no person answered both bond_1 and bond_2"


def test_everybody_missing_at_the_second_of_three_waves():
    study = survey({"bond": 3, "goal": 3}, reports=(("mentee", 1), ("mentee", 2), ("mentee", 3)))
    for name in study.sample:
        if name.endswith("_w2"):
            study.sample[name] = np.nan
    study.config["invariance"] = {"waves": True}
    measured, compared = study.measure(), study.compare()
    assert "400 of 400 persons left out: no answer to any item" in lines(measured, sample="mentee_w2")
    assert "fewer than 10 persons with answers" in lines(measured, sample="mentee_w2", status="failed")
    assert "hardly any answers in wave 2: left out" in lines(compared, status="note")
    assert compared["verdicts"]["grouping"].tolist() == ["mentee, waves 1, 3"]


def test_only_one_wave_has_answers():
    study = survey({"bond": 3, "goal": 3}, reports=(("mentee", 1), ("mentee", 2)))
    study.sample[[c for c in study.sample if c.endswith("_w2")]] = np.nan
    study.config["invariance"] = {"waves": True, "roles": True}
    failed = lines(study.compare(), status="failed")
    assert "fewer than two waves with answers to the same items" in failed
    assert "no other role has the same items in this wave" in failed


def test_whole_rows_empty_are_counted_and_every_n_adds_up():
    study = halves(survey({"bond": 3, "goal": 3}, n=500))
    empty = np.random.default_rng(2).random(500) < 0.3
    study.sample.loc[empty, [study.column(f"{d}_{k}") for d in ("bond", "goal") for k in (1, 2, 3)]] = np.nan
    measured, compared, n = study.measure(), study.compare(), int((~empty).sum())
    for tables in (measured, compared):
        assert f"{500 - n} of 500 persons left out: no answer to any item" in lines(tables, status="note")
    assert set(measured["fit"]["n"]) == {n}
    assert set(compared["invariance"]["n"]) == {n}


@pytest.mark.parametrize(("points", "estimator"), [(2, "WLSMV"), (4, "WLSMV"), (7, "MLR")])
def test_scales_of_two_four_and_seven_points(points, estimator):
    study = halves(survey({"bond": 4, "goal": 4}, points=points))
    measured, compared = study.measure(), study.compare()
    assert set(measured["fit"]["estimator"]) == {estimator}
    assert ("WLSMV is for items with at most 6 categories" in lines(measured)) == (points == 7)
    assert compared["status"]["status"].tolist() == ["ok"]
    assert set(study.score()["scores"]["method"]) == {"sum", "regression"}


def test_intercepts_and_residuals_of_two_point_items_are_tested_together():
    study = halves(survey({"bond": 4, "goal": 4}, n=800, points=2))
    for name in [c for c in study.sample if "_w1" in c]:  # cuts away from the middle, where they carry the scale
        study.sample[name] = (np.random.default_rng(len(name)).random(800) < 0.25).astype(float) + study.sample[name]
        study.sample[name] = (study.sample[name] > 1).astype(float)
    steps = study.compare()["invariance"]["step"].tolist()
    assert steps == ["configural", "thresholds", "thresholds+loadings", "thresholds+loadings+intercepts+residuals"]


@pytest.mark.parametrize(
    ("items", "refused"),
    [
        ({"bond": 4}, {"two", "second_order", "bifactor", "exploratory"}),
        ({"bond": 4, "goal": 4}, {"two", "second_order"}),
        pytest.param({"bond": 3, "goal": 3, "task": 3, "trust": 3}, {"two"}, marks=pytest.mark.slow),
    ],
)
def test_models_that_make_no_sense_for_so_many_dimensions(items, refused):
    measured = survey(items, models=MENU).measure()
    failed = measured["status"].query("status == 'failed'")
    assert set(failed["model"]) == refused
    assert failed["reason"].str.len().min() > 20
    assert {"one", "correlated"} <= set(measured["fit"]["model"])


@pytest.mark.slow
def test_group_values_may_be_numbers_or_hold_spaces_and_quotes():
    study = survey({"bond": 3, "goal": 3}, n=600, points=3)
    study.sample["said"] = np.where(np.arange(600) % 2, 'a "quoted" one', "it's, other; ~ x")
    study.sample["code"] = np.where(np.arange(600) % 4 < 2, 1.0, 2.0)
    study.config["invariance"] = {"groups": ["said", "code", "said*code"]}
    verdicts = study.compare()["verdicts"].set_index("grouping")
    assert verdicts.loc["said", "groups"] == 'a "quoted" one, it\'s, other; ~ x'
    assert len(verdicts.loc["said*code", "groups"].split(" × ")) == 5
    assert (verdicts["n"] == 600).all()


@pytest.mark.parametrize("names", [("NA", "c", "start"), ("equal", "label", "t1")])
def test_item_names_that_mean_something_in_model_texts(names):
    study = halves(survey({"bond": 3, "goal": 3}))
    new = dict(zip(("bond_1", "bond_2", "bond_3"), names, strict=True))
    columns = [dataclasses.replace(c, variable=new.get(c.variable, c.variable)) for c in study.codebook]
    study.codebook = dataclasses.replace(study.codebook, columns=tuple(columns))
    study.sample = study.sample.rename(columns={study.column(a): study.column(b) for a, b in new.items()})
    assert set(study.measure()["status"]["status"]) <= {"ok", "note"}
    assert study.compare()["status"]["status"].tolist() == ["ok"]
    assert len(study.score()["determinacy"]) == 4


def test_four_groups_of_very_different_sizes():
    sizes = [940, 724, 452, 174]
    study = survey({"bond": 3, "goal": 3}, n=sum(sizes), points=4)
    study.sample["school"] = np.repeat([1, 2, 3, 4], sizes)
    study.config["invariance"] = {"groups": ["school"]}
    compared = study.compare()
    assert compared["verdicts"]["groups"].tolist() == ["1, 2, 3, 4"]
    assert set(compared["means"]["group"]) == {"2", "3", "4"}


@pytest.mark.slow
def test_two_roles_on_three_occasions():
    reports = tuple((role, wave) for role in ("mentee", "mentor") for wave in (1, 2, 3))
    study = survey({"bond": 3, "goal": 3}, n=300, points=3, reports=reports)
    study.config["invariance"] = {"waves": "all", "roles": "all"}
    compared = study.compare()
    assert compared["verdicts"]["grouping"].tolist() == [
        "mentee, waves 1, 2, 3", "mentor, waves 1, 2, 3",
        "mentee and mentor, wave 1", "mentee and mentor, wave 2", "mentee and mentor, wave 3",
    ]  # fmt: skip
    assert len(study.measure()["fit"].groupby("sample")) == 6


def test_one_cluster_only():
    study = halves(survey({"bond": 3, "goal": 3}, cluster="program"))
    study.sample["program"] = "P1"
    assert "fewer than two different values of program: errors do not allow for clusters" in lines(study.measure())
    assert "fewer than two values of program in a group" in lines(study.compare(), status="note")


def test_a_sample_without_anybody():
    study = survey({"bond": 3, "goal": 3})
    study.sample = study.sample.iloc[:0]
    study.config["invariance"] = {"waves": True, "roles": True}
    assert set(study.measure()["status"]["status"]) == {"note", "failed"}
    assert set(study.compare()["status"]["status"]) == {"note", "failed"}
    assert study.score()["scores"].empty
