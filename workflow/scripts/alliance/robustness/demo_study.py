"""Simulate a mentoring study with a written truth: students, mentors, latent alliance, ordinal items, attrition.

The truth (``data/demo/truth.yaml``) is a plain dict; nothing about it stands in the code. ``simulate_study`` gives
clean tables; ``demo_registrar`` follows the students through the terms; ``demo_mess`` and ``demo_files`` make of clean
tables the raw files in which such studies arrive.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

OCCASIONS = (("mentee", 1), ("mentee", 2), ("mentor", 1), ("mentor", 2))
COVARIATES = ("first_generation", "underrepresented", "gender", "prior_gpa")
COVARIATE_TERMS = ("first_generation", "underrepresented", "woman", "another", "prior_gpa")
CHECK_LETTERS = np.array(list("BCFGHKLMNPRTVWX"))  # no D or E: a spreadsheet would take 123E4 for a number


def load_truth(path: str | Path) -> dict:
    """Read a truth file (YAML) and check what the simulation relies on.

    Raises ValueError when the latent covariance is not positive definite, when the occasions are not the four known
    ones, or when staying in STEM is not the less probable of the two outcomes of the first year.
    """
    import yaml

    truth = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    if truth["alliance"]["occasions"] != [f"{role}_w{wave}" for role, wave in OCCASIONS]:
        raise ValueError("alliance.occasions must be mentee_w1, mentee_w2, mentor_w1, mentor_w2")
    shared = sum(truth["alliance"]["cluster_variance"].values())
    for matrix in (dimension_correlations(truth), np.array(truth["alliance"]["occasion_correlations"]) - shared):
        if not np.all(np.linalg.eigvalsh(matrix) > 0):
            raise ValueError("alliance: correlations (less the cluster variance) are not positive definite")
    if truth["link"]["stem_2"] >= truth["link"]["stays"][1]:
        raise ValueError("link.stem_2 must be below link.stays of year 1")
    return truth


def dimension_correlations(truth: dict) -> np.ndarray:
    """Correlation matrix of the dimensions within one occasion, in the order of ``alliance.dimensions``."""
    names = truth["alliance"]["dimensions"]
    matrix = np.eye(len(names))
    for pair, r in truth["alliance"]["correlations"].items():
        a, b = (names.index(name) for name in pair.split("-"))
        matrix[a, b] = matrix[b, a] = r
    return matrix


def link_truth(truth: dict) -> dict[str, dict[str, float]]:
    """True slopes on the logit scale by outcome: retained_2, stem_2 (exact), departure (limits by simulation)."""
    link = truth["link"]
    return {"retained_2": dict(link["slopes"]), "stem_2": dict(link["slopes"]), "departure": dict(link["departure"])}


def expit(x: np.ndarray) -> np.ndarray:
    """Inverse logit."""
    return 1 / (1 + np.exp(-x))


def simulate_study(truth: dict, seed: int, n_students: int | None = None) -> dict:
    """One clean study.

    Parameters: ``truth`` as from :func:`load_truth`; ``seed`` of this study; ``n_students`` on the roster
    (default: as in the truth; programs stay as many).

    Returns a dict of DataFrames, sorted by student_id:
    ``persons``  student_id, cohort, program, stem_program, institution, mentor_id, mentor_2_id ("": none), covariates,
    latent ``bond_mentee_w1`` ... ``task_mentor_w2``, and ``on_registrar``;
    ``reports``  one row per survey report: student_id, mentor_id, role, wave, first (about or by the first mentor),
    then the twelve items 1..5 in the direction of the dimension (Int64, NA where not answered), in questionnaire order;
    ``terms``, ``degrees``, ``outcomes``: see :func:`alliance.robustness.demo_registrar.simulate_registrar`.
    """
    from alliance.robustness.demo_registrar import simulate_registrar

    n = truth["students"] if n_students is None else n_students
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(5)]
    persons = _simulate_persons(truth, n, streams[0])
    persons, second = _add_latent(truth, persons, streams[1])
    terms, degrees, outcomes = simulate_registrar(truth, persons, streams[2])
    reports = _simulate_reports(truth, persons, second, outcomes["retained_2"].to_numpy(), streams[3], streams[4])
    return {"persons": persons, "reports": reports, "terms": terms, "degrees": degrees, "outcomes": outcomes}


def wide_sample(study: dict):
    """One row per student with a mentee report of wave 1: the form of ``sample.parquet``, from a clean study.

    Columns: student_id, cohort, program, covariates, mentor_id, items such as ``bond_1_mentee_w1`` (Int64) and
    ``answered_mentor_w2`` (bool) for every role and wave; reports about or by the first mentor only.
    """
    first = study["reports"][study["reports"]["first"]]
    items = [name for name in first.columns if name not in ("student_id", "mentor_id", "role", "wave", "first")]
    columns = ["student_id", "cohort", "program", *COVARIATES, "mentor_id"]
    wide = study["persons"][columns].set_index("student_id")
    for role, wave in OCCASIONS:
        reports = first[(first["role"] == role) & (first["wave"] == wave)].set_index("student_id")[items]
        wide = wide.join(reports.add_suffix(f"_{role}_w{wave}"))
        wide[f"answered_{role}_w{wave}"] = wide.index.isin(reports.index)
    return wide[wide["answered_mentee_w1"]].sort_index().reset_index()


def _simulate_persons(truth: dict, n: int, rng: np.random.Generator):
    import pandas as pd

    share = truth["covariates"]
    numbers = np.sort(rng.choice(np.arange(1000, 100_000), size=n, replace=False))
    student_id = [f"{number}{letter}" for number, letter in zip(numbers, rng.choice(CHECK_LETTERS, n), strict=True)]
    cohorts = {str(year): weight for year, weight in truth["cohorts"].items()}
    program, mentor, second = _assign_mentors(truth, n, rng)
    campus = np.sort(rng.integers(0, len(truth["institutions"]), truth["programs"]))
    first_generation = rng.random(n) < share["first_generation"]
    minority = share["underrepresented"]
    underrepresented = rng.random(n) < minority["base"] + minority["first_generation"] * first_generation
    grade = share["prior_gpa"]
    gpa = grade["mean"] + grade["first_generation"] * first_generation + grade["sd"] * rng.standard_normal(n)
    return pd.DataFrame(
        {
            "student_id": student_id,
            "cohort": rng.choice(list(cohorts), n, p=list(cohorts.values())),
            "program": [f"P{k + 1:02d}" for k in program],
            "stem_program": program < truth["stem_programs"],
            "institution": np.array(truth["institutions"])[campus[program]],
            "mentor_id": [f"M{k:04d}" for k in mentor],
            "mentor_2_id": ["" if k < 0 else f"M{k:04d}" for k in second],
            "first_generation": np.where(first_generation, "yes", "no"),
            "underrepresented": np.where(underrepresented, "yes", "no"),
            "gender": rng.choice(list(share["gender"]), n, p=list(share["gender"].values())),
            "prior_gpa": np.clip(np.round(gpa, 2), grade["low"], grade["high"]),
            "on_registrar": rng.random(n) >= truth["missing"]["no_registrar_record"],
        }
    )


def _assign_mentors(truth: dict, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Program, mentor and second mentor (-1: none) by number; every mentor belongs to one program."""
    weights = rng.gamma(4.0, size=truth["programs"])
    program = rng.choice(truth["programs"], n, p=weights / weights.sum())
    mentor, second = np.empty(n, int), np.full(n, -1)
    has_two = rng.random(n) < truth["two_mentors"]
    first_number = 101
    for k in range(truth["programs"]):
        members = np.flatnonzero(program == k)
        count = max(2, round(len(members) / truth["mentees_per_mentor"]))
        own = rng.integers(0, count, len(members))
        mentor[members] = first_number + own
        other = (own + rng.integers(1, count, len(members))) % count
        second[members] = np.where(has_two[members], first_number + other, -1)
        first_number += count
    return program, mentor, second


