"""Write a simulated study as the raw files in which such studies arrive; the same bytes on every run.

``write_demo`` writes seven files: a Qualtrics export with three header rows, a semicolon CSV with byte order mark and
decimal commas, two SPSS files with value labels and user-missing codes, an Excel roster, and two registrar files.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from alliance.robustness.demo_mess import SKIPPED, messy_reports, spell, spell_mentor
from alliance.sav import forget_time

AGREEMENT = {1: "Strongly disagree", 2: "Disagree", 3: "Neither agree nor disagree", 4: "Agree", 5: "Strongly agree"}
WORDS = {str(code): word for code, word in AGREEMENT.items()}
SPSS_NOT_APPLICABLE, SPSS_NO_ANSWER = 8, 9
STUDENT_STYLES = {
    "mentee_w1": [0.60, 0.10, 0.05, 0.09, 0.05, 0.05, 0.03, 0.03],
    "mentee_w2": [0.30, 0.10, 0.05, 0.35, 0.05, 0.10, 0.02, 0.03],
    "mentor_w1": [0.45, 0.15, 0.20, 0.0, 0.10, 0.08, 0.02, 0.0],
    "mentor_w2": [0.45, 0.15, 0.20, 0.0, 0.10, 0.08, 0.02, 0.0],
}
MENTOR_STYLES = [0.70, 0.10, 0.08, 0.07, 0.05]
OPENED = {
    "mentee_w1": datetime(2016, 3, 7),
    "mentee_w2": datetime(2017, 3, 6),
    "mentor_w1": datetime(2016, 4, 4),
    "mentor_w2": datetime(2017, 4, 3),
}


def write_demo(study: dict, truth: dict, folder: str | Path, seed: int) -> list[Path]:
    """Write the seven raw files of one study (from ``simulate_study``) into ``folder``; returns their paths, sorted."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence([seed, 1]).spawn(6)]
    known = study["persons"]["student_id"]
    entry = study["persons"].set_index("student_id")["cohort"].astype(int).to_dict()
    raw = {}
    for rng, name in zip(streams[:4], STUDENT_STYLES, strict=True):
        role, wave = name.split("_w")
        clean = study["reports"].query("role == @role and wave == @wave", local_dict={"role": role, "wave": int(wave)})
        table = messy_reports(truth, clean, name, rng, known)
        table["written_student"] = spell(table["student_id"], STUDENT_STYLES[name], rng)
        table["written_mentor"] = spell(table["mentor_id"], MENTOR_STYLES, rng, way=spell_mentor)
        table["start"] = [
            _opening(name, entry.get(sid, 2015)) + timedelta(minutes=int(minute))
            for sid, minute in zip(table["student_id"], table["minute"], strict=True)
        ]
        raw[name] = table.sort_values(["start", "student_id", "mentor_id", "seconds"], ignore_index=True)
    order = truth["items"]["order"]
    writers = {
        "mentee_wave1_qualtrics.csv": lambda path: _write_qualtrics(raw["mentee_w1"], order, path, streams[0]),
        "mentee_wave2.csv": lambda path: _write_semicolon(raw["mentee_w2"], order, path),
        "mentor_wave1.sav": lambda path: _write_spss(raw["mentor_w1"], order, path, streams[2]),
        "mentor_wave2.sav": lambda path: _write_spss(raw["mentor_w2"], order, path, streams[3]),
        "roster.xlsx": lambda path: _write_roster(truth, study["persons"], path, streams[4]),
        "registrar_terms.csv": lambda path: _write_terms(truth, study["terms"], path, streams[5]),
        "registrar_degrees.csv": lambda path: _write_degrees(study["degrees"], path),
    }
    for name, write in writers.items():
        write(folder / name)
    return sorted(folder / name for name in writers)


def _opening(name: str, entry: int) -> datetime:
    """Each cohort is asked in its first (second) spring; strangers and tests count as of the first cohort."""
    return OPENED[name].replace(year=OPENED[name].year + entry - 2015)


def _write_rows(path: Path, rows: list[list], delimiter: str = ",", encoding: str = "utf-8") -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def _text(value) -> str:
    """A cell: empty for None and NaN, else the value."""
    return "" if value is None or value != value else str(value)


