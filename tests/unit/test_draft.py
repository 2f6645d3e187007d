"""A codebook drafted from the raw files alone: what is found, what is asked, and what must never be in it."""

import csv
from pathlib import Path

import numpy as np
import pytest
from alliance.codebook import FIELDS
from alliance.codebook_file import parse_codebook
from alliance.study import load_config
from alliance.survey.draft import draft_at, draft_codebook, report_of, slug, write_codebook
from alliance.survey.draft_batteries import stem
from alliance.survey.draft_scales import in_order, scale_codes
from alliance.survey.intake import run_intake

ROOT = Path(__file__).parents[2]
SCALE = ["Never", "Rarely", "Sometimes", "Often", "Always"]


@pytest.fixture(scope="module")
def demo():
    """The draft of the demo's raw files, by input and column."""
    config = {"inputs": load_config(ROOT / "config" / "config.yaml")["inputs"]}
    for entry in config["inputs"].values():
        entry["path"] = str(ROOT / entry["path"])
    draft = draft_codebook(config)
    return config, draft, {(row["input"], row["column"]): row for row in draft.rows}


def test_the_draft_of_the_demo_reads_all_its_files_without_an_error(demo, tmp_path):
    config, draft, _ = demo
    codebook, problems = parse_codebook(write_codebook(draft.rows, tmp_path / "codebook.csv"))
    assert problems == []
    intake = run_intake(config, codebook)
    assert intake.issues.errors == []
    assert len(intake.responses) == 4284


def test_types_ids_items_and_reverse_keys_of_the_demo_are_found(demo):
    _, draft, rows = demo
    known, _ = parse_codebook(ROOT / "config" / "codebook.csv")
    items = {(c.input, c.column) for c in known if c.type == "item"}
    assert {key for key, row in rows.items() if row["type"] == "item"} == items
    turned = {(c.input, c.column) for c in known if c.reverse}
    assert {key for key, row in rows.items() if row["reverse"] == "yes"} == turned
    ids = {(c.input, c.column): c.variable for c in known if c.type == "id"}
    assert {key: row["variable"] for key, row in rows.items() if row["type"] == "id"} == ids
    assert draft.problems == []


def test_missing_codes_entry_errors_and_labels_of_the_demo_are_found(demo):
    _, _, rows = demo
    assert rows["mentee_w1", "Q3_1"]["missing"] == "-99"
    assert rows["mentee_w1", "Q3_1"]["invalid"] == "6; 55"
    assert rows["mentee_w2", "alliance_03"]["values"].startswith("1=Strongly disagree; 2=Disagree; 3=Neither")
    assert rows["mentor_w1", "A01"]["values"].endswith("4=Agree; 5=Strongly agree")
    assert rows["mentor_w1", "A01"]["label"] == "My mentee and I - Bond item 1"
    assert rows["roster", "HS GPA"]["missing"] == "999"
    assert (rows["mentor_w2", "A01"]["role"], rows["mentor_w2", "A01"]["wave"]) == ("mentor", "2")


