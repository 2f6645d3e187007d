"""A simulated survey in memory for tests of the measurement stages: what they read, and what they make of it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from alliance.codebook import Codebook, Column, item_column
from scipy.stats import norm

CONFIG: dict[str, Any] = {
    "seed": 3,
    "roles": {"mentee": "Mentee", "mentor": "Mentor"},
    "waves": {1: "First", 2: "Second", 3: "Third"},
    "sample": {"frame": {"role": "mentee", "wave": 1}},
    "measurement": {
        "role": "mentee",
        "wave": 1,
        "models": ["correlated"],
        "chosen": "correlated",
        "estimator": "WLSMV",
        "by_report": True,
    },
    "invariance": {},
    "scores": {"methods": ["sum", "regression"]},
}


@dataclass
class Survey:
    """What the stages read; ``measure``, ``compare`` and ``score`` run them and return their tables by name."""

    sample: pd.DataFrame
    codebook: Codebook
    config: dict[str, Any]
    truth: dict[tuple[str, int], np.ndarray]  # report -> values of the dimensions, n x m

    def column(self, item: str, role: str = "mentee", wave: int = 1) -> str:
        return item_column(item, role, wave)

    def measure(self) -> dict[str, pd.DataFrame]:
        from alliance.measurement.stage import measure_study

        return measure_study(self.sample, self.codebook, self.config, 10)

    def compare(self) -> dict[str, pd.DataFrame]:
        from alliance.measurement.invariance_tables import compare_all

        return compare_all(self.sample, self.codebook, self.config, 10)

    def score(self) -> dict[str, pd.DataFrame]:
        from alliance.measurement.scores_tables import score_all

        verdict = pd.DataFrame({"sample": ["pooled"], "verdict": ["distinct"]})
        return score_all(self.sample, self.codebook, verdict, self.config, 10).tables


def survey(
    items: dict[str, int],
    n: int = 400,
    points: int = 5,
    reports: tuple[tuple[str, int], ...] = (("mentee", 1),),
    *,
    stability: float = 0.6,
    seed: int = 1,
    **settings: Any,
) -> Survey:
    """Ordered answers of correlated dimensions (r = .5, loadings .8): ``items`` is dimension -> number of items.

    In each report a dimension correlates ``stability`` with itself in any other. ``settings`` are merged into the
    block ``measurement`` of the config.
    """
    rng = np.random.default_rng(seed)
    dims = list(items)
    phi = np.full((len(dims), len(dims)), 0.5) + 0.5 * np.eye(len(dims))
    trait = rng.multivariate_normal(np.zeros(len(dims)), phi, n)
    cuts = norm.ppf(np.arange(1, points) / points)
    truth: dict[tuple[str, int], np.ndarray] = {}
    columns, rows = {"student_id": [f"S{k:05d}" for k in range(n)]}, []
    for role, wave in reports:
        state = rng.multivariate_normal(np.zeros(len(dims)), phi, n)
        eta = np.sqrt(stability) * trait + np.sqrt(1 - stability) * state
        truth[role, wave] = eta
        for k, (dimension, count) in enumerate(items.items()):
            for number in range(1, count + 1):
                name = f"{dimension}_{number}"
                answer = np.digitize(0.8 * eta[:, k] + 0.6 * rng.standard_normal(n), cuts) + 1
                columns[item_column(name, role, wave)] = answer.astype(float)
                codes = {str(v): str(v) for v in range(1, points + 1)}
                about = {"type": "item", "codes": codes, "dimension": dimension, "role": role, "wave": wave}
                rows.append(Column(len(rows) + 2, "survey", f"{name}_{role}{wave}", name, **about))
    config = copy.deepcopy(CONFIG)
    config["instrument"] = {"name": "Simulated", "dimensions": {d: d.capitalize() for d in dims}}
    config["measurement"] |= settings
    return Survey(pd.DataFrame(columns), Codebook(tuple(rows)), config, truth)
