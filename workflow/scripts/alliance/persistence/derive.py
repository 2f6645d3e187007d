"""The outcomes stage in one call: sample and registrar records in, outcome tables out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from alliance.calendar import calendar_from
from alliance.codebook import item_column
from alliance.disclosure import suppress_counts
from alliance.errors import Problem, Stop
from alliance.outcome_kinds import SURVEY, VALUES
from alliance.persistence.definitions import Definition, read_definitions
from alliance.persistence.departure import departures, period_frame
from alliance.persistence.outcomes import definition_frame, derive, outcome_frame
from alliance.persistence.rates import group_frame, group_sizes, rate_table, withhold
from alliance.persistence.records import build_records
from alliance.persistence.states import state_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class OutcomeTables:
    """What the stage writes: see the columns in the functions that make them."""

    outcomes: pd.DataFrame
    periods: pd.DataFrame
    definitions: pd.DataFrame
    rates: pd.DataFrame
    states: pd.DataFrame


def derive_outcomes(
    sample: pd.DataFrame,
    terms: pd.DataFrame,
    degrees: pd.DataFrame,
    config: Mapping[str, Any],
    minimum: int = 10,
    described: pd.DataFrame | None = None,
) -> OutcomeTables:
    """Every outcome of the config's ``outcomes.define`` for the students of ``sample`` (one row each).

    Counts below ``minimum`` are withheld in ``rates``, and so is what would give away counts that ``described``
    (characteristics.csv) withholds. ``terms`` and ``degrees`` are the files as intake left them. Raises
    :class:`alliance.errors.Stop` when an outcome needs an input that the study does not have.
    """
    import pandas as pd

    block = config["outcomes"]
    calendar = calendar_from(config)
    definitions = read_definitions(block, calendar)
    definitions = [_with_columns(d, sample, config) for d in definitions]
    _check_inputs(definitions, sample, terms, degrees)
    records = None
    if any(d.kind not in SURVEY for d in definitions):
        entry = (block.get("calendar") or {}).get("first_fall", "cohort")
        records = build_records(sample["student_id"].to_numpy(), sample[entry], terms, degrees, calendar)
    outcomes = {d.name: derive(d, records, sample) for d in definitions}
    timed = {d.name: (departures(records, d), d.horizon) for d in definitions if d.kind == "time_to_departure"}
    ids = sample["student_id"].to_numpy()
    empty = pd.DataFrame({"student_id": [], "outcome": [], "period": [], "event": []}).astype(
        {"student_id": "str", "outcome": "str", "period": "int64", "event": "int64"}
    )
    periods = [period_frame(ids, name, found) for name, (found, _) in timed.items()]
    groups = group_frame(
        sample, (config.get("describe") or {}).get("groups", ()), None if records is None else records.home_names()
    )
    cohort = sample["cohort"].astype("string")
    sizes = None if described is None else group_sizes(cohort, groups, described)
    rated = {d.name: outcomes[d.name] for d in definitions if VALUES[d.kind] in ("binary", "time")}
    states = {d.name: (outcomes[d.name], d.names) for d in definitions if d.names}
    return OutcomeTables(
        outcome_frame(ids, outcomes),
        pd.concat(periods, ignore_index=True) if periods else empty,
        suppress_counts(
            definition_frame(definitions, outcomes),
            ["n_frame", "n_at_risk", "n_events"],
            minimum,
            clear=["mean", "sd"],
            parts={"n_events": "n_at_risk"},
        ),
        withhold(rate_table(rated, timed, cohort, groups, empty=True), minimum, sizes),
        state_table(states, cohort, minimum),
    )


def _with_columns(d: Definition, sample: pd.DataFrame, config: Mapping[str, Any]) -> Definition:
    """The definition with the sample's columns in place of items: those of the frame's report."""
    frame = (config.get("sample") or {}).get("frame")
    if d.kind not in SURVEY or not isinstance(frame, Mapping):
        return d

    def column(variable: str) -> str:
        own = item_column(variable, frame["role"], frame["wave"])
        return own if variable not in sample.columns and own in sample.columns else variable

    return replace(d, variable=column(d.variable) if d.variable else "", items=tuple(map(column, d.items)))


def _check_inputs(
    definitions: list[Definition], sample: pd.DataFrame, terms: pd.DataFrame, degrees: pd.DataFrame
) -> None:
    problems = []
    for d in definitions:
        place = f"key outcomes.define.{d.name}"
        asked = [d.variable] if d.kind in ("answer", "ordered") else d.items
        for variable in (v for v in asked if v not in sample.columns):
            problems.append(
                Problem(f"the sample has no variable {variable}", "config", place, "name a variable of the codebook")
            )
        if d.kind not in SURVEY and terms.empty:
            problems.append(Problem(f"kind {d.kind} needs term records", "config", place, "add an input of kind terms"))
        if d.kind == "graduated" and degrees.empty:
            problems.append(
                Problem("kind graduated needs degree records", "config", place, "add an input of kind degrees")
            )
    if problems:
        raise Stop("outcomes", problems)
