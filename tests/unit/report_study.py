"""A small made-up study in the form in which the stages leave their tables: what the report's tests read."""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path
from typing import Any

DIMENSIONS = {"bond": "Bond", "goal": "Goal", "task": "Task"}
COHORTS = ("2015", "2016")
MODELS = {"retained": ("retained_2", "logit"), "departure": ("departure", "hazard")}
OUTCOMES = {"retained_2": "Enrolled in the second fall", "departure": "Terms to departure"}


def config(results: Path) -> dict[str, Any]:
    """The config of the made-up study."""
    return {
        "study": {"name": "small", "title": "A small study", "simulated": True},
        "seed": 7,
        "results": str(results),
        "roles": {"mentee": "Mentee report", "mentor": "Mentor report"},
        "waves": {1: "First year", 2: "Second year"},
        "instrument": {"name": "Six items", "dimensions": dict(DIMENSIONS)},
        "sample": {
            "frame": {"role": "mentee", "wave": 1},
            "cohort": "cohort",
            "cohorts": list(COHORTS),
            "cluster": "program",
            "filters": [{"name": "consent", "reason": "No consent", "keep": {"variable": "consent", "in": ["yes"]}}],
        },
        "describe": {"groups": ["gender"]},
        "measurement": {
            "role": "mentee",
            "wave": 1,
            "models": ["one", "correlated", "bifactor"],
            "chosen": "correlated",
            "estimator": "ML",
            "by_cohort": True,
            "separability_cut": 0.85,
        },
        "scores": {"methods": ["sum", "regression"]},
        "outcomes": {
            "primary": "retained_2",
            "define": {
                "retained_2": {"kind": "retained", "fall": 2, "label": OUTCOMES["retained_2"]},
                "departure": {"kind": "time_to_departure", "label": OUTCOMES["departure"]},
            },
        },
        "link": {
            "scores": "regression",
            "predictors": list(DIMENSIONS),
            "covariates": ["gender"],
            "cluster": "program",
            "vcov": "CR1",
            "standardise": True,
            "by_cohort": True,
            "models": {name: {"outcome": outcome, "family": family} for name, (outcome, family) in MODELS.items()},
            "adjust": {"method": "holm", "family": "predictors"},
        },
        "report": {"minimum_cell": 10},
    }


def items() -> dict[str, list[str]]:
    return {d: [f"{d}_1", f"{d}_2"] for d in DIMENSIONS}


def intake() -> dict[str, list[dict]]:
    values = "1=Never; 2=Seldom; 3=Sometimes; 4=Often; 5=Always"
    codebook = [
        {
            "input": "survey",
            "column": f"Q{k}",
            "variable": v,
            "label": f"Item {v}",
            "type": "item",
            "values": values,
            "dimension": d,
        }
        for k, (d, v) in enumerate(((d, v) for d, named in items().items() for v in named), 1)
    ]
    codebook.append(
        {
            "input": "survey",
            "column": "G",
            "variable": "gender",
            "label": "Gender",
            "type": "category",
            "values": "1=man; 2=woman",
        }
    )
    summary = {
        "file": "survey.csv",
        "column": "Q1",
        "problem": "code 6 is declared invalid",
        "severity": "warning",
        "action": "set to missing",
        "n": "<10",
    }
    raw = {
        "input": "survey",
        "file": "survey.csv",
        "sha256": "ab" * 32,
        "bytes": 1234,
        "rows": 230,
        "columns": 9,
        "format": "csv",
        "encoding": "utf-8",
    }
    return {"intake_codebook": codebook, "intake_issues_summary": [summary], "intake_inputs": [raw]}


