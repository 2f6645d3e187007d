"""Spoiled files, by the thousand: each ends in a clean result or a clear message, and none is read wrongly in silence.

Counts: pytest -m slow -s tests/unit/test_intake_spoiled.py
"""

import csv
import io
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.codebook import Codebook
from alliance.codebook_file import read_codebook
from alliance.errors import Stop
from alliance.study import load_config
from alliance.survey.intake import run_intake
from alliance.survey.readers import read_file, read_raw
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spoiled_files import ANSWERS, PREFIX, REFUSED, ROW, SAME, TEXT, Text, spoil_binary, spoil_workbook

ROOT = Path(__file__).parents[2]
SLOWEST = 20.0  # seconds
CONFIG = load_config(ROOT / "config" / "config.yaml")
BOOK = read_codebook(ROOT / "config" / "codebook.csv")
ROWS = 15


def few(name):
    """The codebook of one input with its ids, dates, free text and first four items, to be quick."""
    columns = BOOK.of_input(name)
    items = [c for c in columns if c.type == "item"][:4]
    kept = [c for c in columns if c in items or c.type in ("id", "date", "text")]
    free = [c for c in columns if c.type == "ignore" and c.column in ("Q5", "Remarks")]
    return Codebook((*kept, *free) if items else tuple(columns), "codebook.csv")


def short_text(name):
    """The first rows of one of the demo's CSV files, taken apart."""
    entry = CONFIG["inputs"][name]
    delimiter = ";" if name == "mentee_w2" else ","
    text = (ROOT / entry["path"]).read_text(encoding="utf-8-sig")
    top = 3 if entry["format"] == "qualtrics" else 1
    rows = [row for row, _ in zip(csv.reader(io.StringIO(text), delimiter=delimiter), range(top + ROWS), strict=False)]
    types = {c.column: c.type for c in few(name)}
    kept = [j for j, column in enumerate(rows[0]) if column in types]
    rows = [[row[j] for j in kept] for row in rows]
    items = [j for j, column in enumerate(rows[0]) if types.get(column) == "item"]
    texts = [j for j, column in enumerate(rows[0]) if types.get(column) == "ignore"]
    return Text(rows[:top], rows[top:], items, texts or [len(rows[0]) - 1])


def short_binary(name, folder):
    """The first rows of one of the demo's SPSS or Excel files."""
    path = folder / Path(CONFIG["inputs"][name]["path"]).name
    source = ROOT / CONFIG["inputs"][name]["path"]
    if path.suffix == ".xlsx":
        pd.read_excel(source, sheet_name="Students").head(ROWS).to_excel(path, sheet_name="Students", index=False)
        return path.read_bytes()
    import pyreadstat

    frame, meta = pyreadstat.read_sav(str(source), user_missing=True)
    frame = frame[[c.column for c in few(name)]].head(ROWS)
    pyreadstat.write_sav(frame, str(path), variable_value_labels=meta.variable_value_labels)
    return path.read_bytes()


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    return tmp_path_factory.mktemp("spoiled")


def read(name, folder, content, suffix=""):
    """What the intake makes of a file: its table, or the problems."""
    entry = dict(CONFIG["inputs"][name])
    path = folder / (Path(entry["path"]).name + suffix)
    path.write_bytes(content)
    entry["path"] = str(path)
    found = run_intake({"inputs": {name: entry}, "ids": CONFIG["ids"]}, few(name))
    kind = {"survey": "responses"}.get(entry["kind"], entry["kind"])
    table = getattr(found, kind).drop(columns="file", errors="ignore")
    return table, found.issues


def judge(name, case, whole, folder):
    """How one case ended; fails when that is not honest."""
    started = time.monotonic()
    table, issues = read(name, folder, case.content, case.suffix)
    assert time.monotonic() - started < SLOWEST, f"{name}, {case.name}: too slow"
    if issues.errors:
        for problem in issues.errors:
            assert problem.what, (name, case.name)
            assert problem.remedy, (name, case.name, str(problem))
            assert len(str(problem)) < 2000, (name, case.name)
        return "message"
    assert case.expected != REFUSED, f"{name}, {case.name}: read without a message"
    if case.expected == SAME:
        pd.testing.assert_frame_equal(table, whole)
    if case.expected == PREFIX:
        cut = any("no line break" in p.what for _, p in issues.remarks)
        rows = len(table) - cut
        pd.testing.assert_frame_equal(table.head(rows), whole.head(rows))
    if case.expected == ROW and "row" in table:
        pd.testing.assert_frame_equal(
            table[table["row"] != case.row].reset_index(drop=True),
            whole[whole["row"] != case.row].reset_index(drop=True),
        )
    return "clean"


def spoil_all(rounds, seed, folder):
    """Every way of spoiling on every kind of file, ``rounds`` times; counts by file, way and end."""
    rng = np.random.default_rng(seed)
    counts = Counter()
    for name in ("mentee_w1", "mentee_w2", "terms", "mentor_w1", "roster"):
        binary = CONFIG["inputs"][name]["format"] in ("spss", "excel")
        sound = short_binary(name, folder) if binary else short_text(name)
        whole, issues = read(name, folder, sound if binary else sound.write().encode())
        assert issues.errors == []
        for _ in range(rounds):
            if binary:
                ways = [spoil_binary] * 12 + ([spoil_workbook] * 3 if name == "roster" else [])
            else:
                ways = [*TEXT, *(ANSWERS if sound.items else ())]
            for way in ways:
                case = way(rng, sound)
                counts[name, case.name.split(" ")[0], judge(name, case, whole, folder)] += 1
    return counts


def test_a_sample_of_spoiled_files_ends_in_a_result_or_a_message(ground):
    counts = spoil_all(2, 20261123, ground)
    assert sum(counts.values()) >= 200
    assert {end for *_, end in counts} == {"message", "clean"}


@pytest.mark.slow
def test_thousands_of_spoiled_files_end_in_a_result_or_a_message(ground):
    counts = spoil_all(20, 1, ground)
    ends = Counter()
    for (_, _, end), n in counts.items():
        ends[end] += n
    print(f"\n{sum(counts.values()):,} files: {dict(ends)}")
    for name in ("mentee_w1", "mentee_w2", "terms", "mentor_w1", "roster"):
        print(name, {f"{way} {end}": n for (file, way, end), n in sorted(counts.items()) if file == name})
    assert sum(counts.values()) >= 2000


CELL = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
NAME = st.text(st.characters(categories=("L", "N"), exclude_characters="\0"), min_size=1, max_size=8)


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_table_that_is_written_as_csv_is_read_as_it_was(data, tmp_path):
    names = data.draw(st.lists(NAME, min_size=1, max_size=5, unique=True))
    rows = data.draw(st.lists(st.lists(CELL, min_size=len(names), max_size=len(names)), min_size=1, max_size=6))
    delimiter = data.draw(st.sampled_from(",;\t|"))
    path = tmp_path / "any.csv"
    with path.open("w", encoding=data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])), newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([names, *rows])
    raw = read_file("x", {"path": str(path), "kind": "survey", "format": "csv", "delimiter": delimiter})
    assert raw.header == names
    assert raw.frame.to_numpy().tolist() == rows


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_bytes_under_any_name_end_in_a_result_or_a_message(content, ground):
    for name in ("mentee_w1", "mentee_w2", "mentor_w1", "roster"):
        path = ground / "any"
        path.write_bytes(content)
        with pytest.raises(Stop) as stop:  # no random bytes are one of the demo's files
            read_raw(name, {**CONFIG["inputs"][name], "path": str(path)}, few(name))
        assert all(problem.remedy for problem in stop.value.problems)
