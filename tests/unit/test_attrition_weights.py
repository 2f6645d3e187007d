"""Weights for students who could not be analysed."""

import numpy as np
import pandas as pd
import pytest
from alliance.names import NameReport
from alliance.names_missing import imputation_names
from alliance.persistence.attrition_weights import attrition_weights
from alliance.study import parse_codebook, validate_config
from tiny_study import CODEBOOK, tiny_study


def people(n=4000, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pd.DataFrame({"x": x}), rng.random(n) < 1 / (1 + np.exp(-0.5 - x))


def test_weighted_means_of_the_analysed_are_those_of_everybody():
    frame, there = people()
    found = attrition_weights(there, [frame], "x")
    x = frame["x"].to_numpy()
    assert abs(x[there].mean() - x.mean()) > 0.2
    assert np.average(x, weights=found.weights) == pytest.approx(x.mean(), abs=0.03)
    assert found.weights[there].mean() == pytest.approx(1, abs=0.03)
    assert (found.weights[~there] == 0).all()
    assert found.effective < there.sum()


def test_probabilities_are_averaged_over_completed_frames():
    frame, there = people(300)
    other = frame.assign(x=frame["x"] + np.random.default_rng(2).normal(size=300))
    one, two, both = (attrition_weights(there, frames, "x") for frames in ([frame], [other], [frame, other]))
    np.testing.assert_allclose(both.probability, (one.probability + two.probability) / 2)


def test_nobody_missing_separation_and_incomplete_rows():
    frame, there = people(60)
    everybody = attrition_weights(np.ones(60, dtype=bool), [frame], "x")
    assert (everybody.weights == 1).all()
    assert everybody.status == "complete"
    apart = attrition_weights(frame["x"].to_numpy() > 0, [frame], "x")
    assert apart.status == "ok", "Firth's likelihood has an answer"
    assert np.isfinite(apart.weights).all()
    gap = attrition_weights(there, [frame.assign(x=frame["x"].where(frame.index > 4))], "x")
    assert (gap.status, gap.reason) == ("failed", "5 of 60 rows are incomplete")


def messages(tmp_path, **imputation):
    config = tiny_study(tmp_path) | {"imputation": imputation}
    codebook, _ = parse_codebook(config["codebook"])
    report = NameReport("my.yaml")
    variables = {c.variable: c for c in codebook if c.report in (None, ("mentee", 1)) and c.type != "id"}
    imputation_names(report, config, codebook, variables)
    return [str(problem) for problem in report.problems]


def test_names_of_the_block_imputation(tmp_path):
    assert CODEBOOK
    assert messages(tmp_path, auxiliaries=["gpa", "bond_1_mentee_w2"], cluster="program") == []
    assert messages(tmp_path, auxiliaries=["gpx"]) == [
        "my.yaml, key imputation.auxiliaries: variable gpx is not in the codebook -> did you mean gpa?"
    ]
    assert "program is of type text, which cannot be imputed" in messages(tmp_path, auxiliaries=["program"])[0]
    assert "variable programm is not in the codebook" in messages(tmp_path, cluster="programm")[0]
    methods = {"gpa": "logreg"}
    assert "logreg needs categories, and gpa is a number" in messages(tmp_path, auxiliaries=["gpa"], methods=methods)[0]
    clustered = messages(tmp_path, auxiliaries=["gpa"], methods={"gpa": "2l.norm"})
    assert clustered == ["my.yaml, key imputation.methods.gpa: 2l.norm needs a cluster -> name imputation.cluster, or "
                         "use another method"]  # fmt: skip


def test_imputation_needs_the_link_models(tmp_path):
    config = tiny_study(tmp_path) | {"imputation": {"draws": 5}}
    assert any("needs the block link" in str(p) for p in validate_config(config))
    config["imputation"] = {"draws": 1}
    assert any("imputation.draws" in str(p) for p in validate_config(config))
