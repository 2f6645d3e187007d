"""Reads everything that is made to be shared, and looks for persons in it: their ids, and counts that are too small."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alliance.errors import Problem
from alliance.verification.scan_counts import readable, small_in_csv, small_in_text
from alliance.verification.scan_identifiers import Identifiers

PRIVATE = "private"
COLUMNS = ("place", "files", "pictures", "identifiers_searched", "identifiers_left_out", "findings")
_PICTURES = (".png", ".jpg", ".gif", ".pdf")
_ZIPPED = (".docx", ".xlsx", ".zip")
_TEXT_IN_ZIP = (".xml", ".csv", ".txt", ".json", ".html")
_LOOKS = re.compile(r"(styles|theme|fontTable|settings|numbering|stylesWithEffects|webSettings)[^/]*\.xml$|theme/")
_ID = "an identifier of a person"
_REMEDY = {
    _ID: "find the stage that writes it (the file's rule) and leave it out; do not share this folder",
    "a column of identifiers": "write row-level tables to results/private only",
}
_SUPPRESS = "suppress it (alliance.disclosure), or name the column in alliance/verification/scan_counts.py"


@dataclass
class Scan:
    """What was read and what was found; places of findings never repeat what was found there."""

    findings: list[Problem] = field(default_factory=list)
    rows: list[dict[str, object]] = field(default_factory=list)


def scan(folders: Mapping[str, str | Path], who: Identifiers, minimum: int, id_headings: Collection[str] = ()) -> Scan:
    """Read every file below ``folders`` (name -> folder), except in ``private`` folders and hidden files.

    Raises nothing: the findings are for the caller to judge. A file that cannot be read as text is a finding too.
    """
    result = Scan()
    for name, folder in folders.items():
        files = pictures = 0
        before = len(result.findings)
        for path in shared_files(folder):
            if path.suffix.lower() in _PICTURES:
                pictures += 1
                continue
            files += 1
            result.findings += _read(path, who, minimum, id_headings)
        searched = len(who.known) + len(who.numbers)
        values = (name, files, pictures, searched, who.left_out, len(result.findings) - before)
        result.rows.append(dict(zip(COLUMNS, values, strict=True)))
    return result


def shared_files(folder: str | Path) -> list[Path]:
    """Files below a folder that are made to be shared, sorted; not those of another study whose results lie within."""
    root = Path(folder)
    others = {p.parent for p in root.rglob(PRIVATE) if p.is_dir() and p.parent != root}
    found = (p for p in root.rglob("*") if p.is_file() and others.isdisjoint(p.parents))
    return sorted(p for p in found if not any(x == PRIVATE or x.startswith(".") for x in p.relative_to(root).parts))


def first_findings(findings: Sequence[Problem], most: int = 20) -> list[Problem]:
    """The findings as they are shown: the first of each file, then how many more there are."""
    first = list({p.file: p for p in reversed(findings)}.values())[::-1][:most]
    more = len(findings) - len(first)
    return [*first, *([Problem(f"{more} more places like these", remedy="correct these first")] if more else [])]


def _read(path: Path, who: Identifiers, minimum: int, id_headings: Collection[str]) -> list[Problem]:
    if path.suffix.lower() in _ZIPPED:
        with zipfile.ZipFile(path) as parts:
            texts = [
                (n, parts.read(n))
                for n in sorted(parts.namelist())
                if n.endswith(_TEXT_IN_ZIP) and not _LOOKS.search(n)
            ]
    else:
        texts = [(path.name, path.read_bytes())]
    found: dict[tuple[str, str], None] = {}
    for inner, data in texts:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            found["the file", "neither text nor a known picture: it cannot be searched"] = None
            continue
        found |= dict.fromkeys(_findings(text, Path(inner).suffix.lower(), who, minimum, id_headings))
    remedies = [(place, what, _REMEDY.get(what, _SUPPRESS)) for place, what in found]
    return [Problem(what, path.as_posix(), place, remedy) for place, what, remedy in remedies]


def _findings(
    text: str, suffix: str, who: Identifiers, minimum: int, id_headings: Collection[str]
) -> Iterable[tuple[str, str]]:
    hits = who.found(text)
    if hits:
        for number, line in enumerate(text.splitlines(), 1):
            if any(hit in line for hit in hits) and who.found(line):
                yield f"line {number}", _ID
    if suffix in (".csv", ".tsv"):
        rows = csv.reader(io.StringIO(text))
        for heading in next(rows, []):
            if heading.lower() in id_headings and next(rows, None) is not None:
                yield f"column {heading}", "a column of identifiers"
        yield from small_in_csv(text, minimum)
    elif suffix != ".json":
        yield from small_in_text(readable(text, suffix), minimum)


def write_scan(rows: Iterable[Mapping[str, object]], path: str | Path) -> None:
    """Write ``disclosure/scan.csv``. How many logs there are depends on what was run, so only results are counted."""
    with Path(path).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row if row["place"] == "results" else {**row, "files": "", "pictures": ""} for row in rows)
