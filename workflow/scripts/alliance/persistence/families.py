"""The families beyond the generalised linear models: ordinal, multinomial, GEE and Cox, as one kind of result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.gee_errors import JACKKNIFE
from alliance.persistence.glm import aliased_columns, fit_glm
from alliance.persistence.prepare import Prepared, prepare
from alliance.persistence.result import OutcomeFit

if TYPE_CHECKING:
    import pandas as pd

FAMILIES = ("ordinal", "multinomial", "gee", "cox")
VCOV = {"ordinal": ("classic", "HC0", "CR0", "CR1"), "multinomial": ("classic", "HC0", "CR0", "CR1"),
        "gee": ("classic", "CR0", "CR1", *JACKKNIFE), "cox": ("classic", "HC0", "CR0", "CR1")}  # fmt: skip


def fit_family(
    family: str,
    formula: str,
    data: pd.DataFrame,
    *,
    cluster: Any,
    vcov: str | None,
    random: str | None,
    weights: Any,
    quadrature: int,
    level: float,
    options: dict[str, Any],
) -> OutcomeFit:
    """Fit one of :data:`FAMILIES`; see :func:`alliance.persistence.fit_outcome` for the arguments.

    Options: ordinal ``link`` ("logit", "probit"); gee ``corr``, ``link`` ("logit", "identity"), ``scale_fix`` and
    ``time``, and the vcov "jackknife" and "jackknife_1step"; cox ``event``, ``strata`` and ``ties``; with
    ``random`` a gamma frailty, tested (half of a chi-square of one degree) in ``extra["frailty"]``.
    """
    kind = vcov or ("classic" if cluster is None else "CR0" if family in ("gee", "cox") else "CR1")
    if kind not in VCOV[family]:
        raise ValueError(f"family {family} has no vcov {kind!r}; it has {', '.join(VCOV[family])}")
    if kind.startswith("CR") and cluster is None:
        raise ValueError(f"vcov {kind} needs a cluster")
    if family == "cox" and random:
        if vcov not in (None, "classic"):
            raise ValueError(f"a frailty has the errors of its likelihood: leave out vcov {vcov}")
        kind = "classic"
    fitters = {"ordinal": _ordinal, "multinomial": _multinomial, "gee": _gee, "cox": _cox}
    known = {"ordinal": {"link"}, "multinomial": set(), "gee": {"corr", "link", "scale_fix", "time"},
             "cox": {"event", "strata", "ties"}}[family]  # fmt: skip
    extra = sorted(set(options) - known)
    if extra:
        raise ValueError(f"family {family} knows no option {', '.join(extra)}")
    arguments = {"cluster": cluster, "weights": weights, "random": random, "quadrature": quadrature}
    return fitters[family](formula, data, kind, level, arguments, options)


def _sandwich(scores: np.ndarray, inverse: np.ndarray, groups: np.ndarray | None, kind: str) -> np.ndarray:
    if kind == "classic":
        return inverse
    if kind == "HC0":
        return inverse @ (scores.T @ scores) @ inverse
    sums = np.zeros((int(groups.max()) + 1, scores.shape[1]))
    np.add.at(sums, groups, scores)
    factor = len(sums) / (len(sums) - 1) if kind == "CR1" else 1.0
    return factor * inverse @ (sums.T @ sums) @ inverse


def _build(
    ready: Prepared, family: str, link: str, names: list[str], coef: np.ndarray, V: np.ndarray, kind: str, level: float,
    loglik: float, converged: bool, events: int | None, extra: dict[str, Any], left_out: list[str],
) -> OutcomeFit:  # fmt: skip
    status, reason = ("ok", "") if converged else ("not_converged", "no convergence")
    if left_out:
        status, reason = "aliased", f"constant or a combination of other terms, left out: {', '.join(left_out)}"
    if (kind.startswith("CR") or kind in JACKKNIFE) and (ready.n_clusters or 0) < 2:
        status, reason = "one_cluster", "all rows are in one cluster: no clustered standard error exists"
        V = np.full_like(V, np.nan)
    degrees = (ready.n_clusters or 0) - 1.0 if kind == "CR1" else np.inf
    return OutcomeFit(
        family, link, names, coef, V, np.full(len(coef), degrees), kind, len(ready.y), events, ready.n_clusters,
        ready.n_dropped, status, reason, loglik, converged, level, ready.design, ready.data, ready.weights, extra=extra,
        X=ready.X,
    )  # fmt: skip


def _covariates(ready: Prepared, intercept: bool) -> tuple[np.ndarray, list[str], list[str]]:
    """Design with or without its intercept, its names, and the names of aliased columns that were taken out."""
    X, names = ready.X, list(ready.design.names)
    aliased = aliased_columns(X if "Intercept" in names else np.column_stack([np.ones(len(X)), X]))
    aliased = aliased if "Intercept" in names else aliased[1:]
    left_out = [n for n, a in zip(names, aliased, strict=True) if a]
    keep = [i for i, n in enumerate(names) if not aliased[i] and (intercept or n != "Intercept")]
    return X[:, keep], [names[i] for i in keep], left_out


def _nothing(ready: Prepared, family: str, link: str, kind: str, status: str, reason: str) -> OutcomeFit:
    names = [n for n in ready.design.names if n != "Intercept"]
    empty = np.full(len(names), np.nan)
    return OutcomeFit(
        family, link, names, empty, np.full((len(names), len(names)), np.nan), empty, kind, len(ready.y), None,
        ready.n_clusters, ready.n_dropped, status, reason, converged=False,
    )  # fmt: skip


def _categories(formula: str, data: pd.DataFrame, arguments: dict[str, Any], also: list[str]) -> Prepared:
    return prepare(
        formula, data, cluster=arguments["cluster"], weights=arguments["weights"], also=also, categorical=True
    )


def _ordinal(formula, data, kind, level, arguments, options) -> OutcomeFit:
    from alliance.persistence.categorical import fit_ordinal

    link, random = options.get("link", "logit"), arguments["random"]
    if link not in ("logit", "probit"):
        raise ValueError(f"family ordinal has no link {link!r}; known are logit, probit")
    also = []
    if random:
        from alliance.persistence.mixed import random_columns

        also = random_columns(random, tuple(map(str, data.columns)))
    ready = _categories(formula, data, arguments, also)
    if len(ready.categories) < 2:
        return _nothing(ready, "ordinal", link, kind, "constant_outcome", "fewer than two categories of the outcome")
    X, names, left_out = _covariates(ready, intercept=False)
    found = fit_ordinal(ready.y, X, names, ready.categories, ready.weights, link)
    if random:
        return _ordinal_mixed(ready, X, names, found, random, arguments["quadrature"], link, level, left_out)
    V = _sandwich(found.scores, found.inverse, ready.groups, kind)
    extra = {"categories": found.categories, "columns": names}
    return _build(ready, "ordinal", f"cumulative {link}", found.names, found.coef, V, kind, level,
                  found.log_likelihood, found.converged, None, extra, left_out)  # fmt: skip


def _ordinal_mixed(ready, X, columns, start, random, quadrature, link, level, left_out) -> OutcomeFit:
    import pandas as pd

    from alliance.persistence.mixed import SINGULAR, group_codes, maximise, parse_random
    from alliance.persistence.ordinal_mixed import OrdinalRandomIntercept

    terms = parse_random(random, tuple(ready.data.columns))
    if len(terms) != 1 or not terms[0].scalar:
        raise ValueError("family ordinal takes exactly one random intercept")
    codes, names = group_codes(ready.data, terms[0])
    model = OrdinalRandomIntercept(ready.y, X, codes, len(ready.categories), quadrature, link)
    first = np.append(start.coef, 0.5)
    scale = np.append(1 / np.diag(start.inverse), 2.0 * len(names))
    parameters, value, hessian, converged = maximise(model.evaluate, first, scale)
    sigma = abs(parameters[-1])
    information = -hessian[:-1, :-1] if sigma < SINGULAR else -hessian
    V = np.linalg.inv(information)[: len(first) - 1, : len(first) - 1]
    fit = _build(ready, "ordinal", f"cumulative {link}", start.names, parameters[:-1], V, "classic", level, value,
                 converged, None, {"categories": ready.categories, "columns": columns}, left_out)  # fmt: skip
    fit.variance_components = pd.DataFrame(
        {"group": [terms[0].name], "term_1": ["Intercept"], "term_2": [""], "variance": [sigma**2],
         "sd_or_correlation": [sigma], "levels": [len(names)]}
    )  # fmt: skip
    if sigma < SINGULAR:
        fit.status, fit.reason = "singular_random_effect", f"no variation found between levels of {terms[0].name}"
    return fit


def _multinomial(formula, data, kind, level, arguments, options) -> OutcomeFit:
    from alliance.persistence.categorical import fit_multinomial

    ready = _categories(formula, data, arguments, [])
    if len(ready.categories) < 2:
        return _nothing(ready, "multinomial", "logit", kind, "constant_outcome", "only one category of the outcome")
    X, names, left_out = _covariates(ready, intercept=True)
    found = fit_multinomial(ready.y, X, names, ready.categories, ready.weights)
    V = _sandwich(found.scores, found.inverse, ready.groups, kind)
    extra = {"categories": found.categories, "base": found.categories[0], "columns": names}
    return _build(ready, "multinomial", "multinomial logit", found.names, found.coef, V, kind, level,
                  found.log_likelihood, found.converged, None, extra, left_out)  # fmt: skip


def _gee(formula, data, kind, level, arguments, options) -> OutcomeFit:
    from alliance.persistence.fit import separated, unusable
    from alliance.persistence.gee import STRUCTURES, fit_gee, information_criteria
    from alliance.persistence.gee_errors import alpha_covariance, jackknife_covariance

    corr, link = options.get("corr", "exchangeable"), options.get("link", "logit")
    if corr not in STRUCTURES:
        raise ValueError(f"corr must be one of {', '.join(STRUCTURES)}, not {corr!r}")
    if arguments["cluster"] is None:
        raise ValueError("family gee needs a cluster")
    if arguments["weights"] is not None:
        raise ValueError("family gee takes no weights")
    if options.get("time"):
        data = data.sort_values(options["time"], kind="stable")
    ready = prepare(formula, data, cluster=arguments["cluster"])
    trouble = unusable(ready, binary=link == "logit")
    if trouble:
        return _nothing(ready, "gee", link, kind, *trouble)
    X, names, left_out = _covariates(ready, intercept=True)
    start = fit_glm(ready.y, X, link)
    apart = separated(ready, start, names) if link == "logit" else None
    if apart:
        return _nothing(ready, "gee", link, kind, *apart)
    fixed, rows = bool(options.get("scale_fix", False)), (ready.y, X, ready.groups)
    found = fit_gee(*rows, start.coef, link, corr, fixed)
    if kind in JACKKNIFE and found.converged and found.clusters > 1:
        V = jackknife_covariance(*rows, found, link, corr, fixed, kind)
    elif kind == "classic":
        V = found.naive
    else:
        V = found.robust * (found.clusters / (found.clusters - 1) if kind == "CR1" else 1.0)
    extra = {
        "corr": corr, "alpha": found.alpha, "scale": found.scale, "naive_vcov": found.naive,
    }  # fmt: skip
    if found.converged:
        extra["alpha_vcov"] = alpha_covariance(*rows, found, link, corr, fixed)
    events = int(ready.y.sum()) if link == "logit" else None
    if link == "logit" and found.converged:
        alone = fit_gee(*rows, start.coef, link, "independence", fixed)
        extra["qic"] = information_criteria(ready.y, X, found, alone)
    fit = _build(ready, "gee", link, names, found.coef, V, kind, level, np.nan, found.converged,
                 events, extra, left_out)  # fmt: skip
    if kind in JACKKNIFE and fit.status == "ok" and not np.isfinite(V).all():
        fit.status = "not_converged"
        fit.reason = "without some clusters the equations have no solution, so no jackknife: use CR1 or jackknife_1step"
    return _with_full_design(fit)


def _with_full_design(fit: OutcomeFit) -> OutcomeFit:
    """Estimates in the places of all the design's columns, NaN where a column was left out: effects need them so."""
    names = fit.design.names
    if fit.names == names:
        return fit
    places = [names.index(name) for name in fit.names]
    coef, V, df = np.full(len(names), np.nan), np.full((len(names), len(names)), np.nan), np.full(len(names), np.nan)
    coef[places], df[places] = fit.coef, fit.df
    V[np.ix_(places, places)] = fit.vcov
    fit.names, fit.coef, fit.vcov, fit.df = names, coef, V, df
    return fit


