"""Item statistics, characteristics of the sample, and missing answers; small counts of persons are withheld."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from alliance.codebook import Codebook, Column, item_column
from alliance.disclosure import minimum_cell, small, suppress_counts
from alliance.survey.flow import POOLED
from alliance.survey.groups import group_levels, rows_within

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ITEM = ("role", "wave", "dimension", "variable", "label", "n", "missing", "mean", "sd", "skew", "kurtosis", "item_rest")
CHARACTERISTIC = ("variable", "level", "cohort", "n", "share", "mean", "sd")
MISSING = ("role", "wave", "variable", "by", "level", "n", "n_missing", "share")
BLANK = "(missing)"
ALL = "all"
ANY_ITEM = "any item"


def described_variables(config: Mapping[str, Any]) -> list[str]:
    """The variables that characterise the sample: groups and covariates, each once."""
    groups = (config.get("describe") or {}).get("groups") or ()
    return list(dict.fromkeys([*groups, *((config.get("link") or {}).get("covariates") or ())]))


def groupings(sample: pd.DataFrame, config: Mapping[str, Any]) -> dict[str, pd.Series]:
    """What response and missingness are tabled by: everybody, the cohorts, and the groups of the config."""
    import pandas as pd

    found = {ALL: pd.Series(ALL, index=sample.index), "cohort": sample["cohort"]}
    for name in (config.get("describe") or {}).get("groups") or ():
        found[name] = group_levels(sample, name).fillna(BLANK)
    return found


def counted_group(role: str, wave: Any, by: str, level: str) -> tuple[Hashable, ...]:
    """Name of a count for :func:`alliance.disclosure.suppress_counts`: who of a group gave a report, or all of it."""
    return ("report", role, int(wave), by, level) if role else ("group", POOLED, by, level)


def reports_in(sample: pd.DataFrame, codebook: Codebook) -> list[tuple[str, int]]:
    """Roles and waves that the sample holds."""
    return [(role, wave) for role, wave in codebook.reports() if f"answered_{role}_w{wave}" in sample]


def item_table(sample: pd.DataFrame, codebook: Codebook, config: Mapping[str, Any]) -> pd.DataFrame:
    """items.csv: one row per item, role and wave.

    Among those who gave the report. Skewness and excess kurtosis are the adjusted Fisher-Pearson ones (G1 and G2, as
    SPSS and SAS); ``item_rest`` is the correlation with the mean of the other items of the dimension among students
    who answered all of them. ``share_k`` is the share of answer k, missing where its count is small.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    codes: set[int] = set()
    minimum = minimum_cell(config)
    for role, wave in reports_in(sample, codebook):
        there = sample[sample[f"answered_{role}_w{wave}"]]
        items = codebook.items(role, wave)
        rest = _item_rest(there, items, role, wave)
        for c in items:
            values = there[item_column(c.variable, role, wave)].astype("float64")
            answers = range(c.scale[0], c.scale[1] + 1) if c.type == "item" else ()
            shares = _shares(values, answers, minimum)
            codes |= set(shares)
            head = (role, wave, c.dimension, c.variable, c.label, int(values.notna().sum()), int(values.isna().sum()))
            moments = (values.mean(), values.std(), values.skew(), values.kurt(), rest[c.variable])
            rows.append(dict(zip(ITEM, head + moments, strict=True)) | {f"share_{k}": s for k, s in shares.items()})
    table = pd.DataFrame(rows, columns=[*ITEM, *(f"share_{k}" for k in sorted(codes))])
    numbers = list(ITEM[7:])
    return _without_few(table, numbers, minimum)


