"""Missing data of the made-up study, in the form in which the stages leave their tables."""

from __future__ import annotations

import math

REPORTS = ["mentee_w2", "mentor_w1"]
METHODS = {"complete_cases": 0.0, "imputation": 0.02, "weighting": -0.01}


def missing(p_items: float = 0.4) -> dict[str, list[dict]]:
    """Tables of the stage `missing`: three patterns of reports, Little's tests, what gaps go with."""
    head = {"block": "reports", "role": "", "wave": ""}
    patterns = [
        {**head, "pattern": "1", "n": 120, "share": 0.6, "n_missing": 0, "missing": "", "patterns": 1},
        {**head, "pattern": "2", "n": 60, "share": 0.3, "n_missing": 1, "missing": "mentee_w2", "patterns": 1},
        {**head, "pattern": "other", "n": 20, "share": 0.1, "n_missing": "", "missing": "", "patterns": 2},
    ]
    patterns[1]["missing"] = "mentee_w2; mentor_w1"
    test = {"statistic": 30.0, "df": 20, "n": 200, "patterns": 4, "status": "ok", "reason": ""}
    little = [
        {"block": "items", "role": "mentee", "wave": 1, **test, "p_value": p_items},
        {"block": "items", "role": "mentor", "wave": 1, **test, "p_value": 0.9},
        {"block": "means", "role": "", "wave": "", **test, "p_value": 0.0002},
    ]
    row = {"gap": "report", "role": "mentee", "wave": 2, "se_type": "CR1"}
    predictors = [
        {**row, "variable": "bond", "level": "", "n": 200, "odds_ratio": 0.6, "conf_low": 0.5, "conf_high": 0.7,
         "p_value": 0.0001, "p_adjusted": 0.0002},
        {**row, "variable": "gender", "level": "man", "n": "", "odds_ratio": 1.1, "conf_low": 0.8, "conf_high": 1.5,
         "p_value": 0.5, "p_adjusted": 1.0},
    ]  # fmt: skip
    return {"missing_patterns": patterns, "missing_little": little, "missing_predictors": predictors}


def imputation(rhat: float = 1.02, ok: bool = True) -> dict[str, list[dict]]:
    """Tables of the stage `imputation`."""
    plan, convergence, traces, checks = [], [], [], []
    for name, part, method in (
        ("gender", "analysis", "2l.probit"),
        ("bond_mentor_w1", "auxiliary", "2l.norm"),
        ("bond", "analysis", ""),
    ):
        plan.append(
            {"variable": name, "part": part, "method": method, "n_missing": 40, "share": 0.2, "predictors": 6,
             "suppressed": False}
        )  # fmt: skip
        if not method:
            continue
        for statistic in ("mean", "sd"):
            convergence.append(
                {"variable": name, "statistic": statistic, "rhat": rhat, "drift": 0.1, "settled": rhat < 1.2}
            )
        traces += [
            {"variable": name, "imputation": k, "iteration": i, "mean": 3 + k / 10 + i / 100, "sd": 1.0}
            for k in (1, 2)
            for i in (1, 2, 3)
        ]
        checks.append(
            {"variable": name, "method": method, "cells": 20, "level": 0.9, "coverage": 0.9, "conf_low": 0.7,
             "conf_high": 0.97, "rank": 0.5, "rank_se": 0.05, "ok": ok or name != "gender"}
        )  # fmt: skip
    return {
        "imputation_plan": plan,
        "imputation_convergence": convergence,
        "imputation_traces": traces,
        "imputation_overimputation": checks,
    }


def handling(gain: float = 0.0) -> dict[str, list[dict]]:
    """link/missing_data.csv; with ``gain`` imputation finds more for goal than the others."""
    rows = []
    for model, (outcome, family) in {
        "retained": ("retained_2", "logit"),
        "departure": ("departure", "hazard"),
    }.items():
        for term, b in (("bond", 0.5), ("goal", 0.1), ("task", 0.4)):
            for method, shift in METHODS.items():
                found = (b + shift) * (-1 if family == "hazard" else 1)
                if term == "goal" and method == "imputation" and family == "logit":
                    found += gain
                low, high = found - 0.2, found + 0.2
                rows.append(
                    {
                        "outcome": outcome,
                        "model": model,
                        "family": family,
                        "score_method": "regression",
                        "term": term,
                        "method": method,
                        "estimate": found,
                        "conf_low": low,
                        "conf_high": high,
                        "odds_ratio": math.exp(found),
                        "or_low": math.exp(low),
                        "or_high": math.exp(high),
                        "conclusion": "higher" if low > 0 else "lower" if high < 0 else "unclear",
                        "shift": "" if method == "complete_cases" else shift / 0.1,
                        "fmi": 0.08 if method == "imputation" else "",
                        "n": {"complete_cases": 150, "imputation": 195, "weighting": 150}[method],
                    }
                )
    return {"link_missing_data": rows}
