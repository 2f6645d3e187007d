"""What makes the report checkable: status of every model, inputs, software."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Section, TableBlock
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.plain_tables import plain_table
from alliance.reporting.results import Results
from alliance.reporting.tables import Column, Table


def status_section(results: Results, labels: Labels) -> Section:
    """Every model that was asked for and what became of it."""
    section = Section("status", "Status of every model")
    rows = [r for name in sorted(results.tables, key=_reading_order) if name.endswith("_status")
            for r in results.rows(name)]  # fmt: skip
    if not rows:
        section.say("No models were asked for.")
        return section
    fitted = [r for r in rows if r["status"] != "note"]
    good = sum(r["status"] == "ok" for r in fitted)
    section.say(f"{apa.count(good)} of {apa.count(len(fitted))} models gave an admissible result.")
    remarks = [r for r in rows if r["status"] != "ok" or not is_missing_text(r.get("reason"))]
    if remarks:
        section.blocks.append(
            TableBlock(_status(_together(remarks), "remarks", "Models without a result, or with a remark", labels))
        )
    section.blocks.append(TableBlock(_status(rows, "status", "Status of every model", labels), folded=True))
    return section


_MEASURED = ("measurement", "invariance")  # stages whose models are those of the measurement menu
_STAGES = (*_MEASURED, "link")


def _reading_order(name: str) -> tuple[int, str]:
    """Stages in the order in which they run; what belongs to the link stage after it."""
    stage = name.partition("_")[0]
    return (_STAGES.index(stage) if stage in _STAGES else len(_STAGES), name)


def _together(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row where the same is said of a model in several samples."""
    found: dict[tuple, dict[str, Any]] = {}
    for row in rows:
        model = "" if is_missing_text(row.get("model")) else str(row["model"])
        key = (row["stage"], model, row["status"], str(row.get("reason")))
        one = found.setdefault(key, {**row, "samples": []})
        one["samples"].append(row["sample"])
    return list(found.values())


def _status(rows: list[dict[str, Any]], name: str, caption: str, labels: Labels) -> Table:
    table = Table(name, caption, [Column(c, numeric=False) for c in ("Model", "Sample", "Status", "Reason")])
    for stage in dict.fromkeys(str(r["stage"]) for r in rows):
        table.heading(stage.capitalize())
        for r in rows:
            if r["stage"] == stage:
                model = "" if is_missing_text(r.get("model")) else str(r["model"])
                named = labels.measurement_model(model) if stage in _MEASURED else labels.link_model(model)
                samples = r.get("samples") or [r["sample"]]
                sample = ", ".join("" if is_missing_text(s) else labels.sample(str(s)).lower() for s in samples)
                reason = "" if is_missing_text(r.get("reason")) else str(r["reason"])
                table.add(escape(named), escape(sample), r["status"], escape(reason), indent=True)
    return table


def record_section(results: Results, labels: Labels, versions: Mapping[str, str]) -> Section:
    """Hashes of the raw files and versions of the software."""
    section = Section("record", "Data and software")
    rows = results.rows("intake_inputs")
    if rows:
        table = plain_table(
            rows,
            "inputs",
            "Raw files",
            ["file", "rows", "columns", "format", "encoding", "sha256"],
            note="Opened read-only. SHA-256 identifies the file to the last bit.",
        )
        section.blocks.append(TableBlock(table))
    table = Table("software", "Software", [Column("Package", numeric=False), Column("Version", numeric=False)])
    for name, version in versions.items():
        table.add(escape(name), escape(version))
    section.blocks.append(TableBlock(table, folded=True))
    section.say(
        f"Seed of the study: {escape(str(results.block('seed')))}. The commit, the hash of the lock file, the "
        "hashes of all results and the seconds of every step stand "
        "in verify/receipt.json beside this page; whether the reported numbers were reproduced stands in "
        "verify/claims.csv."
    )
    return section
