"""States, majors, transfers, stop-outs, returns and scales: one short story per student, and what becomes of it."""

import pandas as pd
import pytest
import yaml
from alliance.errors import Stop
from alliance.persistence.derive import derive_outcomes

# entry fall 2015; term@institution/program; the records of A end in spring 2021, those of B in spring 2017
STORIES = {
    "stays": "2015F@A/14.0801 2016S@A/14.0801 2016F@A/14.0801 2017S@A/14.0801 2017F@A/14.0801",
    "other engineering": "2015F@A/14.0801 2016S@A/14.0801 2016F@A/14.1901 2017S@A/14.1901 2017F@A/14.1901",
    "to business": "2015F@A/14.0801 2016S@A/14.0801 2016F@A/52.0201 2017S@A/52.0201 2017F@A/52.0201",
    "leaves": "2015F@A/14.0801 2016S@A/14.0801",
    "skips a term": "2015F@A/14.0801 2016S@A/14.0801 2017S@A/14.0801 2017F@A/14.0801 2018S@A/14.0801",
    "back after two years": "2015F@A/14.0801 2016S@A/14.0801 2018F@A/14.0801",
    "moves to B": "2015F@A/14.0801 2016S@A/14.0801 2016F@B/14.0801",
    "both": "2015F@A/14.0801 2016S@A/14.0801 2016F@B/14.0801 2016F@A/14.0801",
    "graduates early": "2015F@A/14.0801 2016S@A/14.0801",
    "diploma follows": "2015F@A/14.0801 2016S@A/14.0801 2016F@A/14.0801",
    "business": "2015F@A/52.0201 2016S@A/52.0201 2016F@A/52.0201",
    "undeclared": "2015F@A/ 2016S@A/14.0801 2016F@A/14.0801",
    "at B": "2015F@B/14.0801 2016S@B/14.0801 2017S@B/14.0801",
    "last of A": "2020F@A/14.0801 2021S@A/14.0801",
}
DEGREES = {"graduates early": ("2016U", "52.0201"), "diploma follows": ("2017U", "14.0801")}


def define(**outcomes):
    fields = {"stem": {"label": "STEM", "list": "config/fields/stem_nces.yaml"}}
    return {"outcomes": {"calendar": {}, "fields": fields, "define": outcomes}}


def study():
    rows = []
    for name, story in STORIES.items():
        for part in story.split():
            term, _, rest = part.partition("@")
            institution, _, field = rest.partition("/")
            rows.append((name, term, institution, field))
    terms = pd.DataFrame(rows, columns=["student_id", "term", "institution", "field"])
    degrees = pd.DataFrame([(k, *v) for k, v in DEGREES.items()], columns=["student_id", "term", "field"])
    sample = pd.DataFrame({"student_id": sorted(STORIES)})
    sample["cohort"] = ["2020" if name == "last of A" else "2015" for name in sample["student_id"]]
    return sample, terms, degrees


def story_values(outcome, config_more=None):
    tables = derive_outcomes(*study(), define(x=outcome | {"label": "X"}) | (config_more or {}), minimum=1)
    rows = tables.outcomes.set_index("student_id")
    return rows["value"].to_dict(), rows["reason_not_at_risk"].to_dict(), tables


def test_states_in_the_field_switched_and_left():
    value, why, tables = story_values({"kind": "state", "fall": 2, "field": "stem"})
    expected = {"stays": 0, "other engineering": 0, "to business": 1, "leaves": 2, "skips a term": 2, "moves to B": 0}
    assert {name: value[name] for name in expected} == expected
    assert value["graduates early"] == 1  # the degree is in another field
    assert why["business"] == "did not start in STEM"
    row = tables.definitions.iloc[0]
    assert row["categories"] == "in_field; switched; left"
    assert "after NCES 2014-001" in row["definition"]
    assert pd.isna(row["n_events"])
    shares = tables.states.query("cohort == 'pooled'").set_index("category")
    assert shares["n"].sum() == shares["n_at_risk"].iloc[0] == row["n_at_risk"]
    assert shares["share"].sum() == pytest.approx(1)


@pytest.mark.parametrize(("digits", "other"), [(6, 0), (4, 0), (2, 1)])
def test_in_major_compares_the_program_of_the_first_term(digits, other):
    value, why, _ = story_values({"kind": "in_major", "fall": 2, "digits": digits})
    assert value["stays"] == value["diploma follows"] == value["business"] == 1
    assert value["other engineering"] == other
    assert value["to business"] == value["leaves"] == value["graduates early"] == 0
    assert why["undeclared"] == "no program in the first term"


def test_transfer_is_enrolment_elsewhere_and_not_at_home():
    value, _, _ = story_values({"kind": "transferred", "fall": 2})
    assert [value[name] for name in ("moves to B", "both", "stays", "leaves")] == [1, 0, 0, 0]


