"""Five hundred simulated students as the linking stage gets them; the third cohort has eight."""

import numpy as np
import pandas as pd

CONFIG = {
    "outcomes": {
        "define": {
            "retained_2": {"kind": "retained", "fall": 2, "label": "Second fall"},
            "departure": {"kind": "time_to_departure", "label": "Departure"},
        }
    },
    "measurement": {"role": "mentee", "wave": 1},
    "link": {
        "scores": "sum",
        "predictors": ["bond", "goal"],
        "covariates": ["first_generation", "gpa"],
        "cluster": "program",
        "vcov": "CR1",
        "standardise": True,
        "by_cohort": True,
        "models": {
            "retained": {"outcome": "retained_2", "family": "logit"},
            "left": {"outcome": "departure", "family": "hazard"},
        },
        "adjust": {"method": "holm", "family": "predictors"},
    },
}


def study(seed=1):
    rng = np.random.default_rng(seed)
    n = 500
    ids = np.array([f"s{i:03d}" for i in range(n)])
    sample = pd.DataFrame(
        {
            "student_id": ids,
            "cohort": np.repeat(["2015", "2016", "2017"], [300, 192, 8]),
            "program": [f"p{k}" for k in rng.integers(0, 20, n)],
            "first_generation": pd.array(rng.choice(["yes", "no"], n), dtype="string"),
            "gpa": rng.normal(3, 0.4, n),
        }
    )
    sample.loc[3, "gpa"] = np.nan
    bond, goal = rng.normal(5, 2, n), rng.normal(3, 1, n)
    scores = pd.concat(
        pd.DataFrame(
            {"student_id": ids, "dimension": d, "role": "mentee", "wave": 1, "method": "sum", "score": v, "se": 0.1}
        )
        for d, v in (("bond", bond), ("goal", goal))
    )
    chance = 1 / (1 + np.exp(-(1 + 0.4 * (bond - 5))))
    stays = (rng.random(n) < chance).astype(float)
    held = pd.DataFrame(
        {"student_id": ids, "outcome": "retained_2", "value": stays, "at_risk": True, "censored": False}
    ).assign(reason_not_at_risk="")
    held.loc[[10, 11], ["value", "at_risk", "reason_not_at_risk"]] = [np.nan, False, "no registrar record"]
    held.loc[12, ["value", "at_risk", "reason_not_at_risk"]] = [np.nan, False, "records end too early"]
    leaving = rng.geometric(np.clip(1 - chance, 0.05, 0.6))
    rows = [(i, p, int(p == t)) for i, t in zip(ids, leaving, strict=True) for p in range(1, min(t, 6) + 1)]
    periods = pd.DataFrame(rows, columns=["student_id", "period", "event"]).assign(outcome="departure")
    time = held.assign(outcome="departure", value=np.minimum(leaving, 6), at_risk=True, reason_not_at_risk="")
    time["censored"] = leaving > 6
    return sample, scores, pd.concat([held, time]), periods


def with_models(models, **link):
    """The config with other link models, and other settings of the link."""
    return CONFIG | {"link": CONFIG["link"] | {"by_cohort": False} | link | {"models": models}}
