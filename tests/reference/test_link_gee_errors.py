"""Errors of a GEE beside the sandwich, against geepack: jackknifes over clusters and errors of the correlation."""

from dataclasses import replace

import numpy as np
import pytest
from alliance.persistence import fit_outcome
from alliance.persistence.gee import cluster_blocks, fit_gee, pair_correlations, pearson_residuals
from alliance.persistence.gee_errors import alpha_covariance, cluster_equations
from link_cases import close, column, data, expected

OHIO = ("resp ~ age*smoke", "id", "ohio.csv")
RESPIRATORY = ("outcome ~ C(center) + C(treat) + C(sex) + age + baseline", "pid", "respiratory.csv")
CASES = [("ohio", OHIO, False), ("ohio", OHIO, True), ("respiratory", RESPIRATORY, False)]
STRUCTURES = ["exchangeable", "ar1", "unstructured"]


@pytest.mark.parametrize(
    ("kind", "theirs"),
    [("jackknife_1step", "ohio_exch_jack"), ("jackknife", "ohio_exch_fij")],
)
def test_jackknife_over_clusters(kind, theirs):
    fit = fit_outcome(OHIO[0], data("gee", OHIO[2]), family="gee", cluster="id", corr="exchangeable", vcov=kind)
    rows = expected("gee")[theirs]["coef"]
    close(fit.coef, column(rows, "est"), rel=1e-5)
    close(fit.std_error, column(rows, "se"), rel=1e-5)
    close((fit.coef / fit.std_error) ** 2, column(rows, "wald"), rel=1e-5)


def solved(source, fixed, corr, every=None):
    """Outcome, design, clusters and solution of a case, without every n-th row."""
    formula, cluster, file = source
    rows = data("gee", file)
    if every:
        rows = rows.drop(rows.index[::every])
    start = fit_outcome(formula, rows)
    y, X = start.data[start.design.formula.outcome].to_numpy(float), start.X
    groups = np.unique(rows[cluster], return_inverse=True)[1]
    return y, X, groups, fit_gee(y, X, groups, start.coef, "logit", corr, fixed)


def with_geepacks_derivatives(y, X, groups, found, corr):
    """The equations with the two blocks of derivatives by the coefficients as geepack 1.3.9 has them."""
    H, _, U = cluster_equations(y, X, groups, found, "logit", corr)
    order = np.argsort(groups, kind="stable")
    y, X, blocks = y[order], X[order], cluster_blocks(groups)
    p, phi = X.shape[1], found.scale
    mean, root, residual = pearson_residuals(y, X @ found.coef, "logit")
    D, bend = X * root[:, None], 1 - 2 * mean
    H[p:, :p] = 0
    for rows in blocks:
        r = residual[rows]
        factor = 2 * r / root[rows] + r**2 / root[rows] ** 2 * bend[rows]
        H[p, :p] += np.einsum("cj,cjp->p", factor, D[rows]) / (2 * phi)
        j, k = np.triu_indices(rows.shape[1], 1)
        E = pair_correlations(corr, found.alpha, rows.shape[1], max(b.shape[1] for b in blocks))[1]
        own, curve = r[..., None] * D[rows], (bend / root)[rows][..., None] * D[rows]
        slope = own[:, j] + own[:, k] + (r[:, j] * r[:, k] / 2)[..., None] * (curve[:, j] + curve[:, k])
        H[p + 1 :, :p] += E.T @ slope.sum(axis=0) / phi
    return H, U


@pytest.mark.parametrize("corr", STRUCTURES)
@pytest.mark.parametrize(("study", "source", "fixed"), CASES)
def test_geepacks_error_of_the_correlation_comes_from_its_derivatives(study, source, fixed, corr):
    y, X, groups, found = solved(source, fixed, corr)
    H, U = with_geepacks_derivatives(y, X, groups, found, corr)
    p, q = X.shape[1], len(found.alpha)
    kept = np.delete(np.arange(p + 1 + q), [p] if fixed else [])
    influence = np.linalg.solve(H[np.ix_(kept, kept)], U[:, kept].T)[-q:]
    theirs = expected("gee")[f"{study}_{corr}" + ("_scalefix" if fixed else "")]
    close(np.sqrt((influence**2).sum(axis=1)), theirs["alpha_se"], rel=1e-5)


@pytest.mark.parametrize("every", [None, 5])  # clusters of one size, of two
@pytest.mark.parametrize("corr", STRUCTURES)
def test_our_derivatives_are_those_of_the_equations(corr, every):
    y, X, groups, found = solved(OHIO, False, corr, every)
    p, h = X.shape[1], 1e-6

    def later(coef, scale):
        return cluster_equations(y, X, groups, replace(found, coef=coef, scale=scale), "logit", corr)[2].sum(axis=0)[p:]

    H = cluster_equations(y, X, groups, found, "logit", corr)[0]
    for i, step in enumerate(np.eye(p) * h):
        change = later(found.coef - step, found.scale) - later(found.coef + step, found.scale)
        close(H[p:, i], change / (2 * h), rel=1e-5, absolute=1e-4)
    change = later(found.coef, found.scale - h) - later(found.coef, found.scale + h)
    close(H[p + 1 :, p], change[1:] / (2 * h), rel=1e-5)


def test_our_error_of_the_correlation_is_that_of_geepacks_jackknife():
    # geese(..., fij = TRUE) and (..., j1s = TRUE): roots of valpha.fij and valpha.j1s
    fit = fit_outcome(OHIO[0], data("gee", OHIO[2]), family="gee", cluster="id", corr="exchangeable")
    ours = np.sqrt(fit.extra["alpha_vcov"][0, 0])
    close([ours, ours], [0.03645695, 0.03645551], rel=0.015)
    assert expected("gee")["ohio_exchangeable"]["alpha_se"] > 1.7 * ours


def test_without_a_correlation_there_is_no_error_of_it():
    y, X, groups, found = solved(OHIO, False, "independence")
    assert alpha_covariance(y, X, groups, found, "logit", "independence", False).shape == (0, 0)
