"""Text exports: encoding and delimiter found out, the header rows of the platform taken off."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance.errors import Problem, Stop
from alliance.survey.layouts import header_rows, read_header
from alliance.survey.readers import Raw

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

LARGEST = 4 * 1024**3  # bytes after decompression: more is no survey
HEAD = 4_000_000  # characters in which the header rows must end
BLOCK = 64 * 1024**2  # bytes; a single row must fit
DELIMITERS = ",;\t|"
BOMS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8 with BOM"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)


def read_text(
    name: str, file: str, entry: Mapping[str, Any], wanted: Sequence[str] | None, known: Sequence[str] = ()
) -> Raw:
    """Read a text file with the header of its platform: the columns ``wanted`` (None: all of them).

    ``known`` are the columns that the codebook describes; the delimiter is the one that finds most of them.
    """
    place = f"input {name}"
    body, encoding = _decode(_bytes(file, place), entry.get("encoding"), file, place)
    text = body[:HEAD].decode("utf-8", errors="ignore")
    delimiter = entry.get("delimiter") or _find_delimiter(text, known)
    head, after, start = _header(text, delimiter, header_rows(entry), file, place)
    header = read_header(head, after, {**entry, "name": name}, file)
    raw = Raw(name, file, None, header.names, header.called, encoding, delimiter, str(entry.get("decimal", "")))
    raw.labels = header.labels
    raw.frame, raw.repaired = _parse(body, start, header.names, delimiter, header.chosen(wanted), file, place)
    if not body.endswith((b"\n", b"\r")):
        raw.repaired.append("the last line has no line break: look whether the file was cut off")
    return raw


def _bytes(file: str, place: str) -> bytes:
    if not file.endswith(".gz"):
        return Path(file).read_bytes()
    try:
        with gzip.open(file) as stream:
            data = stream.read(LARGEST + 1)
    except (EOFError, OSError, zlib.error) as error:
        remedy = "it may be cut off: copy or export it again"
        raise Stop("intake", Problem(f"cannot be decompressed ({error})", file, place, remedy)) from error
    if len(data) > LARGEST:
        raise Stop("intake", Problem("holds more than 4 GB", file, place, "split it, or leave columns out"))
    return data


def _decode(data: bytes, declared: str | None, file: str, place: str) -> tuple[bytes, str]:
    """The text in UTF-8, and how the file's encoding is called in inputs.csv."""
    for mark, codec, called in BOMS:
        if data.startswith(mark):
            data, declared, encoding = data[len(mark) :], codec, called
            break
    else:
        encoding = declared or ""
    try:
        if not declared:
            try:
                _no_nul(data, file, place)
                data.decode("utf-8")
                return data, "UTF-8"
            except UnicodeDecodeError:
                text, encoding = data.decode("cp1252"), "Windows-1252 (not UTF-8, no encoding declared)"
        else:
            text = data.decode(declared)
    except LookupError:
        raise Stop("intake", Problem(f"unknown encoding {declared}", file, place, "write utf-8 or cp1252")) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"cannot be read as {declared or 'UTF-8 or Windows-1252'}"
        where = f"{place}, line {line} of the file"
        remedy = "declare its encoding, or save it as CSV UTF-8"
        raise Stop("intake", Problem(what, file, where, remedy)) from None
    body = text.encode("utf-8")
    _no_nul(body, file, place)
    return body, encoding


def _no_nul(data: bytes, file: str, place: str) -> None:
    if b"\0" in data:
        where = f"byte {data.index(bytes(1)) + 1}"
        remedy = "it may be damaged: export it again as CSV"
        raise Stop("intake", Problem("holds NUL bytes, so it is not text", file, f"{place}, {where}", remedy))


def _find_delimiter(text: str, known: Sequence[str]) -> str:
    """The delimiter by which the header holds most columns of the codebook; then the one with most fields."""

    def score(delimiter: str) -> tuple[int, int]:
        try:
            fields = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        except csv.Error:
            return 0, 0
        return len({f.strip() for f in fields} & set(known)), len(fields)

    return max(DELIMITERS, key=score)  # the first of equals


