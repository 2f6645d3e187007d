"""A simulated study in the form in which the stages leave it: three collinear dimensions, two reports, two outcomes."""

import numpy as np
import pandas as pd

DIMENSIONS = ["bond", "goal", "task"]


def config(**changes):
    """The blocks of a config that the linking stages read."""
    link = {
        "scores": "sum",
        "predictors": DIMENSIONS,
        "covariates": ["gpa"],
        "cluster": "program",
        "vcov": "CR1",
        "standardise": True,
        "models": {
            "retained": {"outcome": "retained_2", "family": "logit"},
            "left": {"outcome": "departure", "family": "hazard"},
        },
    }
    return {"seed": 3, "measurement": {"role": "mentee", "wave": 1}, "link": {**link, **changes}}


RETAINED = {"retained": {"outcome": "retained_2", "family": "logit"}}  # the quicker of the two models alone


def study(seed=1, n=600, effects=(0.5, 0.0, 0.3), cohorts=("2015", "2016", "2017")):
    """sample, scores, outcomes and periods; effects per standard deviation; mentors agree with mentees at r = .6."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"s{i:04d}" for i in range(n)])
    sample = pd.DataFrame(
        {
            "student_id": ids,
            "cohort": np.resize(cohorts, n),
            "program": [f"p{k:02d}" for k in rng.integers(0, 30, n)],
            "gpa": rng.normal(3, 0.4, n),
        }
    )
    common = rng.normal(size=n)
    mentee = {d: 0.9 * common + 0.436 * rng.normal(size=n) for d in DIMENSIONS}
    mentor = {d: 0.6 * mentee[d] + 0.8 * rng.normal(size=n) for d in DIMENSIONS}
    later = {d: 0.7 * mentee[d] + 0.71 * rng.normal(size=n) for d in DIMENSIONS}
    rows = []
    for role, wave, values, who in (
        ("mentee", 1, mentee, slice(None)), ("mentor", 1, mentor, slice(0, int(0.8 * n))),
        ("mentee", 2, later, slice(int(0.3 * n), None)),
    ):  # fmt: skip
        for d in DIMENSIONS:
            head = {"dimension": d, "role": role, "wave": wave, "method": "sum", "se": 0.3}
            rows.append(pd.DataFrame({"student_id": ids, **head, "score": 3.5 + 0.8 * values[d]})[who])
    eta = 0.8 + sum(b * mentee[d] for b, d in zip(effects, DIMENSIONS, strict=True))
    chance = 1 / (1 + np.exp(-eta))
    held = pd.DataFrame(
        {
            "student_id": ids, "outcome": "retained_2", "value": (rng.random(n) < chance).astype(float),
            "at_risk": True, "censored": False, "reason_not_at_risk": "",
        }
    )  # fmt: skip
    leaving = rng.geometric(np.clip(0.4 * (1 - chance), 0.02, 0.6))
    spells = [(i, p, int(p == t)) for i, t in zip(ids, leaving, strict=True) for p in range(1, min(t, 6) + 1)]
    periods = pd.DataFrame(spells, columns=["student_id", "period", "event"]).assign(outcome="departure")
    time = held.assign(outcome="departure", value=np.minimum(leaving, 6).astype(float))
    return sample, pd.concat(rows), pd.concat([held, time]), periods


def wide(scores):
    """The mentees' scores of wave 1: index student_id, one column per dimension."""
    own = scores.query("role == 'mentee' and wave == 1")
    return own.pivot_table(index="student_id", columns="dimension", values="score")
