"""The models of a relationship seen from both sides, each a row or several of the relationship table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.analysis import Analysis, analysis_rows, flow_rows, model_frame, set_aside_constant
from alliance.persistence.link_fit import fit_or_penalise
from alliance.persistence.pooled_models import POOLED, values_of
from alliance.persistence.response_surface import TERMS, quadratic_columns
from alliance.persistence.result import OutcomeFit, table
from alliance.persistence.two_way import CHANGE, LEVEL, OWN, PARTNER

if TYPE_CHECKING:
    import pandas as pd

BOTH, MODERATION, DISCREPANCY, SURFACE, ALL, OVER_TIME = (
    "both_reports", "moderation", "discrepancy", "surface", "all_dimensions", "change",
)  # fmt: skip
FOCAL = {
    BOTH: (OWN, PARTNER),
    MODERATION: (OWN, PARTNER, f"{OWN}:{PARTNER}"),
    DISCREPANCY: (OWN, PARTNER, DISCREPANCY, f"{OWN}:{DISCREPANCY}"),
    OVER_TIME: (LEVEL, CHANGE),
}
LOW, HIGH = "own_at_partner_low", "own_at_partner_high"  # simple slopes one standard deviation below and above


@dataclass(frozen=True)
class Designs:
    """One model of the config on the students of one comparison; ``students`` hold the columns of both reports."""

    name: str
    block: Mapping[str, Any]
    link: Mapping[str, Any]
    students: pd.DataFrame
    outcome: pd.DataFrame
    periods: pd.DataFrame

    def frame(self, columns: Mapping[str, str]) -> tuple[pd.DataFrame, Analysis, list[dict[str, Any]]]:
        """Rows, analysis and flow of the students who have all ``columns`` (name in the model -> name here)."""
        students = self.students.assign(**{new: self.students[old] for new, old in columns.items()})
        link = {**self.link, "predictors": list(columns)}
        rows, _ = set_aside_constant(model_frame(students, self.outcome, link, None), link)
        flow = flow_rows(rows, self.name, POOLED)
        for row in flow:
            if row["step"] == "scored":
                row |= {"label": "With both scores", "reason": "One of the two is missing"}
        return rows, analysis_rows(rows, self.periods, self.block, link, pooled=True), flow

    def fit(self, analysis: Analysis, predictors: Sequence[str], more: str = "") -> tuple[OutcomeFit | None, str, str]:
        """The fit with further terms in the formula, its status and reason."""
        changed = replace(analysis, formula=analysis.formula + more)
        return fit_or_penalise(changed, self.block["family"], {**self.link, "predictors": list(predictors)})


def with_discrepancy(analysis: Analysis) -> Analysis:
    """The same rows with the absolute difference of the two reports."""
    gap = (analysis.data[OWN] - analysis.data[PARTNER]).abs()
    data = analysis.data.assign(**{DISCREPANCY: gap})
    return replace(analysis, formula=f"{analysis.formula} + {DISCREPANCY}", data=data)


def with_quadratic(analysis: Analysis) -> Analysis:
    """The same rows with the columns of the response surface."""
    data = analysis.data.assign(**quadratic_columns(analysis.data[OWN], analysis.data[PARTNER]))
    return replace(analysis, formula=f"{analysis.formula} + {' + '.join(TERMS[2:])}", data=data)


def estimate_rows(fit: OutcomeFit, design: str, students: int) -> list[dict[str, Any]]:
    """The focal terms of one design with odds ratios, and average marginal effects of terms that are variables."""
    estimates = fit.estimates.set_index("term").reindex(FOCAL[design])
    slopes = fit.effects([t for t in FOCAL[design] if ":" not in t]).set_index("term")
    rows = [{"term": term, **row} for term, row in estimates.iterrows()]
    for row in rows:
        if row["term"] in slopes.index:
            slope = slopes.loc[row["term"]]
            row |= {"ame": slope["estimate"], "ame_low": slope["conf_low"], "ame_high": slope["conf_high"]}
    if design == MODERATION:
        rows += _simple_slopes(fit)
    shared = {"design": design, "n": students, "n_clusters": fit.n_clusters, "se_type": fit.se_type}
    return [_with_ratio({**shared, **row}) for row in rows]


def _simple_slopes(fit: OutcomeFit) -> list[dict[str, Any]]:
    spread = float(fit.data[PARTNER].std(ddof=1))
    centre = float(fit.data[PARTNER].mean())
    C = np.zeros((2, len(fit.names)))
    C[:, fit.names.index(OWN)] = 1
    C[:, fit.names.index(f"{OWN}:{PARTNER}")] = [centre - spread, centre + spread]
    return table([LOW, HIGH], *values_of(fit, C)).to_dict("records")


def joint_rows(fit: OutcomeFit, sets: Mapping[str, Sequence[str]], students: int) -> list[dict[str, Any]]:
    """Tests that all terms of one report are zero beside those of the other: a row per report, without an estimate."""
    found = []
    for name, terms in sets.items():
        tested = fit.test(list(terms))
        found.append(
            {
                "design": ALL, "term": name, "statistic": tested["statistic"], "df": tested["df"],
                "df_denominator": tested["df_denominator"], "p_value": tested["p_value"], "n": students,
                "n_clusters": fit.n_clusters, "se_type": fit.se_type,
            }
        )  # fmt: skip
    return found


def _with_ratio(row: dict[str, Any]) -> dict[str, Any]:
    with np.errstate(over="ignore"):
        ratios = {a: float(np.exp(row[b])) for a, b in (
            ("odds_ratio", "estimate"), ("or_low", "conf_low"), ("or_high", "conf_high"))}  # fmt: skip
    return row | ratios
