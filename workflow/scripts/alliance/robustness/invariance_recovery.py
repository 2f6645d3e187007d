"""Does the ladder find the item that was made unequal, and leave equal ones alone? Demo studies, many times.

python -m alliance.robustness.invariance_recovery data/demo/truth.yaml --studies 100 --out table.csv
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

CLEAN = "gender"
REPORT = ("mentee", 1)
COLUMNS = ["study", "grouping", "planted", "n", "released", "level", "status"]


def studies(
    truth: Mapping[str, Any], n_studies: int, seed: int, settings: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """One row per study and grouping: which items the search released, and the level reached."""
    from alliance.measurement.comparisons import by_group
    from alliance.measurement.invariance_stage import run
    from alliance.robustness.demo_study import simulate_study, wide_sample

    role, wave = REPORT
    key = {d: [i for i in truth["items"]["order"] if i.rsplit("_", 1)[0] == d] for d in truth["alliance"]["dimensions"]}
    columns = {f"{i}_{role}_w{wave}": i for members in key.values() for i in members}
    odd = truth["items"]["not_invariant"]
    for number, state in enumerate(np.random.SeedSequence(seed).generate_state(n_studies)):
        sample = wide_sample(simulate_study(dict(truth), int(state)))
        enough = sample[list(columns)].notna().mean(axis=1) >= 0.5  # the filter of the demo's config
        sample = sample[enough.to_numpy()].reset_index(drop=True)
        items = sample[list(columns)].rename(columns=columns).astype(float)
        for grouping in (odd["group"], CLEAN):
            compared = by_group(grouping, sample, items, key, settings, sample["program"])
            found = run(compared, settings, int(state))
            verdict = (found.rows["verdicts"] or [{}])[0]
            yield {
                "study": number + 1, "grouping": grouping, "planted": odd["item"] if grouping == odd["group"] else "",
                "n": verdict.get("n"), "released": verdict.get("released"), "level": verdict.get("level", ""),
                "status": found.rows["status"][-1]["status"],
            }  # fmt: skip


def summary(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Per grouping: how often the planted item, and only it, was released; how often any other item was."""
    out = []
    for grouping, part in rows.groupby("grouping", sort=True):
        sets = [set(str(r).split(", ")) - {""} for r in part["released"].fillna("")]
        planted = set(part["planted"].fillna("")) - {""}
        others = [bool(s - planted) for s in sets]
        row = {"grouping": grouping, "planted": ", ".join(sorted(planted)), "studies": len(part)}
        row["found"] = float(np.mean([planted <= s for s in sets])) if planted else float("nan")
        row["found_alone"] = float(np.mean([planted == s for s in sets])) if planted else float("nan")
        out.append({**row, "false_alarm": float(np.mean(others))})
    return out


def main(arguments: Sequence[str] | None = None) -> None:
    """Write one row per study and grouping as it is finished, then print the summary."""
    import pandas as pd

    from alliance.robustness.demo_study import load_truth

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    for row in studies(load_truth(given.truth), given.studies, given.seed, {}):
        rows.append(row)
        pd.DataFrame(rows, columns=COLUMNS).to_csv(given.out, index=False, lineterminator="\n")
    print(pd.DataFrame(summary(pd.DataFrame(rows, columns=COLUMNS))).to_string(index=False))


if __name__ == "__main__":
    main()
