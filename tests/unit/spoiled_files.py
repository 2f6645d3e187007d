"""Raw files spoiled in all the ways in which files get spoiled, and what an honest reader may make of each."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SAME = "the same answers as the whole file"
PREFIX = "the first rows of the whole file"
ROW = "the same answers but for one row"
REFUSED = "a message"
ANYTHING = "a message or a clean result"


@dataclass(frozen=True)
class Case:
    """One spoiled file: how it was spoiled, its bytes, what may come of it when it is read without a message."""

    name: str
    content: bytes
    expected: str
    row: int = 0
    suffix: str = ""


@dataclass(frozen=True)
class Text:
    """A sound CSV file, taken apart: header rows, data rows, and columns that hold answers and ids."""

    head: list[list[str]]
    rows: list[list[str]]
    items: list[int]
    texts: list[int]

    def write(self, head=None, rows=None, delimiter=",", quoting=csv.QUOTE_MINIMAL, end="\r\n") -> str:
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=end)
        writer.writerows([*(self.head if head is None else head), *(self.rows if rows is None else rows)])
        return stream.getvalue()


def _edited(rows: list[list[str]], row: int, column: int, text: str) -> list[list[str]]:
    return [[text if (i, j) == (row, column) else cell for j, cell in enumerate(r)] for i, r in enumerate(rows)]


def _random_text(rng: np.random.Generator, length: int) -> str:
    pool = 'abcXYZ019 ,;"\t\n\r=+-@.éß漢😀\u200b\u2028\ufeff\x07\x1b\x85'
    return "".join(rng.choice(list(pool), length))


def truncated(rng, file: Text) -> Case:
    data = file.write().encode()
    return Case("truncated", data[: rng.integers(1, len(data))], PREFIX)


def noise(rng, file: Text) -> Case:
    data = bytearray(file.write().encode())
    for at in rng.integers(0, len(data), rng.integers(1, 20)):
        data[at] = rng.integers(0, 256)
    return Case("random bytes", bytes(data), ANYTHING)


def block(rng, file: Text) -> Case:
    data = file.write().encode()
    at = rng.integers(0, len(data))
    return Case("binary block", data[:at] + rng.bytes(200) + data[at:], ANYTHING)


def only_noise(rng, file: Text) -> Case:
    return Case("only random bytes", rng.bytes(int(rng.integers(1, 3000))), REFUSED)


def nul(rng, file: Text) -> Case:
    data = file.write().encode()
    at = rng.integers(0, len(data))
    return Case("NUL byte", data[:at] + b"\0" + data[at:], REFUSED)


def encoded(rng, file: Text) -> Case:
    codec = rng.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
    return Case(f"written as {codec}", file.write().encode(codec, errors="replace"), SAME)


def strange_encoding(rng, file: Text) -> Case:
    codec = rng.choice(["utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037", "utf-8"])
    data = file.write(rows=[["é" + c for c in r] for r in file.rows]).encode(codec, errors="replace")
    return Case(f"written as {codec}", data + b"\xff\xfe\xfd" if codec == "utf-8" else data, REFUSED)


def dialect(rng, file: Text) -> Case:
    delimiter = str(rng.choice(list(",;\t|")))
    quoting = csv.QUOTE_ALL if rng.random() < 0.5 else csv.QUOTE_MINIMAL
    end = str(rng.choice(["\n", "\r\n"]))
    text = file.write(delimiter=delimiter, quoting=quoting, end=end)
    return Case(f"delimiter {delimiter!r}", text.encode(), SAME)


def shuffled(rng, file: Text) -> Case:
    order = rng.permutation(len(file.head[0]))
    head, rows = ([[r[j] for j in order] for r in part] for part in (file.head, file.rows))
    return Case("shuffled columns", file.write(head, rows).encode(), SAME)


def wide(rng, file: Text) -> Case:
    extra = [f"extra_{i}" for i in range(10_000)]
    head = [r + extra for r in file.head]
    text = file.write(head, [r + ["0"] * len(extra) for r in file.rows[:5]])
    return Case("10,000 more columns", text.encode(), PREFIX)


def header_only(rng, file: Text) -> Case:
    return Case("header only", file.write(rows=[]).encode(), REFUSED)


def nothing(rng, file: Text) -> Case:
    return Case("empty", bytes(rng.choice(list(b" \n\r\t,;"), rng.integers(0, 50)).astype("uint8")), REFUSED)


def blank_lines(rng, file: Text) -> Case:
    lines = file.write().split("\r\n")
    quoted = np.cumsum([line.count('"') for line in lines]) % 2
    at = int(rng.choice([i for i in range(len(file.head) + 1, len(lines)) if not quoted[i - 1]]))
    return Case("blank lines", "\r\n".join([*lines[:at], "", "", *lines[at:]]).encode(), SAME)


def ragged(rng, file: Text) -> Case:
    rows = [list(r) for r in file.rows]
    row = rows[rng.integers(0, len(rows))]
    row[:] = row[:-1] if rng.random() < 0.5 else [*row, "more"]
    return Case("ragged row", file.write(rows=rows).encode(), REFUSED)


def double_column(rng, file: Text) -> Case:
    head = [[*r, r[file.items[0]]] for r in file.head]
    return Case("column twice", file.write(head, [[*r, "1"] for r in file.rows]).encode(), REFUSED)


def lost_column(rng, file: Text) -> Case:
    j = file.items[rng.integers(0, len(file.items))]
    head, rows = ([r[:j] + r[j + 1 :] for r in part] for part in (file.head, file.rows))
    return Case("column gone", file.write(head, rows).encode(), REFUSED)


def huge_text(rng, file: Text) -> Case:
    row, column = int(rng.integers(0, len(file.rows))), file.texts[0]
    return Case("huge text", file.write(rows=_edited(file.rows, row, column, "word, " * 400_000)).encode(), SAME)


def huge_answer(rng, file: Text) -> Case:
    row, column = int(rng.integers(0, len(file.rows))), file.items[0]
    return Case("huge answer", file.write(rows=_edited(file.rows, row, column, "9" * 1_000_000)).encode(), REFUSED)


def open_quote(rng, file: Text) -> Case:
    row, column = int(rng.integers(0, len(file.rows) - 1)), file.texts[0]
    text = file.write(rows=_edited(file.rows, row, column, "OPEN")).replace("OPEN", '"' + "x" * 2000)
    return Case("quote never closed", text.encode(), REFUSED)


def two_open_quotes(rng, file: Text) -> Case:
    rows = file.rows
    for row in sorted(rng.choice(len(rows), 2, replace=False)):
        rows = _edited(rows, int(row), file.texts[0], "OPEN")
    return Case("two quotes never closed", file.write(rows=rows).replace("OPEN", '"x').encode(), REFUSED)


def formula(rng, file: Text) -> Case:
    text = str(rng.choice(["=1+1", "=HYPERLINK(0)", "+4", "-2+3", "@SUM(A1)", "=4"]))
    row, column = int(rng.integers(0, len(file.rows))), int(rng.choice(file.items))
    expected = ROW if text == "+4" else REFUSED
    return Case(f"formula {text}", file.write(rows=_edited(file.rows, row, column, text)).encode(), expected, row + 1)


def formula_text(rng, file: Text) -> Case:
    row = int(rng.integers(0, len(file.rows)))
    rows = _edited(file.rows, row, file.texts[0], '=cmd|"/c calc"!A1')
    return Case("formula in a text", file.write(rows=rows).encode(), SAME)


def strange_cell(rng, file: Text) -> Case:
    row, column = int(rng.integers(0, len(file.rows))), int(rng.integers(0, len(file.head[0])))
    rows = _edited(file.rows, row, column, _random_text(rng, int(rng.integers(1, 30))))
    return Case("strange cell", file.write(rows=rows).encode(), ROW, row + 1)


def compressed(rng, file: Text) -> Case:
    data = gzip.compress(file.write().encode(), mtime=0)
    if rng.random() < 0.5:
        return Case("gzip", data, SAME, suffix=".gz")
    return Case("gzip cut off", data[: rng.integers(11, len(data) - 8)], REFUSED, suffix=".gz")


#: ways for every CSV file, and those for files with items
TEXT: tuple[Callable[..., Case], ...] = (
    truncated,
    truncated,
    noise,
    noise,
    block,
    only_noise,
    nul,
    encoded,
    strange_encoding,
    dialect,
    shuffled,
    wide,
    header_only,
    nothing,
    blank_lines,
    ragged,
    huge_text,
    open_quote,
    two_open_quotes,
    formula_text,
    strange_cell,
    strange_cell,
    strange_cell,
    compressed,
)
ANSWERS: tuple[Callable[..., Case], ...] = (double_column, lost_column, huge_answer, formula)


def spoil_binary(rng: np.random.Generator, data: bytes) -> Case:
    """A spoiled SPSS, Excel or Parquet file. Formats without a checksum may be read; never with a traceback."""
    kind = int(rng.integers(0, 5))
    if kind == 0:
        return Case("truncated", data[: rng.integers(1, len(data))], ANYTHING)
    if kind == 1:
        spoiled = bytearray(data)
        for at in rng.integers(0, len(data), rng.integers(1, 20)):
            spoiled[at] = rng.integers(0, 256)
        return Case("random bytes", bytes(spoiled), ANYTHING)
    if kind == 2:
        at = int(rng.integers(0, len(data)))
        return Case("binary block", data[:at] + rng.bytes(300) + data[at:], ANYTHING)
    if kind == 3:
        return Case("doubled", data + data, ANYTHING)
    return Case("begins right", data[:64] + rng.bytes(int(rng.integers(0, 2000))), ANYTHING)


def spoil_workbook(rng: np.random.Generator, data: bytes) -> Case:
    """A workbook whose archive is sound and whose parts are not: cut off, replaced, missing, or a bomb."""
    kind = str(rng.choice(["cut", "noise", "gone", "bomb"]))
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        names = [n for n in old.namelist() if n.endswith((".xml", ".rels"))]
        victim = "xl/worksheets/sheet1.xml" if kind == "bomb" else str(rng.choice(names))
        for name in old.namelist():
            part = old.read(name)
            if name == victim and kind == "gone":
                continue
            if name == victim and kind == "cut":
                part = part[: len(part) // 2]
            if name == victim and kind == "noise":
                part = rng.bytes(len(part))
            if name == victim and kind == "bomb":
                part += b" " * 60_000_000
            new.writestr(name, part)
    return Case(f"workbook part: {kind}", stream.getvalue(), REFUSED if kind == "bomb" else ANYTHING)
