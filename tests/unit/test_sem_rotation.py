"""Target rotation: lavaan's numbers, the least value of the criterion, a known structure, and errors that are right."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from alliance.measurement.estimate import fit_measurement
from alliance.measurement.models import build_model
from alliance.sem import fit_sem
from alliance.sem.rotation import rotate_to_target, rotated

REFERENCE = Path(__file__).parents[1] / "reference"
KEY = {d: [f"{d[0]}{k}_w1" for k in range(1, 5)] for d in ("bond", "goal", "task")}
ITEMS = [item for items in KEY.values() for item in items]
SMALL = np.array([[item not in KEY[d] for d in KEY] for item in ITEMS])


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(REFERENCE / "sem" / "data" / "alliance.csv", usecols=ITEMS)[ITEMS]


@pytest.fixture(scope="module")
def fits(data):
    text = build_model("exploratory", KEY).syntax
    how = {"ML": {}, "WLSMV": {"ordered": ITEMS}}
    return {name: fit_sem(text, data, estimator=name, std_lv=True, **more) for name, more in how.items()}


@pytest.mark.parametrize("estimator", ["ML", "WLSMV"])
def test_lavaan_turns_to_the_same_place(fits, estimator):
    """Estimates to lavaan's own tolerance; its errors of standardised values differ from ours by up to 3%.

    Ours are the derivative of the whole rotation (next test).
    """
    expected = json.loads((REFERENCE / "measurement" / "rotation.json").read_text())[estimator]
    found = rotated(fits[estimator], KEY).set_index(["lhs", "op", "rhs"])
    solution = pd.DataFrame(expected["solution"]).set_index(["lhs", "op", "rhs"]).loc[found.index]
    assert found["std_all"].to_numpy() == pytest.approx(solution["est.std"].to_numpy(), abs=2e-6)
    assert found["std_se"].to_numpy() == pytest.approx(solution["se"].to_numpy(), rel=0.035)
    assert fits[estimator].fit_measures["chisq"] == pytest.approx(expected["chisq"], abs=1e-5)


def test_errors_are_the_derivative_of_the_whole_rotation(fits):
    fit = fits["ML"]
    names = zip(fit.table.lhs, fit.table.op, fit.table.rhs, strict=True)
    rows = {name: k for k, name in enumerate(names)}

    def turned(theta):
        values = fit.row_values(theta)
        loadings = np.array([[values[rows[d, "=~", i]] for d in KEY] for i in ITEMS])
        loadings /= np.sqrt(np.diag(fit.implied_matrices(theta)[0][1]))[:, None]
        phi = np.array([[values[rows.get((a, "~~", b), rows.get((b, "~~", a)))] for a in KEY] for b in KEY])
        return rotate_to_target(loadings, phi, SMALL).loadings.T.ravel()

    steps = 1e-5 * np.eye(len(fit.theta))
    slope = np.array([(turned(fit.theta + h) - turned(fit.theta - h)) / 2e-5 for h in steps]).T
    errors = np.sqrt(np.einsum("ij,jk,ik->i", slope, fit.vcov, slope))
    assert rotated(fit, KEY)["std_se"].to_numpy()[:36] == pytest.approx(errors, abs=1e-9)


def test_the_implied_correlations_stay_and_no_other_turn_is_better(fits):
    found = rotated(fits["ML"], KEY)
    loadings = found["std_all"].to_numpy()[:36].reshape(3, 12).T
    phi = np.eye(3)
    phi[np.triu_indices(3, 1)] = phi.T[np.triu_indices(3, 1)] = found["std_all"].to_numpy()[36:]
    sigma = fits["ML"].implied_matrices()[0][1]
    common = sigma / np.sqrt(np.outer(np.diag(sigma), np.diag(sigma)))
    off = ~np.eye(12, dtype=bool)
    assert (loadings @ phi @ loadings.T)[off] == pytest.approx(common[off], abs=1e-10)
    least = (loadings[SMALL] ** 2).sum()
    rng = np.random.default_rng(1)
    for _ in range(200):
        turn = np.eye(3) + 0.1 * rng.standard_normal((3, 3))
        turn /= np.sqrt(np.diag(turn.T @ phi @ turn))
        assert ((loadings @ np.linalg.inv(turn).T)[SMALL] ** 2).sum() > least


def test_a_known_structure_is_found_from_any_start():
    rng = np.random.default_rng(4)
    truth = np.where(SMALL, 0.0, rng.uniform(0.5, 0.9, SMALL.shape))
    phi = np.array([[1, 0.6, 0.5], [0.6, 1, 0.7], [0.5, 0.7, 1]])
    turn = rng.standard_normal((3, 3))
    turn /= np.sqrt(np.diag(turn.T @ phi @ turn))
    found = rotate_to_target(truth @ np.linalg.inv(turn).T, turn.T @ phi @ turn, SMALL)
    assert found.converged
    assert found.loadings == pytest.approx(truth, abs=1e-9)
    assert found.phi == pytest.approx(phi, abs=1e-9)


def test_the_stage_reports_the_rotated_solution(data):
    fit = fit_measurement(build_model("exploratory", KEY), data.astype(float), estimator="WLSMV")
    assert "oblique target rotation" in fit.reason
    table = fit.parameters.set_index(["lhs", "op", "rhs"])
    expected = rotated(fit.fit, KEY).set_index(["lhs", "op", "rhs"])
    assert table.loc[expected.index, "est"].to_numpy() == pytest.approx(expected["est"].to_numpy())
    own = table.loc[("bond", "=~", "b1_w1")]
    assert own["ci_lower"] == pytest.approx(own["est"] - 1.959964 * own["se"], abs=1e-6)
    assert (table.query("op == '=~'")["se"] > 0).all(), "anchors have loadings again"


def test_only_models_of_one_group_with_all_loadings_are_turned(data):
    with pytest.raises(ValueError, match="every item on every factor"):
        rotated(fit_sem(build_model("correlated", KEY).syntax, data, std_lv=True), KEY)
