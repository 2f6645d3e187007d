"""Scores for other programs: one row per student, with labels, as CSV, SPSS and Stata files and their codebook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance.measurement.scores import RULES
from alliance.sav import forget_time
from alliance.spreadsheet import write_csv

if TYPE_CHECKING:
    import pandas as pd

_LONGEST = 32  # characters of a variable name in Stata
_LABEL = 80  # characters of a variable label in Stata
_TITLE = "Alliance scores"
_TIME = datetime(2016, 4, 1)  # of writing, in the Stata file: always the same, so that the bytes are
_METHOD = {"sum": "mean of items", "regression": "factor score", "bartlett": "Bartlett score", "eap": "posterior mean"}


def export_scores(scores: pd.DataFrame, config: Mapping[str, Any], folder: str | Path) -> list[Path]:
    """Write ``scores.csv``, ``.sav``, ``.dta`` and ``codebook.csv`` into ``folder``; returns their paths.

    ``scores`` is the long table; a column is ``<dimension>_<role>_w<wave>_<method>``, its error ends in ``_se``.
    """
    import pandas as pd
    import pyreadstat

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    wide, labels = wide_scores(scores, config)
    files = [target / name for name in ("scores.csv", "scores.sav", "scores.dta", "codebook.csv")]
    write_csv(wide, files[0])
    texts = [labels[c]["label"] for c in wide.columns]
    pyreadstat.write_sav(wide, str(files[1]), column_labels=texts, file_label=_TITLE)
    forget_time(files[1])
    short = {c: text[:_LABEL] for c, text in zip(wide.columns, texts, strict=True)}
    wide.to_stata(files[2], write_index=False, version=118, time_stamp=_TIME, variable_labels=short, data_label=_TITLE)
    codebook = pd.DataFrame([{"variable": c, **labels[c]} for c in wide.columns])
    write_csv(codebook, files[3])
    return files


def wide_scores(scores: pd.DataFrame, config: Mapping[str, Any]) -> tuple[pd.DataFrame, dict[str, dict[str, str]]]:
    """One row per student, and label and rule of each column."""
    import pandas as pd

    dims = (config.get("instrument") or {}).get("dimensions") or {}
    roles, waves = config.get("roles") or {}, {str(k): v for k, v in (config.get("waves") or {}).items()}
    labels = {"student_id": {"label": "Student", "rule": ""}}
    columns = []
    for keys, part in scores.groupby(["role", "wave", "method", "dimension"], sort=True):
        role, wave, method, dimension = keys
        name = _name(f"{dimension}_{role}_w{wave}_{method}", labels)
        about = f"{dims.get(dimension, dimension)}, {roles.get(role, role)}, {waves.get(str(wave), wave)}"
        labels[name] = {"label": f"{about}: {_METHOD.get(method, method)}", "rule": RULES.get(method, "")}
        error = _name(f"{dimension}_{role}_w{wave}_{method}_se", labels)
        labels[error] = {"label": f"{about}: standard error ({method})", "rule": ""}
        columns.append(part.set_index("student_id")[["score", "se"]].set_axis([name, error], axis=1))
    wide = pd.concat(columns, axis=1).sort_index() if columns else pd.DataFrame()
    return wide.rename_axis("student_id").reset_index(), labels


def _name(text: str, taken: Mapping[str, object]) -> str:
    """The name, shortened to what Stata allows, and told apart from those that are taken."""
    short, k = text[:_LONGEST], 1
    while short in taken:
        k += 1
        short = f"{text[: _LONGEST - len(str(k))]}{k}"
    return short
