"""fit_sam against lavaan 0.6-14 (tests/reference/sem/sam.R) and against what must hold whatever the program."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.sem import fit_sam, fit_sem, simulate

HERE = Path(__file__).parent / "sem"
CASES = {case["name"]: case for case in json.loads((HERE / "sam.json").read_text())}
OPTIONS = {"means": {"meanstructure": True}, "global": {"method": "global"}, "naive": {"se": "naive"}}
ITEMS = [f"{k}{i}_w1" for k in "bgt" for i in range(1, 5)]
DATA = pd.read_csv(HERE / "data" / "alliance.csv")
OUTCOME = CASES["outcome"]["model"]


@pytest.mark.parametrize("name", [name for name in CASES if name != "std_lv"])
def test_estimates_and_two_step_errors_are_lavaans(name):
    case = CASES[name]
    found = fit_sam(case["model"], DATA.iloc[: case["rows"]], **OPTIONS.get(name, {})).parameters
    assert (found["lhs"] + " " + found["op"] + " " + found["rhs"]).tolist() == case["cells"]
    # lavaan 0.6-14 gives no estimate of an intercept in sam(): that one row stays unchecked
    known = np.array([value is not None for value in case["est"]])
    assert known.sum() >= len(known) - 1
    for column in ("est", "se", "std_all"):
        expected = np.array([value if value is not None else np.nan for value in case[column]])
        both = known & ~np.isnan(expected)
        assert found[column].to_numpy()[both] == pytest.approx(expected[both], rel=1e-4, abs=1e-5), column


def test_std_lv_scales_the_factors_and_leaves_the_outcome_alone():
    """lavaan 0.6-14 standardises observed outcomes as well under std.lv; we keep them in their own units."""
    found = fit_sam(OUTCOME, DATA, std_lv=True).parameters
    plain = fit_sam(OUTCOME, DATA).parameters
    assert found["est"].to_numpy() == pytest.approx(plain["std_lv"].to_numpy(), abs=1e-6)
    assert found["std_all"].to_numpy() == pytest.approx(np.array(CASES["std_lv"]["std_all"]), abs=1e-5)


def test_two_step_errors_count_the_measurement():
    naive = fit_sam(OUTCOME, DATA, se="naive").parameters
    known = fit_sam(OUTCOME, DATA, se="standard").parameters
    counted = fit_sam(OUTCOME, DATA).parameters
    robust = fit_sam(OUTCOME, DATA, se="robust").parameters
    assert (counted["se"] > known["se"]).all()
    assert (known["se"] > naive["se"]).all()
    assert robust["se"].to_numpy() == pytest.approx(counted["se"].to_numpy(), rel=0.08)


@pytest.mark.parametrize("se", ["twostep", "robust"])
def test_a_small_sample_keeps_some_error_on(se):
    few = DATA.iloc[:60]
    plain, kept = fit_sam(OUTCOME, few, se=se), fit_sam(OUTCOME, few, se=se, alpha_correction=6)
    moments = [np.diag(fit.factor_moments[0].cov) for fit in (plain, kept)]
    assert (moments[1][:3] > moments[0][:3]).all()
    assert moments[1][3] == pytest.approx(moments[0][3])
    # alpha as large as n - 1 takes no error off at all: regression on Bartlett scores
    most = fit_sam(OUTCOME, few, se="naive", alpha_correction=59)
    scores = np.cov(np.column_stack([most.scores("Bartlett"), few["gpa"]]), rowvar=False, ddof=0)
    paths = most.parameters.query("op == '~'")["est"]
    assert paths.to_numpy() == pytest.approx(np.linalg.solve(scores[:3, :3], scores[:3, 3]), abs=1e-5)
    errors = [fit.parameters.query("op == '~'")["se"].to_numpy() for fit in (plain, kept)]
    assert (errors[1] < errors[0]).all()


def test_the_small_sample_correction_needs_factor_moments():
    with pytest.raises(ValueError, match="for method='local' only"):
        fit_sam(OUTCOME, DATA, method="global", alpha_correction=1)


def test_local_sam_is_croons_correction_of_factor_scores():
    """Croon (2002): covariances of scores divided by A L, their variances less A T A'."""
    fit = fit_sam(OUTCOME, DATA)
    moments, columns, slope, noise = fit.factor_moments[0], [], [], []
    for block in fit.measurement:
        parts = block.structure.groups[0].lisrel(block.theta)
        sigma = block.implied_matrices()[0][1]
        weights = parts["psi"] @ parts["lambda"].T @ np.linalg.inv(sigma)
        columns.append(block.scores("regression").iloc[:, 0].to_numpy())
        slope.append((weights @ parts["lambda"]).item())
        noise.append((weights @ parts["theta"] @ weights.T).item())
    raw = np.cov(np.vstack([*columns, DATA["gpa"]]), ddof=0)
    corrected = raw - np.diag([*noise, 0.0])
    corrected = corrected / np.outer([*slope, 1.0], [*slope, 1.0])
    assert moments.cov == pytest.approx(corrected, abs=1e-8)


