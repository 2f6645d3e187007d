"""The main job: one command from raw files to the report, twice the same, and never left broken."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest

pytestmark = pytest.mark.slow


def test_the_last_line_says_where_the_report_is(finished):
    screen = (finished.folder / "screen.txt").read_text(encoding="utf-8").strip().splitlines()
    assert screen[-1] == "Report: results/report.html"
    assert len(screen) <= 60
    assert (finished.folder / "results/report.html").stat().st_size > 50_000


def test_a_second_run_finds_nothing_to_do(spoilable):
    before = spoilable.hashes()
    run = spoilable.snakemake()
    assert run.code == 0
    assert "Nothing to be done" in run.screen
    assert spoilable.hashes() == before


def test_every_claim_is_reproduced(spoilable):
    run = spoilable.snakemake("verify")
    assert run.code == 0, run.screen


def test_a_claim_that_differs_is_named_and_fails(spoilable):
    claims = spoilable.folder / "config/claims.csv"
    header, first, *rest = claims.read_text(encoding="utf-8").splitlines()
    name = first.split(",")[0]
    spoiled = first.rsplit(",", 2)[0] + ",123456,0.01"
    claims.write_text("\n".join([header, spoiled, *rest]) + "\n", encoding="utf-8")
    run = spoilable.snakemake("verify")
    assert run.code != 0
    assert "STOPPED" in run.screen.strip().splitlines()[-1] or name in run.screen
    assert name in run.screen
    assert (spoilable.folder / "results/verify/claims.csv").exists()


def test_one_core_and_four_give_the_same_bytes(finished, fresh):
    run = fresh.snakemake(cores=1)
    assert run.code == 0, run.screen
    other = fresh.hashes()
    assert finished.hashes() == other
    assert len(other) > 20


def start_and_reach_the_models(project, **options) -> subprocess.Popen:
    """Start a run and come back when the sample stands and the models are at work."""
    run = subprocess.Popen(
        project.command("--cores", "2"),
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **options,
    )
    deadline = time.monotonic() + 300
    while not (project.folder / "results/sample/flow.csv").exists():
        assert time.monotonic() < deadline, "the run never reached the sample stage"
        assert run.poll() is None, "the run ended by itself"
        time.sleep(0.1)
    time.sleep(1.0)
    return run


def test_a_killed_run_ends_with_the_same_bytes(finished, fresh):
    """kill -9 of Snakemake and of the job that it was running, then simply the same command again."""
    run = start_and_reach_the_models(fresh, start_new_session=True)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    again = fresh.snakemake()
    assert again.code == 0, again.screen
    assert fresh.hashes() == finished.hashes()


def test_the_orphan_of_a_killed_snakemake_is_waited_for(finished, fresh):
    """kill -9 of Snakemake alone leaves its job at work; a new run waits for it instead of writing beside it."""
    run = start_and_reach_the_models(fresh)
    run.kill()
    run.wait()
    again = fresh.snakemake()
    assert again.code == 0, again.screen
    assert fresh.hashes() == finished.hashes()


def test_the_receipt_says_what_ran(finished):
    receipt = json.loads((finished.folder / "results/verify/receipt.json").read_text(encoding="utf-8"))
    assert {"commit", "lock_sha256", "packages", "platform", "inputs", "outputs", "seconds"} <= set(receipt)
    assert all(len(digest) == 64 for digest in receipt["inputs"].values())
