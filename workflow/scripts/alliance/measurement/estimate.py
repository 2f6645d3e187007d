"""One measurement model in one sample: estimated, judged admissible or not, never raising for what data can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.measurement.intervals import Z95
from alliance.measurement.models import MeasurementModel, why_not_identified
from alliance.measurement.samples import left_out

if TYPE_CHECKING:
    import pandas as pd

    from alliance.sem import Fit

OK, INADMISSIBLE, FAILED = "ok", "inadmissible", "failed"
WLSMV, MLR, ML = "WLSMV", "MLR", "ML"
MOST_CATEGORIES = 6  # up to so many answer categories items are treated as ordered (Rhemtulla et al., 2012)
_BOUNDARY = 1e-6  # a share of variance that counts as zero
MISSING = {WLSMV: "pairwise", MLR: "fiml", ML: "listwise"}
HOW_MISSING = {
    WLSMV: "each pair of items in the persons who answered both",
    MLR: "all answers of everybody, by full information maximum likelihood",
    ML: "complete cases",
}


@dataclass(frozen=True)
class MeasurementFit:
    """An estimated measurement model; ``fit`` is None when ``status`` is ``failed``.

    ``status``: ok; inadmissible (estimated, but the solution cannot be: reported, never ranked); failed (no estimates).
    ``reason`` says why in words, also for an ok fit about which something must be known (saturated, equivalent).
    ``estimator`` is what was used, which may differ from what was asked for (``reason`` says so).
    ``rotation``: loadings and factor correlations of an exploratory model, turned towards the key.
    """

    model: MeasurementModel
    estimator: str
    n: int
    status: str
    reason: str = ""
    fit: Fit | None = None
    cluster: str = ""
    rotation: pd.DataFrame | None = None

    @property
    def estimated(self) -> bool:
        """Whether there are estimates at all."""
        return self.status != FAILED

    @cached_property
    def measures(self) -> dict[str, float]:
        """Fit measures of the engine; plain, scaled and robust ones never share a name."""
        return {} if self.fit is None else {name: float(v) for name, v in self.fit.fit_measures.items()}

    @property
    def items(self) -> list[str]:
        """Items in the order of the residuals and of the implied covariances."""
        return [] if self.fit is None else list(self.fit.structure.names[0])

    @property
    def data_notes(self) -> list[str]:
        """What the engine remarks on the data, without its lists of pairs of items: they are long and say little."""
        found = [] if self.fit is None else self.fit.data_warnings
        return [w.partition(": ")[0] + " (sparse categories)" if "empty cells" in w else w for w in found]

    @property
    def se_type(self) -> str:
        """How the standard errors were made."""
        how = "" if self.fit is None else self.fit.options.se
        return f"{how}, clusters: {self.cluster}" if self.cluster else how

    @cached_property
    def parameters(self) -> pd.DataFrame:
        """lhs op rhs group est se z pvalue ci_lower ci_upper std_all std_se; one row per parameter."""
        table = self.fit.parameters.drop(columns=["label", "std_lv"])
        simple = self.estimator == WLSMV and not (self.model.higher or self.model.written)
        if simple:  # latent responses and factors have unit variance: estimates are standardised already
            table = table.assign(std_se=table["se"])
        else:
            table = table.assign(std_se=self.fit.standardized()["se"].to_numpy())
        return table if self.rotation is None else _turned_table(table, self.rotation)


def _turned_table(table: pd.DataFrame, rotation: pd.DataFrame) -> pd.DataFrame:
    """The table of parameters with the rotated loadings and factor correlations in the places of the others."""
    from scipy.special import ndtr

    out = table.copy()
    at = {(r.lhs, r.op, r.rhs): k for k, r in enumerate(out.itertuples())}
    rows = [at.get((r.lhs, r.op, r.rhs), at.get((r.rhs, r.op, r.lhs))) for r in rotation.itertuples()]
    z = (rotation["est"] / rotation["se"]).to_numpy()
    values = {"z": z, "pvalue": 2 * ndtr(-np.abs(z))}
    values |= {name: rotation[name].to_numpy() for name in ("est", "se", "std_all", "std_se")}
    values |= {"ci_lower": values["est"] - Z95 * values["se"], "ci_upper": values["est"] + Z95 * values["se"]}
    for name, column in values.items():
        out.iloc[rows, out.columns.get_loc(name)] = column
    return out


def choose_estimator(asked: str, data: pd.DataFrame) -> str:
    """WLSMV where it was asked for (or ``auto``) and every item has few categories, else MLR."""
    if asked in (MLR, ML):
        return asked
    most = max((data[c].nunique() for c in data), default=0)
    return WLSMV if most <= MOST_CATEGORIES else MLR


def answered_rows(items: pd.DataFrame, estimator: str) -> pd.Series:
    """Which rows an estimator uses: ML those with all items answered, the others those with any."""
    return items.notna().all(axis=1) if estimator == ML else items.notna().any(axis=1)


def fit_measurement(
    model: MeasurementModel,
    data: pd.DataFrame,
    minimum: int = 10,
    *,
    estimator: str = ML,
    cluster: pd.Series | None = None,
    same_data: MeasurementFit | None = None,
) -> MeasurementFit:
    """Estimate ``model`` in the rows of ``data`` (items as numbers, NaN = no answer).

    ``estimator``: WLSMV (ordered items, pairwise), MLR (FIML, robust errors), ML (complete cases) or auto. ``cluster``:
    labels of the rows of ``data``, for errors and tests; rows without one are left out. ``same_data``: an earlier fit
    to the same rows, items and clusters, whose correlations of ordered items are taken over. With fewer rows than
    ``minimum``, or not more than items, nothing is estimated. Nothing that data can bring about raises: a constant
    item, too few cases, a model that is not identified or a search that does not end are a status with a reason.
    """
    items = data[model.items].astype(float)
    chosen = choose_estimator(estimator, items)
    rows = answered_rows(items, chosen)
    alone = ""
    if cluster is not None and cluster[rows].nunique() < 2:
        alone = f"fewer than two different values of {cluster.name or 'cluster'}: errors do not allow for clusters"
        cluster = None
    if cluster is not None:
        rows &= cluster.notna()
    used = items[rows]
    reason = why_not_identified(model) or _unusable(used, minimum, chosen)
    if reason:
        return MeasurementFit(model, chosen, len(used), FAILED, reason)
    name = "" if cluster is None else str(cluster.name or "cluster")
    frame = used if cluster is None else used.assign(cluster_=cluster[rows].to_numpy())
    try:
        known = same_data.fit if same_data is not None and same_data.estimator == chosen else None
        fit = _fit(model, frame, chosen, None if cluster is None else "cluster_", known)
    except (ValueError, np.linalg.LinAlgError, FloatingPointError) as error:
        return MeasurementFit(model, chosen, len(used), FAILED, str(error))
    n = int(fit.n_total)
    if not fit.converged or not np.isfinite(fit.theta).all():
        return MeasurementFit(model, chosen, n, FAILED, f"did not converge: {fit.optimum.message or 'no solution'}")
    problems = _problems(fit)
    status = INADMISSIBLE if problems else OK
    rotation, turned = _rotate(model, fit)
    notes = problems or [*_notes(model, fit), *_another(estimator, chosen), *(n for n in (alone, turned) if n)]
    return MeasurementFit(model, chosen, n, status, "; ".join(notes), fit, name, rotation)


def _rotate(model: MeasurementModel, fit: Fit) -> tuple[pd.DataFrame | None, str]:
    """The rotated solution of an exploratory model, and a sentence about it."""
    if not model.own:
        return None, ""
    from alliance.sem.rotation import rotated

    try:
        return rotated(fit, model.own), "loadings and factor correlations by oblique target rotation to the key"
    except (ValueError, np.linalg.LinAlgError) as error:
        return None, f"not rotated ({error}): loadings are those with one anchor item per factor"


def _fit(model: MeasurementModel, frame: pd.DataFrame, estimator: str, cluster: str | None, known: Fit | None) -> Fit:
    """One call of the engine; a factor whose loadings come out negative together is turned round and fitted again."""
    from alliance.sem import fit_sem

    ordinal = estimator == WLSMV
    how: dict[str, Any] = {
        "estimator": estimator,
        "ordered": tuple(model.items) if ordinal else (),
        "missing": MISSING[estimator],
        "std_lv": model.std_lv or (ordinal and not model.higher and not model.written),
        "orthogonal": model.orthogonal,
        "cluster": cluster,
        "same_data": known,
    }
    fit = fit_sem(model.syntax, frame, **how)
    turned = _turned(fit, model) if how["std_lv"] and fit.converged else None
    return fit if turned is None else fit_sem(model.syntax, frame, **{**how, "same_data": fit}, start=turned)


def _turned(fit: Fit, model: MeasurementModel) -> np.ndarray | None:
    """Start values with the sign of factors reversed whose loadings sum to less than zero; None if there are none."""
    table, theta = fit.table, fit.theta.copy()
    values = table.values(fit.theta)
    rows = list(zip(table.lhs, table.op, table.rhs, strict=True))
    wrong = {
        f for f in model.factors
        if sum(values[k] for k, (lhs, op, _) in enumerate(rows) if op == "=~" and lhs == f) < 0
    }  # fmt: skip
    if not wrong:
        return None
    for k, (lhs, op, rhs) in enumerate(rows):
        turn = op == "=~" and lhs in wrong
        turn |= op == "~~" and lhs != rhs and (lhs in wrong) != (rhs in wrong) and lhs in model.latents
        if turn and table.free[k]:
            theta[table.free[k] - 1] *= -1
    return theta


def _unusable(used: pd.DataFrame, minimum: int, estimator: str) -> str:
    """Why these rows carry no model; empty if they do. Says no count: a small one would be a disclosure."""
    n, p = used.shape
    if n < max(minimum, p + 1):
        kind = "complete cases" if estimator == ML else "persons with answers"
        return f"fewer than {max(minimum, p + 1)} {kind} for {p} items"
    constant = [str(item) for item in used if used[item].nunique() < 2]
    if constant:
        return f"no variation in {', '.join(constant)}"
    apart = _never_together(used) if estimator != ML else []
    if apart:
        return f"no person answered both {' and '.join(apart)}"
    if estimator != WLSMV:
        correlations = used.corr().to_numpy()
        if np.isfinite(correlations).all() and np.linalg.eigvalsh(correlations)[0] < 1e-10 and estimator == ML:
            return "an item is a linear combination of others: sample covariances are not positive definite"
    return ""


def _never_together(used: pd.DataFrame) -> list[str]:
    """The first pair of items that nobody answered both of; empty when there is none."""
    answered = used.notna().to_numpy(dtype=float)
    i, j = np.nonzero(np.triu(answered.T @ answered == 0, 1))
    return [str(used.columns[i[0]]), str(used.columns[j[0]])] if len(i) else []


def left_out_rows(
    data: pd.DataFrame, key: Mapping[str, Sequence[str]], how: Mapping[str, Any], minimum: int
) -> list[str]:
    """How many rows of a sample its fits leave out and why, so that each N adds up to that of the participant flow.

    ``how``: ``estimator`` and ``cluster`` as :func:`fit_measurement` takes them.
    """
    items = data[[item for members in key.values() for item in members]]
    chosen = choose_estimator(str(how["estimator"]), items)
    rows, cluster = answered_rows(items, chosen), how.get("cluster")
    lost = int((~rows).sum())
    why = "not all items answered" if chosen == ML else "no answer to any item"
    notes = [left_out(lost, len(data), why, minimum)] if lost else []
    if cluster is not None and len(cluster[rows].dropna().unique()) > 1:
        unknown = int((rows & cluster.isna()).sum())
        why = f"{cluster.name or 'cluster'} not known"
        notes += [left_out(unknown, len(data), why, minimum)] if unknown else []
    return notes


def _problems(fit: Fit) -> list[str]:
    """What no population can have, in the engine's words; a residual variance at zero counts as a Heywood case."""
    from alliance.sem.admissibility import problems

    found = problems(fit)
    if any("Heywood" in text for text in found):
        return found
    table = fit.parameters
    edge = table[(table["op"] == "~~") & (table["lhs"] == table["rhs"]) & (table["std_all"].abs() < _BOUNDARY)]
    return found + [f"residual variance of {name} is zero: a Heywood case" for name in edge["lhs"]]


def _notes(model: MeasurementModel, fit: Fit) -> list[str]:
    notes = []
    if model.equivalent_to:
        notes.append(f"equivalent by construction to {model.equivalent_to}: fit cannot choose between them")
    if fit.df == 0:
        notes.append("saturated: df = 0, fit cannot be tested")
    return notes


def _another(asked: str, used: str) -> list[str]:
    if asked in (used, "auto"):
        return []
    return [f"estimated by {used}: {asked} is for items with at most {MOST_CATEGORIES} categories"]
