"""A table of results printed as it is: every column by its name, every number in the form that its name calls for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from alliance.reporting import apa
from alliance.reporting.inline import escape
from alliance.reporting.labels import is_missing_text, prettify
from alliance.reporting.tables import Column, Table

_COUNTS = {"n", "missing", "rows", "columns", "bytes", "excluded", "items", "replications", "wave", "order", "period"}
_SHARES = {"share", "rate", "share_missing", "coverage", "response_rate", "missing_share"}
_BOUNDED = {"icc", "reliability", "determinacy", "alpha", "omega", "r", "htmt", "item_rest", "residual_r"}
_P = {"p", "p_value", "pvalue", "p_adjusted"}
_HEADS = {
    "n": "*n*",
    "p_value": "*p*",
    "pvalue": "*p*",
    "p_adjusted": "*p* adjusted",
    "mean": "*M*",
    "sd": "*SD*",
    "icc": "ICC",
    "se": "*SE*",
    "std_error": "*SE*",
    "df": "*df*",
    "r": "*r*",
    "htmt": "HTMT",
    "conf_low": "CI low",
    "conf_high": "CI high",
    "ci_lower": "CI low",
    "ci_upper": "CI high",
    "odds_ratio": "OR",
    "n_clusters": "Clusters",
    "sha256": "SHA-256",
}


def formatter(column: str) -> Callable[[Any], str]:
    """How values of a column with this name are printed."""
    if column in _COUNTS or column.startswith("n_"):
        return apa.count
    if column in _SHARES or column.startswith("share_"):
        return apa.percent
    if column in _BOUNDED:
        return apa.bounded
    if column in _P:
        return apa.p_cell
    if column == "df":
        return apa.degrees
    return apa.number


def plain_table(
    rows: Iterable[Mapping[str, Any]],
    name: str,
    caption: str,
    columns: Sequence[str] | None = None,
    *,
    names: Mapping[str, Callable[[str], str]] | None = None,
    heads: Mapping[str, str] | None = None,
    note: str = "",
) -> Table:
    """Print the given columns (all when None) of the rows; columns in which nothing stands are left out.

    ``names`` turns the keys of a column into printed names; ``heads`` gives headings.
    """
    rows = list(rows)
    columns = list(columns if columns is not None else rows[0] if rows else [])
    columns = [c for c in columns if any(not is_missing_text(row.get(c)) for row in rows)]
    words = {c for c in columns if any(isinstance(row.get(c), str) and not _suppressed(row[c]) for row in rows)}
    heads = {**_HEADS, **(heads or {})}
    table = Table(
        name, caption, [Column(heads.get(c, prettify(c)), numeric=c not in words) for c in columns], note=note
    )
    for row in rows:
        table.add(*(_cell(row.get(c), c, c in words, (names or {}).get(c)) for c in columns))
    return table


def _suppressed(value: str) -> bool:
    return value.strip().startswith("<")


def _cell(value: Any, column: str, words: bool, name: Callable[[str], str] | None) -> str:
    if is_missing_text(value):
        return apa.MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name is not None:
        return escape(name(str(value)))
    if words or isinstance(value, str):
        return escape(str(value)) if isinstance(value, str) else apa.number(value)
    return formatter(column)(value)
