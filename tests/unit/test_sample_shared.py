"""What the tables of the sample stage withhold cannot be worked out from what they show."""

import numpy as np
import pandas as pd
import pytest
from alliance.survey.issues import Issues
from alliance.survey.sample import build_sample
from alliance.survey.sample_shared import shareable_counts
from scipy.optimize import linprog
from survey_frames import study

FILTERS = [
    {"name": "consent", "reason": "No consent", "keep": {"variable": "consent", "in": ["yes"]}},
    {"name": "unlinked", "reason": "Not on the roster", "on_roster": True},
    {"name": "repeated", "reason": "Repeated", "duplicates": "most_complete"},
    {"name": "straight", "reason": "Straight-liner", "longstring": 6},
    {"name": "outlier", "reason": "Unusual answers", "careless": {"index": "mahalanobis", "cut": 0.95}},
]
CARELESS = {"cuts": {"irv": 0.3, "longstring": 5}}
MINIMUM = 10


@pytest.fixture(scope="module", params=[(1, 60), (2, 300)])
def exact_and_shared(request):
    seed, students = request.param
    made = study(FILTERS, seed=seed, students=students, careless=CARELESS)
    exact = build_sample(made, Issues())
    return exact, shareable_counts(made, exact, MINIMUM)


def flow_equations(table):
    """Every equation that a reader of a flow knows: (terms, signs) over cells (order, cohort, column)."""
    equations = []
    for row in table.itertuples():
        cell = [(row.order, row.cohort, c) for c in ("n_in", "excluded", "n_out")]
        equations.append((cell, [1, -1, -1]))
        if row.order:
            equations.append(([cell[0], (row.order - 1, row.cohort, "n_out")], [1, -1]))
    for order, rows in table.groupby("order"):
        for column in ("n_in", "excluded", "n_out"):
            cells = [(order, c, column) for c in rows["cohort"]]
            equations.append((cells, [-1 if c == "pooled" else 1 for c in rows["cohort"]]))
    return equations


def possible(table, exact):
    """Lowest and highest possible value of every small exclusion, by linear programming over the whole flow."""
    cells = [(row.order, row.cohort, c) for row in table.itertuples() for c in ("n_in", "excluded", "n_out")]
    place = {cell: j for j, cell in enumerate(cells)}
    equations = flow_equations(table)
    matrix = np.zeros((len(equations), len(cells)))
    for i, (terms, signs) in enumerate(equations):
        for cell, sign in zip(terms, signs, strict=True):
            matrix[i, place[cell]] += sign
    shown = table[["n_in", "excluded", "n_out"]].to_numpy(dtype=float, na_value=np.nan).ravel()
    limits = [(0, None) if np.isnan(n) else (n, n) for n in shown]
    small = {}
    for row in exact.itertuples():
        if 0 < row.excluded < MINIMUM:
            j = place[row.order, row.cohort, "excluded"]
            ends = []
            for sign in (1, -1):
                cost = np.zeros(len(cells))
                cost[j] = sign
                answer = linprog(cost, A_eq=matrix, b_eq=np.zeros(len(equations)), bounds=limits)
                ends.append(sign * answer.fun if answer.status == 0 else sign * -np.inf)
            small[row.step, row.cohort] = tuple(ends)
    return small


def test_no_small_exclusion_can_be_worked_out(exact_and_shared):
    exact, shared = exact_and_shared
    found = possible(shared["flow"], exact.flow)
    assert found
    assert all(high - low >= MINIMUM - 2 for low, high in found.values()), found
    for key, part in exact.flow_reports.groupby(["role", "wave"]):
        mine = shared["flow_reports"]
        mine = mine[(mine["role"] == key[0]) & (mine["wave"] == key[1])]
        found = possible(mine, part)
        assert all(high - low >= MINIMUM - 2 for low, high in found.values()), found


def test_what_is_shown_is_true_and_no_small_count_is_shown(exact_and_shared):
    exact, shared = exact_and_shared
    counts = {"flow": ["n_in", "excluded", "n_out"], "linkage": ["n_left", "matched", "only_left", "only_right"]}
    counts |= {"careless": ["n", "flagged"], "flow_reports": counts["flow"]}
    for name, columns in counts.items():
        was, is_ = getattr(exact, name)[columns], shared[name][columns]
        open_ = is_.notna().to_numpy()
        assert (was.to_numpy()[open_] == is_.to_numpy()[open_]).all()
        small = (was.to_numpy() > 0) & (was.to_numpy() < MINIMUM)
        assert not (small & open_).any(), name
        assert shared[name]["suppressed"].tolist() == (~open_).any(axis=1).tolist()


def test_the_size_of_the_sample_is_always_shown(exact_and_shared):
    exact, shared = exact_and_shared
    last = shared["flow"].groupby("cohort", sort=False)["n_out"].last()
    assert last["pooled"] == len(exact.students)
    waves = shared["waves"]
    pooled = waves[waves["cohort"] == "pooled"].set_index(["role", "wave"])["n_in_sample"]
    assert pooled["mentee", 1] == len(exact.students)
    assert pooled["mentor", 1] == exact.students["answered_mentor_w1"].sum()


def test_waves_show_nothing_that_the_flows_withhold(exact_and_shared):
    _, shared = exact_and_shared
    flows = pd.concat([shared["flow"].assign(role="mentee", wave=1), shared["flow_reports"]])
    shown = {(r, w, c): set(part["n_out"].dropna()) for (r, w, c), part in flows.groupby(["role", "wave", "cohort"])}
    for row in shared["waves"].itertuples():
        for n in (row.n_reports_raw, row.n_kept, row.n_linked, row.n_in_sample):
            assert n is pd.NA or n in shown[row.role, row.wave, row.cohort]
