"""The link models by three ways of handling missing data; what is imputed for them; bad input on the way."""

import numpy as np
import pandas as pd
import pytest
from alliance.codebook import Codebook, Column
from alliance.persistence.imputation_stage import impute_study
from alliance.persistence.imputed_study import OUTSIDE, analysed_outcome, cumulative_hazard, outcome_columns
from alliance.persistence.link import link_models
from alliance.persistence.missing_data import missing_data_tables
from link_study import CONFIG, study

FAST = {"draws": 4, "iterations": 3}
REPORTS = [("mentor", 1), ("mentee", 2)]


def incomplete(seed=1, n_gone=90):
    """The study with missing covariates and scores, and dimension means of two more reports."""
    rng = np.random.default_rng(seed)
    sample, scores, outcomes, periods = study(seed)
    bond = scores[scores["dimension"] == "bond"].set_index("student_id")["score"].reindex(sample["student_id"])
    for role, wave in REPORTS:
        there = rng.random(len(sample)) < 0.7
        sample[f"answered_{role}_w{wave}"] = there
        for dimension in ("bond", "goal"):
            mean = bond.to_numpy() / 2 + rng.normal(size=len(sample))
            for k in (1, 2):
                item = np.clip(np.round(mean + 0.5 * rng.normal(size=len(sample))), 1, 5)
                sample[f"{dimension}_{k}_{role}_w{wave}"] = np.where(there, item, np.nan)
    gone = rng.choice(len(sample), n_gone, replace=False)
    sample.loc[gone[: n_gone // 2], "gpa"] = np.nan
    sample.loc[gone[n_gone // 3 :], "first_generation"] = pd.NA
    scores = scores[~scores["student_id"].isin(sample.loc[gone[:20], "student_id"])]
    return sample, scores, outcomes, periods


def codebook():
    columns = [
        Column(1, f"{role}{wave}", f"q{d}{k}", f"{d}_{k}", type="item", dimension=d, role=role, wave=wave)
        for role, wave in REPORTS
        for d in ("bond", "goal")
        for k in (1, 2)
    ]
    return Codebook(tuple(columns), "codebook.csv")


def config(**imputation):
    dimensions = {"instrument": {"dimensions": {"bond": "Bond", "goal": "Goal"}}}
    return CONFIG | dimensions | {"seed": 5, "imputation": FAST | imputation}


def run(data, settings, minimum=10):
    """The imputation stage and the comparison."""
    sample, scores, outcomes, periods = data
    imputed = impute_study(sample, scores, outcomes, codebook(), settings, minimum)
    found = missing_data_tables(sample, scores, outcomes, periods, imputed.imputations, settings, minimum)
    return imputed, found


@pytest.fixture(scope="module")
def both():
    return run(incomplete(), config())


def test_what_takes_part_and_how_it_is_imputed(both):
    plan = both[0].plan.set_index("variable")
    assert plan["part"].to_dict() == {
        "bond": "analysis",
        "goal": "analysis",
        "first_generation": "analysis",
        "gpa": "analysis",
        "cohort": "analysis",
        "outcome_retained_2": "outcome",
        "outcome_departure_event": "outcome",
        "outcome_departure_hazard": "outcome",
        **{f"{d}_{role}_w{wave}": "auxiliary" for role, wave in REPORTS for d in ("bond", "goal")},
    }
    assert plan.loc["gpa", "method"] == plan.loc["bond_mentor_w1", "method"] == "2l.norm"
    assert plan.loc["first_generation", "method"] == "2l.probit"
    assert plan.loc["outcome_retained_2", "method"] == ""
    assert plan.loc["gpa", "n_missing"] == 46  # 45 and the one of the study


def test_everybody_has_every_value_once_per_imputation_and_what_was_seen_stays(both):
    sample, _, outcomes, _ = incomplete()
    imputed = both[0].imputations
    assert len(imputed) == 4 * len(sample)
    assert imputed.notna().all(axis=None)
    first = imputed[imputed["imputation"] == 1].set_index("student_id").loc[sample["student_id"]]
    seen = sample["gpa"].notna().to_numpy()
    np.testing.assert_array_equal(first.loc[seen, "gpa"], sample.loc[seen, "gpa"])
    assert set(first["first_generation"]) == {"yes", "no"}
    nobody = outcomes.query("outcome == 'retained_2' and not at_risk")["student_id"]
    assert set(first.loc[nobody, "outcome_retained_2"]) == {OUTSIDE}


def test_complete_cases_are_the_linking_stage(both):
    sample, scores, outcomes, periods = incomplete()
    link = link_models(sample, scores, outcomes, periods, config()).estimates
    ours = both[1].table.query("method == 'complete_cases'").set_index(["model", "term"])
    theirs = link[(link["sample"] == "pooled") & link["term"].isin(["bond", "goal"])].set_index(["model", "term"])
    for column in ("estimate", "std_error", "p_value", "odds_ratio", "n"):
        np.testing.assert_array_equal(ours[column].astype(float), theirs.loc[ours.index, column].astype(float))


def test_three_methods_for_each_predictor_of_each_model(both):
    table = both[1].table
    assert table.groupby(["model", "term"])["method"].apply(list).map(tuple).unique().tolist() == [
        ("complete_cases", "imputation", "weighting")
    ]
    assert (both[1].status["status"] == "ok").all()
    row = table.query("model == 'retained' and term == 'bond'").set_index("method")
    assert row.loc["imputation", "n"] == 497  # all but two without record and one whose records end too early
    assert row.loc["weighting", "n_target"] == 499  # with the two whose records are unknown
    assert row.loc["weighting", "n"] == row.loc["complete_cases", "n"] < 420
    assert row.loc["imputation", "std_error"] < row.loc["complete_cases", "std_error"]
    assert row.loc["weighting", "largest_weight"] > 1
    assert (row["conclusion"] == "higher").all()
    assert row.loc["imputation", "shift"] == pytest.approx(
        (row.loc["imputation", "estimate"] - row.loc["complete_cases", "estimate"])
        / row.loc["complete_cases", "std_error"]
    )


def test_a_seed_gives_one_result(both):
    sample, scores, outcomes, _ = incomplete()
    again, other = (impute_study(sample, scores, outcomes, codebook(), config() | {"seed": s}) for s in (5, 6))
    pd.testing.assert_frame_equal(again.imputations, both[0].imputations)
    assert not other.imputations.equals(both[0].imputations)


def test_selection_on_a_seen_variable_biases_complete_cases_less_after_weighting_or_imputation():
    """Retained students with a strong bond and a high gpa often lack the other covariate: the slope of bond suffers."""
    sample, scores, outcomes, periods = incomplete(4, n_gone=3)
    value = outcomes.query("outcome == 'retained_2'").set_index("student_id")["value"]
    full = missing_data_tables(
        sample, scores, outcomes, periods, impute_study(
            sample, scores, outcomes, codebook(), config(), 10).imputations, config()
    ).table.set_index(["model", "term", "method"])["estimate"]  # fmt: skip
    bond = scores[scores["dimension"] == "bond"].set_index("student_id")["score"].reindex(sample["student_id"])
    rng = np.random.default_rng(1)
    strong = (bond > 5).to_numpy() & (value.reindex(sample["student_id"]) == 1).to_numpy()
    sample.loc[strong & (rng.random(len(sample)) < 0.6), "first_generation"] = pd.NA
    _, found = run((sample, scores, outcomes, periods), config(draws=10))
    got = found.table.set_index(["model", "term", "method"])["estimate"]
    truth = full["retained", "bond", "complete_cases"]
    lost = abs(got["retained", "bond", "complete_cases"] - truth)
    assert lost > 0.3
    assert abs(got["retained", "bond", "imputation"] - truth) < 0.3 * lost


def test_numbers_that_differ_by_few_students_are_withheld():
    _, found = run(incomplete(n_gone=4), config())
    row = found.table.query("model == 'retained' and term == 'bond'").set_index("method")
    assert row["suppressed"].tolist() == [False, True, True]
    assert row["n"].isna().tolist() == [False, True, False]
    assert row["n_target"].isna().all()
    assert row.loc["complete_cases", "n"] > 480


def unanswered(share=0.3):
    """An outcome that is a question of the survey, which some did not answer."""
    sample, scores, outcomes, periods = incomplete()
    rng = np.random.default_rng(2)
    held = outcomes[outcomes["outcome"] == "retained_2"].assign(outcome="intends")
    gone = held["at_risk"].to_numpy() & (rng.random(len(held)) < share)
    held.loc[gone, ["value", "at_risk"]] = [np.nan, False]
    held.loc[gone, "reason_not_at_risk"] = "no answer"
    settings = config()
    models = {"intends": {"outcome": "intends", "family": "logit"}}
    define = {"intends": {"kind": "answer", "variable": "intends", "value": "yes", "label": "Intends to stay"}}
    settings = settings | {"link": settings["link"] | {"models": models}, "outcomes": {"define": define}}
    return (sample, scores, held, periods), settings, int(gone.sum())


def test_questions_without_an_answer_are_imputed_and_analysed():
    data, settings, gone = unanswered()
    imputed, found = run(data, settings)
    plan = imputed.plan.set_index("variable")
    assert plan.loc["outcome_intends", "n_missing"] == gone + 3  # and three who are outside its risk set
    rows = found.table.set_index(["term", "method"])
    small = 8  # the last cohort: its outcome does not vary among those who answered
    assert rows.loc[("bond", "imputation"), "n"] == 500 - 3 - small  # two without record, one whose records end
    assert rows.loc[("bond", "complete_cases"), "n"] < 300
    assert rows.loc[("bond", "imputation"), "fmi"] > 0.15


def test_an_outcome_becomes_a_category_with_those_outside_its_risk_set():
    outcomes = pd.DataFrame(
        {
            "student_id": list("abcd"),
            "outcome": "o",
            "value": [1.0, 0.0, np.nan, np.nan],
            "at_risk": [True, True, False, False],
            "censored": False,
            "reason_not_at_risk": ["", "", "no registrar record", "no answer"],
        }
    )
    columns, outside = outcome_columns("o", pd.Series(list("badce")), outcomes)
    assert columns["outcome_o"].fillna("open").tolist() == ["0", "1", "open", "open", "open"]
    assert outside.tolist() == [False, False, False, True, True]
    known, _ = outcome_columns("o", pd.Series(list("abc")), outcomes)
    assert known["outcome_o"].tolist() == ["1", "0", OUTSIDE], "no answer is open, so that this can be said"
    imputed = pd.DataFrame({"student_id": list("abcd"), "outcome_o": ["1", "0", OUTSIDE, "1"]})
    filled = analysed_outcome(outcomes, imputed, ["outcome_o"])
    assert filled["at_risk"].tolist() == [True, True, False, True]
    assert filled["value"].iloc[3] == 1.0
    assert outcomes["value"].isna().sum() == 2, "the given frame stays as it was"


def test_cumulative_hazard_by_hand():
    time = np.array([1.0, 2.0, 2.0, 3.0, np.nan])
    event = np.array([True, True, False, True, False])
    np.testing.assert_allclose(cumulative_hazard(time, event), [1 / 4, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3, 19 / 12, np.nan])


def test_variables_that_cannot_take_part_are_rows_of_the_status_and_the_rest_goes_on():
    """A variable missing for everybody, a constant one, a sum of others, many categories: all auxiliaries at once."""
    sample, *rest = incomplete()
    sample["empty"] = np.nan
    sample["constant"] = "x"
    sample["copy"] = 2 * sample["gpa"]
    sample["total"] = sample["gpa"] + sample["bond_1_mentor_w1"]
    sample["town"] = [f"town {k // 3}" for k in range(len(sample))]
    extra = ["empty", "constant", "copy", "total", "town"]
    imputed, found = run((sample, *rest), config(auxiliaries=extra))
    status = imputed.status[~imputed.status["reason"].str.startswith("not settled")].set_index("model")
    assert status.loc["empty", "reason"] == "left out: nobody has a value"
    assert status.loc["constant", "reason"] == "left out: it does not vary"
    assert status.loc["copy", "reason"] == "not used: repeats gpa"
    assert status.loc["town", "reason"] == "left out: it has more than 20 categories"
    assert imputed.plan.set_index("variable").loc["total", "method"] == "2l.norm"
    assert (found.status["status"] == "ok").all()
    assert np.isfinite(found.table["estimate"]).all()


def test_a_covariate_that_nobody_has_fails_by_name_and_other_models_go_on():
    sample, *rest = incomplete()
    sample["income"] = np.nan
    settings = config()
    models = settings["link"]["models"] | {
        "rich": {"outcome": "retained_2", "family": "logit", "covariates": ["income"]}
    }
    imputed, found = run((sample, *rest), settings | {"link": settings["link"] | {"models": models}})
    assert imputed.status.set_index("model").loc["income", "reason"] == "left out: nobody has a value"
    status = found.status.set_index(["model", "sample"])
    assert (status.loc["rich", "status"] == "failed").all()
    assert (status.drop("rich")["status"] == "ok").all()
    assert set(found.table["model"]) == {"retained", "left"}


def test_a_covariate_that_is_constant_is_left_out_of_all_three_and_the_predictors_are_there():
    sample, *rest = incomplete()
    sample["fee"] = 1.0
    settings = config()
    covariates = [*settings["link"]["covariates"], "fee"]
    models = {"retained": {"outcome": "retained_2", "family": "logit"}}
    link = settings["link"] | {"covariates": covariates, "models": models}
    _, found = run((sample, *rest), settings | {"link": link})
    assert found.table["method"].unique().tolist() == ["complete_cases", "imputation", "weighting"]
    assert found.status["reason"].str.contains("constant or a combination of other terms, left out: fee").all()


def test_a_wave_that_is_empty_for_three_in_ten():
    sample, *rest = incomplete()
    empty = np.random.default_rng(3).random(len(sample)) < 0.3
    wave = [c for c in sample if c.endswith("_mentee_w2") and not c.startswith("answered")]
    sample.loc[empty, wave] = np.nan
    sample.loc[empty, "answered_mentee_w2"] = False
    imputed, found = run((sample, *rest), config())
    share = imputed.plan.set_index("variable").loc["bond_mentee_w2", "share"]
    assert 0.4 < share < 0.6
    assert (found.status["status"] == "ok").all()


def test_few_students_few_clusters():
    sample, scores, outcomes, periods = incomplete()
    small = sample.groupby("cohort").head(12).assign(program=["a", "b", "c"] * 10 + ["a", "b"])
    data = (small, scores, outcomes[outcomes["student_id"].isin(small["student_id"])], periods)
    imputed, found = run(data, config())
    status = imputed.status.set_index("model")
    assert status.loc["auxiliaries", "reason"].startswith("32 students are too few for")
    assert "fewer than 5 clusters" in status.loc["program", "reason"]
    assert set(imputed.plan["method"]) <= {"", "norm", "pmm", "logreg"}
    assert set(found.status["status"]) <= {"ok", "failed"}


def test_families_that_take_no_weights_say_so():
    data = incomplete()
    settings = config()
    models = {"left": {"outcome": "departure", "family": "cox"}}
    _, found = run(data, settings | {"link": settings["link"] | {"models": models}})
    status = found.status.set_index("sample")
    assert status.loc["weighting", ["status", "reason"]].tolist() == ["failed", "cox takes no weights"]
    assert found.table["method"].unique().tolist() == ["complete_cases", "imputation"]
