"""Write data/cohort.csv: the simulated data of the cases in more_cases.json.

1,000 students of four sites and 40 programs: nine continuous items of three factors (y, and ym with answers missing at
random), the same cut to three categories (o) and two (d), three waves of a four-item scale with five categories
(b?_w?), a mentor's report of four items (r), covariates, weights and outcomes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

N, SEED = 1000, 20240917


def simulate() -> pd.DataFrame:
    """The data frame that the committed file holds."""
    rng = np.random.default_rng(SEED)
    program = rng.integers(0, 40, N)
    site = np.array(list("CADB"))[program % 4]
    x1 = np.round(rng.normal(3, 0.5, N), 2)
    x2 = (rng.random(N) < 0.45).astype(int)
    shared = rng.normal(0, 0.3, (40, 3))[program]
    phi = np.array([[1, 0.6, 0.5], [0.6, 1, 0.7], [0.5, 0.7, 1]])
    eta = rng.multivariate_normal(np.zeros(3), phi, N) + shared + 0.4 * (x1 - 3)[:, None]
    eta[:, 1] += 0.2 * x2
    eta[:, 2] += 0.3 * (site == "A")
    loadings = np.array([0.8, 0.7, 0.6, 0.75, 0.65, 0.8, 0.7, 0.6, 0.7])
    y = eta[:, np.repeat([0, 1, 2], 3)] * loadings + rng.normal(0, 1, (N, 9)) * np.sqrt(1 - loadings**2)
    y += 0.15 * rng.gamma(2, 1, (N, 1)) * (np.arange(9) % 3 == 0)
    out = {"site": site, "program": program + 1, "x1": x1, "x2": x2, "weight": np.round(rng.uniform(0.5, 2.0, N), 3)}
    for k in range(9):
        out[f"y{k + 1}"] = np.round(y[:, k], 3)
    chance = 1 / (1 + np.exp(-(-2.3 + 0.6 * y[:, [0]])))
    gone = rng.random((N, 9)) < chance
    gone[:, 0] = False
    for k in range(9):
        out[f"ym{k + 1}"] = np.where(gone[:, k], np.nan, np.round(y[:, k], 3))
        out[f"o{k + 1}"] = np.digitize(y[:, k], [-0.6, 0.7]) + 1
        out[f"d{k + 1}"] = (y[:, k] > 0.3 - 0.1 * (k % 3)).astype(int)
    wave = eta[:, 0]
    for w in range(1, 4):
        if w > 1:
            wave = 0.7 * wave + rng.normal(0.2, 0.7, N)
        unique = rng.normal(0, 0.3, (N, 4)) if w == 1 else unique  # noqa: F821
        answers = 0.8 * wave[:, None] + unique + rng.normal(0, 0.6, (N, 4))
        for k in range(4):
            out[f"b{k + 1}_w{w}"] = np.digitize(answers[:, k], [-1.4, -0.5, 0.4, 1.3]) + 1
    mentor = 0.6 * eta[:, 0] + rng.normal(0, 0.8, N)
    for k in range(4):
        out[f"r{k + 1}"] = np.digitize(0.7 * mentor + rng.normal(0, 0.7, N), [-0.8, 0.1, 0.9]) + 1
    out["gpa"] = np.round(2.8 + 0.2 * eta[:, 1] + 0.2 * eta[:, 2] + rng.normal(0, 0.4, N), 2)
    out["stay"] = (0.3 + 0.4 * eta[:, 0] + 0.4 * eta[:, 2] + rng.normal(0, 0.8, N) > 0).astype(int)
    frame = pd.DataFrame(out)
    order = [c for c in frame.columns if not c.startswith(("o", "d")) or c == "outcome"]
    return frame[order + [c for c in frame.columns if c not in order]]


if __name__ == "__main__":
    simulate().to_csv(Path(__file__).parent / "data" / "cohort.csv", index=False)
