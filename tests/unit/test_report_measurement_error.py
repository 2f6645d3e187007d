"""What the page says of measurement error: first where the declared method and the means of the items disagree."""

import re

import pytest
import report_study
import report_study_measurement_error as made_up
from alliance.reporting.blocks import Bullets, Figure, Notice, Paragraph, TableBlock
from alliance.reporting.labels import Labels
from alliance.reporting.results import read_results
from alliance.reporting.sections.answer import answer_section
from alliance.reporting.sections.links import links_section
from alliance.reporting.sections.measurement_error import measurement_error_section


@pytest.fixture
def study(tmp_path):
    config = report_study.config(tmp_path)
    config["link"]["estimator"] = "plausible"
    results = read_results(config, report_study.whole(tmp_path))
    results.tables["link_measurement_error"] = made_up.table()
    return results


def test_a_disagreement_is_said_in_plain_words(study):
    section = measurement_error_section(study, Labels(study))
    said = next(b for b in section.blocks if isinstance(b, Bullets)).items
    assert len(said) == 1
    assert "the mean of the items would give goal 3.0 percentage points, 95% CI [1.0, 5.0] (*p* = .003)" in said[0]
    assert "it is 0.2 percentage points, 95% CI [−3.8, 4.2] (*p* = .920)" in said[0]
    assert "no association of its own can be claimed" in said[0]
    lead = next(b for b in section.blocks if isinstance(b, Paragraph)).text
    assert "rest on plausible values" in lead
    assert "Reliability of the means: bond .80 and goal .80" in lead


def test_the_disagreement_of_the_primary_outcome_stands_on_the_first_page(study):
    notices = [b.title for b in answer_section(study, Labels(study)).blocks if isinstance(b, Notice)]
    assert "What measurement error would have changed" in notices
    study.tables["link_measurement_error"] = made_up.table("agree")
    notices = [b.title for b in answer_section(study, Labels(study)).blocks if isinstance(b, Notice)]
    assert "What measurement error would have changed" not in notices
    text = " ".join(b.text for b in measurement_error_section(study, Labels(study)).blocks if isinstance(b, Paragraph))
    assert "In no model would the means of the items have told another story" in text


def test_picture_and_table_hold_every_method_that_was_estimated(study):
    section = measurement_error_section(study, Labels(study))
    figure = next(b for b in section.blocks if isinstance(b, Figure))
    assert "Goal, mean of the items 3.0 [1.0, 5.0]; Goal, plausible values 0.2 [−3.8, 4.2]" in figure.alt
    table = next(b for b in section.blocks if isinstance(b, TableBlock)).table
    assert sum(len(row.cells) > 1 for row in table.body) >= 5
    text = " ".join(b.text for b in section.blocks if isinstance(b, Paragraph))
    assert "Not estimated: Latent variables (WLSMV)" in text
    assert "did not converge" in text


def test_the_method_is_named_beside_the_estimates(study):
    text = re.sub(
        r"\s+", " ", " ".join(b.text for b in links_section(study, Labels(study)).blocks if isinstance(b, Paragraph))
    )
    assert "as plausible values" in text
    assert "Rubin" in text


def test_methods_and_limitations_speak_of_the_declared_method(study):
    from alliance.reporting.methods import methods_text
    from alliance.reporting.sections.limits import limits_section

    def limits():
        return " ".join(
            i for b in limits_section(study, Labels(study)).blocks if isinstance(b, Bullets) for i in b.items
        )

    assert "taken off as far as the measurement model holds" in limits()
    assert "plausible values, drawn with the outcome" in methods_text(study, Labels(study), {})
    del study.config["link"]["estimator"]
    assert "entered as if they were the alliance itself" in limits()
    assert "plausible values" not in methods_text(study, Labels(study), {})
