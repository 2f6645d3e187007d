"""Monte Carlo study of the link: is a dimension without association found to have none? Tables for the docs.

    python benchmarks/simulate_link.py --store results/simulate_link.csv                     # all replications
    python benchmarks/simulate_link.py --store results/simulate_link.csv --replications 50   # go on with 50 more

Every replication has its own seed and is a row of the store per method and term; a run goes on where the last one
stopped, and the tables do not depend on how the work was split.

Three scenarios, each of correlated dimensions (.70, .60, .75) with four items of five answers:
``plain``: probit slopes .30, 0 and .40; ``untidy``: the same slopes with 60 programs that share alliance and outcome, a
covariate, and 15% of the answers missing; ``flat``: the untidy study without any slope, for the joint test.
"""

from __future__ import annotations

import argparse
import os
import time
from functools import partial
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from alliance.persistence.analysis import Analysis  # noqa: E402
from alliance.persistence.link_fit import fit_or_penalise  # noqa: E402
from alliance.persistence.plausible_fit import Draws, fit_declared  # noqa: E402
from alliance.sem import fit_sem, plausible_values  # noqa: E402

DIMENSIONS = ["bond", "goal", "task"]
CORRELATIONS = np.array([[1.0, 0.70, 0.60], [0.70, 1.0, 0.75], [0.60, 0.75, 1.0]])
LOADINGS = np.array([0.80, 0.70, 0.60, 0.75, 0.75, 0.70, 0.65, 0.60, 0.70, 0.80, 0.60, 0.65])
CUTS = [[-1.8, -1.2, -0.5, 0.4], [-1.5, -0.9, -0.2, 0.8], [-2.0, -1.4, -0.8, 0.1], [-1.2, -0.6, 0.1, 1.0]]
ITEMS = [f"{d}{j}" for d in DIMENSIONS for j in range(1, 5)]
MEASURED = "\n".join(f"{d} =~ " + " + ".join(f"{d}{j}" for j in range(1, 5)) for d in DIMENSIONS)
SLOPES = {"plain": (0.30, 0.0, 0.40), "untidy": (0.30, 0.0, 0.40), "flat": (0.0, 0.0, 0.0)}
INTERCEPT, COVARIATE = 0.3, 0.25
STUDENTS, PROGRAMS, SHARE, MISSING = 600, 60, 0.08, 0.15
PLANNED = {"plain": 500, "untidy": 250, "flat": 250}
DRAWS, SEED = 20, 20261123


def study(scenario: str, rng: np.random.Generator) -> pd.DataFrame:
    """One data set: items 1..5 (NaN = no answer), persist 0/1, program, gpa."""
    n, root = STUDENTS, np.linalg.cholesky(CORRELATIONS).T
    factors = rng.standard_normal((n, 3)) @ root
    noise = rng.standard_normal(n)
    program, gpa = np.arange(n) % PROGRAMS, rng.standard_normal(n)
    if scenario != "plain":
        between = rng.standard_normal((PROGRAMS, 3)) @ root
        factors = np.sqrt(1 - SHARE) * factors + np.sqrt(SHARE) * between[program]
        noise = np.sqrt(1 - SHARE) * noise + np.sqrt(SHARE) * rng.standard_normal(PROGRAMS)[program]
    responses = np.repeat(factors, 4, axis=1) * LOADINGS + rng.standard_normal((n, 12)) * np.sqrt(1 - LOADINGS**2)
    answers = np.column_stack([1.0 + np.digitize(responses[:, k], CUTS[k % 4]) for k in range(12)])
    if scenario != "plain":
        answers[rng.random(answers.shape) < MISSING] = np.nan
    latent = INTERCEPT + factors @ np.array(SLOPES[scenario]) + noise + (scenario != "plain") * COVARIATE * gpa
    data = pd.DataFrame(answers, columns=ITEMS)
    return data.assign(persist=(latent > 0).astype(float), program=program, gpa=gpa, student_id=np.arange(n))


