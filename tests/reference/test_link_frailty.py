"""Cox models with a gamma frailty against survival, at its defaults and run to the end.

At its defaults coxph stops early: the variance that it prints is 0.2% short of the maximum (0.46648 for 0.46752), so
coefficients are up to 5e-5 apart. At its variance we have its coefficients; with smaller tolerances it has ours. The
errors that it prints leave out how the multipliers depend on each other (sparse=TRUE); ours do not, as sparse=FALSE.
"""

import numpy as np
import pytest
from alliance.persistence import fit_outcome
from alliance.persistence.frailty import fit_frailty
from link_cases import close, data, expected


@pytest.fixture(scope="module")
def rats():
    return data("cox_cluster", "rats.csv")


def at(rats, variance, ties="efron"):
    """Our fit at a variance."""
    litter = np.unique(rats["litter"], return_inverse=True)[1]
    time, event = (rats[c].to_numpy(float) for c in ("time", "status"))
    return fit_frailty(time, event, rats[["rx", "female"]].to_numpy(float), litter, ties=ties, variance=variance)


def test_survivals_defaults(rats):
    theirs = expected("cox_cluster")["rats_gamma_frailty"]
    coefficients = [theirs["coef"]["rx"], theirs["coef"]["female"]]
    there = at(rats, expected("cox_frailty_converged")["rats_default_variance"])
    close(there.coef, coefficients, rel=3e-6)  # its Newton steps stopped at 1e-9 of the likelihood
    close(there.log_likelihood, theirs["loglik_I"])
    sparse = there.information.copy()
    sparse[2:, 2:] = np.diag(sparse.diagonal()[2:])
    printed = expected("cox_frailty_converged")["rats_default_se"]
    close(np.sqrt(np.linalg.inv(sparse).diagonal()[:2]), printed, rel=3e-6)
    close(np.sqrt(there.inverse.diagonal()), printed, rel=3e-3)
    fit = fit_outcome("time ~ rx + female", rats, family="cox", event="status", random="(1 | litter)")
    close(fit.coef, coefficients, rel=1e-4)
    close(fit.variance_components["variance"], [theirs["theta"]], rel=2e-4)
    assert theirs["loglik_I"] < fit.log_likelihood < theirs["loglik_I"] + 1e-5


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize(
    ("formula", "strata", "name"),
    [("time ~ rx + female", None, "rats"), ("time ~ rx", "female", "rats_strata_female")],
)
def test_survival_run_to_the_end(rats, formula, strata, name, ties):
    theirs = expected("cox_frailty_converged")[f"{name}_{ties}"]
    fit = fit_outcome(
        formula, rats, family="cox", event="status", random="(1 | litter)", ties=ties,
        **({"strata": strata} if strata else {}),
    )  # fmt: skip
    assert (fit.status, fit.se_type) == ("ok", "classic")
    close(fit.coef, theirs["coef"])
    close(fit.std_error, theirs["se"])
    close(fit.variance_components["variance"], [theirs["theta"]])
    close(fit.log_likelihood, theirs["loglik_I"])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_a_variance_that_is_given(rats, ties):
    theirs, ours = expected("cox_frailty_converged")[f"rats_theta1_{ties}"], at(rats, 1.0, ties)
    close(ours.coef, theirs["coef"])
    close(np.sqrt(np.diag(ours.inverse)), theirs["se"])
    close(ours.log_likelihood, theirs["loglik_I"])