def study(folder, columns, name="mentee_w1", **entry):
    """A CSV file of columns and a config that names it and nothing else."""
    with (folder / "x.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return {"inputs": {name: {"path": str(folder / "x.csv"), "kind": "survey", "format": "csv", **entry}}}


def drafted(folder, columns, **entry):
    draft = draft_codebook(study(folder, columns, **entry))
    return {row["column"]: row for row in draft.rows}, draft


N = 200


def test_free_text_names_and_ids_are_never_listed(tmp_path):
    rng = np.random.default_rng(1)
    secret = {
        "comment": ["My mentor Jane helped me"] * 40 + [""] * (N - 40),
        "Student email": [f"jane{i}@uni.edu" for i in range(N)],
        "name": [f"Jane {'ABCDE'[i % 5]}" for i in range(N)],
        "IP Address": [f"10.0.0.{i % 250}" for i in range(N)],
        "phone": rng.choice(["6125551234", "6125554321"], N),
        "answer": rng.choice(["yes", "no"], N),
    }
    rows, draft = drafted(tmp_path, secret)
    text = "\n".join(str(row) for row in draft.rows) + "\n".join(draft.remarks)
    assert [word for word in ("Jane", "jane", "10.0.", "612555") if word in text] == []
    assert rows["answer"]["values"] == "no=no; yes=yes"


def test_answers_of_single_persons_are_not_listed(tmp_path):
    answers = ["none"] * (N - 10) + [f"because {i}" for i in range(10)]
    rows, _ = drafted(tmp_path, {"id": range(N), "why": answers})
    assert rows["why"]["values"] == ""
    assert rows["why"]["type"] == "ignore"


def test_a_battery_of_labels_is_put_in_order_and_its_reversed_item_is_found(tmp_path):
    rng = np.random.default_rng(2)
    factor = rng.normal(size=N)
    columns = {"Student ID": [f"s{i}" for i in range(N)]}
    for i in range(1, 5):
        sign = -1 if i == 3 else 1
        level = np.clip(np.round(2 + sign * factor + 0.5 * rng.normal(size=N)), 0, 4).astype(int)
        columns[f"Q7_{i}"] = [SCALE[k] for k in level]
    rows, draft = drafted(tmp_path, columns)
    assert rows["Q7_1"]["values"] == "1=Never; 2=Rarely; 3=Sometimes; 4=Often; 5=Always"
    assert [rows[f"Q7_{i}"]["reverse"] for i in range(1, 5)] == ["no", "no", "yes", "no"]
    assert [rows[f"Q7_{i}"]["dimension"] for i in (1, 4)] == ["q7", "q7"]
    assert any("Q7_3 of Q7_1 to Q7_4 correlate negatively" in remark for remark in draft.remarks)


def test_an_order_that_is_not_known_is_asked_for(tmp_path):
    words = np.random.default_rng(3).choice(["azul", "rojo", "verde"], (3, N))
    columns = {"id": range(N), **{f"c{i}": words[i] for i in range(3)}}
    _, draft = drafted(tmp_path, columns)
    assert any("c0 to c2: the order of the answers is not known" in remark for remark in draft.remarks)


@pytest.mark.parametrize(
    ("days", "form", "asked"),
    [
        (["03/25/2016", "04/01/2016"], "%m/%d/%Y", False),
        (["25/03/2016", "01/04/2016"], "%d/%m/%Y", False),
        (["03/04/2016", "05/06/2016"], "%m/%d/%Y", True),
        (["2016-03-25 10:00:00", "2016-04-01"], "", False),
    ],
)
def test_forms_of_dates_are_found_or_asked_for(tmp_path, days, form, asked):
    rows, draft = drafted(tmp_path, {"id": range(N), "when": (days * N)[:N]})
    assert (rows["when"]["type"], rows["when"]["values"]) == ("date", form)
    assert any("cannot be told apart" in remark for remark in draft.remarks) == asked


def test_what_is_needed_and_not_found_is_said(tmp_path):
    _, draft = drafted(tmp_path, {"score": np.arange(N) / 7})
    assert "mentee_w1: no column looks like student_id: give one that variable" in draft.remarks
    assert "mentee_w1: no columns look like items of a scale: mark them" in draft.remarks


def test_a_codebook_that_is_there_is_never_changed_and_the_difference_is_shown(tmp_path):
    columns = {"id": [f"s{i}" for i in range(N)], "consent": ["yes", "no"] * (N // 2)}
    config = study(tmp_path, columns)
    path = tmp_path / "codebook.csv"
    assert "Draft of the codebook" in draft_at(config, str(path))
    assert "nothing was written" in draft_at(config, str(path))
    before = path.read_bytes()
    columns = {"id": columns["id"], "gender": ["f", "m"] * (N // 2), "consent": ["yes", "later"] * (N // 2)}
    study(tmp_path, columns)
    told = draft_at(config, str(path))
    assert "+ mentee_w1: gender (category)" in told
    assert "~ mentee_w1: consent: later not in row 3" in told
    study(tmp_path, {"id": columns["id"]})
    assert "- mentee_w1: consent (row 3)" in draft_at(config, str(path))
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.glob("*.draft*")) == ["codebook.draft.csv", "codebook.draft2.csv"]


def test_a_draft_has_all_columns_of_a_codebook(demo):
    assert {tuple(row) for row in demo[1].rows} == {FIELDS}


def test_small_parts():
    assert [stem(c) for c in ("Q3_12", "alliance_01", "A07", "Q1[SQ2]", "How often? | We talk")] == [
        "Q3",
        "alliance",
        "A",
        "Q1",
        "How often?",
    ]
    assert slug("3. How often do you and your mentor talk about plans?") == "do_you_and_your_mentor_talk_about_plans"
    assert slug("2nd wave") == "v_2nd_wave"
    assert report_of("mentor_wave2", {}) == ("mentor", "2")
    assert in_order(["Agree", "Disagree", "Neutral"]) == ["Disagree", "Neutral", "Agree"]
    assert in_order(["Agree", "Blue"]) is None
    codes = scale_codes({"1": 50, "2": 60, "3": 70, "-99": 5, "n/a": 2, "33": 0})
    assert (list(codes.labels), codes.missing) == (["1", "2", "3"], ["n/a", "-99"])
