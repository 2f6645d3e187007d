"""The measurement stage: every model of the menu in every sample, as the tables that later stages read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import TYPE_CHECKING, Any

from alliance.measurement.clusters import COLUMNS as CLUSTER_COLUMNS
from alliance.measurement.clusters import cluster_rows
from alliance.measurement.comparison import COLUMNS as COMPARISON_COLUMNS
from alliance.measurement.comparison import compare, relations
from alliance.measurement.crosscheck import COLUMNS as CROSSCHECK_COLUMNS
from alliance.measurement.crosscheck import crosscheck
from alliance.measurement.estimate import OK, WLSMV, MeasurementFit, fit_measurement
from alliance.measurement.key_check import COLUMNS as KEY_COLUMNS
from alliance.measurement.key_check import ItemCheck, check_key, stop_if_contradicted
from alliance.measurement.models import MeasurementModel, build_model, collapsed, with_residuals
from alliance.measurement.reliability import TOTAL, Reliability, alphas, model_reliabilities
from alliance.measurement.samples import POOLED
from alliance.measurement.validity import (
    Collapse,
    average_variance_extracted,
    collapse_tests,
    factor_correlations,
    htmt,
    separability,
)

if TYPE_CHECKING:
    import pandas as pd

SEPARABILITY_CUT = 0.85  # where the config does not say otherwise
NOTE = "note"  # status of a line that is about data, not about a fit
MODIFICATIONS = 20  # rows of the report of modification indices
Key = Mapping[str, Sequence[str]]
COLUMNS = {
    "fit": ["sample", "model", "estimator", "engine", "n", "measure", "value"],
    "parameters": [
        "sample",
        "model",
        "estimator",
        "n",
        "se_type",
        "lhs",
        "op",
        "rhs",
        "group",
        "est",
        "se",
        "z",
        "pvalue",
        "ci_lower",
        "ci_upper",
        "std_all",
        "std_se",
    ],
    "correlations": [
        "sample",
        "model",
        "estimator",
        "n",
        "se_type",
        "dimension_1",
        "dimension_2",
        "r",
        "se",
        "ci_lower",
        "ci_upper",
        "interval",
    ],
    "reliability": [
        "sample",
        "dimension",
        "measure",
        "model",
        "value",
        "se",
        "ci_lower",
        "ci_upper",
        "interval",
        "n",
        "items",
    ],
    "residuals": ["sample", "model", "item_1", "item_2", "residual_r"],
    "validity": [
        "sample",
        "model",
        "n",
        "dimension_1",
        "dimension_2",
        "htmt",
        "r",
        "ave_1",
        "ave_2",
        "chisq_diff",
        "df_diff",
        "p_diff",
    ],
    "separability": ["sample", "model", "verdict", "pairs", "omega_hierarchical", "ecv", "text"],
    "status": ["stage", "sample", "model", "status", "reason"],
    "comparison": COMPARISON_COLUMNS,
    "sensitivity": [
        "sample",
        "model",
        "estimator",
        "n",
        "se_type",
        "measure",
        "dimension_1",
        "dimension_2",
        "value",
        "ci_lower",
        "ci_upper",
    ],
    "modification": ["sample", "model", "estimator", "n", "lhs", "op", "rhs", "mi", "epc", "sepc_all"],
    "key": KEY_COLUMNS,
    "clusters": CLUSTER_COLUMNS,
    "crosscheck": CROSSCHECK_COLUMNS,
}


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
    rows: dict[str, list[dict]] = {name: [] for name in COLUMNS}
    rows["status"] += [_status(sample, "", NOTE, reason) for sample, reason in notes]
    checks = _key(rows, samples, key, settings, reverse, minimum)
    menu = model_menu(key, settings, checks)
    labels = {d: labels.get(d, d) for d in key}
    known: dict[tuple[str, str], str] | None = None
    for sample, data in samples.items():
        who = clusters.loc[data.index] if clusters is not None else None
        how = {"estimator": str(settings.get("estimator") or WLSMV), "cluster": who}
        fits = {model.name: fit_measurement(model, data, minimum, **how) for model in menu}
        _add_sample(rows, sample, data, key, labels, settings, fits, minimum, how)
        if known is None:
            known = relations(fits)
        rows["comparison"] += compare(sample, fits, known)
        if sample == POOLED:
            _once(rows, data, menu, settings, minimum, who, fits)
    return {name: _table(name, found) for name, found in rows.items()}


def model_menu(key: Key, settings: Mapping[str, Any], checks: Sequence[ItemCheck] = ()) -> list[MeasurementModel]:
    """The models that the config asks for, with its declared residual covariances."""
    anchors: dict[str, str] = {}
    for d in key:
        judged = [c for c in checks if c.dimension == d and c.item_rest == c.item_rest]
        if judged:
            anchors[d] = max(judged, key=lambda c: c.item_rest).item
    pairs = [tuple(entry["items"]) for entry in settings.get("residual_covariances") or ()]
    texts = settings.get("texts") or {}
    names = [*settings["models"], *(name for name in texts if name not in settings["models"])]
    menu = [build_model(n, key, settings.get("two"), anchors=anchors, written=texts) for n in names]
    return [with_residuals(model, pairs) for model in menu]


def _key(rows, samples, key: Key, settings, reverse, minimum: int) -> list[ItemCheck]:
    first = samples.get(POOLED)
    checks = [] if first is None else check_key(first, key, reverse, minimum)
    if settings.get("key_check", "stop") == "stop":
        stop_if_contradicted(checks)
    rows["key"] = [asdict(c) for c in checks]
    for c in checks:
        if c.text:
            rows["status"].append(_status(POOLED, "", NOTE, f"item {c.item}: {c.text}"))
    return checks


def _add_sample(rows, sample, data, key, labels, settings, fits, minimum, how) -> None:
    """Everything about one sample but the comparison of models."""
    correlated = fits.get("correlated") or fit_measurement(build_model("correlated", key), data, minimum, **how)
    rows["status"] += [_status(sample, "", NOTE, text) for text in correlated.data_notes]
    for fit in fits.values():
        _add_fit(rows, sample, fit)
    _rank(rows, sample, fits)
    reliabilities = [r for r in _reliabilities(data, key, fits, correlated, errors=sample == POOLED) if r.n >= minimum]
    rows["reliability"] += [{"sample": sample, **asdict(r)} for r in reliabilities]
    tests = _collapse(correlated, data, key, minimum, how)
    ratios = _add_validity(rows, sample, correlated, data, key, tests)
    reason = "" if correlated.status == OK else f"correlated dimensions {correlated.status}, {correlated.reason}"
    cut = float(settings.get("separability_cut", SEPARABILITY_CUT))
    verdict = separability(factor_correlations(correlated), cut, labels, correlated.n, reason)
    total = {r.measure: r.value for r in reliabilities if r.dimension == TOTAL and r.model == "bifactor"}
    general = {name: total.get(name, float("nan")) for name in ("omega_hierarchical", "ecv")}
    text = verdict.text + _evidence(tests, ratios, general, labels)
    pairs = "; ".join(f"{a}-{b}" for a, b in verdict.pairs)
    about = {"sample": sample, "model": "correlated", "verdict": verdict.verdict, "pairs": pairs}
    rows["separability"].append({**about, **general, "text": text})


def _once(rows, data, menu, settings, minimum, who, fits) -> None:
    """What is asked of the pooled sample only: sensitivity, second engine, modification indices, clusters."""
    for estimator in settings.get("sensitivity") or ():
        for model in menu:
            _add_sensitivity(rows, fit_measurement(model, data, minimum, estimator=estimator, cluster=who))
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


def _table(name: str, rows: list[dict]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=COLUMNS[name])


def _status(sample: str, model: str, status: str, reason: str) -> dict[str, str]:
    return {"stage": "measurement", "sample": sample, "model": model, "status": status, "reason": reason}


def _add_fit(rows: dict[str, list[dict]], sample: str, fit: MeasurementFit) -> None:
    rows["status"].append(_status(sample, fit.model.name, fit.status, fit.reason))
    if not fit.estimated:
        return
    about = {"sample": sample, "model": fit.model.name, "estimator": fit.estimator}
    head = {**about, "engine": "alliance.sem", "n": fit.n}
    rows["fit"] += [{**head, "measure": measure, "value": value} for measure, value in fit.measures.items()]
    about |= {"n": fit.n, "se_type": fit.se_type}
    rows["parameters"] += [{**about, **row} for row in fit.parameters.to_dict("records")]
    rows["correlations"] += [{**about, **asdict(c)} for c in factor_correlations(fit)]
    residual = fit.fit.residuals()[0]
    for (i, first), (j, second) in combinations(enumerate(fit.items), 2):
        about_pair = {"sample": sample, "model": fit.model.name, "item_1": first, "item_2": second}
        rows["residuals"].append({**about_pair, "residual_r": residual[i, j]})


def _add_sensitivity(rows: dict[str, list[dict]], fit: MeasurementFit) -> None:
    """Fit and factor correlations of the same model under another estimator."""
    if not fit.estimated:
        reason = f"{fit.estimator}: {fit.reason}"
        rows["status"].append(_status(POOLED, fit.model.name, fit.status, reason))
        return
    head = {"sample": POOLED, "model": fit.model.name, "estimator": fit.estimator, "n": fit.n, "se_type": fit.se_type}
    rows["sensitivity"] += [{**head, "measure": name, "value": value} for name, value in fit.measures.items()]
    for c in factor_correlations(fit):
        pair = {"dimension_1": c.dimension_1, "dimension_2": c.dimension_2}
        numbers = {"value": c.r, "ci_lower": c.ci_lower, "ci_upper": c.ci_upper}
        rows["sensitivity"].append({**head, "measure": "factor_correlation", **pair, **numbers})


def _reliabilities(
    data, key: Key, fits: Mapping[str, MeasurementFit], correlated: MeasurementFit, *, errors: bool
) -> list[Reliability]:
    """One coefficient per dimension and measure: where two models hold the same dimension, that of ``correlated``.

    Model-based ones have intervals in the pooled sample only (``errors``).
    """
    ordered = [correlated, *(fits[name] for name in ("two", "bifactor", "one") if name in fits)]
    found = {}
    for row in alphas(data, key) + [r for fit in ordered for r in model_reliabilities(fit, errors=errors)]:
        if row.dimension in key or row.dimension == TOTAL:
            found.setdefault((row.dimension, row.measure), row)
    return list(found.values())


def _rank(rows: dict[str, list[dict]], sample: str, fits: Mapping[str, MeasurementFit]) -> None:
    """Rank by BIC, where the estimator has one, admissible models that are not equivalent to another of the menu."""
    rivals = [fit for fit in fits.values() if fit.status == OK and fit.model.equivalent_to not in fits]
    rivals = [fit for fit in rivals if "bic" in fit.measures]
    for rank, fit in enumerate(sorted(rivals, key=lambda f: f.measures["bic"]), start=1):
        head = {"sample": sample, "model": fit.model.name, "estimator": fit.estimator, "engine": "alliance.sem"}
        rows["fit"].append({**head, "n": fit.n, "measure": "bic_rank", "value": float(rank)})


def _collapse(correlated: MeasurementFit, data, key: Key, minimum: int, how) -> list[Collapse]:
    """Every pair of dimensions made one, against the correlated factors."""
    if not correlated.estimated or len(key) < 2:
        return []
    merged = {}
    for a, b in combinations(key, 2):
        model = collapsed(key, a, b)
        # a difference test needs the items in one order: the merged factor is written over all items it lacks
        merged[a, b] = fit_measurement(_in_order(model, correlated.model.items), data, minimum, **how)
    return collapse_tests(correlated, merged)


def _in_order(model: MeasurementModel, items: Sequence[str]) -> MeasurementModel:
    """The model's text with its loadings written item by item, so that items appear in the given order."""
    from dataclasses import replace

    factor = {i: f for f, members in model.factors.items() for i in members}
    text = "\n".join(f"{factor[i]} =~ {i}" for i in items)
    return replace(model, written=text)


