"""Made-up tables of the stages that look closer at the links, for the small study of report_study."""

from __future__ import annotations

from math import exp, log
from typing import Any

from report_study import DIMENSIONS, MODELS

RELATIONSHIP = {"partner": "mentor", "models": ["retained"], "change": {"wave": 2, "models": ["retained"]}}


def _head(model: str) -> dict[str, str]:
    return {"outcome": MODELS[model][0], "model": model, "sample": "pooled"}


def _estimate(b: float, se: float = 0.1) -> dict[str, float]:
    low, high = b - 1.96 * se, b + 1.96 * se
    numbers = {"estimate": b, "std_error": se, "statistic": b / se, "df": 19, "conf_low": low, "conf_high": high}
    p = 0.0004 if abs(b) > 2 * se else 0.4
    ratios = {"odds_ratio": exp(b), "or_low": exp(low), "or_high": exp(high)}
    return {**numbers, **ratios, "p_value": p, "ame": b / 8, "ame_low": low / 8, "ame_high": high / 8}


def collinearity(
    reading: str = "partly", own: str = "bond", tied: str = "goal task", turned: str = ""
) -> dict[str, list[dict]]:
    """Dominance, parameterisations, condition indices, regions and the reading."""
    dominance, parameters, condition, region, apart = [], [], [], [], []
    for model in MODELS:
        head = _head(model)
        for i, d in enumerate(DIMENSIONS):
            gain = 0.03 - 0.01 * i
            dominance.append(
                {
                    **head,
                    "predictor": d,
                    "measure": "McFadden R2",
                    "general": gain,
                    "share": gain / 0.06,
                    "conf_low": gain - 0.008,
                    "conf_high": gain + 0.012,
                    "alone": 0.05,
                    "last": 0.004,
                    "total": 0.06,
                    "draws": 1000,
                    "n": 190,
                }
            )
            for kind, b in (("joint", 0.4 - 0.2 * i), ("alone", 0.6)):
                parameters.append({**head, "parameterisation": kind, "term": d, **_estimate(b), "aic": 801.2, "n": 190})
            condition.append(
                {**head, "n": 190, "measure": "vif", "term": d, "k": 0, "value": 3.0 + i, "r2_others": 0.7}
            )
        parameters.append(
            {**head, "parameterisation": "total", "term": "total", **_estimate(0.8), "aic": 798.0, "n": 190}
        )
        shares = {f"share_{d}": 0.3 for d in DIMENSIONS}
        condition.append({**head, "n": 190, "measure": "condition_index", "term": "", "k": 2, "value": 6.5, **shares})
        region.append(
            {
                **head,
                "n": 190,
                "term_1": "goal",
                "term_2": "task",
                "closest": True,
                "score_r": 0.93,
                "estimate_1": 0.2,
                "estimate_2": 0.0,
                "estimate_r": -0.85,
                "half_major": 0.9,
                "half_minor": 0.2,
                "angle": -41.0,
                "holds_none": False,
                "sum": 0.2,
                "sum_se": 0.05,
                "sum_low": 0.1,
                "sum_high": 0.3,
                "difference": 0.2,
                "difference_se": 0.2,
                "difference_low": -0.2,
                "difference_high": 0.6,
            }
        )
        apart.append(
            {
                **head,
                "n": 190,
                "reading": reading,
                "test": "Wald F",
                "statistic": 12.5,
                "df": 3,
                "df_denominator": 19,
                "p_value": 0.0001,
                "separability": "mixed",
                "own": own,
                "tied": tied,
                "turned": turned,
                "term_1": "goal",
                "term_2": "task",
                "score_r": 0.93,
                "estimate_r": -0.85,
                "largest_vif": 5.0,
                "largest_index": 6.5,
            }
        )
    return {
        "link_dominance": dominance,
        "link_parameterisations": parameters,
        "link_condition": condition,
        "link_region": region,
        "link_apart": apart,
    }


