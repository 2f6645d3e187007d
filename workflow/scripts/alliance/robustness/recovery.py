"""Does the analysis find what was put in? Small studies from a written truth, analysed by the pipeline's own functions.

Each study goes through the same calls as the real data: measurement model, scores, outcome model. The table sets truth
against estimate: bias, coverage of 95% intervals, and the Monte Carlo error of both (Morris, White & Crowther, 2019).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.measurement.intervals import Z95
from alliance.measurement.samples import POOLED
from alliance.measurement.scores import REGRESSION
from alliance.measurement.scores_stage import model_tables, sum_tables
from alliance.measurement.stage import measure

if TYPE_CHECKING:
    import pandas as pd

REPORT = ("mentee", 1)
OUTCOME = "retained_2"
COVARIATES = ("first_generation", "underrepresented", "woman", "prior_gpa")
SCORED = {  # kind of row -> how the pipeline is asked to enter the scores
    "link": {"scores": "regression", "standardise": True},
    "link, scores in latent units": {"scores": "regression", "standardise": False},
    "link, sum scores": {"scores": "sum", "standardise": True},
}
_PER_LATENT = "log odds per standard deviation of the latent variable"
_PER_SCORE = "the estimate is per standard deviation of the score"
REFERS_TO = {
    "loading": "underlying normal response and latent variable, both standardised",
    "correlation": "latent variables within one report",
    "link": f"{_PER_LATENT}; {_PER_SCORE}",
    "link, scores in latent units": _PER_LATENT,
    "link, sum scores": f"{_PER_LATENT}; {_PER_SCORE}",
    "covariate": "log odds per unit, in the model with standardised regression scores",
}
COLUMNS = (
    "kind", "term", "truth", "truth_refers_to", "n_studies", "replications", "n_students", "n", "seed", "mean_estimate",
    "bias", "bias_mcse", "relative_bias", "relative_bias_mcse", "sd_estimate", "mean_se", "coverage", "coverage_mcse",
)  # fmt: skip


@dataclass(frozen=True)
class Estimate:
    """One parameter in one study: its true value, estimate, standard error and 95% interval, and the analysed N."""

    kind: str
    term: str
    truth: float
    estimate: float
    se: float
    low: float
    high: float
    n: int


def recover(truth: Mapping[str, Any], *, n_studies: int, n_students: int, seed: int) -> pd.DataFrame:
    """Simulate and analyse ``n_studies`` studies of ``n_students`` on the roster; one row per parameter, see COLUMNS.

    ``truth`` as from :func:`alliance.robustness.demo_study.load_truth`. Rows with the term ``all`` average the rows of
    their kind. A study whose model cannot be fitted is missing from ``replications``, never replaced.
    """
    from alliance.robustness.demo_study import simulate_study, wide_sample

    studies = []
    for state in np.random.SeedSequence(seed).generate_state(n_studies):
        study = simulate_study(dict(truth), int(state), n_students)
        studies.append(list(analyse(truth, wide_sample(study), study["outcomes"], study["persons"])))
    return summarise(studies, n_students=n_students, seed=seed)


def analyse(
    truth: Mapping[str, Any], sample: pd.DataFrame, outcomes: pd.DataFrame, persons: pd.DataFrame
) -> Iterator[Estimate]:
    """All estimates of one study: standardised loadings, factor correlations, link coefficients and covariates."""
    names = truth["alliance"]["dimensions"]
    key = {d: [item for item in truth["items"]["order"] if item.rsplit("_", 1)[0] == d] for d in names}
    role, wave = REPORT
    columns = {f"{item}_{role}_w{wave}": item for items in key.values() for item in items}
    answered = sample[list(columns)].notna().mean(axis=1) >= 0.5  # the filter of the demo's config
    sample = sample[answered.to_numpy()].reset_index(drop=True)
    items = sample[list(columns)].rename(columns=columns).astype(float)
    settings = {"models": ["correlated"], "chosen": "correlated", "separability_cut": 0.85, "role": role, "wave": wave}
    tables = measure({POOLED: items}, key, {}, settings)
    yield from _measured(truth, tables)
    scores, ids = [sum_tables(sample["student_id"], items, key, role, wave, None)[0]], sample["student_id"]
    regression, _, _ = model_tables(ids, items, key, settings, REPORT, [REGRESSION])
    if len(regression):
        scores.append(regression)
    yield from _linked(truth, sample, scores, outcomes, persons)


def _measured(truth: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> Iterator[Estimate]:
    status = tables["status"]["status"].iloc[0]
    if status == "failed":
        return
    loadings = truth["items"][REPORT[0]]["loadings"]
    for row in tables["parameters"].query("op == '=~'").itertuples():
        half = Z95 * row.std_se
        interval = (row.std_all - half, row.std_all + half)
        yield Estimate("loading", row.rhs, loadings[row.rhs], row.std_all, row.std_se, *interval, row.n)
    correlations = truth["alliance"]["correlations"]
    for row in tables["correlations"].itertuples():
        term = f"{row.dimension_1}-{row.dimension_2}"
        yield Estimate("correlation", term, correlations[term], row.r, row.se, row.ci_lower, row.ci_upper, row.n)


def _linked(
    truth: Mapping[str, Any],
    sample: pd.DataFrame,
    scores: list[pd.DataFrame],
    outcomes: pd.DataFrame,
    persons: pd.DataFrame,
) -> Iterator[Estimate]:
    """Coefficients of the pooled logit of :data:`OUTCOME`, for each way of entering the scores."""
    import pandas as pd

    from alliance.persistence import fit_outcome
    from alliance.persistence.analysis import analysis_rows, model_frame, standardised_predictors
    from alliance.robustness.demo_study import link_truth

    slopes, names = link_truth(dict(truth))[OUTCOME], truth["alliance"]["dimensions"]
    recorded = persons.loc[persons["on_registrar"], "student_id"]
    outcome = outcomes[outcomes["student_id"].isin(recorded)]
    outcome = pd.DataFrame(
        {
            "student_id": outcome["student_id"],
            "value": outcome[OUTCOME].astype(float),
            "at_risk": True,
            "reason_not_at_risk": "",
        }
    )
    sample = sample.assign(woman=np.where(sample["gender"] == "woman", "yes", "no"))
    long = pd.concat(scores)
    for kind, way in SCORED.items():
        if way["scores"] not in set(long["method"]):
            continue
        link = {"predictors": names, "covariates": list(COVARIATES), "cluster": "program", **way}
        config = {"link": link, "measurement": {"role": REPORT[0], "wave": REPORT[1]}}
        rows = model_frame(standardised_predictors(sample, long, config), outcome, link, None)
        analysis = analysis_rows(rows, outcome, {"family": "logit", "outcome": OUTCOME}, link, pooled=True)
        fit = fit_outcome(analysis.formula, analysis.data, family="logit", cluster="program", vcov="CR1")
        for row in fit.estimates.itertuples():
            term = analysis.term(row.term).removesuffix("[yes]")
            of = kind if term in names else "covariate"
            if not np.isfinite(row.estimate) or term not in slopes or (of == "covariate" and kind != "link"):
                continue
            yield Estimate(of, term, slopes[term], row.estimate, row.std_error, row.conf_low, row.conf_high, fit.n)


def summarise(studies: list[list[Estimate]], *, n_students: int, seed: int) -> pd.DataFrame:
    """Bias and coverage of each parameter over the studies, and of each kind (term ``all``), with Monte Carlo errors.

    The errors of ``all`` treat a study as the unit: its parameters are not independent of each other.
    """
    import pandas as pd

    flat = [{"study": k, **vars(e)} for k, found in enumerate(studies) for e in found]
    data = pd.DataFrame(flat)
    data["error"] = data["estimate"] - data["truth"]
    data["covered"] = ((data["low"] <= data["truth"]) & (data["truth"] <= data["high"])).astype(float)
    rows = []
    about = {"n_studies": len(studies), "n_students": n_students, "seed": seed}
    for kind, of_kind in data.groupby("kind", sort=False):
        about |= {"kind": kind, "truth_refers_to": REFERS_TO[str(kind)]}
        rows += [{**about, **_row(str(term), found)} for term, found in of_kind.groupby("term", sort=False)]
        rows.append({**about, **_all(of_kind)})
    order = {kind: k for k, kind in enumerate(REFERS_TO)}
    table = pd.DataFrame(rows)[list(COLUMNS)]
    return table.sort_values("kind", key=lambda s: s.map(order), kind="stable", ignore_index=True).round(6)


def _row(term: str, found: pd.DataFrame) -> dict[str, Any]:
    truth, replications = float(found["truth"].iloc[0]), len(found)
    bias, covered = float(found["error"].mean()), float(found["covered"].mean())
    spread = float(found["estimate"].std(ddof=1))
    mcse = spread / np.sqrt(replications)
    return {
        "term": term,
        "truth": truth,
        "replications": replications,
        "n": float(found["n"].mean()),
        "mean_estimate": float(found["estimate"].mean()),
        "bias": bias,
        "bias_mcse": mcse,
        "relative_bias": bias / truth if truth else np.nan,
        "relative_bias_mcse": mcse / abs(truth) if truth else np.nan,
        "sd_estimate": spread,
        "mean_se": float(found["se"].mean()),
        "coverage": covered,
        "coverage_mcse": float(np.sqrt(covered * (1 - covered) / replications)),
    }


def _all(found: pd.DataFrame) -> dict[str, Any]:
    """Averages over the parameters of one kind; the relative bias is the mean error over the mean true value."""
    by_study = found.groupby("study")[["error", "covered", "truth"]].mean()
    error = by_study.std(ddof=1) / np.sqrt(len(by_study))
    mean, size = by_study.mean(), float(found["truth"].abs().mean())
    return {
        "term": "all",
        "truth": np.nan,
        "replications": len(by_study),
        "n": float(found["n"].mean()),
        "mean_estimate": float(found["estimate"].mean()),
        "bias": float(mean["error"]),
        "bias_mcse": float(error["error"]),
        "relative_bias": float(mean["error"]) / size,
        "relative_bias_mcse": float(error["error"]) / size,
        "sd_estimate": np.nan,
        "mean_se": float(found["se"].mean()),
        "coverage": float(mean["covered"]),
        "coverage_mcse": float(error["covered"]),
    }
