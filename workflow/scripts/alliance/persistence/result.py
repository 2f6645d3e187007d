"""A fitted outcome model: its table of estimates, covariance, tests and effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.formula import Design
from alliance.persistence.links import LINKS, Link
from alliance.persistence.sandwich import Clustered

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class OutcomeFit:
    """What :func:`alliance.persistence.fit_outcome` returns.

    ``status`` is "ok" or the name of what went wrong ("separated", "constant_outcome", "aliased", "one_cluster",
    "too_few", "not_converged", "singular_random_effect"), ``reason`` says it in words. Estimates that do not exist are
    NaN. ``df`` is infinite where the reference distribution is the normal.
    """

    family: str
    link: str
    names: list[str]
    coef: np.ndarray
    vcov: np.ndarray
    df: np.ndarray
    se_type: str
    n: int
    n_events: int | None = None
    n_clusters: int | None = None
    n_dropped: int = 0
    status: str = "ok"
    reason: str = ""
    log_likelihood: float = np.nan
    converged: bool = True
    level: float = 0.95
    design: Design | None = None
    data: pd.DataFrame | None = None
    weights: np.ndarray | None = None
    clustered: Clustered | None = None
    estimated: np.ndarray | None = None
    variance_components: pd.DataFrame | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    X: np.ndarray | None = None  # the design of the analysed rows, where it is kept

    @property
    def std_error(self) -> np.ndarray:
        """Standard errors, NaN where the estimate does not exist."""
        with np.errstate(invalid="ignore"):
            return np.sqrt(np.diag(self.vcov))

    @property
    def estimates(self) -> pd.DataFrame:
        """term, estimate, std_error, statistic, df, p_value, conf_low, conf_high; one row per column of the design."""
        return table(self.names, self.coef, self.std_error, self.df, self.level)

    @property
    def nobs(self) -> int:
        """Number of analysed rows."""
        return self.n

    def terms(self, variables: Sequence[str]) -> list[int]:
        """Places of the columns whose name is one of ``variables`` or that come from one of these terms alone.

        A multinomial model has them once for each of its equations.
        """
        wanted = set(variables)
        names = [name.split(": ", 1)[-1] for name in self.names] if self.family == "multinomial" else self.names
        return [i for i, name in enumerate(names) if name in wanted or _base(name) in wanted]

    def test(self, terms: Sequence[str]) -> dict[str, Any]:
        """Joint Wald test that the coefficients of ``terms`` are zero: test, statistic, df, df_denominator, p_value.

        With CR2 the approximate Hotelling test (HTZ); with other cluster-robust errors F on G-1 denominator degrees of
        freedom; otherwise chi-square (F for a linear model). Missing estimates are left out of the test.
        """
        from scipy.stats import chi2, f

        places = [i for i in self.terms(terms) if np.isfinite(self.coef[i]) and np.isfinite(self.vcov[i, i])]
        q = len(places)
        if q == 0:
            return {"test": "none", "statistic": np.nan, "df": 0, "df_denominator": np.nan, "p_value": np.nan}
        if self.se_type == "CR2" and self.clustered is not None and self.estimated is not None:
            inside = [int(np.flatnonzero(np.flatnonzero(self.estimated) == i)[0]) for i in places]
            C = np.eye(len(self.clustered.bread))[inside]
            F, df, p = self.clustered.hotelling(C, self.coef[self.estimated])
            return {"test": "HTZ F", "statistic": F, "df": q, "df_denominator": df, "p_value": p}
        V = self.vcov[np.ix_(places, places)]
        b = self.coef[places]
        wald = float(b @ np.linalg.pinv(V, hermitian=True) @ b)
        denominator = float(np.min(self.df[places]))
        if np.isfinite(denominator):
            p = float(f.sf(wald / q, q, denominator))
            return {"test": "Wald F", "statistic": wald / q, "df": q, "df_denominator": denominator, "p_value": p}
        p = float(chi2.sf(wald, q))
        return {"test": "Wald chi2", "statistic": wald, "df": q, "df_denominator": np.inf, "p_value": p}

    def linear_predictor(self, data: pd.DataFrame) -> np.ndarray:
        """X b for other rows; estimates that do not exist count as zero."""
        return self._design().matrix(data) @ np.nan_to_num(self.coef)

    def predict(self, data: pd.DataFrame | None = None, **fixed: Any) -> np.ndarray:
        """Predicted mean outcome (probability, hazard) of each row, with some columns set to fixed values."""
        rows = (self.data if data is None else data).assign(**fixed)
        return self.response().mean(self.linear_predictor(rows))

    def response(self) -> Link:
        """From linear predictor to mean outcome; with random intercepts the mean over the population of levels.

        Raises ValueError for models without one mean (ordinal, multinomial, cox) and for random slopes.
        """
        from alliance.persistence.links import averaged

        if self.link not in LINKS:
            raise ValueError(f"average marginal effects are not defined for a {self.family} model")
        if self.variance_components is None:
            return LINKS[self.link]
        if (self.variance_components["term_1"] != "Intercept").any():
            raise ValueError("average marginal effects are not defined for a model with random slopes")
        return averaged(LINKS[self.link], float(np.sqrt(self.variance_components["variance"].sum())))

    @property
    def has_effects(self) -> bool:
        """Whether :meth:`effects` is defined: not for Cox models and random slopes."""
        if self.variance_components is not None and (self.variance_components["term_1"] != "Intercept").any():
            return False
        return self.link in LINKS or "categories" in self.extra

    def effects(
        self,
        variables: Sequence[str] | str | None = None,
        *,
        contrasts: Mapping[str, Any] | None = None,
        at: Mapping[str, Any] | str | None = None,
        data: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Average marginal effects and contrasts; see :func:`alliance.persistence.effects.marginal_effects`."""
        from alliance.persistence.effects import marginal_effects

        return marginal_effects(self, variables, contrasts=contrasts, at=at, data=data)

    def predictions(self, grid: Mapping[str, Sequence[Any]], data: pd.DataFrame | None = None) -> pd.DataFrame:
        """Average predicted outcome with columns set to values; see :func:`...effects.average_predictions`."""
        from alliance.persistence.effects import average_predictions

        return average_predictions(self, grid, data=data)

    def contrast_df(self, gradient: np.ndarray) -> float:
        """Degrees of freedom of gradient'b: Satterthwaite with CR2, else those of the estimates."""
        if self.se_type == "CR2" and self.clustered is not None and self.estimated is not None:
            return float(self.clustered.satterthwaite(gradient[self.estimated])[0])
        finite = self.df[np.isfinite(self.coef)]
        return float(finite.min()) if len(finite) else np.nan

    def _design(self) -> Design:
        if self.design is None:
            raise ValueError(f"a {self.family} model keeps no design to predict from")
        return self.design


def table(
    names: Sequence[str], estimate: np.ndarray, std_error: np.ndarray, df: np.ndarray | float, level: float = 0.95
) -> pd.DataFrame:
    """A frame of estimates with t (or normal, where df is infinite) statistics, p values and intervals."""
    import pandas as pd
    from scipy.stats import t

    estimate, std_error = np.asarray(estimate, float), np.asarray(std_error, float)
    degrees = np.broadcast_to(np.asarray(df, dtype=float), estimate.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate / std_error
    p_value = 2 * t.sf(np.abs(statistic), degrees)
    margin = t.ppf((1 + level) / 2, degrees) * std_error
    return pd.DataFrame(
        {
            "term": list(names),
            "estimate": estimate,
            "std_error": std_error,
            "statistic": statistic,
            "df": degrees,
            "p_value": p_value,
            "conf_low": estimate - margin,
            "conf_high": estimate + margin,
        }
    )


def _base(name: str) -> str:
    """Column behind the name of one category's column: ``gender[T.woman]`` and ``C(gender)[T.2]`` -> gender."""
    if ":" in name:
        return ""
    stem = name.split("[", 1)[0]
    return stem[2:-1] if stem.startswith("C(") and stem.endswith(")") else stem
