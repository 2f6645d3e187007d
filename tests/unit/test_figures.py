"""Drawings: what is where, nothing over anything else, same bytes."""

from __future__ import annotations

import math
from itertools import combinations
from xml.etree import ElementTree

import pytest
from alliance.reporting.figures.axes import Scale, fit_axis
from alliance.reporting.figures.flow import Analyses, Box, flow_diagram
from alliance.reporting.figures.intervals import Interval, Panel, interval_plot
from alliance.reporting.figures.likert import Answers, likert_plot
from alliance.reporting.figures.lines import Series, line_plot
from alliance.reporting.figures.path import path_diagram
from alliance.reporting.figures.path_model import path_model
from alliance.reporting.figures.png import to_png
from alliance.reporting.figures.scene import Ellipse, Scene, Text, text_width, wrap
from alliance.reporting.figures.style import LOOKS, diverging, look, luminance
from alliance.reporting.figures.svg import to_svg
from drawings import outside, overlap, overlapping_texts

RATIO = Scale("ratio", "Odds ratio", 1.0, "less likely", "more likely")


def measured(
    factors: dict[str, int], *, correlated: bool = True, general: bool = False, higher: bool = False
) -> list[dict]:
    """Parameters of a model with this many items per factor."""
    rows = [
        {"lhs": f, "op": "=~", "rhs": f"{f}_{k}", "std_all": 0.7, "pvalue": 0.0}
        for f, n in factors.items()
        for k in range(1, n + 1)
    ]
    items = [row["rhs"] for row in rows]
    if general:
        rows += [{"lhs": "general", "op": "=~", "rhs": item, "std_all": 0.6, "pvalue": 0.2} for item in items]
    if higher:
        rows += [{"lhs": "alliance", "op": "=~", "rhs": f, "std_all": 0.9, "pvalue": 0.0} for f in factors]
    if correlated:
        rows += [{"lhs": a, "op": "~~", "rhs": b, "std_all": 0.8, "pvalue": 0.0} for a, b in combinations(factors, 2)]
    return rows + [{"lhs": i, "op": "~~", "rhs": i, "std_all": 0.5, "pvalue": 0.0} for i in items]


MODELS = {
    "three factors, twelve items": measured({"bond": 4, "goal": 4, "task": 4}),
    "one factor": measured({"alliance": 12}, correlated=False),
    "two uneven factors": measured({"bond": 2, "agreement": 9}),
    "bifactor": measured({"bond": 4, "goal": 4, "task": 4}, correlated=False, general=True),
    "second order": measured({"bond": 4, "goal": 4, "task": 4}, correlated=False, higher=True),
    "seven factors": measured({name: 3 for name in "abcdefg"}),
    "forty items": measured({"first": 20, "second": 20}),
}


@pytest.mark.parametrize("rows", MODELS.values(), ids=MODELS)
def test_path_diagrams_have_no_overlaps(rows):
    scene = path_diagram(path_model(rows))
    assert overlapping_texts(scene) == []
    assert outside(scene) == []
    ellipses = [s for s in scene.shapes if isinstance(s, Ellipse)]
    boxes = [(e.x - e.rx, e.y - e.ry, e.x + e.rx, e.y + e.ry) for e in ellipses]
    assert not [1 for a, b in combinations(boxes, 2) if overlap(a, b)]


def test_the_structure_is_read_from_the_parameters():
    bifactor = path_model(MODELS["bifactor"])
    assert bifactor.general == "general"
    assert bifactor.factors == ["bond", "goal", "task"]
    assert all(not clear for f, _, _, clear in bifactor.loadings if f == "general")
    second = path_model(MODELS["second order"])
    assert second.factors == ["bond", "goal", "task"]
    assert [upper for upper, *_ in second.higher] == ["alliance"] * 3
    one = path_model(MODELS["one factor"])
    assert one.general is None
    assert one.residuals["alliance_1"] == 0.5


def test_every_loading_is_printed_once():
    rows = MODELS["three factors, twelve items"]
    texts = [s.text for s in path_diagram(path_model(rows)).shapes if isinstance(s, Text)]
    assert texts.count(".70") == 12
    assert texts.count(".80") == 3


@pytest.fixture
def panels() -> list[Panel]:
    rows = [
        Interval(name, e, e / 1.3, e * 1.3, look(i), f"{e:.2f} [x, y]")
        for i, (name, e) in enumerate((("Bond", 1.4), ("Goal", 1.0)))
    ]
    return [
        Panel("Enrolled in the second fall", rows),
        Panel("Graduated", [Interval("Bond", 40.0, 0.01, math.inf, look(0), "40.00")]),
    ]