def _write_qualtrics(table, order: list[str], path: Path, rng: np.random.Generator) -> None:
    """Three header rows: names, question texts, import ids."""
    columns = [
        ("StartDate", "Start Date", "startDate"),
        ("EndDate", "End Date", "endDate"),
        ("Status", "Response Type", "status"),
        ("Progress", "Progress", "progress"),
        ("Duration (in seconds)", "Duration (in seconds)", "duration"),
        ("Finished", "Finished", "finished"),
        ("RecordedDate", "Recorded Date", "recordedDate"),
        ("ResponseId", "Response ID", "_recordId"),
        ("DistributionChannel", "Distribution Channel", "distributionChannel"),
        ("Q1", "I agree to take part.", "QID1"),
        ("Q2_1", "Your student id", "QID2_1"),
        ("Q2_2", "Your mentor's id", "QID2_2"),
    ]
    for number, item in enumerate(order, 1):
        columns.append((f"Q3_{number}", f"My mentor and I - {_label(item)}", f"QID3_{number}"))
    columns.append(("Q4", "Please choose 'Agree' here.", "QID4"))
    columns.append(("Q5", "Anything else?\n(optional)", "QID5_TEXT"))
    rows = [
        [name for name, _, _ in columns],
        [text for _, text, _ in columns],
        [json.dumps({"ImportId": key}, separators=(",", ":")) for _, _, key in columns],
    ]
    letters = np.array(list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
    comments = ("", "A simulated remark, with a comma", 'A simulated "remark"\non two lines')
    for record in table.to_dict("records"):
        end = record["start"] + timedelta(seconds=int(record["seconds"]))
        response = "R_" + "".join(rng.choice(letters, 15))
        channel = "preview" if record["status"] else rng.choice(["email", "anonymous"], p=[0.9, 0.1])
        comment = rng.choice(comments, p=[0.97, 0.02, 0.01]) if record["consent"] == 1 else ""
        head = [record["start"], end, record["status"], record["progress"], record["seconds"], record["finished"]]
        head += [end + timedelta(seconds=1), response, channel, record["consent"]]
        head += [record["written_student"], record["written_mentor"]]
        rows.append([*head, *[_text(record[item]) for item in order], _text(record["attention"]), comment])
    _write_rows(path, rows)


def _label(item: str) -> str:
    """Neutral text of an item: "bond_1" is "Bond item 1"."""
    dimension, number = item.rsplit("_", 1)
    return f"{dimension.capitalize()} item {number}"


def _write_semicolon(table, order: list[str], path: Path) -> None:
    """Another survey tool: other column names, semicolons, byte order mark, decimal commas, 999 for no answer.

    The third column of answers holds words instead of codes, as after an edit of the running survey.
    """
    names = [f"alliance_{number:02d}" for number in range(1, len(order) + 1)]
    rows = [["date", "type", "agreed", "student", "mentor", *names, "check_agree", "hours_month", "minutes"]]
    for record in table.to_dict("records"):
        answers = [999 if record[item] == SKIPPED else _text(record[item]) for item in order]
        answers[2] = WORDS.get(answers[2], answers[2])
        head = [record["start"].strftime("%d.%m.%Y"), {0: "response", 1: "preview", 2: "test"}[record["status"]]]
        head += ["yes" if record["consent"] == 1 else "no", record["written_student"], record["written_mentor"]]
        hours = _text(record["hours"]).replace(".", ",")
        minutes = f"{record['seconds'] / 60:.1f}".replace(".", ",")
        rows.append([*head, *answers, _text(record["attention"]), hours, minutes])
    _write_rows(path, rows, delimiter=";", encoding="utf-8-sig")


def _write_spss(table, order: list[str], path: Path, rng: np.random.Generator) -> None:
    """Value labels and user-missing codes 8 and 9; date and time in the header are fixed."""
    import pandas as pd
    import pyreadstat

    names = [f"A{number:02d}" for number in range(1, len(order) + 1)]
    frame = pd.DataFrame({"MENTOR": table["written_mentor"], "STUDENT": table["written_student"]})
    frame["CONSENT"] = table["consent"].astype(float)
    for name, item in zip(names, order, strict=True):
        codes = table[item].astype(float).to_numpy(copy=True)
        skipped = codes == SKIPPED
        codes[skipped] = rng.choice([SPSS_NOT_APPLICABLE, SPSS_NO_ANSWER], skipped.sum())
        frame[name] = codes
    frame["MINUTES"] = np.round(table["seconds"].astype(float) / 60, 1)
    labels = {**AGREEMENT, SPSS_NOT_APPLICABLE: "Does not apply", SPSS_NO_ANSWER: "No answer"}
    texts = ["Mentor", "Student", "Consent", *[f"My mentee and I - {_label(item)}" for item in order], "Minutes"]
    pyreadstat.write_sav(
        frame,
        str(path),
        file_label="Simulated data",
        column_labels=texts,
        variable_value_labels={"CONSENT": {1: "yes", 2: "no"}, **dict.fromkeys(names, labels)},
        missing_ranges={name: [SPSS_NOT_APPLICABLE, SPSS_NO_ANSWER] for name in names},
        row_compress=True,
    )
    forget_time(path)


def _write_roster(truth: dict, persons, path: Path, rng: np.random.Generator) -> None:
    """The sheet Students and a sheet of remarks; zip entries stored, all times 1 January 1980."""
    from openpyxl import Workbook

    gaps = {key: rng.random(len(persons)) < share for key, share in truth["missing"]["roster"].items()}
    letters = {"yes": "Y", "no": "N", "woman": "F", "man": "M", "another": "X"}
    coded = {
        "first_generation": persons["first_generation"].map({"yes": 1, "no": 0}).mask(gaps["first_generation"], -9),
        "underrepresented": persons["underrepresented"].map(letters).mask(gaps["underrepresented"], "?"),
        "gender": persons["gender"].map(letters).mask(gaps["gender"], "U"),
        "prior_gpa": persons["prior_gpa"].mask(gaps["prior_gpa"], 999),
    }
    book = Workbook()
    sheet = book.active
    sheet.title = "Students"
    sheet.append(["Student ID", "Entry cohort", "Program", "First gen", "URM", "Gender", "HS GPA", "Remarks"])
    written = spell(persons["student_id"], [0.0, 0.0, 0.0, 0.0, 0.04, 0.96, 0.0, 0.0], rng)
    columns = [written, persons["cohort"].astype(int).tolist(), persons["program"].tolist()]
    columns += [coded[key].tolist() for key in ("first_generation", "underrepresented", "gender", "prior_gpa")]
    rows = list(zip(*columns, strict=True))
    for i in rng.permutation(len(rows)):
        sheet.append([*rows[i], None])
    remarks = book.create_sheet("Read me")
    for line in (
        "SIMULATED DATA. No student is real.",
        "First gen: 1 yes, 0 no, -9 unknown. URM: Y, N, ? unknown. Gender: F, M, X, U not stated.",
        "HS GPA: 0.00 to 4.00, 999 unknown.",
    ):
        remarks.append([line])
    buffer = io.BytesIO()
    book.save(buffer)
    _store_without_times(buffer, path)


def _store_without_times(workbook: io.BytesIO, path: Path) -> None:
    with zipfile.ZipFile(workbook) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(source.namelist(), key=lambda entry: (entry != "[Content_Types].xml", entry)):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", content)
            target.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), content)


def _write_terms(truth: dict, terms, path: Path, rng: np.random.Generator) -> None:
    """One row per student and term of enrolment, by term; a few rows twice."""
    import pandas as pd

    repeated = terms.iloc[rng.choice(len(terms), truth["mess"]["registrar_repeated_rows"], replace=False)]
    table = pd.concat([terms, repeated]).sort_values(["term", "student_id"], kind="stable")
    rows = [["STUDENT_ID", "TERM", "CAMPUS", "CIP_CODE", "CREDITS"]]
    for record in table.itertuples(index=False):
        rows.append([record.student_id.rjust(8, "0"), record.term, record.institution, record.field, record.credits])
    _write_rows(path, rows)


def _write_degrees(degrees, path: Path) -> None:
    rows = [["STUDENT_ID", "TERM", "CIP_CODE"]]
    for record in degrees.sort_values(["term", "student_id"]).itertuples(index=False):
        rows.append([record.student_id.rjust(8, "0"), record.term, record.field])
    _write_rows(path, rows)
