"""A small study on disk for tests: two waves of mentee reports, mentor reports, a roster and term records."""

from __future__ import annotations

import copy
import csv
from pathlib import Path
from typing import Any

CODEBOOK = """\
input,column,variable,label,type,values,range,missing,invalid,dimension,reverse,role,wave
first,id,student_id,Student,id,,,,,,,,
first,mentor,mentor_id,Mentor,id,,,,,,,,
first,ok,consent,Consent,category,1=yes; 2=no,,,,,,,
first,b1,bond_1,Bond 1,item,1=Never; 2=Sometimes; 3=Always,,-99=refused,7,bond,no,mentee,1
first,b2,bond_2,Bond 2,item,1=Never; 2=Sometimes; 3=Always,,-99,,bond,yes,mentee,1
first,gpa,gpa,Grade points,number,,0..4,999,,,,,
second,id,student_id,Student,id,,,,,,,,
second,mentor,mentor_id,Mentor,id,,,,,,,,
second,b1,bond_1,Bond 1,item,1=Never; 2=Sometimes; 3=Always,,,,bond,no,mentee,2
second,b2,bond_2,Bond 2,item,1=Never; 2=Sometimes; 3=Always,,,,bond,yes,mentee,2
roster,id,student_id,Student,id,,,,,,,,
roster,cohort,cohort,Cohort,category,2015=2015; 2016=2016,,,,,,,
roster,program,program,Program,text,,,,,,,,
terms,id,student_id,Student,id,,,,,,,,
terms,term,term,Term,text,,,,,,,,
terms,cip,field,Field,text,,,,,,,,
"""

FIRST = """\
id,mentor,ok,b1,b2,gpa
s-01,M1,1,1,2,3.5
S02@x.edu,M1,1,Always,3,2.0
s03,M2,1,-99,1,999
s04,M2,2,2,2,3
"""
SECOND = "id,mentor,b1,b2\nS1,M1,2,2\nS3,M2,3,\nS9,M2,3,3\n"
ROSTER = "id,cohort,program\nS001,2015,P1\nS2,2016,P1\nS3,2016,P2\nS4,2015,P2\n"
TERMS = "id,term,cip\nS1,2015F,11.01\nS1,2016S,11.01\nS2,2016F,14.02\nS3,2016F,50.01\nS4,2015F,50.01\n"

CONFIG: dict[str, Any] = {
    "study": {"name": "tiny", "title": "A tiny study"},
    "seed": 1,
    "results": "results",
    "ids": {
        "person": "student_id",
        "normalise": ["strip", "uppercase", "drop_email_domain", "drop_punctuation", "drop_leading_zeros"],
    },
    "roles": {"mentee": "Mentees"},
    "waves": {1: "First", 2: "Second"},
    "instrument": {"name": "Two items", "dimensions": {"bond": "Bond"}},
    "sample": {
        "frame": {"role": "mentee", "wave": 1},
        "cohort": "cohort",
        "cohorts": ["2015", "2016"],
        "cluster": "program",
        "filters": [
            {"name": "consent", "reason": "No consent", "keep": {"variable": "consent", "in": ["yes"]}},
            {"name": "unlinked", "reason": "Not on the roster", "on_roster": True},
        ],
    },
    "describe": {"groups": ["program"]},
    "outcomes": {
        "primary": "retained",
        "define": {"retained": {"kind": "retained", "fall": 2, "label": "Enrolled in the second fall"}},
    },
    "report": {"minimum_cell": 2},
}


def tiny_study(folder: Path, **texts: str) -> dict[str, Any]:
    """Write the files of the study (``first=...`` replaces one) and return its config, which may be changed freely."""
    files = {"codebook": CODEBOOK, "first": FIRST, "second": SECOND, "roster": ROSTER, "terms": TERMS} | texts
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    config = copy.deepcopy(CONFIG)
    config["codebook"] = str(folder / "codebook.csv")
    kinds = {"first": "survey", "second": "survey", "roster": "students", "terms": "terms"}
    config["inputs"] = {
        name: {"path": str(folder / f"{name}.csv"), "kind": kind, "format": "csv"} for name, kind in kinds.items()
    }
    return config


def changed(text: str, row: int, column: str, value: str) -> str:
    """A CSV text with one cell changed; ``row`` counts data rows from 1."""
    rows = list(csv.reader(text.splitlines()))
    rows[row][rows[0].index(column)] = value
    return "\n".join(",".join(f'"{c}"' if "," in c else c for c in r) for r in rows) + "\n"
