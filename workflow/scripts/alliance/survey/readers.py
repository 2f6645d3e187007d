"""Raw files as text: every cell as it was written, nothing typed, nothing guessed that is not recorded."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance.codebook import Codebook
from alliance.errors import Problem, Stop
from alliance.survey import sniff

if TYPE_CHECKING:
    import pandas as pd

RECORD = ("input", "file", "sha256", "bytes", "rows", "columns", "format", "encoding", "delimiter", "decimal")


@dataclass
class Raw:
    """One raw file: the columns that the codebook reads, as text ("" = blank), indexed by data row from 1.

    ``header`` holds all column names of the file. ``value_labels`` and ``declared_missing`` are what the file itself
    says about its codes (SPSS, Stata): labels by code, and (lowest, highest) ranges of user-missing codes.
    ``decimal`` is empty until it is declared or found. ``repaired`` says what was read otherwise than it stands.
    """

    input: str
    file: str
    frame: pd.DataFrame
    header: list[str]
    format: str
    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    value_labels: dict[str, dict[str, str]] = field(default_factory=dict)
    declared_missing: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    repaired: list[str] = field(default_factory=list)


def read_raw(name: str, entry: Mapping[str, Any], codebook: Codebook) -> Raw:
    """Read one input of the config; raises :class:`alliance.errors.Stop` when the file is not what it should be."""
    file, form = str(entry["path"]), str(entry["format"])
    path = Path(file)
    if not path.is_file():
        remedy = f"put the file there, or change inputs.{name}.path"
        raise Stop("intake", Problem("no such file", file, f"input {name}", remedy))
    _check_kind(path, file, name, form)
    wanted = [c.column for c in codebook.of_input(name) if c.type != "ignore"]
    known = [c.column for c in codebook.of_input(name)]
    if form in ("csv", "qualtrics"):
        from alliance.survey.read_text import read_text

        raw = read_text(name, file, entry, wanted, known)
    else:
        from alliance.survey.read_binary import READERS

        try:
            raw = READERS[form](name, file, entry, wanted)
        except Stop:
            raise
        except Exception as error:  # readers of binary formats fail in many ways on a damaged file
            what = f"cannot be read as {sniff.NAMES[form]} ({type(error).__name__})"
            remedy = "it may be damaged or cut off: export it again"
            raise Stop("intake", Problem(what, file, f"input {name}", remedy)) from error
    problems = _header_problems(raw, codebook)
    if not problems and raw.frame.empty:
        problems.append(Problem("has a header and no rows", file, f"input {name}", "export the file again"))
    if problems:
        raise Stop("intake", problems)
    return raw


def _check_kind(path: Path, file: str, name: str, form: str) -> None:
    with path.open("rb") as stream:
        head = stream.read(4096)
    found, expected = sniff.kind_of(head), sniff.EXPECTED[form]
    if found == expected or (expected == sniff.TEXT and found == "a gzip archive" and file.endswith(".gz")):
        return
    if found == sniff.EMPTY:
        raise Stop("intake", Problem("the file is empty", file, f"input {name}", "export it again"))
    other = next((f for f, kind in sniff.EXPECTED.items() if kind == found), None)
    remedy = f"write format: {other} if that is meant, or " if other else ""
    what = f"is {found if found != sniff.TEXT else 'a text file'}, not {sniff.NAMES[form]}"
    raise Stop("intake", Problem(what, file, f"input {name}", f"{remedy}export the file again as {sniff.NAMES[form]}"))


def _header_problems(raw: Raw, codebook: Codebook) -> list[Problem]:
    """Columns of the codebook that the file does not have, or has twice."""
    problems = []
    described = {c.column for c in codebook.of_input(raw.input)}
    strangers = [name for name in raw.header if name not in described]
    for c in codebook.of_input(raw.input):
        times = raw.header.count(c.column)
        if c.type == "ignore" or times == 1:
            continue
        if times > 1:
            problems.append(
                Problem(f"column {c.column} stands {times} times", raw.file, "header", "rename one of them")
            )
            continue
        near = nearest(c.column, strangers)
        meant = f'if it is now called "{near}", change' if near else "put it back, or change"
        remedy = f"{meant} column in row {c.line} of {codebook.file}"
        problems.append(Problem(f"column {c.column} is not in the file", raw.file, "header", remedy))
    return problems


def strangers(raw: Raw, codebook: Codebook) -> list[str]:
    """Columns of the file that the codebook does not know, in file order."""
    described = {c.column for c in codebook.of_input(raw.input)}
    return [name for name in raw.header if name not in described]


def nearest(name: str, names: Sequence[str]) -> str:
    """The most similar name, regardless of upper and lower case; "" when none is near."""
    folded = {other.casefold(): other for other in names}
    near = difflib.get_close_matches(name.casefold(), list(folded), 1, cutoff=0.6)
    return folded[near[0]] if near else ""


def sha256(path: str | Path) -> str:
    """Fingerprint of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def record(raw: Raw) -> dict[str, Any]:
    """The file's row of inputs.csv."""
    values = (
        raw.input,
        raw.file,
        sha256(raw.file),
        Path(raw.file).stat().st_size,
        len(raw.frame),
        len(raw.header),
        raw.format,
        raw.encoding,
        {"\t": "tab"}.get(raw.delimiter, raw.delimiter),
        raw.decimal,
    )
    return dict(zip(RECORD, values, strict=True))
