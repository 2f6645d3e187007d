"""The rows that a linking model is fitted to, and the flow from the sample to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.errors import Problem, Stop
from alliance.persistence.outcomes import NO_ANSWER, NO_RECORD
from alliance.persistence.settings import grouped_covariates

if TYPE_CHECKING:
    import pandas as pd

MINIMUM_EVENTS = 5  # events and non-events that one category of the baseline hazard needs


@dataclass(frozen=True)
class Analysis:
    """A formula, its rows (students, or student-periods for a hazard) and the number of students behind them."""

    formula: str
    data: pd.DataFrame
    students: int
    options: dict[str, Any] = field(default_factory=dict)  # for fit_outcome, beside cluster and vcov

    def term(self, name: str) -> str:
        """A column's name as the tables show it: without the marks of the formula language."""
        return name.replace("C(cohort)[T.", "cohort[").replace("C(period)[", "period[").replace("[T.", "[")


def standardised_predictors(sample: pd.DataFrame, scores: pd.DataFrame, config: Mapping[str, Any]) -> pd.DataFrame:
    """The sample with one column per predictor: the chosen score, in standard deviations if asked.

    Mean and standard deviation (n - 1) are those of all students of the sample who have the score. Categorical
    covariates get their reference group (:func:`reference_first`).
    """
    link, measured = config["link"], config.get("measurement") or {}
    used = scores[scores["method"] == link["scores"]]
    if "role" in measured:
        used = used[(used["role"] == measured["role"]) & (used["wave"] == measured["wave"])]
    wide = used.set_index(["student_id", "dimension"])["score"].unstack()  # noqa: PD010 (one score per cell)
    missing = [p for p in link["predictors"] if p not in wide.columns]
    if missing:
        what = f"there are no {link['scores']} scores of {', '.join(missing)}"
        raise Stop("link", Problem(what, "config", "key link.predictors", "name dimensions of the instrument"))
    students = sample.copy()
    for predictor in link["predictors"]:
        values = students["student_id"].map(wide[predictor]).astype(float)
        if link.get("standardise", True):
            values = (values - values.mean()) / values.std(ddof=1)
        students[predictor] = values
    return reference_first(students, grouped_covariates(config))


def reference_first(students: pd.DataFrame, covariates: Iterable[str]) -> pd.DataFrame:
    """The students with each categorical covariate's reference in front: "no" if there is one, else the largest group.

    The reference is the same in every sample. A rare one would make every contrast uncertain or separated.
    """
    import pandas as pd

    found = students.copy()
    for name in covariates:
        if not pd.api.types.is_numeric_dtype(found[name]):
            answers = found[name].astype("string").astype(object)
            counts = answers.value_counts()
            order = sorted(counts.index, key=lambda level: (level != "no", -counts[level], level))
            found[name] = pd.Categorical(answers, categories=order)
    return found


def model_frame(
    students: pd.DataFrame, outcome: pd.DataFrame, link: Mapping[str, Any], cohort: str | None
) -> pd.DataFrame:
    """Students of one cohort (or all) with the outcome and, in ``_step``, the number of the step that loses them.

    Steps: 1 no score, 2 no record or answer of the outcome, 3 not at risk, 4 a covariate or the cluster is missing,
    6 a weight of zero, 5 analysed. ``link`` may be the link block or the settings of one model
    (:func:`alliance.persistence.settings.model_settings`).
    """
    import pandas as pd

    rows = students if cohort is None else students[students["cohort"] == cohort]
    held = outcome.set_index("student_id")
    censored = held["censored"] if "censored" in held else pd.Series(False, index=held.index)
    rows = rows.assign(
        _value=rows["student_id"].map(held["value"]),
        _at_risk=rows["student_id"].map(held["at_risk"]).fillna(False).astype(bool),
        _censored=rows["student_id"].map(censored).fillna(False).astype(bool),
        _why=rows["student_id"].map(held["reason_not_at_risk"]).fillna(NO_RECORD),
    )
    needed = link.get("needed") or [*link.get("covariates", ()), *([link["cluster"]] if link.get("cluster") else [])]
    weightless = rows[link["weights"]] == 0 if link.get("weights") else pd.Series(False, index=rows.index)
    steps = [
        rows[list(link["predictors"])].isna().any(axis=1),
        rows["_why"].isin([NO_RECORD, NO_ANSWER]),
        ~rows["_at_risk"],
        rows[needed].isna().any(axis=1) if needed else np.zeros(len(rows), dtype=bool),
        weightless.fillna(False),
    ]
    return rows.assign(_step=np.select(steps, [1, 2, 3, 4, 6], default=5))


FLOW_STEPS = {
    1: ("scored", "With alliance scores", "No score"),
    2: ("linked", "With the outcome's records or answer", "No record or answer"),
    3: ("at_risk", "At risk of the outcome", "Not at risk"),
    4: ("complete", "Complete covariates", "Covariate or cluster missing"),
    6: ("weighted", "With a weight above zero", "Weight of zero"),
    7: ("varying", "In a cohort in which the outcome varies", "Everybody or nobody of the cohort has the outcome"),
}
ALWAYS = (1, 2, 3, 4)  # steps that the flow shows even when they lose nobody


