"""A small markup for sentences and cells: ``*italic*`` and ``**bold**``, nothing else; rendered for each kind of
output.

A star that belongs to the text is written ``\\*``; :func:`plain` text from a user's file goes through :func:`escape`
first.
"""

from __future__ import annotations

import html
import re

# What must not be torn apart at the end of a line: an interval with its name, a statistic with its value.
_TOGETHER = re.compile(r"(\d\d% CI )?\[[^\[\]\s]+, [^\[\]\s]+\]|(?<=[\w>)]) (=|&lt;|&gt;) (?=[\d.−])")
_MARK = re.compile(r"\\\*|\*\*(.+?)\*\*|\*(.+?)\*")


def escape(text: str) -> str:
    """Text from a config or a data file, so that its stars stay stars."""
    return str(text).replace("*", "\\*")


def runs(text: str) -> list[tuple[str, str]]:
    """The text as (style, part) pairs; style is ``""``, ``"italic"`` or ``"bold"``."""
    parts: list[tuple[str, str]] = []
    at = 0
    for match in _MARK.finditer(text):
        if match.start() > at:
            parts.append(("", text[at : match.start()]))
        if match.group(1) is not None:
            parts.append(("bold", match.group(1).replace("*", "")))
        elif match.group(2) is not None:
            parts.append(("italic", match.group(2)))
        else:
            parts.append(("", "*"))
        at = match.end()
    if at < len(text):
        parts.append(("", text[at:]))
    return parts


def plain(text: str) -> str:
    """Without marks: for alternative texts, CSV and pictures."""
    return "".join(part for _, part in runs(text))


def to_html(text: str) -> str:
    """Escaped HTML with ``em`` and ``strong``."""
    tags = {"": "{}", "italic": "<em>{}</em>", "bold": "<strong>{}</strong>"}
    marked = "".join(tags[style].format(html.escape(part, quote=False)) for style, part in runs(text))
    return _TOGETHER.sub(lambda match: match.group().replace(" ", "\u00a0"), marked)


_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "−": r"$-$",
    "—": "---",
    "–": "--",
    "χ": r"$\chi$",
    "²": r"$^{2}$",
    "α": r"$\alpha$",
    "ω": r"$\omega$",
    "λ": r"$\lambda$",
    "Δ": r"$\Delta$",
    "±": r"$\pm$",
    "∞": r"$\infty$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "×": r"$\times$",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "\u00a0": "~",
    "[": "{[}",
    "]": "{]}",
}


def to_latex(text: str) -> str:
    """LaTeX for pdflatex: special characters escaped, Greek letters and signs in math mode."""
    styles = {"": "{}", "italic": r"\textit{{{}}}", "bold": r"\textbf{{{}}}"}
    return "".join(styles[style].format("".join(_LATEX.get(c, c) for c in part)) for style, part in runs(text))