def _add_latent(truth: dict, persons, rng: np.random.Generator):
    """Latent alliance by occasion (columns of persons) and, as an array (n, 4, 3), that with the second mentor."""
    import pandas as pd

    alliance = truth["alliance"]
    names = alliance["dimensions"]
    root = np.linalg.cholesky(dimension_correlations(truth))
    variance = alliance["cluster_variance"]
    own = np.linalg.cholesky(np.array(alliance["occasion_correlations"]) - sum(variance.values()))

    def draw(rows: int) -> np.ndarray:
        return np.einsum("st,itd,ed->ise", own, rng.standard_normal((rows, 4, len(names))), root)

    def shared(key: str, column: str) -> np.ndarray:
        codes, levels = pd.factorize(persons[column], sort=True)
        effects = rng.standard_normal((len(levels), len(names))) @ root.T * np.sqrt(variance[key])
        return effects[codes][:, None, :]

    n = len(persons)
    common = shared("program", "program") + shared("mentor", "mentor_id")
    r = truth["second_mentor_r"]
    individual = draw(n)
    first = common + individual
    second = common + r * individual + np.sqrt(1 - r**2) * draw(n)
    for group, shifts in alliance["means"].items():
        for name, shift in shifts.items():
            for values in (first, second):
                values[:, :2, names.index(name)] += shift * (persons[group] == "yes").to_numpy()[:, None]
    latent = {
        f"{name}_{occasion}": first[:, s, d]
        for s, occasion in enumerate(alliance["occasions"])
        for d, name in enumerate(names)
    }
    return pd.concat([persons, pd.DataFrame(latent)], axis=1), second


def design(persons) -> np.ndarray:
    """Covariates (n, 5) in the order of COVARIATE_TERMS; prior_gpa as it is (centre it with the truth's mean)."""
    return np.column_stack(
        [
            persons["first_generation"] == "yes",
            persons["underrepresented"] == "yes",
            persons["gender"] == "woman",
            persons["gender"] == "another",
            persons["prior_gpa"],
        ]
    ).astype(float)


