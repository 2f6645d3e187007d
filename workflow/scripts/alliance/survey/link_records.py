"""Reports of other roles and waves beside the reports that open the flow: same student, same mentor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alliance.codebook import Column
from alliance.survey.filters import one_each

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def relationship(sample: pd.DataFrame, reports: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Which reports name the mentor of the sample's relationship, and which leave open whose it is (booleans, rows).

    ``sample`` has one row for each student. Where the report or the sample does not name a mentor, the student alone
    decides: the report is open. Reports about another mentor, or of other students, are neither.
    """
    mentor = reports["student_id"].map(sample.set_index("student_id")["mentor_id"])
    named = (reports["mentor_id"] == mentor) & (mentor != "")
    open_ = mentor.notna() & ((reports["mentor_id"] == "") | (mentor == ""))
    return named.to_numpy(dtype=bool), open_.to_numpy(dtype=bool)


def matched(sample: pd.DataFrame, reports: pd.DataFrame, rule: str, items: Sequence[Column]) -> np.ndarray:
    """Which reports are taken: at most one for each student of the sample (boolean, rows of ``reports``).

    Of several that fit (see :func:`relationship`), ``rule`` (first, last, most_complete) keeps one; one with the
    mentor's name comes before one without.
    """
    import numpy as np

    named, open_ = relationship(sample, reports)
    taken = np.zeros(len(reports), dtype=bool)
    done = np.zeros(len(reports), dtype=bool)
    for fitting in (named, open_):
        some = np.flatnonzero(fitting & ~done)
        chosen = some[one_each(reports.iloc[some], ["student_id"], rule, items)]
        taken[chosen] = True
        done |= reports["student_id"].isin(reports["student_id"].iloc[chosen]).to_numpy()
    return taken
