"""Seconds and memory of reading, cleaning and sampling one million survey rows of 40 columns.

Run: python benchmarks/bench_intake.py [rows]      makes the file in a temporary folder and removes it again
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

LABELS = ("Strongly disagree", "Disagree", "Neither", "Agree", "Strongly agree")
ITEMS = 30
HEADER = "input,column,variable,label,type,values,range,missing,invalid,dimension,reverse,role,wave"


def write_study(folder: Path, rows: int, seed: int = 1) -> dict[str, Any]:
    """A survey as it comes (codes and labels mixed, missing codes, ids in several ways, times) and its config."""
    import pyarrow as pa
    import pyarrow.csv

    rng = np.random.default_rng(seed)
    number = rng.permutation(rows)
    ids = np.where(number % 3 == 0, "s", "S00").astype(object) + pd.Series(number).astype("str").to_numpy()
    seconds = pd.Timestamp("2015-09-01") + pd.to_timedelta(rng.integers(0, 10**7, rows), unit="s")
    spelled = np.array(["1", "2", "3", "4", "5", *LABELS, "-99", "", "4.0"], dtype=object)
    share = np.array([8, 10, 20, 30, 20, 1, 1, 1, 1, 1, 1, 5, 1]) / 100
    columns: dict[str, Any] = {
        "StartDate": seconds.strftime("%Y-%m-%d %H:%M:%S"),
        "Student": ids,
        "Mentor": pd.Series("M" + pd.Series(number // 5).astype("str")),
        "Consent": rng.choice(np.array(["1", "2", "yes"], dtype=object), rows, p=[0.9, 0.05, 0.05]),
        "GPA": pd.Series(np.round(rng.uniform(0, 4, rows), 2)).astype("str"),
        "Cohort": rng.choice(np.array(["2015", "2016", "2017"], dtype=object), rows),
        "Program": rng.choice(np.array([f"P{i:03d}" for i in range(300)], dtype=object), rows),
        "Duration": pd.Series(rng.integers(60, 4000, rows)).astype("str"),
        "Status": np.full(rows, "0", dtype=object),
        "Comment": rng.choice(np.array(["", "fine, thanks", 'a "quoted" word'], dtype=object), rows),
    }
    for i in range(ITEMS):
        columns[f"Q3_{i + 1}"] = rng.choice(spelled, rows, p=share)
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    pa.csv.write_csv(table, folder / "survey.csv")
    values = "; ".join(f"{code}={label}" for code, label in enumerate(LABELS, 1))
    lines = [
        HEADER,
        "w1,StartDate,started,Start,date,,,,,,,,",
        "w1,Student,student_id,Student,id,,,,,,,,",
        "w1,Mentor,mentor_id,Mentor,id,,,,,,,,",
        "w1,Consent,consent,Consent,category,1=yes; 2=no,,,,,,,",
        "w1,GPA,gpa,GPA,number,,0..4,,,,,,",
        "w1,Cohort,cohort,Cohort,category,2015=2015; 2016=2016; 2017=2017,,,,,,,",
        "w1,Program,program,Program,text,,,,,,,,",
        "w1,Duration,duration,Seconds,number,,,,,,,,",
        "w1,Status,status,Status,category,0=response; 1=test,,,,,,,",
        "w1,Comment,comment,Comment,ignore,,,,,,,,",
    ]
    for i in range(ITEMS):
        reverse = "yes" if i % 7 == 3 else "no"
        lines.append(f"w1,Q3_{i + 1},bond_{i + 1},Item {i + 1},item,{values},,-99,,bond,{reverse},mentee,1")
    (folder / "codebook.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    steps = ["strip", "uppercase", "drop_email_domain", "drop_punctuation", "drop_leading_zeros"]
    return {
        "study": {"name": "large", "title": "Large", "window": "2015-09-01..2015-12-24"},
        "seed": 1,
        "codebook": str(folder / "codebook.csv"),
        "inputs": {"w1": {"path": str(folder / "survey.csv"), "kind": "survey", "format": "csv"}},
        "ids": {"person": "student_id", "normalise": steps},
        "roles": {"mentee": "Mentees"},
        "waves": {1: "First"},
        "instrument": {"name": "Thirty items", "dimensions": {"bond": "Bond"}},
        "sample": {
            "frame": {"role": "mentee", "wave": 1},
            "cohort": "cohort",
            "cluster": "program",
            "filters": [
                {"name": "consent", "reason": "No consent", "keep": {"variable": "consent", "in": ["yes"]}},
                {"name": "duplicate", "reason": "Repeated", "duplicates": "most_complete"},
                {"name": "straight", "reason": "Same answer", "longstring": 15},
                {"name": "answered", "reason": "Too few answers", "answered": 0.5},
            ],
        },
        "report": {"minimum_cell": 10},
    }


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    from alliance.codebook_file import read_codebook
    from alliance.survey.intake import run_intake
    from alliance.survey.issues import Issues
    from alliance.survey.sample import Study, build_sample

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = write_study(folder, rows)
        made = _megabytes()
        size = (folder / "survey.csv").stat().st_size / 1e6
        with timed("intake") as told:
            codebook = read_codebook(config["codebook"])
            intake = run_intake(config, codebook)
            assert not intake.issues.errors, intake.issues.errors
            told.append(f"{len(intake.responses):,} rows from {size:.0f} MB")
        with timed("issues") as told:
            told.append(f"{len(intake.issues.frame()):,} cells")
        with timed("sample") as told:
            study = Study(config, codebook, intake.responses, intake.students, intake.terms)
            told.append(f"{len(build_sample(study, Issues()).students):,} students")
        print(f"peak memory {_megabytes():.0f} MB (making the file: {made:.0f} MB)")


@contextmanager
def timed(what: str) -> Iterator[list[str]]:
    """Print seconds by the clock and of the processor, with what the block has to say."""
    told: list[str] = []
    start, used = time.perf_counter(), time.process_time()
    yield told
    seconds = f"{time.perf_counter() - start:.1f} s ({time.process_time() - used:.1f} s of the processor)"
    print(f"{what}: {' '.join(told)} in {seconds}", flush=True)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
