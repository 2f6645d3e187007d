"""A made-up survey in memory, of any size: what the tests of the sample stage build from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from alliance.codebook import Codebook, Column
from alliance.survey.sample import Study

CODES = {str(k): f"answer {k}" for k in range(1, 6)}
ITEMS = [f"item_{k}" for k in range(1, 7)]


def codebook(dated: bool = True) -> Codebook:
    """Six items (the third reversed, two dimensions) in the reports of mentees (two waves) and mentors (one)."""
    columns = []
    for name, role, wave in (("first", "mentee", 1), ("second", "mentee", 2), ("mentors", "mentor", 1)):
        for k, item in enumerate(ITEMS):
            dimension = "bond" if k < 3 else "goal"
            columns.append(
                Column(
                    k + 2, name, f"q{k}", item, type="item", codes=CODES, dimension=dimension, reverse=k == 2,
                    role=role, wave=wave,
                )
            )  # fmt: skip
        columns.append(Column(9, name, "ok", "consent", type="category", codes={"1": "yes", "2": "no"}))
        columns.append(Column(10, name, "time", "seconds", type="number"))
        if dated:
            columns.append(Column(11, name, "day", "started", type="date"))
    columns.append(Column(12, "roster", "id", "student_id", type="id"))
    columns.append(Column(13, "roster", "entry", "cohort", type="category", codes={"1": "2015", "2": "2016"}))
    columns.append(Column(14, "roster", "program", "program", type="text"))
    return Codebook(tuple(columns))


def config(filters: list[dict[str, Any]], **sample: Any) -> dict[str, Any]:
    """A config with these filters."""
    inputs = {
        name: {"path": f"{name}.csv", "kind": "survey", "format": "csv"} for name in ("first", "second", "mentors")
    }
    inputs["roster"] = {"path": "roster.csv", "kind": "students", "format": "csv"}
    plan = {"frame": {"role": "mentee", "wave": 1}, "cohort": "cohort", "cluster": "program", "filters": filters}
    return {
        "inputs": inputs,
        "roles": {"mentee": "Mentees", "mentor": "Mentors"},
        "waves": {1: "First", 2: "Second"},
        "sample": {**plan, **sample},
    }


def responses(seed: int, students: int = 60, repeats: float = 0.2) -> pd.DataFrame:
    """Reports with repeats, several mentors, missing answers, straight-liners, strangers and nameless rows."""
    rng = np.random.default_rng(seed)
    parts = []
    for name, role, wave, share in (
        ("first", "mentee", 1, 0.9),
        ("second", "mentee", 2, 0.6),
        ("mentors", "mentor", 1, 0.7),
    ):
        who = rng.permutation(students + 5)[: int(share * students)]  # the last five are on no roster
        who = np.concatenate([who, rng.choice(who, int(repeats * len(who)))]) if len(who) else who
        n = len(who)
        factor = rng.normal(size=(n, 1))
        answers = np.clip(np.round(3 + factor + 0.8 * rng.normal(size=(n, 6))), 1, 5)
        answers[rng.random(n) < 0.1] = 4
        answers[rng.random((n, 6)) < 0.1] = np.nan
        frame = pd.DataFrame(answers, columns=ITEMS).astype("Int64")
        frame["item_3"] = 6 - frame["item_3"]
        frame["student_id"] = [f"S{k}" if rng.random() > 0.03 else "" for k in who]
        frame["mentor_id"] = [f"M{k // 4 + (rng.random() < 0.1)}" if rng.random() > 0.05 else "" for k in who]
        frame["consent"] = pd.array(rng.choice(["yes", "no"], n, p=[0.9, 0.1]), dtype="string")
        frame["seconds"] = rng.integers(5, 200, n).astype(float)
        frame["started"] = pd.array([f"2016-03-{d:02d}" for d in rng.integers(1, 29, n)], dtype="string")
        frame = frame.assign(input=name, file=f"{name}.csv", row=np.arange(1, n + 1), role=role, wave=wave)
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def roster(students: int = 60) -> pd.DataFrame:
    """The students of the roster, in two cohorts and five programs."""
    ids = [f"S{k}" for k in range(students)]
    cohort = pd.array(["2015" if k % 2 else "2016" for k in range(students)], dtype="string")
    program = pd.array([f"P{k % 5}" for k in range(students)], dtype="string")
    return pd.DataFrame({"student_id": ids, "row": range(1, students + 1), "cohort": cohort, "program": program})


def terms(students: int = 60) -> pd.DataFrame:
    """Two terms of every second student."""
    ids = [f"S{k}" for k in range(0, students, 2) for _ in range(2)]
    return pd.DataFrame({"student_id": ids, "term": ["2015F", "2016S"] * (len(ids) // 2), "field": "11.01"})


def study(filters: list[dict[str, Any]], seed: int = 1, students: int = 60, dated: bool = True, **sample: Any) -> Study:
    """The made-up study, ready for ``build_sample``."""
    made = responses(seed, students)
    made = made if dated else made.drop(columns="started")
    return Study(config(filters, **sample), codebook(dated), made, roster(students), terms(students))