def _add_validity(rows, sample: str, fit: MeasurementFit, data, key: Key, tests: Sequence[Collapse]) -> dict:
    """Discriminant validity of each pair; returns the heterotrait-monotrait ratios."""
    if not fit.estimated:
        return {}
    ratios = htmt(fit.fit.observed[0].cov if fit.estimator == WLSMV else _pairwise(data, fit.items), fit.items, key)
    extracted = average_variance_extracted(fit)
    collapse = {(t.dimension_1, t.dimension_2): t for t in tests}
    for c in factor_correlations(fit):
        a, b = c.dimension_1, c.dimension_2
        about = {"sample": sample, "model": fit.model.name, "n": fit.n, "dimension_1": a, "dimension_2": b}
        values = {"htmt": ratios[a, b], "r": c.r, "ave_1": extracted[a], "ave_2": extracted[b]}
        test = collapse.get((a, b))
        if test is not None:
            values |= {"chisq_diff": test.chisq_diff, "df_diff": test.df_diff, "p_diff": test.p_diff}
        rows["validity"].append({**about, **values})
    return ratios


def _pairwise(data, items: Sequence[str]):
    return data[list(items)].corr().to_numpy()


def _evidence(tests: Sequence[Collapse], ratios: Mapping, general: Mapping[str, float], labels: Mapping) -> str:
    """What else speaks to the question, in plain words: merged models, HTMT, the general factor's share."""
    from alliance.measurement.validity import _number

    said = []
    known = [t for t in tests if t.p_diff == t.p_diff]
    if known:
        each = [
            f"{labels[t.dimension_1]} and {labels[t.dimension_2]} χ²({t.df_diff:.0f}) = {t.chisq_diff:.1f}, "
            f"p {'< .001' if t.p_diff < 0.001 else '= ' + f'{t.p_diff:.3f}'.lstrip('0')}"
            for t in known
        ]
        said.append(f"Making two dimensions one changes the fit: {'; '.join(each)}.")
    finite = [v for v in ratios.values() if v == v]
    if finite:
        said.append(f"The ratio of correlations between to within dimensions (HTMT) is at most {_number(max(finite))}.")
    if general["ecv"] == general["ecv"]:
        said.append(
            f"In a bifactor model the general factor explains {_number(general['ecv'])} of the common variance and "
            f"{_number(general['omega_hierarchical'])} of the variance of the total score."
        )
    return (" " + " ".join(said)) if said else ""
