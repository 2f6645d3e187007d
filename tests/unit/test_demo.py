"""The demo study: the same bytes from the same truth, every raw column described, every data file registered."""

import csv
import hashlib
import runpy
from pathlib import Path

import numpy as np
import pytest
from alliance.robustness import demo_mess
from alliance.robustness.demo_study import (
    OCCASIONS,
    dimension_correlations,
    link_truth,
    load_truth,
    simulate_study,
    wide_sample,
)

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "demo"
RAW = {
    "mentee_w1": "mentee_wave1_qualtrics.csv",
    "mentee_w2": "mentee_wave2.csv",
    "mentor_w1": "mentor_wave1.sav",
    "mentor_w2": "mentor_wave2.sav",
    "roster": "roster.xlsx",
    "terms": "registrar_terms.csv",
    "degrees": "registrar_degrees.csv",
}


@pytest.fixture(scope="module")
def truth():
    return load_truth(DEMO / "truth.yaml")


@pytest.fixture(scope="module")
def study(truth):
    return simulate_study(truth, truth["seed"])


@pytest.fixture(scope="module")
def generate():
    return runpy.run_path(str(DEMO / "generate.py"))


def read_rows(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def test_regenerated_files_are_the_same_bytes(generate, tmp_path):
    written = generate["main"](tmp_path)
    assert sorted(path.name for path in written) == sorted(RAW.values())
    different = [path.name for path in written if path.read_bytes() != (DEMO / path.name).read_bytes()]
    assert different == [], "run python data/demo/generate.py"


def test_raw_files_are_small():
    assert sum((DEMO / name).stat().st_size for name in RAW.values()) < 3_000_000


def test_register_lists_every_data_file_with_its_hash(generate):
    register = {row["file"]: row for row in read_rows(ROOT / "data" / "register.csv")}
    assert sorted(register) == [path.relative_to(ROOT).as_posix() for path in generate["data_files"]()]
    for name, row in register.items():
        assert row["sha256"] == hashlib.sha256((ROOT / name).read_bytes()).hexdigest(), name
        assert row["licence"]
        assert row["source"]


def raw_columns(name: str) -> list[str]:
    import openpyxl
    import pyreadstat

    path = DEMO / RAW[name]
    if path.suffix == ".sav":
        return pyreadstat.read_sav(str(path), metadataonly=True)[1].column_names
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path, read_only=True)["Students"]
        return [cell.value for cell in next(sheet.iter_rows(max_row=1))]
    delimiter = ";" if name == "mentee_w2" else ","
    with path.open(encoding="utf-8-sig", newline="") as source:
        return next(csv.reader(source, delimiter=delimiter))


@pytest.mark.parametrize("name", RAW)
def test_codebook_describes_every_column_of(name):
    described = [row["column"] for row in read_rows(ROOT / "config" / "codebook.csv") if row["input"] == name]
    assert described == raw_columns(name)


def test_codebook_key_is_that_of_the_truth(truth):
    items = [row for row in read_rows(ROOT / "config" / "codebook.csv") if row["type"] == "item"]
    assert len(items) == 4 * 12
    for row in items:
        assert row["dimension"] == row["variable"].rsplit("_", 1)[0]
        assert (row["reverse"] == "yes") == (row["variable"] in truth["items"]["reversed"])


def normalise(written: str) -> str:
    """config ids.normalise: strip, uppercase, drop_email_domain, drop_punctuation, drop_leading_zeros."""
    name = written.strip().upper().split("@")[0]
    return "".join(sign for sign in name if sign.isalnum()).lstrip("0")


def test_every_spelling_leads_back_to_the_same_id():
    assert {normalise(demo_mess.spell_student("41873K", style)) for style in range(8)} == {"41873K"}
    assert {normalise(demo_mess.spell_mentor("M0123", style)) for style in range(5)} == {"M0123"}


def test_spss_header_has_no_time_of_writing():
    header = (DEMO / "mentor_wave1.sav").read_bytes()[92:109]
    assert header == b"01 Apr 1600:00:00"


