"""What is imputed by what: kinds and methods of the variables, predictors, passive terms, clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alliance.survey.imputation_chain import Problem, Target, Variable

if TYPE_CHECKING:
    import pandas as pd

METHODS = {
    "pmm": "predictive mean matching (numbers, items)",
    "norm": "Bayesian linear regression (numbers)",
    "polr": "proportional odds (ordered items)",
    "logreg": "logistic regression (two categories)",
    "polyreg": "multinomial logit (categories)",
    "2l.pmm": "predictive mean matching with random cluster intercepts (numbers, items)",
    "2l.norm": "linear mixed model with random cluster intercepts (numbers)",
    "2l.probit": "probit with random cluster intercepts (two categories)",
}
MOST_LEVELS = 20
FEWEST_OBSERVED = 10


@dataclass(frozen=True)
class ImputationPlan:
    """How the missing cells of a frame are filled; made by :func:`plan_imputation`.

    problem: arrays for the chains; levels: categories of the text variables in code order; predictors: boolean frame,
    rows the imputed variables, columns the terms; log: variable, event, detail (what the plan left out and why).
    """

    problem: Problem
    levels: dict[str, list[str]]
    predictors: pd.DataFrame
    log: pd.DataFrame


def plan_imputation(
    frame: pd.DataFrame,
    variables: Sequence[str],
    *,
    methods: Mapping[str, str] | None = None,
    passive: Mapping[str, Sequence[str]] | None = None,
    passive_function: str = "mean",
    predictors: Mapping[str, Sequence[str]] | None = None,
    minimum_correlation: float = 0.1,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    cluster: str | None = None,
    cluster_means: Sequence[str] = (),
    donors: int = 5,
) -> ImputationPlan:
    """Decide methods and predictors.

    variables: columns that take part (imputed where they have missing cells, predictors of the others); name the
    outcomes and all auxiliary variables, not the ids. Numbers and items default to "pmm", two categories to "logreg",
    more to "polyreg"; with ``cluster`` to "2l.pmm" and "2l.probit" (``METHODS``; "polyreg" knows no clusters).
    passive: name -> items: scale means (or sums) recomputed from the items at every visit. An item is predicted by the
    other items of its scale and by the *scales* of all other items; everything else by the scales, not their items.
    predictors: imputed variable -> its terms, instead of the choice by correlation: a term stays when it or the
    fact of being missing correlates with the variable by ``minimum_correlation`` (quickpred, van Buuren, Boshuizen &
    Knook 1999); ``include`` always stay, ``exclude`` never predict. cluster: column of clusters (complete);
    cluster_means: terms whose cluster means predict, too.

    Raises ValueError, with all problems in words, for unknown names or variables that cannot be imputed.
    """
    import pandas as pd

    passive = {name: list(items) for name, items in (passive or {}).items()}
    problems = _unknown(frame, variables, methods, passive, predictors, include, exclude, cluster, cluster_means)
    if passive_function not in ("mean", "sum"):
        problems.append(f'passive_function "{passive_function}" is not known: use mean or sum')
    if problems:
        raise ValueError("; ".join(problems))
    log: list[tuple[str, str, str]] = []
    coded, levels = [], {}
    for name in variables:
        variable, labels = _coded(frame[name], name, (methods or {}).get(name))
        seen = variable.data[~np.isnan(variable.data)]
        if len(np.unique(seen)) < 2 and name not in passive:
            log.append((name, "left out", "does not vary"))
            if np.isnan(variable.data).any():
                problems.append(f"{name} does not vary: leave it out")
            continue
        if np.isnan(variable.data).any() and len(seen) < FEWEST_OBSERVED:
            problems.append(f"{name} has only {len(seen)} observed values: leave it out")
        if variable.levels > MOST_LEVELS:
            problems.append(f"{name} has {variable.levels} categories: leave it out or group them")
        coded.append(variable)
        if labels:
            levels[name] = labels
    if problems:
        raise ValueError("; ".join(problems))
    chosen_methods, method_problems = _methods(coded, methods or {}, cluster is not None)
    if method_problems:
        raise ValueError("; ".join(method_problems))
    kept = {v.name for v in coded}
    passive = {name: [i for i in items if i in kept] for name, items in passive.items()}
    passive = {name: items for name, items in passive.items() if items}
    terms = _term_columns(coded, passive)
    means = [m for m in cluster_means if m in terms]
    table = _predictor_table(coded, passive, terms, list(chosen_methods), minimum_correlation, include, exclude, log)
    for name, wanted in (predictors or {}).items():
        if name in table.index:
            table.loc[name] = table.columns.isin(wanted)
    targets = []
    for name, method in chosen_methods.items():
        own = [t for t in table.columns[table.loc[name]] if t != name]
        own += [f"mean({m})" for m in means if m != name and (m in own or m in passive)]
        if not own:
            log.append((name, "no predictors", "drawn from its own distribution"))
        targets.append(Target(name, method, tuple(own)))
    codes = None if cluster is None else pd.factorize(frame[cluster], sort=True)[0]
    if cluster is not None:
        log += [(t.name, "cluster", "polyreg has no cluster effects") for t in targets if t.method == "polyreg"]
    problem = Problem(
        tuple(coded),
        tuple(targets),
        {name: (tuple(items), passive_function) for name, items in passive.items()},
        codes,
        tuple(means),
        donors,
    )
    return ImputationPlan(problem, levels, table, pd.DataFrame(log, columns=["variable", "event", "detail"]))


def _unknown(frame, variables, methods, passive, predictors, include, exclude, cluster, cluster_means) -> list[str]:
    """Names that the frame does not have or that are used twice."""
    terms = {*variables, *passive}
    problems = [f"no column {v}" for v in variables if v not in frame.columns]
    problems += [f"{v} stands twice" for v in sorted({v for v in variables if list(variables).count(v) > 1})]
    problems += [f"passive {p} is also a column" for p in passive if p in frame.columns]
    named = {
        "methods": methods or {},
        "predictors": {n for k, v in (predictors or {}).items() for n in (k, *v)},
        "include": include,
        "exclude": exclude,
        "cluster_means": cluster_means,
        "passive": {i for items in passive.values() for i in items},
    }
    problems += [
        f"{key}: {name} is not one of the variables" for key, ns in named.items() for name in ns if name not in terms
    ]
    problems += [
        f"{n}: unknown method {m}, use {', '.join(METHODS)}" for n, m in (methods or {}).items() if m not in METHODS
    ]
    if cluster is not None and cluster not in frame.columns:
        problems.append(f"no column {cluster}")
    elif cluster is not None and frame[cluster].isna().any():
        problems.append(f"cluster {cluster} is missing in {int(frame[cluster].isna().sum())} rows")
    if cluster_means and cluster is None:
        problems.append("cluster_means needs a cluster")
    return problems


def _coded(column: pd.Series, name: str, method: str | None) -> tuple[Variable, list[str]]:
    """Numbers as floats; text, categories and booleans as codes with their labels (sorted, or in category order)."""
    import pandas as pd

    number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if number and method not in ("logreg", "polyreg", "2l.probit"):
        return Variable(name, column.to_numpy(dtype=float, na_value=np.nan)), []
    if isinstance(column.dtype, pd.CategoricalDtype):
        used = set(column.dropna())
        labels = [c for c in column.cat.categories if c in used]
    else:
        labels = sorted(column.dropna().unique())
    codes = column.map({label: k for k, label in enumerate(labels)}).to_numpy(dtype=float, na_value=np.nan)
    return Variable(name, codes, len(labels)), labels


def _methods(coded, methods, clustered) -> tuple[dict[str, str], list[str]]:
    """Imputed variable -> method, in the order of the variables; and what does not fit."""
    out, problems = {}, []
    for v in coded:
        if not np.isnan(v.data).any():
            continue
        default = ("2l.pmm" if clustered else "pmm") if v.levels == 0 else "polyreg"
        if v.levels == 2:
            default = "2l.probit" if clustered else "logreg"
        method = methods.get(v.name, default)
        if v.levels == 0 and method in ("logreg", "polyreg", "2l.probit"):
            problems.append(f"{v.name}: {method} needs categories")
        if v.levels > 0 and method in ("pmm", "norm", "polr", "2l.pmm", "2l.norm"):
            problems.append(f"{v.name}: {method} needs numbers")
        if v.levels > 2 and method in ("logreg", "2l.probit"):
            problems.append(f"{v.name}: {method} needs two categories, there are {v.levels}")
        if method.startswith("2l.") and not clustered:
            problems.append(f"{v.name}: {method} needs a cluster")
        if v.levels == 0 and method == "polr" and len(np.unique(v.data[~np.isnan(v.data)])) > MOST_LEVELS:
            problems.append(f"{v.name}: polr is for at most {MOST_LEVELS} ordered categories")
        out[v.name] = method
    return out, problems


def _term_columns(coded, passive) -> dict[str, np.ndarray]:
    """Term -> (n, width) available values, NaN where missing; a passive term is the mean of its answered items."""
    terms = {}
    for v in coded:
        if v.levels == 0:
            terms[v.name] = v.data[:, None]
        else:
            hot = (v.data[:, None] == np.arange(1, v.levels)).astype(float)
            terms[v.name] = np.where(np.isnan(v.data)[:, None], np.nan, hot)
    for name, items in passive.items():
        block = np.column_stack([terms[i][:, 0] for i in items])
        n = (~np.isnan(block)).sum(axis=1)
        terms[name] = np.where(n > 0, np.nansum(block, axis=1) / np.maximum(n, 1), np.nan)[:, None]
    return terms


def _predictor_table(coded, passive, terms, imputed, minimum, include, exclude, log) -> pd.DataFrame:
    """Boolean frame: imputed variables x terms."""
    import pandas as pd

    names = list(terms)
    scale_of = {item: name for name, items in passive.items() for item in items}
    columns = np.column_stack([terms[t] for t in names])
    owner = np.repeat(np.arange(len(names)), [terms[t].shape[1] for t in names])
    table = pd.DataFrame(False, index=imputed, columns=names)
    targets = np.column_stack([terms[t] for t in imputed]) if imputed else np.empty((len(columns), 0))
    target_owner = np.repeat(np.arange(len(imputed)), [terms[t].shape[1] for t in imputed])
    absent = np.column_stack([np.isnan(terms[t][:, 0]).astype(float) for t in imputed]) if imputed else targets
    strength = np.zeros((len(imputed), len(names)))
    for block, rows in (
        (np.abs(_correlations(targets, columns)), target_owner),
        (np.abs(_correlations(absent, columns)), np.arange(len(imputed))),
    ):
        for k in range(len(rows)):
            np.maximum.at(strength[rows[k]], owner, block[k])
    for k, name in enumerate(imputed):
        for j, term in enumerate(names):
            if term == name or term in exclude or name in passive.get(term, ()):
                continue
            if term in scale_of and scale_of[term] != scale_of.get(name):
                continue  # its scale stands for it
            table.loc[name, term] = term in include or strength[k, j] >= minimum
    _drop_repeats(table, names, columns, owner, log)
    return table


def _drop_repeats(table, names, columns, owner, log) -> None:
    """A term all of whose columns repeat (r above .999) those of an earlier one does not predict beside it."""
    same = np.abs(_correlations(columns, columns)) > 0.999
    for b, other in enumerate(names):
        for a, one in enumerate(names[:b]):
            if not same[np.ix_(owner == b, owner == a)].any(axis=1).all():
                continue
            both = table[one] & table[other]
            if both.any():
                table.loc[both, other] = False
                log.append((other, "not used", f"repeats {one}"))
                break


def _correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pairwise complete correlations of the columns of a with those of b; 0 where there is none."""
    seen_a, seen_b = (~np.isnan(a)).astype(float), (~np.isnan(b)).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = np.where(seen_a > 0, a - np.nanmean(a, axis=0) if len(a) else a, 0.0)
        y = np.where(seen_b > 0, b - np.nanmean(b, axis=0) if len(b) else b, 0.0)
        n = seen_a.T @ seen_b
        mx, my = x.T @ seen_b / n, seen_a.T @ y / n
        cov = x.T @ y / n - mx * my
        vx, vy = (x * x).T @ seen_b / n - mx**2, seen_a.T @ (y * y) / n - my**2
        r = cov / np.sqrt(vx * vy)
    return np.where((n >= 3) & (vx > 1e-12) & (vy > 1e-12), r, 0.0)