def test_a_higher_order_factor_takes_part_in_the_structure():
    model = OUTCOME.replace("gpa ~ bond + goal + task", "alliance =~ bond + goal + task\ngpa ~ alliance")
    sam, sem = fit_sam(model, DATA), fit_sem(model, DATA)
    found = sam.parameters.query("op == '~' or lhs == 'alliance'")
    expected = sem.parameters.query("op == '~' or lhs == 'alliance'")
    assert found["est"].to_numpy() == pytest.approx(expected["est"].to_numpy(), rel=0.05)
    assert found["se"].to_numpy() == pytest.approx(expected["se"].to_numpy(), rel=0.1, abs=1e-9)


def test_ordered_items_and_a_binary_outcome_agree_with_the_joint_fit():
    model = OUTCOME.replace("gpa ~ bond + goal + task", "persist ~ bond + goal + task + gpa\nbond + goal + task ~ gpa")
    model += "\nbond ~~ goal + task\ngoal ~~ task"
    ordered = [*ITEMS, "persist"]
    sem = fit_sem(model, DATA, ordered=ordered).parameters.query("op == '~'")
    for options in ({}, {"se": "robust"}, {"method": "global"}):
        sam = fit_sam(model, DATA, ordered=ordered, **options).parameters.query("op == '~'")
        assert np.abs(sam["est"].to_numpy() - sem["est"].to_numpy()).max() < 0.5 * sem["se"].max()
        assert sam["se"].to_numpy() == pytest.approx(sem["se"].to_numpy(), rel=0.1)


def test_groups_with_equal_measurement_have_latent_means():
    model = OUTCOME
    sam = fit_sam(model, DATA, group="group", group_equal=["loadings", "intercepts"])
    sem = fit_sem(model, DATA, group="group", group_equal=["loadings", "intercepts"])
    key = ["lhs", "op", "rhs", "group"]
    both = sam.parameters.merge(sem.parameters, on=key, suffixes=("", "_sem")).query("op in ('~', '~1')")
    means = both.query("op == '~1' and group == 2 and lhs != 'gpa'")
    assert len(means) == 3
    assert np.abs(means["est"] - means["est_sem"]).max() < 0.05
    assert both["se"].to_numpy() == pytest.approx(both["se_sem"].to_numpy(), rel=0.15, abs=1e-9)


def test_groups_of_ordered_items_compare_latent_means_and_paths():
    model = OUTCOME.replace("gpa ~ bond + goal + task", "persist ~ bond + goal + task")
    args = {"ordered": [*ITEMS, "persist"], "group": "group", "group_equal": ["loadings", "thresholds"]}
    sam = fit_sam(model, DATA, **args)
    robust = fit_sam(model, DATA, se="robust", **args)
    measured = fit_sem(model.split("persist")[0], DATA, **args | {"ordered": ITEMS})
    key = ["lhs", "op", "rhs", "group"]
    both = sam.parameters.merge(measured.parameters, on=key, suffixes=("", "_sem")).query("op == '~1' and se > 0")
    assert len(both) == 3
    assert np.abs(both["est"] - both["est_sem"]).max() < 0.02
    # another estimator: every factor alone
    assert both["se"].to_numpy() == pytest.approx(both["se_sem"].to_numpy(), rel=0.1)
    paths = (sam.parameters["op"] == "~").to_numpy()
    errors = [fit.parameters["se"].to_numpy()[paths] for fit in (sam, robust)]
    assert errors[0] == pytest.approx(errors[1], rel=0.05)


def test_the_fit_of_the_structural_part_answers_like_any_other():
    fit = fit_sam(OUTCOME + "\nbond ~~ 0*goal", DATA)
    assert fit.fit_measures["df"] == 1
    assert list(fit.scores().columns) == ["bond", "goal", "task"]
    assert fit.scores().to_numpy()[:, 0] == pytest.approx(fit.measurement[0].scores()["bond"].to_numpy())
    best = fit.modification_indices().nlargest(1, "mi").iloc[0]
    assert best["mi"] > 100


