"""The relationship from both sides: surfaces with known features, two reports kept apart, flows that add up."""

import numpy as np
import pandas as pd
import pytest
import relation_study
from alliance.persistence import fit_outcome
from alliance.persistence.flow_shared import shareable_flow
from alliance.persistence.relationship_stage import relationship_tables
from alliance.persistence.response_surface import quadratic_columns, surface_grid, surface_rows
from alliance.persistence.two_way import compared, report_scores, two_reports, two_waves
from alliance.study import validate_config
from test_config import said
from tiny_study import tiny_study


def asked(**changes):
    block = {"partner": "mentor", "models": ["retained", "left"], "change": {"wave": 2, "models": ["retained"]}}
    return relation_study.config(relationship={**block, **changes})


@pytest.fixture(scope="module")
def tables():
    return relationship_tables(*relation_study.study(), asked())


def surface(effect, n=1500, seed=3):
    """A linear fit of the five terms to y = effect(x, z) + noise."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, n))
    rows = pd.DataFrame({**quadratic_columns(x, z), "g": np.arange(n) % 40})
    rows["y"] = effect(x, z) + rng.normal(scale=0.5, size=n)
    formula = "y ~ own + partner + own2 + own_partner + partner2"
    return fit_outcome(formula, rows, family="linear", cluster="g", vcov="CR1"), rows


def test_agreement_shows_as_a_ridge_along_the_line_of_agreement():
    fit, _ = surface(lambda x, z: 1 + 0.5 * (x + z) - 0.3 * (x - z) ** 2)
    rows = pd.DataFrame(surface_rows(fit)).set_index("term")
    assert rows.loc["a1", "estimate"] == pytest.approx(1.0, abs=0.1)
    assert rows.loc["a4", "estimate"] == pytest.approx(-1.2, abs=0.1)
    assert rows.loc["a4", "conf_high"] < 0
    for flat in ("a2", "a3", "a5"):
        assert rows.loc[flat, "conf_low"] < 0 < rows.loc[flat, "conf_high"]
    assert rows.loc["quadratic", "p_value"] < 0.001


def test_features_are_the_contrasts_of_the_coefficients_with_their_own_errors():
    fit, _ = surface(lambda x, z: x - 0.2 * z + 0.1 * x * z)
    rows = pd.DataFrame(surface_rows(fit)).set_index("term")
    b = rows.loc[["b1", "b2", "b3", "b4", "b5"], "estimate"].to_numpy()
    assert rows.loc["a3", "estimate"] == pytest.approx(b[0] - b[1])
    assert rows.loc["a4", "estimate"] == pytest.approx(b[2] - b[3] + b[4])
    V = fit.vcov
    assert rows.loc["a1", "std_error"] == pytest.approx(np.sqrt(V[1, 1] + V[2, 2] + 2 * V[1, 2]))
    c = np.array([1.0, -1.0, 1.0])
    assert rows.loc["a4", "std_error"] == pytest.approx(np.sqrt(c @ V[3:, 3:] @ c))


def test_the_picture_of_a_surface_covers_only_where_pairs_are():
    sample, scores, outcomes, _ = relation_study.study(n=800)
    own, partner = (report_scores(scores, "sum", role, 1) for role in ("mentee", "mentor"))
    rows = two_reports(sample, own, partner, ["bond"]).dropna(subset=["partner_bond"])
    rows = rows.assign(**quadratic_columns(rows["own_bond"], rows["partner_bond"]))
    rows["y"] = rows["student_id"].map(outcomes.query("outcome == 'retained_2'").set_index("student_id")["value"])
    fit = fit_outcome("y ~ own + partner + own2 + own_partner + partner2", rows)
    grid = pd.DataFrame(surface_grid(fit, rows["own"].to_numpy(), rows["partner"].to_numpy(), 10))
    assert grid["predicted"].between(0, 1).all()
    assert grid["supported"].any()
    assert not grid["supported"].all(), "high with low does not occur at r = .6"
    point = grid.iloc[40]
    fixed = {"own": point["own"], "partner": point["partner"]}
    fixed |= quadratic_columns(*fixed.values())
    assert point["predicted"] == pytest.approx(fit.predict(**fixed).mean())
    assert surface_grid(fit, rows["own"].to_numpy()[:15], rows["partner"].to_numpy()[:15], 10) == []


def test_both_reports_share_one_origin_and_keep_their_difference():
    sample, scores, _, _ = relation_study.study()
    own, partner = (report_scores(scores, "sum", role, 1) for role in ("mentee", "mentor"))
    rows = two_reports(sample, own, partner, ["bond"])
    raw = sample["student_id"].map(own["score", "bond"]) - sample["student_id"].map(partner["score", "bond"])
    kept = (rows["own_bond"] - rows["partner_bond"]).dropna()
    assert kept.to_numpy() == pytest.approx(raw.dropna().to_numpy())
    both = rows[["own_bond", "partner_bond"]].dropna()
    assert both.to_numpy().mean() == pytest.approx(0, abs=1e-12)


def test_how_reliable_a_change_is_stands_beside_it():
    sample, scores, _, _ = relation_study.study(n=2000)
    first, second = (report_scores(scores, "sum", "mentee", wave) for wave in (1, 2))
    row = compared(sample, first, second, ["bond"], {}, 10)[0]
    changed = two_waves(sample, first, second, ["bond"])["change_bond"].dropna()
    assert (row["n"], row["sd_difference"]) == (len(changed), pytest.approx(changed.std(ddof=1)))
    assert row["reliability_difference"] == pytest.approx(1 - 2 * 0.3**2 / changed.var(ddof=1))
    assert row["share_1_higher"] + row["share_agree"] + row["share_2_higher"] == pytest.approx(1)
    few = compared(sample, first, second, ["bond"], {}, len(changed) + 1)
    assert few == []


def test_the_mentee_s_report_goes_with_the_outcome_and_the_mentor_s_adds_nothing(tables):
    rows = tables.relationship.query("model == 'retained' and design == 'both_reports' and dimension == 'bond'")
    rows = rows.set_index("term")
    assert rows.loc["own", "conf_low"] > 0
    assert rows.loc["partner", "conf_low"] < 0 < rows.loc["partner", "conf_high"]
    assert rows.loc["own", "odds_ratio"] == pytest.approx(np.exp(rows.loc["own", "estimate"]))
    joint = tables.relationship.query("model == 'retained' and design == 'all_dimensions'").set_index("term")
    assert joint.loc["own", "p_value"] < 0.001 < 0.05 < joint.loc["partner", "p_value"]


def test_simple_slopes_straddle_the_slope_in_the_middle(tables):
    rows = tables.relationship.query("model == 'retained' and design == 'moderation' and dimension == 'task'")
    slopes = rows.set_index("term")["estimate"]
    low, high = slopes["own_at_partner_low"], slopes["own_at_partner_high"]
    assert np.sign(high - low) == np.sign(slopes["own:partner"])
    assert rows.set_index("term")["p_adjusted"].isna().sum() == 2, "the slopes follow their interaction"


def test_every_n_is_the_end_of_a_flow(tables):
    flow = tables.flow.astype({"n_in": int, "excluded": int, "n_out": int})
    assert not flow["suppressed"].any()
    assert (flow["n_in"] - flow["excluded"] == flow["n_out"]).all()
    ends = flow.groupby(["model", "comparison", "dimension"], sort=False)["n_out"].last()
    for row in tables.relationship.to_dict("records"):
        comparison = "change" if row["design"] == "change" else "partner"
        assert row["n"] == ends[row["model"], comparison, row["dimension"]]
    assert ends["retained", "partner", "bond"] == 480
    assert ends["retained", "change", "bond"] == 420


def test_a_small_number_of_lost_students_cannot_be_worked_out_from_the_flow():
    steps = [(600, 100, 500), (500, 4, 496), (496, 0, 496), (496, 30, 466), (466, 16, 450)]
    rows = pd.DataFrame(steps, columns=["n_in", "excluded", "n_out"])
    rows = rows.assign(model="m", cohort="pooled", step=list("abcde"))
    shown = shareable_flow(rows, ["model"], 10)
    assert shown["n_in"].iloc[0] == 600
    assert shown["n_out"].iloc[-1] == 450
    assert pd.isna(shown["excluded"].iloc[1])
    assert shown["excluded"].isna().sum() >= 2, "else the difference of the ends would tell"
    assert shown["suppressed"].sum() >= 2
    untouched = shareable_flow(rows.assign(excluded=0, n_in=600, n_out=600), ["model"], 10)
    assert not untouched["suppressed"].any()


def test_single_cohorts_with_a_small_count_keep_the_ends_of_their_flows_only():
    def flow(cohort, *lost):
        n, rows = 200, []
        for step, gone in enumerate(lost):
            rows.append({"cohort": cohort, "step": f"s{step}", "n_in": n, "excluded": gone, "n_out": n - gone})
            n -= gone
        return pd.DataFrame(rows).assign(model="m")

    rows = pd.concat([flow("pooled", 14, 0, 40), flow("2015", 6, 0, 20), flow("2016", 8, 0, 20)])
    shown = shareable_flow(rows, ["model", "cohort"], 10).set_index(["cohort", "step"])
    assert shown.loc["pooled", "excluded"].tolist() == [14, 0, 40]
    for cohort, last in (("2015", 174), ("2016", 172)):
        assert shown.loc[cohort, "excluded"].isna().all()
        assert shown.loc[cohort, "n_in"].dropna().tolist() == [200]
        assert shown.loc[cohort, "n_out"].dropna().tolist() == [last]
    open_ = pd.concat([flow("pooled", 40), flow("2015", 20), flow("2016", 20)])
    assert not shareable_flow(open_, ["model", "cohort"], 10)["suppressed"].any()


def test_too_few_pairs_are_a_row_of_the_status_table_and_the_rest_goes_on():
    sample, scores, outcomes, periods = relation_study.study()
    few = scores.query("role != 'mentor' or student_id < 's0006'")
    found = relationship_tables(sample, few, outcomes, periods, asked())
    assert found.response_surface.empty
    assert set(found.relationship["design"]) == {"change"}
    failed = found.status.query("status == 'failed'")
    assert failed["reason"].str.contains("bond: fewer than 10 students with both scores").any()
    none = relationship_tables(sample, scores.query("role == 'mentee'"), outcomes, periods, asked())
    assert set(none.relationship["design"]) == {"change"}


def test_a_block_that_leads_nowhere_is_said(tmp_path):
    config = tiny_study(tmp_path)
    config["link"] = {
        "relationship": {"partner": "advisor", "models": ["none"], "change": {"wave": 9, "models": ["x"]}}
    }
    problems = said(validate_config(config))
    assert any("role advisor is not in roles" in problem for problem in problems)
    assert any("model none is not in link.models" in problem for problem in problems)
    assert any("wave 9 is not in waves" in problem for problem in problems)
    config["link"] = {"relationship": {"scores": "sum"}}
    assert any("asks for nothing" in problem for problem in said(validate_config(config)))
