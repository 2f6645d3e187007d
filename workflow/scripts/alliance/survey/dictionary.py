"""A REDCap data dictionary: what was asked in each column, and what its codes mean."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from alliance.errors import Problem, Stop
from alliance.survey.readers import Raw

#: column of the dictionary -> its names in downloads and in the API's metadata
NAMES = {
    "field": ("variable / field name", "field_name"),
    "type": ("field type", "field_type"),
    "label": ("field label", "field_label"),
    "choices": ("choices, calculations, or slider labels", "select_choices_or_calculations"),
}
FIXED = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}
CHECKED = {"0": "Unchecked", "1": "Checked"}
TAG = re.compile(r"<[^>]+>")


def apply_dictionary(raw: Raw, path: str) -> None:
    """Give the raw file the labels of its data dictionary; raises :class:`alliance.errors.Stop` when it is none."""
    for row in _rows(path):
        name, label = row["field"], " ".join(TAG.sub(" ", row["label"]).split())
        codes = FIXED.get(row["type"], {})
        if row["type"] in ("radio", "dropdown", "checkbox"):
            codes = read_choices(row["choices"])
        if row["type"] != "checkbox":
            raw.labels[name] = label
            if codes:
                raw.value_labels[name] = codes
            continue
        for code, option in codes.items():
            column = f"{name}___{re.sub(r'[^a-z0-9_]', '_', code.lower())}"
            raw.labels[column] = f"{label}: {option}"
            raw.value_labels[column] = CHECKED


def read_choices(text: str) -> dict[str, str]:
    """``1, Never | 2, Rarely`` as code -> label."""
    parts = (part.partition(",") for part in text.split("|") if part.strip())
    return {code.strip(): " ".join(TAG.sub(" ", label).split()) for code, _, label in parts if code.strip()}


def _rows(path: str) -> list[dict[str, str]]:
    file = Path(path)
    if not file.is_file():
        raise Stop("intake", Problem("no such file", path, "", "put the data dictionary there, or change dictionary"))
    try:
        rows = list(csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        what = f"cannot be read as a data dictionary ({type(error).__name__})"
        raise Stop("intake", Problem(what, path, "", "download it again as CSV")) from error
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    places = {key: next((header.index(n) for n in names if n in header), None) for key, names in NAMES.items()}
    absent = [NAMES[key][0] for key, place in places.items() if place is None]
    if absent:
        what = f"is no data dictionary of REDCap: it has no column {', '.join(absent)}"
        raise Stop("intake", Problem(what, path, "header", "download the data dictionary again"))
    width = len(header)
    full = [row + [""] * (width - len(row)) for row in rows[1:] if any(row)]
    return [{key: row[place].strip() for key, place in places.items() if place is not None} for row in full]
