"""The flow of the finished demo: its arithmetic, that later analyses stand on its boxes, and ids by a key."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

# Tables with the N of an analysis; others count answers, groups or clusters.
ANALYSES = (
    "measurement/fit", "measurement/parameters", "measurement/correlations", "scores/determinacy", "link/estimates",
    "link/effects", "link/cohorts",
)  # fmt: skip


def exact(project, name):
    return pd.read_csv(project.folder / f"results/private/sample/{name}.csv", keep_default_na=False)


def table(folder, name):
    return pd.read_csv(folder / "results" / f"{name}.csv")


def test_the_exact_flow_adds_up(finished):
    flow = exact(finished, "flow")
    assert (flow["n_in"] - flow["excluded"] == flow["n_out"]).all()
    reports = exact(finished, "flow_reports")
    assert (reports["n_in"] - reports["excluded"] == reports["n_out"]).all()
    raw = table(finished.folder, "intake/inputs").set_index("input")["rows"]
    received = reports[(reports["order"] == 0) & (reports["cohort"] == "pooled")].set_index(["role", "wave"])["n_out"]
    for (role, wave), n in received.items():
        assert n == raw[f"{role}_w{wave}"], "every raw row is received"


def test_the_n_of_every_analysis_is_a_box_of_the_flow(finished):
    boxes = set(table(finished.folder, "sample/waves")["n_in_sample"].dropna().astype(int))
    boxes |= set(table(finished.folder, "sample/flow")["n_out"].dropna().astype(int))
    boxes |= set(table(finished.folder, "link/flow")["n_out"].dropna().astype(int))
    for name in ANALYSES:
        found = set(pd.to_numeric(table(finished.folder, name)["n"]).dropna().astype(int))
        assert found, name
        assert found <= boxes, (name, sorted(found - boxes))


def test_a_key_changes_the_ids_and_no_number(finished, fresh):
    fresh.edit("config/config.yaml", "  person: student_id\n", "  person: student_id\n  key: {env: STUDY_KEY}\n")
    os.environ["STUDY_KEY"] = key = "5f1d9c3b7a2e4860c1d3e5f7a9b0c2d4"
    try:
        run = fresh.snakemake()
    finally:
        del os.environ["STUDY_KEY"]
    assert run.code == 0, run.screen
    for file in sorted((finished.folder / "results").rglob("*.csv")):
        name = file.relative_to(finished.folder).as_posix()
        if "/private/" in name or "/verify/" in name or "/intake/issues" in name or "/check/" in name:
            continue
        if "/disclosure/" in name or "/report/tables/issue" in name:
            continue  # these tell how many ids were searched for, and that there is no key
        one, other = pd.read_csv(file), pd.read_csv(fresh.folder / name)
        assert one.columns.equals(other.columns), name
        for column in one:
            if pd.api.types.is_float_dtype(one[column]):
                np.testing.assert_allclose(
                    one[column], other[column], rtol=1e-9, atol=1e-12, err_msg=f"{name} {column}"
                )
            else:
                assert one[column].astype(str).equals(other[column].astype(str)), (name, column)
    ids = set(pd.read_parquet(finished.folder / "results/private/intake/students.parquet")["student_id"])
    for folder in ("results", "logs"):
        for file in sorted((fresh.folder / folder).rglob("*")):
            if file.suffix in (".csv", ".log", ".html", ".md", ".json", ".svg"):
                text = file.read_text(encoding="utf-8")
                assert key not in text, file
                assert not ids & set(text.replace('"', ",").replace("\n", ",").split(",")), file
