"""The codebook as a page: every variable with its label, kind of question, answers as small bars, and what is missing.

Reads only shared tables; what they withhold stays withheld here.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from alliance.codebook import Codebook, Column
from alliance.reporting import apa
from alliance.reporting.results import POOLED, Results

KINDS = {
    "item": "Item",
    "category": "Category",
    "number": "Number",
    "date": "Date",
    "text": "Text, not tabled",
    "id": "Identifier, in no table",
}
_MISSING_LEVEL = "(missing)"
_WIDTH, _HEIGHT = 132, 26


@dataclass(frozen=True)
class Answers:
    """How often each answer was given (None: withheld), how many answered and how many did not, as text."""

    shares: dict[str, float | None]
    moments: str = ""
    n: str = ""
    missing: str = ""


def codebook_html(results: Results, codebook: Codebook, style: str) -> str:
    """The page as one self-contained file."""
    study = results.block("study")
    sections = _sections(results, codebook)
    parts = [_section(f"part-{i}", title, columns, results) for i, (title, columns) in enumerate(sections, 1)]
    links = "".join(f'<li><a href="#part-{i}">{_text(title)}</a></li>' for i, (title, _) in enumerate(sections, 1))
    minimum = int((results.block("report") or {}).get("minimum_cell", 10))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Codebook: {_text(study['title'])}</title>\n<style>\n{style}\n{_STYLE}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#part-1">Skip to the variables</a>\n<header>\n<p class="kicker">Codebook</p>\n'
        f"<h1>{_text(study['title'])}</h1>\n<p>Every variable of the study: what was asked, how it was answered, and "
        f"what is missing. Answers are those of the sample. Counts of fewer than {minimum} persons, and what would "
        f'give them away, are withheld. <a href="report.html">To the report</a></p>\n</header>\n<div class="frame">\n'
        f'<nav aria-label="Contents"><ol>{links}</ol></nav>\n<main>\n{"".join(parts)}</main>\n</div>\n'
        "<footer><p>Made by the alliance pipeline from the codebook and the shared tables.</p></footer>\n"
        "</body>\n</html>\n"
    )


def _sections(results: Results, codebook: Codebook) -> list[tuple[str, list[Column]]]:
    """Variables of each report, then those of each file that belong to the whole row; a variable once in each."""
    roles, waves = results.block("roles") or {}, results.block("waves") or {}
    waves = {str(k): v for k, v in waves.items()}
    found: dict[str, dict[str, Column]] = {}
    for c in sorted(codebook.used(), key=lambda c: c.report is None):  # what was asked comes first
        if c.report:
            title = f"{roles.get(c.report[0], c.report[0])}, {waves.get(str(c.report[1]), c.report[1])}"
        else:
            title = f"File {c.input}"
        found.setdefault(title, {}).setdefault(c.variable, c)
    return [(title, list(columns.values())) for title, columns in found.items()]


def _section(name: str, title: str, columns: Iterable[Column], results: Results) -> str:
    rows = "".join(_row(c, _answers(c, results), results) for c in columns)
    heads = ("Variable", "Question", "Kind", "Answers", "Answered, missing")
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    return (
        f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{_text(title)}</h2>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{_text(title)}"><table class="codebook">'
        f"<caption>Variables: {_text(title)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>\n"
    )


def _row(c: Column, answers: Answers | None, results: Results) -> str:
    dimension = (results.block("instrument", "dimensions") or {}).get(c.dimension, c.dimension)
    kind = KINDS.get(c.type, c.type) + (f"<br>{_text(dimension)}" if dimension else "")
    kind += "<br>turned at intake" if c.reverse else ""
    drawn = told = ""
    if answers is not None:
        drawn = (_bars(answers.shares, c.codes or {}) if answers.shares else "") + _text(answers.moments)
        told = f"{_text(answers.n)}<br>{_text(answers.missing)}" if answers.n else ""
    if not drawn and c.codes:
        drawn = _text("; ".join(v if k == v else f"{k} = {v}" for k, v in c.codes.items()))
    if not drawn and c.range:
        drawn = _text(f"{c.range[0]:,.10g} to {c.range[1]:,.10g}")
    return (
        f'<tr><th scope="row"><code>{_text(c.variable)}</code></th><td>{_text(c.label)}</td><td>{kind}</td>'
        f'<td class="answers">{drawn}</td><td class="num">{told}</td></tr>'
    )


def _answers(c: Column, results: Results) -> Answers | None:
    """What the shared tables say about a variable; None when they do not have it."""
    if c.indicator and c.report:
        rows = results.rows("describe_items", role=c.report[0], wave=c.report[1], variable=c.variable)
        if not rows:
            return None
        row = rows[0]
        shares = {k.removeprefix("share_"): _number(v) for k, v in row.items() if k.startswith("share_")}
        codes = {str(k) for k in range(c.scale[0], c.scale[1] + 1)} if c.type == "item" else set()
        shares = {k: v for k, v in shares.items() if k in codes}
        return Answers(shares, _moments(row), *_counts(row["n"], row["missing"]))
    rows = results.rows("describe_characteristics", variable=c.variable, cohort=POOLED)
    if not rows:
        return None
    known = [r for r in rows if str(r["level"]) not in (_MISSING_LEVEL, "nan", "")]
    blank = [r for r in rows if str(r["level"]) == _MISSING_LEVEL]
    number = [r for r in rows if str(r["level"]) in ("nan", "")]
    missing = blank[0]["n"] if blank else 0
    if number:
        return Answers({}, _moments(number[0]), *_counts(number[0]["n"], missing))
    sizes = [r["n"] for r in known]
    total = float("nan") if any(apa.is_missing(n) for n in sizes) else sum(sizes)
    return Answers({str(r["level"]): _number(r["share"]) for r in known}, "", *_counts(total, missing))


def _counts(n: Any, missing: Any) -> tuple[str, str]:
    left = "missing: few" if apa.is_missing(missing) else f"missing: {apa.count(missing)}"
    return ("n withheld" if apa.is_missing(n) else f"n = {apa.count(n)}"), left


def _moments(row: Mapping[str, Any]) -> str:
    if apa.is_missing(row.get("mean")):
        return ""
    return f"M = {apa.number(row['mean'])}, SD = {apa.number(row['sd'])}"


def _number(value: Any) -> float | None:
    return None if apa.is_missing(value) else float(value)


def _bars(shares: Mapping[str, float | None], labels: Mapping[str, str]) -> str:
    """One bar for each answer, as high as its share; a withheld one is an open frame."""
    top = max((s for s in shares.values() if s is not None), default=0.0) or 1.0
    step = _WIDTH / max(len(shares), 1)
    told, drawn = [], []
    for i, (code, share) in enumerate(shares.items()):
        name = labels.get(code, code)
        told.append(f"{name}: {'withheld' if share is None else apa.percent(share, 0)}")
        x, width = f"{i * step + 1:.1f}", f"{max(step - 2, 1):.1f}"
        if share is None:
            drawn.append(f'<rect class="open" x="{x}" y="{_HEIGHT - 7}" width="{width}" height="6.5"/>')
        else:
            high = max(_HEIGHT * share / top, 0.6)
            drawn.append(f'<rect x="{x}" y="{_HEIGHT - high:.1f}" width="{width}" height="{high:.1f}"/>')
    title = _text("; ".join(told))
    return (
        f'<svg class="bars" viewBox="0 0 {_WIDTH} {_HEIGHT + 1}" width="{_WIDTH}" height="{_HEIGHT + 1}" role="img" '
        f'aria-label="{title}"><title>{title}</title>{"".join(drawn)}'
        f'<line x1="0" x2="{_WIDTH}" y1="{_HEIGHT + 0.5}" y2="{_HEIGHT + 0.5}"/></svg>'
        f'<span class="told">{title}</span>'
    )


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)


_STYLE = """
.codebook td, .codebook th { padding-top: .55rem; padding-bottom: .55rem; border-bottom: 1px solid var(--rule); }
.codebook td:nth-child(2) { min-width: 13rem; }
.bars { display: block; margin-bottom: .2rem; }
.bars rect { fill: var(--accent); }
.bars rect.open { fill: none; stroke: var(--quiet); stroke-dasharray: 2 2; }
.bars line { stroke: var(--quiet); }
.told { display: block; max-width: 22rem; font-size: .78rem; color: var(--quiet); }
"""
