"""What a study reports, held number by number against its results.

A claim is a row of ``config/claims.csv``: claim, file (below the results folder), select (``sample=pooled;
measure=cfi``),
column, expected, tolerance. The verdict is ``reproduced``, ``differs`` or ``not found``; a claim is never dropped.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from alliance.errors import Problem, Stop

COLUMNS = ("claim", "file", "select", "column", "expected", "tolerance")
REPORT = ("claim", "expected", "reproduced", "tolerance", "verdict", "file", "rule")


@dataclass(frozen=True)
class Claim:
    """One reported number and where it stands."""

    claim: str
    file: str
    select: dict[str, str]
    column: str
    expected: float
    tolerance: float


@dataclass(frozen=True)
class Verdict:
    """A claim and what the results say. ``reproduced`` is None when the number was not found; ``why`` says what is
    missing."""

    claim: Claim
    reproduced: float | None
    verdict: str
    why: str = ""

    def row(self) -> dict[str, str]:
        """A row of ``verify/claims.csv``; the rule is the stage that the file belongs to."""
        found = "" if self.reproduced is None else _shortest(self.reproduced)
        return {
            "claim": self.claim.claim,
            "expected": _shortest(self.claim.expected),
            "reproduced": found,
            "tolerance": _shortest(self.claim.tolerance),
            "verdict": f"{self.verdict}: {self.why}" if self.why else self.verdict,
            "file": self.claim.file,
            "rule": self.claim.file.split("/")[0],
        }


def parse_select(text: str) -> dict[str, str]:
    """``sample=pooled; measure=cfi`` as a mapping. Raises ValueError for a part without an equals sign."""
    conditions: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        column, equals, value = part.partition("=")
        if not equals or not column.strip():
            raise ValueError(f'"{part.strip()}" is not of the form column=value')
        conditions[column.strip()] = value.strip()
    return conditions


def read_claims(path: str | Path) -> list[Claim]:
    """Read the claims. Raises :class:`Stop` that lists every row with something wrong."""
    problems: list[Problem] = []
    claims: list[Claim] = []
    with Path(path).open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        lacking = [c for c in COLUMNS if c not in (reader.fieldnames or [])]
        if lacking:
            raise Stop(
                "compare",
                Problem(f"lacks {', '.join(lacking)}", str(path), "row 1", f"give the columns {', '.join(COLUMNS)}"),
            )
        for number, row in enumerate(reader, 2):
            try:
                claims.append(_claim(row))
            except ValueError as error:
                problems.append(Problem(str(error), str(path), f"row {number}", "correct this row"))
    if problems:
        raise Stop("compare", problems)
    return claims


def _claim(row: dict[str, str]) -> Claim:
    if not (row["claim"] or "").strip() or not (row["file"] or "").strip() or not (row["column"] or "").strip():
        raise ValueError("claim, file and column must not be empty")
    if Path(row["file"]).is_absolute() or ".." in Path(row["file"]).parts or row["file"].startswith("private/"):
        raise ValueError(f'file "{row["file"]}" must stand below the results folder and not be private')
    numbers = {}
    for name in ("expected", "tolerance"):
        try:
            numbers[name] = float(row[name])
        except (TypeError, ValueError):
            raise ValueError(f'{name} "{row[name]}" is not a number') from None
        if not math.isfinite(numbers[name]):
            raise ValueError(f"{name} must be finite")
    if numbers["tolerance"] < 0:
        raise ValueError("tolerance must not be negative")
    return Claim(
        row["claim"],
        row["file"],
        parse_select(row["select"] or ""),
        row["column"],
        numbers["expected"],
        numbers["tolerance"],
    )


def compare(claims: Iterable[Claim], results: str | Path) -> list[Verdict]:
    """Look every claim up below ``results`` and judge it: reproduced when \\|expected - found\\| <= tolerance."""
    tables: dict[str, list[dict[str, str]] | None] = {}
    verdicts = []
    for claim in claims:
        if claim.file not in tables:
            tables[claim.file] = _table(Path(results) / claim.file)
        verdicts.append(judge(claim, tables[claim.file]))
    return verdicts


def judge(claim: Claim, table: list[dict[str, str]] | None) -> Verdict:
    """Judge one claim against the rows of its table (None when there is no such file)."""
    if table is None:
        return Verdict(claim, None, "not found", "no such file")
    unknown = [c for c in [*claim.select, claim.column] if table and c not in table[0]]
    if unknown:
        return Verdict(claim, None, "not found", f"no column {', '.join(unknown)}")
    rows = [row for row in table if all(_same(row[c], value) for c, value in claim.select.items())]
    if len(rows) != 1:
        return Verdict(claim, None, "not found", f"{len(rows)} rows where one is meant")
    try:
        found = float(rows[0][claim.column])
    except ValueError:
        return Verdict(claim, None, "not found", f'"{rows[0][claim.column]}" is not a number')
    if math.isnan(found):
        return Verdict(claim, None, "not found", "the value is missing")
    # Decimal numbers have no exact binary form: 0.30 - 0.20 > 0.10 without the last digits.
    within = abs(claim.expected - found) <= claim.tolerance + 1e-12 * max(1.0, abs(claim.expected))
    return Verdict(claim, found, "reproduced" if within else "differs")


def _shortest(value: float) -> str:
    """The shortest text that reads back as the same number: ``1143``, not ``1143.0``."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _same(cell: str, value: str) -> bool:
    if cell == value:
        return True
    try:
        return float(cell) == float(value)
    except ValueError:
        return False


def _table(path: Path) -> list[dict[str, str]] | None:
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_verdicts(verdicts: Iterable[Verdict], path: str | Path) -> None:
    """Write ``verify/claims.csv`` in the order of the claims."""
    with Path(path).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, REPORT, lineterminator="\n")
        writer.writeheader()
        writer.writerows(verdict.row() for verdict in verdicts)


def differing(rows: Iterable[dict[str, str]]) -> list[Problem]:
    """What is to be printed by ``verify``: each claim that was not reproduced, with both numbers."""
    problems = []
    for row in rows:
        if row["verdict"] == "reproduced":
            continue
        if row["verdict"].startswith("not found"):
            what = f"{row['claim']}: expected {row['expected']}, {row['verdict']}"
        else:
            what = f"{row['claim']}: expected {row['expected']} within {row['tolerance']}, found {row['reproduced']}"
        problems.append(
            Problem(what, row["file"], f"rule {row['rule']}", "correct the claim, or find out what changed")
        )
    return problems
