"""Time of 20 imputations of 1,200 x 40: items of ten scales, covariates, an outcome. Prints seconds.

Run: OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/bench_imputation.py
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from alliance.survey.imputation import impute
from alliance.survey.imputation_plan import plan_imputation


def study(n: int = 1200, seed: int = 1) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """36 items (two waves, bond / goal / task of six items), three covariates and an outcome; 15% missing."""
    rng = np.random.default_rng(seed)
    general = rng.normal(size=n)
    columns, scales = {}, {}
    for wave in (1, 2):
        for dimension in ("bond", "goal", "task"):
            factor = 0.8 * general + 0.6 * rng.normal(size=n)
            names = [f"{dimension}_{k}_w{wave}" for k in range(1, 7)]
            scales[f"{dimension}_w{wave}"] = names
            for name in names:
                columns[name] = np.clip(np.round(3 + factor + 0.7 * rng.normal(size=n)), 1, 5)
    gpa = 3 + 0.3 * general + 0.4 * rng.normal(size=n)
    retained = rng.random(n) < 1 / (1 + np.exp(-1 - general))
    frame = pd.DataFrame(columns | {"gpa": gpa})
    for name in frame.columns:
        frame.loc[rng.random(n) < (0.05 if not name.endswith("w2") else 0.25), name] = np.nan
    frame = frame.astype(dict.fromkeys(columns, "Int64"))
    frame["first_generation"] = np.where(rng.random(n) < 0.05, None, rng.choice(["no", "yes"], n))
    frame["gender"] = np.where(rng.random(n) < 0.05, None, rng.choice(["man", "woman", "other"], n, p=[0.4, 0.5, 0.1]))
    frame["retained"] = np.where(retained, "yes", "no")
    frame["program"] = rng.integers(0, 30, n)
    return frame, scales


def main() -> None:
    frame, scales = study()
    variables = [c for c in frame.columns if c != "program"]
    ways = {
        "all items predict": {},
        "scales predict": {"passive": scales},
        "scales, random intercepts": {"passive": scales, "cluster": "program", "cluster_means": list(scales)},
    }
    for label, options in ways.items():
        start = time.perf_counter()
        plan = plan_imputation(frame, variables, **options)
        result = impute(frame, plan, m=20, iterations=10, seed=1)
        long = result.long()
        print(f"{label}: {len(plan.problem.targets)} variables, {len(long)} rows, {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
