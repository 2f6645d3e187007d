"""Outcome models with plausible values as predictors: the same model on every draw, pooled by Rubin's rules.

What measurement leaves unknown of a student's alliance is unknown in the draws too, so it is in the standard errors;
and because the draws know the outcome, the coefficients are not attenuated (Mislevy 1991; Marsman et al. 2016).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.fit import GLM_LINKS, fit_prepared
from alliance.persistence.imputations import PooledImputations, pool_rubin
from alliance.persistence.prepare import prepare
from alliance.persistence.result import OutcomeFit, table

if TYPE_CHECKING:
    import pandas as pd

    from alliance.persistence.analysis import Analysis

Fitter = Callable[["Analysis"], tuple[OutcomeFit | None, str, str]]
PLAUSIBLE = "plausible"
UNUSABLE = ("constant_outcome", "too_few", "not_converged", "separated")


@dataclass
class PooledFit(OutcomeFit):
    """One model fitted to every draw: pooled coefficients with their total covariance, the draws' fits in ``fits``.

    Answers like any fitted model; joint tests are D1, effects and predictions are pooled over the draws. ``df`` are
    those of Barnard & Rubin (1999) with the single fits' own as those of complete data.
    """

    fits: list[OutcomeFit] = field(default_factory=list)

    def test(self, terms: Sequence[str]) -> dict[str, Any]:
        """Joint test that the coefficients of ``terms`` are zero: D1 of Li, Raghunathan & Rubin (1991)."""
        places = [i for i in self.terms(terms) if np.isfinite(self.coef[i]) and np.isfinite(self.vcov[i, i])]
        if not places:
            return {"test": "none", "statistic": np.nan, "df": 0, "df_denominator": np.nan, "p_value": np.nan}
        own = np.mean([fit.test(terms)["df_denominator"] for fit in self.fits])
        pooled = PooledImputations(
            self.estimates, np.array([fit.coef for fit in self.fits]), np.array([fit.vcov for fit in self.fits]),
            float(own), len(self.fits),
        )  # fmt: skip
        found = pooled.test([self.names[i] for i in places])
        return {key: found[key] for key in ("test", "statistic", "df", "df_denominator", "p_value")}

    def effects(self, variables=None, *, contrasts=None, at=None, data=None) -> pd.DataFrame:
        """Average marginal effects and contrasts, averaged over the draws."""
        from alliance.persistence.effects import marginal_quantities

        values, variances = [], []
        for fit in self.fits:
            found, n = marginal_quantities(fit, variables, contrasts=contrasts, at=at, data=data)
            gradients = np.array([gradient for _, _, (_, gradient) in found])
            values.append([value for _, _, (value, _) in found])
            variances.append(np.einsum("ki,ij,kj->k", gradients, np.nan_to_num(fit.vcov), gradients))
        own = np.array([self.fits[-1].contrast_df(gradient) for gradient in gradients])
        table = _pooled(np.array(values), np.array(variances), own, [term for term, _, _ in found], self.level)
        table.insert(1, "contrast", [label for _, label, _ in found])
        return table.assign(n=n)

    def predictions(self, grid: Mapping[str, Sequence[Any]], data: pd.DataFrame | None = None) -> pd.DataFrame:
        """Average predicted outcome with columns set to values, averaged over the draws."""
        tables = [fit.predictions(grid, data) for fit in self.fits]
        values = np.array([t["estimate"].to_numpy(float) for t in tables])
        variances = np.array([t["std_error"].to_numpy(float) ** 2 for t in tables])
        own = np.mean([t["df"].to_numpy(float) for t in tables], axis=0)
        pooled = _pooled(values, variances, own, tables[0]["term"], self.level)
        return tables[0].assign(**{name: pooled[name].to_numpy() for name in pooled if name != "term"})

    def contrast_df(self, gradient: np.ndarray) -> float:
        """Degrees of freedom of gradient'b."""
        values = np.array([[np.nan_to_num(fit.coef) @ gradient] for fit in self.fits])
        errors = np.array([[gradient @ np.nan_to_num(fit.vcov) @ gradient] for fit in self.fits])
        own = float(np.mean([fit.contrast_df(gradient) for fit in self.fits]))
        return float(pool_rubin(values, errors, own)["df"][0])

    @property
    def information_lost(self) -> np.ndarray:
        """Share of each coefficient's variance that lies between the draws (lambda)."""
        coef, vcov = self._stacks()
        return pool_rubin(coef, np.einsum("mii->mi", vcov))["lambda"]

    def _stacks(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array([fit.coef for fit in self.fits]), np.array([fit.vcov for fit in self.fits])


def pool_fits(fits: Sequence[OutcomeFit]) -> PooledFit:
    """Pool fits of one model to several data sets; all must have the same terms. Needs two fits or more."""
    first = fits[0]
    coef, vcov = np.array([fit.coef for fit in fits]), np.array([fit.vcov for fit in fits])
    m = len(fits)
    between = np.atleast_2d(np.cov(coef, rowvar=False, ddof=1))
    total = vcov.mean(axis=0) + (1 + 1 / m) * between
    own = np.mean([fit.df for fit in fits], axis=0)
    df = np.array(
        [pool_rubin(coef[:, [k]], vcov[:, [k], k], float(own[k]))["df"][0] for k in range(len(own))]
    )  # fmt: skip
    shown = {name: getattr(first, name) for name in first.__dataclass_fields__}
    shown |= {"coef": coef.mean(axis=0), "vcov": total, "df": df, "clustered": None, "log_likelihood": np.nan}
    shown["extra"] = {**first.extra, "draws": m, "score_method": PLAUSIBLE}
    return PooledFit(**shown, fits=list(fits))


def _pooled(
    values: np.ndarray, variances: np.ndarray, own: np.ndarray, terms: Sequence[str], level: float
) -> pd.DataFrame:
    """Table of quantities (draws x k each) pooled one by one; ``own``: degrees of freedom without the draws."""
    pooled = [pool_rubin(values[:, [k]], variances[:, [k]], float(df)) for k, df in enumerate(own)]
    estimate, total, df = (np.array([p[name][0] for p in pooled]) for name in ("estimate", "t", "df"))
    return table(terms, estimate, np.sqrt(total), df, level)


def fit_declared(
    fit_one: Fitter, analysis: Analysis, settings: Mapping[str, Any], draws: Draws | None
) -> tuple[OutcomeFit | None, str, str]:
    """Fit by the estimator that the study declares: ``fit_one`` as it is, or on every draw of ``draws`` and pooled.

    ``fit_one`` returns a fit, its status for the table (ok, inadmissible, failed) and the reason.
    """
    if draws is None:
        return fit_one(analysis)
    sets = list(draws.fill(analysis))
    if not sets:
        return None, "failed", draws.reason
    first, state, reason = fit_one(replace(analysis, data=sets[0]))
    if state == "failed":
        return first, state, reason
    fits = [first, *_others(fit_one, analysis, settings, sets, first)]
    good = [fit for fit in fits if fit is not None and fit.status not in UNUSABLE and fit.names == first.names]
    if len(good) < max(2, len(sets) // 2):
        return first, "failed", f"the model could be estimated on only {len(good)} of {len(sets)} draws"
    lost = f"; {len(good)} of {len(sets)} draws could be used" if len(good) < len(sets) else ""
    return pool_fits(good), state, f"{reason}{lost}".removeprefix("; ")


def _others(
    fit_one: Fitter, analysis: Analysis, settings: Mapping[str, Any], sets: Sequence[pd.DataFrame], first: OutcomeFit
) -> Iterator[OutcomeFit]:
    """The model on the second and later draws; generalised linear models go without reading the data frame anew."""
    if first.family not in GLM_LINKS or first.design is None:
        yield from (fit_one(replace(analysis, data=data))[0] for data in sets[1:])
        return
    predictors = list(settings["predictors"])
    weights = analysis.options.get("weights")
    ready = prepare(analysis.formula, sets[0], cluster=settings.get("cluster"), weights=weights, also=["_place"])
    places = ready.data["_place"].to_numpy()
    for data in sets[1:]:
        moved = ready.data.assign(**{p: data[p].to_numpy()[places] for p in predictors})
        X = ready.design.matrix(moved, ready.X, predictors)
        yield fit_prepared(replace(ready, data=moved, X=X), first.family, first.link, first.se_type)


@dataclass(frozen=True)
class Draws:
    """Plausible values of one model: ``drawn`` (draws x students x dimensions); none with a ``reason`` if empty."""

    students: Sequence[str]
    dimensions: Sequence[str]
    drawn: np.ndarray
    reason: str = ""

    def fill(self, analysis: Analysis) -> Iterator[pd.DataFrame]:
        """The analysis's rows with the predictors replaced, draw by draw; ``_place`` numbers the rows."""
        import pandas as pd

        if not len(self.drawn):
            return
        places = pd.Index(self.students).get_indexer(analysis.data["student_id"])
        if (places < 0).any():
            raise ValueError("students of the analysis have no plausible values")
        numbered = analysis.data.assign(_place=np.arange(len(analysis.data)))
        for values in self.drawn:
            yield numbered.assign(**{d: values[places, k] for k, d in enumerate(self.dimensions)})


@dataclass(frozen=True)
class DrawTables:
    """The draws of all models: ``table`` (model, draw, student_id, one column per dimension), ``about`` a row each."""

    table: pd.DataFrame
    about: pd.DataFrame

    def of(self, model: str, predictors: Sequence[str]) -> Draws:
        """The draws of one model; none, and why, when it has none."""
        own = self.table[self.table["model"] == model].sort_values(["draw", "student_id"], kind="stable")
        students, m = sorted(own["student_id"].unique()), own["draw"].nunique()
        if not m:
            said = self.about.loc[self.about["model"] == model, "reason"]
            return Draws([], list(predictors), np.empty(0), f"no plausible values: {''.join(said.astype(str))}")
        values = own[list(predictors)].to_numpy(float).reshape(m, len(students), len(predictors))
        return Draws(students, list(predictors), values)
