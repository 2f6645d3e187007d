"""How often outcomes occur: by cohort, institution and group, with intervals and small cells withheld."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from alliance.disclosure import CountBook, count_book, without
from alliance.survey.flow import POOLED
from alliance.survey.groups import ALL, factors, group_levels, rows_within

if TYPE_CHECKING:
    import pandas as pd

    from alliance.persistence.departure import Departures
    from alliance.persistence.outcomes import Outcome

Z95 = 1.959963984540054
COLUMNS = ("outcome", "cohort", "group_variable", "group", "n_at_risk", "n_events", "rate", "ci_lower", "ci_upper")


def wilson(events: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's (1927) 95% interval of a proportion; NaN where n is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        p = events / n
        centre = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        half = Z95 / (1 + Z95**2 / n) * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def rate_table(
    outcomes: Mapping[str, Outcome],
    departed: Mapping[str, tuple[Departures, int]],
    cohort: pd.Series,
    groups: pd.DataFrame,
    *,
    empty: bool = False,
) -> pd.DataFrame:
    """Rates of every outcome: one row per cohort ("pooled" too) and level of each column of ``groups`` ("all" too).

    Groups of whom nobody is at risk are left out unless ``empty``. Crossings (``a*b``) are tabled over all cohorts
    only: by cohort, most of their cells would be too small for a rate.

    ``departed`` holds, for times to departure, the person-periods and the horizon (main terms): their rate is the share
    departed by then from the life table, with Greenwood's variance on the scale of log(-log S).
    """
    import pandas as pd

    parts = []
    for by_cohort in (False, True):
        for variable in (ALL, *groups.columns):
            if by_cohort and "*" in variable:
                continue
            cells = pd.DataFrame({"cohort": cohort.to_numpy() if by_cohort else "pooled"}, index=range(len(cohort)))
            cells["group"] = ALL if variable == ALL else groups[variable].to_numpy()
            code = cells.groupby(["cohort", "group"], observed=True).ngroup().fillna(-1).to_numpy(dtype=np.int64)
            labels = cells[code >= 0].assign(code=code[code >= 0]).drop_duplicates("code").sort_values("code")
            for name, outcome in outcomes.items():
                table = labels[["cohort", "group"]].astype(str).reset_index(drop=True)
                table.insert(0, "outcome", name)
                table.insert(2, "group_variable", variable)
                counts = _life_table if name in departed else _shares
                figures = counts(outcome, code, len(labels), *departed.get(name, ()))
                for column, values in zip(COLUMNS[4:], figures, strict=True):
                    table[column] = values
                parts.append(table)
    rates = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    order = {name: place for place, name in enumerate(outcomes)}
    rates = rates.sort_values("outcome", key=lambda c: c.map(order), kind="stable", ignore_index=True)
    return rates if empty else rates[rates["n_at_risk"] > 0].reset_index(drop=True)


def withhold(rates: pd.DataFrame, minimum: int, printed: pd.DataFrame | None = None) -> pd.DataFrame:
    """The rates without small cells, nor those that would give them away; column ``suppressed``.

    ``printed`` are the sizes of the same groups that stand elsewhere (cohort, group_variable, group, n, hidden): where
    one is hidden, who of it was at risk is hidden too, and nothing here may give it away. How many of a group were not
    at risk (no record) tells nothing about anybody and is not protected for itself. The rows of a crossing
    (``a*b``) add up to those of its variables.
    """
    hidden: set = set()
    sets = [["group_variable", "group"]]  # over the cohorts; within a cohort the groups divide the row of everybody
    for _, rows in rates.groupby("outcome", sort=False):
        book = count_book(
            rows,
            ["n_at_risk", "n_events"],
            minimum,
            parts={"n_events": "n_at_risk"},
            sets=sets,
            totals={"cohort": POOLED},
            sums=rows_within(rows, "group_variable", "group", "cohort"),
        )
        for i in rows.index[(rows["cohort"] == POOLED) & (rows["group_variable"] == ALL)]:
            for column in ("n_at_risk", "n_events"):  # definitions.csv prints them
                book.fixed[book.places[i, column]] |= rows.loc[i, column] >= minimum
        before = () if printed is None else _add_sizes(book, rows, printed, minimum)
        hidden |= book.protect(minimum, before)
    shown = without(rates, ["n_at_risk", "n_events"], hidden, clear=["rate", "ci_lower", "ci_upper"])
    return shown[rates["n_at_risk"].gt(0) | shown["suppressed"]].reset_index(drop=True)


def _add_sizes(book: CountBook, rows: pd.DataFrame, printed: pd.DataFrame, minimum: int) -> list[tuple]:
    """Put the sizes of the groups, as printed elsewhere, into the book of one outcome; the keys of the hidden ones."""
    columns = ["cohort", "group_variable", "group"]
    sizes = printed.reset_index(drop=True)
    own = count_book(
        sizes,
        ["n"],
        minimum,
        sets=[["group_variable", "group"]],
        totals={"cohort": POOLED},
        sums=rows_within(sizes, "group_variable", "group", "cohort"),
    )
    book.merge(own, "size")
    place = {key: i for i, *key in sizes[columns].itertuples(name=None) for key in [tuple(key)]}
    for i, *key in rows[columns].itertuples(name=None):
        if (found := place.get(tuple(key))) is not None:
            book.part((i, "n_at_risk"), ("size", found, "n"), telling=False)
    for i, is_hidden in sizes["hidden"].items():
        book.fixed[book.places["size", i, "n"]] = not is_hidden
    # that nobody of a hidden group is at risk would tell its size, where the others' sizes are known
    hidden_sizes = set(sizes.index[sizes["hidden"]])
    none = [
        (i, column)
        for i, *key in rows.loc[rows["n_at_risk"] == 0, columns].itertuples(name=None)
        for column in ("n_at_risk", "n_events")
        if place.get(tuple(key)) in hidden_sizes
    ]
    return [*none, *(("size", i, "n") for i in sorted(hidden_sizes))]


def group_sizes(cohort: pd.Series, groups: pd.DataFrame, described: pd.DataFrame) -> pd.DataFrame:
    """How many students each group has, and whether characteristics.csv (``described``) hides it.

    Only of groups that are described there, and of the cohorts as a whole, whose sizes the flow prints. Columns:
    cohort, group_variable, group, n, hidden.
    """
    import pandas as pd

    hidden = {
        (str(c), str(v), str(g)): bool(h)
        for c, v, g, h in described[["cohort", "variable", "level", "suppressed"]].itertuples(index=False)
    }
    cohort = cohort.astype("string").reset_index(drop=True)
    parts = []
    for unit in (cohort, pd.Series(POOLED, index=cohort.index, dtype="string")):
        for name in (ALL, *groups.columns):
            levels = pd.Series(ALL, index=unit.index) if name == ALL else groups[name].reset_index(drop=True)
            counts = (
                pd.DataFrame({"cohort": unit, "group": levels}).dropna().value_counts(sort=False).reset_index(name="n")
            )
            parts.append(counts.assign(group_variable=name))
    table = pd.concat(parts, ignore_index=True).astype({"cohort": "str", "group": "str"})
    keys = list(table[["cohort", "group_variable", "group"]].itertuples(index=False, name=None))
    table["hidden"] = [hidden.get(key, False) for key in keys]
    known = (table["group_variable"] == ALL) | pd.Series([key in hidden for key in keys], index=table.index)
    return table[known].sort_values(["cohort", "group_variable", "group"], ignore_index=True)


def _shares(outcome: Outcome, code: np.ndarray, cells: int) -> tuple[np.ndarray, ...]:
    inside = outcome.at_risk & (code >= 0)
    n = np.bincount(code[inside], minlength=cells)
    events = np.bincount(code[inside], weights=outcome.value[inside], minlength=cells).astype(np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return n, events, events / n, *wilson(events, n)


def _life_table(outcome: Outcome, code: np.ndarray, cells: int, found: Departures, horizon: int) -> tuple:
    row_code = code[found.row_student]
    use = (found.row_period <= horizon) & (row_code >= 0)
    place = row_code[use] * horizon + found.row_period[use] - 1
    at_risk = np.bincount(place, minlength=cells * horizon).reshape(cells, horizon)
    events = np.bincount(place, weights=found.row_event[use], minlength=cells * horizon).reshape(cells, horizon)
    n = np.bincount(code[outcome.at_risk & (code >= 0)], minlength=cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        hazard = np.where(at_risk > 0, events / at_risk, 0.0)
        survival = (1 - hazard).prod(axis=1)
        greenwood = np.where(at_risk > events, hazard / (at_risk - events), 0.0).sum(axis=1)
        spread = np.exp(Z95 * np.sqrt(greenwood) / np.abs(np.log(survival)))
        lower, upper = 1 - survival ** (1 / spread), 1 - survival**spread
    total = events.sum(axis=1).astype(np.int64)
    return n, total, 1 - survival, lower, upper


def group_frame(sample: pd.DataFrame, groups: Sequence[str], institution: np.ndarray | None) -> pd.DataFrame:
    """The grouping columns of the rates: the study's groups that the sample has, and the institution of entry."""
    import pandas as pd

    found = {name: group_levels(sample, name) for name in groups if all(f in sample.columns for f in factors(name))}
    if institution is not None and "institution" not in found and len({v for v in institution if v}) > 1:
        found["institution"] = pd.Series(institution, index=sample.index, dtype="string")
    return pd.DataFrame(found, index=sample.index)
