"""Is the same measured in different groups, waves and roles: verdicts in words, then the tables behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Figure, Section, TableBlock
from alliance.reporting.figures.grid import DOUBT, FAILS, HOLDS, UNTESTED, Verdicts, verdict_grid
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.plain_tables import plain_table
from alliance.reporting.results import Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.tables import Column, Table

_INTERVAL = {"ci_lower": "95% CI from", "ci_upper": "to", "se": "*SE*", "n": "*n*"}


def invariance_section(results: Results, labels: Labels) -> Section | None:
    """None when the config asks for no comparison."""
    section = Section("invariance", "Is the same measured?")
    rows = results.rows("invariance_verdicts")
    if not rows and not results.has("invariance_status"):
        return None
    if rows:
        section.say(
            "Whether the same is measured in different groups, waves and roles was tested step by step; how far the "
            "steps hold says what may be compared."
        )
        section.blocks.append(_overview(results, labels, rows))
        section.blocks.append(TableBlock(_allowed(labels, rows)))
    for row in results.rows("invariance_status", status="failed"):
        section.say(f"**{escape(_name(labels, row['sample']))}.** Not compared: {escape(str(row['reason']))}.")
    section.blocks += [TableBlock(t, folded=True) for t in _tables(results, labels) if t]
    return section


_VERDICTS = {"supported": HOLDS, "unclear": DOUBT, "rejected": FAILS}


_MEANING = {
    "thresholds": "the same words mean the same step of the answer",
    "loadings": "associations may be compared",
    "intercepts": "latent means may be compared",
    "residuals": "means of sum scores may be compared",
}


def _overview(results: Results, labels: Labels, rows: list[dict[str, Any]]) -> Figure:
    """Each comparison's verdict at each step, as a grid."""
    tests = [r for r in results.rows("invariance_invariance") if not str(r["step"]).endswith(", every item")]
    steps = list(dict.fromkeys(str(r["step"]).split("+")[-1] for r in tests if r["verdict"] != "baseline"))
    found = {(str(r["grouping"]), str(r["step"]).split("+")[-1]): str(r["verdict"]) for r in tests}
    lines, data = (
        [],
        Table(
            "invariance_overview",
            "Invariance at a glance",
            [Column("Comparison", numeric=False), *(Column(s.capitalize(), numeric=False) for s in steps)],
        ),
    )
    for row in rows:
        key, name = str(row["grouping"]), _name(labels, row["grouping"])
        verdicts = [found.get((key, step), "") for step in steps]
        free = "" if is_missing_text(row["released"]) else f"{row['released']} left free"
        lines.append(Verdicts(name, tuple(_VERDICTS.get(v, UNTESTED) for v in verdicts), free))
        data.add(escape(name), *(escape(v) if v else apa.MISSING for v in verdicts))
    said = [f"{line.label}: " + ", ".join(f"{s} {v or 'not tested'}" for s, v in zip(steps, line.steps, strict=True))
            for line in lines]  # fmt: skip
    return Figure(
        name="invariance",
        title="Is the same measured? Steps of invariance in each comparison",
        alt=f"Grid of verdicts. {'. '.join(said)}.",
        scene=verdict_grid([s.capitalize() for s in steps], lines, WIDE),
        narrow=verdict_grid([s.capitalize() for s in steps], lines, NARROW),
        data=data,
        note="What is held equal, each step beside the ones before it. "
        + " ".join(f"{s.capitalize()}: {_MEANING[s]}." for s in steps if s in _MEANING),
    )


def _allowed(labels: Labels, rows: list[dict[str, Any]]) -> Table:
    """What each comparison allows, in words."""
    table = Table(
        "invariance_verdicts",
        "What may be compared",
        [Column("Comparison", numeric=False), Column("*n*"), Column("Verdict", numeric=False)],
        note="Decided by criteria declared in the config: change in CFI and in RMSEA, and the scaled difference test.",
    )
    for row in rows:
        table.add(escape(_name(labels, row["grouping"])), apa.count(row["n"]), escape(str(row["text"])))
    return table