def _without_few(table: pd.DataFrame, numbers: Sequence[str], minimum: int) -> pd.DataFrame:
    """Items without small counts. How many gave the report is printed elsewhere, so n goes with what is missing.

    Where n is hidden, shares and moments are rounded so far that every n in question gives the same figures.
    """
    import numpy as np

    few = small(table["n"], minimum)
    result = suppress_counts(table, ["n", "missing"], minimum)
    result["n"] = result["n"].mask(result["missing"].isna())
    figures = [*numbers, *(c for c in table if c.startswith("share_"))]
    result[figures] = result[figures].astype("float64").mask(few)
    digits = np.floor(np.log10(table["n"].clip(lower=1).astype("float64"))).astype(int)
    for place in digits[result["n"].isna()].unique():
        rows = result["n"].isna() & (digits == place)
        result.loc[rows, figures] = result.loc[rows, figures].round(place)
    return result


def _shares(values: pd.Series, codes: Sequence[int], minimum: int) -> dict[int, float]:
    """Share of each answer; a single small count takes the next smallest with it."""
    import pandas as pd

    if not codes:
        return {}
    counted = values.value_counts()
    counts = pd.DataFrame({"code": list(codes), "item": "", "n": [int(counted.get(k, 0)) for k in codes]})
    kept = suppress_counts(counts, ["n"], minimum, sets=[["item"]])
    total = max(int(values.notna().sum()), 1)
    shares = kept["n"].astype("float64") / total
    return dict(zip(counts["code"], shares, strict=True))


def _item_rest(sample: pd.DataFrame, items: Sequence[Column], role: str, wave: int) -> dict[str, float]:
    import numpy as np

    found: dict[str, float] = {}
    for dimension in dict.fromkeys(c.dimension for c in items):
        names = [c.variable for c in items if c.dimension == dimension]
        data = sample[[item_column(v, role, wave) for v in names]].astype("float64").to_numpy()
        data = data[~np.isnan(data).any(axis=1)]
        total = data.sum(axis=1)
        for j, name in enumerate(names):
            rest = total - data[:, j]
            varies = len(names) > 1 and len(data) > 2 and data[:, j].std() > 0 and rest.std() > 0
            found[name] = float(np.corrcoef(data[:, j], rest)[0, 1]) if varies else np.nan
    return found


def characteristics(
    sample: pd.DataFrame,
    codebook: Codebook,
    config: Mapping[str, Any],
    printed: MutableMapping[Hashable, bool] | None = None,
) -> pd.DataFrame:
    """characteristics.csv: levels of categories (n, share) and moments of numbers, per cohort and pooled.

    ``printed`` remembers which counts are hidden, for other tables of the same counts
    (:func:`alliance.disclosure.suppress_counts`).
    """
    import pandas as pd

    rows = []
    cohorts = [*sorted(sample["cohort"].unique()), POOLED]
    for variable in described_variables(config):
        values = sample[variable] if variable in sample else group_levels(sample, variable)
        numeric = pd.api.types.is_numeric_dtype(values.dtype)
        if numeric:
            values = coded_ends(values, variable, config)
        for cohort in cohorts:
            inside = values if cohort == POOLED else values[sample["cohort"] == cohort]
            if numeric:
                n = int(inside.notna().sum())
                rows.append((variable, "", cohort, n, n / max(len(inside), 1), inside.mean(), inside.std()))
                rows.append(_level(variable, BLANK, cohort, int(inside.isna().sum()), len(inside)))
                continue
            counts = inside.value_counts()
            for level in _levels(values, codebook, variable):
                rows.append(_level(variable, level, cohort, int(counts.get(level, 0)), len(inside)))
            rows.append(_level(variable, BLANK, cohort, int(inside.isna().sum()), len(inside)))
    table = pd.DataFrame(rows, columns=list(CHARACTERISTIC))
    table = _without_empty_blanks(table)
    return suppress_counts(
        table,
        ["n"],
        minimum_cell(config),
        clear=["share", "mean", "sd"],
        sets=[["variable", "cohort"], ["variable", "level"]],
        totals={"cohort": POOLED},
        unknown={"level": BLANK},
        sums=rows_within(table, "variable", "level", "cohort"),
        same={"n": [("group", *key) for key in table[["cohort", "variable", "level"]].itertuples(index=False)]},
        printed=printed,
    )


