"""Rating-scale columns that belong together, and which of them were probably asked the other way round."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from alliance.survey.draft_columns import Guess
from alliance.survey.draft_scales import Codes, labelled_codes, scale_codes, whole
from alliance.survey.readers import Raw
from alliance.survey.values import folded

if TYPE_CHECKING:
    import numpy as np

SMALLEST = 3  # columns that make a battery
NUMBER = re.compile(r"[_\W]*\d+[a-z]?\W*$", re.IGNORECASE)


def find_batteries(guesses: Sequence[Guess], raw: Raw) -> list[list[Guess]]:
    """Neighbouring scale columns with one stem (``Q3_1``, ``Q3_2``) and one set of answers.

    Their codes are settled together, for some answers are given in one of them only. A scale column that stands alone
    becomes a category (its type is changed in place).
    """
    found = []
    for _, group in groupby(guesses, key=lambda g: (g.type == "scale", stem(g.column) if g.type == "scale" else "")):
        columns = list(group)
        if columns[0].type != "scale":
            continue
        shared = shared_codes(columns, raw) if len(columns) >= SMALLEST else None
        if shared is None:
            for guess in columns:
                _to_category(guess)
            continue
        for guess in columns:
            guess.type, guess.codes = "item", shared
        found.append(columns)
    return found


def stem(column: str) -> str:
    """The name without its number: ``Q3_1`` and ``Q3_12`` are Q3; of ``Question | part`` the question."""
    question, bar, _ = column.partition(" | ")
    inner = re.sub(r"\[[^\[\]]*\]$", "", column)
    if bar:
        return question
    return inner if inner != column else NUMBER.sub("", column)


def shared_codes(columns: Sequence[Guess], raw: Raw) -> Codes | None:
    """The codes of all columns of a battery; None when they do not share a scale of three points or more."""
    counts: dict[str, int] = {}
    for guess in columns:
        for text, n in guess.counts.items():
            counts[text] = counts.get(text, 0) + n
    own = [raw.value_labels.get(guess.column) for guess in columns]
    declared = list(dict.fromkeys(r for g in columns for r in raw.declared_missing.get(g.column, [])))
    if own[0] and all(labels == own[0] for labels in own):
        codes: Codes | None = labelled_codes(own[0], counts, declared)
    elif any(own):
        return None
    else:
        codes = scale_codes(counts)
    if codes is None or len(codes.labels) < SMALLEST or any(whole(code) is None for code in codes.labels):
        return None
    return codes


def _to_category(guess: Guess) -> None:
    guess.type = "category"
    if guess.codes.unsure:
        guess.codes.labels = {label: label for label in guess.codes.labels.values()}
        guess.codes.unsure = ""


def reversed_items(battery: Sequence[Guess], raw: Raw) -> list[str]:
    """Columns that correlate negatively with the rest of their battery: by sign on the first principal component."""
    import numpy as np

    answers = np.column_stack([_numbers(raw, guess) for guess in battery])
    correlations = _pairwise(answers)
    if correlations is None:
        return []
    signs = np.sign(np.linalg.eigh(correlations)[1][:, -1])
    signs *= 1.0 if (signs > 0).sum() * 2 >= len(signs) else -1.0
    turned = []
    for i in np.flatnonzero(signs < 0):
        others = np.delete(np.arange(len(signs)), i)
        if np.mean(correlations[i, others] * signs[others]) < -0.1:
            turned.append(battery[i].column)
    return turned


def _numbers(raw: Raw, guess: Guess) -> np.ndarray:
    meaning = {code: float(code) for code in guess.codes.labels}
    labels = {folded(label): float(code) for code, label in guess.codes.labels.items()}

    def number(text: str) -> float:
        code = whole(text)
        return meaning.get(str(code), float("nan")) if code is not None else labels.get(folded(text), float("nan"))

    known = {text: number(text) for text in guess.counts}
    return raw.frame[guess.column].str.strip().map(known).to_numpy(dtype=float)


def _pairwise(answers: np.ndarray) -> np.ndarray | None:
    """Correlations of the rows that both columns have; None when some pair has too few or does not vary."""
    import pandas as pd

    table = pd.DataFrame(answers).corr(min_periods=20).to_numpy()
    return None if pd.isna(table).any() else table
