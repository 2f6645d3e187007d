"""The outcome models at the sizes that matter, beside lme4 and glm where R is there. Prints CPU seconds.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/bench_link.py              # with R: some minutes
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/bench_link.py --ours       # our side only
    ... --midfield data/real/midfield                                                # the hazard on records

Times are CPU seconds of one process with one BLAS thread (user + system in R), without start-up, on the same data.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
sys.path.insert(0, str(ROOT / "examples" / "midfield"))

from alliance.persistence import cluster_bootstrap, fit_outcome  # noqa: E402

FORMULA = "y ~ bond + goal + task + first_generation + gpa"
SAMPLE_DRAWS = 20  # refits that R is timed on; the figure for 1,000 is that times 50
GLMER = """
suppressMessages(library(lme4)); d <- read.csv("FILE")
t <- system.time(m <- glmer(y ~ bond + goal + task + first_generation + gpa + (1 | program), d, family = binomial))
cat(sprintf('{"seconds": %.3f, "coef": [%s], "sd": %.8f}', t[[1]] + t[[2]],
    paste(sprintf("%.8f", fixef(m)), collapse = ", "), sqrt(unlist(VarCorr(m)))))
"""
REFITS = """
d <- read.csv("FILE"); g <- split(seq_len(nrow(d)), d$program); set.seed(1)
t <- system.time(for (i in seq_len(DRAWS)) { rows <- unlist(g[sample(length(g), replace = TRUE)])
  glm(y ~ bond + goal + task + first_generation + gpa, data = d[rows, ], family = binomial) })
cat(sprintf('{"seconds": %.3f}', (t[[1]] + t[[2]]) * 1000 / DRAWS))
"""


def students(n: int, programs: int, seed: int = 1) -> pd.DataFrame:
    """n students in programs of different size whose chances differ (standard deviation .6 on the logit)."""
    rng = np.random.default_rng(seed)
    share = rng.gamma(3.0, size=programs)
    program = rng.choice(programs, n, p=share / share.sum())
    cause = rng.multivariate_normal(np.zeros(3), [[1, 0.7, 0.7], [0.7, 1, 0.85], [0.7, 0.85, 1]], n)
    frame = pd.DataFrame(cause, columns=["bond", "goal", "task"])
    frame["first_generation"] = (rng.random(n) < 0.35).astype(float)
    frame["gpa"] = rng.normal(size=n)
    eta = 1.2 + frame.to_numpy() @ [0.4, 0.0, 0.3, -0.3, 0.4] + rng.normal(0, 0.6, programs)[program]
    frame["y"] = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    return frame.assign(program=program)


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def in_r(script: str, data: pd.DataFrame, **words: object) -> dict[str, Any] | None:
    """What an R script prints as JSON about the data; None without R or the package."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        data.to_csv(path, index=False)
        for word, value in {"FILE": path, **words}.items():
            script = script.replace(word, str(value))
        done = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def mixed(peer: bool) -> None:
    data = students(100_000, 2_000)
    seconds, fit = timed(lambda: fit_outcome(FORMULA, data, family="mixed_logit", random="(1 | program)"))
    print(f"mixed logit, 100,000 students in 2,000 programs (Laplace): {seconds:.1f} s (asked: under 10)")
    theirs = in_r(GLMER, data) if peer else None
    if theirs:
        apart = np.abs(fit.coef - theirs["coef"]).max()
        print(f"    lme4::glmer: {theirs['seconds']:.1f} s, {theirs['seconds'] / seconds:.1f} times as long; "
              f"coefficients at most {apart:.1e} apart")  # fmt: skip


def bootstrap(peer: bool) -> None:
    data = students(1_200, 60)
    seconds, found = timed(lambda: cluster_bootstrap(FORMULA, data, cluster="program", draws=1000))
    print(f"1,000 cluster-bootstrap refits of a logit, 1,200 students in 60 programs: {seconds:.1f} s "
          f"(asked: under 5), {found.failed} failed")  # fmt: skip
    theirs = in_r(REFITS, data, DRAWS=SAMPLE_DRAWS) if peer else None
    if theirs:
        print(f"    stats::glm: {theirs['seconds']:.1f} s, {theirs['seconds'] / seconds:.1f} times as long")


def midfield(folder: Path) -> None:
    from departure import fit_departure, person_terms

    reading, rows = timed(lambda: person_terms(folder))
    seconds, fit = timed(lambda: fit_departure(rows))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    rows_text = f"{fit.n:,} person-terms of {rows['student_id'].nunique():,} students"
    print(f"midfield: hazard on {rows_text}: {seconds:.1f} s, with reading {reading + seconds:.1f} s (asked: under 30)")
    print(f"    at most {peak:.2f} GB (asked: under 3), {fit.n_clusters} clusters")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--ours", action="store_true", help="without R")
    parser.add_argument("--midfield", type=Path, default=ROOT / "data/real/midfield")
    chosen = parser.parse_args()
    if (chosen.midfield / "term.csv.gz").exists():
        midfield(chosen.midfield)  # first: the peak of memory is the process's
    bootstrap(not chosen.ours)
    mixed(not chosen.ours)


if __name__ == "__main__":
    main()
