"""Pairs of reports: shared mentors are allowed for, and agreement is what the formulas say."""

import numpy as np
import pandas as pd
import pytest
from alliance.measurement.dyads import pair_notes
from alliance.measurement.occasions import latent_agreement, observed_agreement
from small_survey import survey

ROLES = (("mentee", 1), ("mentor", 1))


def pairs(n=600, per_mentor=3):
    study = survey({"bond": 3, "goal": 3}, n=n, points=4, reports=ROLES)
    study.sample["mentor_id"] = [f"M{k // per_mentor}" for k in range(n)]
    study.sample["program"] = [f"P{k // (per_mentor * 10)}" for k in range(n)]
    study.config["invariance"] = {"roles": True}
    return study


def notes(study):
    table = study.compare()["status"]
    return " | ".join(table.loc[table["status"] == "note", "reason"])


def test_roles_are_compared_with_errors_clustered_by_mentor():
    study = pairs()
    plain = study.compare()["agreement"].set_index(["dimension", "measure"])
    study.config["invariance"]["role_cluster"] = "mentor_id"
    clustered = study.compare()["agreement"].set_index(["dimension", "measure"])
    # the weights of WLSMV follow the clustered covariance of the thresholds and correlations
    assert clustered["value"].to_numpy() == pytest.approx(plain["value"].to_numpy(), abs=5e-3)
    latent = ("bond", "latent_correlation")
    assert clustered.loc[latent, "se"] != pytest.approx(plain.loc[latent, "se"], rel=1e-6)
    study.sample["mentor_id"] = [f"M{k}" for k in range(600)]  # clusters of one: no clusters but for N / (N - 1)
    alone = study.compare()["agreement"].set_index(["dimension", "measure"])
    assert alone.loc[latent, "se"] == pytest.approx(plain.loc[latent, "se"], rel=2e-3)


def test_status_says_how_mentors_share_students_and_which_report_counts():
    study = pairs()
    assert "600 pairs with both reports, 200 mentors, some with several students: errors do not allow for it" in (
        said := notes(study)
    )
    assert "counts with the one with most answers" in said
    study.config["measurement"]["cluster"] = "program"
    assert "allow for it: all students of a mentor are in one program" in notes(study)
    study.config["invariance"]["role_cluster"] = "mentor_id"
    study.config["sample"]["several_reports"] = "last"
    said = notes(study)
    assert "allow for it (clusters: mentor_id)" in said
    assert "counts with the last one" in said


def test_programs_that_part_the_students_of_a_mentor_are_named():
    study = pairs(60)
    study.sample["program"] = [f"P{k % 2}" for k in range(60)]
    frames = [study.sample[[study.column(f"bond_{k}", role) for k in (1, 2, 3)]] for role in ("mentee", "mentor")]
    said = pair_notes(study.sample, frames, study.sample["program"], {}, 10)
    assert "allow for program, which parts the students of 100% of the mentors" in said[0]


def test_mean_discrepancy_is_that_of_sum_scores_with_errors_by_cluster():
    rng = np.random.default_rng(3)
    first = pd.DataFrame(rng.integers(1, 6, (120, 2)).astype(float), columns=["b1", "b2"])
    effect = np.repeat(rng.standard_normal(30), 4)
    second = first.add(0.3 + effect + 0.2 * rng.standard_normal(120), axis=0)
    mentor = pd.Series(np.repeat([f"M{k}" for k in range(30)], 4), name="mentor_id")
    rows = observed_agreement("roles", [first, second], {"bond": ["b1", "b2"]}, mentor, 10)
    found = {row["measure"]: row for row in rows}["mean_discrepancy"]
    difference = (second - first).mean(axis=1)
    sums = (difference - difference.mean()).groupby(mentor).sum()
    assert found["value"] == pytest.approx(difference.mean())
    assert found["se"] == pytest.approx(np.sqrt((sums**2).sum() * 30 / 29) / 120)
    assert found["ci_upper"] - found["value"] == pytest.approx(2.04523 * found["se"], rel=1e-5)  # t with 29 df


def test_latent_agreement_is_the_factor_correlation_of_the_two_reports():
    from alliance.measurement.comparisons import by_occasion
    from alliance.measurement.invariance_stage import comparable_fit, run
    from alliance.measurement.samples import report_items

    study = pairs()
    frames = [report_items(study.sample, study.codebook, role, 1, ["bond", "goal"])[0] for role in ("mentee", "mentor")]
    key = {d: [f"{d}_{k}" for k in (1, 2, 3)] for d in ("bond", "goal")}
    found = run(by_occasion("roles", "role", frames, key), {}, seed=1)
    fit = comparable_fit(found)
    rows = latent_agreement("roles", fit, {d: [f"{d}_1", f"{d}_2"] for d in key}, means=True)
    table = fit.standardized()
    for row in (r for r in rows if r["measure"] == "latent_correlation"):
        d = row["dimension"]
        own = table[(table["op"] == "~~") & (table["lhs"] == f"{d}_1") & (table["rhs"] == f"{d}_2")].iloc[0]
        assert row["value"] == pytest.approx(own["est_std"], abs=1e-9)
        assert row["se"] == pytest.approx(own["se"], abs=1e-6)
        assert abs(row["value"] - 0.6) < 3.5 * row["se"]
