"""Every doubt about the raw files, how grave it is and what was done: counts here, rows and values in private."""

from __future__ import annotations

from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Section, TableBlock
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.results import Results
from alliance.reporting.tables import Column, Table

_LONG = 12  # longer tables are folded
_NAMED = 4  # columns that are listed by name


def issues_section(results: Results, labels: Labels) -> Section:
    """What was found in the raw files: warnings first, notes folded."""
    section = Section("issues", "Problems found in the raw files")
    rows = results.rows("intake_issues_summary")
    if not rows:
        section.say("None: every value agreed with the codebook.")
        return section
    warnings, notes = ([r for r in rows if (r["severity"] == "note") == note] for note in (False, True))
    section.say(
        f"{_kinds(warnings, 'warning')} and {_kinds(notes, 'note')}. Each was handled as the codebook or the config "
        "says, and no raw file was changed. Rows and values stand in the private list of issues only."
    )
    for name, caption, some in (
        ("issues", "Warnings about the raw files", warnings),
        ("issue_notes", "Notes about the raw files", notes),
    ):
        if some:
            table = _table(name, caption, some)
            section.blocks.append(TableBlock(table, folded=name != "issues" or len(table.body) > _LONG))
    return section


def _kinds(rows: list[dict[str, Any]], word: str) -> str:
    n = len({(r["file"], r["problem"]) for r in rows})
    return f"{apa.count(n)} kind{'' if n == 1 else 's'} of {word}"


def _table(name: str, caption: str, rows: list[dict[str, Any]]) -> Table:
    heads = [Column(head, numeric=False) for head in ("Problem", "Columns")]
    table = Table(name, caption, [*heads, Column("Cells"), Column("What was done", numeric=False)])
    for file in dict.fromkeys(r["file"] for r in rows):
        table.heading(escape(str(file)))
        kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for r in rows:
            if r["file"] == file:
                kinds.setdefault((str(r["problem"]), _text(r["action"])), []).append(r)
        for (problem, action), same in kinds.items():
            table.add(escape(problem), escape(_columns(same)), _cells(same), escape(action), indent=True)
    return table


def _text(value: Any) -> str:
    return "" if is_missing_text(value) else str(value)


def _columns(rows: list[dict[str, Any]]) -> str:
    named = [_text(r["column"]) for r in rows]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more


def _cells(rows: list[dict[str, Any]]) -> str:
    """The counts of the columns; one that is the same for all is said once."""
    counts = [_text(r["n"]) for r in rows]
    distinct = list(dict.fromkeys(counts))
    if distinct == [""]:
        return ""
    each = " each" if len(counts) > 1 else ""
    return f"{distinct[0]}{each}" if len(distinct) == 1 else ", ".join(counts)