def _cox(formula, data, kind, level, arguments, options) -> OutcomeFit:
    from alliance.persistence.cox import fit_cox

    event, strata = options.get("event"), options.get("strata")
    if event is None or event not in data.columns:
        raise ValueError("family cox needs event='column' that is 1 where the time ended with the event")
    if arguments["weights"] is not None:
        raise ValueError("family cox takes no weights")
    also = [event, *([strata] if strata else [])]
    if arguments["random"]:
        from alliance.persistence.mixed import random_columns

        also += random_columns(arguments["random"], tuple(map(str, data.columns)))
    ready = prepare(formula, data, cluster=arguments["cluster"], also=list(dict.fromkeys(also)))
    happened = ready.data[event].to_numpy(float)
    if not len(ready.y) or not happened.any():
        return _nothing(ready, "cox", "log", kind, "constant_outcome", "nobody has the event")
    X, names, left_out = _covariates(ready, intercept=False)
    groups = ready.data[strata].to_numpy() if strata else None
    if arguments["random"]:
        return _cox_frailty(ready, happened, X, names, groups, arguments["random"], level, left_out, options)
    found = fit_cox(ready.y, happened, X, groups, options.get("ties", "efron"))
    if kind != "classic" and not np.isfinite(found.scores).all():
        raise ValueError("ties exact have no robust errors: use vcov classic, or ties efron")
    V = _sandwich(found.scores, found.inverse, ready.groups, kind)
    extra = {
        "null_log_likelihood": found.null_log_likelihood, "naive_vcov": found.inverse,
        "ties": options.get("ties", "efron"), "strata": strata,
    }  # fmt: skip
    return _build(ready, "cox", "log", names, found.coef, V, kind, level, found.log_likelihood, found.converged,
                  int(happened.sum()), extra, left_out)  # fmt: skip


