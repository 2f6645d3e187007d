"""Timelines and states on the page."""

import pandas as pd
import pytest
import report_study
from alliance.reporting.associations import effect, heading
from alliance.reporting.blocks import Figure, TableBlock
from alliance.reporting.figures.scene import Text
from alliance.reporting.figures.timeline import Span, timeline
from alliance.reporting.labels import Labels
from alliance.reporting.results import read_results
from alliance.reporting.sections.outcomes import outcomes_section


def definition(outcome, label, kind, start, end, reach, categories=""):
    return {
        "outcome": outcome, "label": label, "kind": kind, "definition": "Said in a sentence.", "risk_set": "Some.",
        "censoring": "Ends early.", "categories": categories, "window_start": start, "window_end": end,
        "records_reach": reach, "n_frame": 1200, "n_at_risk": 1100, "n_events": 900,
    }  # fmt: skip


@pytest.fixture
def study(tmp_path):
    study = read_results(report_study.config(tmp_path), report_study.whole(tmp_path))
    study.config["link"]["models"]["state"] = {"outcome": "state_2", "family": "multinomial"}
    study.config["outcomes"]["define"]["state_2"] = {"kind": "state", "label": "State"}
    study.tables["outcomes_definitions"] = pd.DataFrame(
        [
            definition("retained_2", "Enrolled in the second fall", "retained", 1.0, 1.5, 1.5),
            definition("departure", "Terms to departure", "time_to_departure", 0.0, 4.0, None),
            definition("state_2", "State", "state", 1.0, 1.5, 1.5, "in_field; switched; left"),
        ]
    )
    study.tables["outcomes_states"] = pd.DataFrame(
        [
            {"outcome": "state_2", "cohort": c, "category": k, "n_at_risk": 100, "n": 50, "share": s}
            for c in ("pooled", "2015")
            for k, s in (("in_field", 0.7), ("switched", 0.2), ("left", None))
        ]
    )
    return study


def test_a_timeline_for_each_definition_read_off_records(study):
    section = outcomes_section(study, Labels(study))
    figure = next(b for b in section.blocks if isinstance(b, Figure) and b.name == "timelines")
    assert "Enrolled in the second fall: years 1 to 1.5, records to 1.5" in figure.alt
    assert "Terms to departure: years 0 to 4;" in figure.alt
    words = [s.text for s in figure.scene.shapes if isinstance(s, Text)]
    assert "1,100 of 1,200 at risk" in words
    assert len(figure.data.body) == 3


def test_shares_of_the_states(study):
    section = outcomes_section(study, Labels(study))
    table = next(b.table for b in section.blocks if isinstance(b, TableBlock) and b.table.name == "states")
    cells = [row.cells for row in table.body]
    assert ("Switched", "20.0%", "20.0%") in [tuple(c) for c in cells]
    assert ("Left", "\u2014", "\u2014") in [tuple(c) for c in cells]


def test_what_ratios_are_of_stands_in_the_heading(study):
    assert heading(study, Labels(study), "state") == "State: odds against “in field”"
    assert heading(study, Labels(study), "departure").endswith("odds of leaving in a term")


def test_an_ordinal_model_shows_the_effect_on_its_highest_answer(study):
    study.config["link"]["models"]["wants"] = {"outcome": "wants", "family": "ordinal"}
    rows = [
        {"outcome": "wants", "model": "wants", "sample": "pooled", "term": f"{k}: bond", "contrast": "dY/dX", "ame": a}
        for k, a in (("no", -0.1), ("perhaps", 0.02), ("yes", 0.08))
    ]
    study.tables["link_effects"] = pd.DataFrame(rows)
    assert effect(study, "wants", "bond")["ame"] == 0.08
    assert effect(study, "wants", "goal") == {}
    assert heading(study, Labels(study), "wants").endswith("odds of a higher answer, probability of the highest")


@pytest.mark.parametrize("width", [700.0, 350.0])
def test_nothing_is_drawn_outside_the_picture(width):
    spans = [
        Span("A very long label of an outcome that needs two lines to be written", 1.0, 1.5, 1.5, "12 of 13 at risk"),
        Span("Short", 0.0, 6.0, None, "7 of 13 at risk"),
    ]
    scene = timeline(spans, 2, width)
    for shape in scene.shapes:
        if isinstance(shape, Text):
            left, top, right, bottom = shape.box
            assert -1 < left < right < width + 1, shape.text
            assert -6 < top < bottom <= scene.height + 1, shape.text
