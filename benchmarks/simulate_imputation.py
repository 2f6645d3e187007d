"""Bias and coverage of a regression after imputation, by the method that imputes numbers. Prints a table.

y = 1 + .5 x + .4 z + e, n = 400. x and y are missing in about 30% of the rows, x where z is high, y where z is low
(MAR; strong MAR: odds ratio 2.7 per standard deviation of z). x is normal, skewed (a lognormal residual), or an item
with five answers. 10 imputations of 5 iterations, Rubin's rules.

Run: OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/simulate_imputation.py [samples]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from alliance.persistence.imputations import pool_rubin
from alliance.survey.imputation import impute
from alliance.survey.imputation_plan import plan_imputation

TRUE = np.array([1.0, 0.5, 0.4])
SLOPES = {"MAR": 0.5, "strong MAR": 1.0}
CELLS = [
    ("normal", "MAR", "pmm"),
    ("normal", "MAR", "norm"),
    ("normal", "strong MAR", "pmm"),
    ("normal", "strong MAR", "norm"),
    ("skewed", "strong MAR", "pmm"),
    ("skewed", "strong MAR", "norm"),
    ("five answers", "strong MAR", "pmm"),
    ("five answers", "strong MAR", "norm"),
    ("five answers", "strong MAR", "polr"),
]


def sample(rng: np.random.Generator, kind: str, mechanism: str, n: int = 400) -> pd.DataFrame:
    """One incomplete sample with the columns x, z, y."""
    z = rng.normal(size=n)
    residual = rng.normal(size=n)
    if kind == "skewed":
        residual = (np.exp(residual) - np.exp(0.5)) / np.sqrt((np.e - 1) * np.e)
    x = 0.5 * z + np.sqrt(0.75) * residual
    if kind == "five answers":
        x = np.clip(np.round(3 + x), 1, 5) - 3
    y = TRUE[0] + TRUE[1] * x + TRUE[2] * z + rng.normal(size=n)
    slope = SLOPES[mechanism]
    gone = rng.random((2, n)) < 1 / (1 + np.exp(1 + np.array([[-slope], [slope]]) * z))
    return pd.DataFrame({"x": np.where(gone[0], np.nan, x), "z": z, "y": np.where(gone[1], np.nan, y)})


def pooled(frames) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and half the width of the 95% intervals."""
    estimates, squares = [], []
    for frame in frames:
        X, y = np.column_stack([np.ones(len(frame)), frame["x"], frame["z"]]), frame["y"].to_numpy()
        inverse = np.linalg.inv(X.T @ X)
        b = inverse @ X.T @ y
        estimates.append(b)
        squares.append(np.diag(inverse) * np.sum((y - X @ b) ** 2) / (len(y) - 3))
    found = pool_rubin(np.array(estimates), np.array(squares), len(y) - 3)
    return found["estimate"], t.ppf(0.975, found["df"]) * np.sqrt(found["t"])


def cell(kind: str, mechanism: str, method: str, samples: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Relative bias, its Monte Carlo error and the coverage of the slopes of x and z; seconds."""
    start, estimates, inside = time.perf_counter(), [], []
    methods = {"x": method, "y": "norm" if method == "norm" else "pmm"}
    for run in range(samples):
        frame = sample(np.random.default_rng([run, 1]), kind, mechanism)
        plan = plan_imputation(frame, ["x", "z", "y"], minimum_correlation=0, methods=methods)
        estimate, half = pooled(impute(frame, plan, m=10, iterations=5, seed=run))
        estimates.append(estimate)
        inside.append(np.abs(estimate - TRUE) < half)
    found = np.array(estimates)
    error = found.std(axis=0, ddof=1) / np.sqrt(samples) / TRUE
    return (found.mean(axis=0) / TRUE - 1)[1:], error[1:], np.mean(inside, axis=0)[1:], time.perf_counter() - start


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print("| x | missing | method | bias of x | bias of z | coverage of x | coverage of z | s |")
    print("|---|---|---|---|---|---|---|---|")
    for kind, mechanism, method in CELLS:
        bias, error, coverage, seconds = cell(kind, mechanism, method, samples)
        parts = [f"{100 * b:+.1f}% (MC error {100 * e:.1f})" for b, e in zip(bias, error, strict=True)]
        covered = [f"{100 * c:.1f}%" for c in coverage]
        print("|", " | ".join([kind, mechanism, method, *parts, *covered, f"{seconds:.0f}"]), "|", flush=True)


if __name__ == "__main__":
    main()
