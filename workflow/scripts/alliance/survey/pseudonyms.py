"""Keyed pseudonyms: the same person has the same one in all files, and nobody without the key can find out whose it is.

HMAC-SHA-256 (RFC 2104, FIPS 198-1) of the normalised id under the study's key, cut to 128 bits. A plain hash would not
do: ids are few enough to be hashed one after the other until one fits. The key stands in a file or in an environment
variable (``ids.key``) and never in results, logs or messages. Quick to import (no pandas).
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance.codebook import IDS
from alliance.errors import Problem, Stop
from alliance.survey.issues import Issues

if TYPE_CHECKING:
    import pandas as pd

SHORTEST = 16  # bytes; half of what the hash has inside, below which guessing the key becomes thinkable
LENGTH = 32  # hexadecimal digits of a pseudonym
MAKE_ONE = 'make one: python -c "import secrets; print(secrets.token_hex(32))"'


def read_key(config: Mapping[str, Any]) -> bytes | None:
    """The study's key, None when the config names none. Raises :class:`alliance.errors.Stop` when it cannot be used."""
    block = (config.get("ids") or {}).get("key")
    if not block:
        return None
    if "env" in block:
        text = os.environ.get(str(block["env"]), "")
        key, place = text.strip().encode(), f"environment variable {block['env']}"
        if not key:
            raise Stop("intake", Problem("is not set", place, "key ids.key.env", f"set it before the run; {MAKE_ONE}"))
    else:
        file = Path(str(block["file"]))
        place = file.as_posix()
        _refuse_place(file, config)
        try:
            key = file.read_bytes().strip()
        except OSError:
            remedy = f"put the key there, or change ids.key; {MAKE_ONE} > {place}"
            raise Stop("intake", Problem("the key cannot be read", place, "key ids.key.file", remedy)) from None
    if len(key) < SHORTEST:
        what = f"the key has fewer than {SHORTEST} characters and could be guessed"
        raise Stop("intake", Problem(what, place, "key ids.key", MAKE_ONE))
    return key


def _refuse_place(file: Path, config: Mapping[str, Any]) -> None:
    """A key among the results would be handed on with them."""
    if file.resolve().is_relative_to(Path(str(config.get("results", "results"))).resolve()):
        remedy = "move it out of the results and change ids.key.file"
        raise Stop("intake", Problem("the key stands among the results", file.as_posix(), "key ids.key.file", remedy))


def key_fingerprint(config: Mapping[str, Any]) -> str:
    """Eight digits that change with the key, so that Snakemake runs the intake again; "" without a usable key."""
    try:
        key = read_key(config)
    except Stop:
        return ""
    return "" if key is None else hmac.digest(key, b"fingerprint of the key", "sha256").hex()[:8]


def pseudonym(key: bytes, kind: str, name: str) -> str:
    """The pseudonym of one id; ``kind`` (student_id, mentor_id) keeps the same text as student and mentor apart."""
    return hmac.digest(key, f"{kind}\0{name}".encode(), "sha256").hex()[:LENGTH]


def pseudonyms_of(key: bytes | None) -> Callable[[str], list[str]] | None:
    """What a normalised id may be called under the key, as student and as mentor; None without a key."""
    return None if key is None else lambda name: [pseudonym(key, kind, name) for kind in IDS]


def pseudonymised(table: pd.DataFrame, key: bytes) -> pd.DataFrame:
    """The table with pseudonyms for ids; who has no id ("") stays without one. Each distinct id is hashed once."""
    import numpy as np
    import pandas as pd

    changed = {}
    for kind in IDS:
        if kind in table:
            places, distinct = pd.factorize(table[kind])
            names = np.array([pseudonym(key, kind, str(n)) if n else "" for n in distinct] + [""], dtype=object)
            changed[kind] = pd.array(names[places], dtype=table[kind].dtype)
            assert len({*names} - {""}) == sum(bool(n) for n in distinct), "two ids share a pseudonym"
    return table.assign(**changed)


def look_after_key(config: Mapping[str, Any], issues: Issues) -> bytes | None:
    """The key, with what is wrong with it as an error of ``issues`` and what is unwise as a warning."""
    try:
        key = read_key(config)
    except Stop as stop:
        issues.errors += stop.problems
        return None
    block = config.get("ids") or {}
    if key is None:
        if block.get("person") != "row":
            what = "no key for pseudonyms: the private results hold the ids of the files"
            issues.remark("warning", what, "the config", "key ids.key", f"name a file or variable; {MAKE_ONE}")
        return None
    if "file" in block["key"] and Path(block["key"]["file"]).stat().st_mode & 0o077:
        what, remedy = "others on this computer can read the key", "chmod 600"
        issues.remark("warning", what, str(block["key"]["file"]), "key ids.key.file", remedy)
    return key
