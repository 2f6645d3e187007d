"""Term codes become academic year, season and a running number of main terms."""

import pandas as pd
from alliance.calendar import Calendar, calendar_from, entry_year, parse_terms

MIDFIELD = calendar_from(
    {
        "outcomes": {
            "calendar": {
                "pattern": r"(?P<year>\d{4})(?P<season>\d)",
                "seasons": {"1": "fall", "3": "spring", "4": "summer"},
                "year": "academic",
            }
        }
    }
)


def test_a_spring_belongs_to_the_academic_year_of_its_fall_in_both_ways_of_writing_it():
    assert Calendar().read("2015F") == (2015, "fall")
    assert Calendar().read(" 2016S ") == (2015, "spring")
    assert MIDFIELD.read("20153") == (2015, "spring")
    assert Calendar().read("2016U") == (2015, "summer")


def test_main_terms_are_numbered_without_gaps_and_summers_are_not_numbered():
    parsed = parse_terms(
        pd.Series(["2015F", "2016S", "2016U", "2016F", None, "F2015"], index=list("abcdef")), Calendar()
    )
    assert parsed.index.tolist() == list("abcdef")
    assert parsed["number"].diff().iloc[1] == 1
    assert parsed["number"]["d"] - parsed["number"]["b"] == 1
    assert parsed["number"].isna().tolist() == [False, False, True, False, True, True]
    assert parsed["academic_year"].isna().tolist() == [False] * 4 + [True, True]


def test_entry_cohort_is_the_first_fall_a_summer_before_it_does_not_count_and_a_spring_entry_has_none():
    terms = pd.DataFrame(
        [("b", "2016S"), ("b", "2016F"), ("a", "2015U"), ("a", "2015F"), ("a", "2016S"), ("c", "?")],
        columns=["student_id", "term"],
    )
    cohort = entry_year(terms, Calendar())
    assert cohort.index.tolist() == ["a", "b", "c"]
    assert cohort["a"] == 2015
    assert cohort[["b", "c"]].isna().all()
    assert entry_year(terms, Calendar(), "first_year")[["a", "b"]].tolist() == [2014, 2015]
