"""Every doubt about the data, row by row for the researcher, and in sum for everybody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alliance.errors import Problem

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("file", "row", "column", "value", "problem", "severity", "action")
SUMMARY = ("file", "column", "problem", "severity", "action", "n")
CHECK = ("severity", "file", "place", "problem", "remedy")
SEVERITIES = ("error", "warning", "note")


@dataclass
class Issues:
    """Collects issues of single cells (private) and problems of whole columns or files (errors, warnings, notes).

    ``errors`` end the run; all of them are collected first. ``remarks`` are (severity, problem) for check.csv.
    """

    parts: list[dict[str, Any]] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    remarks: list[tuple[str, Problem]] = field(default_factory=list)
    naming: list[int] = field(default_factory=list)  # places in parts whose values are ids
    coarse: set[str] = field(default_factory=set)  # problems whose exact counts are not shared

    def cells(
        self,
        file: str,
        column: str,
        rows: Sequence[int],
        values: Sequence[str],
        problem: str,
        severity: str,
        action: str,
        *,
        ids: bool = False,
        coarse: bool = False,
    ) -> None:
        """Note one problem of many cells of a column; ``rows`` are 1-based data rows of the raw file.

        ``ids`` says that the values name persons: they go when the study has a key for pseudonyms. ``coarse``: what is
        shared says only whether there are many, because the exact count would give away one that the flow withholds.
        """
        if len(rows):
            self.parts.append(
                {
                    "file": file,
                    "row": [int(row) for row in rows],
                    "column": column,
                    "value": list(values),
                    "problem": problem,
                    "severity": severity,
                    "action": action,
                }
            )
            if ids:
                self.naming.append(len(self.parts) - 1)
            if coarse:
                self.coarse.add(problem)

    def withhold_ids(self) -> None:
        """Forget the values that name persons; their rows still lead to them."""
        for place in self.naming:
            self.parts[place]["value"] = [""] * len(self.parts[place]["row"])

    def error(self, what: str, file: str, place: str, remedy: str) -> None:
        """A problem that ends the run."""
        self.errors.append(Problem(what, file, place, remedy))

    def remark(self, severity: str, what: str, file: str, place: str, remedy: str = "") -> None:
        """A warning or note about a whole column or file."""
        self.remarks.append((severity, Problem(what, file, place, remedy)))

    def frame(self) -> pd.DataFrame:
        """issues.csv: one row per cell, in file order; what is about a whole column or file comes first."""
        import pandas as pd

        parts = [pd.DataFrame([self._whole(severity, p)], columns=list(COLUMNS)) for severity, p in self.remarks]
        parts += [pd.DataFrame(part) for part in self.parts]
        if not parts:
            return pd.DataFrame(columns=list(COLUMNS))
        frame = pd.concat([part.astype({"row": "Int64"}) for part in parts], ignore_index=True)
        order = {name: i for i, name in enumerate(dict.fromkeys(frame["file"]))}
        frame["order"] = frame["file"].map(order)
        return frame.sort_values(["order", "row"], kind="stable", ignore_index=True, na_position="first")[list(COLUMNS)]

    def summary(self, minimum: int) -> pd.DataFrame:
        """issues_summary.csv: counts by file, column and problem, the gravest first; small counts are not shown.

        What is about a whole column or file has no count.
        """
        import pandas as pd

        counts = [{k: part[k] for k in SUMMARY[:-1]} | {"n": len(part["row"])} for part in self.parts]
        frame = pd.DataFrame(counts, columns=list(SUMMARY))
        frame = frame.groupby(list(SUMMARY[:-1]), sort=False, as_index=False)["n"].sum()
        frame["n"] = [self._shown(n, problem, minimum) for n, problem in zip(frame["n"], frame["problem"], strict=True)]
        whole = pd.DataFrame([self._whole(severity, p) for severity, p in self.remarks], columns=list(COLUMNS))
        both = pd.concat([frame, whole.assign(n="")[list(SUMMARY)]], ignore_index=True)
        rank = both["severity"].map({severity: i for i, severity in enumerate(SEVERITIES)})
        return both.iloc[rank.argsort(kind="stable")].reset_index(drop=True)

    def _shown(self, n: int, problem: str, minimum: int) -> str:
        return f"{minimum} or more" if problem in self.coarse and n >= minimum else shown(n, minimum)

    @staticmethod
    def _whole(severity: str, problem: Problem) -> dict[str, Any]:
        """A remark as a row of the list."""
        place = problem.place.removeprefix("column ")
        told = {"file": problem.file, "row": None, "column": place, "value": "", "problem": problem.what}
        return told | {"severity": severity, "action": problem.remedy}

    def check(self, minimum: int) -> pd.DataFrame:
        """check.csv: everything worth knowing that did not end the run, without values."""
        import pandas as pd

        rows = [(severity, p.file, p.place, p.what, p.remedy) for severity, p in self.remarks]
        for part in self.parts:
            what = (
                f"{part['problem']}: {part['action']} ({self._shown(len(part['row']), part['problem'], minimum)} rows)"
            )
            rows.append((part["severity"], part["file"], f"column {part['column']}", what, "see issues.csv"))
        rank = {severity: i for i, severity in enumerate(SEVERITIES)}
        return pd.DataFrame(sorted(rows, key=lambda row: rank[row[0]]), columns=list(CHECK))


def shown(n: int, minimum: int) -> str:
    """A count of persons as it may be published: ``<10`` when it is small."""
    return str(n) if n == 0 or n >= minimum else f"<{minimum}"
