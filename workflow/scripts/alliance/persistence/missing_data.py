"""The pooled link models by three ways of handling missing data, side by side.

Complete cases; multiple imputation (every model on each completed data set, pooled by Rubin's rules with the degrees of
freedom of Barnard & Rubin 1999); complete cases weighted by the inverse of their chance of being analysed. All three
speak about the same students: those at risk of the outcome as far as the records say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.outcome_kinds import SMALL, WEIGHTED
from alliance.persistence.analysis import (
    Analysis,
    analysis_rows,
    model_frame,
    set_aside_constant,
    standardised_predictors,
)
from alliance.persistence.attrition_weights import AttritionWeights, attrition_weights
from alliance.persistence.imputations import pool_imputations
from alliance.persistence.imputed_study import PREFIX, analysed_outcome
from alliance.persistence.link_fit import fit_or_penalise
from alliance.persistence.outcomes import NO_ANSWER, NO_RECORD
from alliance.persistence.result import OutcomeFit
from alliance.persistence.settings import grouped_covariates, model_settings

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("complete_cases", "imputation", "weighting")
COLUMNS = (
    "outcome", "model", "family", "score_method", "term", "method", "estimate", "std_error", "df", "p_value",
    "conf_low", "conf_high", "odds_ratio", "or_low", "or_high", "conclusion", "shift", "fmi", "n", "n_target",
    "n_effective", "largest_weight", "se_type", "suppressed",
)  # fmt: skip
STATUS = ("stage", "sample", "model", "status", "reason")
LARGE_WEIGHT = 10.0
WEIGHT = "_weight"
RESPONSE_DRAWS = 5  # completed data sets over which the chance of being analysed is averaged
USABLE = 0.8  # share of the imputed data sets that must have estimates
ANALYSED, SET_ASIDE = 5, (6, 7)  # steps of a model's flow: a weight of zero or an outcome that does not vary is no loss


@dataclass(frozen=True)
class MissingDataTables:
    """table: link/missing_data.csv; status: what could not be estimated, or only with a remark."""

    table: pd.DataFrame
    status: pd.DataFrame


def missing_data_tables(
    sample: pd.DataFrame,
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    periods: pd.DataFrame,
    imputed: pd.DataFrame,
    config: Mapping[str, Any],
    minimum: int = 10,
) -> MissingDataTables:
    """Fit every pooled link model by each method; only the predictors are tabled.

    imputed: imputations.parquet (:func:`alliance.persistence.imputed_study.completed`). ``shift`` is the distance from
    the complete cases in their standard errors; ``conclusion`` is "higher", "lower" or "unclear" by the interval;
    ``n_target`` are the students whom the weighted analysis stands for. Where two methods differ by fewer than
    ``minimum`` students, the numbers of the second are withheld.
    """
    import pandas as pd

    link = config["link"]
    students = _needed(standardised_predictors(sample, scores, config), config)
    filled = [*link["predictors"], *grouped_covariates(config)]
    draws = [(part, completed_students(students, part, filled)) for _, part in imputed.groupby("imputation")]
    rows: list[pd.DataFrame] = []
    status: list[dict[str, str]] = []
    for model, block in link["models"].items():
        settings = model_settings(config, model)
        if settings["interactions"]:  # its coefficients are slopes of one group: the model without stands beside it
            reason = "models with interactions are not compared"
            status.append(dict(zip(STATUS, ("missing data", "pooled", model, "note", reason), strict=True)))
            continue
        case = _Case(model, block, settings, outcomes[outcomes["outcome"] == block["outcome"]], periods, minimum)
        found = []
        for method, fit in (
            ("complete_cases", lambda c: c.complete_cases(students)),
            ("imputation", lambda c: c.imputation(students, draws)),
            ("weighting", lambda c: c.weighting(students, [frame for _, frame in draws])),
        ):
            try:
                table, reason = fit(case)
            except (ValueError, np.linalg.LinAlgError) as error:
                table, reason = None, str(error)
            state = "failed" if table is None else "ok"
            status.append(
                dict(zip(STATUS, ("missing data", method.replace("_", " "), model, state, reason), strict=True))
            )
            if table is not None:
                found.append(table.assign(method=method))
        if found:
            rows.append(_compared(pd.concat(found, ignore_index=True), minimum).assign(**case.key))
    table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    return MissingDataTables(table.reindex(columns=list(COLUMNS)), pd.DataFrame(status, columns=list(STATUS)))


def completed_students(students: pd.DataFrame, imputed: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The students with the columns ``names`` of one imputation; categories keep their order."""
    import pandas as pd

    found = students.copy()
    values = imputed.set_index("student_id").reindex(students["student_id"])
    for name in names:
        if name not in values:
            continue
        if isinstance(students[name].dtype, pd.CategoricalDtype):
            found[name] = pd.Categorical(values[name].to_numpy(dtype=object), categories=students[name].cat.categories)
        else:
            found[name] = values[name].to_numpy(dtype=float)
    return found


