"""Is the same measured in different groups, waves and roles: verdicts in words, then the tables behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Section, TableBlock
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels
from alliance.reporting.plain_tables import plain_table
from alliance.reporting.results import Results
from alliance.reporting.tables import Table

_INTERVAL = {"ci_lower": "95% CI from", "ci_upper": "to", "se": "*SE*", "n": "*n*"}


def add_invariance(section: Section, results: Results, labels: Labels) -> None:
    """Adds nothing when the config asks for no comparison."""
    rows = results.rows("invariance_verdicts")
    if not rows and not results.has("invariance_status"):
        return
    if rows:
        section.say("Whether the same is measured was tested step by step, and says what may be compared:")
    for row in rows:
        section.say(
            f"**{escape(_name(labels, row['grouping']))}** (*n* = {apa.count(row['n'])}). {escape(str(row['text']))}"
        )
    for row in results.rows("invariance_status", status="failed"):
        section.say(f"**{escape(_name(labels, row['sample']))}.** Not compared: {escape(str(row['reason']))}.")
    section.blocks += [TableBlock(t, folded=True) for t in _tables(results, labels) if t]


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
            "the scaled difference test is significant; unclear: they disagree. Released items are free.",
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
