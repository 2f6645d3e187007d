"""Climbing a ladder: fit each step, compare it with the one before, judge it and, where asked, release cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .invariance_design import Design
from .invariance_syntax import step_name
from .invariance_verdict import Criteria, is_nested, judge, limits

if TYPE_CHECKING:
    from .results import Fit

# words of a step, parameterization, cells left free -> model text and fit
FitStep = Callable[[frozenset[str], str, Sequence[str]], "tuple[str, Fit]"]
_KEPT_PER_FACTOR = 2  # items whose loadings or intercepts stay equal, so that factors remain comparable


@dataclass
class Step:
    """One model of a ladder with its comparison and verdict."""

    name: str
    words: frozenset[str]
    scale: str
    partial: tuple[str, ...]
    text: str
    fit: Fit
    difference: dict[str, float] = field(default_factory=dict)
    delta_cfi: float = math.nan
    delta_rmsea: float = math.nan
    verdict: str = "baseline"
    reason: str = "the model the next step is compared with"
    notes: list[str] = field(default_factory=list)


def common_index(fit: Fit, ordinal: bool) -> str:
    """Suffix of the CFI and RMSEA that are compared: robust before scaled before plain.

    Robust indices of ordered data judge correlations alone and are not defined once thresholds are equal.
    """
    for suffix in ("_scaled",) if ordinal else ("_robust", "_scaled"):
        values = [fit.fit_measures.get(f"{name}{suffix}", math.nan) for name in ("cfi", "rmsea")]
        if np.isfinite(values).all():
            return suffix
    return ""


def difference(before: Fit, after: Fit, nested: bool = True) -> dict[str, float]:
    """Difference test; no statistic where the models are not nested or did not converge."""
    df_diff = int(after.df - before.df)
    if df_diff < 0 or not nested or not (before.converged and after.converged):
        return {"chisq_diff": math.nan, "df_diff": df_diff, "p_diff": math.nan}
    test = before.compare(after)
    return {"chisq_diff": test["chisq_diff"], "df_diff": df_diff, "p_diff": test["pvalue"]}


class Climb:
    """The steps of one ladder in order; ``log`` holds one row per release that was tried as best."""

    def __init__(self, design: Design, fit_step: FitStep, parameterization: str, criteria: Criteria, release: int):
        self.design, self.fit_step, self.criteria, self.release = design, fit_step, criteria, release
        self.parameterization = parameterization
        self.steps: list[Step] = []
        self.log: list[dict[str, Any]] = []
        self.index = ""

    def add(self, words: frozenset[str], partial: Sequence[str]) -> Sequence[str]:
        """Fit one more step; returns the cells that later steps leave free."""
        # equal residual variances can only be written under theta, which describes the same model
        scale = "theta" if "residuals" in words and self.design.n_thresholds else self.parameterization
        step = self._fit(words, scale, partial)
        before = self.steps[-1] if self.steps else None
        if before is None:
            self.index = common_index(step.fit, bool(self.design.n_thresholds))
        self._judge(step, before)
        self.steps.append(step)
        if step.verdict == "rejected" and before is not None:
            better = self._search(step, before)
            if better is not None:
                self.steps.append(better)
                return better.partial
        return partial

    def _fit(self, words: frozenset[str], scale: str, partial: Sequence[str]) -> Step:
        text, fit = self.fit_step(words, scale, partial)
        return Step(step_name(words), words, scale, tuple(partial), text, fit)

    def _judge(self, step: Step, before: Step | None) -> None:
        new = step.words - (before.words if before else frozenset())
        step.notes = limits(self.design, new, step.words)
        if before is not None:
            nested = is_nested(self.design, new, step.words)
            step.difference = difference(self._same_scale(before, step), step.fit, nested)
            one, two = before.fit.fit_measures, step.fit.fit_measures
            step.delta_cfi, step.delta_rmsea = (
                two[f"{n}{self.index}"] - one[f"{n}{self.index}"] for n in ("cfi", "rmsea")
            )
            comparable = nested and step.difference["df_diff"] >= 0
            step.verdict, step.reason = judge(
                step.delta_cfi, step.delta_rmsea, step.difference["df_diff"], step.difference["p_diff"],
                self.criteria, comparable,
            )  # fmt: skip
            step.notes += self._joint(step)
        if not step.fit.converged:
            step.verdict, step.reason = "not converged", "the search ended without a solution; nothing can be said"

    def _same_scale(self, before: Step, step: Step) -> Fit:
        """The step before under the parameterization of ``step``."""
        if before.scale == step.scale:
            return before.fit
        return self.fit_step(before.words, step.scale, before.partial)[1]

    def _joint(self, step: Step) -> list[str]:
        """Binary items: intercepts and residual variances tested together, when the step adds the latter."""
        full = [s for s in self.steps if s.partial == step.partial]
        if "residuals" not in step.words or len(full) < 2:
            return []
        last, earlier = full[-1], full[-2]
        if is_nested(self.design, last.words - earlier.words, last.words):
            return []
        test = difference(self._same_scale(earlier, step), step.fit)
        return [
            f"intercepts and residual variances together, against {earlier.name}: difference "
            f"{test['chisq_diff']:.3f} on {test['df_diff']} df, p = {test['p_diff']:.4f}"
        ]

    def _search(self, rejected: Step, before: Step) -> Step | None:
        """Release the cell that improves fit most, again and again, until the step is no longer rejected.

        A release must be significant after Bonferroni's correction over the candidates; at least two items per
        factor stay equal. None when nothing was released.
        """
        current = rejected
        for number in range(1, self.release + 1):
            candidates = self._candidates(current, current.words - before.words)
            trials = []
            for cells in candidates:
                trial = self._fit(current.words, current.scale, [*current.partial, *cells])
                test = difference(trial.fit, current.fit)
                if trial.fit.converged and test["df_diff"] > 0 and not math.isnan(test["p_diff"]):
                    trials.append((test["p_diff"], -test["chisq_diff"], cells, test, trial))
            if not trials:
                break
            p, _, cells, test, trial = min(trials, key=lambda entry: entry[:2])
            adjusted = min(1.0, p * len(candidates))
            accepted = adjusted < self.criteria.alpha
            self.log.append(
                {
                    "step": current.name, "round": number, "released": ", ".join(cells), **test,
                    "candidates": len(candidates), "p_adjusted": adjusted, "accepted": accepted,
                }
            )  # fmt: skip
            if not accepted:
                break
            self._judge(trial, before)
            current = trial
            if current.verdict != "rejected":
                break
        if current is rejected:
            return None
        freed = [cell for cell in current.partial if cell not in before.partial]
        current.name = f"{current.name} (partial)"
        current.notes.append(f"left free: {', '.join(freed)}")
        return current

    def _candidates(self, step: Step, new: frozenset[str]) -> list[list[str]]:
        """Cells that the step made equal, one list per item and word, in terms of constructs and items."""
        found: dict[tuple[str, ...], None] = {}
        counts: dict[tuple[str, str], int] = {}
        entries = []
        for factor, item, fixed in self.design.loadings:
            if fixed is not None:
                continue
            construct, concept = self.design.factors[factor].concept, self.design.indicators[item].concept
            thresholds = range(1, self.design.n_thresholds.get(item, 0) + 1)
            cells = {
                "loadings": (f"{construct}=~{concept}",),
                "intercepts": (f"{concept}~1",),
                "thresholds": tuple(f"{concept}|t{k}" for k in thresholds),
                "residuals": (f"{concept}~~{concept}",),
            }
            entries += [(construct, word, cells[word]) for word in cells if word in new and cells[word]]
        for construct, word, cells in dict.fromkeys(entries):
            if cells[0] not in step.partial:
                counts[construct, word] = counts.get((construct, word), 0) + 1
        for construct, word, cells in dict.fromkeys(entries):
            if cells[0] not in step.partial and counts[construct, word] > _KEPT_PER_FACTOR:
                found[cells] = None
        return [list(cells) for cells in found]