def magnitudes() -> dict[str, list[dict]]:
    """Curves, contrasts, heterogeneity and E-values."""
    curve, contrasts, heterogeneity, sensitivity, totals = [], [], [], [], []
    for model, (_, family) in MODELS.items():
        head, up = _head(model), -1 if family == "hazard" else 1
        for term in (*DIMENSIONS, "together"):
            for k, value in enumerate((-2.0, -1.0, 0.0, 1.0, 2.0)):
                middle = 0.5 + 0.1 * up * value
                curve.append(
                    {
                        **head,
                        "term": term,
                        "unit": "SD",
                        "value": value,
                        "predicted": middle,
                        "conf_low": middle - 0.05,
                        "conf_high": middle + 0.05,
                        "n_students": "" if k == 0 else 40,
                        "suppressed": k == 0,
                    }
                )
            ends = {
                "predicted_low": 0.4,
                "predicted_low_from": 0.35,
                "predicted_low_to": 0.45,
                "predicted_high": 0.6,
                "predicted_high_from": 0.55,
                "predicted_high_to": 0.65,
            }
            contrasts.append(
                {
                    **head,
                    "term": term,
                    "unit": "SD",
                    **ends,
                    "difference": 0.2,
                    "std_error": 0.03,
                    "df": 19,
                    "p_value": 0.0001,
                    "conf_low": 0.14,
                    "conf_high": 0.26,
                    "n": 190,
                }
            )
        short = {k: head[k] for k in ("outcome", "model")}
        for d in DIMENSIONS:
            two = {
                **short,
                "term": d,
                "stages": "two",
                "method": "REML, Hartung-Knapp",
                "k": 2,
                "estimate": log(1.4),
                "conf_low": -0.3,
                "conf_high": 1.0,
                "prediction_low": -0.9,
                "prediction_high": 1.6,
                "tau2": 0.02,
                "i2": 31.0,
                "test": "Cochran Q",
                "statistic": 1.4,
                "test_df": 1,
                "test_p_value": 0.24,
            }
            one = {
                **short,
                "term": d,
                "stages": "one",
                "k": 2,
                "estimate": 0.4,
                "conf_low": 0.2,
                "conf_high": 0.6,
                "test": "Wald F",
                "statistic": 1.2,
                "test_df": 1,
                "test_df_denominator": 19,
                "test_p_value": 0.29,
            }
            heterogeneity += [two, one]
            sensitivity.append(_e_value(head, d, "joint", 1.9, 1.3))
        heterogeneity.append(
            {
                **short,
                "term": "all",
                "stages": "one",
                "k": 2,
                "test": "Wald F",
                "statistic": 1.1,
                "test_df": 3,
                "test_df_denominator": 19,
                "test_p_value": 0.37,
            }
        )
        sensitivity.append(_e_value(head, "total", "total", 2.75, 2.05))
        for sample in ("2015", "2016", "pooled"):
            totals.append(
                {
                    **short,
                    "term": "total",
                    "sample": sample,
                    "estimate": 0.8,
                    "conf_low": 0.5,
                    "conf_high": 1.1,
                    "n": 95,
                }
            )
    return {
        "link_curve": curve,
        "link_contrasts": contrasts,
        "link_heterogeneity": heterogeneity,
        "link_sensitivity": sensitivity,
        "link_cohorts_total": totals,
    }


def _e_value(head: dict[str, str], term: str, kind: str, value: float, limit: float) -> dict[str, Any]:
    return {
        **head,
        "parameterisation": kind,
        "term": term,
        "measure": "OR",
        "ratio": 2.2,
        "conf_low": 1.8,
        "conf_high": 2.7,
        "share": 0.8,
        "risk_ratio": 1.5,
        "risk_ratio_low": 1.3,
        "risk_ratio_high": 1.6,
        "e_value": value,
        "e_value_interval": limit,
        "n": 190,
    }


def relationship(p_curved: float = 0.6) -> dict[str, list[dict]]:
    """Both reports, agreement, surface and change for the model of retention."""
    head, rows, surface, grid, reports = _head("retained"), [], [], [], []
    designs = {
        "both_reports": {"own": 0.7, "partner": 0.05},
        "moderation": {
            "own": 0.7,
            "partner": 0.05,
            "own:partner": 0.02,
            "own_at_partner_low": 0.6,
            "own_at_partner_high": 0.8,
        },
        "discrepancy": {"own": 0.7, "partner": 0.05, "discrepancy": -0.1, "own:discrepancy": 0.0},
        "change": {"level": 0.6, "change": 0.3},
    }
    tail = {"n": 150, "n_clusters": 20, "se_type": "CR1"}
    for d in DIMENSIONS:
        for design, terms in designs.items():
            for term, b in terms.items():
                numbers = _estimate(b)
                about = {**head, "dimension": d, "design": design, "scores": "sum", "term": term}
                rows.append({**about, **numbers, "p_adjusted": min(1.0, 3 * numbers["p_value"]), **tail})
        for term in ("b1", "b2", "b3", "b4", "b5", "a1", "a2", "a3", "a4", "a5"):
            b = -0.5 if term == "a4" else 0.1
            kind = "coefficient" if term[0] == "b" else "feature"
            surface.append({**head, "dimension": d, "kind": kind, "term": term, **_estimate(b), **tail})
        surface.append(
            {
                **head,
                "dimension": d,
                "kind": "test",
                "term": "quadratic",
                "statistic": 1.1,
                "df": 3,
                "df_denominator": 19,
                "p_value": p_curved,
                **tail,
            }
        )
        for x in (-1.0, 0.0, 1.0):
            for z in (-1.0, 0.0, 1.0):
                there = (x, z) != (-1.0, 1.0)
                grid.append(
                    {**head, "dimension": d, "own": x, "partner": z, "predicted": 0.6 + 0.1 * x, "supported": there}
                )
        for comparison in ("partner", "change"):
            reports.append(
                {
                    "comparison": comparison,
                    "dimension": d,
                    "scores": "sum",
                    "n": 150,
                    "mean_1": 3.9,
                    "sd_1": 0.8,
                    "mean_2": 4.0,
                    "sd_2": 0.7,
                    "mean_difference": 0.1,
                    "sd_difference": 0.9,
                    "r": 0.35,
                    "icc": 0.34,
                    "reliability_difference": 0.55,
                    "share_1_higher": 0.3,
                    "share_agree": 0.4,
                    "share_2_higher": 0.3,
                }
            )
    for term, f, p in (("own", 15.0, 0.0001), ("partner", 0.4, 0.75)):
        rows.append(
            {
                **head,
                "dimension": "all",
                "design": "all_dimensions",
                "scores": "sum",
                "term": term,
                "statistic": f,
                "df": 3,
                "df_denominator": 19,
                "p_value": p,
                "p_adjusted": p,
                **tail,
            }
        )
    return {
        "link_relationship": rows,
        "link_response_surface": surface,
        "link_surface_grid": grid,
        "link_reports": reports,
    }
