"""One study: its config checked, its codebook read, its columns named.

Quick to import (no pandas): the Snakefile calls :func:`validate_config` each time it is read.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alliance.codebook import Codebook, Column, item_column, item_columns
from alliance.codebook_file import parse_codebook, read_codebook
from alliance.disclosure import minimum_cell
from alliance.errors import Problem, Stop
from alliance.names import name_problems

__all__ = [
    "Codebook",
    "Column",
    "dimensions",
    "item_column",
    "item_columns",
    "load_config",
    "minimum_cell",
    "read_codebook",
    "validate_config",
]

SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "config.schema.json"


def load_config(source: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """A study's config from its file (or as it is); raises :class:`alliance.errors.Stop` when it cannot be used."""
    import yaml

    if isinstance(source, Mapping):
        config, file = dict(source), "the config"
    else:
        file = Path(source).as_posix()
        try:
            config = yaml.safe_load(Path(source).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise Stop("config", Problem("no such file", file, remedy="name the config of a study")) from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mark = getattr(error, "problem_mark", None)
            place = f"line {mark.line + 1}" if mark else ""
            what = f"cannot be read as YAML ({getattr(error, 'problem', None) or 'not UTF-8 text'})"
            raise Stop("config", Problem(what, file, place, "check indents, colons and quotes there")) from None
    problems = validate_config(config, file)
    if problems:
        raise Stop("config", problems)
    return config


def dimensions(config: Mapping[str, Any]) -> dict[str, str]:
    """Dimension -> label in the order of the config; empty when the study has no instrument."""
    return dict((config.get("instrument") or {}).get("dimensions") or {})


def validate_config(config: Any, file: str = "config") -> list[Problem]:
    """Every problem of a config: unknown keys, wrong values, and names that the codebook or other keys do not know.

    ``file`` is how the messages call the config. The codebook is read too, when it is there; raw files are not opened
    (:func:`alliance.survey.check.check_study` does that as well).
    """
    problems = schema_problems(config, file)
    if not isinstance(config, Mapping):
        return problems
    path = config.get("codebook")
    codebook: Codebook | None = None
    if isinstance(path, str) and Path(path).is_file():
        codebook, found = parse_codebook(path)
        problems += found
        if not codebook.columns:
            codebook = None
    return problems + name_problems(config, codebook, file)


def schema_problems(config: Any, file: str) -> list[Problem]:
    """What the JSON schema objects to, in words."""
    import jsonschema

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    errors = sorted(
        validator.iter_errors(_text_keys(config)), key=lambda e: (list(map(str, e.absolute_path)), e.message)
    )
    problems = [problem for error in errors for problem in _in_words(error, file)]
    return list(dict.fromkeys(problems))


def _text_keys(node: Any) -> Any:
    """YAML reads ``1:`` as a number; JSON schema knows only text keys."""
    if isinstance(node, Mapping):
        return {str(key): _text_keys(value) for key, value in node.items()}
    return [_text_keys(value) for value in node] if isinstance(node, list) else node


def _in_words(error: Any, file: str) -> list[Problem]:
    key = ".".join(str(part) for part in error.absolute_path)
    place = f"key {key}" if key else ""
    rule, wanted, found = error.validator, error.validator_value, error.instance
    about = error.schema.get("description", "") if isinstance(error.schema, Mapping) else ""
    if rule == "additionalProperties" and wanted is False:
        return [_unknown_key(name, error.schema, place, file) for name in _extra_keys(error)]
    if rule == "required":
        missing = next(name for name in wanted if f"'{name}'" in error.message.split(" is a required")[0])
        return [Problem(f"key {missing} is missing", file, place, f"add it{_because(error, missing)}")]
    if rule == "oneOf":
        choices = [option["required"][0] for option in wanted]
        return [Problem("is not exactly one exclusion", file, place, f"give one of {', '.join(choices)}")]
    if rule == "anyOf":
        return _closest_branch(error, file, place, about)
    if rule in ("enum", "const"):
        allowed = [str(value) for value in (wanted if rule == "enum" else [wanted])]
        near = difflib.get_close_matches(str(found), allowed, 1)
        remedy = f"did you mean {near[0]}?" if near else f"use {' or '.join(allowed)}"
        return [Problem(f'"{found}" is not known here', file, place, remedy)]
    if rule == "type":
        kinds = wanted if isinstance(wanted, list) else [wanted]
        return [Problem(f"{_show(found)} is not {' or '.join(_KINDS[k] for k in kinds)}", file, place, about)]
    if rule == "pattern":
        return [Problem(f'"{found}" is not a name that can be used here', file, place, about)]
    return [Problem(f"{_show(found)} cannot be used here ({_LIMITS.get(rule, rule)})", file, place, about)]


_KINDS = {
    "string": "text (quote it)",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a block of keys",
}
_LIMITS = {
    "minimum": "too small",
    "maximum": "too large",
    "exclusiveMinimum": "too small",
    "minItems": "the list is empty",
    "minProperties": "the block is empty",
    "maxProperties": "too many keys",
    "uniqueItems": "something stands twice",
    "minLength": "empty",
    "maxLength": "too long",
    "contains": "fall is missing",
}


def _show(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return "the block" if isinstance(value, Mapping) else "the list"
    return "an empty value" if value is None else f'"{value}"'


def _extra_keys(error: Any) -> list[str]:
    import re

    known = set(error.schema.get("properties", {}))
    patterns = error.schema.get("patternProperties", {})
    return [n for n in error.instance if n not in known and not any(re.search(p, n) for p in patterns)]


def _unknown_key(name: str, schema: Mapping[str, Any], place: str, file: str) -> Problem:
    known = list(schema.get("properties", {}))
    if not known:
        remedy = "use letters, digits and underscores, starting with a letter"
        if "^[0-9]+$" in schema.get("patternProperties", {}):
            remedy = "use a number"
        return Problem(f"{name} is not a name that can be used here", file, place, remedy)
    near = difflib.get_close_matches(name, known, 1, cutoff=0.6)
    where = f" in {place.removeprefix('key ')}" if place else ""
    remedy = f"did you mean {near[0]}?" if near else f"the keys{where} are {', '.join(known)}"
    return Problem(f"unknown key {name}", file, place, remedy)


def _because(error: Any, missing: str) -> str:
    kind = error.instance.get("kind") if isinstance(error.instance, Mapping) else None
    about = error.schema.get("properties", {}).get(missing, {}).get("description", "")
    if about:
        return f": {about}"
    return f" (kind {kind} needs it)" if kind else ""


def _closest_branch(error: Any, file: str, place: str, about: str) -> list[Problem]:
    """Of several allowed forms, speak about the one that was meant: the block when a block is given."""
    if isinstance(error.instance, Mapping):
        deeper = [e for e in error.context if e.validator not in ("const", "type") or len(e.path)]
        if deeper:
            return [problem for e in deeper for problem in _in_words(e, file)]
    return [Problem(f"{_show(error.instance)} cannot be used here", file, place, about)]
