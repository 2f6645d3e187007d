"""Measurement invariance, step by step: across groups, waves or roles, for ordered and continuous indicators.

Each step is an ordinary model whose text ``invariance_syntax`` writes; ``invariance_steps`` fits it, compares it with
the step before and judges it by declared criteria (``invariance_verdict``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .invariance_design import Design, InvarianceError, read_design
from .invariance_steps import Climb
from .invariance_syntax import step_model, step_words
from .invariance_verdict import Criteria
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
    "robust", "scaled" or "" (plain). ``released`` logs the search for partial invariance: step, round, released,
    chisq_diff, df_diff, p_diff, candidates, p_adjusted (Bonferroni), accepted.
    """

    table: pd.DataFrame
    fits: dict[str, Fit]
    models: dict[str, str]
    design: Design
    index: str
    criteria: Criteria
    released: pd.DataFrame
    notes: list[str] = field(default_factory=list)

    @property
    def supported(self) -> str:
        """The last step up to which no step was rejected or failed."""
        names, verdicts = list(self.table["step"]), list(self.table["verdict"])
        last = names[0]
        for name, verdict, following in zip(names, verdicts, [*names[1:], ""], strict=True):
            if following == f"{name} (partial)":
                continue
            if verdict in ("rejected", "not converged"):
                break
            last = name
        return str(last)


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
    release: int = 0,
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
    release : when a step is rejected, release up to so many items (largest improvement first, Bonferroni corrected, two
        items per factor stay equal); the partial step follows as a row of its own and later steps build on it.
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

    fitted: list[Fit] = []

    def fit_step(words: frozenset[str], scale: str, released: Sequence[str]) -> tuple[str, Fit]:
        text = step_model(design, words, scale, released)
        fitted.append(
            fit_sem(
                text,
                data,
                estimator=estimator,
                ordered=tuple(ordered_items),
                group=group,
                missing=missing,
                parameterization=scale,
                std_lv=True,
                meanstructure=True,
                same_data=fitted[0] if fitted else None,
                **options,
            )
        )
        return text, fitted[-1]

    climb = Climb(design, fit_step, parameterization, criteria or Criteria(), release)
    cells: Sequence[str] = tuple(partial)
    for words in chosen:
        cells = climb.add(words, cells)
    return _ladder(climb)


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


def _ladder(climb: Climb) -> InvarianceLadder:
    """The table of all steps."""
    import pandas as pd

    rows = []
    for step in climb.steps:
        measures = step.fit.fit_measures
        row: dict[str, Any] = {"step": step.name, **{key: measures[key] for key in _MEASURES if key in measures}}
        row |= {key: step.difference.get(key, float("nan")) for key in ("chisq_diff", "df_diff", "p_diff")}
        row |= {"delta_cfi": step.delta_cfi, "delta_rmsea": step.delta_rmsea, "converged": step.fit.converged}
        rows.append(row | {"verdict": step.verdict, "reason": "; ".join([step.reason, *step.notes])})
    columns = ["step", "round", "released", "chisq_diff", "df_diff", "p_diff", "candidates", "p_adjusted", "accepted"]
    return InvarianceLadder(
        pd.DataFrame(rows),
        {step.name: step.fit for step in climb.steps},
        {step.name: step.text for step in climb.steps},
        climb.design,
        climb.index.strip("_"),
        climb.criteria,
        pd.DataFrame(climb.log, columns=columns),
        [f"{step.name}: {note}" for step in climb.steps for note in step.notes],
    )
