"""Make survey reports untidy: what surveys collect besides good answers.

Works on tables of reports in which items are raw codes (reversed items turned back), ``SKIPPED`` marks a question that
was seen and not answered, and None one that was never reached.
"""

from __future__ import annotations

import numpy as np

SKIPPED = -99
ATTENTION_ANSWER = 4
IMPOSSIBLE = (6, 55)


def messy_reports(truth: dict, clean, file: str, rng: np.random.Generator, known_ids):
    """Reports of one file (a role and wave) as collected.

    ``clean``: rows of ``simulate_study(...)["reports"]`` of that role and wave; ``file``: key of the truth's ``mess``;
    ``known_ids``: student ids that strangers must not have. Returns a DataFrame sorted by start: student_id, mentor_id
    (canonical), status (0 answer, 1 preview, 2 test), consent (1, 2), attention, minute (start, in minutes after the
    survey opened), seconds, progress, finished, hours, then the items.
    """
    import pandas as pd

    rates, order = truth["mess"][file], truth["items"]["order"]
    raw = _raw_codes(truth, clean[order])
    table = pd.DataFrame({"student_id": clean["student_id"].to_numpy(), "mentor_id": clean["mentor_id"].to_numpy()})
    n = len(table)
    table["status"], table["consent"], table["attention"] = 0, 1, ATTENTION_ANSWER
    table["minute"] = np.round(rng.gamma(1.5, 6000, n)).astype(int) + 540
    table["seconds"] = np.round(np.exp(rng.normal(5.6, 0.45, n))).astype(int)
    table["hours"] = np.round(rng.gamma(2.0, 1.6, n) * 2) / 2
    table = pd.concat([table, raw], axis=1)
    table["first"] = clean["first"].to_numpy()
    # a report on the second mentor comes after that on the first
    start = table[table["first"]].set_index("student_id")["minute"]
    later = table["student_id"].map(start).fillna(0).astype(int) + rng.integers(30, 3000, n)
    table["minute"] = np.where(table["first"], table["minute"], later)
    table = _careless(table, rates, order, rng)
    table = _impossible_codes(table, rates, order, rng)
    table["attention"] = table["attention"].astype(object).mask(table[order[-1]].isna(), None)
    extra = [_repeats(table, rates, order, rng), _tests(table, rates, order, rng)]
    extra.append(_strangers(table, rates, order, rng, known_ids))
    table = pd.concat([table.astype(object), *[part.astype(object) for part in extra if len(part)]], ignore_index=True)
    reached = table[order].notna().sum(axis=1)
    refused = table["consent"] == 2
    table["progress"] = np.where(refused | (reached == len(order)), 100, 10 + reached * 7)
    table["finished"] = np.where(table["progress"] == 100, 1, 0)
    return table.drop(columns="first").sort_values(["minute", "student_id", "mentor_id", "seconds"], ignore_index=True)


def _raw_codes(truth: dict, items):
    """Codes as asked: reversed items turned back, NA inside as SKIPPED, NA up to the end (two or more) as None."""
    import pandas as pd

    values = items.astype(float).to_numpy()
    for j, item in enumerate(truth["items"]["order"]):
        if item in truth["items"]["reversed"]:
            values[:, j] = 6 - values[:, j]
    empty = np.isnan(values)
    tail = np.cumprod(empty[:, ::-1], axis=1)[:, ::-1].astype(bool)
    tail[tail.sum(axis=1) < 2] = False
    codes = np.where(empty, SKIPPED, np.nan_to_num(values)).astype(int).astype(object)
    codes[tail] = None
    return pd.DataFrame(codes, columns=list(items.columns), dtype=object)


def _careless(table, rates: dict, order: list[str], rng: np.random.Generator):
    """Refused consent, the same answer throughout, and random answers with a failed attention check: three groups."""
    n = len(table)
    lot = rng.random(n)
    edges = np.cumsum([rates["no_consent"], rates["straight"], rates["inattentive"]])
    refused, straight = lot < edges[0], (lot >= edges[0]) & (lot < edges[1])
    inattentive = (lot >= edges[1]) & (lot < edges[2])
    table.loc[refused, "consent"] = 2
    table.loc[refused, order] = None
    table.loc[refused, "hours"] = np.nan
    table.loc[refused, "seconds"] = rng.integers(8, 40, refused.sum())
    same = rng.choice([3, 4, 5], straight.sum(), p=[0.2, 0.4, 0.4])
    for item in order:
        table.loc[straight, item] = same
        table.loc[inattentive, item] = rng.integers(1, 6, inattentive.sum())
    table.loc[straight | inattentive, "seconds"] = rng.integers(35, 90, (straight | inattentive).sum())
    table.loc[inattentive, "attention"] = rng.choice([1, 2, 3, 5], inattentive.sum())
    return table