def test_mess_adds_what_the_truth_says_and_loses_no_report(truth, study):
    clean = study["reports"].query("role == 'mentee' and wave == 1")
    known = set(study["persons"]["student_id"])
    raw = demo_mess.messy_reports(truth, clean, "mentee_w1", np.random.default_rng(3), known)
    rates = truth["mess"]["mentee_w1"]
    assert (raw["status"] > 0).sum() == rates["test"]
    strangers = ~raw["student_id"].isin(known) & (raw["student_id"] != "TEST")
    assert strangers.sum() == rates["strangers"]
    expected = round(rates["same_twice"] * len(clean)) + round(rates["differs_twice"] * len(clean))
    assert len(raw) == len(clean) + rates["test"] + rates["strangers"] + expected
    assert set(clean["student_id"]) <= set(raw["student_id"])
    order = truth["items"]["order"]
    assert raw.loc[raw["consent"] == 2, order].isna().all(axis=None)
    impossible = raw.loc[(raw["status"] == 0), order].isin(demo_mess.IMPOSSIBLE).sum().sum()
    assert impossible >= rates["out_of_range"]


def test_reversed_items_are_turned_back_in_the_raw_file(truth, study):
    clean = study["reports"].query("role == 'mentee' and wave == 1")
    rates = dict.fromkeys(truth["mess"]["mentee_w1"], 0)
    tidy = {**truth, "mess": {"mentee_w1": rates}}
    raw = demo_mess.messy_reports(tidy, clean, "mentee_w1", np.random.default_rng(3), [])
    both = raw.merge(clean, on=["student_id", "mentor_id"], suffixes=("_raw", ""))
    answered = both["bond_4"].notna() & both["task_1"].notna()
    assert (both["bond_4_raw"] + both["bond_4"] == 6)[answered].all()
    assert (both["task_1_raw"] == both["task_1"])[answered].all()


def test_study_has_the_size_and_shape_of_a_cohort_study(truth, study):
    persons, reports, outcomes = study["persons"], study["reports"], study["outcomes"]
    assert persons["student_id"].is_unique
    assert sorted(persons["cohort"].unique()) == ["2015", "2016", "2017"]
    assert persons["program"].nunique() == 60
    first_wave = reports.query("role == 'mentee' and wave == 1 and first")
    assert 1180 < len(first_wave) < 1300
    assert first_wave.groupby("mentor_id").size().max() > 2
    assert (persons["mentor_2_id"] != "").sum() > 60
    assert (persons["mentor_2_id"] != persons["mentor_id"]).all()
    assert 0.80 < outcomes["retained_2"].mean() < 0.90
    assert 0.50 < outcomes["graduated_6"].mean() < 0.65
    assert outcomes.loc[persons["cohort"] == "2017", "graduated_6"].isna().all()
    assert reports[truth["items"]["order"]].stack().between(1, 5).all()


def test_wide_sample_has_one_row_per_mentee_with_the_items_of_all_reports(truth, study):
    wide = wide_sample(study)
    assert wide["student_id"].is_unique
    assert wide["answered_mentee_w1"].all()
    items = [f"{item}_{role}_w{wave}" for role, wave in OCCASIONS for item in truth["items"]["order"]]
    assert set(items) <= set(wide.columns)
    assert wide.loc[~wide["answered_mentor_w2"], "bond_1_mentor_w2"].isna().all()
    one = study["reports"].query("role == 'mentor' and wave == 2 and first").iloc[[0]]
    row = wide.merge(one, on="student_id")
    assert row["task_2_mentor_w2"].tolist() == row["task_2"].tolist()


def test_records_end_where_observation_ends_and_degrees_end_enrolment(truth, study):
    terms, degrees = study["terms"], study["degrees"]
    assert terms["term"].max() == truth["observed_until"]
    assert degrees["student_id"].is_unique
    assert not terms.duplicated(["student_id", "term"]).any()
    season = {"S": 0, "U": 1, "F": 2}
    ordered = terms.assign(at=terms["term"].map(lambda term: 3 * int(term[:4]) + season[term[4]]))
    finished = degrees.set_index("student_id")["term"].map(lambda term: 3 * int(term[:4]) + season[term[4]])
    last = ordered[ordered["term"].str[4] != "U"].groupby("student_id")["at"].max()
    gap = finished - last.reindex(finished.index)
    assert gap.isin([0, 1]).all()