def flow_rows(rows: pd.DataFrame, model: str, cohort: str) -> list[dict[str, Any]]:
    """The flow of one model from the sample to the analysed students; n_in - excluded = n_out at every step."""
    found, n_in = [], len(rows)
    for order, (step, label, reason) in enumerate(FLOW_STEPS.values(), 1):
        number = list(FLOW_STEPS)[order - 1]
        excluded = int((rows["_step"] == number).sum())
        if not excluded and number not in ALWAYS:
            continue
        found.append(
            {
                "model": model,
                "order": order,
                "step": step,
                "label": label,
                "cohort": cohort,
                "n_in": n_in,
                "excluded": excluded,
                "n_out": n_in - excluded,
                "reason": reason,
            }
        )
        n_in -= excluded
    assert n_in == int((rows["_step"] == 5).sum())
    return found


def set_aside_constant(rows: pd.DataFrame, settings: Mapping[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """Cohorts in which everybody or nobody has a yes/no outcome leave the pooled sample: step 7.

    Beside cohort effects such a cohort says nothing about the predictors, and its own effect would be infinite.
    Returns the rows and what was done, for the status table.
    """
    analysed = rows[rows["_step"] == 5]
    if settings.get("value") != "binary" or settings["family"] in ("linear", "firth"):
        return rows, []
    spread = analysed.groupby("cohort", observed=True)["_value"].agg(["min", "max"])
    constant = spread[spread["min"] == spread["max"]]
    if constant.empty or len(constant) == len(spread):
        return rows, []
    notes = [f"without cohort {c}: {'everybody' if low else 'nobody'} has the outcome" for c, low, _ in
             constant.itertuples()]  # fmt: skip
    gone = (rows["_step"] == 5) & rows["cohort"].isin(constant.index)
    return rows.assign(_step=rows["_step"].mask(gone, 7)), notes


def analysis_rows(
    rows: pd.DataFrame, periods: pd.DataFrame, block: Mapping[str, Any], link: Mapping[str, Any], *, pooled: bool
) -> Analysis:
    """Formula and data of one model: predictors, covariates, interactions and, when pooled, cohort fixed effects.

    ``block`` is the model's block of the config, ``link`` its settings (or the link block as it is).
    """
    data = rows[rows["_step"] == 5].drop(columns=["_step", "_why", "_at_risk"])
    terms = [*link["predictors"], *link.get("covariates", ())]
    if pooled and len(data["cohort"].unique()) > 1:
        terms.append("C(cohort)")
    terms = [_quoted(term) for term in terms]
    terms += [":".join(_quoted(variable) for variable in crossed) for crossed in link.get("interactions") or ()]
    for column in link.get("covariates", ()):
        if data[column].dtype != "category":
            data[column] = data[column].astype(float)
    options = dict(link.get("options") or {})
    if link.get("weights"):
        options["weights"] = link["weights"]
    if link.get("random"):
        options["random"] = link["random"]
    if block["family"] == "cox":
        data["_event"] = 1.0 - data.pop("_censored").astype(float)
        return Analysis(f"_value ~ {' + '.join(terms)}", data, len(data), options | {"event": "_event"})
    if block["family"] != "hazard":
        if link.get("categories"):
            data["_value"] = _named(data["_value"], link["categories"])
        return Analysis(f"_value ~ {' + '.join(terms)}", data, len(data), options)
    spells = periods[periods["outcome"] == block["outcome"]]
    long = spells[["student_id", "period", "event"]].merge(data.drop(columns="_value"), on="student_id", how="inner")
    long["period"] = baseline_categories(long["period"].to_numpy(), long["event"].to_numpy())
    start = "0 + C(period) + " if len(long["period"].unique()) > 1 else ""
    return Analysis(f"event ~ {start}{' + '.join(terms)}", long, long["student_id"].nunique(), options)


def _named(values: pd.Series, names: list[str]) -> pd.Series:
    """Codes 0, 1 ... as an ordered categorical of the names."""
    import pandas as pd

    codes = values.to_numpy(dtype=float).astype(int)
    return pd.Series(pd.Categorical.from_codes(codes, names, ordered=True), index=values.index)


def _quoted(term: str) -> str:
    return term if term.replace("_", "").isalnum() or term.startswith("C(") else f'Q("{term}")'


def baseline_categories(period: np.ndarray, event: np.ndarray, minimum: int = MINIMUM_EVENTS) -> np.ndarray:
    """Periods as categories of the baseline hazard: neighbours are joined until each holds enough events and others.

    Returns labels that sort in time: "01", "02", "09-14". What is left over at the end joins the last category.
    """
    import pandas as pd

    if not len(period):
        return np.empty(0, dtype=object)
    counts = pd.crosstab(period, event).reindex(columns=[0, 1], fill_value=0)
    groups: list[list[int]] = []
    open_group: list[int] = []
    events = others = 0
    for place, row in counts.iterrows():
        open_group.append(int(place))
        events, others = events + int(row[1]), others + int(row[0])
        if events >= minimum and others >= minimum:
            groups.append(open_group)
            open_group, events, others = [], 0, 0
    if open_group:
        groups = [*groups[:-1], groups[-1] + open_group] if groups else [open_group]
    label = {p: f"{g[0]:02d}" if len(g) == 1 else f"{g[0]:02d}-{g[-1]:02d}" for g in groups for p in g}
    return pd.Series(period).map(label).to_numpy(dtype=object)
