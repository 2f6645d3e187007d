"""The codebook: one row per raw column, the single source of types, answer codes, missing codes, keys and waves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

FIELDS = (
    "input",
    "column",
    "variable",
    "label",
    "type",
    "values",
    "range",
    "missing",
    "invalid",
    "dimension",
    "reverse",
    "role",
    "wave",
    "aliases",
    "recode",
)
TYPES = ("id", "item", "category", "number", "date", "text", "ignore")
IDS = ("student_id", "mentor_id")
TAKEN = ("input", "file", "row", "role", "wave")  # columns that intake adds to every report


@dataclass(frozen=True)
class Column:
    """One raw column as the codebook describes it; ``line`` is its line in the codebook file.

    ``codes`` maps each allowed code to its label; ``missing`` maps codes that mean "no answer" to their reason;
    ``invalid`` holds codes known to be entry errors. ``role`` and ``wave`` are None for columns that belong to the
    whole row of the raw file and not to one report. ``aliases`` are other names of the column in some files, ``recode``
    maps codes of an older version of the question to those of ``codes``.
    """

    line: int
    input: str
    column: str
    variable: str
    label: str = ""
    type: str = "text"
    codes: dict[str, str] | None = None
    range: tuple[float, float] | None = None
    date_format: str = ""
    window: tuple[str, str] | None = None
    missing: dict[str, str] | None = None
    invalid: tuple[str, ...] = ()
    dimension: str = ""
    reverse: bool = False
    role: str | None = None
    wave: int | None = None
    aliases: tuple[str, ...] = ()
    recode: dict[str, str] | None = None

    @property
    def report(self) -> tuple[str, int] | None:
        """Role and wave of the report that this column belongs to."""
        return None if self.role is None or self.wave is None else (self.role, self.wave)

    @property
    def indicator(self) -> bool:
        """Whether it measures a dimension: an item, or a number that the codebook gives a dimension."""
        return self.type == "item" or (self.type == "number" and bool(self.dimension))

    @property
    def scale(self) -> tuple[int, int]:
        """Lowest and highest code of an item."""
        if self.codes:
            numbers = [int(code) for code in self.codes]
            return min(numbers), max(numbers)
        if self.range is None:
            raise ValueError(f"column {self.column} has neither values nor a range")
        return int(self.range[0]), int(self.range[1])


@dataclass(frozen=True)
class Codebook:
    """All rows of a codebook, in file order."""

    columns: tuple[Column, ...]
    file: str = ""

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def of_input(self, name: str) -> list[Column]:
        """The columns of one raw file."""
        return [c for c in self.columns if c.input == name]

    def used(self) -> list[Column]:
        """All columns that are read (everything but type ``ignore``)."""
        return [c for c in self.columns if c.type != "ignore"]

    @cached_property
    def by_variable(self) -> dict[str, list[Column]]:
        """Tidy variable -> its raw columns (several when it is asked in several waves, roles or files)."""
        found: dict[str, list[Column]] = {}
        for column in self.used():
            found.setdefault(column.variable, []).append(column)
        return found

    def items(self, role: str, wave: int, dimension: str | None = None) -> list[Column]:
        """The items of one report in codebook order, each variable once; of one dimension when it is named."""
        seen: dict[str, Column] = {}
        for c in self.columns:
            if c.indicator and c.report == (role, wave) and (dimension is None or c.dimension == dimension):
                seen.setdefault(c.variable, c)
        return list(seen.values())

    def reports(self) -> list[tuple[str, int]]:
        """Every role and wave that has columns, in codebook order."""
        return list(dict.fromkeys(c.report for c in self.used() if c.report is not None))

    def label(self, variable: str) -> str:
        """The label of a variable: the first one given, or the variable's name."""
        return next((c.label for c in self.by_variable.get(variable, []) if c.label), variable)


def item_column(variable: str, role: str, wave: int) -> str:
    """Name of an item's column in the sample: ``bond_1_mentee_w1``."""
    return f"{variable}_{role}_w{wave}"


def item_columns(codebook: Codebook, role: str, wave: int, dimension: str | None = None) -> list[str]:
    """Names of the sample's columns that hold the items of one report, in codebook order."""
    return [item_column(c.variable, role, wave) for c in codebook.items(role, wave, dimension)]
