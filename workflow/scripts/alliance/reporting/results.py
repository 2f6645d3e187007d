"""The shareable results of a study as the report reads them: tables by name, empty where a stage was not asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

POOLED = "pooled"
_NO_COHORTS = "all"  # the one cohort of a study without cohorts: the pooled rows say the same
_WORDS = (
    "cohort",
    "sample",
    "level",
    "group",
    "variable",
    "value",
    "model",
    "outcome",
    "term",
    "dimension",
    "n",
    "excluded",
    "n_in",
    "n_out",
)


@dataclass
class Results:
    """Config and result tables. Names are ``<stage>_<table>``, for example ``measurement_fit``."""

    config: Mapping[str, Any]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether the table exists and has rows."""
        return name in self.tables and len(self.tables[name]) > 0

    def get(self, name: str) -> pd.DataFrame:
        """The table; empty, without columns, when its stage was not asked for."""
        import pandas as pd

        return self.tables[name] if name in self.tables else pd.DataFrame()

    def rows(self, name: str, **where: object) -> list[dict[str, Any]]:
        """Rows in which every named column equals the value given (as text), in the order of the file.

        A column that the table does not have matches nothing, so a table of a stage not asked for gives an empty list.
        """
        frame = self.get(name)
        for column, value in where.items():
            if column not in frame:
                return []
            frame = frame[frame[column].astype(str) == str(value)]
        return frame.to_dict("records")

    def block(self, *keys: str) -> Any:
        """The config's value under nested keys, None when one is missing."""
        value: Any = self.config
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


def read_results(config: Mapping[str, Any], files: Mapping[str, str | Path]) -> Results:
    """Read the CSV files; names of cohorts, groups and models stay text even when they look like numbers."""
    import pandas as pd

    results = Results(config)
    for name, path in files.items():
        if not str(path).endswith(".csv"):
            continue
        head = pd.read_csv(path, nrows=0, encoding="utf-8").columns
        words = {
            c: str
            for c in head
            if (c in _WORDS and c not in ("n", "excluded", "n_in", "n_out", "value"))
            or c.startswith(("dimension", "item"))
        }
        if name == "measurement_reliability":
            words.pop("items", None)
        frame = pd.read_csv(path, dtype=words, encoding="utf-8", keep_default_na=False, na_values=[""])
        if "cohort" in frame:
            frame = frame[frame["cohort"] != _NO_COHORTS]
        results.tables[name] = frame
    return results
