"""The page: sections in reading order, figures and tables numbered as they appear, one self-contained HTML file."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alliance.reporting.blocks import Bullets, Figure, Notice, Paragraph, Section, TableBlock
from alliance.reporting.figures.png import to_png
from alliance.reporting.figures.svg import to_svg
from alliance.reporting.inline import plain, to_html
from alliance.reporting.labels import Labels
from alliance.reporting.methods import methods_text
from alliance.reporting.results import Results
from alliance.reporting.sections.answer import answer_section
from alliance.reporting.sections.cohorts import cohorts_section
from alliance.reporting.sections.collinearity import collinearity_section
from alliance.reporting.sections.decisions import decisions_section
from alliance.reporting.sections.effects import effects_section
from alliance.reporting.sections.flow import flow_section
from alliance.reporting.sections.invariance import invariance_section
from alliance.reporting.sections.issues import issues_section
from alliance.reporting.sections.limits import limits_section
from alliance.reporting.sections.link_checks import link_checks_section
from alliance.reporting.sections.links import links_section
from alliance.reporting.sections.measurement import measurement_section
from alliance.reporting.sections.measurement_error import measurement_error_section
from alliance.reporting.sections.mediation import mediation_section
from alliance.reporting.sections.missing import missing_section
from alliance.reporting.sections.missing_data import missing_data_section
from alliance.reporting.sections.outcomes import outcomes_section
from alliance.reporting.sections.record import record_section, status_section
from alliance.reporting.sections.relationship import relationship_section
from alliance.reporting.sections.sample import sample_section
from alliance.reporting.tables import Table, to_csv, to_html_table
from alliance.reporting.tables_latex import to_latex_table
from alliance.reporting.tables_word import to_docx


def build_sections(results: Results, versions: Mapping[str, str]) -> list[Section]:
    """All sections, in the order in which they are read."""
    labels = Labels(results)
    parts = (
        answer_section,
        flow_section,
        sample_section,
        measurement_section,
        invariance_section,
        links_section,
        measurement_error_section,
        collinearity_section,
        effects_section,
        cohorts_section,
        relationship_section,
        mediation_section,
        link_checks_section,
        outcomes_section,
        missing_section,
        missing_data_section,
        limits_section,
        decisions_section,
        issues_section,
        status_section,
    )
    made = (part(results, labels) for part in parts)
    return [*(section for section in made if section), record_section(results, labels, versions)]


def write_report(
    results: Results,
    *,
    template: str | Path,
    style: str | Path,
    page: str | Path,
    methods: str | Path,
    figures: str | Path,
    tables: str | Path,
    versions: Mapping[str, str],
) -> None:
    """Write the page, the methods paragraph, and every figure (SVG, PNG) and table (CSV, Word, LaTeX) as files."""
    sections = build_sections(results, versions)
    html = render(
        results, sections, Path(template).read_text(encoding="utf-8"), Path(style).read_text(encoding="utf-8")
    )
    Path(page).write_text(html, encoding="utf-8")
    Path(methods).parent.mkdir(parents=True, exist_ok=True)
    Path(methods).write_text(methods_text(results, Labels(results), versions), encoding="utf-8")
    _fresh(figures)
    _fresh(tables)
    for block in (b for section in sections for b in section.blocks):
        if isinstance(block, Figure):
            _write_figure(block, Path(figures))
            _write_table(block.data, Path(tables))
        elif isinstance(block, TableBlock):
            _write_table(block.table, Path(tables))


def render(results: Results, sections: list[Section], template: str, style: str) -> str:
    """The page as text. The template sees sections whose blocks are HTML already."""
    import jinja2

    counters = {"Figure": 0, "Table": 0}
    shown = [{"id": s.id, "title": s.title, "html": "".join(_block(b, counters) for b in s.blocks)} for s in sections]
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    study: dict[str, Any] = dict(results.block("study") or {})
    return environment.from_string(template).render(
        title=study.get("title") or study.get("name"),
        simulated=bool(study.get("simulated")),
        style=style,
        sections=shown,
    )


def _block(block: Any, counters: dict[str, int]) -> str:
    if isinstance(block, Paragraph):
        return f'<p class="lead">{to_html(block.text)}</p>' if block.lead else f"<p>{to_html(block.text)}</p>"
    if isinstance(block, Notice):
        return f'<aside class="verdict"><h3>{to_html(block.title)}</h3><p>{to_html(block.text)}</p></aside>'
    if isinstance(block, Bullets):
        return f"<ul>{''.join(f'<li>{to_html(item)}</li>' for item in block.items)}</ul>"
    if isinstance(block, Figure):
        return _figure(block, counters)
    return _table(block, counters)


def _figure(figure: Figure, counters: dict[str, int]) -> str:
    counters["Figure"] += 1
    number = counters["Figure"]
    title, alt = plain(figure.title), plain(figure.alt)
    wide = to_svg(figure.scene, title, alt, name=f"figure-{figure.name}")
    drawings = f'<div class="drawing{" wide" if figure.narrow else ""}">{wide}</div>'
    if figure.narrow:
        narrow = to_svg(figure.narrow, title, alt, name=f"figure-{figure.name}-narrow")
        drawings += f'<div class="drawing narrow">{narrow}</div>'
    note = f'<p class="note"><em>Note.</em> {to_html(figure.note)}</p>' if figure.note else ""
    data = (
        f'<details><summary>The numbers of Figure {number}</summary><div class="scroll" tabindex="0" '
        'role="region" aria-label="Numbers of Figure '
        f'{number}">{to_html_table(figure.data, caption=False)}</div></details>'
    )
    html = (
        f'<figure id="figure-{figure.name}"><figcaption><b>Figure {number}</b> '
        f"<span>{to_html(figure.title)}</span></figcaption>"
        f"{drawings}{note}{data}</figure>"
    )
    if figure.folded:
        return f"<details class=table><summary>Figure {number}: {to_html(figure.title)}</summary>{html}</details>"
    return html


def _table(block: TableBlock, counters: dict[str, int]) -> str:
    counters["Table"] += 1
    number = counters["Table"]
    table = block.table
    html = to_html_table(table).replace("<caption><span>", f"<caption><span><b>Table {number}</b> ", 1)
    body = f'<div class="scroll" tabindex="0" role="region" aria-label="Table {number}">{html}</div>'
    if block.folded:
        return f"<details class=table><summary>Table {number}: {to_html(table.caption)}</summary>{body}</details>"
    return f'<div class="table">{body}</div>'


def _fresh(folder: str | Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    Path(folder).mkdir(parents=True)


def _write_figure(figure: Figure, folder: Path) -> None:
    svg = to_svg(figure.scene, plain(figure.title), plain(figure.alt), name=figure.name, standalone=True)
    (folder / f"{figure.name}.svg").write_text(svg + "\n", encoding="utf-8")
    (folder / f"{figure.name}.png").write_bytes(to_png(figure.scene))


def _write_table(table: Table, folder: Path) -> None:
    (folder / f"{table.name}.csv").write_text(to_csv(table), encoding="utf-8")
    (folder / f"{table.name}.tex").write_text(to_latex_table(table), encoding="utf-8")
    (folder / f"{table.name}.docx").write_bytes(to_docx(table))
