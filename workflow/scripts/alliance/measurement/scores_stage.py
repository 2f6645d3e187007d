"""The scores stage: sum scores of every report with the instrument's items, model scores of the ones that can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alliance.measurement.estimate import OK, WLSMV, MeasurementFit, answered_rows, choose_estimator, fit_measurement
from alliance.measurement.key_check import check_key
from alliance.measurement.menu import possible_models, usable_key
from alliance.measurement.samples import POOLED
from alliance.measurement.scores import (
    BARTLETT,
    RULES,
    SUM,
    USE,
    estimator_for,
    model_scores,
    score_rows,
    sum_error,
    sum_scores,
)

if TYPE_CHECKING:
    import pandas as pd

SCORE_COLUMNS = ["student_id", "dimension", "role", "wave", "method", "score", "se"]
ABOUT = ["dimension", "role", "wave", "method", "model", "estimator", "sample"]
DETERMINACY_COLUMNS = [*ABOUT, "n", "reliability", "determinacy", "se_mean", "rule", "use"]


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
        head = {"dimension": dimension, "role": role, "wave": wave, "method": SUM}
        se, _ = sum_error(answers)
        found.append(score_rows(ids, head, score, np.full(len(score), se)))
        for sample, rows in _groups(cohorts, len(items)).items():
            se, alpha = sum_error(answers[rows])
            n = int(np.isfinite(score[rows]).sum())
            if n >= minimum:
                about.append(_about({**head, "model": "", "estimator": ""}, sample, n, alpha, se))
    return pd.concat(found)[SCORE_COLUMNS], about


def fit_for_scores(
    items: pd.DataFrame, key: Mapping[str, Sequence[str]], settings: Mapping[str, Any], minimum: int,
    estimator: str = "",
) -> tuple[MeasurementFit | None, NDArray[np.bool_], str]:  # fmt: skip
    """The chosen model in these rows, which rows it used, and why there is none.

    Errors of parameters do not enter a score, so clusters are left out here.
    """
    name = settings["chosen"]
    checks = check_key(items, key, minimum=minimum)
    key, _ = usable_key(items, key)
    menu, refused = possible_models(key, {**settings, "models": [name]}, checks)
    if name in refused:
        return None, np.zeros(len(items), bool), f"model {name}: {refused[name]}"
    model = next(model for model in menu if model.name == name)
    asked = estimator or str(settings.get("estimator") or WLSMV)
    chosen = choose_estimator(asked, items[model.items])
    used = answered_rows(items[model.items], chosen).to_numpy()
    fit = fit_measurement(model, items[used], minimum, estimator=chosen)
    if fit.status != OK:
        return None, used, f"model {name}, {fit.status}: {fit.reason}"
    return fit, used, ""


def model_tables(
    ids: pd.Series,
    items: pd.DataFrame,
    key: Mapping[str, Sequence[str]],
    settings: Mapping[str, Any],
    report: tuple[str, int],
    methods: Sequence[str],
    cohorts: pd.Series | None = None,
    minimum: int = 10,
) -> tuple[pd.DataFrame, list[dict[str, Any]], list[str]]:
    """Model scores of one report, rows about them, and sentences about what is not there.

    The model is fitted to all rows of the report. Reliability is one minus the mean squared standard error for
    shrunken scores, and one over one plus it for Bartlett scores; determinacy, its root, is the correlation of score
    and latent variable that the model implies (Beauducel, 2011).
    """
    import pandas as pd

    role, wave = report
    found, about, reasons = [pd.DataFrame(columns=SCORE_COLUMNS)], [], []
    fits: dict[str, tuple] = {}
    main = str(settings.get("estimator") or WLSMV)
    for method in methods:
        wanted = estimator_for(method, main)
        if wanted not in fits:
            fits[wanted] = fit_for_scores(items, key, settings, minimum, wanted)
        fit, used, why = fits[wanted]
        if fit is None:
            reasons.append(f"no {method} scores of {role}, wave {wave}: {why}")
            continue
        try:
            scores = model_scores(fit, used, method)
        except (ValueError, np.linalg.LinAlgError) as error:
            reasons.append(f"no {method} scores of {role}, wave {wave}: {error}")
            continue
        for dimension in fit.model.latents:
            score, se = scores.score[dimension], scores.se[dimension]
            head = {"dimension": dimension, "role": role, "wave": wave, "method": method}
            found.append(score_rows(ids, head, score, se))
            for sample, rows in _groups(cohorts, len(items)).items():
                errors = se[rows & np.isfinite(score)]
                if len(errors) >= minimum:
                    noise = float(np.mean(errors**2))
                    reliability = 1 / (1 + noise) if method == BARTLETT else 1 - noise
                    more = {**head, "model": fit.model.name, "estimator": fit.estimator}
                    about.append(_about(more, sample, len(errors), reliability, float(errors.mean())))
    if any(fit is not None for fit, *_ in fits.values()):
        reasons += [f"scores of {role}, wave {wave}: {note}" for note in usable_key(items, key)[1]]
    kept = [t for t in found if len(t)] or found[:1]
    return pd.concat(kept)[SCORE_COLUMNS], about, reasons


def _groups(cohorts: pd.Series | None, n: int) -> dict[str, NDArray[np.bool_]]:
    """Rows of the pooled sample and of each cohort."""
    groups = {POOLED: np.ones(n, bool)}
    if cohorts is not None:
        values = cohorts.astype(str).to_numpy()
        groups |= {cohort: values == cohort for cohort in sorted(set(values))}
    return groups


def _about(head: dict, sample: str, n: int, reliability: float, se: float) -> dict[str, Any]:
    determinacy = float(np.sqrt(reliability)) if reliability >= 0 else float("nan")
    values = {"n": n, "reliability": reliability, "determinacy": determinacy, "se_mean": se}
    return {**head, "sample": sample, **values, "rule": RULES[head["method"]], "use": USE[head["method"]]}
