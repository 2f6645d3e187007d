"""What a section of the report is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from alliance.reporting.figures.scene import Scene
from alliance.reporting.tables import Table


@dataclass(frozen=True)
class Paragraph:
    """A paragraph in the small markup of :mod:`alliance.reporting.inline`; ``lead`` sets it large (the answer)."""

    text: str
    lead: bool = False


@dataclass(frozen=True)
class Notice:
    """Something that must not be overlooked."""

    title: str
    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """A drawing with its title, its alternative text and the table of what it shows; ``narrow`` is the drawing for a
    phone, ``folded`` when it is for looking things up."""

    name: str
    title: str
    alt: str
    scene: Scene
    data: Table
    narrow: Scene | None = None
    note: str = ""
    folded: bool = False


@dataclass(frozen=True)
class TableBlock:
    """A table on the page; ``folded`` when it is for looking things up."""

    table: Table
    folded: bool = False


Block = Paragraph | Notice | Bullets | Figure | TableBlock


@dataclass
class Section:
    """A part of the page with its anchor and its heading."""

    id: str
    title: str
    blocks: list[Block] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Append a paragraph."""
        self.blocks.append(Paragraph(text))
