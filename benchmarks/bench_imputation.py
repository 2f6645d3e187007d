"""Time of 20 imputations of 1,200 x 40: items of six scales, covariates, an outcome; R's mice beside it, if there.

Prints CPU seconds. mice makes two imputations, whose time is multiplied by ten: every imputation costs it the same.

Run: OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/bench_imputation.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
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


MICE = """
suppressMessages(library(mice)); d <- read.csv("{file}", stringsAsFactors = TRUE)
t0 <- proc.time()[["user.self"]]; imp <- mice(d, m = 2, maxit = 10, seed = 1, printFlag = FALSE)
cat(proc.time()[["user.self"]] - t0)
"""


def mice_seconds(frame: pd.DataFrame) -> float | None:
    """CPU seconds of mice (pmm, logreg, polyreg; all variables predict) for 20 imputations; None without R and mice."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        frame.to_csv(f"{folder}/incomplete.csv", index=False)
        code = MICE.format(file=f"{folder}/incomplete.csv")
        done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=False)
    return 10 * float(done.stdout) if done.returncode == 0 else None


def main() -> None:
    frame, scales = study()
    variables = [c for c in frame.columns if c != "program"]
    ways = {
        "all items predict": {},
        "scales predict": {"passive": scales},
        "scales, random intercepts": {"passive": scales, "cluster": "program", "cluster_means": list(scales)},
    }
    for label, options in ways.items():
        start = time.process_time()
        plan = plan_imputation(frame, variables, **options)
        result = impute(frame, plan, m=20, iterations=10, seed=1)
        long = result.long()
        print(f"{label}: {len(plan.problem.targets)} variables, {len(long)} rows, {time.process_time() - start:.1f} s")
    seconds = mice_seconds(frame[variables])
    print(
        "mice: not here" if seconds is None else f"mice, all items predict: {seconds:.1f} s (2 imputations, times 10)"
    )


if __name__ == "__main__":
    main()