def linear_predictor(truth: dict, persons, slopes: dict[str, float]) -> np.ndarray:
    """Sum of slopes times alliance (mentee, wave 1) and covariates, prior_gpa centred; terms not in slopes count 0."""
    covariates = design(persons)
    covariates[:, -1] -= truth["covariates"]["prior_gpa"]["mean"]
    value = covariates @ np.array([slopes.get(term, 0.0) for term in COVARIATE_TERMS])
    for name in truth["alliance"]["dimensions"]:
        value += slopes.get(name, 0.0) * persons[f"{name}_mentee_w1"].to_numpy()
    return value


def _simulate_reports(truth: dict, persons, second: np.ndarray, enrolled: np.ndarray, rng, rng_missing):
    import pandas as pd

    names = truth["alliance"]["dimensions"]
    first = np.stack([persons[[f"{d}_{o}" for d in names]].to_numpy() for o in truth["alliance"]["occasions"]], axis=1)
    answers = [simulate_items(truth, persons, eta, rng) for eta in (first, second)]
    has_two = (persons["mentor_2_id"] != "").to_numpy()
    tables = []
    for s, (role, wave) in enumerate(OCCASIONS):
        for about_first in (True, False):
            if role == "mentee" and not about_first:
                asked = has_two & (rng_missing.random(len(persons)) < truth["missing"]["second_mentor_report"])
            else:
                asked = np.full(len(persons), True) if about_first else has_two
            answered = asked & (rng_missing.random(len(persons)) < response_probability(truth, persons, s, enrolled))
            table = pd.DataFrame(
                {
                    "student_id": persons["student_id"],
                    "mentor_id": persons["mentor_id"] if about_first else persons["mentor_2_id"],
                    "role": role,
                    "wave": wave,
                    "first": about_first,
                }
            )
            items = answers[0 if about_first else 1][:, s].astype(float)
            items[missing_answers(truth, items.shape, rng_missing)] = np.nan
            table[truth["items"]["order"]] = items
            tables.append(table[answered])
    reports = pd.concat(tables, ignore_index=True)
    reports = reports.astype(dict.fromkeys(truth["items"]["order"], "Int64"))
    keys = ["role", "wave", "student_id", "first"]
    return reports.sort_values(keys, ascending=[True, True, True, False], ignore_index=True)


def simulate_items(truth: dict, persons, eta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Answers 1..5, shape (n, 4 occasions, 12 items in questionnaire order), from latent values (n, 4, 3)."""
    key, order, n = truth["items"], truth["items"]["order"], len(persons)
    dimension = [truth["alliance"]["dimensions"].index(item.rsplit("_", 1)[0]) for item in order]
    unique = rng.standard_normal((n, len(OCCASIONS), len(order)))
    c = key["residual_correlation"]
    for early, late in ((0, 1), (2, 3)):
        unique[:, late] = c * unique[:, early] + np.sqrt(1 - c**2) * unique[:, late]
    odd = key["not_invariant"]
    in_group = (persons[odd["group"]] == "yes").to_numpy()[:, None]
    answers = np.empty((n, len(OCCASIONS), len(order)), int)
    for s, (role, _) in enumerate(OCCASIONS):
        for j, item in enumerate(order):
            loading = key[role]["loadings"][item]
            response = loading * eta[:, s, dimension[j]] + np.sqrt(1 - loading**2) * unique[:, s, j]
            cuts = np.array(key[role]["thresholds"][item])[None, :]
            if (role, item) == (odd["role"], odd["item"]):
                cuts = cuts + in_group * np.array(odd["shift"])[None, :]
            answers[:, s, j] = 1 + (response[:, None] > cuts).sum(axis=1)
    return answers


def response_probability(truth: dict, persons, occasion: int, enrolled: np.ndarray) -> np.ndarray:
    """Probability (n,) that the report of an occasion (number in OCCASIONS) is given."""
    role, wave = OCCASIONS[occasion]
    if wave == 1:
        return np.full(len(persons), truth["missing"]["wave_1"][role])
    rule = truth["missing"]["wave_2"][role]
    value = rule["intercept"] + rule["enrolled"] * enrolled.astype(float)
    for name in truth["alliance"]["dimensions"]:
        value = value + rule[name] * persons[f"{name}_{role}_w1"].to_numpy()
    return expit(value)


def missing_answers(truth: dict, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Mask (n, items) of single answers missing at random and of questionnaires broken off."""
    rule = truth["missing"]
    skipped = rng.random(shape) < rule["item"]
    stops = rng.random(shape[0]) < rule["breaks_off"]["share"]
    at = np.where(stops, rng.integers(1, shape[1], shape[0]), shape[1])
    return skipped | (np.arange(shape[1])[None, :] >= at[:, None])
