"""Factor scores, modification indices, score and Wald tests against lavaan: reference/sem/scores_and_indices.R."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.sem import fit_sem
from alliance.sem.wald import score_test, wald_test

HERE = Path(__file__).parents[1] / "reference" / "sem"
CASES = {case["name"]: case for case in json.loads((HERE / "scores_and_indices.json").read_text())}


@cache
def fitted(name):
    args = dict(CASES[name]["args"] or {})
    data = pd.read_csv(HERE / "data" / ("alliance_missing.csv" if "missing" in args else "alliance.csv"))
    return fit_sem(CASES[name]["model"], data, **args)


@pytest.mark.parametrize("method", ["regression", "Bartlett"])
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "scores" in case])
def test_scores_and_their_errors_are_lavaans(name, method):
    fit, expected = fitted(name), CASES[name]["scores"][method]
    if name == "second" and method == "Bartlett":
        pytest.skip("a factor without items of its own has no Bartlett score: see the test below")
    scores = fit.scores(method, se=True)
    if fit.n_groups > 1:
        scores = scores.loc[fit.observed[0].rows]
    factors = fit.table.lv_names
    rows = np.array(expected["rows"]) - 1
    assert scores[factors].to_numpy()[rows] == pytest.approx(np.array(expected["values"]), abs=2e-5)
    errors = scores[[f"{f}_se" for f in factors]].to_numpy()
    errors = errors[rows] if len(expected["se"]) > 1 else errors[:1]
    assert errors == pytest.approx(np.array(expected["se"]), abs=1e-5)


def test_a_factor_without_items_has_no_bartlett_score():
    scores = fitted("second").scores("Bartlett")
    assert scores["alliance"].isna().all()
    assert scores["bond"].notna().all()


def test_regression_scores_are_shrunken_bartlett_scores_are_unbiased():
    fit = fitted("three")
    variance = {row.lhs: row.est for row in fit.parameters.itertuples() if row.op == "~~" and row.lhs == row.rhs}
    regression, bartlett = fit.scores("regression"), fit.scores("Bartlett", se=True)
    for factor in fit.table.lv_names:
        determinacy = regression.attrs["determinacy"][""][factor]
        assert regression[factor].var(ddof=0) == pytest.approx(determinacy**2 * variance[factor], rel=0.02)
        error = bartlett[f"{factor}_se"].iloc[0] ** 2
        assert bartlett[factor].var(ddof=0) == pytest.approx(variance[factor] + error, rel=0.02)


def test_scores_are_indexed_by_the_row_of_the_case():
    data = pd.read_csv(HERE / "data" / "alliance.csv").iloc[:200].copy()
    data.loc[[0, 17], "b1_w1"] = np.nan
    model = "bond =~ b1_w1 + b2_w1 + b3_w1 + b4_w1"
    listwise = fit_sem(model, data).scores()
    assert 0 not in listwise.index
    assert 17 not in listwise.index
    assert len(listwise) == 198
    fiml = fit_sem(model, data, missing="fiml").scores(se=True)
    assert list(fiml.index) == list(range(200))
    assert fiml.loc[17, "bond_se"] > fiml.loc[18, "bond_se"]


def test_unknown_method_is_refused():
    with pytest.raises(ValueError, match="'regression' or 'Bartlett'"):
        fitted("three").scores("sum")


# lavaan's search leaves a gradient of 1e-6 (ours: 1e-15), which moves an index of 1 by up to 3e-4
INDEX_TOLERANCE = {"rel": 5e-4, "abs": 5e-4}


@pytest.mark.parametrize("name", list(CASES))
def test_modification_indices_are_lavaans(name):
    found, expected = fitted(name).modification_indices(), CASES[name]["indices"]
    cells = found["lhs"] + " " + found["op"] + " " + found["rhs"]
    # lavaan lists scaling factors under theta too; a path back from an outcome is all but unidentified, and both
    # programs drop it at a limit of their own
    keep = ~((found["op"] == "~*~") | (cells.str.endswith("~ gpa") & ~cells.str.contains("~~")))
    found, cells = found[keep], cells[keep].tolist()
    kept = [i for i, cell in enumerate(expected["cell"]) if not cell.endswith(" ~ gpa")]
    expected = {name: [column[i] for i in kept] if len(column) > 1 else column for name, column in expected.items()}
    groups = expected["group"] if len(expected["group"]) > 1 else expected["group"] * len(cells)
    assert list(zip(cells, found["group"], strict=True)) == list(zip(expected["cell"], groups, strict=True))
    for column in ("mi", "epc", "sepc_lv", "sepc_all", "sepc_nox"):
        known = np.array([value is not None for value in expected[column]])
        values = np.array([value if value is not None else 0.0 for value in expected[column]])[known]
        assert found[column].to_numpy()[known] == pytest.approx(values, **INDEX_TOLERANCE), column


def test_a_modification_index_foretells_what_freeing_gains():
    data = pd.read_csv(HERE / "data" / "alliance.csv")
    model = CASES["three"]["model"]
    best = fitted("three").modification_indices().sort_values("mi").iloc[-1]
    freed = fit_sem(f"{model}\n{best.lhs} {best.op} {best.rhs}", data)
    gain = fitted("three").fit_measures["chisq"] - freed.fit_measures["chisq"]
    row = freed.parameters.query("lhs == @best.lhs and op == @best.op and rhs == @best.rhs").iloc[0]
    assert gain == pytest.approx(best.mi, rel=0.15)
    assert row.est == pytest.approx(best.epc, rel=0.25)


@pytest.mark.parametrize("name", ["scalar", "labels"])
def test_score_tests_of_equalities_are_lavaans(name):
    found, expected = score_test(fitted(name)), CASES[name]["score_test"]
    assert found["stat"].to_numpy() == pytest.approx(np.array(expected["each"]), rel=1e-4, abs=1e-5)
    assert found.attrs["total"]["stat"] == pytest.approx(expected["total"], rel=1e-4)


def test_degrees_of_freedom_count_only_what_the_data_can_tell():
    """lavaan counts all 21 released equalities; latent means take up three of them: configural - scalar = 18."""
    assert CASES["scalar"]["score_test"]["df"] == 21
    assert score_test(fitted("scalar")).attrs["total"]["df"] == 18
    assert score_test(fitted("labels")).attrs["total"]["df"] == 1


def test_wald_test_is_lavaans_with_the_robust_covariance():
    found, expected = wald_test(fitted("labels"), "a == 1\n.p6. == .p7."), CASES["labels"]["wald"]
    assert found["stat"] == pytest.approx(expected["stat"], rel=1e-5)
    assert found["df"] == expected["df"]
    assert found["pvalue"] == pytest.approx(expected["p.value"], rel=1e-4)


def test_wald_test_refuses_what_cannot_be_tested():
    with pytest.raises(ValueError, match="redundant"):
        wald_test(fitted("labels"), "a == 1\n2*a == 2")
    with pytest.raises(ValueError, match="no parameter carries this label"):
        wald_test(fitted("labels"), "q == 1")
    with pytest.raises(ValueError, match="only '==' statements"):
        wald_test(fitted("labels"), "bond ~ goal")
