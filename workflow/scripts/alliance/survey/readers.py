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
TEXT_FORMATS = ("csv", "qualtrics", "redcap", "limesurvey", "surveymonkey")


@dataclass
class Raw:
    """One raw file: the columns that the codebook reads, as text ("" = blank), indexed by data row from 1.

    ``header`` holds all column names of the file, ``labels`` what was asked in them as far as the file says so.
    ``value_labels`` and ``declared_missing`` are what it says about its codes (SPSS, Stata, a data dictionary): labels
    by code, and (lowest, highest) ranges of user-missing codes. ``decimal`` is empty until it is declared or found.
    ``repaired`` says what was read otherwise than it stands.
    """

    input: str
    file: str
    frame: pd.DataFrame
    header: list[str]
    format: str
    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    value_labels: dict[str, dict[str, str]] = field(default_factory=dict)
    declared_missing: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    repaired: list[str] = field(default_factory=list)

    @property
    def is_text(self) -> bool:
        """Whether numbers stand in the file as somebody wrote them, with a decimal mark to be found out."""
        return bool(self.delimiter)


def read_raw(name: str, entry: Mapping[str, Any], codebook: Codebook) -> Raw:
    """Read one file of an input of the config; raises :class:`alliance.errors.Stop` when it is not what it should be.

    ``entry["path"]`` is that one file: :func:`alliance.inputs.input_files` lists the files of an input.
    """
    file = str(entry["path"])
    described = codebook.of_input(name)
    own = {c.column for c in described} | {alias for c in described for alias in c.aliases}
    wanted = [n for c in described if c.type != "ignore" for n in (c.column, *c.aliases)]
    helpers = [*(entry.get("rows") or {}), *([entry["fill_by"]] if entry.get("fill_by") else [])]
    raw = read_file(name, entry, [*wanted, *helpers], sorted(own))
    settle_names(raw, codebook)
    problems = _header_problems(raw, codebook)
    if not problems and raw.frame.empty:
        problems.append(Problem("has a header and no rows", file, f"input {name}", "export the file again"))
    if not problems and helpers:
        problems = select_rows(raw, entry, [c.column for c in described if c.report is None and c.type != "ignore"])
    if problems:
        raise Stop("intake", problems)
    return raw


def read_file(
    name: str, entry: Mapping[str, Any], wanted: Sequence[str] | None = None, known: Sequence[str] = ()
) -> Raw:
    """Read the columns ``wanted`` (None: all) of a file as text. Raises :class:`alliance.errors.Stop`."""
    file, form = str(entry["path"]), str(entry["format"])
    path = Path(file)
    if not path.is_file():
        remedy = f"put the file there, or change inputs.{name}.path"
        raise Stop("intake", Problem("no such file", file, f"input {name}", remedy))
    kind = _check_kind(path, file, name, form)
    try:
        raw = _read(name, file, entry, wanted, known, kind)
        if entry.get("dictionary"):
            from alliance.survey.dictionary import apply_dictionary

            apply_dictionary(raw, str(entry["dictionary"]))
    except Stop:
        raise
    except Exception as error:  # readers of binary formats fail in many ways on a damaged file
        what = f"cannot be read as {sniff.NAMES[form]} ({type(error).__name__})"
        remedy = "it may be damaged or cut off: export it again"
        raise Stop("intake", Problem(what, file, f"input {name}", remedy)) from error
    return raw


def _read(
    name: str, file: str, entry: Mapping[str, Any], wanted: Sequence[str] | None, known: Sequence[str], kind: str
) -> Raw:
    form = str(entry["format"])
    if form in TEXT_FORMATS and kind != sniff.WORKBOOK:
        from alliance.survey.read_text import read_text

        return read_text(name, file, entry, wanted, known)
    if kind == sniff.WORKBOOK:
        from alliance.survey.read_excel import read_excel

        return read_excel(name, file, entry, wanted)
    from alliance.survey.read_binary import READERS

    return READERS[form](name, file, entry, wanted)