def test_retained_students_have_a_row_in_the_second_fall(study):
    persons, outcomes = study["persons"], study["outcomes"]
    known = persons["on_registrar"].to_numpy()
    second_fall = (persons["cohort"].astype(int) + 1).astype(str) + "F"
    rows = set(zip(study["terms"]["student_id"], study["terms"]["term"], strict=True))
    enrolled = [pair in rows for pair in zip(persons["student_id"], second_fall, strict=True)]
    assert (np.array(enrolled)[known] == outcomes["retained_2"].to_numpy()[known]).all()


def test_who_answers_the_second_wave_depends_on_the_alliance(study):
    answered = study["reports"].query("role == 'mentee' and wave == 2")["student_id"]
    bond = study["persons"].set_index("student_id")["bond_mentee_w1"]
    assert bond[bond.index.isin(answered)].mean() > bond[~bond.index.isin(answered)].mean() + 0.2


def test_the_same_seed_gives_the_same_study_and_another_seed_another(truth):
    one, again, other = (simulate_study(truth, seed, 80) for seed in (1, 1, 2))
    assert one["reports"].equals(again["reports"])
    assert one["terms"].equals(again["terms"])
    assert not one["persons"].equals(other["persons"])


def test_truth_that_cannot_be_is_refused(truth, tmp_path):
    text = (DEMO / "truth.yaml").read_text(encoding="utf-8")
    bad = tmp_path / "truth.yaml"
    bad.write_text(text.replace("goal-task: 0.87", "goal-task: -0.87"), encoding="utf-8")
    with pytest.raises(ValueError, match="not positive definite"):
        load_truth(bad)
    bad.write_text(text.replace("stem_2: 1.35", "stem_2: 3.35"), encoding="utf-8")
    with pytest.raises(ValueError, match="stem_2"):
        load_truth(bad)


@pytest.mark.slow
def test_large_study_has_the_moments_and_slopes_of_the_truth(truth):
    """Many small programs, so that ordinary standard errors hold. The slopes of departure are known to about .01."""
    import statsmodels.api as sm
    from alliance.robustness.demo_study import design

    large = simulate_study({**truth, "programs": 2000, "stem_programs": 1400}, 7, 40_000)
    persons, outcomes = large["persons"], large["outcomes"]
    names = [f"{name}_mentee_w1" for name in truth["alliance"]["dimensions"]]
    assert np.abs(persons[names].corr().to_numpy() - dimension_correlations(truth)).max() < 0.02
    x = np.column_stack([persons[names], design(persons)])
    terms = [*truth["alliance"]["dimensions"], "first_generation", "underrepresented", "woman", "another", "prior_gpa"]
    for outcome in ("retained_2", "stem_2"):
        known = outcomes[outcome].notna().to_numpy()
        y = outcomes.loc[known, outcome].astype(float).to_numpy()
        fit = sm.Logit(y, sm.add_constant(x[known])).fit(disp=0)
        expected = np.array([link_truth(truth)[outcome][term] for term in terms])
        assert (np.abs(fit.params[1:] - expected) < 4 * fit.bse[1:]).all(), outcome
    who = np.repeat(np.arange(len(outcomes)), outcomes["last_term"])
    period = np.concatenate([np.arange(1, last + 1) for last in outcomes["last_term"]])
    event = (period == outcomes["last_term"].to_numpy()[who]) & outcomes["departed"].to_numpy()[who]
    seen = period <= 12
    levels = (period[seen, None] == np.arange(1, 13)).astype(float)
    fit = sm.Logit(event[seen].astype(float), np.column_stack([levels, x[who[seen]]])).fit(disp=0)
    expected = np.array([link_truth(truth)["departure"][term] for term in terms])
    assert (np.abs(fit.params[12:] - expected) < 0.02 + 3 * fit.bse[12:]).all()
