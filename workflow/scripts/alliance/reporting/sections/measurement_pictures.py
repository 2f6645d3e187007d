"""Where the chosen model misses the data, and how precise its scores are: two pictures."""

from __future__ import annotations

import math
from itertools import combinations

from alliance.reporting import apa
from alliance.reporting.blocks import Figure
from alliance.reporting.figures.axes import Scale
from alliance.reporting.figures.curves import Curve, curve_plot
from alliance.reporting.figures.matrix import correlation_matrix
from alliance.reporting.figures.style import look
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.results import POOLED, Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.sections.measurement_tables import estimator_used
from alliance.reporting.tables import Column, Table

LARGE = 0.10  # a residual correlation that is commonly looked at
MUTE = 1.0  # a standard error as large as the spread of the persons: there the score says nothing


def residuals_figure(results: Results, labels: Labels, chosen: str) -> Figure | None:
    """Residual correlations of the chosen model as a heat map; None when the model was not estimated."""
    rows = [
        r
        for r in results.rows("measurement_residuals", sample=POOLED, model=chosen)
        if not apa.is_missing(r["residual_r"])
    ]
    if not rows:
        return None
    suffix = f"_{results.block('measurement', 'role')}_w{results.block('measurement', 'wave')}"
    values = {
        (str(r["item_1"]).removesuffix(suffix), str(r["item_2"]).removesuffix(suffix)): float(r["residual_r"])
        for r in rows
    }
    items = list(dict.fromkeys(name for pair in values for name in pair))
    large = sum(abs(v) >= LARGE for v in values.values())
    first, second = max(values, key=lambda pair: abs(values[pair]))
    n = next((r["n"] for r in results.rows("measurement_fit", sample=POOLED, model=chosen)), math.nan)
    data = Table(
        "residual_correlations",
        "Residual correlations of the chosen model",
        [Column("Item", numeric=False), Column("With", numeric=False), Column("Residual *r*")],
    )
    for a, b in combinations(items, 2):
        if (a, b) in values:
            data.add(escape(a), escape(b), apa.bounded(values[a, b]))
    none = f"none of {len(values)} reaches {apa.bounded(LARGE)}"
    some = f"{large} of {len(values)} reach {apa.bounded(LARGE)} (framed)"
    return Figure(
        name="residual_correlations",
        title=f"Where {labels.measurement_model(chosen).lower()} miss the data: residual correlations of the items",
        alt=f"Triangle of shaded cells, one per pair of items: {some if large else none}. "
        f"The largest is {apa.bounded(values[first, second])}, {first} with {second}.",
        scene=correlation_matrix(items, values, WIDE, marked=LARGE),
        narrow=correlation_matrix(items, values, NARROW, marked=LARGE),
        data=data,
        note=f"Observed minus model-implied correlation ({estimator_used(results)}, *N* = {apa.count(n)}); "
        f"{some if large else none}. Blue: the items go together more than the model says; vermilion: less.",
    )


def precision_figure(results: Results, labels: Labels) -> Figure | None:
    """Standard error of each dimension along its range; None when the items were treated as numbers."""
    rows = results.rows("scores_se_curve")
    if not rows:
        return None
    dimensions = list(dict.fromkeys(str(r["dimension"]) for r in rows))
    data = Table(
        "precision",
        "Standard error of a person’s value along each dimension",
        [Column("Level (*SD*)"), *(Column(escape(labels.dimension(d))) for d in dimensions)],
    )
    at = {(str(r["dimension"]), float(r["level"])): float(r["se"]) for r in rows}
    levels = sorted({level for _, level in at})
    for level in levels:
        data.add(apa.number(level), *(apa.number(at.get((d, level), math.nan)) for d in dimensions))
    curves, best = [], []
    for i, d in enumerate(dimensions):
        known = [level for level in levels if (d, level) in at]
        shown = tuple(at[d, level] if at[d, level] <= MUTE else math.nan for level in known)
        curves.append(Curve(labels.dimension(d), tuple(known), shown, look(i)))
        place = min(known, key=lambda level: at[d, level])
        best.append(f"{labels.dimension(d)} {apa.number(at[d, place])} at {apa.number(place)}")
    across = Scale("difference", "Level of the dimension, in standard deviations from its mean")
    upwards = Scale("difference", "Standard error, in standard deviations", limits=(0.0, MUTE))
    return Figure(
        name="precision",
        title="How precisely each level of a dimension is measured",
        alt=f"Curves of the standard error over the level. Smallest standard errors: {'; '.join(best)}.",
        scene=curve_plot(curves, across, upwards, WIDE),
        narrow=curve_plot(curves, across, upwards, NARROW, 240),
        data=data,
        note=f"From the chosen dimensions’ own items ({rows[0]['estimator']}, *N* = {apa.count(rows[0]['n'])}). "
        "The lower the curve, the more precise the score at that level; where it leaves the picture, the error is "
        "larger than the spread of the persons.",
    )
