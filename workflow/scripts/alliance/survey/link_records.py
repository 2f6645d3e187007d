"""Reports of other roles and waves beside the reports that open the flow: same student, same mentor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alliance.codebook import Column
from alliance.survey.filters import one_each

if TYPE_CHECKING:
    import pandas as pd


def matched(sample: pd.DataFrame, reports: pd.DataFrame, rule: str, items: Sequence[Column]) -> pd.DataFrame:
    """At most one report for each student of the sample, indexed by ``student_id``.

    A report belongs to a student of the sample when it names the same student and the same mentor. Where one of the
    two does not name a mentor, the student alone decides. Reports about another mentor are about another relationship
    and are not taken. Of several that fit, ``rule`` (first, last, most_complete) keeps one; one with the mentor's name
    comes before one without.
    """
    import pandas as pd

    mentor = reports["student_id"].map(sample.set_index("student_id")["mentor_id"])
    named = (reports["mentor_id"] == mentor) & (mentor != "")
    open_ = mentor.notna() & ((reports["mentor_id"] == "") | (mentor == ""))
    fitting = reports[named | open_]
    same = named[named | open_]
    best = [
        part[one_each(part, ["student_id"], rule, items)].set_index("student_id")
        for part in (fitting[same], fitting[~same])
    ]
    both = pd.concat(best)
    return both[~both.index.duplicated()]
