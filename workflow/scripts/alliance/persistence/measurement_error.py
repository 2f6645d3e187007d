"""Measurement error, side by side: the same students and models with scores, corrected scores, and latent predictors.

One of the rows is what the study declared; the rest is sensitivity. Sum and regression scores are the naive
comparison. A verdict says, for each dimension, whether sum scores would have told another story.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.measurement.estimate import WLSMV
from alliance.persistence.analysis import Analysis, analysis_rows, model_frame, standardised_predictors
from alliance.persistence.link_fit import fit_or_penalise
from alliance.persistence.link_tables import shown_events
from alliance.persistence.measurement_error_latent import WAYS, latent_slopes
from alliance.persistence.plausible_draws import numeric_columns
from alliance.persistence.plausible_fit import PLAUSIBLE, DrawTables, PooledFit, fit_declared
from alliance.persistence.result import OutcomeFit, table
from alliance.persistence.settings import model_settings

if TYPE_CHECKING:
    import pandas as pd

SUM, REGRESSION = "sum", "regression"
COLUMNS = (
    "outcome", "model", "family", "sample", "method", "declared", "term", "link", "estimate", "std_error", "statistic",
    "p_value", "conf_low", "conf_high", "std_estimate", "ame", "ame_error", "ame_low", "ame_high", "reliability",
    "difference", "difference_error", "verdict", "n", "n_events", "n_clusters", "se_type", "status", "reason",
)  # fmt: skip
EFFECT_OF = {"ame": "estimate", "ame_error": "std_error", "ame_low": "conf_low", "ame_high": "conf_high"}
LEVEL = 0.05
YES_NO = ("logit", "probit", "linear", "firth")
RESPONSE_VARIANCE = {"logit": np.pi**2 / 3, "probit": 1.0, "cloglog": np.pi**2 / 6}


def side_by_side(
    sample: pd.DataFrame,
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    periods: pd.DataFrame,
    items: pd.DataFrame,
    key: Mapping[str, Sequence[str]],
    reliability: Mapping[tuple[str, str], float],
    draws: DrawTables,
    config: Mapping[str, Any],
    minimum: int = 10,
) -> pd.DataFrame:
    """Every linking model on its pooled sample by every method, in the columns :data:`COLUMNS`.

    ``items``: rows of ``sample``; ``reliability``: (method, dimension) -> reliability of that score. ``ame`` is the
    change of the probability (for a hazard: of the hazard) per standard deviation of the dimension. Outcomes that are
    not yes or no have the scores and the plausible values; models with interactions are left out. A method that fails
    is a row with its reason.
    """
    import pandas as pd

    link = config["link"]
    predictors = list(link["predictors"])
    methods = [m for m in (SUM, REGRESSION) if (scores["method"] == m).any()]
    students = {m: standardised_predictors(sample, scores, {**config, "link": {**link, "scores": m}}) for m in methods}
    declared = PLAUSIBLE if link.get("estimator") == PLAUSIBLE else link["scores"]
    found: list[dict[str, Any]] = []
    for model, block in link["models"].items():
        settings = model_settings(config, model)
        if settings["interactions"]:
            continue  # moderation is a question of its own; the same outcome stands here without it
        held = outcomes[outcomes["outcome"] == block["outcome"]]
        frames = {m: model_frame(s, held, settings, None) for m, s in students.items()}
        common = np.logical_and.reduce([(f["_step"] == 5).to_numpy() for f in frames.values()])
        frames = {m: f[common] for m, f in frames.items()}
        head = {"outcome": block["outcome"], "model": model, "family": block["family"], "sample": "pooled"}
        if common.sum() < minimum:
            found.append({**head, "method": declared, "status": "failed",
                          "reason": f"fewer than {minimum} students with complete data"})  # fmt: skip
            continue
        rows: list[dict[str, Any]] = []
        analyses = {m: analysis_rows(f, periods, block, settings, pooled=True) for m, f in frames.items()}
        fitter = partial(fit_or_penalise, family=block["family"], link=settings)
        for method, analysis in analyses.items():
            rows += _outcome_rows(method, *fitter(analysis), predictors)
        base: Analysis = next(iter(analyses.values()))
        known = draws.of(model, predictors)
        rows += _outcome_rows(PLAUSIBLE, *fit_declared(fitter, base, settings, known), predictors)
        if block["family"] in YES_NO and settings["value"] == "binary":
            rows += _latent_rows(next(iter(frames.values())), items, key, settings, config)
        n = {"n": base.students, "n_events": _events(base, block["family"], minimum)}
        rows = [{**head, **n, "declared": row["method"] == declared, **row} for row in rows]
        found += with_verdicts(rows, declared)
    shown = pd.DataFrame(found, columns=list(COLUMNS))
    pairs = zip(shown["method"], shown["term"], strict=True)
    return shown.assign(reliability=[reliability.get(pair, np.nan) for pair in pairs])


def _events(analysis: Analysis, family: str, minimum: int) -> int | str | None:
    if family not in (*YES_NO, "hazard"):
        return None
    column = "event" if family == "hazard" else "_value"
    return shown_events(int(analysis.data[column].astype(float).sum()), analysis.students, minimum)


def _outcome_rows(
    method: str, fit: OutcomeFit | None, state: str, reason: str, predictors: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows of one method from a fitted outcome model; effects where the family has them."""
    if state == "failed" or fit is None:
        return [{"method": method, "term": "", "status": "failed", "reason": reason}]
    own = fit.estimates.set_index("term")
    effects = fit.effects(list(predictors)).set_index("term") if fit.has_effects else None
    size = response_sd(fit)
    rows = []
    for term in own.index:
        if str(term).rsplit(": ", 1)[-1] not in predictors:
            continue
        row = {"method": method, "term": term, "link": fit.link, "status": state, "reason": reason,
               "n_clusters": fit.n_clusters, "std_estimate": own.loc[term, "estimate"] / size,
               "se_type": f"{fit.se_type}, Rubin" if isinstance(fit, PooledFit) else fit.se_type}  # fmt: skip
        row |= {c: own.loc[term, c] for c in ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")}
        if effects is not None and term in effects.index:
            one = effects.loc[term]
            row |= {effect: one[column] for effect, column in EFFECT_OF.items()}
        rows.append(row)
    return rows


def response_sd(fit: OutcomeFit) -> float:
    """Standard deviation of the (latent) response behind the outcome; nan where the family has none."""
    if fit.link == "identity" and fit.X is not None and fit.design is not None:
        return float(fit.data[fit.design.formula.outcome].to_numpy(float).std())
    if fit.link not in RESPONSE_VARIANCE or fit.X is None:
        return np.nan
    return float(np.sqrt((fit.X @ np.nan_to_num(fit.coef)).var() + RESPONSE_VARIANCE[fit.link]))


def _latent_rows(
    rows: pd.DataFrame, items: pd.DataFrame, key: Mapping[str, Sequence[str]], settings: Mapping[str, Any],
    config: Mapping[str, Any],
) -> list[dict[str, Any]]:  # fmt: skip
    predictors = list(settings["predictors"])
    explained = [*settings["covariates"], *(["cohort"] if len(rows["cohort"].unique()) > 1 else [])]
    columns = list(numeric_columns(rows, explained).values())
    covariates = np.column_stack(columns) if columns else np.empty((len(rows), 0))
    cluster = rows[settings["cluster"]].astype(str).to_numpy() if settings.get("cluster") else None
    own = {d: list(key[d]) for d in predictors}
    estimator = str(config["measurement"].get("estimator") or WLSMV)
    found = []
    for way in WAYS:
        try:
            slopes = latent_slopes(way, items.loc[rows.index], own, rows["_value"].to_numpy(float), covariates,
                                   cluster, estimator)  # fmt: skip
        except (ValueError, np.linalg.LinAlgError) as error:
            found.append({"method": way, "term": "", "status": "failed", "reason": str(error)})
            continue
        shown = table(predictors, slopes.estimate, slopes.std_error, np.inf)
        for k, term in enumerate(predictors):
            row = {"method": way, "term": term, "link": slopes.link, "status": "ok", "reason": "",
                   "std_estimate": slopes.std_estimate[k], "se_type": "robust" if cluster is None else "clustered",
                   "n_clusters": None if cluster is None else len(set(cluster))}  # fmt: skip
            row |= {c: shown.loc[k, c] for c in shown if c not in ("term", "df")}
            row |= {effect: slopes.effect * row[column] for effect, column in EFFECT_OF.items()}
            found.append(row)
    return found


def with_verdicts(rows: list[dict[str, Any]], declared: str) -> list[dict[str, Any]]:
    """The rows of one model with, for sum scores, how they differ from the declared method.

    ``difference`` is that of the average marginal effects (of the estimates where there are none), its error Hausman's
    (1978): without measurement error the sum score is efficient, so the variance of the difference is that of the
    variances. Verdicts: ``agree``; ``significance`` (one of them is significant at .05); ``sign``; ``difference``
    (both tell the same story, but the difference is beyond its own error).
    """
    right = {row["term"]: row for row in rows if row["method"] == declared and row["status"] != "failed"}
    for row in rows:
        other = right.get(row["term"])
        if row["method"] != SUM or other is None or declared == SUM or row["status"] == "failed":
            continue
        value, error = ("ame", "ame_error") if "ame" in row and "ame" in other else ("estimate", "std_error")
        difference = row[value] - other[value]
        variance = other[error] ** 2 - row[error] ** 2
        spread = float(np.sqrt(variance)) if variance > 0 else np.nan
        row |= {"difference": difference, "difference_error": spread}
        row["verdict"] = _verdict(row, other, difference, spread)
    return rows


def _verdict(row: Mapping[str, Any], other: Mapping[str, Any], difference: float, spread: float) -> str:
    one, two = row["p_value"] < LEVEL, other["p_value"] < LEVEL
    if one != two:
        return "significance"
    if one and two and np.sign(row["estimate"]) != np.sign(other["estimate"]):
        return "sign"
    if np.isfinite(spread) and abs(difference) > 1.96 * spread:
        return "difference"
    return "agree"
