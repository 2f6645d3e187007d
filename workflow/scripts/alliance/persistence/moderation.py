"""Moderation: the slope of a predictor within each group of another variable, and the test of their interaction.

Slopes are on the scale of the linear predictor (with their ratios), and as average marginal effects: on the scale of
probabilities an interaction may look different, and may differ in sign (Mize 2019, Sociol. Sci. 6:81), so both stand
side by side, each with the difference from the reference group and its own standard error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.analysis import Analysis
from alliance.persistence.effects import slope_quantity
from alliance.persistence.multiplicity import adjust
from alliance.persistence.result import OutcomeFit, table

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "outcome", "model", "term", "moderator", "group", "estimate", "std_error", "df", "p_value", "conf_low", "conf_high",
    "odds_ratio", "or_low", "or_high", "ame", "ame_std_error", "ame_low", "ame_high", "ame_p_value", "n", "test",
    "statistic", "test_df", "test_df_denominator", "interaction_p", "interaction_p_adjusted", "joint_test",
    "joint_statistic", "joint_df", "joint_df_denominator", "joint_p",
)  # fmt: skip
Line = tuple[str, np.ndarray, Any]  # label of the group, contrast of the design's columns, value of the moderator


def moderation_rows(
    fit: OutcomeFit, analysis: Analysis, settings: Mapping[str, Any], key: Mapping[str, str], minimum: int
) -> list[dict[str, Any]]:
    """One row per interaction of two variables, group and equation; then differences from the first group.

    Groups of a number are its mean and one standard deviation below and above. A group of fewer than ``minimum``
    students is named without its numbers, and the other groups without their sizes. The joint test is that of all
    interactions of the model with the same moderator.
    """
    found = []
    names = _column_names(fit)
    for pair in settings["interactions"]:
        focal = next(v for v in pair if v in settings["predictors"])
        moderator = next((v for v in pair if v != focal), None)
        if len(pair) != 2 or moderator is None:
            continue
        test = fit.test([n for n in names if _crosses(n, focal, moderator)])
        joint = fit.test([n for n in names if any(_crosses(n, p, moderator) for p in settings["predictors"])])
        about = {
            "moderator": moderator, "test": test["test"], "statistic": test["statistic"], "test_df": test["df"],
            "test_df_denominator": test["df_denominator"], "interaction_p": test["p_value"],
            "joint_test": joint["test"], "joint_statistic": joint["statistic"], "joint_df": joint["df"],
            "joint_df_denominator": joint["df_denominator"], "joint_p": joint["p_value"],
        }  # fmt: skip
        for row in _slopes(fit, analysis, focal, moderator, settings, minimum):
            found.append({**{k: key[k] for k in ("outcome", "model")}, **row, **about})
    return found


def moderation_table(rows: list[dict[str, Any]], method: str) -> pd.DataFrame:
    """The rows of all models, with the p values of the interactions adjusted as one family."""
    import pandas as pd

    found = pd.DataFrame(rows, columns=list(COLUMNS))
    tests = found.drop_duplicates(["model", "moderator", "statistic"])
    adjusted = dict(zip(tests.index, adjust(tests["interaction_p"].to_numpy(float), method), strict=True))
    found["interaction_p_adjusted"] = found.groupby(["model", "moderator", "statistic"], dropna=False)[
        "interaction_p"
    ].transform(lambda column: adjusted.get(column.index[0], np.nan))
    return found


def _column_names(fit: OutcomeFit) -> list[str]:
    prefixed = fit.family == "multinomial"
    return [name.split(": ", 1)[-1] if prefixed else name for name in fit.names]


def _crosses(name: str, *variables: str) -> bool:
    parts = [part.split("[", 1)[0] for part in name.split(":")]
    return len(parts) == 2 and set(parts) == set(variables)


def _lines(fit: OutcomeFit, focal: str, moderator: str) -> list[Line]:
    """Groups of the moderator with the change of the design's columns by one unit of the predictor in each."""
    rows, design = fit.data, fit._design()
    levels = design.levels.get(moderator)
    if levels is not None:
        values = [(str(level), level) for level in levels]
    else:
        x = rows[moderator].to_numpy(dtype=float)
        if np.isin(x, (0.0, 1.0)).all():
            values = [("0", 0.0), ("1", 1.0)]
        else:
            mean, sd = x.mean(), x.std(ddof=1)
            values = [("low (-1 SD)", mean - sd), ("mean", mean), ("high (+1 SD)", mean + sd)]
    found = []
    for label, value in values:
        there = rows.assign(**{moderator: value})
        change = design.matrix(there.assign(**{focal: 1.0})) - design.matrix(there.assign(**{focal: 0.0}))
        found.append((label, change.mean(axis=0), value))
    return found


