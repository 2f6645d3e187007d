"""The relationship from both sides and over time: both reports as predictors, agreement, response surface, change."""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Figure, Paragraph, Section, TableBlock
from alliance.reporting.figures.axes import Scale
from alliance.reporting.figures.contour import Surface, contour_plot
from alliance.reporting.figures.intervals import Interval, Panel, interval_plot
from alliance.reporting.figures.style import look
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.plain_tables import plain_table
from alliance.reporting.results import Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.tables import Column, Table
from alliance.reporting.words_relation import surface_in_words, two_sides_in_words

BOTH, ALL, CHANGE = "both_reports", "all_dimensions", "change"
_DESIGNS = {
    "both_reports": "Both reports",
    "moderation": "Each report at levels of the other",
    "discrepancy": "Disagreement beside both reports",
    "change": "Change",
}
_FEATURES = {
    "b1": "Own report", "b2": "Other report", "b3": "Own report, squared", "b4": "Own × other report",
    "b5": "Other report, squared", "a1": "a1: slope along agreement", "a2": "a2: curvature along agreement",
    "a3": "a3: slope along disagreement", "a4": "a4: curvature along disagreement",
    "a5": "a5: does the ridge leave the line of agreement", "quadratic": "All three quadratic terms",
}  # fmt: skip


class _Words:
    """Printed names of the two reports and the terms made of them."""

    def __init__(self, results: Results, labels: Labels):
        asked = results.block("link", "relationship") or {}
        roles = results.block("roles") or {}
        role, partner = results.block("measurement", "role"), asked.get("partner")
        self.own = str(roles.get(role) or "Own report")
        self.partner = str(roles.get(partner) or "Other report")
        waves = results.block("waves") or {}
        first, later = results.block("measurement", "wave"), (asked.get("change") or {}).get("wave")
        self.first, self.later = (str(waves.get(w) or waves.get(str(w)) or f"Wave {w}") for w in (first, later))
        self.points = asked.get("scores", "sum") == "sum"
        self.unit = "point of the answer scale" if self.points else "unit of the score"

    def term(self, key: str) -> str:
        """A term of the relationship table."""
        own, other = self.own, self.partner.lower()
        return {
            "own": own, "partner": self.partner, "own:partner": f"{own} × {other}",
            "discrepancy": "Disagreement (size)", "own:discrepancy": f"{own} × disagreement",
            "own_at_partner_low": f"{own} where the {other} is low (−1 SD)",
            "own_at_partner_high": f"{own} where the {other} is high (+1 SD)",
            "level": f"Level, {self.first.lower()}", "change": f"Change to {self.later.lower()}",
        }.get(key, key)  # fmt: skip


def relationship_section(results: Results, labels: Labels) -> Section | None:
    """None when the config does not ask for it."""
    if not results.block("link", "relationship"):
        return None
    section = Section("relationship", "The relationship from both sides")
    words = _Words(results, labels)
    if not results.has("link_relationship"):
        section.say("Nothing could be estimated: too few students with both reports. The status table says more.")
        return section
    models = list(dict.fromkeys(r["model"] for r in results.rows("link_relationship", design=BOTH)))
    if models:
        _both_sides(section, results, labels, words, models)
    if results.rows("link_relationship", design=CHANGE):
        _over_time(section, results, labels, words)
    if results.has("link_reports"):
        section.blocks.append(TableBlock(_reports(results, labels, words), folded=True))
    return section


def _both_sides(section: Section, results: Results, labels: Labels, words: _Words, models: list[str]) -> None:
    main = models[0]
    outcome = escape(labels.link_model(main))
    said = two_sides_in_words(
        results.rows("link_relationship", model=main, design=ALL), words.own, words.partner, outcome
    )
    if said:
        section.blocks.append(Paragraph(said, lead=True))
    section.blocks.append(_figure(results, labels, words, models))
    section.say(
        "The two reports are two variables and are never averaged. Measurement error in a report makes its own "
        "association smaller, and lets the other report stand in for it where the two agree."
    )
    chosen = _most_curved(results, main)
    if chosen:
        rows = results.rows("link_response_surface", model=main, dimension=chosen)
        section.say(surface_in_words(rows, labels.dimension(chosen)))
        figure = _surface(results, labels, words, main, chosen)
        if figure:
            section.blocks.append(figure)
    designs = ("both_reports", "moderation", "discrepancy")
    section.blocks.append(TableBlock(_estimates(results, labels, words, designs, "relationship"), folded=True))
    if results.has("link_response_surface"):
        section.blocks.append(TableBlock(_features(results, labels), folded=True))


