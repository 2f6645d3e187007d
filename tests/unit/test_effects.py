"""Effects in percentage points: against differences of predictions and numeric derivatives of the same model."""

import numpy as np
import pandas as pd
import pytest
from alliance.persistence import fit_outcome


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(8)
    n = 300
    data = pd.DataFrame({"bond": rng.normal(size=n), "first": rng.integers(0, 2, n), "year": rng.integers(1, 4, n)})
    eta = 0.2 + 0.5 * data["bond"] - 0.4 * data["first"] + 0.3 * data["bond"] * data["first"]
    data["stays"] = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    return fit_outcome("stays ~ bond*first + I(bond**2) + C(year)", data)


def test_an_effect_moves_the_variable_wherever_it_stands(fit):
    step = 1e-5
    slope = (fit.predict(bond=fit.data["bond"] + step) - fit.predict(bond=fit.data["bond"] - step)).mean() / (2 * step)
    assert fit.effects("bond")["estimate"].iloc[0] == pytest.approx(slope, rel=1e-6)
    gap = (fit.predict(first=1) - fit.predict(first=0)).mean()
    assert fit.effects("first")["estimate"].iloc[0] == pytest.approx(gap)


def test_standard_errors_are_the_delta_method_of_the_numeric_gradient(fit):
    def quantity(b):
        X1 = fit.design.matrix(fit.data.assign(first=1))
        X0 = fit.design.matrix(fit.data.assign(first=0))
        return (1 / (1 + np.exp(-X1 @ b)) - 1 / (1 + np.exp(-X0 @ b))).mean()

    steps = np.eye(len(fit.coef)) * 1e-6
    gradient = np.array([(quantity(fit.coef + s) - quantity(fit.coef - s)) / 2e-6 for s in steps])
    assert fit.effects("first")["std_error"].iloc[0] == pytest.approx(np.sqrt(gradient @ fit.vcov @ gradient), rel=1e-6)


def test_categories_contrasts_and_fixed_columns(fit):
    assert fit.effects("year")["contrast"].tolist() == ["2 - 1", "3 - 1"]
    low, high = np.percentile(fit.data["bond"], [10, 90])
    spread = fit.effects((), contrasts={"bond": "p10-p90"}).iloc[0]
    assert spread["estimate"] == pytest.approx((fit.predict(bond=high) - fit.predict(bond=low)).mean())
    among_first = fit.effects("bond", at={"first": 1}).iloc[0]
    assert among_first["estimate"] != pytest.approx(fit.effects("bond").iloc[0]["estimate"])
    two = fit.predictions({"first": [0, 1]})["estimate"]
    assert two[1] - two[0] == pytest.approx(fit.effects("first")["estimate"].iloc[0])