def _cox_frailty(ready, happened, X, names, strata, random, level, left_out, options) -> OutcomeFit:
    import pandas as pd
    from scipy.stats import chi2

    from alliance.persistence.frailty import fit_frailty
    from alliance.persistence.mixed import group_codes, parse_random

    terms = parse_random(random, tuple(ready.data.columns))
    if len(terms) != 1 or not terms[0].scalar:
        raise ValueError("family cox takes exactly one random intercept, a gamma frailty")
    codes, levels = group_codes(ready.data, terms[0])
    ties = options.get("ties", "efron")
    found = fit_frailty(ready.y, happened, X, codes, strata, ties)
    statistic = max(2 * (found.log_likelihood - found.null), 0.0)
    extra = {
        "frailty": {"variance": found.variance, "statistic": statistic, "p_value": float(chi2.sf(statistic, 1)) / 2},
        "ties": ties, "strata": options.get("strata"),
    }  # fmt: skip
    fit = _build(ready, "cox", "log", names, found.coef, found.inverse, "classic", level, found.log_likelihood,
                 found.converged, int(happened.sum()), extra, left_out)  # fmt: skip
    fit.variance_components = pd.DataFrame(
        {"group": [terms[0].name], "term_1": ["Intercept"], "term_2": [""], "variance": [found.variance],
         "sd_or_correlation": [found.variance**0.5], "levels": [len(levels)]}
    )  # fmt: skip
    if found.variance == 0:
        fit.status, fit.reason = "singular_random_effect", f"no variation found between levels of {terms[0].name}"
    return fit
