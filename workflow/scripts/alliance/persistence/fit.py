"""One call for all outcome models: formula, data, family, covariance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.families import FAMILIES as OTHER_FAMILIES
from alliance.persistence.families import fit_family
from alliance.persistence.glm import GlmResult, fit_glm
from alliance.persistence.links import LINKS
from alliance.persistence.prepare import Prepared, prepare
from alliance.persistence.result import OutcomeFit
from alliance.persistence.sandwich import CLUSTERED, HETEROSCEDASTIC, Clustered, clustered_vcov, heteroscedastic_vcov
from alliance.persistence.separation import separating_variables, suspicious

if TYPE_CHECKING:
    import pandas as pd

GLM_LINKS = {"linear": "identity", "logit": "logit", "probit": "probit", "hazard": "logit", "firth": "logit"}
FAMILIES = (*GLM_LINKS, "mixed_logit", *OTHER_FAMILIES)


def fit_outcome(
    formula: str,
    data: pd.DataFrame,
    *,
    family: str = "logit",
    cluster: str | Sequence | None = None,
    vcov: str | None = None,
    random: str | None = None,
    weights: str | Sequence | None = None,
    quadrature: int = 1,
    level: float = 0.95,
    **options: Any,
) -> OutcomeFit:
    """Fit one outcome model on the rows of ``data`` that are complete in the columns it uses.

    Args:
        formula: ``outcome ~ terms`` in the grammar of :mod:`alliance.persistence.formula_syntax`.
        data: one row per student; for ``family="hazard"`` one row per student and period with a 0/1 event.
        family: linear, logit, probit, firth (penalised logit), hazard (``link="logit"`` or ``"cloglog"``), mixed_logit,
            ordinal (``link="logit"`` or ``"probit"``), multinomial, gee (``corr="independence"``, "exchangeable", "ar1"
            or "unstructured"; ``time`` sorts the rows) or cox (``event="column"``, ``strata``, ``ties``).
        cluster: a column (or one value per row) whose rows are dependent.
        vcov: "classic", "HC0" to "HC3", or with ``cluster`` "CR0", "CR1", "CR1S", "CR2", "CR3". Default: "CR2" with a
            cluster, else "classic". CR2 comes with Satterthwaite degrees of freedom, the other clustered ones with
            G-1, the rest with the normal (a linear model: n-p). gee also has "jackknife" and "jackknife_1step".
        random: mixed_logit: lme4's notation, "(1 | program)", "(1 | program/mentor)", "(1 + x | program)"; ordinal: one
            intercept; cox: one intercept, whose exponential is a gamma frailty.
        quadrature: mixed_logit: nodes of adaptive Gauss-Hermite quadrature; 1 is Laplace's approximation.
        weights: multiply each row's log-likelihood; rows of weight zero are left out.

    Raises:
        FormulaError: the formula is outside the grammar or names a column that is not there.
        ValueError: an unknown family or covariance, or a binary outcome that holds other values than 0 and 1.

    A model that cannot be estimated is returned with NaN estimates, its ``status`` and ``reason``; nothing is raised.
    """
    if family not in FAMILIES:
        raise ValueError(f"unknown family {family!r}; known are {', '.join(FAMILIES)}")
    if family == "mixed_logit":
        return _fit_mixed(formula, data, random, weights, quadrature, level)
    if family in OTHER_FAMILIES:
        return fit_family(
            family, formula, data, cluster=cluster, vcov=vcov, random=random, weights=weights, quadrature=quadrature,
            level=level, options=options,
        )  # fmt: skip
    kind = vcov or ("classic" if cluster is None else "CR2")
    if kind not in ("classic", *HETEROSCEDASTIC, *CLUSTERED):
        raise ValueError(f"unknown vcov {kind!r}; known are classic, {', '.join(HETEROSCEDASTIC + CLUSTERED)}")
    if kind in CLUSTERED and cluster is None:
        raise ValueError(f"vcov {kind} needs a cluster")
    ready = prepare(formula, data, cluster=cluster, weights=weights)
    return fit_prepared(ready, family, _link(family, options), kind, level)


def _fit_mixed(formula: str, data: pd.DataFrame, random, weights, quadrature: int, level: float) -> OutcomeFit:
    from alliance.persistence.mixed import fit_mixed_logit, random_columns

    if not random:
        raise ValueError("family mixed_logit needs random effects, such as random='(1 | program)'")
    ready = prepare(formula, data, weights=weights, also=random_columns(random, tuple(map(str, data.columns))))
    trouble = unusable(ready, binary=True)
    trouble = trouble or separated(ready, fit_glm(ready.y, ready.X, "logit", ready.weights))
    if trouble:
        return failed(ready, "mixed_logit", "logit", "classic", *trouble)
    return fit_mixed_logit(ready, random, quadrature, level)


def _link(family: str, options: dict[str, Any]) -> str:
    link = options.pop("link", GLM_LINKS[family])
    allowed = ("logit", "cloglog", "probit") if family == "hazard" else (GLM_LINKS[family],)
    if link not in allowed:
        raise ValueError(f"family {family} has no link {link!r}; known are {', '.join(allowed)}")
    if options:
        raise ValueError(f"family {family} knows no option {', '.join(sorted(options))}")
    return link


def unusable(ready: Prepared, binary: bool) -> tuple[str, str] | None:
    """Status and reason when no model can be fitted to these rows, else None."""
    n, p = ready.X.shape
    if n == 0:
        return "too_few", "no complete rows"
    if binary and not np.isin(ready.y, (0.0, 1.0)).all():
        raise ValueError(f"outcome {ready.formula.outcome} must hold 0 and 1 only")
    if np.ptp(ready.y) == 0:
        who = "everybody has" if ready.y[0] else "nobody has"
        return "constant_outcome", f"{who} the outcome" if binary else "the outcome is constant"
    if n <= p:
        return "too_few", f"{n} complete rows for {p} coefficients"
    return None


def failed(ready: Prepared, family: str, link: str, kind: str, status: str, reason: str) -> OutcomeFit:
    """A fit without estimates."""
    names = ready.design.names
    p = len(names)
    empty = np.full(p, np.nan)
    events = int(ready.y.sum()) if link != "identity" else None
    return OutcomeFit(
        family, link, names, empty, np.full((p, p), np.nan), empty, kind, len(ready.y), events, ready.n_clusters,
        ready.n_dropped, status, reason, converged=False, design=ready.design, data=ready.data, weights=ready.weights,
    )  # fmt: skip


def fit_prepared(ready: Prepared, family: str, link: str, kind: str, level: float = 0.95) -> OutcomeFit:
    """Fit one of :data:`GLM_LINKS` to rows that are prepared; ``kind`` as ``vcov`` of :func:`fit_outcome`."""
    trouble = unusable(ready, binary=link != "identity")
    if trouble:
        return failed(ready, family, link, kind, *trouble)
    result = fit_glm(ready.y, ready.X, link, ready.weights, firth=family == "firth")
    kept = ~result.aliased
    apart = separated(ready, result) if link != "identity" and family != "firth" else None
    if apart:
        return failed(ready, family, link, kind, *apart)
    if not result.converged:
        return failed(ready, family, link, kind, "not_converged", f"no convergence in {result.iterations} iterations")
    status, reason = "ok", ""
    if result.aliased.any():
        names = [n for n, a in zip(ready.design.names, result.aliased, strict=True) if a]
        status, reason = "aliased", f"constant or a combination of other terms, left out: {', '.join(names)}"
    small, clustered, df = covariance(ready, result, link, kind)
    if clustered is None and kind in CLUSTERED:
        status, reason = "one_cluster", "all rows are in one cluster: no clustered standard error exists"
    p = len(kept)
    V, degrees = np.full((p, p), np.nan), np.full(p, np.nan)
    V[np.ix_(kept, kept)] = small
    degrees[kept] = df
    return OutcomeFit(
        family, link, ready.design.names, result.coef, V, degrees, kind, len(ready.y),
        int(ready.y.sum()) if link != "identity" else None, ready.n_clusters, ready.n_dropped, status, reason,
        result.log_likelihood, True, level, ready.design, ready.data, ready.weights, clustered, kept, X=ready.X,
    )  # fmt: skip


def separated(ready: Prepared, result: GlmResult, names: list[str] | None = None) -> tuple[str, str] | None:
    """Status and reason when the outcome is separated, else None; ``names`` says which columns were fitted."""
    if not suspicious(result.eta, result.converged):
        return None
    columns = ready.design.names if names is None else names
    kept = [ready.design.names.index(n) for n, a in zip(columns, result.aliased, strict=True) if not a]
    apart = separating_variables(ready.y, ready.X[:, kept], np.array(ready.design.assign)[kept])
    if not apart:
        return None
    found = ", ".join(ready.design.term_name(term) for term in apart)
    return "separated", f"the outcome is separated by {found}: no finite estimate exists"


def covariance(
    ready: Prepared, result: GlmResult, link: str, kind: str
) -> tuple[np.ndarray, Clustered | None, np.ndarray | float]:
    """Covariance of the estimated coefficients, its cluster pieces, and degrees of freedom per coefficient."""
    X = ready.X[:, ~result.aliased]
    n, p = X.shape
    if kind in CLUSTERED:
        if ready.groups is None or (ready.n_clusters or 0) < 2:
            return np.full((p, p), np.nan), None, np.nan
        slope = None if link == "identity" else LINKS[link].slope(result.eta)
        pieces = clustered_vcov(X, result.score, result.weight, result.inverse, ready.groups, kind, slope)
        return pieces.vcov, pieces, pieces.satterthwaite(np.eye(p)) if kind == "CR2" else pieces.clusters - 1
    df = n - p if link == "identity" else np.inf
    if kind == "classic":
        return result.dispersion * result.inverse, None, df
    return heteroscedastic_vcov(X, result.score, result.weight, result.inverse, kind), None, df
