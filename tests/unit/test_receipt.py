"""What ran, with what, and what came out."""

from __future__ import annotations

import subprocess

import pytest
from alliance.verification.manifest import sha256
from alliance.verification.receipt import git_state, package_versions, receipt


@pytest.fixture
def run(tmp_path):
    """What a finished run leaves for the receipt."""
    (tmp_path / "lock.txt").write_text("numpy==2\n", encoding="utf-8")
    (tmp_path / "codebook.csv").write_text("input\n", encoding="utf-8")
    (tmp_path / "inputs.csv").write_text("file,sha256,rows\ndata/a.csv,aa,3\n", encoding="utf-8")
    (tmp_path / "manifest.csv").write_text("file,sha256,bytes\nreport.html,bb,9\n", encoding="utf-8")
    (tmp_path / "claims.csv").write_text(
        "claim,verdict\na,reproduced\nb,not found: no such file\nc,reproduced\n", encoding="utf-8"
    )
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks/link.tsv").write_text("s\th:m:s\n4.5219\t0:00:04\n", encoding="utf-8")
    (tmp_path / "benchmarks/check.tsv").write_text("s\th:m:s\n1.0\t0:00:01\n", encoding="utf-8")
    return tmp_path


def test_receipt_holds_inputs_outputs_and_seconds(run):
    made = receipt(
        study="small",
        seed=7,
        manifest=run / "manifest.csv",
        inputs=run / "inputs.csv",
        files={"lock": run / "lock.txt", "codebook": run / "codebook.csv"},
        claims=run / "claims.csv",
        benchmarks=run / "benchmarks",
    )
    assert made["inputs"] == {"data/a.csv": "aa", str(run / "codebook.csv"): sha256(run / "codebook.csv")}
    assert made["outputs"] == {"report.html": "bb"}
    assert made["lock_sha256"] == sha256(run / "lock.txt")
    assert made["claims"] == {"not found": 1, "reproduced": 2}
    assert made["seconds"] == {"check": 1.0, "link": 4.52}
    assert made["packages"]["numpy"]
    assert made["platform"]["system"]


def test_a_study_without_claims(run):
    made = receipt(
        study="small",
        seed=7,
        manifest=run / "manifest.csv",
        inputs=run / "inputs.csv",
        files={"lock": run / "lock.txt"},
        claims=None,
        benchmarks=run / "nowhere",
    )
    assert made["claims"] == {}
    assert made["seconds"] == {}


def test_commit_and_whether_files_differ_from_it(tmp_path):
    def git(*words):
        identity = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    assert git_state(tmp_path) == {"commit": None, "dirty": None}, "an unpacked archive has no commit"
    git("init", "-q")
    (tmp_path / "a.txt").write_text("1", encoding="utf-8")
    git("add", "a.txt")
    git("commit", "-q", "-m", "one")
    state = git_state(tmp_path)
    assert len(state["commit"]) == 40
    assert state["dirty"] is False
    (tmp_path / "a.txt").write_text("2", encoding="utf-8")
    assert git_state(tmp_path)["dirty"] is True


def test_a_package_that_is_not_there_is_left_out():
    assert package_versions(["numpy", "no-such-package-here"]).keys() == {"numpy"}
