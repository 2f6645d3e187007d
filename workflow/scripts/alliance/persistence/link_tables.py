"""The tables of the linking stage, from fitted models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.analysis import Analysis
from alliance.persistence.result import OutcomeFit

if TYPE_CHECKING:
    import pandas as pd

ESTIMATES = (
    "outcome", "model", "family", "sample", "estimator", "score_method", "group", "term", "estimate", "std_error",
    "statistic", "df", "p_value", "conf_low", "conf_high", "p_adjusted", "odds_ratio", "or_low", "or_high", "n",
    "n_events", "n_clusters", "se_type",
)  # fmt: skip
EFFECTS = (
    "outcome", "model", "sample", "term", "contrast", "ame", "std_error", "conf_low", "conf_high", "p_value", "n",
)  # fmt: skip
JOINT = ("outcome", "model", "sample", "test", "statistic", "df", "df_denominator", "p_value")
FLOW = ("model", "order", "step", "label", "cohort", "n_in", "excluded", "n_out", "reason")
STATUS = ("stage", "sample", "model", "status", "reason")
COHORTS = ("outcome", "model", "term", "sample", "estimate", "std_error", "conf_low", "conf_high", "n")
ESTIMATORS = {"linear": "OLS", "firth": "Firth", "gee": "GEE", "cox": "partial likelihood"}


def base_term(term: str) -> str:
    """A term without the equation of a multinomial model before it: ``left: bond`` -> bond."""
    return str(term).rsplit(": ", 1)[-1]


def estimates_table(
    fit: OutcomeFit, analysis: Analysis, key: dict[str, str], settings: Mapping[str, Any], minimum: int
) -> pd.DataFrame:
    """The estimates of one fit in the columns :data:`ESTIMATES`.

    ``odds_ratio`` is e to the estimate wherever that is a ratio: of odds, or of hazards for cox and the cloglog hazard.
    Counts of events below ``minimum`` are withheld.
    """
    table = fit.estimates.assign(
        **key, family=settings["family"], estimator=estimator_name(fit),
        score_method=fit.extra.get("score_method", settings.get("scores", "")), group="", p_adjusted=np.nan,
        n=analysis.students, n_events=shown_events(fit.n_events, analysis.students, minimum), n_clusters=fit.n_clusters,
        se_type=f"{fit.se_type}, Rubin" if "draws" in fit.extra else fit.se_type,
    )  # fmt: skip
    table["term"] = [analysis.term(name) for name in table["term"]]
    for target, source in (("odds_ratio", "estimate"), ("or_low", "conf_low"), ("or_high", "conf_high")):
        with np.errstate(over="ignore"):
            table[target] = np.exp(table[source]) if settings["ratio"] else np.nan
    return table[np.isfinite(table["estimate"])]


def estimator_name(fit: OutcomeFit) -> str:
    """How the coefficients were estimated, with the number of plausible values if they come from such."""
    name = ESTIMATORS.get(fit.family, "ML")
    return f"{name}, {fit.extra['draws']} plausible values" if "draws" in fit.extra else name


def shown_events(events: int | None, n: int, minimum: int) -> int | str | None:
    """The number of events, withheld where it or its complement is small."""
    if events is None:
        return None
    return events if min(events, n - events) >= minimum else f"<{minimum}"


def effects_table(
    fit: OutcomeFit, analysis: Analysis, key: dict[str, str], predictors: list[str]
) -> pd.DataFrame | None:
    """Average marginal effects of the predictors: slopes, and contrasts of the 10th and 90th percentile.

    None for models whose coefficients give no probability (Cox, random slopes).
    """
    import pandas as pd

    if not fit.has_effects:
        return None
    slopes = fit.effects(predictors)
    spread = fit.effects((), contrasts=dict.fromkeys(predictors, "p10-p90"))
    table = pd.concat([slopes, spread], ignore_index=True).rename(columns={"estimate": "ame"})
    return table.assign(**key, n=analysis.students)


def cohort_table(table: pd.DataFrame, predictors: list[str]) -> pd.DataFrame:
    """The predictors' estimates cohort by cohort, with the pooled one last."""
    rows = table[np.array([base_term(t) in predictors for t in table["term"]], dtype=bool)].copy()
    rows["_model"] = rows["model"].map({m: i for i, m in enumerate(dict.fromkeys(table["model"]))})
    rows["_term"] = [predictors.index(base_term(t)) for t in rows["term"]]
    rows["_pooled"] = rows["sample"] == "pooled"
    rows = rows.sort_values(["_model", "_term", "term", "_pooled", "sample"], kind="stable", ignore_index=True)
    return rows[list(COHORTS)]


def status_row(key: Mapping[str, str], status: str, reasons: Iterable[str]) -> dict[str, str]:
    """One row of the status table; empty reasons are left out."""
    reason = "; ".join(r for r in reasons if r)
    return {"stage": "link", "sample": key["sample"], "model": key["model"], "status": status, "reason": reason}


def frame(parts: list[Any], columns: tuple[str, ...]) -> pd.DataFrame:
    """Frames or rows under each other in the columns of a table; empty with these columns when there are none."""
    import pandas as pd

    frames = [p for p in parts if not isinstance(p, Mapping)]
    if frames:
        return pd.concat(frames, ignore_index=True)[list(columns)]
    return pd.DataFrame(parts, columns=list(columns))