def _impossible_codes(table, rates: dict, order: list[str], rng: np.random.Generator):
    varied = table[order].ne(table[order[0]], axis=0).any(axis=1)
    complete = table[order].notna().all(axis=1) & varied
    for row in rng.choice(np.flatnonzero(complete), rates["out_of_range"], replace=False):
        table.loc[row, order[rng.integers(len(order))]] = IMPOSSIBLE[rng.integers(2)]
    return table


def _repeats(table, rates: dict, order: list[str], rng: np.random.Generator):
    """Second responses: the same again (a double click), or another one (begun before, or answered anew later)."""
    import pandas as pd

    answered = np.flatnonzero((table["consent"] == 1) & table[order].notna().all(axis=1))
    count = [round(rates[kind] * len(table)) for kind in ("same_twice", "differs_twice")]
    rows = rng.choice(answered, sum(count), replace=False)
    same, other = table.loc[rows[: count[0]]].copy(), table.loc[rows[count[0] :]].copy()
    same["minute"] += rng.integers(1, 5, len(same))
    for k, row in enumerate(other.index):
        if k % 2:  # begun some days before, left after a few questions
            other.loc[row, "minute"] -= 500
            other.loc[row, order[rng.integers(2, 9) :]] = None
            other.loc[row, "attention"] = None
        else:
            other.loc[row, "minute"] += rng.integers(600, 9000)
            changed = rng.choice(order, 4, replace=False)
            other.loc[row, changed] = rng.integers(2, 6, 4)
    return pd.concat([same, other])


def _tests(table, rates: dict, order: list[str], rng: np.random.Generator):
    """Previews (status 1) and test responses (2) of the survey's makers, one of them under a real student's id."""
    count = rates["test"]
    rows = table.iloc[rng.integers(0, len(table), count)].copy()
    rows["status"] = [1 if k < count - count // 3 else 2 for k in range(count)]
    rows["student_id"] = ["TEST" if k else sid for k, sid in enumerate(rows["student_id"])]
    rows["mentor_id"] = ["TEST" if k else mid for k, mid in enumerate(rows["mentor_id"])]
    rows["consent"], rows["attention"], rows["minute"] = 1, ATTENTION_ANSWER, rng.integers(0, 500, count)
    for item in order:
        rows[item] = rng.integers(1, 6, count)
    return rows


def _strangers(table, rates: dict, order: list[str], rng: np.random.Generator, known_ids):
    """Good answers under ids that are not on the roster."""
    answered = np.flatnonzero((table["consent"] == 1) & table[order].notna().all(axis=1))
    rows = table.iloc[rng.choice(answered, rates["strangers"], replace=False)].copy()
    taken = set(known_ids)
    free = [f"{number}Z" for number in rng.integers(1000, 100_000, 10 * len(rows))]
    rows["student_id"] = [sid for sid in dict.fromkeys(free) if sid not in taken][: len(rows)]
    rows["minute"] += rng.integers(1, 400, len(rows))
    return rows


def spell_student(student_id: str, style: int) -> str:
    """One of the ways in which people and systems write a student id such as 41873K. Style 0 is the registrar's."""
    if student_id == "TEST":
        return "test"
    padded = student_id.rjust(8, "0")
    ways = (
        padded,
        padded.lower(),
        f"{padded[:3]}-{padded[3:7]}-{padded[7:]}",
        f"{padded.lower()}@students.example.edu",
        f" {padded} ",
        student_id,
        f"{student_id[:-1]} {student_id[-1].lower()}",
        f"{padded}@EXAMPLE.EDU",
    )
    return ways[style]


def spell_mentor(mentor_id: str, style: int) -> str:
    """One of the ways in which a mentor id such as M0123 is written."""
    if mentor_id == "TEST":
        return "test"
    small = mentor_id.lower()
    ways = (mentor_id, small, f"{mentor_id[0]}-{mentor_id[1:]}", f"{mentor_id} ", f"{small}@example.edu")
    return ways[style]


def spell(ids, styles: list[float], rng: np.random.Generator, way=spell_student) -> list[str]:
    """Spell each id in a style drawn with the given probabilities."""
    return [way(value, style) for value, style in zip(ids, rng.choice(len(styles), len(ids), p=styles), strict=True)]
