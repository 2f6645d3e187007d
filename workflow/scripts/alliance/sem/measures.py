"""All fit measures of a fitted model, from the tests of the model, of independence and of the unrestricted model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .baseline import LeastSquaresBaseline, normal_baseline
from .fit_measures import cfi, chi2_sf, rmsea_block, tli
from .inference import infer, invert
from .patterns import constant, deviance, pattern_state
from .residuals import ordinal_root_mean_squares, root_mean_squares
from .robust import UNDEFINED, RobustFit, incomplete_robust, ordinal_robust
from .scaled import ScaledTest, satorra_bentler, saturated_trace, scaled_shifted, yuan_bentler

if TYPE_CHECKING:
    from .results import Fit

NAN = float("nan")


def measures(fit: Fit) -> dict[str, float]:
    """lavaan's names with underscores -> values, in lavaan's order."""
    groups, df, npar = fit.n_groups, fit.df, fit.n_free
    # RMSEA of the least-squares family rests on n - G, as its chi-square and standard errors do
    n = fit.n_total - (groups if fit.options.discrepancy != "ML" else 0)
    fmin = fit.optimum.value
    chisq = max(2 * fit.n_total * fmin, 0.0)
    out: dict[str, float] = {"npar": npar, "fmin": fmin, "chisq": chisq, "df": df}
    out["pvalue"] = NAN if fit.options.discrepancy == "ULS" else chi2_sf(chisq, df)
    test = model_test(fit)
    x2_null, df_null, test_null = baseline(fit)
    if test is not None:
        out["chisq_scaled"] = chisq / test.factor + test.shift if df > 0 and test.factor > 0 else chisq
        out["df_scaled"] = df
        out["pvalue_scaled"] = chi2_sf(out["chisq_scaled"], df)
        out["chisq_scaling_factor"] = test.factor
        if test.shift:
            out["chisq_shift_parameters"] = test.shift
    out |= {"baseline_chisq": x2_null, "baseline_df": df_null}
    out["baseline_pvalue"] = NAN if fit.options.discrepancy == "ULS" else chi2_sf(x2_null, df_null)
    if test_null is not None:
        scaled_null = x2_null / test_null.factor + test_null.shift if df_null > 0 else x2_null
        out |= {
            "baseline_chisq_scaled": scaled_null,
            "baseline_df_scaled": df_null,
            "baseline_pvalue_scaled": chi2_sf(scaled_null, df_null),
            "baseline_chisq_scaling_factor": test_null.factor,
        }
    out |= {"cfi": cfi(chisq, df, x2_null, df_null), "tli": tli(chisq, df, x2_null, df_null)}
    if test is not None and test_null is not None:
        pair = (out["chisq_scaled"], df, out["baseline_chisq_scaled"], df_null)
        out |= {"cfi_scaled": cfi(*pair), "tli_scaled": tli(*pair)}
    robust, c_interval = _robust(fit, chisq, test, x2_null, df_null, test_null)
    if robust is not None:
        # the robust indices keep the model's own degrees of freedom
        args = (robust.x2, df, robust.x2_null, df_null, robust.c, robust.c_null)
        out |= {"cfi_robust": cfi(*args), "tli_robust": tli(*args)}
    if fit.options.discrepancy == "ML":
        out |= _likelihood(fit)
    out["ntotal"] = fit.n_total
    if test is not None and fit.options.test == "yuan.bentler.mplus":
        out |= {"scaling_factor_h1": test.factor_h1, "scaling_factor_h0": test.factor_h0}
    out |= rmsea_block("", chisq, df, n, groups)
    if test is not None:
        if fit.options.test == "scaled.shifted":
            out |= rmsea_block("_scaled", out["chisq_scaled"], df, n, groups)
        else:
            out |= rmsea_block("_scaled", chisq, test.trace, n, groups)
    if robust is not None:
        statistic = out.get("chisq_scaled", NAN) if c_interval is not None else robust.x2 / robust.c
        out |= rmsea_block(
            "_robust", robust.x2, robust.df, n, groups,
            c_point=robust.c, c=robust.c if c_interval is None else c_interval, x2_interval=statistic,
        )  # fmt: skip
    out |= _residual_measures(fit)
    return {name: value if isinstance(value, int) else float(value) for name, value in out.items()}


def model_test(fit: Fit) -> ScaledTest | None:
    """The scaled test of the model; None for estimators without one. Factor nan without degrees of freedom."""
    options, inference = fit.options, fit.inference
    if not options.scaled:
        return None
    if fit.df <= 0 or inference.inverse is None:
        return ScaledTest(NAN, 0.0, NAN)
    if options.test == "satorra.bentler":
        return satorra_bentler(fit.structure, fit.theta, inference.inverse, fit.df)
    if options.test == "scaled.shifted":
        return scaled_shifted(fit.structure, fit.theta, inference.inverse, fit.df)
    inverse = _test_inverse(fit.structure, fit.options, fit.theta, inference)
    test = yuan_bentler(fit.structure, inverse, inference.meat, fit.df, saturated_trace(fit.structure))
    # lavaan counts a parameter once for every row it stands in
    rows = int(np.sum(fit.table.free > 0))
    return test._replace(factor_h0=test.factor_h0 * fit.structure.n_par / rows)


def _test_inverse(structure, options, theta: np.ndarray, inference) -> np.ndarray:
    """Inverse information of the scaled test."""
    if options.test_hessian:
        return inference.inverse
    return invert(structure.objective.hessian(theta, curved=False), inference.open)


def baseline(fit: Fit) -> tuple[float, int, ScaledTest | None]:
    """Chi-square, degrees of freedom and scaled test of the independence model."""
    test = fit.options.test
    if fit.structure.least_squares:
        null = LeastSquaresBaseline(fit.structure)
        if null.df == 0:
            return 0.0, 0, ScaledTest(NAN, 0.0, NAN) if fit.options.scaled else None
        trace, square = null.traces_of_u_gamma() if fit.options.scaled else (NAN, NAN)
        if test == "satorra.bentler":
            return null.chisq(), null.df, ScaledTest(trace / null.df, 0.0, trace)
        if test == "scaled.shifted":
            a = math.sqrt(null.df / square)
            return null.chisq(), null.df, ScaledTest(1 / a, null.df - a * trace, trace)
        return null.chisq(), null.df, None
    structure, theta, df = normal_baseline(fit.structure)
    chisq = 2 * structure.n * structure.objective.value(theta)
    if not fit.options.scaled:
        return chisq, df, None
    if df == 0:
        return chisq, df, ScaledTest(NAN, 0.0, NAN)
    inference = infer(structure, fit.options, theta, np.empty((0, structure.n_par)))
    if test == "satorra.bentler":
        return chisq, df, satorra_bentler(structure, theta, inference.inverse, df)
    if test == "scaled.shifted":
        return chisq, df, scaled_shifted(structure, theta, inference.inverse, df)
    inverse = _test_inverse(structure, fit.options, theta, inference)
    return chisq, df, yuan_bentler(structure, inverse, inference.meat, df, saturated_trace(structure))


def _robust(fit, chisq, test, x2_null, df_null, test_null) -> tuple[RobustFit | None, float | None]:
    """Robust statistics, and the factor for the interval where it differs from that of the point estimate."""
    if fit.structure.missing:
        return incomplete_robust(fit), None
    if test is None:
        return None, None
    if fit.structure.ordinal:
        return ordinal_robust(fit), None
    if fit.df == 0:
        return RobustFit(chisq, 0.0, NAN, x2_null, df_null, NAN), NAN
    if test_null is None or not math.isfinite(test.factor):
        return UNDEFINED, None
    c, c_null = test.factor, test_null.factor
    if fit.options.test == "scaled.shifted":
        c = c * (fit.df - test.shift) / fit.df
        c_null = c_null * (df_null - test_null.shift) / df_null
    return RobustFit(chisq, fit.df, c, x2_null, df_null, c_null), test.factor


def _likelihood(fit: Fit) -> dict[str, float]:
    """Log-likelihoods of the model and of the unrestricted model, and information criteria."""
    structure, n = fit.structure, fit.n_total
    unrestricted = 0.0
    for m in structure.moments:
        if m.missing:
            value = deviance(m, pattern_state(m, *m.saturated)) * m.n + constant(m)
        else:
            value = m.n * (len(m.mean) * (math.log(2 * math.pi) + 1) + m.log_det)
        if m.x.size:
            cov_x = m.saturated[1][np.ix_(m.x, m.x)]
            value -= m.n * (m.x.size * (math.log(2 * math.pi) + 1) + np.linalg.slogdet(cov_x)[1])
        unrestricted -= value / 2
    logl = unrestricted - n * fit.optimum.value
    npar = fit.n_free
    return {
        "logl": logl, "unrestricted_logl": unrestricted, "aic": -2 * logl + 2 * npar,
        "bic": -2 * logl + npar * math.log(n), "bic2": -2 * logl + npar * math.log((n + 2) / 24),
    }  # fmt: skip


def _residual_measures(fit: Fit) -> dict[str, float]:
    """SRMR and its relatives, averaged over groups by size."""
    total: dict[str, float] = {}
    implied = fit.implied()
    for share, observed, at in zip(fit.structure.share, fit.observed, implied, strict=True):
        if fit.structure.ordinal:
            values = ordinal_root_mean_squares(observed, at)
        else:
            mean, cov = observed.saturated
            means = (mean, at[0]) if fit.structure.meanstructure else (None, None)
            values = root_mean_squares(means[0], cov, means[1], at[1])
        for name, value in values.items():
            total[name] = total.get(name, 0.0) + float(share) * value
    # lavaan reports the version without thresholds for ordered variables
    total |= {"srmr_bentler": total["srmr"], "srmr_bentler_nomean": total.pop("srmr_nomean")}
    if fit.structure.ordinal:
        total["srmr"] = total["srmr_bentler_nomean"]
    return total
