"""What the sample is built from: config, codebook and tidy tables, and the questions that all steps ask of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from alliance.codebook import Codebook, Column
from alliance.survey.flow import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"


@dataclass
class Study:
    """Config, codebook and the tables of the intake. ``degrees`` may be left out."""

    config: Mapping[str, Any]
    codebook: Codebook
    responses: pd.DataFrame
    students: pd.DataFrame
    terms: pd.DataFrame
    degrees: pd.DataFrame | None = None
    _columns: dict[tuple[str, int], list[Column]] = field(default_factory=dict, repr=False)

    @property
    def plan(self) -> Mapping[str, Any]:
        """The block ``sample`` of the config."""
        return self.config["sample"]

    @property
    def filters(self) -> list[Mapping[str, Any]]:
        """The declared exclusions, in their order."""
        return list(self.plan.get("filters") or ())

    @property
    def frame(self) -> tuple[str, int] | None:
        """Role and wave whose reports open the flow; None when the students themselves do."""
        frame = self.plan["frame"]
        return None if frame == "students" else (str(frame["role"]), int(frame["wave"]))

    @property
    def has_roster(self) -> bool:
        """Whether the study has a students file."""
        return any(entry["kind"] == "students" for entry in self.config["inputs"].values())

    @property
    def roster(self) -> frozenset[str]:
        """Ids of the students file."""
        return frozenset(self.students["student_id"])

    @cached_property
    def entry_years(self) -> pd.Series:
        """Entry cohort by student id, derived from the term records as ``sample.cohort`` says."""
        from alliance.calendar import calendar_from, entry_year

        years = entry_year(self.terms, calendar_from(self.config), self.plan["cohort"]["derive"])
        return years.astype("string")

    def reports(self, role: str, wave: int) -> pd.DataFrame:
        """All reports of one role and wave, with the column ``date_`` (ISO text) when they carry a date."""
        chosen = (self.responses["role"] == role) & (self.responses["wave"] == wave)
        rows = self.responses[chosen].reset_index(drop=True)
        dates = [c.variable for c in self.variables(role, wave) if c.type == "date"]
        return rows.assign(date_=rows[dates[0]]) if dates else rows

    def variables(self, role: str, wave: int) -> list[Column]:
        """Columns that the reports of one role and wave have, without ids; each variable once."""
        if (role, wave) not in self._columns:
            inputs = {c.input for c in self.codebook.used() if c.report == (role, wave)}
            found = {
                c.variable: c
                for c in self.codebook.used()
                if c.input in inputs and c.type != "id" and c.report in (None, (role, wave))
            }
            self._columns[role, wave] = list(found.values())
        return self._columns[role, wave]


def cohorts_of(study: Study, rows: pd.DataFrame) -> pd.Series:
    """The cohort of each row: derived from terms, the roster's, or the report's own; ``unknown`` when there is none."""
    import pandas as pd

    wanted = study.plan.get("cohort")
    if wanted is None:
        return pd.Series(ALL, index=rows.index, dtype="str")
    if isinstance(wanted, Mapping):
        found = rows["student_id"].map(study.entry_years)
    elif wanted in study.students.columns:
        found = rows["student_id"].map(study.students.set_index("student_id")[wanted])
    elif wanted in rows:
        found = rows[wanted]
    else:
        return pd.Series(UNKNOWN, index=rows.index, dtype="str")
    text = found.astype("string").str.replace(r"\.0$", "", regex=True)
    return text.fillna(UNKNOWN).astype("str")


def cohorts_of_reports(study: Study, rows: pd.DataFrame, frame: pd.DataFrame) -> pd.Series:
    """The cohort of reports or records; where they do not tell it, that of the student's report in the frame.

    ``rows`` need ``student_id``; ``frame`` holds the rows that open the flow, with their cohort in ``cohort_``.
    """
    found = cohorts_of(study, rows)
    known = frame.loc[frame["student_id"] != "", ["student_id", "cohort_"]].drop_duplicates("student_id")
    of_frame = rows["student_id"].map(known.set_index("student_id")["cohort_"])
    return found.where(found != UNKNOWN, of_frame.fillna(UNKNOWN).astype("str"))