def sample() -> dict[str, list[dict]]:
    flow = []
    for cohort, received, dropped in (("pooled", 230, 30), ("2015", 120, 20), ("2016", 110, 10)):
        flow.append(
            {
                "order": 1,
                "step": "frame",
                "label": "Reports",
                "cohort": cohort,
                "n_in": received,
                "excluded": 0,
                "n_out": received,
                "reason": "",
            }
        )
        left = received - dropped
        flow.append(
            {
                "order": 2,
                "step": "consent",
                "label": "Consent",
                "cohort": cohort,
                "n_in": received,
                "excluded": dropped,
                "n_out": left,
                "reason": "No consent",
            }
        )
    waves = [
        {
            "role": role,
            "wave": wave,
            "cohort": "pooled",
            "n_reports_raw": n + 40,
            "n_kept": n + 15,
            "n_linked": n + 15,
            "n_in_sample": n,
        }
        for role, wave, n in (("mentee", 1, 200), ("mentee", 2, 140), ("mentor", 1, 150))
    ]
    return {"sample_flow": flow, "sample_waves": waves}


def describe() -> dict[str, list[dict]]:
    shares = dict(zip((f"share_{k}" for k in range(1, 6)), (0.05, 0.1, 0.2, 0.4, 0.25), strict=True))
    answered = [
        {
            "role": "mentee",
            "wave": 1,
            "dimension": d,
            "variable": v,
            "label": f"Item {v}",
            "n": 198,
            "missing": 2,
            "mean": 3.7,
            "sd": 1.1,
            "item_rest": 0.6,
            **shares,
        }
        for d, named in items().items()
        for v in named
    ]
    people = []
    for c in ("pooled", *COHORTS):
        for level, n in (("man", 90), ("woman", 110), ("(missing)", None)):
            share = None if n is None else n / 200
            people.append(
                {"variable": "gender", "level": level, "cohort": c, "n": n, "share": share, "suppressed": not n}
            )
        people.append({"variable": "prior_gpa", "level": "", "cohort": c, "n": 200, "mean": 3.1, "sd": 0.4})
    everybody = {"role": "mentee", "wave": 1, "by": "all", "level": "all"}
    missing = [{**everybody, "variable": "bond_1", "n": 200, "n_missing": 12, "share": 0.06, "suppressed": False}]
    second = {"role": "mentee", "wave": 2, "n": 200, "n_responded": 140}
    again = [{"part": "rate", **second, "by": "all", "level": "all", "rate": 0.7, "suppressed": False}]
    for term, ratio in (("Intercept", 2.0), ("bond", 1.5), ("goal", 1.0), ("task", 1.1)):
        odds = {"odds_ratio": ratio, "or_low": ratio / 1.2, "or_high": ratio * 1.2, "n_clusters": 20, "se_type": "CR2"}
        again.append({"part": "model", **second, "term": term, "p_value": 0.034, **odds})
    clusters = {"cluster": "program", "n": 200, "n_clusters": 20, "icc": 0.08, "conf_low": 0.02, "conf_high": 0.15}
    icc = [{"role": "mentee", "wave": 1, "dimension": d, **clusters, "design_effect": 1.7} for d in DIMENSIONS]
    return {
        "describe_items": answered,
        "describe_characteristics": people,
        "describe_missingness": missing,
        "describe_attrition": again,
        "describe_icc": icc,
    }


