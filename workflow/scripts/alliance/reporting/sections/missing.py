"""What is missing, and who was not there at the second occasion."""

from __future__ import annotations

from typing import Any

from alliance.reporting.blocks import Section, TableBlock
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.plain_tables import plain_table
from alliance.reporting.results import POOLED, Results


def missing_section(results: Results, labels: Labels) -> Section:
    """Missing values by variable and attrition between waves."""
    section = Section("missing", "What is missing")
    if not results.has("describe_missingness") and not results.has("describe_attrition"):
        section.say("Missing values and attrition were not described in this study.")
        return section
    names = {
        "role": lambda v: labels.report_of(v, "").partition(",")[0],
        "variable": labels.variable,
        "dimension": labels.dimension,
    }
    rows = [
        r for r in results.rows("describe_missingness") if is_missing_text(r.get("cohort")) or r.get("cohort") == POOLED
    ]
    if rows:
        section.blocks.append(
            TableBlock(
                plain_table(
                    _without(rows, "cohort"),
                    "missingness",
                    "Missing values",
                    names=names,
                    heads={"share": "Missing", "n_missing": "*n* missing"},
                ),
                folded=len(rows) > 14,
            )
        )
    rows = results.rows("describe_attrition")
    if rows:
        section.blocks.append(
            TableBlock(
                plain_table(rows, "attrition", "Who answered again: attrition between the waves", names=names),
                folded=len(rows) > 14,
            )
        )
    elif len(results.block("waves") or {}) < 2:
        section.say("One occasion: there is no attrition between waves.")
    return section


def _without(rows: list[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != column} for row in rows]
