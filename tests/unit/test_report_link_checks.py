"""What the page says of differences between groups, bent lines and the size that the study could have found."""

import copy
import re

import pytest
import report_study
import report_study_link_checks as made_up
from alliance.reporting.blocks import Figure, Paragraph
from alliance.reporting.labels import Labels
from alliance.reporting.results import read_results
from alliance.reporting.sections.link_checks import link_checks_section


@pytest.fixture
def study(tmp_path):
    config = copy.deepcopy(report_study.config(tmp_path))
    config["link"]["models"]["by_group"] = {"outcome": "retained_2", "family": "logit", "group": "first_generation"}
    return read_results(config, report_study.whole(tmp_path))


def said(section):
    return " ".join(re.sub(r"[*]", "", b.text) for b in section.blocks if isinstance(b, Paragraph))


def test_the_section_says_what_the_tables_show(study):
    study.tables |= {
        "link_moderation": made_up.moderation(),
        "link_power": made_up.power(),
        "link_nonlinearity": made_up.nonlinearity(0.4),
    }
    section = link_checks_section(study, Labels(study))
    text = said(section)
    assert "differ between its groups (joint test of the interactions: F(2, 59) = 4.10, p = .021)" in text
    assert "they differ for bond" in text
    assert "1,200 students in 60 clusters" in text
    assert "1.33 for bond" in text
    assert "3.1 percentage points" in text
    assert "none of 1 tests speaks against a straight line" in text
    figure = next(b for b in section.blocks if isinstance(b, Figure))
    assert "no 2.0 [−1.0, 5.0], yes 8.0 [4.0, 12.0]" in figure.alt
    assert figure.data.body[-1].cells[0] == "yes minus no"


def test_a_bent_line_is_named(study):
    study.tables["link_nonlinearity"] = made_up.nonlinearity(0.01)
    assert "the line is bent for bond" in said(link_checks_section(study, Labels(study)))


def test_models_of_moderation_do_not_change_the_names_of_the_others(study):
    labels = Labels(study)
    assert labels.link_model("retained") == labels.link_model("by_group") == "Enrolled in the second fall"
    assert labels.term("left: bond") == "Left: Bond"


def test_a_study_without_link_has_one_line(tmp_path):
    config = report_study.config(tmp_path) | {"link": None}
    study = read_results(config, {})
    assert "Nothing was estimated" in said(link_checks_section(study, Labels(study)))