def measurement(r: float = 0.7) -> dict[str, list[dict]]:
    """The measurement tables; ``r`` is the correlation of every pair of dimensions."""
    fit, parameters, correlations, status = [], [], [], []
    measures = {
        "chisq": 12.5,
        "df": 6,
        "pvalue": 0.0517,
        "cfi": 0.987,
        "tli": 0.968,
        "rmsea": 0.051,
        "rmsea_ci_lower": 0.0,
        "rmsea_ci_upper": 0.092,
        "srmr": 0.021,
        "aic": 3012.4,
        "bic": 3080.1,
    }
    for who, n in (("pooled", 200), *((c, 100) for c in COHORTS)):
        for model in ("one", "correlated", "bifactor"):
            good = model != "bifactor"
            reason = "" if good else "negative residual variance of bond_1"
            status.append(
                {
                    "stage": "measurement",
                    "sample": who,
                    "model": model,
                    "status": "ok" if good else "inadmissible",
                    "reason": reason,
                }
            )
            if good:
                fit += [
                    {
                        "sample": who,
                        "model": model,
                        "estimator": "ML",
                        "engine": "semopy",
                        "n": n,
                        "measure": m,
                        "value": v,
                    }
                    for m, v in measures.items()
                ]
        for d, named in items().items():
            for k, item in enumerate(named):
                parameters.append(_parameter(who, n, d, "=~", f"{item}_mentee_w1", 0.7 + 0.05 * k))
        parameters += [
            _parameter(who, n, f"{i}_mentee_w1", "~~", f"{i}_mentee_w1", 0.45)
            for named in items().values()
            for i in named
        ]
        for a, b in combinations(DIMENSIONS, 2):
            parameters.append(_parameter(who, n, a, "~~", b, r))
            pair = {"sample": who, "model": "correlated", "dimension_1": a, "dimension_2": b}
            correlations.append({**pair, "r": r, "se": 0.03, "ci_lower": r - 0.06, "ci_upper": r + 0.06})
    coefficients = [
        (d, m, v) for d in DIMENSIONS for m, v in (("alpha", 0.81), ("omega", 0.83), ("omega_hierarchical", 0.2))
    ]
    coefficients += [("total", "omega_hierarchical", 0.8), ("total", "ecv", 0.7)]
    reliability = [
        {
            "sample": "pooled",
            "dimension": d,
            "measure": m,
            "value": v,
            "ci_lower": v - 0.02,
            "ci_upper": v + 0.02,
            "n": 200,
            "items": 2,
        }
        for d, m, v in coefficients
    ]
    verdict = "distinct" if r + 0.06 < 0.85 else "not_distinct"
    return {
        "measurement_fit": fit,
        "measurement_parameters": parameters,
        "measurement_correlations": correlations,
        "measurement_reliability": reliability,
        "measurement_residuals": [
            {
                "sample": "pooled",
                "model": "correlated",
                "item_1": "bond_1_mentee_w1",
                "item_2": "goal_1_mentee_w1",
                "residual_r": -0.031,
            }
        ],
        "measurement_validity": [
            {
                "sample": "pooled",
                "dimension_1": "bond",
                "dimension_2": "goal",
                "htmt": r,
                "r": r,
                "ave_1": 0.6,
                "ave_2": 0.61,
            }
        ],
        "measurement_separability": [{"sample": "pooled", "verdict": verdict, "pairs": "", "text": ""}],
        "measurement_status": status,
        "scores_determinacy": [
            {
                "dimension": d,
                "method": "regression",
                "sample": "pooled",
                "n": 200,
                "reliability": 0.8,
                "determinacy": 0.9,
                "se_mean": 0.4,
            }
            for d in DIMENSIONS
        ],
    }


def _parameter(who: str, n: int, lhs: str, op: str, rhs: str, std: float) -> dict[str, Any]:
    row = {
        "sample": who,
        "model": "correlated",
        "estimator": "ML",
        "n": n,
        "se_type": "expected",
        "lhs": lhs,
        "op": op,
        "rhs": rhs,
        "group": 1,
    }
    return {
        **row,
        "est": std,
        "se": 0.05,
        "z": std / 0.05,
        "pvalue": 0.0,
        "ci_lower": std - 0.1,
        "ci_upper": std + 0.1,
        "std_all": std,
        "std_se": 0.04,
    }


def outcomes() -> dict[str, list[dict]]:
    definitions, rates = [], []
    for key, label in OUTCOMES.items():
        definitions.append(
            {
                "outcome": key,
                "label": label,
                "kind": "retained",
                "definition": "Enrolled again.",
                "risk_set": "Everybody.",
                "n_frame": 200,
                "n_at_risk": 195,
                "n_events": 160,
            }
        )
        for cohort, n in (("pooled", 195), ("2015", 98), ("2016", 97)):
            rates.append(
                {
                    "outcome": key,
                    "cohort": cohort,
                    "group_variable": "all",
                    "group": "all",
                    "n_at_risk": n,
                    "n_events": int(0.8 * n),
                    "rate": 0.8,
                    "ci_lower": 0.74,
                    "ci_upper": 0.86,
                    "suppressed": False,
                }
            )
        for group in ("man", "woman"):
            rates.append(
                {
                    "outcome": key,
                    "cohort": "pooled",
                    "group_variable": "gender",
                    "group": group,
                    "n_at_risk": 97,
                    "n_events": 78,
                    "rate": 0.8,
                    "ci_lower": 0.7,
                    "ci_upper": 0.88,
                    "suppressed": False,
                }
            )
    return {"outcomes_definitions": definitions, "outcomes_rates": rates}


