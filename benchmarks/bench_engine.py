"""The engine beside lavaan: the same data, the same models, the same results asked for, in one run.

    OMP_NUM_THREADS=1 python benchmarks/bench_engine.py                     # all tasks (lavaan: about ten minutes)
    OMP_NUM_THREADS=1 python benchmarks/bench_engine.py --only ml,wlsmv     # tasks whose name starts with one of these
    OMP_NUM_THREADS=1 python benchmarks/bench_engine.py --ours              # our side only

Each task is a fit with parameters (standardised solution included) and fit measures. Times are CPU seconds of one
process with one BLAS thread (process_time here, user + system in R): wall time says little on a busy machine. Ours
is the median of several runs after one that loads the modules. Without Rscript and lavaan only our side is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "workflow" / "scripts"))

from alliance.sem import bootstrap, fit_sem, invariance_ladder  # noqa: E402

FACTORS = {"bond": "b", "goal": "g", "task": "t"}
MODEL = "\n".join(f"{f} =~ " + " + ".join(f"{c}{k}" for k in range(1, 5)) for f, c in FACTORS.items())
ITEMS = [f"{c}{k}" for c in FACTORS.values() for k in range(1, 5)]
WAVES = "\n".join(
    f"{f}{w} =~ " + " + ".join(f"{c}{k}_w{w}" for k in range(1, 5)) for f, c in FACTORS.items() for w in (1, 2)
)
UNIQUE = "\n".join(f"{item}_w1 ~~ {item}_w2" for item in ITEMS)
WAVE_ITEMS = [f"{item}_w{w}" for w in (1, 2) for item in ITEMS]


def answers(n: int, seed: int, waves: int = 1) -> np.ndarray:
    """n x 12 (or 24) continuous answers of three correlated factors, autocorrelated over waves."""
    rng = np.random.default_rng(seed)
    phi = np.array([[1, 0.7, 0.6], [0.7, 1, 0.8], [0.6, 0.8, 1]])
    loading = np.array([0.8, 0.7, 0.65, 0.75] * 3)
    factor = rng.multivariate_normal(np.zeros(3), phi, n)
    unique = rng.normal(size=(n, 12))
    blocks = []
    for wave in range(waves):
        if wave:
            factor = 0.7 * factor + rng.multivariate_normal(np.zeros(3), 0.5 * phi, n)
            unique = 0.5 * unique + 0.85 * rng.normal(size=(n, 12))
        blocks.append(factor[:, np.repeat([0, 1, 2], 4)] * loading + unique * np.sqrt(1 - loading**2))
    return np.hstack(blocks)


def categories(values: np.ndarray) -> np.ndarray:
    """Five categories, somewhat skewed."""
    return np.digitize(values, [-1.8, -1.0, -0.2, 0.8]) + 1


def with_missing(values: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Answers missing at random with probability ``share``, the first item never."""
    gone = np.random.default_rng(seed).random(values.shape) < share
    gone[:, 0] = False
    return np.where(gone, np.nan, values)


@dataclass
class Task:
    """One line of the table. ``lavaan``: R code that uses ``d``; ``repeats``: how often ours is timed."""

    name: str
    data: Callable[[], pd.DataFrame]
    run: Callable[[pd.DataFrame], object]
    lavaan: str
    repeats: int = 5
    lavaan_scale: float = 1.0
    note: str = ""
    seconds: dict[str, float] = field(default_factory=dict)


def whole_fit(model: str, **options) -> Callable[[pd.DataFrame], object]:
    """Fit and ask for everything that lavaan's call computes."""

    def run(data: pd.DataFrame):
        fit = fit_sem(model, data, **options)
        assert fit.converged
        return fit.parameters, fit.fit_measures

    return run


def r_fit(model: str, arguments: str) -> str:
    """The same in R."""
    return f"f <- cfa('{model}', d, {arguments}); invisible(parameterEstimates(f, standardized = TRUE)); fitMeasures(f)"


def r_names(names: list[str]) -> str:
    return "c(" + ", ".join(f'"{name}"' for name in names) + ")"


def ordinal(n: int, seed: int = 1) -> Callable[[], pd.DataFrame]:
    """A function that makes n x 12 answers in five categories."""
    return lambda: pd.DataFrame(categories(answers(n, seed)), columns=ITEMS)


def continuous(n: int, share: float = 0.0, waves: int = 1) -> Callable[[], pd.DataFrame]:
    """A function that makes n continuous answers, a share of them missing."""
    names = ITEMS if waves == 1 else WAVE_ITEMS
    return lambda: pd.DataFrame(
        with_missing(answers(n, 2, waves), share, 3) if share else answers(n, 2, waves), columns=names
    )


def grouped() -> pd.DataFrame:
    """1,000 ordinal answers in two groups."""
    frame = ordinal(1000, 4)()
    frame["site"] = np.where(np.arange(1000) % 2, "A", "B")
    return frame


def boot(kind: str, draws: int) -> Callable[[pd.DataFrame], object]:
    """Bootstrap refits of the ML or WLSMV fit."""

    def run(data: pd.DataFrame):
        options = {"estimator": "WLSMV", "ordered": ITEMS} if kind == "WLSMV" else {"estimator": "ML"}
        return bootstrap(fit_sem(MODEL, data, **options), draws, seed=1)

    return run


def r_ladder() -> str:
    """Configural, thresholds, loadings, residuals under theta, with scaled difference tests."""
    steps = ["", '"thresholds"', '"thresholds", "loadings"', '"thresholds", "loadings", "residuals"']
    fits = [
        f"f{k} <- cfa('{MODEL}', d, ordered = {r_names(ITEMS)}, group = 'site', parameterization = 'theta'"
        + (f", group.equal = c({equal}))" if equal else ")")
        for k, equal in enumerate(steps)
    ]
    measures = [f"fitMeasures(f{k})" for k in range(4)]
    return "; ".join([*fits, *measures, "lavTestLRT(f0, f1, f2, f3)"])


