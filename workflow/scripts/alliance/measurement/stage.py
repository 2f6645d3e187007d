"""The measurement stage: every model of the menu in every sample, as the tables that later stages read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from alliance.measurement.clusters import cluster_rows
from alliance.measurement.comparison import compare, relations
from alliance.measurement.crosscheck import crosscheck
from alliance.measurement.estimate import FAILED, WLSMV, MeasurementFit, fit_measurement, left_out_rows
from alliance.measurement.key_check import ItemCheck, check_key, stop_if_contradicted
from alliance.measurement.menu import Key, possible_models, usable_key
from alliance.measurement.models import build_model
from alliance.measurement.reliability import all_reliabilities
from alliance.measurement.samples import (
    POOLED,
    cluster_of,
    measured_samples,
    report_items,
    reversed_items,
    status_notes,
)
from alliance.measurement.separate import SEPARABILITY_CUT, add_separability
from alliance.measurement.stage_tables import (
    COLUMNS,
    NOTE,
    Rows,
    add_fit,
    add_ranks,
    add_sensitivity,
    status_row,
    table,
)

if TYPE_CHECKING:
    import pandas as pd

MODIFICATIONS = 20  # rows of the report of modification indices


def measure_study(
    sample: pd.DataFrame, codebook: Any, config: Mapping[str, Any], minimum: int
) -> dict[str, pd.DataFrame]:
    """All tables of the stage for a study: its samples, key and clusters as config and codebook say; see measure."""
    settings, design = config["measurement"], config.get("sample") or {}
    report, labels = (settings["role"], settings["wave"]), (config.get("instrument") or {}).get("dimensions") or {}
    items, key = report_items(sample, codebook, *report, labels)
    samples = measured_samples(sample, items, key, codebook, design, settings)
    return measure(
        samples,
        key,
        labels,
        settings,
        minimum,
        clusters=cluster_of(sample, settings),
        reverse=reversed_items(codebook, *report),
        notes=status_notes(samples, config, codebook),
    )


def measure(
    samples: Mapping[str, pd.DataFrame],
    key: Key,
    labels: Mapping[str, str],
    settings: Mapping[str, Any],
    minimum: int = 10,
    *,
    clusters: pd.Series | None = None,
    reverse: Mapping[str, bool] | None = None,
    notes: Sequence[tuple[str, str]] = (),
) -> dict[str, pd.DataFrame]:
    """All tables of the stage.

    ``samples``: items by sample name (pooled, cohorts, reports), columns named by variable. ``key``: dimension ->
    items. ``labels``: dimension -> words of the report. ``settings``: the config's ``measurement`` block. ``clusters``:
    label of each row (by index) when errors allow for clusters. ``reverse``: items asked the other way round.
    ``notes``: (sample, reason) lines for the status table. A model that cannot be fitted leaves a row in ``status``
    and nothing else; an inadmissible one is reported and not ranked. Nothing is estimated from, or said about, fewer
    than ``minimum`` persons. Raises :class:`Stop` when the answers contradict the key.
    """
    rows: Rows = {name: [] for name in COLUMNS}
    rows["status"] += [status_row(sample, "", NOTE, reason) for sample, reason in notes]
    checks = _key(rows, samples, key, settings, reverse, minimum)
    if POOLED in samples:
        key, flat = usable_key(samples[POOLED], key)
        rows["status"] += [status_row(POOLED, "", NOTE, text) for text in flat]
    menu, refused = possible_models(key, settings, checks)
    labels = {d: labels.get(d, d) for d in key}
    known: dict[tuple[str, str], str] | None = None
    for sample, data in samples.items():
        who = clusters.loc[data.index] if clusters is not None else None
        rows["status"] += [status_row(sample, name, FAILED, reason) for name, reason in refused.items()]
        how = {"estimator": str(settings.get("estimator") or WLSMV), "cluster": who}
        fits: dict[str, MeasurementFit] = {}
        for model in menu:
            fits[model.name] = fit_measurement(model, data, minimum, **how, same_data=_known(fits))
        rows["status"] += [status_row(sample, "", NOTE, text) for text in left_out_rows(data, key, how, minimum)]
        _add_sample(rows, sample, data, key, labels, settings, fits, minimum, how)
        if known is None:
            known = relations(fits)
        rows["comparison"] += compare(sample, fits, known)
        if sample == POOLED:
            _once(rows, data, menu, settings, minimum, who, fits)
    return {name: table(name, found) for name, found in rows.items()}


def _known(fits: Mapping[str, MeasurementFit]) -> MeasurementFit | None:
    """A fit whose correlations of the items others can take over."""
    return next((fit for fit in fits.values() if fit.estimated), None)


def _key(rows, samples, key: Key, settings, reverse, minimum: int) -> list[ItemCheck]:
    first = samples.get(POOLED)
    checks = [] if first is None else check_key(first, key, reverse, minimum)
    if settings.get("key_check", "stop") == "stop":
        stop_if_contradicted(checks)
    rows["key"] = [asdict(c) for c in checks]
    for c in checks:
        if c.text:
            rows["status"].append(status_row(POOLED, "", NOTE, f"item {c.item}: {c.text}"))
    return checks


def _add_sample(rows, sample, data, key, labels, settings, fits, minimum, how) -> None:
    """Everything about one sample but the comparison of models."""
    correlated = fits.get("correlated") or fit_measurement(build_model("correlated", key), data, minimum, **how)
    rows["status"] += [status_row(sample, "", NOTE, text) for text in correlated.data_notes]
    for fit in fits.values():
        add_fit(rows, sample, fit)
    add_ranks(rows, sample, fits)
    found = all_reliabilities(data, key, fits, correlated, errors=sample == POOLED)
    reliabilities = [r for r in found if r.n >= minimum]
    rows["reliability"] += [{"sample": sample, **asdict(r)} for r in reliabilities]
    cut = float(settings.get("separability_cut", SEPARABILITY_CUT))
    add_separability(rows, sample, data, correlated, key, labels, cut, reliabilities, minimum, how)


def _once(rows, data, menu, settings, minimum, who, fits) -> None:
    """What is asked of the pooled sample only: sensitivity, second engine, modification indices, clusters."""
    for estimator in settings.get("sensitivity") or ():
        for model in menu:
            add_sensitivity(rows, fit_measurement(model, data, minimum, estimator=estimator, cluster=who))
    if settings.get("crosscheck", False):
        found = [crosscheck(POOLED, model, data, minimum) for model in menu]
        rows["crosscheck"] += [row for row in found if row]
    chosen = fits.get(settings.get("chosen", ""))
    if chosen is not None and chosen.estimated:
        head = {"sample": POOLED, "model": chosen.model.name, "estimator": chosen.estimator, "n": chosen.n}
        table = chosen.fit.modification_indices().nlargest(MODIFICATIONS, "mi")
        rows["modification"] += [{**head, **r} for r in table.to_dict("records")]
    if who is not None and chosen is not None:
        rows["clusters"] += cluster_rows(POOLED, data, who, str(who.name), chosen.model, minimum)
