"""SPSS, Stata, SAS and Parquet as text: codes as they are stored, labels and user-missing codes beside them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

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


def _chosen(wanted: Sequence[str] | None, header: Sequence[str]) -> list[str]:
    """The columns to read, each once: all when none are named."""
    return [c for c in dict.fromkeys(header if wanted is None else wanted) if c in header]


def _labelled(raw: Raw, meta: Any, header: Sequence[str]) -> Raw:
    """The raw file with what its own metadata say: encoding, labels of columns and of codes."""
    raw.header, raw.encoding = list(header), meta.file_encoding or ""
    texts = meta.column_names_to_labels or {}
    raw.labels = {c: " ".join(str(text).split()) for c, text in texts.items() if text}
    known = meta.variable_value_labels or {}
    raw.value_labels = {c: {as_text(k): str(v) for k, v in labels.items()} for c, labels in known.items()}
    return raw


def read_spss(name: str, file: str, entry: Mapping[str, Any], wanted: Sequence[str] | None) -> Raw:
    """An SPSS .sav or .zsav: raw codes, user-missing codes kept as codes and listed in ``declared_missing``."""
    import pyreadstat

    _, whole = pyreadstat.read_sav(file, metadataonly=True)
    columns = _chosen(wanted, whole.column_names)
    frame, meta = pyreadstat.read_sav(file, user_missing=True, usecols=columns or None, apply_value_formats=False)
    raw = _labelled(Raw(name, file, _as_text(frame, columns), [], "SPSS"), meta, whole.column_names)
    raw.declared_missing = {
        column: [(as_text(r["lo"]), as_text(r["hi"])) for r in ranges]
        for column, ranges in (meta.missing_ranges or {}).items()
    }
    return raw


def read_stata(name: str, file: str, entry: Mapping[str, Any], wanted: Sequence[str] | None) -> Raw:
    """A Stata .dta: raw codes; extended missing values as ``.a`` to ``.z``."""
    import pyreadstat

    frame, meta = pyreadstat.read_dta(file, user_missing=True, apply_value_formats=False)
    _tag_missing(frame, meta)
    columns = _chosen(wanted, meta.column_names)
    return _labelled(Raw(name, file, _as_text(frame, columns), [], "Stata"), meta, meta.column_names)


def read_sas(name: str, file: str, entry: Mapping[str, Any], wanted: Sequence[str] | None) -> Raw:
    """A SAS .sas7bdat (labels of its codes from a ``catalog``) or transport file; special missing values as ``.A``."""
    import pyreadstat

    with open(file, "rb") as stream:
        transport = stream.read(6) == b"HEADER"
    if transport:
        frame, meta = pyreadstat.read_xport(file)
    else:
        frame, meta = pyreadstat.read_sas7bdat(
            file, catalog_file=entry.get("catalog"), formats_as_category=False, user_missing=True
        )
        _tag_missing(frame, meta)
    columns = _chosen(wanted, meta.column_names)
    form = "SAS transport" if transport else "SAS"
    return _labelled(Raw(name, file, _as_text(frame, columns), [], form), meta, meta.column_names)


def _tag_missing(frame: pd.DataFrame, meta: Any) -> None:
    """Letters of tagged missing values as Stata and SAS write them: a point before the letter."""
    for column, letters in (meta.missing_user_values or {}).items():
        if column in frame.columns:
            tagged = frame[column].isin(letters)
            frame[column] = frame[column].astype("object").mask(tagged, "." + frame[column].astype("str"))


def read_parquet(name: str, file: str, entry: Mapping[str, Any], wanted: Sequence[str] | None) -> Raw:
    """A Parquet file; categories are read as their labels."""
    import pyarrow.parquet as parquet

    header = list(parquet.read_schema(file).names)
    columns = _chosen(wanted, header)
    frame = parquet.read_table(file, columns=columns).to_pandas()
    return Raw(name, file, _as_text(frame, columns), header, "Parquet")


READERS: dict[str, Callable[[str, str, Mapping[str, Any], Sequence[str] | None], Raw]] = {
    "spss": read_spss,
    "stata": read_stata,
    "sas": read_sas,
    "parquet": read_parquet,
}
