"""The studies on real data run by config and codebook alone, when their data are there."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow

REAL = Path(os.environ.get("ALLIANCE_REAL_DATA", ROOT / "data/real")).resolve()


def run_example(project, study: str):
    if not (REAL / study).is_dir():
        pytest.skip(f"the data of {study} are not here: examples/README.md says where they go")
    run = project.snakemake("--configfile", f"examples/{study}/config.yaml", "--config", f"folder={REAL / study}")
    assert run.code == 0, run.screen
    assert f"Report: results/examples/{study}/report.html" in run.screen
    return project.folder / "results/examples" / study


def test_nature_phd2019(fresh):
    results = run_example(fresh, "nature_phd2019")
    flow = pd.read_csv(results / "sample/flow.csv")
    assert flow.query("cohort == 'pooled'")["n_in"].iloc[0] == 2458
    estimates = pd.read_csv(results / "link/estimates.csv")
    assert set(estimates["outcome"]) == {"research_more_likely", "academia"}
    assert {"mentoring", "community", "conditions"} <= set(estimates["term"])
    assert not list(results.rglob("*bond*"))
    # Single items go with the outcome (odds ratios 1.10, 1.05 and 1.19 a point), so their scores must, too.
    joint = pd.read_csv(results / "link/joint.csv").set_index("outcome")
    assert joint.loc["research_more_likely", "p_value"] < 1e-10


def test_hazard_of_departure_of_all_midfield_students():
    if not (REAL / "midfield").is_dir():
        pytest.skip("the data of midfield are not here: examples/README.md says where they go")
    script = ROOT / "examples/midfield/departure.py"
    done = subprocess.run([sys.executable, script, REAL / "midfield"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    terms, students = (
        int(n.replace(",", "")) for n in re.findall(r"([\d,]+) person-terms of ([\d,]+) students", done.stdout)[0]
    )
    assert "97,555 students with 639,915 term records" in done.stdout
    assert students == 95_088  # the others were seen only in terms for which the records do not show what followed
    assert terms == 482_566
    assert {"sex[T.Female]", "race[T.Black]"} <= set(done.stdout.split())
    seconds, peak = map(float, re.findall(r"([\d.]+) CPU-s with reading, at most ([\d.]+) GB", done.stdout)[0])
    assert seconds < 30
    assert peak < 3


def test_midfield_reproduces_the_known_rates(fresh):
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    results = run_example(fresh, "midfield")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    peak = used.ru_maxrss / 1e6
    print(f"midfield: {seconds:.0f} CPU-s in {time.monotonic() - started:.0f} s, at most {peak:.2f} GB in one process")
    rates = pd.read_csv(results / "outcomes/definitions.csv").set_index("outcome")
    retained = rates.loc["retained_2"]
    assert retained["n_at_risk"] == 70_257
    assert retained["n_events"] / retained["n_at_risk"] == pytest.approx(0.8572, abs=5e-5)
    graduated = rates.loc["graduated_6"]
    assert graduated["n_at_risk"] == 57_353
    assert graduated["n_events"] / graduated["n_at_risk"] == pytest.approx(0.5303, abs=5e-5)
    assert seconds < 60  # of all jobs together, so that a busy machine does not matter
    assert peak < 2.0
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "Not asked for in this study: measurement, invariance, scores, link" in page


def test_holzinger_swineford_equals_lavaan(fresh):
    """Numbers of lavaan 0.6-14 and semTools: ML, and the ladder by school whose intercept of x3 differs."""
    results = run_example(fresh, "holzinger_swineford")
    fit = pd.read_csv(results / "measurement/fit.csv").query("sample == 'pooled' and model == 'correlated'")
    fit = fit.set_index("measure")["value"]
    assert fit["chisq"] == pytest.approx(85.305522, abs=1e-5)
    assert fit["cfi"] == pytest.approx(0.930560, abs=1e-6)
    ladder = pd.read_csv(results / "invariance/invariance.csv").set_index("step")["chisq"]
    assert ladder["configural"] == pytest.approx(115.851344, abs=1e-5)
    assert ladder["loadings"] == pytest.approx(124.043545, abs=1e-5)
    assert ladder["loadings+intercepts, every item"] == pytest.approx(164.102831, abs=1e-4)
    verdict = pd.read_csv(results / "invariance/verdicts.csv").iloc[0]
    assert verdict["released"] == "x3"
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "Not admissible, and not ranked" in page  # the bifactor model: a negative residual variance


def test_bfi_equals_lavaan(fresh):
    """Numbers of lavaan 0.6-14: WLSMV of the reversed items with pairwise answers, and of the two genders."""
    results = run_example(fresh, "bfi")
    fit = pd.read_csv(results / "measurement/fit.csv").query("sample == 'pooled' and model == 'correlated'")
    assert set(fit["n"]) == {2796}
    fit = fit.set_index("measure")["value"]
    assert fit["chisq"] == pytest.approx(1884.608, abs=1e-3)
    assert fit["chisq_scaled"] == pytest.approx(2129.723, abs=1e-3)
    assert fit["cfi_scaled"] == pytest.approx(0.9141016, abs=1e-6)
    assert fit["srmr"] == pytest.approx(0.06901553, abs=1e-7)
    ladder = pd.read_csv(results / "invariance/invariance.csv").query("grouping == 'gender'").set_index("step")
    assert ladder.loc["configural", "chisq_scaled"] == pytest.approx(2241.446, abs=1e-3)
    assert set(pd.read_csv(results / "invariance/verdicts.csv")["grouping"]) == {"gender", "age_group"}
