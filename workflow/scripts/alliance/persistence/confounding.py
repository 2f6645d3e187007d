"""E-values of the linking stage's associations: how strong an unmeasured confounder would have to be.

VanderWeele & Ding (2017, Ann. Intern. Med. 167:268), with their approximations for common outcomes: the square root of
an odds ratio; the formula for hazard ratios where leaving is common.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from alliance.persistence.sensitivity import evalue

RARE = 0.15  # outcomes that fewer have are rare: the ratio then stands for a risk ratio as it is
COLUMNS = (
    "outcome", "model", "sample", "parameterisation", "term", "measure", "ratio", "conf_low", "conf_high", "share",
    "risk_ratio", "risk_ratio_low", "risk_ratio_high", "e_value", "e_value_interval", "n",
)  # fmt: skip


def confounding_rows(
    rows: Iterable[Mapping[str, Any]], family: str, share: float, key: Mapping[str, str]
) -> list[dict[str, Any]]:
    """E-values of the odds or hazard ratios in ``rows`` (of parameterisations).

    ``share``: of the students who have the outcome, or who left while followed; the rarer side of a yes/no outcome
    decides, since its odds ratio turned over is that of the other side. ``e_value_interval`` is that of the limit next
    to no association, 1 when the interval holds it.
    """
    measure = "HR" if family == "hazard" else "OR"
    rare = (share if measure == "HR" else min(share, 1 - share)) < RARE
    found = []
    for row in rows:
        ratios = [float(row[c]) for c in ("odds_ratio", "or_low", "or_high")]
        value = evalue(*ratios, kind=measure, rare=rare)
        found.append(
            {
                **key, "parameterisation": row["parameterisation"], "term": row["term"], "measure": measure,
                "ratio": ratios[0], "conf_low": ratios[1], "conf_high": ratios[2], "share": share,
                "risk_ratio": value.risk_ratio, "risk_ratio_low": value.risk_ratio_low,
                "risk_ratio_high": value.risk_ratio_high, "e_value": value.estimate,
                "e_value_interval": value.interval if np.isfinite(value.interval) else np.nan, "n": row["n"],
            }
        )  # fmt: skip
    return found