def replication(scenario: str, number: int) -> list[dict[str, object]]:
    """Estimates of one data set: sum scores, plausible values and the latent model; one row per method and term."""
    rng = np.random.default_rng([SEED, list(SLOPES).index(scenario), number])
    data = study(scenario, rng)
    data = data[data[ITEMS].notna().any(axis=1)].reset_index(drop=True)
    clustered, extra = scenario != "plain", ["gpa"] if scenario != "plain" else []
    settings = {"predictors": DIMENSIONS, "cluster": "program" if clustered else None,
                "vcov": "CR1" if clustered else "classic"}  # fmt: skip
    formula = f"persist ~ {' + '.join([*DIMENSIONS, *extra])}"
    for d in DIMENSIONS:
        mean = data[[f"{d}{j}" for j in range(1, 5)]].mean(axis=1)
        data[d] = ((mean - mean.mean()) / mean.std()).fillna(0.0)
    fitter = partial(fit_or_penalise, family="probit", link=settings)
    analysis = Analysis(formula, data, len(data))
    how = {"ordered": ITEMS, "std_lv": True, "missing": "pairwise", "cluster": "program" if clustered else None}
    measured = fit_sem(MEASURED, data, **how)
    drawn = plausible_values(measured, DRAWS, int(rng.integers(2**31)), conditioning=data[["persist", *extra]],
                             standardise=True)  # fmt: skip
    values = np.stack([one[DIMENSIONS].to_numpy() for _, one in drawn.groupby("draw")])
    found = {
        "sum": fitter(analysis)[0],
        "plausible": fit_declared(fitter, analysis, settings, Draws(list(data["student_id"]), DIMENSIONS, values))[0],
    }
    rows = []
    for method, fit in found.items():
        joint = fit.test(DIMENSIONS)["p_value"]
        table = fit.estimates.set_index("term").loc[DIMENSIONS]
        for term, row in table.iterrows():
            rows.append({"method": method, "term": term, "joint_p": joint, **row[list(SHOWN)].to_dict()})
    if scenario != "flat":  # there the joint test is the question
        rows += latent_rows(data, extra, how)
    return [{"scenario": scenario, "replication": number, **row} for row in rows]


SHOWN = ("estimate", "std_error", "p_value", "conf_low", "conf_high")


def latent_rows(data: pd.DataFrame, extra: list[str], how: dict[str, object]) -> list[dict[str, object]]:
    """The whole model by WLSMV in the theta parameterisation: slopes have the scale of a probit of the outcome."""
    text = f"{MEASURED}\npersist ~ {' + '.join([*DIMENSIONS, *extra])}"
    if extra:
        text += "\nbond + goal + task ~ gpa\nbond ~~ goal + task\ngoal ~~ task"
    fit = fit_sem(text, data, **{**how, "ordered": [*ITEMS, "persist"], "parameterization": "theta"})
    table = fit.parameters
    own = table[(table["lhs"] == "persist") & (table["op"] == "~")].set_index("rhs").loc[DIMENSIONS]
    names = {"est": "estimate", "se": "std_error", "pvalue": "p_value", "ci_lower": "conf_low", "ci_upper": "conf_high"}
    return [{"method": "latent", "term": term, "joint_p": np.nan, **row[list(names)].rename(names).to_dict()}
            for term, row in own.iterrows()]  # fmt: skip


def summary(store: pd.DataFrame) -> pd.DataFrame:
    """Per scenario, method and term: mean, bias, ratio to the truth, spread, mean error, coverage, rejections."""
    rows = []
    for (scenario, method, term), part in store.groupby(["scenario", "method", "term"], sort=False):
        truth = SLOPES[scenario][DIMENSIONS.index(term)]
        estimate = part["estimate"]
        rows.append({
            "scenario": scenario, "method": method, "term": term, "replications": len(part), "truth": truth,
            "mean": estimate.mean(), "bias": estimate.mean() - truth, "bias_mcse": estimate.std() / np.sqrt(len(part)),
            "ratio": estimate.mean() / truth if truth else np.nan, "sd": estimate.std(),
            "mean_error": part["std_error"].mean(),
            "coverage": ((part["conf_low"] <= truth) & (truth <= part["conf_high"])).mean(),
            "rejected": (part["p_value"] < 0.05).mean(), "joint_rejected": (part["joint_p"] < 0.05).mean(),
        })  # fmt: skip
    return pd.DataFrame(rows)


def main() -> None:
    """Run what is missing, up to ``--replications``, and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--replications", type=int, help="at most so many now")
    chosen = parser.parse_args()
    store = pd.read_csv(chosen.store) if chosen.store.exists() else pd.DataFrame(columns=["scenario", "replication"])
    done = set(zip(store["scenario"], store["replication"], strict=True))
    todo = [(s, k) for s, planned in PLANNED.items() for k in range(planned) if (s, k) not in done]
    started = time.process_time()
    for scenario, number in todo[: chosen.replications]:
        rows = pd.DataFrame(replication(scenario, number))
        rows.to_csv(chosen.store, mode="a", index=False, header=not chosen.store.exists())
    if chosen.store.exists():
        print(summary(pd.read_csv(chosen.store)).round(3).to_string(index=False))
    print(f"{time.process_time() - started:.0f} CPU seconds now, {len(todo[chosen.replications or len(todo) :])} to go")


if __name__ == "__main__":
    main()
