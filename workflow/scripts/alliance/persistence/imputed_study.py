"""What the study imputes: the frame of all variables that the link models use, with their auxiliaries, and its plan.

Outcomes, predictors and covariates of the link models always predict each other (the models of the analysis stand
inside the model of the imputation); auxiliaries predict what they correlate with. A yes/no outcome is a category with
the answers 1, 0 and "outside" for students who are not at risk, so that nobody has an outcome that does not exist for
her. A time is given by its event and its cumulative hazard (White & Royston 2009, Stat. Med. 28:1982). Only an outcome
that is an unanswered question is imputed: the records of a registrar are not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.codebook import Codebook, item_columns
from alliance.persistence.outcomes import NO_ANSWER
from alliance.persistence.settings import grouped_covariates, model_settings
from alliance.survey.clustering import dimension_means
from alliance.survey.describe import reports_in
from alliance.survey.imputation_plan import FEWEST_OBSERVED, MOST_LEVELS, ImputationPlan, plan_imputation

if TYPE_CHECKING:
    import pandas as pd

OUTSIDE = "outside"
PREFIX = "outcome_"
FEWEST_CLUSTERS = 5
ROWS_PER_TERM = 5  # fewer rows for each term, and the auxiliaries are left out
CONTINUOUS = 20  # a number with more distinct values is drawn from the linear model
STATUS = ("stage", "sample", "model", "status", "reason")


@dataclass
class StudyFrame:
    """The frame to impute (one row per student of the sample, in its order) and the parts that its columns play.

    analysis: what the link models use, cohort and outcomes among it; auxiliaries: what only helps; outcomes: outcome ->
    its columns; outside: outcome -> students for whom it does not exist; means: columns that are means of items;
    status: rows of status.csv about variables that cannot take part.
    """

    frame: pd.DataFrame
    analysis: list[str]
    auxiliaries: list[str]
    cluster: str | None
    outcomes: dict[str, list[str]]
    outside: dict[str, np.ndarray]
    means: list[str]
    status: list[dict[str, str]] = field(default_factory=list)

    @property
    def variables(self) -> list[str]:
        """All columns that take part."""
        return [*self.analysis, *self.auxiliaries]


def study_frame(
    students: pd.DataFrame, outcomes: pd.DataFrame, codebook: Codebook, config: Mapping[str, Any]
) -> StudyFrame:
    """Collect the variables.

    students: the sample with its predictors, as :func:`alliance.persistence.analysis.standardised_predictors` gives it;
    outcomes: student_id, outcome, value, at_risk, censored, reason_not_at_risk.
    """
    import pandas as pd

    link, wanted = config["link"], config.get("imputation") or {}
    frame = pd.DataFrame({"student_id": students["student_id"].to_numpy()})
    status: list[dict[str, str]] = []
    analysis = [*link["predictors"], *grouped_covariates(config)]
    auxiliaries = [name for name in wanted.get("auxiliaries") or () if name not in analysis]
    for name in [*analysis, *auxiliaries]:
        frame[name] = _plain(students[name])
    means = other_reports(students, codebook, config) if wanted.get("other_reports", True) else pd.DataFrame()
    frame = pd.concat([frame, means], axis=1)
    auxiliaries += list(means)
    if len(students["cohort"].unique()) > 1:
        frame["cohort"] = students["cohort"].astype(object).to_numpy()
        analysis = list(dict.fromkeys([*analysis, "cohort"]))
    parts: dict[str, list[str]] = {}
    outside: dict[str, np.ndarray] = {}
    for model, block in link["models"].items():
        outcome = block["outcome"]
        if outcome in parts:
            continue
        value = model_settings(config, model)["value"]
        columns, outside[outcome] = outcome_columns(outcome, frame["student_id"], outcomes, value)
        frame = pd.concat([frame, columns], axis=1)
        parts[outcome] = list(columns)
        analysis += list(columns)
    usable = {name: reason for name in [*analysis, *auxiliaries] if (reason := _unusable(frame[name]))}
    status += [_status(name, "note", f"left out: {reason}") for name, reason in usable.items()]
    analysis = [name for name in analysis if name not in usable]
    auxiliaries = [name for name in dict.fromkeys(auxiliaries) if name not in usable]
    width = sum(_width(frame[name]) for name in [*analysis, *auxiliaries])
    if auxiliaries and len(frame) < ROWS_PER_TERM * width:
        reason = f"{len(frame)} students are too few for {width} terms: auxiliaries are left out"
        status.append(_status("auxiliaries", "note", reason))
        auxiliaries = []
    cluster, reason = _cluster(frame, students, wanted.get("cluster", link.get("cluster")))
    if reason:
        status.append(_status(str(wanted.get("cluster", link.get("cluster"))), "note", reason))
    return StudyFrame(frame, analysis, auxiliaries, cluster, parts, outside, list(means), status)


def other_reports(students: pd.DataFrame, codebook: Codebook, config: Mapping[str, Any]) -> pd.DataFrame:
    """Dimension means of every report but the one whose scores predict: columns ``bond_mentor_w2``, and so on."""
    import pandas as pd

    measured = config.get("measurement") or {}
    own = (str(measured.get("role")), int(measured.get("wave", 0)))
    found = {}
    for role, wave in reports_in(students, codebook):
        for dimension in ((config.get("instrument") or {}).get("dimensions") or {}) if (role, wave) != own else ():
            columns = item_columns(codebook, role, wave, dimension)
            if columns:
                found[f"{dimension}_{role}_w{wave}"] = dimension_means(students, columns).to_numpy(dtype=float)
    return pd.DataFrame(found, index=range(len(students)))


def outcome_columns(
    outcome: str, students: pd.Series, outcomes: pd.DataFrame, value: str = "binary"
) -> tuple[pd.DataFrame, np.ndarray]:
    """One outcome as variables of the imputation model, and for whom it does not exist.

    value: "binary" and "categories" give a category, "time" event and cumulative hazard, others a number. A question
    without an answer is missing. Categories have the level :data:`OUTSIDE` when none is missing.
    """
    import pandas as pd

    held = outcomes[outcomes["outcome"] == outcome].set_index("student_id").reindex(students)
    at_risk = held["at_risk"].fillna(False).to_numpy(dtype=bool)
    unanswered = (held["reason_not_at_risk"] == NO_ANSWER).to_numpy(dtype=bool)
    outside = ~at_risk & ~unanswered
    number = held["value"].to_numpy(dtype=float, na_value=np.nan)
    name = PREFIX + outcome
    if value == "time":
        event = np.where(at_risk & ~held["censored"].fillna(False).to_numpy(dtype=bool), "1", "0").astype(object)
        event[~at_risk] = OUTSIDE
        hazard = cumulative_hazard(np.where(at_risk, number, np.nan), event == "1")
        return pd.DataFrame({f"{name}_event": event, f"{name}_hazard": hazard}), outside
    if value in ("binary", "categories"):
        label = np.array([f"{v:g}" for v in np.nan_to_num(number)], dtype=object)
        unanswered = unanswered | (at_risk & np.isnan(number))
        label[outside] = None if unanswered.any() else OUTSIDE  # nobody's answer may become OUTSIDE
        label[unanswered] = None
        return pd.DataFrame({name: label}), outside
    return pd.DataFrame({name: np.where(at_risk, number, np.nan)}), outside


def cumulative_hazard(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Nelson-Aalen estimate at each student's time (NaN where there is none)."""
    known = ~np.isnan(time)
    times = np.unique(time[known])
    at_risk = np.array([(time[known] >= t).sum() for t in times], dtype=float)
    events = np.array([(event & (time == t)).sum() for t in times], dtype=float)
    total = np.cumsum(events / np.maximum(at_risk, 1.0))
    out = np.full(len(time), np.nan)
    out[known] = total[np.searchsorted(times, time[known])] if len(times) else np.nan
    return out