def _figure(results: Results, labels: Labels, words: _Words, models: list[str]) -> Figure:
    panels = []
    data = Table(
        "both_reports",
        f"Odds ratios of both reports, per {words.unit}",
        [Column("Report", numeric=False), Column("OR"), Column("95% CI"), Column("*n*")],
        note="Both reports of one dimension and the covariates in one model.",
    )
    for model in models:
        for row in (rows := results.rows("link_relationship", model=model, design=BOTH)):
            if row["term"] == "own":
                partner = next(r for r in rows if r["term"] == "partner" and r["dimension"] == row["dimension"])
                heading = f"{labels.link_model(model)}: {labels.dimension(row['dimension']).lower()}"
                data.heading(escape(heading))
                lines = []
                for i, r in enumerate((row, partner)):
                    numbers = (r["odds_ratio"], r["or_low"], r["or_high"])
                    data.add(
                        words.term(r["term"]), apa.number(numbers[0]), apa.interval(*numbers[1:]), apa.count(r["n"])
                    )
                    lines.append(Interval(words.term(r["term"]), *numbers, look(i), apa.estimate(*numbers)))
                panels.append(Panel(heading, lines))
    scale = Scale("ratio", f"Odds ratio per {words.unit}, log scale", 1.0, "outcome less likely", "outcome more likely")
    told = "; ".join(f"{p.heading}: " + ", ".join(f"{r.label} {r.text}" for r in p.rows) for p in panels)
    return Figure(
        name="both_reports",
        title=f"{words.own} and {words.partner.lower()} of the same relationship, each beside the other",
        alt=f"Points with 95% intervals. {told}.",
        scene=interval_plot(panels, scale, WIDE, text_heading="OR [95% CI]"),
        narrow=interval_plot(panels, scale, NARROW, text_heading="OR [95% CI]"),
        data=data,
    )


def _most_curved(results: Results, model: str) -> str | None:
    """The dimension whose surface is curved most clearly."""
    tests = results.rows("link_response_surface", model=model, kind="test")
    known = [r for r in tests if not apa.is_missing(r["p_value"])]
    return min(known, key=lambda r: r["p_value"])["dimension"] if known else None


def _surface(results: Results, labels: Labels, words: _Words, model: str, dimension: str) -> Figure | None:
    rows = results.rows("link_surface_grid", model=model, dimension=dimension)
    shown = [r for r in rows if str(r["supported"]) == "True"]
    if len(shown) < 4:
        return None
    x, y = (tuple(sorted({float(r[c]) for r in rows})) for c in ("own", "partner"))
    values = {(x.index(float(r["own"])), y.index(float(r["partner"]))): float(r["predicted"]) for r in shown}
    data = Table(
        "surface",
        f"Predicted outcome over both reports: {labels.dimension(dimension).lower()}",
        [Column(words.own), Column(words.partner), Column("Predicted")],
        note="Only where pairs of reports stand nearby, every other point; all of them in link/surface_grid.csv.",
    )
    for r in (r for r in shown if x.index(float(r["own"])) % 2 == y.index(float(r["partner"])) % 2 == 0):
        data.add(apa.number(r["own"], 1), apa.number(r["partner"], 1), apa.percent(r["predicted"], 0))
    low, high = min(values.values()), max(values.values())
    unit = ", points from the middle of the two reports’ means" if words.points else ""
    return Figure(
        name="surface",
        title=f"“{labels.link_model(model)}” over both reports of {labels.dimension(dimension).lower()}",
        alt=f"A map shaded from {apa.percent(low, 0)} to {apa.percent(high, 0)} over both reports, with the line on "
        "which the two agree.",
        scene=contour_plot(Surface(x, y, values), f"{words.own}{unit}", f"{words.partner}{unit}", 520),
        narrow=contour_plot(Surface(x, y, values), f"{words.own}{unit}", f"{words.partner}{unit}", NARROW),
        data=data,
        note="Predicted share by the response surface; dashed: the two reports agree. White: combinations that hardly "
        "occur. Straight and parallel lines: the reports "
        "add up, each with its own weight. Lines that close in on the dashed line: agreement as such goes with the "
        "outcome.",
    )


def _estimates(results: Results, labels: Labels, words: _Words, designs: tuple[str, ...], name: str) -> Table:
    over_time = designs == (CHANGE,)
    table = Table(
        name,
        "Level and change" if over_time else "Both reports, their agreement and their difference",
        [
            Column("Term", numeric=False), Column(f"OR per {'point' if words.points else 'unit'} [95% CI]"),
            Column("*p*"), Column("*p* adjusted"), Column("AME in points [95% CI]"), Column("*n*"),
        ],
        note="*p* adjusted: Holm, over dimensions and terms of one kind of model and outcome. "
        + (
            "Change is a difference of two scores and carries the error of both; those who answered twice only."
            if over_time
            else "Disagreement is the size of the difference of the two reports, beside both of them. A difference of "
            "two scores carries the error of both."
        ),
    )  # fmt: skip
    for design in designs:
        rows = results.rows("link_relationship", design=design)
        for model, dimension in dict.fromkeys((r["model"], r["dimension"]) for r in rows):
            table.heading(
                f"{_DESIGNS[design]}: {labels.dimension(dimension).lower()}, “{escape(labels.link_model(model))}”"
            )
            for r in rows:
                if (r["model"], r["dimension"]) == (model, dimension):
                    table.add(words.term(r["term"]), *_cells(r), indent=True)
    return table


