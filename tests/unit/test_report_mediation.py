"""What the page says of a decomposition."""

import pandas as pd
import pytest
import report_study
from alliance.reporting.blocks import Figure, Paragraph
from alliance.reporting.labels import Labels
from alliance.reporting.results import read_results
from alliance.reporting.sections.mediation import mediation_section


def made_up(**more):
    head = {"name": "self", "outcome": "retained_2", "model": "retained", "mediator": "Self-efficacy", "n": 900,
            "status": "ok", "reason": "", **more}  # fmt: skip
    rows = [{**head, "effect": "from_mediator", "term": None, "estimate": 0.3, "std_error": 0.1, "conf_low": 0.1,
             "conf_high": 0.5}]  # fmt: skip
    for effect, value in (("to_mediator", 0.5), ("direct", 0.1), ("indirect", 0.2), ("total", 0.3)):
        row = {**head, "effect": effect, "term": "bond", "estimate": value, "std_error": 0.05,
               "conf_low": value - 0.1, "conf_high": value + 0.1}  # fmt: skip
        if effect != "to_mediator":
            row |= {"ame": value / 5, "ame_low": value / 5 - 0.02, "ame_high": value / 5 + 0.02}
        rows.append(row)
    return pd.DataFrame(rows)


@pytest.fixture
def study(tmp_path):
    return read_results(report_study.config(tmp_path), report_study.whole(tmp_path))


def said(section):
    return " ".join(b.text for b in section.blocks if isinstance(b, Paragraph))


def test_the_part_beyond_chance_is_said_and_drawn(study):
    study.tables["link_mediation"] = made_up()
    section = mediation_section(study, Labels(study))
    assert "by way of Self-efficacy" in said(section)
    assert "beyond chance for bond (4.0 percentage points, 95% CI [2.0, 6.0])" in said(section)
    figure = next(b for b in section.blocks if isinstance(b, Figure))
    assert "Bond, by way of it 4.0 [2.0, 6.0]; Bond, beside it 2.0 [0.0, 4.0]" in figure.alt


def test_what_could_not_be_estimated_says_why(study):
    study.tables["link_mediation"] = made_up(status="failed", reason="did not converge").iloc[:1]
    assert "not estimated (did not converge)" in said(mediation_section(study, Labels(study)))
    del study.tables["link_mediation"]
    assert mediation_section(study, Labels(study)) is None