@pytest.mark.parametrize("width", [700, 340])
def test_interval_plots_fit_their_width(panels, width):
    scene = interval_plot(panels, RATIO, width, text_heading="OR [95% CI]")
    assert outside(scene) == []
    assert overlapping_texts(scene) == []


def test_a_wide_label_goes_above_its_interval_on_a_phone():
    row = Interval("A dimension with a long name that takes the line", 1.2, 1.0, 1.4, look(0), "1.20 [1.00, 1.40]")
    label, numbers = (
        s
        for s in interval_plot([Panel("", [row])], RATIO, 470).shapes
        if isinstance(s, Text) and s.text in (row.label, row.text)
    )
    assert label.y == numbers.y
    assert overlapping_texts(interval_plot([Panel("", [row])], RATIO, 470)) == []


def test_axis_is_logarithmic_for_ratios_and_cut_where_intervals_have_no_end():
    axis = fit_axis(RATIO, [0.5, 2.0, math.inf], 0, 100)
    assert axis.position(1.0) - axis.position(0.5) == pytest.approx(axis.position(2.0) - axis.position(1.0))
    assert fit_axis(RATIO, [0.001, 900.0], 0, 100).high < 11
    assert 1.0 in axis.ticks()
    shares = fit_axis(Scale("share", "Rate"), [0.97, 0.99], 0, 300)
    assert shares.high <= 1
    assert all(label.endswith("%") for label in map(shares.tick_label, shares.ticks()))


@pytest.mark.parametrize("width", [700, 340])
def test_flow_diagram_fits(width):
    excluded = Box("Excluded", [("Test or preview response", "<10"), ("Fewer than half of the items answered", "14")])
    spine = [
        (Box("Mentee report, first year", [("Received", "1,420")]), excluded),
        (Box("Sample", [("Students", "1,205")]), None),
    ]
    analyses = Analyses(
        "Analysed, by model",
        ["Not at risk", "Incomplete covariates", "Analysed"],
        [("Enrolled in the second fall", ["1", "2", "1,202"])],
    )
    for lists in ([analyses, analyses], [analyses], []):
        scene = flow_diagram(spine, lists, width)
        assert outside(scene) == []
        assert overlapping_texts(scene) == []


@pytest.mark.parametrize(("k", "width"), [(5, 700), (5, 340), (7, 340), (2, 700), (4, 700)])
def test_answers_diverge_from_the_middle(k, width):
    shares = tuple(1 / k for _ in range(k))
    scene = likert_plot(
        [("Bond", [Answers("My mentor and I understand each other", shares)])], [str(i) for i in range(k)], width
    )
    assert outside(scene) == []
    assert overlapping_texts(scene) == []


def test_lines_break_where_there_is_no_rate():
    series = [Series("Graduated", (0.5, 0.6, math.nan, 0.7), look(0))]
    scene = line_plot(["2001", "2002", "2003", "2004"], series, Scale("share", "Cohort"), 340)
    paths = [
        s
        for s in scene.shapes
        if getattr(s, "points", None) and s.stroke == look(0).colour and not s.closed and s.weight == 1.8
    ]
    assert len(paths) == 2, "the key and the run of two; the single cohort has a marker only"
    assert overlapping_texts(scene) == []


def test_thirty_cohorts_do_not_touch():
    cohorts = [str(year) for year in range(1988, 2018)]
    scene = line_plot(
        cohorts, [Series("Retained", tuple(0.8 for _ in cohorts), look(0))], Scale("share", "Cohort"), 340
    )
    assert overlapping_texts(scene) == []


def test_series_differ_without_colour():
    assert len({(style.marker, style.dash) for style in LOOKS}) == len(LOOKS)
    light = [luminance(colour) for colour in diverging(5)]
    assert max(light) == light[2], "the middle answer is the lightest"


def test_svg_is_well_formed_and_described():
    scene = Scene(100, 50)
    scene.text(5, 20, "a < b & c")
    scene.marker(50, 25, "diamond", 8, "#0072B2")
    svg = to_svg(scene, "Title", 'With "quotes"', name="f", standalone=True)
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert root[0].text == "Title"
    assert root[1].text == 'With "quotes"'
    assert "nan" not in svg
    assert svg == to_svg(scene, "Title", 'With "quotes"', name="f", standalone=True)


def test_png_is_the_same_each_time(panels):
    scene = interval_plot(panels, RATIO, 340)
    data = to_png(scene)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert data == to_png(scene)
    assert b"matplotlib" not in data.lower()


def test_text_is_broken_between_words():
    lines = wrap("Fewer than half of the items answered", 100, 13)
    assert " ".join(lines) == "Fewer than half of the items answered"
    assert all(text_width(line, 13) <= 100 for line in lines)
