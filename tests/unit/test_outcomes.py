"""Outcomes from registrar terms: one short story per student, and what each definition makes of it."""

import pandas as pd
import pytest
from alliance.errors import Stop
from alliance.persistence.definitions import read_definitions
from alliance.persistence.derive import derive_outcomes
from alliance.persistence.records import cip_digits

# entry fall 2015 unless said otherwise; the records of campus A end in spring 2021, those of campus B in spring 2016
STORIES = {
    "stays": "2015F 2016S 2016F 2017S 2017F 2018S 2018F 2019S 2019F 2020S",
    "graduates": "2015F 2016S 2016F 2017S 2017F 2018S 2018F 2019S",
    "graduates early": "2015F 2016S",
    "leaves": "2015F 2016S",
    "skips a term": "2015F 2016S 2017S 2017F 2018S 2018F 2019S 2019F 2020S",
    "back after two years": "2015F 2016S 2018F 2019S",
    "changes field": "2015F 2016S 2016F 2017S 2017F 2018S",
    "summer only": "2016U",
    "last one": "2020F 2021S",
    "campus B": "2015F 2016S",
}
DEGREES = {"graduates": "2019S", "graduates early": "2016U"}
CONFIG = {
    "outcomes": {
        "calendar": {},
        "fields": {"stem": {"label": "STEM", "codes": ["14", "26"]}},
        "define": {
            "second_fall": {"kind": "retained", "fall": 2, "label": "Second fall"},
            "enrolled_only": {"kind": "retained", "fall": 2, "graduates": "as_enrolled", "label": "Second fall"},
            "second_year": {"kind": "retained", "fall": 2, "enrolled": "year", "label": "Second year"},
            "stem_2": {"kind": "in_field", "fall": 2, "field": "stem", "label": "STEM"},
            "graduated_4": {"kind": "graduated", "years": 4, "label": "Four years"},
            "graduated_6": {"kind": "graduated", "years": 6, "label": "Six years"},
            "departure": {"kind": "time_to_departure", "label": "Departure"},
            "likes_it": {"kind": "answer", "variable": "likes", "value": ["yes", "very"], "label": "Likes it"},
        },
    }
}


def study():
    rows = [
        (
            name,
            term,
            "B" if name == "campus B" else "A",
            "52.0201" if name == "changes field" and term not in ("2015F", "2016S") else "14.0801",
        )
        for name, terms in STORIES.items()
        for term in terms.split()
    ]
    terms = pd.DataFrame(rows, columns=["student_id", "term", "institution", "field"])
    degrees = pd.DataFrame(
        [(name, term, "14.0801") for name, term in DEGREES.items()], columns=["student_id", "term", "field"]
    )
    sample = pd.DataFrame({"student_id": sorted([*STORIES, "unknown"])})
    sample["cohort"] = ["2020" if name == "last one" else "2015" for name in sample["student_id"]]
    sample["likes"] = pd.Series(["yes", "no", "very", None] + ["no"] * 7, dtype="string")
    return sample, terms, degrees


@pytest.fixture(scope="module")
def tables():
    return derive_outcomes(*study(), CONFIG)


def values(tables, outcome):
    rows = tables.outcomes[tables.outcomes["outcome"] == outcome].set_index("student_id")
    return rows["value"].to_dict(), rows["reason_not_at_risk"].to_dict()


def test_retained_counts_a_record_of_the_second_fall_or_a_degree_before_it(tables):
    value, why = values(tables, "second_fall")
    assert value["stays"] == 1
    assert value["leaves"] == 0
    assert value["graduates early"] == 1
    assert value["skips a term"] == 0
    assert why["summer only"] == ""
    assert value["summer only"] == 0
    assert why["campus B"] == "records end too early"
    assert why["last one"] == "records end too early"
    assert why["unknown"] == "no registrar record"


def test_settings_of_retained(tables):
    assert values(tables, "enrolled_only")[0]["graduates early"] == 0
    value, why = values(tables, "second_year")
    assert value["skips a term"] == 1
    assert why["last one"] == "records end too early"


def test_in_field_is_asked_of_those_who_started_there(tables):
    value, why = values(tables, "stem_2")
    assert value["stays"] == 1
    assert value["changes field"] == 0
    assert why["stays"] == ""


def test_graduation_within_years_needs_records_to_the_end_of_the_window(tables):
    value, why = values(tables, "graduated_4")
    assert (value["graduates"], value["graduates early"], value["stays"]) == (1, 1, 0)
    assert why["last one"] == "records end too early"
    assert values(tables, "graduated_6")[1]["stays"] == ""


def test_departure_is_an_absence_of_more_than_a_year_and_stop_outs_are_not(tables):
    rows = tables.outcomes[tables.outcomes["outcome"] == "departure"].set_index("student_id")
    assert (rows.loc["leaves", "value"], rows.loc["leaves", "censored"]) == (2, False)
    assert (rows.loc["back after two years", "value"], rows.loc["back after two years", "censored"]) == (2, False)
    assert rows.loc["skips a term", "censored"]
    assert rows.loc["graduates", "censored"]
    assert not rows.loc["summer only", "at_risk"]
    periods = tables.periods.groupby("student_id")
    assert periods.get_group("leaves")[["period", "event"]].to_numpy().tolist() == [[1, 0], [2, 1]]
    # absent in term 3: no row; the last two terms are too near the end of the records to know what followed
    assert periods.get_group("skips a term")["period"].tolist() == [1, 2, 4, 5, 6, 7, 8, 9]
    # the term of the degree is not at risk
    assert periods.get_group("graduates")["period"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert periods.get_group("last one")["period"].tolist() == [1]


def test_answers(tables):
    value, why = values(tables, "likes_it")
    assert sum(v == 1 for v in value.values()) == 2
    assert list(why.values()).count("no answer") == 1


def test_definitions_are_sentences_with_counts(tables):
    row = tables.definitions.set_index("outcome").loc["departure"]
    assert "three main terms in a row without enrolment" in row["definition"]
    assert row["n_frame"] == 11
    assert (tables.definitions["definition"].str.endswith(".") & tables.definitions["risk_set"].str.endswith(".")).all()


def test_rates_agree_with_the_outcomes_and_hide_small_cells(tables):
    shown = derive_outcomes(*study(), CONFIG, minimum=1).rates
    row = shown.query("outcome == 'second_fall' and cohort == 'pooled' and group_variable == 'all'").iloc[0]
    value, _ = values(tables, "second_fall")
    known = [v for v in value.values() if v == v]
    assert row["n_at_risk"] == len(known)
    assert row["rate"] == pytest.approx(sum(known) / len(known))
    hidden = tables.rates.query("outcome == 'second_fall' and cohort == 'pooled' and group_variable == 'all'").iloc[0]
    assert hidden["suppressed"]
    assert pd.isna(hidden["rate"])


def test_an_outcome_without_its_input_is_named():
    sample, terms, degrees = study()
    with pytest.raises(Stop, match=r"outcomes\.define\.graduated_4.*add an input of kind degrees"):
        derive_outcomes(sample, terms, degrees.head(0), CONFIG)


def test_cip_codes_get_their_leading_zero_back():
    assert [cip_digits(c) for c in ("14.0801", "9.0401", "90401", "090401", "BIO")] == [
        "140801", "090401", "090401", "090401", "BIO",
    ]  # fmt: skip


def test_unquoted_yes_in_the_config_is_read_as_the_answer_yes():
    from alliance.calendar import Calendar

    block = {"define": {"a": {"kind": "answer", "variable": "v", "value": True, "label": "A"}}}
    assert read_definitions(block, Calendar())[0].answers == ("yes",)