def _cells(r: dict[str, Any]) -> list[str]:
    points = (
        apa.MISSING
        if apa.is_missing(r["ame"])
        else f"{apa.points(r['ame'])} {apa.points_interval(r['ame_low'], r['ame_high'])}"
    )
    return [
        apa.estimate(r["odds_ratio"], r["or_low"], r["or_high"]), apa.p_cell(r["p_value"]),
        apa.p_cell(r["p_adjusted"]), points, apa.count(r["n"]),
    ]  # fmt: skip


def _over_time(section: Section, results: Results, labels: Labels, words: _Words) -> None:
    rows = results.rows("link_relationship", design=CHANGE)
    clear = [r for r in rows if r["term"] == CHANGE and r["p_adjusted"] < 0.05]
    names = [
        f"{labels.dimension(r['dimension']).lower()} (“{escape(labels.link_model(r['model']))}”, OR "
        f"{apa.estimate(r['odds_ratio'], r['or_low'], r['or_high'])})"
        for r in clear
    ]
    reliable = [r for r in results.rows("link_reports", comparison=CHANGE)]
    text = (
        f"Change from {words.first.lower()} to {words.later.lower()}, beside the level at the start: "
        + (f"associated for {'; '.join(names)}" if names else "no clear association after adjustment")
        + "."
    )
    if reliable:
        least = min(reliable, key=lambda r: r["reliability_difference"])
        lowest = f"{apa.bounded(least['reliability_difference'])}, {labels.dimension(least['dimension']).lower()}"
        text += (
            f" Changes are known less well than levels (lowest reliability {lowest}), so their associations come out "
            "too small."
        )
    section.say(text)
    section.blocks.append(TableBlock(_estimates(results, labels, words, (CHANGE,), "change"), folded=True))


def _features(results: Results, labels: Labels) -> Table:
    table = Table(
        "response_surface",
        "Response surface of the two reports",
        [Column("Feature", numeric=False), Column("Estimate"), Column("95% CI"), Column("Test"), Column("*p*")],
        note="On the scale of log odds, reports centred at one common point (Edwards & Parry, 1993; Shanock et al., "
        "2010; a5: Humberg et al., 2019). Where the three quadratic terms are not clear together, a2, a4 and a5 are "
        "not read.",
    )
    rows = results.rows("link_response_surface")
    for model, dimension in dict.fromkeys((r["model"], r["dimension"]) for r in rows):
        own = [r for r in rows if (r["model"], r["dimension"]) == (model, dimension)]
        n = apa.count(own[0]["n"])
        table.heading(f"{labels.dimension(dimension)}, “{escape(labels.link_model(model))}” (*n* = {n})")
        for r in own:
            test = f"{'*F*' if r['kind'] == 'test' else '*t*'} = {apa.number(r['statistic'])}"
            limits = apa.interval(r["conf_low"], r["conf_high"])
            table.add(
                _FEATURES[r["term"]], apa.number(r["estimate"]), limits, test, apa.p_cell(r["p_value"]), indent=True
            )
    return table


def _reports(results: Results, labels: Labels, words: _Words) -> Table:
    rows = []
    for r in results.rows("link_reports"):
        pair = f"{words.own} and {words.partner.lower()}"
        if r["comparison"] == CHANGE:
            pair = f"{words.first} and {words.later.lower()}"
        rows.append({**r, "comparison": pair, "dimension": labels.dimension(r["dimension"])})
    heads = {
        "comparison": "Compared", "mean_1": "*M* first", "sd_1": "*SD* first", "mean_2": "*M* second",
        "sd_2": "*SD* second", "mean_difference": "Mean difference", "sd_difference": "*SD* of the difference",
        "icc": "ICC", "reliability_difference": "Reliability of the difference", "share_1_higher": "First higher",
        "share_agree": "Agree", "share_2_higher": "Second higher",
    }  # fmt: skip
    columns = ["comparison", "dimension", "n", *[c for c in heads if c != "comparison" and c != "icc"], "r", "icc"]
    return plain_table(
        rows,
        "reports",
        "The two reports, and the two waves, side by side",
        columns,
        heads=heads,
        note="Agree: within half a standard deviation. ICC: intraclass correlation of the pair.",
    )
