"""How long the measurement stages take for a large study: simulated cohorts of students, two waves, programs.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/bench_measurement.py
        [--cohorts 12] [--students 5000] [--missing 0.05]

Prints CPU seconds of each stage in this process on one core, without reading and writing files.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from alliance.codebook import Codebook, Column, item_column
from alliance.measurement.invariance_tables import compare_all
from alliance.measurement.scores_tables import score_all
from alliance.measurement.stage import measure_study
from alliance.sem import simulate

DIMENSIONS = ("bond", "goal", "task")
WAVES, ITEMS, PROGRAMS = (1, 2), 4, 200
CUTS = (-1.5, -0.7, 0.1, 1.0)


def study(cohorts: int, students: int, missing: float) -> tuple[pd.DataFrame, Codebook, dict]:
    """Sample, codebook and config of a study with five-point items (loadings .8, factors .6, stability .5)."""
    n = cohorts * students
    factors = [f"{d}{w}" for w in WAVES for d in DIMENSIONS]
    lines = [f"{f} =~ " + " + ".join(f"0.8*{f}_{k}" for k in range(1, ITEMS + 1)) for f in factors]
    lines += [f"{f}_{k} ~~ 0.36*{f}_{k}" for f in factors for k in range(1, ITEMS + 1)]
    lines += [f"{f} ~~ 1*{f}" for f in factors]
    for a, first in enumerate(factors):
        for second in factors[a + 1 :]:
            r = 0.6 if first[-1] == second[-1] else 0.5 if first[:-1] == second[:-1] else 0.3
            lines.append(f"{first} ~~ {r}*{second}")
    answers = simulate("\n".join(lines), n, seed=1)
    rng = np.random.default_rng(2)
    columns, rows = {"student_id": [f"S{k:06d}" for k in range(n)]}, []
    codes = {str(v): str(v) for v in range(1, len(CUTS) + 2)}
    for f in factors:
        for k in range(1, ITEMS + 1):
            name, wave = f"{f[:-1]}_{k}", int(f[-1])
            values = np.digitize(answers[f"{f}_{k}"], CUTS) + 1.0
            columns[item_column(name, "mentee", wave)] = np.where(rng.random(n) < missing, np.nan, values)
            about = {"type": "item", "codes": codes, "dimension": f[:-1], "role": "mentee", "wave": wave}
            rows.append(Column(len(rows) + 2, "survey", f"{f}_{k}", name, **about))
    columns["cohort"] = np.repeat([str(2000 + c) for c in range(cohorts)], students)
    columns["program"] = rng.integers(0, PROGRAMS, n).astype(str)
    columns["gender"] = rng.choice(["woman", "man"], n)
    config = {
        "seed": 1,
        "instrument": {"dimensions": {d: d for d in DIMENSIONS}},
        "sample": {"cohort": "cohort", "frame": {"role": "mentee", "wave": 1}},
        "measurement": {
            "role": "mentee", "wave": 1, "chosen": "correlated", "estimator": "WLSMV", "sensitivity": ["MLR"],
            "models": ["one", "two", "correlated", "second_order", "bifactor", "exploratory"],
            "two": {"bond": ["bond"], "agreement": ["goal", "task"]}, "cluster": "program", "by_cohort": True,
            "by_report": True, "crosscheck": True,
        },
        "invariance": {"groups": ["gender", "cohort"], "waves": True},
        "scores": {"methods": ["sum", "regression", "bartlett", "eap"]},
    }  # fmt: skip
    return pd.DataFrame(columns), Codebook(tuple(rows)), config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cohorts", type=int, default=12)
    parser.add_argument("--students", type=int, default=5000)
    parser.add_argument("--missing", type=float, default=0.05)
    asked = parser.parse_args()
    sample, codebook, config = study(asked.cohorts, asked.students, asked.missing)
    print(f"{asked.cohorts} cohorts x {asked.students} students, {len(DIMENSIONS) * ITEMS} items, {len(WAVES)} waves")

    def timed(name, call):
        start, wall = time.process_time(), time.perf_counter()
        made = call()
        cpu, wall = time.process_time() - start, time.perf_counter() - wall
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{name:<12} {cpu:7.1f} s CPU  {wall:7.1f} s  {memory:6.0f} MB at most", flush=True)
        return made

    tables = timed("measurement", lambda: measure_study(sample, codebook, config, 10))
    verdict = tables["separability"]
    compared = timed("invariance", lambda: compare_all(sample, codebook, config, 10))
    timed("scores", lambda: score_all(sample, codebook, verdict, config, 10))
    print(tables["status"]["status"].value_counts().to_dict(), compared["verdicts"]["level"].tolist())


if __name__ == "__main__":
    main()
