"""What users do to their files: one STOPPED message with file, place and remedy, and earlier results untouched."""

from __future__ import annotations

import csv
import io

import pytest

pytestmark = pytest.mark.slow

MENTEE = "data/demo/mentee_wave1_qualtrics.csv"


def missing_file(project):
    (project.folder / MENTEE).unlink()
    return [MENTEE, "inputs.mentee_w1"]


def renamed_column(project):
    header = (project.folder / MENTEE).read_text(encoding="utf-8").splitlines()[0]
    column = next(name for name in header.split(",") if name.startswith("Q"))
    project.edit(MENTEE, column, column + "_new")
    return [MENTEE, column]


def unknown_answer_code(project):
    file = project.folder / MENTEE
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"))))
    with (project.folder / "config/codebook.csv").open(encoding="utf-8") as stream:
        item = next(r["column"] for r in csv.DictReader(stream) if r["input"] == "mentee_w1" and r["type"] == "item")
    rows[40][rows[0].index(item)] = "77"
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    file.write_text(out.getvalue(), encoding="utf-8")
    return [MENTEE, item, "77", "config/codebook.csv"]


def cohort_without_rows(project):
    project.edit("config/config.yaml", '"2015", "2016"', '"2013", "2015", "2016"')
    return ["2013"]


def typo_in_the_config(project):
    project.edit("config/config.yaml", "covariates:", "covariats:")
    return ["covariats", "covariates"]


def column_twice_in_the_codebook(project):
    file = project.folder / "config/codebook.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([*lines, lines[5]]) + "\n", encoding="utf-8")
    return ["config/codebook.csv", lines[5].split(",")[1]]


def a_picture_named_csv(project):
    (project.folder / MENTEE).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    return [MENTEE]


def a_table_named_sav(project):
    (project.folder / "data/demo/mentor_wave1.sav").write_text("mentor,mentee\n1,2\n", encoding="utf-8")
    return ["data/demo/mentor_wave1.sav"]


CASES = [
    missing_file,
    renamed_column,
    unknown_answer_code,
    cohort_without_rows,
    typo_in_the_config,
    column_twice_in_the_codebook,
    a_picture_named_csv,
    a_table_named_sav,
]


@pytest.mark.parametrize("spoil", CASES, ids=lambda case: case.__name__)
def test_one_message_with_place_and_remedy(spoilable, spoil):
    before = spoilable.hashes()
    words = spoil(spoilable)
    run = spoilable.snakemake()
    assert run.code != 0
    assert run.screen.count("STOPPED") == 1, run.screen
    message = run.screen[run.screen.index("STOPPED") :]
    assert all(word in message for word in words), message
    assert "->" in message
    assert "Traceback" not in run.screen
    after = spoilable.hashes()
    assert {name: digest for name, digest in after.items() if not name.startswith("check/")} == {
        name: digest for name, digest in before.items() if not name.startswith("check/")
    }


def test_check_lists_all_problems_at_once(spoilable):
    expected = renamed_column(spoilable) + cohort_without_rows(spoilable)[:1]
    a_table_named_sav(spoilable)
    run = spoilable.snakemake("check")
    assert run.code != 0
    message = run.screen[run.screen.index("STOPPED") :]
    assert all(word in message for word in [*expected[:2], "mentor_wave1.sav"]), message