def study_plan(study: StudyFrame, config: Mapping[str, Any]) -> ImputationPlan:
    """Methods and predictors of the study's imputation; ``imputation.methods`` overrides the choice by kind.

    Means of items and numbers with many values are drawn from a linear model (less biased than matching when much is
    missing: docs/missing_data.md), numbers with few values by predictive mean matching, two categories by a logit, more
    by a multinomial one; with clusters by the versions with random intercepts.
    """
    wanted = config.get("imputation") or {}
    two = "2l." if study.cluster else ""
    methods = {
        name: f"{two}norm"
        for name in study.variables
        if not _is_text(study.frame[name]) and (name in study.means or study.frame[name].nunique() > CONTINUOUS)
    }
    methods |= {name: m for name, m in (wanted.get("methods") or {}).items() if name in study.variables}
    return plan_imputation(
        study.frame,
        study.variables,
        methods=methods,
        include=study.analysis,
        minimum_correlation=wanted.get("minimum_correlation", 0.1),
        cluster=study.cluster,
    )


def completed(study: StudyFrame, imputations: Any) -> pd.DataFrame:
    """imputations.parquet: imputation (1..m), student_id, then every column; sorted as the sample.

    Where an outcome does not exist for a student, its numbers are missing and its categories :data:`OUTSIDE`.
    """
    import pandas as pd

    blank = {
        column: (study.outside[outcome], OUTSIDE if _is_text(study.frame[column]) else np.nan)
        for outcome, columns in study.outcomes.items()
        for column in columns
        if column in study.variables
    }
    parts = []
    for number, frame in enumerate(imputations, 1):
        part = frame[["student_id", *study.variables]].copy()
        for column, (outside, value) in blank.items():
            part.loc[outside, column] = value
        part.insert(0, "imputation", number)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _plain(column: pd.Series) -> np.ndarray:
    """Numbers as floats, everything else as text or None."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(column.dtype):
        column = column.astype("string")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan)
    values = column.astype("string").astype(object)
    return values.where(values.notna(), None).to_numpy(dtype=object)


def _unusable(column: pd.Series) -> str:
    """Why a variable cannot take part, in words; empty when it can."""
    observed = column.dropna()
    if not len(observed):
        return "nobody has a value"
    if observed.nunique() < 2:
        return "it does not vary"
    if column.isna().any() and len(observed) < FEWEST_OBSERVED:
        return f"fewer than {FEWEST_OBSERVED} students have a value"
    if _is_text(column) and observed.nunique() > MOST_LEVELS:
        return f"it has more than {MOST_LEVELS} categories"
    return ""


def _is_text(column: pd.Series) -> bool:
    import pandas as pd

    return not pd.api.types.is_numeric_dtype(column.dtype)


def _width(column: pd.Series) -> int:
    return column.nunique() - 1 if _is_text(column) else 1


def _cluster(frame: pd.DataFrame, students: pd.DataFrame, name: str | None) -> tuple[str | None, str]:
    """Put the clusters into the frame; None, with the reason, where random intercepts cannot be told from the rest."""
    if not name:
        return None, ""
    codes = students[name].astype("string").fillna("(missing)").astype(object).to_numpy()
    sizes = np.unique(codes, return_counts=True)[1]
    if len(sizes) < FEWEST_CLUSTERS:
        return None, f"fewer than {FEWEST_CLUSTERS} clusters: no random intercepts"
    if len(codes) < 2 * len(sizes):
        return None, "most clusters hold one student: no random intercepts"
    frame["cluster_"] = codes
    return "cluster_", ""


def _status(model: str, status: str, reason: str) -> dict[str, str]:
    return dict(zip(STATUS, ("imputation", "pooled", model, status, reason), strict=True))


def analysed_outcome(chosen: pd.DataFrame, imputed: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The rows of one outcome with unanswered questions filled from one imputation; others stay as they are.

    chosen: rows of outcomes.parquet of the outcome; imputed: rows of one imputation.
    """
    open_rows = (chosen["reason_not_at_risk"] == NO_ANSWER).to_numpy()
    if not open_rows.any() or len(columns) != 1 or columns[0] not in imputed:
        return chosen
    values = imputed.set_index("student_id")[columns[0]].reindex(chosen.loc[open_rows, "student_id"])
    told = (values.notna() & (values != OUTSIDE)).to_numpy()
    filled = chosen.copy()
    at = np.flatnonzero(open_rows)[told]
    filled.iloc[at, filled.columns.get_loc("value")] = values[told].astype(float).to_numpy()
    filled.iloc[at, filled.columns.get_loc("at_risk")] = True
    filled.iloc[at, filled.columns.get_loc("reason_not_at_risk")] = ""
    return filled