def _header(
    text: str, delimiter: str, rows: int, file: str, place: str
) -> tuple[list[list[str]], list[list[str]], int]:
    """The header rows (fields may hold line breaks), two rows behind them, and the byte at which the data begin."""
    used = 0

    def lines():
        nonlocal used
        for line in io.StringIO(text, newline=""):
            used += len(line.encode("utf-8"))
            yield line

    csv.field_size_limit(HEAD)
    head: list[list[str]] = []
    after: list[list[str]] = []
    start = 0
    try:
        for fields in csv.reader(lines(), delimiter=delimiter):
            if len(head) == rows:
                after.append(fields)
                if len(after) == 2:
                    break
                continue
            if head or any(field.strip() for field in fields):
                head.append(fields)
            start = used
    except csv.Error as error:
        if len(head) < rows:
            problem = Problem(f"the header cannot be read ({error})", file, place, "export it again")
            raise Stop("intake", problem) from None
    if len(head) == rows:
        return head, after, start
    what = "has no header" if not head else f"has {len(head)} rows, of which {rows} should be the header"
    raise Stop("intake", Problem(what, file, place, "export the file again"))


def _parse(
    body: bytes, start: int, header: list[str], delimiter: str, names: Sequence[str], file: str, place: str
) -> tuple[pd.DataFrame, list[str]]:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.csv as arrow

    chosen = [header.index(column) for column in names]
    data = pa.py_buffer(body).slice(start)
    if not names or (not body[start : start + HEAD].strip() and not body[start:].strip()):
        return pd.DataFrame({name: pd.Series(dtype="str") for name in names}), []
    ragged: list[tuple[int | None, int]] = []
    blank = 0

    def invalid(row: Any) -> str:
        nonlocal blank
        if row.text.strip(" \t\r\n" + delimiter):
            ragged.append((row.number, row.actual_columns))
            return "skip"
        blank += 1
        return "skip"

    def read(columns: Sequence[int]) -> pa.Table:
        return arrow.read_csv(
            pa.BufferReader(data),
            read_options=arrow.ReadOptions(column_names=keys, block_size=BLOCK, use_threads=False),
            parse_options=arrow.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=invalid, ignore_empty_lines=True
            ),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(keys, pa.string()),
                include_columns=[keys[i] for i in columns],
                strings_can_be_null=False,
            ),
        )

    keys = [f"c{i}" for i in range(len(header))]
    try:
        table = read(chosen)
        passed_over = blank
        if ragged:
            raise Stop("intake", _ragged(ragged, len(header), file, delimiter))
        if body.count(b"\n", start) > table.num_rows + passed_over:  # some cell holds a line break
            _check_quotes(table, names, body, start, delimiter, len(header), file, place)
            rest = [i for i in range(len(header)) if i not in chosen]
            if rest:
                others = [header[i] for i in rest]
                _check_quotes(read(rest), others, body, start, delimiter, len(header), file, place)
    except pa.ArrowInvalid as error:
        remedy = "look for a quote that is not closed, or export it again"
        raise Stop("intake", Problem(f"cannot be read as CSV ({error})", file, place, remedy)) from None
    frame = table.to_pandas().set_axis(names, axis=1)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame, [f"{passed_over} lines without content were passed over"] if passed_over else []


def _ragged(rows: list[tuple[int | None, int]], expected: int, file: str, delimiter: str) -> Problem:
    number, found = rows[0]
    where = ", ".join(str(n) for n, _ in rows[:5] if n is not None) + (" ..." if len(rows) > 5 else "")
    what = f"{len(rows)} rows do not have {expected} fields (row {number} has {found})"
    shown = {"\t": "a tab"}.get(delimiter, f'"{delimiter}"')
    remedy = f"put texts that hold {shown} in double quotes; the last row may be cut off"
    return Problem(what, file, f"data row {where}", remedy)


def _check_quotes(
    table: pa.Table, names: Sequence[str], body: bytes, start: int, delimiter: str, width: int, file: str, place: str
) -> None:
    """A quote that is opened and never closed swallows the rows behind it into one cell, up to the next quote.

    Such a cell holds lines with as many delimiters as a row has; in the last row any line break is enough when the
    quotes of the file do not come in pairs.
    """
    import pyarrow.compute as pc

    inside = min(max(width - 1, 3), 100)
    pattern = rf"\n(?:[^\n{re.escape(delimiter)}]*{re.escape(delimiter)}){{{inside}}}"
    odd = body.count(b'"', start) % 2 == 1
    for name, column in zip(names, table.columns, strict=True):
        broken = pc.match_substring(column, "\n")
        if not pc.any(broken, min_count=0).as_py():
            continue
        hit = pc.index(pc.match_substring_regex(column, pattern), True).as_py()
        if hit < 0 and odd and table.num_rows and "\n" in column[-1].as_py().rstrip("\r\n"):
            hit = table.num_rows - 1
        if hit >= 0:
            what = f"a quote is opened in column {name} and never closed"
            raise Stop("intake", Problem(what, file, f"{place}, data row {hit + 1}", "close or remove the quote"))
