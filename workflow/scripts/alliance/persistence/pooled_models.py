"""The pooled models of the linking stage once more, one after another, for the stages that look at them more closely.

Same rows, same formula, same covariance as in the linking stage: what these stages say is about the same estimates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alliance.persistence.analysis import Analysis, analysis_rows, model_frame, standardised_predictors
from alliance.persistence.link import fit_or_penalise
from alliance.persistence.result import OutcomeFit

if TYPE_CHECKING:
    import pandas as pd

POOLED = "pooled"
FAMILIES = ("logit", "hazard")  # one probability per row, on the scale of log odds
STATUS = ("stage", "sample", "model", "status", "reason")


@dataclass
class StatusRows:
    """What became of each analysis of a stage: rows of its status table."""

    stage: str
    rows: list[dict[str, str]] = field(default_factory=list)

    def add(self, model: str, status: str, reason: str = "", sample: str = POOLED) -> None:
        """``status`` is ok, inadmissible or failed."""
        self.rows.append({"stage": self.stage, "sample": sample, "model": model, "status": status, "reason": reason})

    def table(self) -> pd.DataFrame:
        """The rows as a frame, in their order."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(STATUS))


@dataclass(frozen=True)
class PooledModel:
    """One model of the config on the pooled sample: its students (``rows``), its data and its fit."""

    name: str
    block: Mapping[str, Any]
    link: Mapping[str, Any]
    periods: pd.DataFrame
    rows: pd.DataFrame
    analysis: Analysis
    fit: OutcomeFit

    @property
    def key(self) -> dict[str, str]:
        """Outcome, model and sample: the first columns of every table."""
        return {"outcome": self.block["outcome"], "model": self.name, "sample": POOLED}

    def refit(self, predictors: Sequence[str], **columns: Any) -> tuple[Analysis, OutcomeFit, str, str]:
        """The same students and covariates with other predictors, which may be new ``columns`` (student_id -> value).

        Returns the analysis, the fit, its status and the reason.
        """
        values = {name: self.rows["student_id"].map(column) for name, column in columns.items()}
        rows = self.rows.assign(**values)
        link = {**self.link, "predictors": list(predictors)}
        analysis = analysis_rows(rows, self.periods, self.block, link, pooled=True)
        return analysis, *fit_or_penalise(analysis, self.block["family"], link)


def pooled_models(
    sample: pd.DataFrame,
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    periods: pd.DataFrame,
    config: Mapping[str, Any],
    minimum: int,
    status: StatusRows,
) -> Iterator[PooledModel]:
    """Every pooled model that can be looked at; for the others a row of ``status`` says why not."""
    link = config["link"]
    students = standardised_predictors(sample, scores, config)
    for name, block in link["models"].items():
        if block["family"] not in FAMILIES:
            status.add(name, "failed", f"not made for the family {block['family']}")
            continue
        rows = model_frame(students, outcomes[outcomes["outcome"] == block["outcome"]], link, None)
        analysis = analysis_rows(rows, periods, block, link, pooled=True)
        if analysis.students < minimum:
            status.add(name, "failed", f"fewer than {minimum} students with complete data")
            continue
        fit, state, reason = fit_or_penalise(analysis, block["family"], link)
        status.add(name, state, reason)
        if state != "failed":
            yield PooledModel(name, block, link, periods, rows, analysis, fit)
