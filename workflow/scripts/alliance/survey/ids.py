"""One id out of the many ways in which people write it."""

from __future__ import annotations

import re
from collections.abc import Sequence

DECIMAL = re.compile(r"(\d+)\.0+")
PUNCTUATION = re.compile(r"[\W_]+")
ZEROS = re.compile(r"^(\D*)0+(?=\d)")
ONLY_OTHERS = {"strip", "drop_email_domain", "drop_punctuation"}  # leave letters and digits as they are
STEPS = {
    "strip": lambda text: " ".join(text.split()),
    "uppercase": str.upper,
    "lowercase": str.lower,
    "drop_email_domain": lambda text: text.partition("@")[0],
    "drop_punctuation": lambda text: PUNCTUATION.sub("", text),
    "drop_leading_zeros": lambda text: ZEROS.sub(r"\1", text),
}


def normalise(text: str, steps: Sequence[str]) -> str:
    """Apply the steps of the config (``ids.normalise``) in their order.

    A number that some program has stored with a decimal (``1234.0``) is first made whole again: dropping its point
    as punctuation would make another id of it.
    """
    text = text.strip()
    if text.isalnum():  # most are: nothing to strip, no domain, no punctuation
        steps = [step for step in steps if step not in ONLY_OTHERS]
    elif text.endswith("0") and (whole := DECIMAL.fullmatch(text)):
        text = whole[1]
    for step in steps:
        text = STEPS[step](text)
    return text