def test_incomplete_data_by_full_information():
    holes = pd.read_csv(HERE / "data" / "alliance_missing.csv")
    sam = fit_sam(OUTCOME, holes, missing="fiml").parameters.query("op == '~'")
    sem = fit_sem(OUTCOME, holes, missing="fiml").parameters.query("op == '~'")
    assert np.abs(sam["est"].to_numpy() - sem["est"].to_numpy()).max() < 0.5 * sem["se"].max()
    assert sam["se"].to_numpy() == pytest.approx(sem["se"].to_numpy(), rel=0.1)


def test_clusters_widen_the_errors():
    plain = fit_sam(OUTCOME, DATA, se="robust").parameters
    clustered = fit_sam(OUTCOME, DATA, cluster="program").parameters.query("op != '~1'")
    assert not np.allclose(plain["se"], clustered["se"], rtol=0.01)
    assert clustered["est"].to_numpy() == pytest.approx(plain["est"].to_numpy(), abs=1e-6)


def test_factors_that_share_a_label_are_measured_together():
    model = "bond =~ b1_w1 + l*b2_w1 + b3_w1\ngoal =~ g1_w1 + l*g2_w1 + g3_w1\ntask =~ t1_w1 + t2_w1 + t3_w1"
    fit = fit_sam(f"{model}\ntask ~ bond", DATA)
    assert [block.table.lv_names for block in fit.measurement] == [["bond", "goal"], ["task"]]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("f =~ b1_w1 + b2_w1 + b3_w1\ngpa ~ f + b1_w1", "'b1_w1' is an item of 'f'"),
        ("gpa ~ group", "at least one factor"),
        ("f =~ b1_w1 + b2_w1 + b3_w1\ng =~ f + t1_w1\ngpa ~ g", "measured by items and by factors"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        fit_sam(model, DATA)


@pytest.mark.slow
def test_bootstrap_confirms_the_errors_of_ordinal_sam():
    model = OUTCOME.replace("gpa ~ bond + goal + task", "persist ~ bond + goal + task")
    ordered = [*ITEMS, "persist"]
    rng = np.random.default_rng(5)
    draws = []
    for _ in range(200):
        sample = DATA.iloc[rng.integers(0, len(DATA), len(DATA))]
        parameters = fit_sam(model, sample, ordered=ordered, se="naive").parameters
        draws.append(parameters.query("op == '~'")["est"].to_numpy())
    found = np.array(draws).std(axis=0)
    for kind in ("twostep", "robust"):
        se = fit_sam(model, DATA, ordered=ordered, se=kind).parameters.query("op == '~'")["se"].to_numpy()
        assert se == pytest.approx(found, rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize(("ordered", "n"), [(False, 300), (True, 500)])
def test_intervals_cover_the_population(ordered, n):
    items = [f"{k}{i}" for k in "bgt" for i in (1, 2, 3)]
    population = (
        "bond =~ 0.8*b1 + 0.7*b2 + 0.6*b3\ngoal =~ 0.7*g1 + 0.8*g2 + 0.6*g3\ntask =~ 0.7*t1 + 0.6*t2 + 0.8*t3\n"
        "bond ~~ 0.5*goal + 0.4*task\ngoal ~~ 0.6*task\ny ~ 0.3*bond + 0.2*goal + 0.1*task\n"
    )
    if ordered:
        population += "\n".join(f"{name} | -1*t1 + 0.2*t2 + 1.1*t3" for name in items) + "\ny | 0.3*t1"
    model = "bond =~ b1 + b2 + b3\ngoal =~ g1 + g2 + g3\ntask =~ t1 + t2 + t3\ny ~ bond + goal + task"
    truth = np.array([0.3 / 0.8, 0.2 / 0.7, 0.1 / 0.7])
    covered, estimates = [], []
    for seed in range(1000, 1100):
        sample = simulate(population, n=n, seed=seed)
        paths = fit_sam(model, sample, ordered=[*items, "y"] if ordered else ()).parameters.query("op == '~'")
        covered.append(np.abs(paths["est"] - truth) < 1.96 * paths["se"])
        estimates.append(paths["est"].to_numpy())
    assert np.mean(covered) == pytest.approx(0.95, abs=0.04)
    bias = np.mean(estimates, axis=0) - truth
    assert np.abs(bias).max() < 3 * np.std(estimates, axis=0).max() / np.sqrt(100)