def settle_names(raw: Raw, codebook: Codebook) -> None:
    """Columns under another name that the codebook knows, and options spread over columns, become its columns."""
    from alliance.survey.layouts import options_of

    for c in codebook.of_input(raw.input):
        if c.column in raw.header:
            continue
        there = [alias for alias in c.aliases if alias in raw.header]
        if len(there) == 1:
            raw.header[raw.header.index(there[0])] = c.column
            raw.frame = raw.frame.rename(columns={there[0]: c.column})
            for known in (raw.labels, raw.value_labels, raw.declared_missing):
                if there[0] in known:
                    known[c.column] = known.pop(there[0])
            raw.repaired.append(f"column {c.column} is called {there[0]} in this file")
        elif raw.format.startswith("SurveyMonkey") and c.type != "ignore":
            spread = [name for name in options_of(c.column, raw.header) if name in raw.frame.columns]
            if len(spread) > 1:
                _join_options(raw, c.column, spread)


def _join_options(raw: Raw, column: str, spread: list[str]) -> None:
    """One column of the columns that hold one option each; two answers in a row stay two, and are no answer code."""
    joined = raw.frame[spread[0]].str.strip()
    for name in spread[1:]:
        other = raw.frame[name].str.strip()
        both = (joined != "") & (other != "")
        joined = joined + both.map({True: "; ", False: ""}) + other
    raw.frame = raw.frame.drop(columns=spread).assign(**{column: joined})
    first = raw.header.index(spread[0])
    raw.header = [column if i == first else n for i, n in enumerate(raw.header) if n not in spread[1:]]
    raw.repaired.append(f"column {column} was joined from {len(spread)} columns, one for each option")


def select_rows(raw: Raw, entry: Mapping[str, Any], of_row: Sequence[str]) -> list[Problem]:
    """Fill what stands once per person, then keep the rows that belong to the input (``fill_by`` and ``rows``)."""
    asked, by = entry.get("rows") or {}, entry.get("fill_by")
    absent = [n for n in (*asked, *([by] if by else [])) if n not in raw.frame.columns]
    if absent:
        what = f"column {', '.join(absent)} is not in the file"
        return [Problem(what, raw.file, f"key inputs.{raw.input}", "correct rows or fill_by")]
    if by:
        _fill(raw, str(by), [c for c in of_row if c != by])
    total = len(raw.frame)
    for column, values in asked.items():
        wanted = {str(v) for v in (values if isinstance(values, list) else [values])}
        raw.frame = raw.frame[raw.frame[column].str.strip().isin(wanted)]
    if raw.frame.empty:
        what = f"no row has {' and '.join(f'{c} {v}' for c, v in asked.items())}"
        return [Problem(what, raw.file, f"key inputs.{raw.input}.rows", "correct rows")]
    if asked:
        raw.repaired.append(f"{len(raw.frame):,} of {total:,} rows belong to this input ({', '.join(asked)})")
    return []


def _fill(raw: Raw, by: str, columns: Sequence[str]) -> None:
    """Blank cells get what another row of the same record says, when the rows that say something agree."""
    record = raw.frame[by].str.strip()
    for column in columns:
        said = raw.frame[column].where(raw.frame[column].str.strip() != "")
        groups = said.groupby(record)
        agreed = groups.transform("first").where(groups.transform("nunique") == 1)
        filled = said.isna() & agreed.notna() & (record != "")
        if filled.any():
            raw.frame[column] = raw.frame[column].mask(filled, agreed)
            raw.repaired.append(f"column {column}: blank cells were filled from other rows with the same {by}")


def _check_kind(path: Path, file: str, name: str, form: str) -> str:
    """What the file is by its first bytes; stops when that is not what the config says."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    found, expected = sniff.kind_of(head), sniff.EXPECTED[form]
    if found == expected or (expected == sniff.TEXT and found == "a gzip archive" and file.endswith(".gz")):
        return found
    if found == sniff.WORKBOOK and form in TEXT_FORMATS[1:]:
        return found
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
        again = [alias for alias in c.aliases if alias in raw.header]
        if c.type == "ignore" or (times == 1 and not again):
            continue
        if times + len(again) > 1 and again:
            both = " and ".join([c.column] * times + again)
            remedy = f"one of them is not meant: correct aliases in row {c.line} of {codebook.file}"
            problems.append(Problem(f"has {both}, which the codebook takes for one", raw.file, "header", remedy))
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
    described = {n for c in codebook.of_input(raw.input) for n in (c.column, *c.aliases)}
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