def coded_ends(values: pd.Series, variable: str, config: Mapping[str, Any]) -> pd.Series:
    """Top and bottom coding (``report.top_code``, ``report.bottom_code``): extreme values are moved to the limit."""
    report = config.get("report") or {}
    limits = (report.get(key) or {} for key in ("bottom_code", "top_code"))
    lower, upper = (limit.get(variable) for limit in limits)
    return values if lower is None and upper is None else values.clip(lower=lower, upper=upper)


def _level(variable: str, level: str, cohort: str, n: int, of: int) -> tuple[Any, ...]:
    return variable, level, cohort, n, n / max(of, 1), float("nan"), float("nan")


def _levels(values: pd.Series, codebook: Codebook, variable: str) -> list[str]:
    """Levels in the order of the codebook, or sorted where it does not list them."""
    there = set(values.dropna().unique())
    column = next((c for c in codebook.by_variable.get(variable, ()) if c.codes), None)
    listed = list(dict.fromkeys((column.codes or {}).values())) if column else []
    return [*(level for level in listed if level in there), *sorted(there - set(listed))]


def _without_empty_blanks(table: pd.DataFrame) -> pd.DataFrame:
    """A row for missing values only where some variable has any."""
    blank = table["level"] == BLANK
    some = table["n"].where(blank, 0).groupby(table["variable"]).transform("sum") > 0
    return table[~blank | some].reset_index(drop=True)


def missingness(
    sample: pd.DataFrame,
    codebook: Codebook,
    config: Mapping[str, Any],
    printed: MutableMapping[Hashable, bool] | None = None,
) -> pd.DataFrame:
    """missingness.csv: missing answers to items (of those who gave the report) and missing covariates, by group.

    The variable ``any item`` counts those who left at least one item of the report open. ``printed`` knows which
    counts of groups other tables hide.
    """
    import numpy as np
    import pandas as pd

    blocks: list[tuple[str, Any, list[str], list[str], np.ndarray]] = []
    for role, wave in reports_in(sample, codebook):
        names = [c.variable for c in codebook.items(role, wave)]
        there = sample[f"answered_{role}_w{wave}"].to_numpy()
        blocks.append((role, wave, names, [item_column(v, role, wave) for v in names], there))
    facts = [name for name in described_variables(config) if name in sample]
    blocks.append(("", pd.NA, facts, facts, np.ones(len(sample), dtype=bool)))
    parts = []
    for role, wave, names, columns, there in blocks:
        missing = sample.loc[there, columns].isna().astype("int64")
        if role:
            missing[ANY_ITEM] = missing.max(axis=1)
            names, columns = [*names, ANY_ITEM], [*columns, ANY_ITEM]
        for by, levels in groupings(sample, config).items():
            group = levels[there]
            counts = missing.groupby(group.to_numpy()).sum()
            sizes = group.value_counts()
            for level in counts.index:
                for name, column in zip(names, columns, strict=True):
                    n, out = int(sizes[level]), int(counts.loc[level, column])
                    if by != name:
                        parts.append((role, wave, name, by, level, n, out, out / n))
    table = pd.DataFrame(parts, columns=list(MISSING))
    table["wave"] = table["wave"].astype("Int64")
    keys = ["role", "wave", "variable", "by"]
    table = suppress_counts(
        table,
        ["n", "n_missing"],
        minimum_cell(config),
        clear=["share"],
        parts={"n_missing": "n"},
        sets=[keys],
        unknown={"level": BLANK},
        same={"n": [counted_group(*key) for key in table[["role", "wave", "by", "level"]].itertuples(index=False)]},
        printed=printed,
    )
    return table.sort_values([*keys[:3]], kind="stable", key=_in_order, ignore_index=True)


def _in_order(column: pd.Series) -> pd.Series:
    """Sort key that keeps the order in which values first appear."""
    import pandas as pd

    return pd.Series(pd.factorize(column, use_na_sentinel=False)[0], index=column.index)
