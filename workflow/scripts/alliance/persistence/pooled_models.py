"""The pooled models of the linking stage once more, one after another, for the stages that look at them more closely.

Same students, same formula, same covariance and the same declared estimator as in the linking stage: what these stages
say is about the same estimates. They need predictors that enter by themselves and one probability per row, so models
with interactions, random effects, weights or another family are left to the linking stage, and a note says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.analysis import (
    Analysis,
    analysis_rows,
    model_frame,
    set_aside_constant,
    standardised_predictors,
)
from alliance.persistence.link_fit import fit_or_penalise
from alliance.persistence.plausible_fit import Draws, DrawTables, fit_declared
from alliance.persistence.result import OutcomeFit
from alliance.persistence.settings import model_settings

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
        """``status`` is ok, inadmissible, failed, or note (nothing was tried, and why)."""
        self.rows.append({"stage": self.stage, "sample": sample, "model": model, "status": status, "reason": reason})

    def table(self) -> pd.DataFrame:
        """The rows as a frame, in their order."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(STATUS))


def unsuited(settings: Mapping[str, Any]) -> str:
    """Why a model with these settings is not looked at more closely; empty when it is."""
    if settings["family"] not in FAMILIES:
        return f"not made for the family {settings['family']}"
    for key, what in (("interactions", "interactions"), ("random", "random effects"), ("weights", "weights")):
        if settings.get(key):
            return f"not made for models with {what}"
    if settings["options"].get("link", "logit") != "logit":
        return f"not made for the link {settings['options']['link']}"
    return ""


@dataclass(frozen=True)
class PooledModel:
    """One model of the config on the pooled sample: its students (``rows``), its data and its fit.

    ``draws`` are its plausible values where they are the declared estimator.
    """

    name: str
    block: Mapping[str, Any]
    link: Mapping[str, Any]
    periods: pd.DataFrame
    rows: pd.DataFrame
    analysis: Analysis
    fit: OutcomeFit
    draws: Draws | None = None

    @property
    def key(self) -> dict[str, str]:
        """Outcome, model and sample: the first columns of every table."""
        return {"outcome": self.block["outcome"], "model": self.name, "sample": POOLED}

    @cached_property
    def students(self) -> pd.DataFrame:
        """One row per analysed student with the predictors as they entered (of plausible values the first draw)."""
        students = self.rows[self.rows["_step"] == 5]
        if self.draws is None:
            return students
        return next(iter(self.draws.fill(replace(self.analysis, data=students)))).drop(columns="_place")

    def refit(self, predictors: Sequence[str], **columns: Any) -> tuple[Analysis, OutcomeFit | None, str, str]:
        """The same students and covariates with other predictors: some of the model's own, or new ``columns``
        (student_id -> value), which have no plausible values.

        Returns the analysis, the fit, its status and the reason.
        """
        values = {name: self.rows["student_id"].map(column) for name, column in columns.items()}
        settings = {**self.link, "predictors": list(predictors)}
        analysis = analysis_rows(self.rows.assign(**values), self.periods, self.block, settings, pooled=True)
        return analysis, *_fit(analysis, settings, None if columns else self.draws)

    def total(self, cohort: str | None = None, more: str = "") -> tuple[Analysis, OutcomeFit | None, str, str]:
        """The same students (of one cohort, if given) and covariates with one predictor: the mean of the dimensions in
        its own standard deviations among all of them (of plausible values, draw by draw); ``more`` adds terms."""
        mean = self.students.set_index("student_id")[list(self.link["predictors"])].mean(axis=1)
        centre, spread = mean.mean(), mean.std(ddof=1)
        settings = {**self.link, "predictors": ["total"]}
        rows = self.rows.assign(total=(self.rows["student_id"].map(mean) - centre) / spread)
        rows = rows if cohort is None else rows[rows["cohort"] == cohort]
        analysis = analysis_rows(rows, self.periods, self.block, settings, pooled=cohort is None)
        analysis = replace(analysis, formula=analysis.formula + more)
        if self.draws is None:
            return analysis, *_fit(analysis, settings, None)
        drawn = (self.draws.drawn.mean(axis=2, keepdims=True) - centre) / spread
        return analysis, *_fit(analysis, settings, Draws(self.draws.students, ["total"], drawn))

    def extended(self, more: str) -> tuple[OutcomeFit | None, str, str]:
        """The model with further terms in its formula: the fit, its status and the reason."""
        return _fit(replace(self.analysis, formula=self.analysis.formula + more), self.link, self.draws)


def _fit(analysis: Analysis, settings: Mapping[str, Any], draws: Draws | None) -> tuple[OutcomeFit | None, str, str]:
    fitter = partial(fit_or_penalise, family=settings["family"], link=settings)
    return fit_declared(fitter, analysis, settings, draws)


def pooled_models(
    sample: pd.DataFrame,
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    periods: pd.DataFrame,
    config: Mapping[str, Any],
    minimum: int,
    status: StatusRows,
    draws: DrawTables | None = None,
) -> Iterator[PooledModel]:
    """Every pooled model that can be looked at; for the others a row of ``status`` says why not."""
    students = standardised_predictors(sample, scores, config)
    for name, block in config["link"]["models"].items():
        settings = model_settings(config, name)
        why = unsuited(settings)
        if why:
            status.add(name, "note", why)
            continue
        rows = model_frame(students, outcomes[outcomes["outcome"] == block["outcome"]], settings, None)
        rows, _ = set_aside_constant(rows, settings)
        analysis = analysis_rows(rows, periods, block, settings, pooled=True)
        if analysis.students < minimum:
            status.add(name, "failed", f"fewer than {minimum} students with complete data")
            continue
        known = None if draws is None else draws.of(name, settings["predictors"])
        fit, state, reason = _fit(analysis, settings, known)
        status.add(name, state, reason)
        if fit is not None and state != "failed":
            yield PooledModel(name, block, settings, periods, rows, analysis, fit, known)


def values_of(fit: OutcomeFit, contrasts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, standard errors and degrees of freedom of linear contrasts (k × terms) of the coefficients."""
    used = np.isfinite(fit.coef)
    C = contrasts[:, used]
    errors = np.sqrt(np.einsum("ki,ij,kj->k", C, fit.vcov[np.ix_(used, used)], C))
    return C @ fit.coef[used], errors, np.array([fit.contrast_df(c) for c in contrasts])
