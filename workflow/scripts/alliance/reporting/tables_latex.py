"""A table as LaTeX (booktabs), to be included in a manuscript."""

from __future__ import annotations

from alliance.reporting.inline import to_latex
from alliance.reporting.tables import Heading, Table


def to_latex_table(table: Table) -> str:
    """A ``table`` environment with booktabs rules, caption, label ``tab:<name>`` and the note below."""
    layout = "".join("r" if column.numeric else "l" for column in table.columns)
    layout = "l" + layout[1:]
    lines = [r"\begin{table}", r"\centering", rf"\caption{{{to_latex(table.caption)}}}", rf"\label{{tab:{table.name}}}"]
    lines += [rf"\begin{{tabular}}{{{layout}}}", r"\toprule"]
    spanners = table.spanners()
    if spanners:
        lines.append(
            " & ".join(rf"\multicolumn{{{width}}}{{c}}{{{to_latex(label)}}}" for label, width in spanners) + r" \\"
        )
        lines += _spanner_rules(spanners)
    lines += [" & ".join(to_latex(column.label) for column in table.columns) + r" \\", r"\midrule"]
    for row in table.rows:
        if isinstance(row, Heading):
            lines.append(rf"\multicolumn{{{len(table.columns)}}}{{l}}{{{to_latex(row.label)}}} \\")
        else:
            lead = r"\quad " if row.indent else ""
            lines.append(lead + " & ".join(to_latex(cell) for cell in row.cells) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}"]
    if table.note:
        lines.append(rf"\par\smallskip\footnotesize\textit{{Note.}} {to_latex(table.note)}")
    return "\n".join([*lines, r"\end{table}", ""])


def _spanner_rules(spanners: list[tuple[str, int]]) -> list[str]:
    rules, at = [], 1
    for label, width in spanners:
        if label:
            rules.append(rf"\cmidrule(lr){{{at}-{at + width - 1}}}")
        at += width
    return rules