def test_stop_out_is_an_absence_with_a_return():
    value, why, _ = story_values({"kind": "stop_out", "years": 2, "gap": 3})
    assert value["skips a term"] == 1
    assert value["stays"] == value["leaves"] == 0
    assert value["back after two years"] == 0  # five terms missed: a departure
    assert value["diploma follows"] == value["graduates early"] == 0
    assert why["last of A"] == why["at B"] == "records end too early"
    longer, _, _ = story_values({"kind": "stop_out", "years": 2, "gap": 5})
    assert longer["back after two years"] == 1


def test_return_is_among_those_who_missed_a_term():
    value, why, _ = story_values({"kind": "return", "years": 2, "within": 4})
    assert value["skips a term"] == 1
    assert value["leaves"] == value["back after two years"] == 0
    assert why["stays"] == "missed no main term"  # the first one missed, spring 2018, lies after the two years
    assert why["diploma follows"] == "missed no main term"
    assert story_values({"kind": "return", "years": 2, "within": 6})[0]["back after two years"] == 1


def survey():
    sample, terms, degrees = study()
    n = len(sample)
    sample["plan"] = pd.array((["no", "perhaps", "yes", None] * n)[:n], dtype="string")
    for k in (1, 2, 3):
        column = [((i + k) % 5) + 1 for i in range(n)]
        sample[f"stay_{k}_mentee_w1"] = pd.array(
            [None if i % 7 < k else v for i, v in enumerate(column)], dtype="Int64"
        )
    return sample, terms, degrees


FRAME = {"sample": {"frame": {"role": "mentee", "wave": 1}}}


def test_an_answer_with_ordered_categories():
    config = define(plan={"kind": "ordered", "variable": "plan", "order": ["no", "perhaps", "yes"], "label": "Plans"})
    tables = derive_outcomes(*survey(), config | FRAME, minimum=1)
    assert tables.outcomes["value"].tolist()[:3] == [0, 1, 2]
    assert tables.outcomes["reason_not_at_risk"].tolist()[3] == "no answer"
    assert tables.definitions["definition"][0] == "Answer to plan, in the order no, perhaps, yes."
    assert set(tables.states["category"]) == {"no", "perhaps", "yes"}
    assert tables.rates.empty


def test_a_scale_is_the_mean_of_its_answered_items():
    items = ["stay_1", "stay_2", "stay_3"]
    config = define(intends={"kind": "scale", "items": items, "answered": 0.6, "label": "Intends to stay"})
    tables = derive_outcomes(*survey(), config | FRAME)
    held = survey()[0]
    columns = [f"{i}_mentee_w1" for i in items]
    means = held[columns].astype(float).mean(axis=1).where(held[columns].notna().sum(axis=1) >= 2)
    pd.testing.assert_series_equal(tables.outcomes["value"], means, check_names=False)
    assert tables.definitions["mean"][0] == pytest.approx(means.mean())
    with pytest.raises(Stop, match="no variable stay_9"):
        derive_outcomes(*survey(), define(x={"kind": "scale", "items": ["stay_9"], "label": "X"}) | FRAME)


def test_when_records_must_reach_stands_beside_the_definition():
    config = define(
        second={"kind": "retained", "fall": 2, "label": "A"},
        year={"kind": "retained", "fall": 2, "enrolled": "year", "label": "B"},
        four={"kind": "graduated", "years": 4, "data_reach": "next_year", "label": "C"},
        gone={"kind": "time_to_departure", "label": "D"},
        back={"kind": "return", "years": 2, "within": 4, "label": "E"},
    )
    rows = derive_outcomes(*study(), config).definitions.set_index("outcome")
    spans = rows[["window_start", "window_end", "records_reach"]]
    assert spans.loc["second"].tolist() == [1, 1.5, 1.5]
    assert spans.loc["year"].tolist() == [1, 2, 2]
    assert spans.loc["four"].tolist() == [0, 4, 4.5]
    assert spans.loc["gone"].tolist()[:2] == [0, 4]
    assert spans.loc["gone"].isna()["records_reach"]
    assert spans.loc["back"].tolist() == [0, 2, 4]
    assert rows["censoring"].str.len().min() > 20


@pytest.mark.parametrize("name", ["stem_nces", "stem_dhs_core", "engineering"])
def test_the_lists_of_fields_have_a_source_and_codes(name):
    from pathlib import Path

    found = yaml.safe_load((Path(__file__).parents[2] / f"config/fields/{name}.yaml").read_text(encoding="utf-8"))
    assert found["source"]
    assert all(isinstance(code, str) and code.isdigit() and len(code) in (2, 4, 6) for code in found["codes"])


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    from pathlib import Path

    monkeypatch.chdir(Path(__file__).parents[2])
