"""One id out of the many ways in which people write it."""

from __future__ import annotations

import re
from collections.abc import Sequence

STEPS = {
    "strip": lambda text: " ".join(text.split()),
    "uppercase": str.upper,
    "lowercase": str.lower,
    "drop_email_domain": lambda text: text.partition("@")[0],
    "drop_punctuation": lambda text: re.sub(r"[\W_]+", "", text),
    "drop_leading_zeros": lambda text: re.sub(r"^(\D*)0+(?=\d)", r"\1", text),
}


def normalise(text: str, steps: Sequence[str]) -> str:
    """Apply the steps of the config (``ids.normalise``) in their order.

    A number that some program has stored with a decimal (``1234.0``) is first made whole again: dropping its point
    as punctuation would make another id of it.
    """
    text = text.strip()
    text = re.sub(r"^(\d+)\.0+$", r"\1", text)
    for step in steps:
        text = STEPS[step](text)
    return text