def _needed(students: pd.DataFrame, config: Mapping[str, Any]) -> pd.DataFrame:
    """Only the columns that the models use, texts as categories: many frames are made of it."""
    import pandas as pd

    link = config["link"]
    needed = [name for model in link["models"] for name in model_settings(config, model)["needed"]]
    names = list(dict.fromkeys(["student_id", "cohort", *link["predictors"], *grouped_covariates(config), *needed]))
    slim = students[names].copy()
    for name in names[1:]:
        if not pd.api.types.is_numeric_dtype(slim[name]) and not isinstance(slim[name].dtype, pd.CategoricalDtype):
            slim[name] = slim[name].astype(object).astype("category")
    return slim


@dataclass(frozen=True)
class _Case:
    """One link model with its settings, ready to be fitted to different rows."""

    model: str
    block: Mapping[str, Any]
    settings: Mapping[str, Any]
    chosen: pd.DataFrame
    periods: pd.DataFrame
    minimum: int

    @property
    def key(self) -> dict[str, str]:
        """The columns that name the model."""
        return {
            "outcome": self.block["outcome"],
            "model": self.model,
            "family": self.block["family"],
            "score_method": self.settings["scores"],
        }

    def complete_cases(self, students: pd.DataFrame) -> tuple[pd.DataFrame | None, str]:
        """The model as the linking stage fits it."""
        analysis = self._analysis(self._rows(students, self.chosen), self.settings)
        fit, state, reason = fit_or_penalise(analysis, self.block["family"], self.settings)
        if fit is None or state == "failed":
            return None, reason
        return self._table(fit, fit.estimates, analysis), reason

    def imputation(
        self, students: pd.DataFrame, draws: list[tuple[pd.DataFrame, pd.DataFrame]]
    ) -> tuple[pd.DataFrame | None, str]:
        """The model on each completed data set, pooled; a cohort that one of them sets aside is in none."""
        fits, reasons, sizes = [], [], []
        columns = [PREFIX + self.block["outcome"]]
        sets = [self._rows(frame, analysed_outcome(self.chosen, imputed, columns)) for imputed, frame in draws]
        aside = {c for rows in [self._rows(students, self.chosen), *sets] for c in set_aside_cohorts(rows)}
        for rows in sets:
            gone = rows["cohort"].isin(aside) & (rows["_step"] == ANALYSED)
            analysis = self._analysis(rows.assign(_step=rows["_step"].mask(gone, SET_ASIDE[-1])), self.settings)
            fit, state, reason = fit_or_penalise(analysis, self.block["family"], self.settings)
            sizes.append(analysis.students)
            reasons += [reason] if reason else []
            if fit is not None and state != "failed":
                fits.append(fit)
        if len(fits) < max(2, USABLE * len(draws)):
            why = f": {reasons[0]}" if reasons else ""
            return None, f"{len(fits)} of {len(draws)} imputed data sets have estimates{why}"
        table = self._table(fits[0], pool_imputations(fits).estimates, analysis)
        reason = f"{reasons[0]} (in {len(reasons)} of {len(draws)} imputed data sets)" if reasons else ""
        return table.assign(n=int(np.median(sizes))), reason

    def weighting(self, students: pd.DataFrame, completed: list[pd.DataFrame]) -> tuple[pd.DataFrame | None, str]:
        """Complete cases, weighted to stand for all who are, or may be, at risk."""
        if self.block["family"] not in WEIGHTED:
            return None, f"{self.block['family']} takes no weights"
        rows = self._rows(students, self.chosen)
        target, analysed = _target(rows), (rows["_step"] == ANALYSED).to_numpy()
        if not analysed.any():
            return None, "no student has complete data"
        terms = [*self.settings["predictors"], *self.settings["covariates"]]
        known = [t for t in terms if all(frame.loc[target, t].notna().all() for frame in completed)]
        right = [f'Q("{t}")' for t in known] + (["C(cohort)"] if len(rows.loc[target, "cohort"].unique()) > 1 else [])
        frames = [frame.loc[target].reset_index(drop=True) for frame in completed[:RESPONSE_DRAWS]]
        found = attrition_weights(analysed[target], frames, " + ".join(right) or "1")
        if found.status == "failed":
            return None, f"the chance of being analysed could not be estimated: {found.reason}"
        weights = np.zeros(len(rows))
        weights[target] = found.weights
        own = self.settings.get("weights")
        rows = rows.assign(**{WEIGHT: weights * (rows[own].to_numpy(dtype=float) if own else 1.0)})
        settings = {**self.settings, "weights": WEIGHT}
        if not settings.get("cluster") and settings.get("vcov") in (None, "classic"):
            settings["vcov"] = "HC0" if self.block["family"] in SMALL else "HC1"  # weights need robust errors
        analysis = self._analysis(rows, settings)
        fit, state, reason = fit_or_penalise(analysis, self.block["family"], settings)
        if fit is None or state == "failed":
            return None, reason
        largest = float(found.weights.max())
        if largest > LARGE_WEIGHT:
            reason = "; ".join(filter(None, [reason, f"one weight is {largest:.1f}: few students stand for many"]))
        table = self._table(fit, fit.estimates, analysis)
        return table.assign(n_target=int(target.sum()), **_weight_facts(found)), reason

    def _rows(self, students: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
        return set_aside_constant(model_frame(students, chosen, self.settings, None), self.settings)[0]

    def _analysis(self, rows: pd.DataFrame, settings: Mapping[str, Any]) -> Analysis:
        analysis = analysis_rows(rows, self.periods, self.block, settings, pooled=True)
        if analysis.students < self.minimum:
            raise ValueError(f"fewer than {self.minimum} students with complete data")
        return analysis

    def _table(self, fit: OutcomeFit, estimates: pd.DataFrame, analysis: Analysis) -> pd.DataFrame:
        """The predictors' rows; fmi only where the estimates are pooled."""
        names = [fit.names[place] for place in fit.terms(self.settings["predictors"])]
        table = estimates[estimates["term"].isin(names)].reset_index(drop=True)
        table["term"] = [analysis.term(name) for name in table["term"]]
        for target, source in (("odds_ratio", "estimate"), ("or_low", "conf_low"), ("or_high", "conf_high")):
            with np.errstate(over="ignore"):
                table[target] = np.exp(table[source]) if self.settings["ratio"] else np.nan
        return table[np.isfinite(table["estimate"])].assign(n=analysis.students, se_type=fit.se_type)


def set_aside_cohorts(rows: pd.DataFrame) -> list[Any]:
    """Cohorts that the pooled model is without because everybody or nobody has the outcome."""
    return list(rows.loc[rows["_step"] == SET_ASIDE[-1], "cohort"].unique())


def _target(rows: pd.DataFrame) -> np.ndarray:
    """Students whom the analysis is about: at risk, or without records in a cohort in which somebody is at risk."""
    possible = rows["cohort"].astype(object).map(rows.groupby("cohort", observed=True)["_at_risk"].any())
    unknown = rows["_why"].isin([NO_RECORD, NO_ANSWER]) & possible.fillna(False).astype(bool)
    return ((rows["_at_risk"] | unknown) & ~rows["_step"].isin(SET_ASIDE)).to_numpy(dtype=bool)


def _weight_facts(found: AttritionWeights) -> dict[str, float]:
    return {"n_effective": found.effective, "largest_weight": float(found.weights.max())}


def _compared(table: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Add conclusion and shift; withhold numbers of students that differ a little from those of the complete cases."""
    import pandas as pd

    low, high = table["conf_low"], table["conf_high"]
    table["conclusion"] = np.select([low > 0, high < 0], ["higher", "lower"], default="unclear")
    own = table[table["method"] == METHODS[0]].set_index("term")
    first = table["term"].map(own["estimate"]) if len(own) else pd.Series(np.nan, index=table.index)
    error = table["term"].map(own["std_error"]) if len(own) else first
    table["shift"] = np.where(table["method"] == METHODS[0], np.nan, (table["estimate"] - first) / error)
    table["suppressed"] = False
    analysed = int(own["n"].iloc[0]) if len(own) else None
    for column in ("n", "n_target"):
        if column not in table or analysed is None:
            continue
        counts = table[column].astype("Int64")
        close = ((counts - analysed).abs().between(1, minimum - 1)).fillna(False).astype(bool)
        table[column] = counts.mask(close)
        table["suppressed"] |= close
    return table
