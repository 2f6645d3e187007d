"""Pictures of the measurement part: residuals as shades, precision as curves, verdicts as a grid."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from alliance.reporting.figures.axes import Scale
from alliance.reporting.figures.curves import Curve, curve_plot
from alliance.reporting.figures.grid import DOUBT, FAILS, HOLDS, UNTESTED, Verdicts, verdict_grid
from alliance.reporting.figures.matrix import correlation_matrix
from alliance.reporting.figures.scene import Ellipse, Shape, Text
from alliance.reporting.figures.style import INK, look
from alliance.reporting.labels import Labels
from alliance.reporting.results import read_results
from alliance.reporting.sections.invariance import invariance_section
from alliance.reporting.sections.measurement_pictures import precision_figure, residuals_figure
from drawings import outside, overlapping_texts

WIDTHS = [700, 340]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("n", [2, 12, 30])
def test_residuals_fit_into_the_picture_and_large_ones_are_framed(n: int, width: int):
    names = [f"item_with_a_long_name_{k}" for k in range(n)] if n == 30 else [f"bond_{k}" for k in range(n)]
    values = {pair: 0.01 for pair in combinations(names, 2)}
    values[names[0], names[-1]] = -0.25
    scene = correlation_matrix(names, values, width)
    assert not overlapping_texts(scene)
    assert not outside(scene)
    framed = [s for s in scene.shapes if isinstance(s, Shape) and s.stroke == INK and s.closed]
    assert len(framed) == 1
    printed = [t.text for t in scene.shapes if isinstance(t, Text)]
    assert ("−.25" in printed) == (n < 30 or width == 700)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_curve_leaves_the_picture_where_its_value_is_unknown(width: int):
    x = tuple(i / 4 for i in range(-12, 13))
    curves = [
        Curve("Bond", x, tuple(0.4 if v < 2 else math.nan for v in x), look(0)),
        Curve("Goal", x, tuple(0.5 + v / 100 for v in x), look(1), tuple(0.3 for _ in x), tuple(0.7 for _ in x)),
    ]
    scene = curve_plot(curves, Scale("difference", "Level"), Scale("difference", "Error", limits=(0.0, 1.0)), width)
    assert not overlapping_texts(scene)
    assert not outside(scene)
    lines = [s for s in scene.shapes if isinstance(s, Shape) and s.stroke == look(0).colour and len(s.points) > 2]
    assert max(len(line.points) for line in lines) == sum(v < 2 for v in x)


@pytest.mark.parametrize("width", WIDTHS)
def test_verdicts_are_told_apart_without_colour(width: int):
    rows = [
        Verdicts("First-generation student by underrepresented in the field", (HOLDS, DOUBT, FAILS, UNTESTED)),
        Verdicts("Gender", (HOLDS, HOLDS, DOUBT, FAILS), "goal_3 and task_2 left free"),
    ]
    scene = verdict_grid(["Thresholds", "Loadings", "Intercepts", "Residuals"], rows, width)
    assert not overlapping_texts(scene)
    assert not outside(scene)
    discs = [s for s in scene.shapes if isinstance(s, Ellipse)]
    filled, rings = [d for d in discs if d.fill != "white"], [d for d in discs if d.fill == "white"]
    assert (len(filled), len(rings)) == (3 + 1, 2 + 1), "the key shows one of each"
    assert sum(t.text == "?" for t in scene.shapes if isinstance(t, Text)) == 3


CONFIG = {
    "roles": {"mentee": "Mentee report"},
    "waves": {1: "First year"},
    "instrument": {"name": "Four items", "dimensions": {"bond": "Bond", "goal": "Goal"}},
    "measurement": {"role": "mentee", "wave": 1, "models": ["correlated"], "chosen": "correlated"},
}


def results(tmp_path, **tables: str):
    files = {}
    for name, text in tables.items():
        files[name] = tmp_path / f"{name}.csv"
        files[name].write_text(text)
    return read_results(CONFIG, files)


def test_the_caption_of_the_residuals_says_how_many_are_large_estimator_and_n(tmp_path):
    found = results(
        tmp_path,
        measurement_fit="sample,model,estimator,engine,n,measure,value\npooled,correlated,WLSMV,own,812,cfi,.99\n",
        measurement_residuals="sample,model,item_1,item_2,residual_r\n"
        "pooled,correlated,bond_1_mentee_w1,bond_2_mentee_w1,0.02\n"
        "pooled,correlated,bond_1_mentee_w1,goal_1_mentee_w1,-0.13\n",
    )
    figure = residuals_figure(found, Labels(found), "correlated")
    assert "WLSMV, *N* = 812" in figure.note
    assert "1 of 2 reach .10" in figure.note
    assert "−.13, bond_1 with goal_1" in figure.alt
    assert residuals_figure(found, Labels(found), "bifactor") is None


def test_the_error_curve_is_drawn_for_ordered_items_only(tmp_path):
    head = "dimension,model,estimator,n,level,information,se\n"
    found = results(
        tmp_path, scores_se_curve=head + "bond,correlated,WLSMV,812,-1,4,0.5\nbond,correlated,WLSMV,812,1,0.25,2\n"
    )
    figure = precision_figure(found, Labels(found))
    assert "Bond 0.50 at −1.00" in figure.alt
    assert [row.cells[1] for row in figure.data.rows] == ["0.50", "2.00"], "the numbers stay whole"
    empty = results(tmp_path, scores_se_curve=head)
    assert precision_figure(empty, Labels(empty)) is None


def test_invariance_has_a_section_of_its_own_when_it_was_asked_for(tmp_path):
    found = results(
        tmp_path,
        invariance_verdicts="grouping,kind,n,groups,level,released,doubt,text\n"
        'gender,group,812,"man, woman",loadings,goal_3,,Associations may be compared.\n',
        invariance_invariance="grouping,kind,estimator,n,step,verdict\ngender,group,WLSMV,812,configural,baseline\n"
        "gender,group,WLSMV,812,thresholds,supported\ngender,group,WLSMV,812,thresholds+loadings,unclear\n"
        "gender,group,WLSMV,812,thresholds+loadings+intercepts,rejected\n",
    )
    section = invariance_section(found, Labels(found))
    grid, allowed = section.blocks[1], section.blocks[2].table
    assert grid.data.rows[0].cells == ("Gender", "supported", "unclear", "rejected")
    assert "Gender: Thresholds holds" in grid.alt or "Gender: thresholds holds" in grid.alt
    assert allowed.rows[0].cells == ("Gender", "812", "Associations may be compared.")
    assert invariance_section(results(tmp_path), Labels(results(tmp_path))) is None
