"""Plausible values of the predictors for every linking model, drawn with what that model relates them to.

One set per model: its students, its covariates, its cohorts and its outcome stand in the conditioning model, each
cohort with slopes of its own where cohorts are analysed one by one. A normal distribution of the alliance given a
yes/no outcome is what a logit of that outcome implies (Efron 1975); for times to departure the event and the
Nelson-Aalen cumulative hazard at its time stand for the outcome (White & Royston 2009).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.measurement.estimate import FAILED, INADMISSIBLE, WLSMV, MeasurementFit, fit_measurement
from alliance.measurement.key_check import check_key
from alliance.measurement.menu import model_menu
from alliance.measurement.samples import cluster_of
from alliance.persistence.plausible_fit import DrawTables

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 30
COLUMNS = ("outcome", "model", "status", "reason", "n", "draws", "measurement_model", "estimator", "conditioning")
TIMES = ("hazard", "cox")
MOST_CATEGORIES = 8  # an outcome with up to so many values enters as categories
ROWS_PER_COLUMN = 5  # a cohort with fewer rows per conditioning variable shares its slopes with the others


def measure(
    sample: pd.DataFrame, items: pd.DataFrame, key: Mapping[str, Sequence[str]], config: Mapping[str, Any], minimum: int
) -> MeasurementFit:
    """The measurement model behind the predictors, with errors that allow for the study's clusters.

    The chosen model if its factors are the predictors, else the correlated one. ``items``: rows of ``sample``.
    """
    settings, predictors = config["measurement"], list(config["link"]["predictors"])
    checks = check_key(items, key, minimum=minimum)
    names = dict.fromkeys([settings["chosen"], "correlated"])
    menu = model_menu(key, {**settings, "models": list(names)}, checks)
    chosen = next(model for model in menu if set(predictors) <= set(model.latents))
    estimator = str(settings.get("estimator") or WLSMV)
    return fit_measurement(chosen, items, minimum, estimator=estimator, cluster=cluster_of(sample, settings))


def analysed_rows(
    sample: pd.DataFrame, scores: pd.DataFrame, outcomes: pd.DataFrame, config: Mapping[str, Any]
) -> dict[str, tuple[pd.DataFrame, str, list[str], list[str]]]:
    """Model -> the rows of ``sample`` that it analyses, its family, covariates and the variables of interactions."""
    from alliance.persistence.analysis import model_frame, standardised_predictors
    from alliance.persistence.settings import model_settings

    students = standardised_predictors(sample, scores, config)
    predictors, found = list(config["link"]["predictors"]), {}
    for model, block in config["link"]["models"].items():
        settings = model_settings(config, model)
        rows = model_frame(students, outcomes[outcomes["outcome"] == block["outcome"]], settings, None)
        crossed = [v for term in settings["interactions"] if set(term) & set(predictors) for v in term]
        crossed = list(dict.fromkeys(v for v in crossed if v not in predictors))
        found[model] = (rows[rows["_step"] == 5], block["family"], settings["covariates"], crossed)
    return found


def used_rows(fit: MeasurementFit, items: pd.DataFrame, cluster: pd.Series | None) -> np.ndarray:
    """Positions of the rows of ``items`` that the fit was given."""
    from alliance.measurement.estimate import answered_rows

    rows = answered_rows(items[fit.model.items], fit.estimator)
    return np.flatnonzero(rows if cluster is None else rows & cluster.notna())


def conditioning(
    rows: pd.DataFrame, family: str, covariates: Sequence[str], *, by_cohort: bool, crossed: Sequence[str] = ()
) -> pd.DataFrame:
    """What the draws of one model know of its analysed students (``rows``): numeric columns without gaps.

    ``rows`` hold ``_value``, ``_censored`` (times only), ``cohort`` and the covariates. ``crossed``: variables whose
    interaction with a predictor is in the model; the outcome's slope may differ by them.
    """
    import pandas as pd

    outcome = _outcome_columns(rows, family)
    columns = outcome | numeric_columns(rows, covariates)
    for name in crossed:
        own = numeric_columns(rows, [name])
        columns |= own | {f"{a} x {b}": x * y for a, x in outcome.items() for b, y in own.items()}
    cohorts = sorted(rows["cohort"].dropna().unique())
    shared = dict(columns)
    for cohort in cohorts[1:]:
        inside = (rows["cohort"] == cohort).to_numpy(float)
        shared[f"cohort {cohort}"] = inside
        if by_cohort and inside.sum() >= ROWS_PER_COLUMN * (len(columns) + 1):
            shared |= {f"cohort {cohort} x {name}": inside * values for name, values in columns.items()}
    return pd.DataFrame(shared, index=rows.index)


def _outcome_columns(rows: pd.DataFrame, family: str) -> dict[str, np.ndarray]:
    value = rows["_value"].to_numpy(float)
    if family in TIMES:
        event = ~rows["_censored"].to_numpy(bool)
        return {"event": event.astype(float), "cumulative hazard": cumulative_hazard(value, event)}
    levels = np.unique(value)
    if len(levels) > MOST_CATEGORIES:
        return {"outcome": value}
    return {f"outcome {level:g}": (value == level).astype(float) for level in levels[1:]}


def cumulative_hazard(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Nelson-Aalen estimate at each student's own time: sum over event times t <= time of events / at risk."""
    times = np.unique(time)
    at_risk = np.array([(time >= t).sum() for t in times])
    events = np.array([(event & (time == t)).sum() for t in times])
    return np.cumsum(events / at_risk)[np.searchsorted(times, time)]


