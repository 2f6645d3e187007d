"""Follow simulated students through the terms: enrolment, stop-outs, changes of field, degrees, end of observation.

Terms of a student are numbered from 1: odd numbers are falls, even numbers springs; year y holds terms 2y-1 and 2y.
"""

from __future__ import annotations

import numpy as np

from alliance.robustness.demo_study import expit, linear_predictor

STEM = ("11.0701", "14.0801", "14.1001", "14.1901", "15.0805", "26.0101", "26.0202", "27.0101", "40.0501", "40.0801")
OTHER = ("05.0201", "09.0101", "13.1202", "23.0101", "42.0101", "45.0601", "45.1001", "50.0701", "52.0201", "52.0301")
UNDECLARED = "24.0102"
YEARS = 7


def simulate_registrar(truth: dict, persons, rng: np.random.Generator):
    """Records of all students of ``persons`` (see ``demo_study.simulate_study``).

    Returns three DataFrames:
    ``terms``  student_id, term ("2015F"), institution, field (CIP code), credits; only terms with enrolment;
    ``degrees``  student_id, term, field; ``outcomes``  one row per student, as the whole process knows it:
    retained_2, stem_2 (NA unless in STEM in the first fall), graduated_4, graduated_6 (NA when not observable),
    departed and last_term (number of the last term attended), by the end of observation.
    """
    import pandas as pd

    u_program = truth["link"]["program_sd"] * rng.standard_normal(truth["programs"])
    intercept = u_program[persons["program"].str[1:].astype(int).to_numpy() - 1]
    stays = linear_predictor(truth, persons, truth["link"]["slopes"]) + intercept
    graduates = linear_predictor(truth, persons, truth["graduation"]["slopes"])
    attended, degree_term, returns = _careers(truth, stays, graduates, rng)
    stem_start = persons["stem_program"].to_numpy() & (rng.random(len(persons)) < truth["fields"]["stem_start"])
    fields = _fields(truth, stem_start, attended[:, 3], stays, rng)

    entry = persons["cohort"].astype(int).to_numpy()
    window = np.array([_terms_until(truth["observed_until"], year) for year in entry])
    seen = attended & (np.arange(attended.shape[1])[None, :] <= window[:, None])
    has_degree = (degree_term > 0) & (degree_term <= window)
    last = seen.shape[1] - 1 - np.argmax(seen[:, ::-1], axis=1)
    stem_2 = np.array([code in STEM for code in fields[:, 3]]) & attended[:, 3]
    outcomes = pd.DataFrame(
        {
            "student_id": persons["student_id"],
            "retained_2": attended[:, 3],
            "stem_2": pd.array(np.where(stem_start, stem_2, False), dtype="boolean"),
            "graduated_4": pd.array(has_degree & (degree_term <= 8), dtype="boolean"),
            "graduated_6": pd.array(has_degree & (degree_term <= 12), dtype="boolean"),
            "departed": ~has_degree & (last < window) & ~(returns > window),
            "last_term": last,
        }
    )
    outcomes.loc[~stem_start, "stem_2"] = pd.NA
    outcomes.loc[window < 12, "graduated_6"] = pd.NA
    known = persons["on_registrar"].to_numpy()
    terms = _term_table(truth, persons, seen, fields, entry, known, rng)
    degrees = _degree_table(truth, persons, np.where(has_degree & known, degree_term, 0), fields, entry, rng)
    return terms, degrees, outcomes


def _terms_until(last: str, entry: int) -> int:
    """Number of the term ``last`` ("2022S") for students whose first fall is in the year ``entry``."""
    years = int(last[:4]) - entry
    return 2 * years + (1 if last[4] == "F" else 0)


