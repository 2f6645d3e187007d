"""SPSS, Stata, Excel and Parquet as text: codes as they are stored, labels and user-missing codes beside them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alliance.errors import Problem, Stop
from alliance.survey.readers import Raw

if TYPE_CHECKING:
    import pandas as pd


def as_text(value: Any) -> str:
    """One stored value as a person would type it: whole numbers without a point, dates in ISO form, blanks as ""."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value).strip()


def _column_as_text(column: pd.Series) -> pd.Series:
    import pandas as pd

    places, distinct = pd.factorize(column)
    texts = pd.Series([as_text(_plain(value)) for value in distinct] + [""], dtype="str")
    return texts.iloc[places].set_axis(column.index)  # place -1 is the last one: blank


def _plain(value: Any) -> Any:
    import pandas as pd

    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value


def _as_text(frame: pd.DataFrame, wanted: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    columns = {name: _column_as_text(frame[name]).array for name in wanted if name in frame.columns}
    return pd.DataFrame(columns, index=pd.RangeIndex(1, len(frame) + 1))


def read_spss(name: str, file: str, entry: Mapping[str, Any], wanted: Sequence[str]) -> Raw:
    """An SPSS .sav: raw codes, user-missing codes kept as codes and listed in ``declared_missing``."""
    import pyreadstat

    _, meta = pyreadstat.read_sav(file, metadataonly=True)
    columns = [c for c in dict.fromkeys(wanted) if c in meta.column_names]
    frame, meta = pyreadstat.read_sav(file, user_missing=True, usecols=columns or None, apply_value_formats=False)
    declared = {
        column: [(as_text(r["lo"]), as_text(r["hi"])) for r in ranges]
        for column, ranges in (meta.missing_ranges or {}).items()
    }
    raw = _with_labels(Raw(name, file, _as_text(frame, wanted), [], "SPSS", meta.file_encoding or ""), meta)
    _, whole = pyreadstat.read_sav(file, metadataonly=True)
    raw.header, raw.declared_missing = list(whole.column_names), declared
    return raw


def read_stata(name: str, file: str, entry: Mapping[str, Any], wanted: Sequence[str]) -> Raw:
    """A Stata .dta: raw codes; extended missing values as ``.a`` to ``.z``."""
    import pyreadstat

    frame, meta = pyreadstat.read_dta(file, user_missing=True, apply_value_formats=False)
    for column, letters in (meta.missing_user_values or {}).items():
        if column in frame.columns:
            tagged = frame[column].isin(letters)
            frame[column] = frame[column].astype("object").mask(tagged, "." + frame[column].astype("str"))
    raw = _with_labels(Raw(name, file, _as_text(frame, wanted), [], "Stata", meta.file_encoding or ""), meta)
    raw.header = list(meta.column_names)
    return raw


def _with_labels(raw: Raw, meta: Any) -> Raw:
    labels = meta.variable_value_labels or {}
    raw.value_labels = {c: {as_text(k): str(v) for k, v in known.items()} for c, known in labels.items()}
    return raw


def read_excel(name: str, file: str, entry: Mapping[str, Any], wanted: Sequence[str]) -> Raw:
    """One sheet of an Excel workbook, whose first row with content is the header; formulas give their stored value."""
    import openpyxl
    import pandas as pd

    book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    sheet = entry.get("sheet") or book.sheetnames[0]
    if sheet not in book.sheetnames:
        remedy = f"the sheets are {', '.join(book.sheetnames)}"
        raise Stop("intake", Problem(f"has no sheet {sheet}", file, f"key inputs.{name}.sheet", remedy))
    found = ([as_text(value) for value in row] for row in book[sheet].iter_rows(values_only=True))
    rows = [row for row in found if any(row)]
    book.close()
    if not rows:
        raise Stop("intake", Problem("the sheet is empty", file, f"sheet {sheet}", "name another sheet"))
    header = rows[0]
    while header and not header[-1]:
        header.pop()
    body = [(row + [""] * len(header))[: len(header)] for row in rows[1:]]
    columns = {c: [row[header.index(c)] for row in body] for c in dict.fromkeys(wanted) if c in header}
    frame = pd.DataFrame(columns, index=pd.RangeIndex(1, len(body) + 1), dtype="str")
    return Raw(name, file, frame, header, f"Excel, sheet {sheet}")


def read_parquet(name: str, file: str, entry: Mapping[str, Any], wanted: Sequence[str]) -> Raw:
    """A Parquet file; categories are read as their labels."""
    import pyarrow.parquet as parquet

    header = list(parquet.read_schema(file).names)
    frame = parquet.read_table(file, columns=[c for c in dict.fromkeys(wanted) if c in header]).to_pandas()
    return Raw(name, file, _as_text(frame, wanted), header, "Parquet")


READERS: dict[str, Callable[[str, str, Mapping[str, Any], Sequence[str]], Raw]] = {
    "spss": read_spss,
    "stata": read_stata,
    "excel": read_excel,
    "parquet": read_parquet,
}