def numeric_columns(rows: pd.DataFrame, names: Sequence[str]) -> dict[str, np.ndarray]:
    import pandas as pd

    found: dict[str, np.ndarray] = {}
    for name in names:
        column = rows[name]
        if pd.api.types.is_numeric_dtype(column):
            found[name] = column.to_numpy(float)
            continue
        answers = column.astype(str)
        levels = sorted(answers.unique())
        found |= {f"{name} {level}": (answers == level).to_numpy(float) for level in levels[1:]}
    return found


def draw_models(
    sample: pd.DataFrame,
    analysed: Mapping[str, tuple[pd.DataFrame, str, Sequence[str], Sequence[str]]],
    items: pd.DataFrame,
    key: Mapping[str, Sequence[str]],
    config: Mapping[str, Any],
    minimum: int,
) -> DrawTables:
    """Draws for every model, and a row about each.

    ``analysed``: model -> rows of ``sample`` that it analyses (with ``_value``, ``_censored``), family, covariates and
    crossed variables. Values are in standard deviations of the latent variable; the rows about the models have
    :data:`COLUMNS`, and a reason where there are no draws.
    """
    import pandas as pd

    link = config["link"]
    predictors, m = list(link["predictors"]), int(link.get("draws", DRAWS))
    fit = measure(sample, items, key, config, minimum)
    tables, about = [], []
    for model, (rows, family, covariates, crossed) in analysed.items():
        row = {
            "outcome": link["models"][model]["outcome"], "model": model, "status": "ok", "reason": "", "n": len(rows),
            "draws": m, "measurement_model": fit.model.name, "estimator": fit.estimator, "conditioning": "",
        }  # fmt: skip
        about.append(row)
        if fit.status in (FAILED, INADMISSIBLE) or len(rows) < minimum:
            few = f"fewer than {minimum} students with complete data"
            why = few if len(rows) < minimum else f"measurement model {fit.model.name}, {fit.status}: {fit.reason}"
            row |= {"status": "failed", "reason": why, "draws": 0}
            row["n"] = None if len(rows) < minimum else row["n"]
            continue
        by_cohort = bool(link.get("by_cohort"))
        given = conditioning(rows, family, covariates, by_cohort=by_cohort, crossed=crossed)
        row["conditioning"] = "; ".join(given.columns)
        try:
            found = _draw(fit, sample, items, given, m, model_seed(config["seed"], model), config)
        except ValueError as error:
            row |= {"status": "failed", "reason": str(error), "draws": 0}
            continue
        found.insert(0, "model", model)
        tables.append(found[["model", "draw", "student_id", *predictors]])
    empty = pd.DataFrame(columns=["model", "draw", "student_id", *predictors])
    values = pd.concat(tables, ignore_index=True) if tables else empty
    return DrawTables(values, pd.DataFrame(about, columns=list(COLUMNS)))


def model_seed(seed: int, model: str) -> int:
    """A seed of the model's own: its draws do not change when other models come or go."""
    return zlib.crc32(f"{seed} {model}".encode())


def _draw(
    fit: MeasurementFit, sample: pd.DataFrame, items: pd.DataFrame, given: pd.DataFrame, m: int, seed: int,
    config: Mapping[str, Any],
) -> pd.DataFrame:  # fmt: skip
    from alliance.sem import plausible_values

    places = used_rows(fit, items, cluster_of(sample, config["measurement"]))
    table = given.reindex(sample.index[places])
    drawn = plausible_values(fit.fit, m, seed, conditioning=table, standardise=True)
    drawn["student_id"] = sample["student_id"].to_numpy()[places[drawn.index.to_numpy()]]
    return drawn.sort_values(["draw", "student_id"], kind="stable", ignore_index=True)
