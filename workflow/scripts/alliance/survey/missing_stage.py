"""What is missing together, whether completely at random, and what it goes with: the tables of results/missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.codebook import Codebook, item_column, item_columns
from alliance.disclosure import minimum_cell
from alliance.survey.clustering import dimension_means
from alliance.survey.describe import described_variables, reports_in
from alliance.survey.littles_test import littles_test
from alliance.survey.missing_patterns import missing_patterns

if TYPE_CHECKING:
    import pandas as pd

PATTERNS = ("block", "role", "wave", "pattern", "n", "share", "n_missing", "missing", "patterns")
LITTLE = ("block", "role", "wave", "statistic", "df", "p_value", "n", "patterns", "status", "reason")
PREDICTORS = (
    "gap", "role", "wave", "variable", "level", "n", "odds_ratio", "conf_low", "conf_high", "p_value", "p_adjusted",
    "se_type",
)  # fmt: skip
STATUS = ("stage", "sample", "model", "status", "reason")
Fit = Callable[..., Any]
Adjust = Callable[[np.ndarray, str], np.ndarray]


@dataclass(frozen=True)
class MissingTables:
    """patterns.csv, little.csv, predictors.csv (what gaps go with) and status.csv of results/missing."""

    patterns: pd.DataFrame
    little: pd.DataFrame
    predictors: pd.DataFrame
    status: pd.DataFrame


@dataclass(frozen=True)
class Block:
    """Variables that are looked at together: name, role and wave ("" and NA for the students' own), their columns."""

    name: str
    role: str
    wave: Any
    frame: pd.DataFrame


def missing_tables(
    sample: pd.DataFrame, codebook: Codebook, config: Mapping[str, Any], fit_outcome: Fit, adjust: Adjust
) -> MissingTables:
    """All tables. ``fit_outcome`` and ``adjust`` are those of :mod:`alliance.persistence`, a stage after this one."""
    import pandas as pd

    minimum = minimum_cell(config)
    blocks = list(_blocks(sample, codebook, config))
    patterns = [_patterns(block, minimum) for block in blocks if block.name != "means"]  # as the reports', nearly
    rows, status = [], []
    for gap in _gaps(sample, codebook, config):
        found, remarks = _predictors(gap, sample, codebook, config, fit_outcome, minimum)
        rows += found
        status += remarks
    predictors = pd.DataFrame(rows, columns=[c for c in PREDICTORS if c != "p_adjusted"])
    predictors["p_adjusted"] = adjust(predictors["p_value"].to_numpy(dtype=float), "holm") if rows else np.nan
    tested = [_little(block, minimum) for block in blocks if block.name in ("items", "means")]
    little = pd.DataFrame(tested, columns=list(LITTLE))
    return MissingTables(
        pd.concat(patterns, ignore_index=True)[list(PATTERNS)],
        little,
        predictors[list(PREDICTORS)],
        pd.DataFrame(status, columns=list(STATUS)),
    )


def _blocks(sample: pd.DataFrame, codebook: Codebook, config: Mapping[str, Any]) -> Iterator[Block]:
    """Which reports exist, the students' own variables, the items of each report, and the scale means of all."""
    import pandas as pd

    reports = reports_in(sample, codebook)
    there = {f"{role}_w{wave}": sample[f"answered_{role}_w{wave}"] for role, wave in reports}
    if there:
        yield Block("reports", "", pd.NA, pd.DataFrame(there).astype("float64").replace(0.0, np.nan))
    facts = [name for name in described_variables(config) if name in sample]
    if facts:
        yield Block("variables", "", pd.NA, sample[facts])
    for role, wave in reports:
        items = codebook.items(role, wave)
        if items:
            rows = sample.loc[sample[f"answered_{role}_w{wave}"], [item_column(c.variable, role, wave) for c in items]]
            rows.columns = [c.variable for c in items]
            yield Block("items", role, wave, rows)
    means = _means(sample, codebook, config, reports)
    numbers = [name for name in facts if pd.api.types.is_numeric_dtype(sample[name].dtype)]
    if means:
        yield Block("means", "", pd.NA, pd.DataFrame(means).join(sample[numbers].astype("float64")))


def _means(
    sample: pd.DataFrame, codebook: Codebook, config: Mapping[str, Any], reports: list[tuple[str, int]]
) -> dict[str, pd.Series]:
    found = {}
    for role, wave in reports:
        for dimension in (config.get("instrument") or {}).get("dimensions") or {}:
            columns = item_columns(codebook, role, wave, dimension)
            if columns:
                found[f"{dimension}_{role}_w{wave}"] = dimension_means(sample, columns)
    return found


def _patterns(block: Block, minimum: int) -> pd.DataFrame:
    """Patterns with the names of what is missing; those of few persons are pooled in the row "other"."""
    names = list(block.frame.columns)
    table = missing_patterns(block.frame, names, minimum=minimum)
    gone = table[names] == 0
    table["missing"] = ["; ".join(gone.columns[row]) for row in gone.fillna(False).to_numpy(dtype=bool)]
    return table.assign(block=block.name, role=block.role, wave=block.wave).astype({"wave": "Int64"})


def _little(block: Block, minimum: int) -> tuple[Any, ...]:
    """Little's test; variables that nobody answered, and categories, take no part and are named."""
    import pandas as pd

    numeric = [n for n in block.frame if pd.api.types.is_numeric_dtype(block.frame[n].dtype)]
    usable = [n for n in numeric if block.frame[n].dropna().unique().size > 1]
    left = [n for n in numeric if n not in usable]
    head = (block.name, block.role, block.wave)
    if len(block.frame) < minimum or len(usable) < 2:
        why = f"fewer than {minimum} persons" if len(block.frame) < minimum else "fewer than two numbers that vary"
        return (*head, np.nan, pd.NA, np.nan, pd.NA, pd.NA, "too_few", why)
    test = littles_test(block.frame, usable)
    reason = "; ".join(filter(None, [test.reason, f"without {', '.join(left)}: no variation" if left else ""]))
    n = test.n if test.n >= minimum else pd.NA
    return (*head, test.statistic, test.df, test.p_value, n, test.patterns, test.status, reason)


@dataclass(frozen=True)
class Gap:
    """Something that is missing for some students: boolean over the sample."""

    name: str
    role: str
    wave: Any
    missing: np.ndarray


def _gaps(sample: pd.DataFrame, codebook: Codebook, config: Mapping[str, Any]) -> Iterator[Gap]:
    """Reports that do not exist, items left open in the frame's report, the students' own variables."""
    import pandas as pd

    frame = (config.get("sample") or {}).get("frame")
    opened = (str(frame["role"]), int(frame["wave"])) if isinstance(frame, Mapping) else None
    for role, wave in reports_in(sample, codebook):
        if (role, wave) != opened:
            yield Gap("report", role, wave, ~sample[f"answered_{role}_w{wave}"].to_numpy(dtype=bool))
            continue
        columns = [item_column(c.variable, role, wave) for c in codebook.items(role, wave)]
        if columns:
            yield Gap("any item", role, wave, sample[columns].isna().any(axis=1).to_numpy())
    facts = [name for name in described_variables(config) if name in sample]
    if facts:
        yield Gap("any variable", "", pd.NA, sample[facts].isna().any(axis=1).to_numpy())


def _predictors(
    gap: Gap, sample: pd.DataFrame, codebook: Codebook, config: Mapping[str, Any], fit_outcome: Fit, minimum: int
) -> tuple[list[tuple[Any, ...]], list[dict[str, str]]]:
    """One logit of being missing on each variable: odds ratio per standard deviation, or against the largest group."""
    import pandas as pd

    sizes = int(gap.missing.sum()), int((~gap.missing).sum())
    place = " ".join(filter(None, [gap.name, gap.role, "" if pd.isna(gap.wave) else f"w{gap.wave}"]))
    if not sizes[0]:
        return [], []
    if min(sizes) < minimum:
        return [], [_status(place, "all", "note", f"left out: fewer than {minimum} students with or without it")]
    cluster = (config.get("sample") or {}).get("cluster")
    how: dict[str, Any] = {"vcov": "CR1", "cluster": "cluster_"} if cluster else {"vcov": "HC1"}
    rows, remarks = [], []
    for name, values in _candidates(sample, codebook, config).items():
        data = pd.DataFrame({"gap_": gap.missing.astype(float), "x_": values})
        if cluster:
            data["cluster_"] = sample[cluster].to_numpy(dtype=object)
        data = data.dropna()
        number = pd.api.types.is_numeric_dtype(values.dtype)
        if not number:
            frequent = data["x_"].value_counts()
            frequent = frequent[frequent >= minimum]
            data = data[data["x_"].isin(frequent.index)]
            order = sorted(frequent.index, key=lambda level: (-frequent[level], str(level)))
            data["x_"] = pd.Categorical(data["x_"], categories=order)
        if len(data) < 2 * minimum or data["x_"].nunique() < 2 or data["gap_"].nunique() < 2:
            if name not in described_variables(config) or gap.name != "any variable":
                remarks.append(_status(place, name, "note", "left out: too few students, or no variation"))
            continue
        if number:
            data["x_"] = (data["x_"] - data["x_"].mean()) / data["x_"].std()
        fit = fit_outcome("gap_ ~ x_", data, family="logit", **how)
        if fit.status != "ok":
            remarks.append(_status(place, name, "failed", fit.reason.replace("x_", name)))
            continue
        for term in fit.estimates.iloc[1:].itertuples():
            level = "" if number else term.term.removeprefix("x_[T.").removesuffix("]")
            ratio = (np.exp(v) for v in (term.estimate, term.conf_low, term.conf_high))
            # so that nobody can count the few for whom the variable is not known
            n = pd.NA if 0 < len(sample) - len(data) < minimum else len(data)
            rows.append((gap.name, gap.role, gap.wave, name, level, n, *ratio, term.p_value, how["vcov"]))
    return rows, remarks


def _candidates(sample: pd.DataFrame, codebook: Codebook, config: Mapping[str, Any]) -> dict[str, pd.Series]:
    """What being missing may go with: cohort, the students' variables, auxiliaries, the frame's dimension means."""
    import pandas as pd

    extra = (config.get("imputation") or {}).get("auxiliaries") or ()
    cohort = ["cohort"] if len(sample["cohort"].unique()) > 1 else []
    names = dict.fromkeys([*cohort, *described_variables(config), *extra])
    found: dict[str, pd.Series] = {}
    for name in names:
        if name in sample:
            column = sample[name]
            numeric = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
            found[name] = column.astype("float64") if numeric else column.astype("string").astype(object)
    frame = (config.get("sample") or {}).get("frame")
    if isinstance(frame, Mapping):
        opened = (str(frame["role"]), int(frame["wave"]))
        means = _means(sample, codebook, config, [opened])
        found |= {name.removesuffix(f"_{opened[0]}_w{opened[1]}"): values for name, values in means.items()}
    return found


def _status(sample: str, model: str, status: str, reason: str) -> dict[str, str]:
    return dict(zip(STATUS, ("missing", sample, model, status, reason), strict=True))
