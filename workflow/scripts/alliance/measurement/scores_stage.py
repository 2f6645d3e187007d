"""The scores stage: sum scores of every report with the instrument's items, regression scores of the one measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.measurement.estimate import OK
from alliance.measurement.models import build_model
from alliance.measurement.samples import POOLED
from alliance.measurement.scores import RULES, model_scores, score_rows, sum_error, sum_scores

if TYPE_CHECKING:
    import pandas as pd

SCORE_COLUMNS = ["student_id", "dimension", "role", "wave", "method", "score", "se"]
ABOUT = ["dimension", "role", "wave", "method", "model", "sample"]
DETERMINACY_COLUMNS = [*ABOUT, "n", "reliability", "determinacy", "se_mean", "rule"]


def sum_tables(
    ids: pd.Series,
    items: pd.DataFrame,
    key: Mapping[str, Sequence[str]],
    role: str,
    wave: int,
    cohorts: pd.Series | None,
    minimum: int = 10,
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Sum scores of one report, and rows about their reliability (alpha), pooled and by cohort.

    ``items``: rows of students, columns named by variable; a person's standard error is that of the pooled sample.
    Nothing is said about samples of fewer than ``minimum`` persons.
    """
    import pandas as pd

    found, about = [], []
    for dimension, names in key.items():
        answers = items[list(names)].to_numpy(dtype=float)
        score = sum_scores(answers)
        head = {"dimension": dimension, "role": role, "wave": wave, "method": "sum"}
        se, _ = sum_error(answers)
        found.append(score_rows(ids, head, score, np.full(len(score), se)))
        for sample, rows in _groups(cohorts, len(items)).items():
            se, alpha = sum_error(answers[rows])
            n = int(np.isfinite(score[rows]).sum())
            if n >= minimum:
                about.append(_about(head, "", sample, n, alpha, se, RULES["sum"]))
    return pd.concat(found)[SCORE_COLUMNS], about


def regression_tables(
    ids: pd.Series,
    items: pd.DataFrame,
    key: Mapping[str, Sequence[str]],
    settings: Mapping[str, Any],
    parameters: pd.DataFrame,
    status: pd.DataFrame,
    cohorts: pd.Series | None,
    minimum: int = 10,
) -> tuple[pd.DataFrame, list[dict[str, Any]], str]:
    """Regression scores of the chosen model as fitted in the pooled sample, rows about them, and why there are none.

    Reliability is one minus the mean squared standard error (the latent variance is one), determinacy its root: for
    complete answers the correlation of score and latent variable that the model implies (Beauducel, 2011).
    """
    import pandas as pd

    name = settings["chosen"]
    row = status[(status["sample"] == POOLED) & (status["model"] == name)]
    if row.empty or row["status"].iloc[0] != OK:
        why = "it is not on the menu" if row.empty else f"{row['status'].iloc[0]}: {row['reason'].iloc[0]}"
        return (
            pd.DataFrame(columns=SCORE_COLUMNS),
            [],
            f"no regression scores: model {name} in the pooled sample, {why}",
        )
    model = build_model(name, key, settings.get("two"))
    fitted = parameters[(parameters["sample"] == POOLED) & (parameters["model"] == name)]
    found, about = [], []
    for dimension, (score, se) in model_scores(model, fitted, items).items():
        head = {"dimension": dimension, "role": settings["role"], "wave": settings["wave"], "method": "regression"}
        found.append(score_rows(ids, head, score, se))
        for sample, rows in _groups(cohorts, len(items)).items():
            errors = se[rows][np.isfinite(se[rows])]
            if len(errors) >= minimum:
                reliability = 1 - float(np.mean(errors**2))
                about.append(
                    _about(head, name, sample, len(errors), reliability, float(errors.mean()), RULES["regression"])
                )
    return pd.concat(found)[SCORE_COLUMNS], about, ""


def _groups(cohorts: pd.Series | None, n: int) -> dict[str, np.ndarray]:
    """Rows of the pooled sample and of each cohort."""
    groups = {POOLED: np.ones(n, bool)}
    if cohorts is not None:
        values = cohorts.astype(str).to_numpy()
        groups |= {cohort: values == cohort for cohort in sorted(set(values))}
    return groups


def _about(head: dict, model: str, sample: str, n: int, reliability: float, se: float, rule: str) -> dict[str, Any]:
    determinacy = float(np.sqrt(reliability)) if reliability >= 0 else float("nan")
    values = {"n": n, "reliability": reliability, "determinacy": determinacy, "se_mean": se, "rule": rule}
    return {**head, "model": model, "sample": sample, **values}
