"""How the items were answered."""

from __future__ import annotations

import re
from typing import Any

from alliance.reporting import apa
from alliance.reporting.blocks import Figure
from alliance.reporting.figures.likert import Answers, likert_plot
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.results import Results
from alliance.reporting.sections.forest import NARROW, WIDE
from alliance.reporting.tables import Column, Table


def likert_figure(results: Results, labels: Labels) -> Figure | None:
    """Shares of the answers to the items of the measured report; None when they were not described."""
    rows = results.rows(
        "describe_items", role=results.block("measurement", "role"), wave=results.block("measurement", "wave")
    )
    shares = [c for c in (rows[0] if rows else {}) if re.fullmatch(r"share_\d+", c)]
    shares = [c for c in shares if any(not apa.is_missing(r[c]) for r in rows)]
    if not shares:
        return None
    codes = _codes(results, [c.removeprefix("share_") for c in shares])
    short = _short_labels(
        [str(r["label"]) if not is_missing_text(r.get("label")) else str(r["variable"]) for r in rows]
    )
    data = Table(
        "items",
        "Answers to the items: shares, means and corrected item-rest correlations",
        [
            Column("Item", numeric=False),
            Column("*n*"),
            *(Column(escape(code), spanner="Share of answers") for code in codes),
            Column("*M*"),
            Column("*SD*"),
            Column("Item-rest *r*"),
        ],
    )
    groups: list[tuple[str, list[Answers]]] = []
    for dimension in dict.fromkeys(r["dimension"] for r in rows):
        data.heading(escape(labels.dimension(dimension)))
        answers = []
        for row, name in zip(rows, short, strict=True):
            if row["dimension"] != dimension:
                continue
            values = tuple(0.0 if apa.is_missing(row[c]) else float(row[c]) for c in shares)
            answers.append(Answers(name, values))
            data.add(
                escape(name),
                apa.count(row["n"]),
                *(apa.percent(v, 0) for v in values),
                apa.number(row["mean"]),
                apa.number(row["sd"]),
                apa.bounded(row.get("item_rest")),
            )
        groups.append((labels.dimension(dimension), answers))
    report = labels.report_of(str(results.block("measurement", "role")), results.block("measurement", "wave"))
    return Figure(
        name="items",
        title=f"Answers to the items ({report.lower()}), percent",
        alt="Stacked bars, one per item, centred on the middle answer. " + _in_words(rows, short, shares, codes),
        scene=likert_plot(groups, codes, WIDE),
        narrow=likert_plot(groups, codes, NARROW),
        data=data,
        note="Reversed items are shown as they are scored.",
    )


def _codes(results: Results, codes: list[str]) -> list[str]:
    """Answer codes with the labels that the codebook gives them, when all items share them."""
    texts = {
        str(r.get("values"))
        for r in results.rows("intake_codebook", type="item")
        if not is_missing_text(r.get("values"))
    }
    named: dict[str, str] = {}
    if len(texts) == 1:
        for part in texts.pop().split(";"):
            code, _, label = part.partition("=")
            named[code.strip()] = label.strip()
    return [_named(code, named.get(code, "")) for code in codes]


def _named(code: str, label: str) -> str:
    """The code with its label; a label that begins with the code says both."""
    return label if label.startswith(code) else f"{code} {label}".strip()


def _short_labels(names: list[str]) -> list[str]:
    """Without a beginning that all of them share up to a colon."""
    heads = {name.partition(":")[0] for name in names}
    return (
        [name.partition(":")[2].strip() for name in names]
        if len(heads) == 1 and all(":" in n for n in names)
        else names
    )


def _in_words(rows: list[dict[str, Any]], names: list[str], shares: list[str], codes: list[str]) -> str:
    top = [(float(r[shares[-1]]), n) for r, n in zip(rows, names, strict=True) if not apa.is_missing(r[shares[-1]])]
    if not top:
        return ""
    high, low = max(top), min(top)
    return (
        f"The highest answer ({codes[-1]}) was given most often to “{high[1]}” ({apa.percent(high[0], 0)}) and "
        f"least often to “{low[1]}” ({apa.percent(low[0], 0)})."
    )