def tasks() -> list[Task]:
    """The tasks that are timed: what a measurement study asks for, small and large."""
    wlsmv = f'estimator = "WLSMV", ordered = {r_names(ITEMS)}'
    ours = {"estimator": "WLSMV", "ordered": ITEMS}
    fiml = 'estimator = "ML", missing = "fiml"'
    r_boot = "f <- cfa('{}', d, {}); bootstrapLavaan(f, R = {})"
    return [
        Task("ml 12 items n 500", continuous(500), whole_fit(MODEL), r_fit(MODEL, 'estimator = "ML"'), 30),
        Task("mlr 12 items n 500", continuous(500), whole_fit(MODEL, estimator="MLR"),
             r_fit(MODEL, 'estimator = "MLR"'), 20),
        Task("wlsmv 12 items n 500", ordinal(500), whole_fit(MODEL, **ours), r_fit(MODEL, wlsmv), 10),
        Task("wlsmv 12 items n 5,000", ordinal(5000), whole_fit(MODEL, **ours), r_fit(MODEL, wlsmv), 5),
        Task("wlsmv 12 items n 100,000", ordinal(100_000), whole_fit(MODEL, **ours), r_fit(MODEL, wlsmv), 3),
        Task("fiml 12 items 10% missing n 500", continuous(500, 0.1), whole_fit(MODEL, missing="fiml"),
             r_fit(MODEL, fiml), 5),
        Task("fiml 12 items 10% missing n 5,000", continuous(5000, 0.1), whole_fit(MODEL, missing="fiml"),
             r_fit(MODEL, fiml), 3),
        Task("fiml-mlr 24 items two waves n 900", continuous(900, 0.1, 2),
             whole_fit(f"{WAVES}\n{UNIQUE}", estimator="MLR", missing="fiml"),
             r_fit(f"{WAVES}\n{UNIQUE}", 'estimator = "MLR", missing = "fiml"'), 3),
        Task("ladder four ordinal steps two groups n 1,000", grouped,
             lambda d: invariance_ladder(MODEL, d, group="site", ordered=ITEMS, parameterization="theta",
                                         steps=[[], ["thresholds"], ["thresholds", "loadings"],
                                                ["thresholds", "loadings", "residuals"]]).table,
             r_ladder(), 3),
        Task("bootstrap 1,000 refits ml n 500", continuous(500), boot("ML", 1000),
             r_boot.format(MODEL, 'estimator = "ML"', 100), 1, 10.0, "lavaan: 100 refits times 10"),
        Task("bootstrap 1,000 refits wlsmv n 500", ordinal(500), boot("WLSMV", 1000),
             r_boot.format(MODEL, f'estimator = "DWLS", ordered = {r_names(ITEMS)}', 50), 1, 20.0,
             "lavaan: 50 refits times 20"),
        Task("count wlsmv 12 items n 1,000,000", ordinal(1_000_000), whole_fit(MODEL, **ours), "", 1),
    ]  # fmt: skip


def time_ours(task: Task, data: pd.DataFrame) -> float:
    """Median CPU seconds over the repeats, after one run that loads modules."""
    if task.repeats > 1:
        task.run(data)
    seconds = []
    for _ in range(task.repeats):
        start = time.process_time()
        task.run(data)
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def lavaan_version() -> str:
    """Version of lavaan, empty where it or R is missing."""
    if shutil.which("Rscript") is None:
        return ""
    found = subprocess.run(
        ["Rscript", "-e", 'cat(as.character(packageVersion("lavaan")))'], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() if found.returncode == 0 else ""


def time_lavaan(task: Task, data: pd.DataFrame) -> float:
    """CPU seconds of lavaan for the same data; a small fit before loads its code."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        data.to_csv(path, index=False)
        script = (
            f"suppressMessages(library(lavaan)); d <- read.csv('{path}')\n"
            "invisible(fitMeasures(cfa('f =~ x1 + x2 + x3 + x4', HolzingerSwineford1939)))\n"
            f"t <- system.time({{ {task.lavaan} }}); cat('\\nCPU', t[['user.self']] + t[['sys.self']], '\\n')"
        )
        result = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=False)
        if result.returncode:
            print(result.stderr[-500:], file=sys.stderr)
            return float("nan")
        line = next(line for line in result.stdout.splitlines() if line.startswith("CPU"))
        return float(line.split()[1]) * task.lavaan_scale


def main() -> None:
    """Print the table; write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="beginnings of task names, separated by commas")
    parser.add_argument("--ours", action="store_true", help="do not run lavaan")
    parser.add_argument("--json", type=Path, help="write the seconds here as well")
    options = parser.parse_args()
    wanted = tuple(part for part in options.only.split(",") if part)
    version = "" if options.ours else lavaan_version()
    print(f"{'task':46s} {'ours':>9s} {'lavaan':>9s} {'ratio':>7s}   lavaan {version or 'not run'}")
    lines = {}
    for task in tasks():
        if wanted and not task.name.startswith(wanted):
            continue
        data = task.data()
        ours = time_ours(task, data)
        theirs = time_lavaan(task, data) if version and task.lavaan else float("nan")
        lines[task.name] = {"ours": ours, "lavaan": theirs}
        compared = f"{theirs:8.2f}s {theirs / ours:6.0f}x" if theirs == theirs else f"{'':9s} {'':7s}"
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        note = task.note or (f"peak memory {memory:.1f} GB" if task.name.startswith("count") else "")
        print(f"{task.name:46s} {ours:8.4f}s {compared}   {note}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(lines, indent=1))


if __name__ == "__main__":
    main()
