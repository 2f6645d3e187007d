"""The first command of a newcomer: a config that names raw files and nothing else."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

CONFIG = """\
codebook: mine/codebook.csv
inputs:
  mentee_w1: {path: data/demo/mentee_wave1_qualtrics.csv, kind: survey, format: qualtrics}
  mentor_w1: {path: data/demo/mentor_wave1.sav, kind: survey, format: spss}
"""


def test_a_codebook_is_drafted_before_anything_else_is_written(fresh):
    (fresh.folder / "mine").mkdir()
    (fresh.folder / "mine" / "config.yaml").write_text(CONFIG, encoding="utf-8")
    words = ("draft_codebook", "--configfile", "mine/config.yaml")
    run = fresh.snakemake(*words, cores=1)
    assert run.code == 0, run.screen
    assert "Draft of the codebook: mine/codebook.csv (42 columns)" in run.screen
    book = fresh.folder / "mine" / "codebook.csv"
    book.write_text(
        book.read_text(encoding="utf-8").replace("mentee_w1,Q1,q1", "mentee_w1,Q1_old,q1"), encoding="utf-8"
    )
    before = book.read_bytes()
    run = fresh.snakemake(*words, cores=1)
    assert run.code == 0, run.screen
    assert "+ mentee_w1: Q1 (category)" in run.screen
    assert "- mentee_w1: Q1_old" in run.screen
    assert book.read_bytes() == before
    assert (fresh.folder / "mine" / "codebook.draft.csv").is_file()


def test_an_input_that_is_not_there_stops_with_its_key(fresh):
    (fresh.folder / "mine.yaml").write_text(CONFIG.replace("mentor_wave1.sav", "mentor.sav"), encoding="utf-8")
    run = fresh.snakemake("draft_codebook", "--configfile", "mine.yaml", cores=1)
    assert run.code != 0
    assert (
        "STOPPED in draft_codebook: data/demo/mentor.sav, mine.yaml, key inputs.mentor_w1: no such file" in run.screen
    )
    assert "Traceback" not in run.screen
