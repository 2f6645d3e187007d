"""Multiple imputation by chained equations: the same completed data sets for a seed, on any number of processes.

van Buuren & Groothuis-Oudshoorn (2011), J. Stat. Softw. 45(3). A plan (:mod:`alliance.survey.imputation_plan`) says
which variables take part and how; every imputation is one chain with its own generator spawned from the seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alliance.survey.imputation_chain import ChainResult, Problem, run_chain
from alliance.survey.imputation_plan import ImputationPlan

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Imputations:
    """m completed versions of a frame, kept as the observed frame and the values of the missing cells.

    chains: imputation, iteration, variable, mean, sd of the imputed values (categories: of their codes).
    """

    frame: pd.DataFrame
    plan: ImputationPlan
    imputed: list[dict[str, np.ndarray]]
    chains: pd.DataFrame

    @property
    def m(self) -> int:
        """Number of imputations."""
        return len(self.imputed)

    def complete(self, number: int) -> pd.DataFrame:
        """The frame with the missing cells of imputation ``number`` (from 1) filled, scales (passive terms) added."""
        out = self.frame.copy()
        for name, values in self.imputed[number - 1].items():
            out[name] = self._filled(name, values)
        for name, (items, function) in self.plan.problem.passive.items():
            block = out[list(items)].astype(float)
            out[name] = block.mean(axis=1) if function == "mean" else block.sum(axis=1)
        return out

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return (self.complete(k + 1) for k in range(self.m))

    def long(self) -> pd.DataFrame:
        """All completed frames below each other: imputation (1..m), row (position in the frame, 1..n), the columns."""
        import pandas as pd

        parts = []
        for k, part in enumerate(self, 1):
            part.insert(0, "imputation", k)
            part.insert(1, "row", np.arange(1, len(part) + 1))
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def _filled(self, name: str, values: np.ndarray) -> pd.Series:
        column = self.frame[name].copy()
        labels = self.plan.levels.get(name)
        missing = column.isna().to_numpy()
        if labels:
            column.loc[missing] = [labels[int(v)] for v in values]
        else:
            column.loc[missing] = values
        return column


def impute(
    frame: pd.DataFrame,
    plan: ImputationPlan,
    *,
    m: int = 20,
    iterations: int = 10,
    seed: int,
    workers: int = 1,
) -> Imputations:
    """Impute the missing cells ``m`` times.

    frame: the one that the plan was made from; iterations: rounds of each chain; seed: of the config, the only source
    of chance; workers: processes (the result does not depend on it). A whole-number column stays one with "pmm" and
    "polr"; "norm" needs a float column (ValueError otherwise).
    """
    import pandas as pd

    problem = plan.problem
    whole = [
        t.name
        for t in problem.targets
        if t.method in ("norm", "2l.norm") and pd.api.types.is_integer_dtype(frame[t.name])
    ]
    if whole:
        raise ValueError(f"{', '.join(whole)}: norm draws fractions for whole numbers; use pmm or make them floats")
    seeds = np.random.SeedSequence(seed).spawn(m)
    results = _run(problem, iterations, seeds, workers) if problem.targets else [_nothing(iterations)] * m
    names = [t.name for t in problem.targets]
    chains = pd.DataFrame(
        {
            "imputation": np.repeat(np.arange(1, m + 1), iterations * len(names)),
            "iteration": np.tile(np.repeat(np.arange(1, iterations + 1), len(names)), m),
            "variable": names * (m * iterations),
            "mean": np.concatenate([r.mean.ravel() for r in results]),
            "sd": np.concatenate([r.sd.ravel() for r in results]),
        }
    )
    return Imputations(frame, plan, [r.imputed for r in results], chains)


def _nothing(iterations: int) -> ChainResult:
    return ChainResult({}, np.empty((iterations, 0)), np.empty((iterations, 0)))


def _run(problem: Problem, iterations: int, seeds: list, workers: int) -> list[ChainResult]:
    if workers <= 1 or len(seeds) == 1:
        return [run_chain(problem, iterations, seed) for seed in seeds]
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # spawned, not forked: a forked process may hang in the threads of the linear algebra library
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(seeds)), mp_context=context) as pool:
        return list(pool.map(run_chain, [problem] * len(seeds), [iterations] * len(seeds), seeds))
