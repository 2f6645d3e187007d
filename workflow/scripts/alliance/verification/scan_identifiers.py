"""Which words of a file are identifiers of persons, however they are written there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from alliance.codebook import Codebook

ID_VARIABLES = ("student_id", "mentor_id")
SHORTEST = 4  # characters: shorter ids are labels too often (U1, w2)
SHORTEST_NUMBER = 6  # digits: shorter numbers occur by chance (counts, sizes, coordinates)
_WORD = re.compile(r"[^\s,;|\"'<>()\[\]{}=&]+")
_SPLIT = re.compile(r"[/:#]+")
_SPACED = re.compile(r"\b[^\W\d_]{1,4}[ -]\d{3,}\b")
# One separator and two digits: in tables a role stands before the number of its wave ("mentee     1").
_NAMED = re.compile(
    r"(?:student|mentor|mentee|person|advisor)(?:[ _]?id)?(?: |: ?|=|#)\"?'?([0-9]{2,5})\b(?![.,]\d)", re.I
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DECIMAL = re.compile(r"[-+−]?\d*\.\d*[1-9]\d*(?:[eE][-+]?\d+)?")  # no id: 1234.0 may be one
_GEOMETRY = re.compile(r"\b(?:d|points|transform|viewBox)=\"[^\"]*\"")


@dataclass(frozen=True)
class Identifiers:
    """The identifiers of a study, in the one form into which ``normalise`` brings every way of writing them.

    ``known`` are searched for as whole words. ``numbers`` are ids too short to be told from other numbers: they are
    searched for only where the text says that it names a person ("student 123"). ``left_out`` counts ids that are
    words of the study itself (its config or codebook) or shorter than four characters: nobody can search for them.
    ``pseudonyms`` gives the names under which a study with a key knows a normalised id: then each word is looked up
    under these as well, because the ids themselves are nowhere in the results.
    """

    known: frozenset[str]
    numbers: frozenset[str]
    left_out: int
    normalise: Callable[[str], str]
    public: frozenset[str]
    pseudonyms: Callable[[str], list[str]] | None = None

    def found(self, text: str) -> set[str]:
        """The words of ``text``, as they stand there, that are an identifier or an e-mail address of somebody."""
        words = {w for w in set(_WORD.findall(_GEOMETRY.sub("", text))) if not _DECIMAL.fullmatch(w)}
        addresses = {address for w in words if "@" in w for address in _EMAIL.findall(w)}
        words |= {part for w in words if "/" in w or ":" in w or "#" in w for part in _SPLIT.split(w)}
        words |= set(_SPACED.findall(text))
        hits = {word for word in words if self._is_known(word)}
        hits |= {number for number in _NAMED.findall(text) if self.normalise(number) in self.numbers}
        return hits | {address for address in addresses if address.lower() not in self.public}

    def _is_known(self, word: str) -> bool:
        bare = word.strip(".:!?`*_")
        if len(bare) < SHORTEST or (word[:1] in ".-+" and bare.isdigit()):
            return False
        one = self.normalise(bare)
        if one in self.known or bare in self.known:
            return True
        if self.pseudonyms is None or len(one) < SHORTEST or one in self.public:
            return False
        if one.isdigit() and len(one) < SHORTEST_NUMBER:
            return False
        return any(name in self.known for name in self.pseudonyms(one))


def read_identifiers(
    files: Iterable[str | Path],
    normalise: Callable[[str], str],
    public: Iterable[str],
    pseudonyms: Callable[[str], list[str]] | None = None,
) -> Identifiers:
    """All ids in the private Parquet files of intake. ``public`` are texts that hold no person: config and codebook."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    ids: set[str] = set()
    for file in files:
        names = [name for name in pq.read_schema(file).names if name in ID_VARIABLES]
        table = pq.read_table(file, columns=names)
        for name in names:
            ids |= {str(value) for value in pc.unique(table[name]).to_pylist() if value not in (None, "")}
    return identifiers(ids, normalise, public, pseudonyms)


def identifiers(
    ids: Iterable[str],
    normalise: Callable[[str], str],
    public: Iterable[str] = (),
    pseudonyms: Callable[[str], list[str]] | None = None,
) -> Identifiers:
    """The identifiers to search for; see :class:`Identifiers`."""
    texts = list(public)
    words = {normalise(word.strip(".:")) for text in texts for word in _WORD.findall(text)}
    words |= {address.lower() for text in texts for address in _EMAIL.findall(text)}
    known, numbers, left_out = set(), set(), 0
    for raw in ids:
        one = normalise(raw)
        if one.isdigit() and len(one) < SHORTEST_NUMBER:
            numbers.add(one)
        elif len(one) < SHORTEST or one in words:
            left_out += 1
        else:
            known |= {one, raw}
    return Identifiers(frozenset(known), frozenset(numbers), left_out, normalise, frozenset(words), pseudonyms)


def id_columns(codebook: Codebook) -> set[str]:
    """Headings under which identifiers stand in raw files and in private results (lower case)."""
    raw = {column.column for column in codebook.used() if column.type == "id"}
    return {name.lower() for name in raw | set(ID_VARIABLES)} - {"id", "n"}
