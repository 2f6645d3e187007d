"""A codebook to be edited, drafted from the raw files: types, labels, answer codes, batteries, reverse items, ids."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alliance.codebook import FIELDS, TAKEN, Codebook
from alliance.codebook_file import parse_codebook
from alliance.errors import Problem, Stop
from alliance.inputs import input_files
from alliance.survey.draft_batteries import find_batteries, reversed_items, stem
from alliance.survey.draft_columns import Guess, guess_column
from alliance.survey.draft_scales import plain_label
from alliance.survey.readers import Raw, read_file, select_rows


@dataclass
class Draft:
    """The rows of a drafted codebook, what to look at first, and inputs that could not be read."""

    rows: list[dict[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def draft_codebook(config: Mapping[str, Any]) -> Draft:
    """Draft the codebook of the inputs of a config, of which nothing else must be filled in.

    No cell of the data goes into the draft but answer codes and answer labels; free text and ids are never listed.
    """
    draft = Draft()
    types: dict[str, str] = {}
    for name, entry in config["inputs"].items():
        try:
            raw = _read_whole(name, entry, draft)
        except Stop as stop:
            draft.problems += stop.problems
            continue
        kind = str(entry.get("kind", "survey"))
        guesses = [guess_column(raw, column, kind) for column in dict.fromkeys(raw.header) if column]
        role, wave = report_of(name, config)
        _first_id_only(guesses)
        turned = _settle_scales(guesses, raw, kind, name, draft)
        used: set[str] = set()
        for guess in guesses:
            variable = _variable(guess, used, types)
            draft.rows.append(_row(name, guess, variable, guess.column in turned, role, wave))
        _ask(name, guesses, kind, draft)
    return draft


def _read_whole(name: str, entry: Mapping[str, Any], draft: Draft) -> Raw:
    """All columns of an input; of several files those of the first, with the rows of all."""
    import pandas as pd

    raws = []
    for file in input_files(entry):
        raw = read_file(name, {**entry, "path": file})
        if entry.get("rows") and (problems := select_rows(raw, {"rows": entry["rows"]}, [])):
            raise Stop("draft_codebook", problems)
        raws.append(raw)
    first = raws[0]
    for other in raws[1:]:
        for column in other.header:
            if column not in first.header:
                what = f"column {column} is not in {first.file}: if it is another name, write it under aliases"
                draft.remarks.append(f"{name}: {other.file}: {what}")
    if len(raws) > 1:
        shared = [raw.frame.reindex(columns=list(first.frame.columns), fill_value="") for raw in raws]
        first.frame = pd.concat(shared, ignore_index=True)
    return first


def report_of(name: str, config: Mapping[str, Any]) -> tuple[str, str]:
    """Role and wave of an input as far as its name says them: ``mentor_w2`` is (mentor, 2)."""
    roles = list(config.get("roles") or {}) or ["mentee", "mentor"]
    role = next((r for r in roles if re.search(rf"(^|[^a-z]){re.escape(r)}", name, re.IGNORECASE)), roles[0])
    wave = re.search(r"(?:^|_)(?:wave|time|w|t)_?(\d+)(?:_|$)", name, re.IGNORECASE)
    return role, wave[1] if wave else "1"


def _first_id_only(guesses: Sequence[Guess]) -> None:
    """An input has one student id and one mentor id; further columns that look like one are not read."""
    seen: set[str] = set()
    for guess in guesses:
        if guess.type == "id" and guess.variable in seen:
            guess.note = f"looks like {guess.variable} too: not read"
            guess.type, guess.variable = "ignore", ""
        elif guess.type == "id":
            seen.add(guess.variable)


def _settle_scales(guesses: Sequence[Guess], raw: Raw, kind: str, name: str, draft: Draft) -> set[str]:
    """Batteries become items; gives back the columns that look reversed."""
    turned: set[str] = set()
    batteries = find_batteries(guesses, raw)
    for battery in batteries:
        if kind != "survey":
            for guess in battery:
                guess.type = "category"
            continue
        columns = f"{battery[0].column} to {battery[-1].column}"
        found = reversed_items(battery, raw)
        if found:
            turned |= set(found)
            what = "correlate negatively with the others, drafted as reversed"
            draft.remarks.append(f"{name}: {', '.join(found)} of {columns} {what}")
        for label, codes in (("missing", battery[0].codes.missing), ("an entry error", battery[0].codes.invalid)):
            if codes:
                draft.remarks.append(f"{name}: {columns}: {', '.join(codes)} drafted as {label}")
        if battery[0].codes.unsure:
            draft.remarks.append(f"{name}: {columns}: {battery[0].codes.unsure}")
    return turned


def _variable(guess: Guess, used: set[str], types: dict[str, str]) -> str:
    """A tidy name: unique in its input, and of one type in all."""
    if guess.type == "ignore":
        return ""
    name = guess.variable or slug(guess.column)
    kind = "item" if guess.type == "item" else guess.type
    base, k = name, 1
    while name in used or name in TAKEN or types.get(name, kind) != kind:
        k += 1
        name = f"{base}_{'abcdefghijklmnopqrstuvwxyz'[k - 1]}" if k <= 26 else f"{base}_{k}"
    used.add(name)
    types[name] = kind
    return name


def slug(column: str) -> str:
    """A name of lower-case letters, digits and underscores that starts with a letter; of a long text its last part."""
    text = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")
    if len(text) > 40:
        text = text[-40:].partition("_")[2] or text[-40:]
    return text if text[:1].isalpha() else f"v_{text}".rstrip("_")


def _row(name: str, guess: Guess, variable: str, turned: bool, role: str, wave: str) -> dict[str, str]:
    item = guess.type == "item"
    row = dict.fromkeys(FIELDS, "")
    row |= {"input": name, "column": guess.column, "variable": variable, "label": guess.label, "type": guess.type}
    if guess.type in ("item", "category"):
        row["values"] = "; ".join(f"{code}={plain_label(label)}" for code, label in guess.codes.labels.items())
    if guess.type == "date":
        row["values"] = guess.form
    if guess.type in ("item", "category", "number"):
        row["missing"] = "; ".join(guess.codes.missing)
        row["invalid"] = "; ".join(guess.codes.invalid)
    if item:
        row |= {"dimension": slug(stem(guess.column)), "reverse": "yes" if turned else "no", "role": role, "wave": wave}
    if guess.type == "ignore" and guess.note:
        row["label"] = f"{guess.label} ({guess.note})"
    return row


def _ask(name: str, guesses: Sequence[Guess], kind: str, draft: Draft) -> None:
    """What the codebook needs and the draft has not found, and what it was not sure of."""
    found = {guess.variable for guess in guesses}
    wanted = ("student_id", "term", "field")[: 1 if kind in ("survey", "students") else 3]
    for variable in wanted:
        if variable not in found:
            draft.remarks.append(f"{name}: no column looks like {variable}: give one that variable")
    if kind == "survey" and not any(guess.type == "item" for guess in guesses):
        draft.remarks.append(f"{name}: no columns look like items of a scale: mark them")
    draft.remarks += [f"{name}: {g.column}: {g.note}" for g in guesses if g.note and g.type != "ignore"]


def write_codebook(rows: Sequence[Mapping[str, str]], path: str | Path) -> Path:
    """Write a draft at ``path``, or beside what stands there as ``codebook.draft.csv``, ``codebook.draft2.csv`` ..."""
    file = Path(path)
    k = 1
    while file.exists():
        file = Path(path).with_suffix(f".draft{k if k > 1 else ''}.csv")
        k += 1
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file


def draft_at(config: Mapping[str, Any], path: str) -> str:
    """Draft the codebook of a config for ``path`` and say what was done; an existing file is compared, never changed.

    Raises :class:`alliance.errors.Stop` when an input cannot be read.
    """
    draft = draft_codebook(config)
    if draft.problems:
        raise Stop("draft_codebook", draft.problems)
    if not Path(path).exists():
        file = write_codebook(draft.rows, path)
        found = [f"  - {remark}" for remark in draft.remarks]
        todo = ["To do: name the variables (one name for the same question in all files), dimensions, roles and waves;"]
        todo += ["then snakemake --cores 1 check"]
        return "\n".join([f"Draft of the codebook: {file} ({len(draft.rows)} columns)", *found, *todo])
    codebook, problems = parse_codebook(path)
    differences = compare(draft, codebook)
    unread = [f"  {problem}" for problem in problems]
    if not differences:
        return "\n".join([f"{path} describes the files as they are: nothing was written", *unread])
    file = write_codebook(draft.rows, path)
    told = "+ column that it does not describe, - column that is gone, ~ codes that it does not know"
    shown = [f"  {line}" for line in differences]
    return "\n".join([f"{path} was left as it is; a new draft is {file} ({told})", *shown, *unread])


def compare(draft: Draft, codebook: Codebook) -> list[str]:
    """How the files have moved away from a codebook: columns added (+) or gone (-), codes that it does not know (~)."""
    lines = []
    drafted = {(row["input"], row["column"]): row for row in draft.rows}
    known = {(c.input, n): c for c in codebook for n in (c.column, *c.aliases)}
    for (name, column), row in drafted.items():
        if (name, column) not in known:
            lines.append(f"+ {name}: {column} ({row['type']})")
            continue
        c = known[name, column]
        if c.type in ("item", "category") and c.codes and row["type"] in ("item", "category"):
            lines += _new_codes(name, column, c, row)
    inputs = {name for name, _ in drafted}
    for c in codebook:
        if c.input in inputs and not any((c.input, n) in drafted for n in (c.column, *c.aliases)):
            lines.append(f"- {c.input}: {c.column} (row {c.line})")
    return lines


def _new_codes(name: str, column: str, c: Any, row: Mapping[str, str]) -> list[str]:
    from alliance.survey.values import Status, meanings

    pairs = [part.strip() for key in ("values", "missing", "invalid") for part in row[key].split(";") if part.strip()]
    codes = [pair.partition("=")[0] for pair in pairs if ".." not in pair]
    unknown = [code for code, (_, s) in zip(codes, meanings(codes, c), strict=True) if s is Status.UNKNOWN]
    return [f"~ {name}: {column}: {', '.join(unknown)} not in row {c.line}"] if unknown else []
