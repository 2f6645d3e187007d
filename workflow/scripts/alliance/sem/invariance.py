"""Measurement invariance, step by step: across groups, waves or roles, for ordered and continuous indicators.

Each step is an ordinary model whose text ``invariance_syntax`` writes; it is fitted, compared with the step
before and judged by declared criteria (``invariance_verdict``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .invariance_design import Design, InvarianceError, read_design
from .invariance_syntax import step_model, step_name, step_words
from .invariance_verdict import Criteria, is_nested, judge, limits
from .syntax import Element, parse

if TYPE_CHECKING:
    import pandas as pd

    from .results import Fit

_ORDINAL_STEPS = [
    ["configural"],
    ["thresholds"],
    ["thresholds", "loadings"],
    ["thresholds", "loadings", "intercepts"],
    ["thresholds", "loadings", "intercepts", "residuals"],
]
_CONTINUOUS_STEPS = [["configural"], ["loadings"], ["loadings", "intercepts"], ["loadings", "intercepts", "residuals"]]
_MEASURES = [
    "npar", "chisq", "df", "pvalue", "chisq_scaled", "df_scaled", "pvalue_scaled", "chisq_scaling_factor",
    "cfi", "tli", "cfi_scaled", "tli_scaled", "cfi_robust", "tli_robust",
    "rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "rmsea_scaled", "rmsea_ci_lower_scaled", "rmsea_ci_upper_scaled",
    "rmsea_robust", "rmsea_ci_lower_robust", "rmsea_ci_upper_robust", "srmr", "aic", "bic", "ntotal",
]  # fmt: skip


@dataclass
class InvarianceLadder:
    """The steps of a ladder.

    ``table`` has one row per step: step, fit measures under lavaan's names, chisq_diff, df_diff, p_diff
    (against the step before), delta_cfi, delta_rmsea, converged, verdict, reason. ``fits`` and ``models``
    hold each step's fit and model text by its name. ``index`` says which CFI and RMSEA were compared:
    "robust", "scaled" or "" (plain).
    """

    table: pd.DataFrame
    fits: dict[str, Fit]
    models: dict[str, str]
    design: Design
    index: str
    criteria: Criteria
    notes: list[str] = field(default_factory=list)

    @property
    def supported(self) -> str:
        """The last step up to which no step was rejected or failed."""
        name = str(self.table["step"].iloc[0])
        for step, verdict in zip(self.table["step"], self.table["verdict"], strict=True):
            if verdict in ("rejected", "not converged"):
                break
            name = str(step)
        return name


def invariance_ladder(
    model: str,
    data: pd.DataFrame,
    *,
    group: str | None = None,
    waves: Mapping[str, Sequence[str]] | None = None,
    indicators: Mapping[str, Sequence[str]] | None = None,
    lags: int = 1,
    ordered: Sequence[str] | bool = (),
    estimator: str | None = None,
    missing: str = "listwise",
    parameterization: str = "delta",
    steps: Sequence[Sequence[str] | str] | None = None,
    partial: Sequence[str] = (),
    criteria: Criteria | None = None,
    **options: Any,
) -> InvarianceLadder:
    """Fit a measurement model with more and more held equal, and compare each step with the one before.

    Parameters
    ----------
    model : measurement model (first-order factors). With ``waves`` it has one factor per construct and wave.
    group : column whose values form the groups.
    waves : construct -> its factors in temporal order, {"bond": ["bond1", "bond2"]}; also for roles
        (mentee and mentor report).
    indicators : item -> its columns in the same order, {"b1": ["b1_w1", "b1_w2"]}; None matches by position.
    lags : residuals of the same item correlate across up to so many waves (0: never).
    ordered : ordered indicators (True: all). estimator : None is WLSMV with ordered indicators, else ML.
    missing : "listwise", "pairwise" (ordered) or "fiml". parameterization : "delta" or "theta"; equal residual
        variances are always estimated under theta, which describes the same model.
    steps : each a list of words held equal; None is configural, (thresholds,) loadings, intercepts, residuals.
    partial : cells left free, as "bond=~b1", "b1|t2", "b1~1", "b1~~b1"; with ``waves`` in terms of construct and item.
    options : further arguments of ``fit_sem`` (cluster, sampling_weights ...).

    Returns
    -------
    InvarianceLadder

    Raises
    ------
    InvarianceError : when the design does not fit together. Identification: factors of the first group and wave
        have mean 0 and variance 1; ordered indicators follow Wu & Estabrook (2016).
    """
    from .fit import fit_sem

    if group is None and not waves:
        raise InvarianceError("name what is compared: group='column', or waves={'bond': ['bond1', 'bond2']}")
    items = _items(model)
    ordered_items = items if ordered is True else [name for name in items if name in set(ordered or ())]
    design = read_design(
        model,
        n_groups=_n_groups(data, group),
        waves=waves,
        indicators=indicators,
        lags=lags,
        n_thresholds=_n_thresholds(data, ordered_items),
    )
    chosen = [step_words(step) for step in (steps or (_ORDINAL_STEPS if ordered_items else _CONTINUOUS_STEPS))]
    criteria = criteria or Criteria()
    scales = ["theta" if "residuals" in words else parameterization for words in chosen]

    def fit(words: frozenset[str], scale: str) -> tuple[str, Fit]:
        text = step_model(design, words, scale, partial)
        return text, fit_sem(
            text,
            data,
            estimator=estimator,
            ordered=tuple(ordered_items),
            group=group,
            missing=missing,
            parameterization=scale,
            std_lv=True,
            meanstructure=True,
            **options,
        )

    fits: dict[str, Fit] = {}
    models: dict[str, str] = {}
    differences: list[dict[str, float]] = []
    joint: dict[str, str] = {}
    for k, (words, scale) in enumerate(zip(chosen, scales, strict=True)):
        name = step_name(words)
        models[name], fits[name] = fit(words, scale)
        if k == 0:
            differences.append({})
            continue
        before = fits[step_name(chosen[k - 1])]
        if design.n_thresholds and scales[k - 1] != scale:
            before = fit(chosen[k - 1], scale)[1]
        nested = is_nested(design, words - chosen[k - 1], words)
        differences.append(_difference(before, fits[name], nested))
        if "residuals" in words and k > 1 and not is_nested(design, chosen[k - 1] - chosen[k - 2], chosen[k - 1]):
            test = _difference(fit(chosen[k - 2], scale)[1], fits[name], True)
            joint[name] = (
                f"intercepts and residual variances together, against {step_name(chosen[k - 2])}: difference "
                f"{test['chisq_diff']:.3f} on {test['df_diff']} df, p = {test['p_diff']:.4f}"
            )
    return _assemble(design, chosen, fits, models, differences, joint, criteria)


def _items(model: str) -> list[str]:
    measured = [element for element in parse(model) if isinstance(element, Element) and element.op == "=~"]
    return list(dict.fromkeys(element.rhs for element in measured))


def _n_groups(data: pd.DataFrame, group: str | None) -> int:
    if group is None:
        return 1
    if group not in data.columns:
        raise InvarianceError(f"group: the data have no column {group}")
    count = int(data[group].dropna().nunique())
    if count < 2:
        raise InvarianceError(f"group: {group} has {count} value(s); at least two groups are needed")
    return count


def _n_thresholds(data: pd.DataFrame, ordered: Sequence[str]) -> dict[str, int]:
    absent = [name for name in ordered if name not in data.columns]
    if absent:
        raise InvarianceError(f"the data have no column {', '.join(absent)}")
    counts = {name: int(data[name].dropna().nunique()) - 1 for name in ordered}
    constant = [name for name, count in counts.items() if count < 1]
    if constant:
        raise InvarianceError(f"{', '.join(constant)} is constant: leave it out")
    return counts


def _difference(before: Fit, after: Fit, nested: bool) -> dict[str, float]:
    """Difference test; no statistic where the models are not nested or did not converge."""
    df_diff = int(after.df - before.df)
    if df_diff < 0 or not nested or not (before.converged and after.converged):
        return {"chisq_diff": math.nan, "df_diff": df_diff, "p_diff": math.nan}
    test = before.compare(after)
    return {"chisq_diff": test["chisq_diff"], "df_diff": df_diff, "p_diff": test["pvalue"]}


def _assemble(
    design: Design,
    chosen: Sequence[frozenset[str]],
    fits: Mapping[str, Fit],
    models: dict[str, str],
    differences: Sequence[dict[str, float]],
    joint: Mapping[str, str],
    criteria: Criteria,
) -> InvarianceLadder:
    """The table of all steps with their verdicts."""
    import pandas as pd

    measures = {name: fit.fit_measures for name, fit in fits.items()}
    index = _common_index(list(measures.values()), bool(design.n_thresholds))
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for k, (words, difference) in enumerate(zip(chosen, differences, strict=True)):
        name = step_name(words)
        fit = measures[name]
        row: dict[str, Any] = {"step": name, **{key: fit[key] for key in _MEASURES if key in fit}}
        row |= {key: difference.get(key, math.nan) for key in ("chisq_diff", "df_diff", "p_diff")}
        before = measures[step_name(chosen[k - 1])] if k else None
        for key, short in ((f"cfi{index}", "delta_cfi"), (f"rmsea{index}", "delta_rmsea")):
            row[short] = fit[key] - before[key] if before else math.nan
        row["converged"] = fits[name].converged
        found = limits(design, words - (chosen[k - 1] if k else frozenset()), words)
        found += [joint[name]] if name in joint else []
        notes += [f"{name}: {note}" for note in found]
        if not fits[name].converged:
            verdict, reason = "not converged", "the search ended without a solution; nothing can be said"
        elif before is None:
            verdict, reason = "baseline", "the model the next step is compared with"
        else:
            nested = is_nested(design, words - chosen[k - 1], words) and row["df_diff"] >= 0
            verdict, reason = judge(
                row["delta_cfi"], row["delta_rmsea"], row["df_diff"], row["p_diff"], criteria, nested
            )
        row |= {"verdict": verdict, "reason": "; ".join([reason, *found])}
        rows.append(row)
    return InvarianceLadder(pd.DataFrame(rows), dict(fits), models, design, index.strip("_"), criteria, notes)


def _common_index(measures: Sequence[Mapping[str, float]], ordinal: bool) -> str:
    """Suffix of the CFI and RMSEA that every step has: robust before scaled before plain.

    Robust indices of ordered data judge correlations alone and are not defined once thresholds are equal.
    """
    for suffix in ("_scaled",) if ordinal else ("_robust", "_scaled"):
        pairs = [(fit.get(f"cfi{suffix}"), fit.get(f"rmsea{suffix}")) for fit in measures]
        if all(value is not None and np.isfinite(value) for pair in pairs for value in pair):
            return suffix
    return ""
