"""The page about collinear dimensions, sizes, cohorts and the two sides of a relationship: what it says, and when."""

import re

import pytest
import report_study
import report_study_relation as relation
from alliance.reporting.figures.contour import contour_levels, crossings
from alliance.reporting.figures.region import Region
from alliance.reporting.labels import Labels
from alliance.reporting.methods_relation import closer_look
from alliance.reporting.results import read_results
from test_report import page_of, text_of


def made(folder, *parts, **link):
    config = report_study.config(folder)
    config["link"] |= link
    return page_of(config, {**report_study.whole(folder), **report_study.write(folder, *parts)})


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    parts = relation.collinearity(), relation.magnitudes(), relation.relationship()
    return made(tmp_path_factory.mktemp("study"), *parts, relationship=relation.RELATIONSHIP)


def section(page, name):
    return text_of(re.search(rf'<section id="{name}".*?</section>', page, flags=re.S).group())


def test_the_joint_test_comes_first_and_tied_dimensions_are_not_credited(page):
    said = section(page, "apart")
    assert said.index("F(3, 19) = 12.50") < said.index("Bond has an association of its own")
    assert "goal and task cannot be told apart, so theirs are read together" in said
    assert "correlate .93" in said
    assert "the data know the sum 4.0 times as precisely" in said
    assert "beyond the general factor" not in said, "there is no admissible bifactor model here"


def test_where_nothing_can_be_told_apart_nothing_is_credited(tmp_path):
    said = section(made(tmp_path, relation.collinearity("together", own="task")), "apart")
    assert "No single dimension is credited" in said
    assert "of its own" not in said


def test_a_credited_dimension_whose_sign_turns_comes_with_a_warning(tmp_path):
    said = section(made(tmp_path, relation.collinearity(turned="bond")), "apart")
    assert "Bond turns its sign: alone and beside the others" in said
    assert "(but bond with the opposite sign alone: suppression)" in said, "of the other outcome"


def test_sizes_are_percentage_points_with_both_ends(page):
    said = section(page, "effects")
    assert "At the 10th percentile of the alliance (bond, goal and task moved together), 40.0%" in said
    assert "a difference of 20.0 percentage points (95% CI [14.0, 26.0])" in said
    assert "Students near each value" in page
    assert "a risk ratio of 2.05 would be enough" in said


def test_a_withheld_count_of_students_is_a_dash_and_no_bar(page):
    assert re.search(r"−2\.00 30\.0% \[25\.0, 35\.0\] —", section(page, "effects"))


def test_further_outcomes_are_folded(page):
    folded = re.findall(r"<details class=table><summary>Figure \d+: (.*?)</summary>", page)
    assert folded == ["“Terms to departure” across the range of the alliance"]


def test_two_cohorts_are_said_to_be_few_and_the_forest_has_the_random_effects(page):
    said = section(page, "cohorts")
    assert "does not clearly fit better (F(3, 19) = 1.10, p = .370)" in said
    assert "Total score 2015 2.23 [1.65, 3.00] 95" in said
    assert "hardly known" in said
    assert "Random effects 1.40 [0.74, 2.72]" in said


def test_both_sides_are_read_beside_each_other(page):
    said = section(page, "relationship")
    assert "mentee reports go with “Enrolled in the second fall”" in said
    assert "mentor reports do not clearly go with it" in said
    assert "never averaged" in said
    assert "agreement or disagreement as such shows no clear association" in said
    assert "Changes are known less well than levels (lowest reliability .55, bond)" in said


def test_curvature_is_read_only_where_it_is_clear(tmp_path):
    parts = relation.collinearity(), relation.relationship(p_curved=0.001)
    said = section(made(tmp_path, *parts, relationship=relation.RELATIONSHIP), "relationship")
    assert "the more the two reports differ in either direction, the less likely the outcome" in said


def test_without_the_stages_there_are_no_empty_sections(tmp_path):
    page = made(tmp_path)
    for name in ("apart", "effects", "relationship"):
        assert f'<section id="{name}"' not in page
    assert '<section id="cohorts"' in page, "the cohorts' own estimates come from the link"


def test_nothing_is_said_to_bring_anything_about(page):
    for name in ("apart", "effects", "cohorts", "relationship"):
        said = section(page, name).lower()
        for word in (" causes", " leads to", " increases", " improves", " because of", " impact"):
            assert word not in said, (name, word)


def test_the_outline_of_a_region_lies_at_its_axes():
    region = Region(1.0, 2.0, 3.0, 1.0, 90.0, (0, 2), (0, 4))
    xs, ys = zip(*region.outline(), strict=True)
    assert (max(xs), max(ys)) == (pytest.approx(2.0), pytest.approx(5.0))


def test_a_contour_crosses_a_square_where_the_value_lies():
    corners = [(0, 0, 0.0), (1, 0, 1.0), (1, 1, 1.0), (0, 1, 0.0)]
    assert crossings(corners, 0.25) == [(0.25, 0.0), (0.25, 1.0)]
    assert crossings(corners, 2.0) == []
    assert contour_levels([0.52, 0.93]) == [0.6, 0.7, 0.8, 0.9]


def test_the_methods_name_what_was_done_and_nothing_else(tmp_path):
    config = report_study.config(tmp_path)
    config["link"]["relationship"] = relation.RELATIONSHIP
    parts = relation.collinearity(), relation.magnitudes(), relation.relationship()
    results = read_results(config, {**report_study.whole(tmp_path), **report_study.write(tmp_path, *parts)})
    said = closer_look(results, Labels(results))
    assert "intervals from 1,000 draws of whole clusters" in said
    assert "mentee reports and mentor reports entered one model together (never averaged)" in said
    assert "Hartung-Knapp" in said
    assert closer_look(read_results(config, {}), Labels(results)) == ""
