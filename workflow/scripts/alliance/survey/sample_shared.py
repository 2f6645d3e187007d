"""The counts of the sample stage as they may be shared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alliance.disclosure import suppress_counts
from alliance.survey.flow import POOLED
from alliance.survey.sample import Sample
from alliance.survey.sample_study import Study

if TYPE_CHECKING:
    import pandas as pd


def shareable_counts(study: Study, sample: Sample, minimum: int) -> dict[str, pd.DataFrame]:
    """Tables by name (flow, flow_reports, waves, careless, linkage, relationships), small counts withheld."""
    flagged = suppress_counts(
        sample.careless,
        ["n", "flagged"],
        minimum,
        clear=["share"],
        parts={"flagged": "n"},
        sets=[["role", "wave", "index", "filter"]],
        totals={"cohort": POOLED},
    )
    return {
        "flow": sample.flow,
        "flow_reports": sample.flow_reports,
        "waves": sample.waves,
        "careless": flagged,
        "linkage": sample.linkage,
        "relationships": sample.relationships,
    }