def _slopes(fit, analysis: Analysis, focal: str, moderator: str, settings, minimum: int) -> list[dict[str, Any]]:
    lines = _lines(fit, focal, moderator)
    counts = _group_sizes(analysis, fit, moderator)
    reference = lines[0]
    compared = lines[1:] if counts else lines[-1:]  # of a number, only its low and high values
    differences = [(f"{label} - {reference[0]}", change - reference[1], None) for label, change, _ in compared]
    effects = {label: slope_quantity(fit, focal, {moderator: value}) for label, _, value in lines}
    zero = reference[0]
    effects |= {f"{label} - {zero}": _minus(effects[label], effects[zero]) for label, _, _ in compared}
    hide = any(n < minimum for n in counts.values())  # then the others' counts would give it away by subtraction
    rows = []
    for label, change, value in lines + differences:
        for equation, contrast in _embedded(fit, change):
            n = counts.get(label) if value is not None else None
            small = any(counts.get(part, minimum) < minimum for part in label.split(" - "))
            row = {"term": f"{equation}: {focal}" if equation else focal, "group": label}
            row["n"] = f"<{minimum}" if small and n else None if hide else n
            rows.append(row if small else row | _numbers(fit, contrast, effects[label], settings))
    return rows


def _group_sizes(analysis: Analysis, fit: OutcomeFit, moderator: str) -> dict[str, int]:
    """Students in each group of a moderator with groups."""
    if fit._design().levels.get(moderator) is None and not np.isin(fit.data[moderator].dropna(), (0.0, 1.0)).all():
        return {}
    people = analysis.data.drop_duplicates("student_id") if "student_id" in analysis.data else analysis.data
    values = people[moderator]
    if fit._design().levels.get(moderator) is None:
        values = values.astype(int)
    return {str(level): int(n) for level, n in values.value_counts().items()}


def _embedded(fit: OutcomeFit, change: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """A contrast of the design's columns as contrasts of the coefficients: one per equation of a multinomial model."""
    by_name = dict(zip(fit._design().names, change, strict=True))
    if fit.family != "multinomial":
        return [("", np.array([by_name.get(name, 0.0) for name in fit.names]))]
    equations = list(dict.fromkeys(name.split(": ", 1)[0] for name in fit.names))
    return [
        (e, np.array([by_name.get(name[len(e) + 2 :], 0.0) * name.startswith(f"{e}: ") for name in fit.names]))
        for e in equations
    ]


def _numbers(fit: OutcomeFit, contrast: np.ndarray, effect: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    slope = _line(fit, "", float(contrast @ np.nan_to_num(fit.coef)), contrast)
    found = {k: slope[k] for k in ("estimate", "std_error", "df", "p_value", "conf_low", "conf_high")}
    if settings["ratio"]:
        ratios = zip(("odds_ratio", "or_low", "or_high"), ("estimate", "conf_low", "conf_high"), strict=True)
        found |= {to: float(np.exp(found[of])) for to, of in ratios}
    if effect is not None:
        ame = _line(fit, "", *effect)
        found |= {"ame": ame["estimate"], "ame_std_error": ame["std_error"], "ame_low": ame["conf_low"],
                  "ame_high": ame["conf_high"], "ame_p_value": ame["p_value"]}  # fmt: skip
    return found


def _line(fit: OutcomeFit, name: str, value: float, gradient: np.ndarray) -> dict[str, Any]:
    """One function of the coefficients with its delta-method error, as a row of estimates."""
    V = np.nan_to_num(fit.vcov)
    error = float(np.sqrt(max(gradient @ V @ gradient, 0.0))) if np.isfinite(fit.vcov).any() else np.nan
    df = fit.contrast_df(gradient) if np.isfinite(error) else np.nan
    return table([name], np.array([value]), np.array([error]), df, fit.level).iloc[0].to_dict()


def _minus(a: Any, b: Any) -> Any:
    return None if a is None or b is None else (a[0] - b[0], a[1] - b[1])