def _careers(truth: dict, stays: np.ndarray, graduates: np.ndarray, rng: np.random.Generator):
    """Attendance (n, 15), column t = term t; term of the degree (0: none); term of the last return (0: never away)."""
    link, rule = truth["link"], truth["graduation"]
    n = len(stays)
    attended = np.zeros((n, 2 * YEARS + 1), bool)
    degree_term = np.zeros(n, int)
    returns = np.zeros(n, int)
    continues = np.full(n, True)

    def finish(who: np.ndarray, term: int, level: float | None) -> np.ndarray:
        chance = rng.random(n)
        if level is None:
            return np.zeros(n, bool)
        done = who & (attended[:, : term + 1].sum(axis=1) >= 8) & (chance < expit(level + graduates))
        degree_term[done] = term
        return done

    for year in range(1, YEARS + 1):
        fall, spring = 2 * year - 1, 2 * year
        here = continues | (returns == fall)
        attended[here, fall] = True
        here &= ~finish(here, fall, rule["fall"].get(year))
        next_fall = here & (rng.random(n) < expit(link["stays"][year] + stays))
        lost = here & ~next_fall
        away = lost & (rng.random(n) < link["comes_back"])
        midyear = lost & ~away & (rng.random(n) < link["leaves_midyear"])
        skips = next_fall & (rng.random(n) < link["skips_spring"])
        back_in_spring = returns == spring
        attended[(here & ~midyear & ~skips) | back_in_spring, spring] = True
        done = finish(attended[:, spring], spring, rule["spring"].get(year))
        half_year = rng.random(n) < 0.5
        returns = np.where(away & ~done, np.where(half_year, spring + 2, spring + 3), returns)
        continues = (next_fall | back_in_spring) & ~done
    return attended, degree_term, returns


def _fields(truth: dict, stem_start: np.ndarray, retained: np.ndarray, stays: np.ndarray, rng: np.random.Generator):
    """CIP code of each student in each term (n, 15), whether enrolled or not; column t = term t.

    The chance to be in STEM in the second fall, given enrolment, is expit(stem_2 + .) / expit(stays_1 + .):
    so that both the retained and the retained in STEM follow a logit with the same slopes.
    """
    rule, link = truth["fields"], truth["link"]
    n = len(stem_start)
    in_stem = expit(link["stem_2"] + stays) / expit(link["stays"][1] + stays)
    draws = rng.random((n, YEARS + 1, 3))
    picks = rng.integers(0, 10, (n, YEARS + 1))
    fields = np.full((n, 2 * YEARS + 1), "", dtype=object)
    for i in range(n):
        stem = bool(stem_start[i])
        code = STEM[picks[i, 0]] if stem else (UNDECLARED if draws[i, 0, 0] < 0.4 else OTHER[picks[i, 0]])
        fields[i, 1:3] = code
        for year in range(2, YEARS + 1):
            move, within, early = draws[i, year - 1]
            leaves = 1 - in_stem[i] if year == 2 else rule["leaves_stem"]
            changed = move < (leaves if stem else rule["enters_stem"]) and (retained[i] or year > 2)
            stem = stem != changed
            if changed or within < rule["changes_within"] or (code == UNDECLARED and year == 3):
                code = (STEM if stem else OTHER)[picks[i, year]]
            fields[i, 2 * year - 1 : 2 * year + 1] = code
            if year == 2 and changed and early < rule["switches_early"]:
                fields[i, 2] = code
    return fields


def _label(entry: int, term: int) -> str:
    """Written term: calendar year and season; term 1 of the entry year 2015 is 2015F, term 2 is 2016S."""
    return f"{entry + term // 2}{'F' if term % 2 else 'S'}"


def _term_table(truth: dict, persons, seen, fields, entry, known, rng: np.random.Generator):
    import pandas as pd

    rows = []
    summer = rng.random(seen.shape) < truth["fields"]["summer"]
    credit = rng.integers(12, 18, seen.shape)
    students, campuses = persons["student_id"].tolist(), persons["institution"].tolist()
    for i in np.flatnonzero(known):
        student, campus = students[i], campuses[i]
        for term in np.flatnonzero(seen[i]):
            label = _label(entry[i], term)
            rows.append((student, label, campus, fields[i, term], int(credit[i, term])))
            if term % 2 == 0 and summer[i, term] and label < truth["observed_until"]:
                rows.append((student, label[:4] + "U", campus, fields[i, term], int(credit[i, term]) - 9))
    return pd.DataFrame(rows, columns=["student_id", "term", "institution", "field", "credits"])


def _degree_table(truth: dict, persons, degree_term, fields, entry, rng: np.random.Generator):
    import pandas as pd

    late = rng.random(len(persons)) < truth["graduation"]["summer_degree"]
    rows, students = [], persons["student_id"].tolist()
    for i in np.flatnonzero(degree_term):
        label = _label(entry[i], degree_term[i])
        if late[i] and label.endswith("S") and label < truth["observed_until"]:
            label = label[:4] + "U"
        rows.append((students[i], label, fields[i, degree_term[i]]))
    return pd.DataFrame(rows, columns=["student_id", "term", "field"])