def link() -> dict[str, list[dict]]:
    """Odds ratios of 1.49 (bond), 1.02 (goal) and 1.22 (task) on being retained, mirrored for departure."""
    from math import exp

    estimates, effects, cohorts, joint, flow, status = [], [], [], [], [], []
    for model, (outcome, family) in MODELS.items():
        for who, n, se in (("pooled", 190, 0.1), ("2015", 95, 0.2), ("2016", 95, 0.2)):
            base = {
                "outcome": outcome,
                "model": model,
                "family": family,
                "sample": who,
                "estimator": "ML",
                "score_method": "regression",
                "group": "",
            }
            for term, b in (("Intercept", 1.2), ("bond", 0.4), ("goal", 0.02), ("task", 0.2), ("gender[T.woman]", 0.1)):
                b = -b if family == "hazard" else b
                low, high = b - 1.96 * se, b + 1.96 * se
                numbers = {
                    "estimate": b,
                    "std_error": se,
                    "statistic": b / se,
                    "df": 19,
                    "p_value": 0.0004 if term == "bond" else 0.3,
                    "conf_low": low,
                    "conf_high": high,
                }
                ratios = {
                    "p_adjusted": 0.002 if term == "bond" else 0.9,
                    "odds_ratio": exp(b),
                    "or_low": exp(low),
                    "or_high": exp(high),
                }
                estimates.append(
                    {
                        **base,
                        "term": term,
                        **numbers,
                        **ratios,
                        "n": n,
                        "n_events": 150,
                        "n_clusters": 20,
                        "se_type": "CR1",
                    }
                )
                if term in DIMENSIONS:
                    cohorts.append(
                        {
                            "outcome": outcome,
                            "model": model,
                            "term": term,
                            "sample": who,
                            "estimate": b,
                            "std_error": se,
                            "conf_low": low,
                            "conf_high": high,
                            "n": n,
                        }
                    )
                    effects.append(
                        {
                            "outcome": outcome,
                            "model": model,
                            "sample": who,
                            "term": term,
                            "contrast": "dY/dX",
                            "ame": b / 8,
                            "std_error": se / 8,
                            "conf_low": low / 8,
                            "conf_high": high / 8,
                            "p_value": 0.1,
                            "n": n,
                        }
                    )
            joint.append(
                {
                    "outcome": outcome,
                    "model": model,
                    "sample": who,
                    "test": "Wald chi-square",
                    "statistic": 19.2,
                    "df": 3,
                    "p_value": 0.0002,
                }
            )
            status.append({"stage": "link", "sample": who, "model": model, "status": "ok", "reason": ""})
        steps = (("at_risk", "Not at risk", 200, 5), ("complete", "Incomplete covariates", 195, 5))
        for order, (step, reason, n, lost) in enumerate(steps, 1):
            flow.append(
                {
                    "model": model,
                    "order": order,
                    "step": step,
                    "label": step,
                    "cohort": "pooled",
                    "n_in": n,
                    "excluded": lost,
                    "n_out": n - lost,
                    "reason": reason,
                }
            )
    return {
        "link_estimates": estimates,
        "link_effects": effects,
        "link_cohorts": cohorts,
        "link_joint": joint,
        "link_flow": flow,
        "link_status": status,
    }


def write(folder: Path, *parts: dict[str, list[dict]]) -> dict[str, Path]:
    """Write the tables below a results folder, as the stages do; the paths by name."""
    files = {}
    for name, rows in (item for part in parts for item in part.items()):
        stage, _, table = name.partition("_")
        path = folder / stage / f"{table}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            columns = list(dict.fromkeys(column for row in rows for column in row))
            writer = csv.DictWriter(stream, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        files[name] = path
    return files


def whole(folder: Path, **changes: float) -> dict[str, Path]:
    """All tables of the study."""
    return write(folder, intake(), sample(), describe(), measurement(**changes), outcomes(), link())
