"""Latent mediation: a known indirect association is found, and what cannot be estimated says why."""

import copy

import numpy as np
import pytest
from alliance.names import NameReport
from alliance.names_latent import mediation_problems
from alliance.persistence.mediation import latent_mediation
from alliance.sem import simulate

ITEMS = {"bond": ["b1", "b2", "b3"], "goal": ["g1", "g2", "g3"]}
POPULATION = """
bond =~ 0.8*b1 + 0.7*b2 + 0.75*b3
goal =~ 0.7*g1 + 0.8*g2 + 0.75*g3
self =~ 0.8*s1 + 0.7*s2 + 0.75*s3
bond ~~ 0.5*goal
self ~ 0.5*bond + 0*goal
y ~ 0.4*self + 0.2*bond + 0*goal
"""
THROUGH = {"label": "Self", "items": ["s1", "s2"], "role": "mentee", "wave": 1}
CUTS = "\n".join(f"{i} | -1*t1 + 0.2*t2 + 1*t3" for i in ("b1", "b2", "b3", "g1", "g2", "g3", "s1", "s2", "s3"))


@pytest.fixture(scope="module")
def study():
    data = simulate(POPULATION + CUTS + "\ny | -0.3*t1", n=4000, seed=4)
    return data, np.random.default_rng(1).standard_normal((4000, 1))


def mediated(study, **options):
    data, covariates = study
    outcome = (data["y"] > data["y"].min()).astype(float)
    return latent_mediation(data, ITEMS, data[["s1", "s2", "s3"]], outcome, covariates, **options)


def test_the_parts_of_a_known_association(study):
    found = {(e.effect, e.term): e for e in mediated(study, draws=4000)}
    # simulate() gives every variable of the population unit variance
    truth = {("to_mediator", "bond"): 0.5, ("to_mediator", "goal"): 0.0, ("direct", "bond"): 0.2,
             ("indirect", "bond"): 0.2, ("indirect", "goal"): 0.0, ("total", "bond"): 0.4}  # fmt: skip
    for key, value in truth.items():
        one = found[key]
        assert abs(one.estimate - value) < 3.5 * one.std_error + 0.02, key
        assert one.conf_low < one.estimate < one.conf_high
    assert found["indirect", "bond"].conf_low > 0
    assert found["indirect", "goal"].conf_low < 0 < found["indirect", "goal"].conf_high
    total = found["direct", "bond"].estimate + found["indirect", "bond"].estimate
    assert found["total", "bond"].estimate == pytest.approx(total)


def test_clusters_and_the_seed(study):
    data, _ = study
    cluster = np.arange(len(data)) // 40
    once, again = (mediated(study, cluster=cluster, draws=500, seed=9) for _ in range(2))
    assert once == again
    assert mediated(study, cluster=cluster, draws=500, seed=8) != once


def test_names_that_lead_nowhere_are_named():
    config = {
        "roles": {"mentee": "Mentee"},
        "waves": {1: "First"},
        "outcomes": {"define": {"stay": {"kind": "retained"}, "time": {"kind": "time_to_departure"}}},
        "link": {
            "models": {"stay": {"outcome": "stay", "family": "logit"}, "left": {"outcome": "time", "family": "hazard"}},
            "mediation": {"self": {"model": "stay", "through": dict(THROUGH)}},
        },
    }  # fmt: skip

    def said(model="stay", **through):
        changed = copy.deepcopy(config)
        changed["link"]["mediation"]["self"]["model"] = model
        changed["link"]["mediation"]["self"]["through"] |= through
        report = NameReport("config")
        mediation_problems(report, changed)
        return " ".join(p.what for p in report.problems)

    assert said() == ""
    assert "neither yes or no nor a number" in said("left")
    assert "model staying is not in" in said("staying")
    assert "role mentor" in said(role="mentor")
    assert "wave 2 is not in waves" in said(wave=2)