def _name(labels: Labels, grouping: str) -> str:
    if "," in grouping or " " in grouping.strip():
        return grouping[:1].upper() + grouping[1:]
    return " by ".join(labels.variable(part.strip()) for part in grouping.split("*"))


def _tables(results: Results, labels: Labels) -> list[Table | None]:
    def make(name: str, short: str, title: str, columns: Sequence[str], heads: dict, note: str) -> Table | None:
        rows: list[dict[str, Any]] = results.rows(f"invariance_{name}")
        if not rows:
            return None
        rows = [{**r, "grouping": _name(labels, str(r["grouping"]))} for r in rows]
        there = [c for c in columns if any(c in r for r in rows)]
        names = {"dimension": labels.dimension}
        return plain_table(rows, short, title, there, names=names, heads={**_INTERVAL, **heads}, note=note)

    return [
        make(
            "invariance", "invariance", "Invariance step by step",
            ["grouping", "step", "estimator", "n", "chisq_scaled", "df", "cfi_scaled", "rmsea_scaled", "chisq_diff",
             "df_diff", "p_diff", "delta_cfi", "delta_rmsea", "verdict"],
            {"chisq_scaled": "*χ*²", "df": "*df*", "cfi_scaled": "CFI", "rmsea_scaled": "RMSEA", "chisq_diff": "Δ*χ*²",
             "df_diff": "Δ*df*", "p_diff": "*p*", "delta_cfi": "ΔCFI", "delta_rmsea": "ΔRMSEA"},
            "Each step against the one before. Rejected: CFI falls by .010 or more, RMSEA rises by .015 or more, and "
            "the scaled difference test is significant; unclear: they disagree. Released items are free; “every item” "
            "marks the step before that.",
        ),
        make(
            "effects", "invariance_effects", "Items that are not invariant: size of the difference",
            ["grouping", "dimension", "item", "group", "reference", "difference", "d_macs"],
            {"difference": "Difference in points", "d_macs": "*d*"},
            "Expected answer at the same level of the dimension, group minus reference, in points of the answer scale.",
        ),
        make(
            "means", "latent_means", "Latent means where they may be compared",
            ["grouping", "estimator", "dimension", "group", "reference", "mean", "se", "ci_lower", "ci_upper"],
            {"mean": "Mean"}, "In standard deviations of the reference, whose mean is 0.",
        ),
        make(
            "change", "latent_change", "Change from wave to wave",
            ["grouping", "estimator", "dimension", "from", "to", "measure", "value", "se", "ci_lower", "ci_upper"], {},
            "MLR uses all answers and allows for attrition that depends on earlier answers; WLSMV speaks of those who "
            "stayed.",
        ),
        make(
            "agreement", "agreement", "Agreement of the roles",
            ["grouping", "dimension", "measure", "n", "value", "ci_lower", "ci_upper", "unit"], {},
            "The two reports are never averaged.",
        ),
        make(
            "partial", "partial_invariance", "Search for items that are not invariant: every test",
            ["grouping", "step", "round", "item", "chisq_diff", "df_diff", "p_diff", "p_adjusted", "p_half_1",
             "p_half_2", "decision"],
            {"chisq_diff": "Δ*χ*²", "df_diff": "Δ*df*", "p_diff": "*p*", "p_adjusted": "*p* adjusted",
             "p_half_1": "*p*, first half", "p_half_2": "*p*, second half"},
            "Released: significant after Bonferroni over items and steps, and in both random halves.",
        ),
        make(
            "collapse", "collapse", "Answer categories that were merged",
            ["grouping", "item", "category", "into", "smallest_n", "rule"], {"smallest_n": "Fewest answers"},
            "By the rule of the config; for this comparison only.",
        ),
    ]  # fmt: skip
