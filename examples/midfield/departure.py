"""Who leaves: discrete-time hazard of departure of all students of MIDFIELD, by race, sex and institution.

    python examples/midfield/departure.py data/real/midfield

Reads the three files as they come (examples/README.md), takes every student (transfers too), makes person-terms by the
library's definition of departure and fits a logit hazard with a baseline per term; errors are clustered by institution
and entry year. Prints the estimates, seconds and memory. For practice, not for inference, as the authors of the data
say.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import yaml  # noqa: E402
from alliance.calendar import calendar_from, parse_terms  # noqa: E402
from alliance.persistence import fit_outcome  # noqa: E402
from alliance.persistence.analysis import baseline_categories, reference_first  # noqa: E402
from alliance.persistence.definitions import read_definitions  # noqa: E402
from alliance.persistence.departure import departures, period_frame  # noqa: E402
from alliance.persistence.records import build_records  # noqa: E402


def person_terms(folder: Path) -> pd.DataFrame:
    """One row per student and main term at risk: student_id, period, event, race, sex, institution, unit (its cluster).

    At risk are main terms for which the records show what followed; who was only seen in the last ones has no row. The
    frame's ``attrs`` say how many students and term records were read.
    """
    config = yaml.safe_load((ROOT / "examples/midfield/config.yaml").read_text(encoding="utf-8"))
    calendar = calendar_from(config)
    definition = next(d for d in read_definitions(config["outcomes"], calendar) if d.kind == "time_to_departure")
    files = {"student": ["race", "sex"], "term": ["term", "institution"], "degree": ["term_degree"]}
    student, term, degree = (
        pd.read_csv(folder / f"{name}.csv.gz", usecols=["mcid", *columns], dtype=str).rename(
            columns={"mcid": "student_id", "term_degree": "term"}
        )
        for name, columns in files.items()
    )
    term["year"] = parse_terms(term["term"], calendar)["academic_year"]
    student["entry"] = student["student_id"].map(term.groupby("student_id")["year"].min())
    ids = student["student_id"].to_numpy()
    records = build_records(ids, student["entry"], term, degree.dropna(subset=["term"]), calendar)
    student["institution"] = records.home_names()
    student["unit"] = student["institution"] + " " + student["entry"].astype("Int64").astype("string")
    long = period_frame(ids, definition.name, departures(records, definition))
    student = reference_first(student, ["race", "sex", "institution"])
    rows = long[["student_id", "period", "event"]].merge(student, on="student_id")
    rows.attrs = {"students": len(student), "records": len(term)}
    return rows


def fit_departure(rows: pd.DataFrame):
    """The hazard model of these person-terms."""
    rows = rows.assign(baseline=baseline_categories(rows["period"].to_numpy(), rows["event"].to_numpy()))
    formula = "event ~ 0 + C(baseline) + race + sex + institution"
    return fit_outcome(formula, rows, family="hazard", cluster="unit", vcov="CR1")


def main() -> None:
    start = time.process_time()
    rows = person_terms(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "data/real/midfield"))
    fit = fit_departure(rows)
    table = fit.estimates
    table = table[~table["term"].str.startswith("C(baseline)")]
    shown = table[["term", "estimate", "std_error", "p_value"]].assign(odds_ratio=np.exp(table["estimate"]))
    print(f"{rows.attrs['students']:,} students with {rows.attrs['records']:,} term records")
    print(f"{fit.n:,} person-terms of {rows['student_id'].nunique():,} students, {fit.n_events:,} departures, "
          f"{fit.n_clusters} clusters (institution and entry year)")  # fmt: skip
    print(shown.to_string(index=False, float_format=lambda v: f"{v:.4f}"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{time.process_time() - start:.1f} CPU-s with reading, at most {peak:.2f} GB")


if __name__ == "__main__":
    main()
