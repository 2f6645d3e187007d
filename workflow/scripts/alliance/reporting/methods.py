"""A methods paragraph to paste, in Markdown, from the config and the numbers."""

from __future__ import annotations

from collections.abc import Mapping

from alliance.reporting import apa
from alliance.reporting.associations import models, predictors, unit
from alliance.reporting.flow_words import exclusions
from alliance.reporting.labels import Labels, number_word
from alliance.reporting.methods_missing import missing_paragraph
from alliance.reporting.methods_relation import closer_look
from alliance.reporting.results import POOLED, Results
from alliance.reporting.sections.measurement_tables import estimator_used
from alliance.reporting.words import listing, sentence

_ADJUST = {"holm": "Holm", "bh": "Benjamini-Hochberg", "bonferroni": "Bonferroni"}


def methods_text(results: Results, labels: Labels, versions: Mapping[str, str]) -> str:
    """Participants, measures, outcomes, analysis and software; a stage that was not asked for has no paragraph."""
    parts = [
        _participants(results, labels),
        _measures(results, labels),
        _outcomes(results),
        _analysis(results, labels),
        closer_look(results, labels),
        missing_paragraph(results, labels),
        _software(results, versions),
    ]
    head = "# Methods\n\n"
    if results.block("study", "simulated"):
        head += "> The data are simulated: these paragraphs describe a demonstration, not a study of people.\n\n"
    return head + "\n\n".join(part for part in parts if part) + "\n"


def _participants(results: Results, labels: Labels) -> str:
    rows = results.rows("sample_flow", cohort=POOLED)
    if not rows:
        return ""
    reasons = [f"{name[:1].lower()}{name[1:]}, *n* = {n}" for name, n in exclusions(rows)]
    cohorts = results.block("sample", "cohorts") or []
    whom = "reports" if isinstance(results.block("sample", "frame"), dict) else "records"
    text = (
        f"**Participants.** Of {apa.count(rows[0]['n_in'])} {whom} received, {apa.count(rows[-1]['n_out'])} "
        "students entered the sample"
    )
    text += f" ({number_word(len(cohorts))} entry cohorts, {cohorts[0]} to {cohorts[-1]})" if len(cohorts) > 1 else ""
    return (
        f"{text}. Excluded, by rules declared in advance and in this order: {'; '.join(reasons)}."
        if reasons
        else f"{text}."
    )


def _measures(results: Results, labels: Labels) -> str:
    if not results.block("measurement"):
        return ""
    dims = [labels.dimension(d).lower() for d in labels.dimensions()]
    report = labels.report_of(str(results.block("measurement", "role")), results.block("measurement", "wave")).lower()
    menu = [labels.measurement_model(m).lower() for m in results.block("measurement", "models") or []]
    return (
        f"**Measures.** {sentence(listing(dims))} were measured by {results.block('instrument', 'name')} ({report}). "
        f"We compared these measurement models by confirmatory factor analysis: {listing(menu)} "
        f"({labels.estimator(estimator_used(results))}). "
        "Dimensions were taken as separable when the 95% confidence intervals of their correlations stayed below "
        f"{apa.bounded(results.block('measurement', 'separability_cut'))}."
    )


def _outcomes(results: Results) -> str:
    rows = results.rows("outcomes_definitions")
    if not rows:
        return ""
    said = [
        f"*{r['label']}*: {str(r['definition']).rstrip('.')} (among: {str(r['risk_set']).rstrip('.')}; *n* = "
        f"{apa.count(r['n_at_risk'])})"
        for r in rows
    ]
    return f"**Outcomes.** {'; '.join(said)}."


def _analysis(results: Results, labels: Labels) -> str:
    if not results.block("link"):
        return ""
    families = list(
        dict.fromkeys(labels.family(str(results.block("link", "models", m, "family"))) for m in models(results))
    )
    covariates = [labels.variable(c).lower() for c in results.block("link", "covariates") or []]
    cluster, vcov, adjust = (
        results.block("link", "cluster"),
        results.block("link", "vcov"),
        results.block("link", "adjust") or {},
    )
    text = (
        f"**Analysis.** The {listing([labels.dimension(p).lower() for p in predictors(results)])} scores were "
        f"related to each outcome by {listing(families)}"
    )
    text += f", holding {listing(covariates)} constant" if covariates else ""
    text += (
        f", with standard errors clustered by {labels.variable(cluster).lower()} ({vcov})."
        if cluster
        else f", with robust standard errors ({vcov})."
        if vcov
        else "."
    )
    if results.block("link", "estimator") == "plausible":
        text += (
            " Measurement error was carried into the estimates by plausible values, drawn with the outcome, the "
            "covariates and the uncertainty of the measurement model, and pooled by Rubin’s rules."
        )
    text += (
        f" Scores are in units of {unit(results).removeprefix('one ')}s of the pooled sample." if unit(results) else ""
    )
    text += " We report odds ratios and average marginal effects with 95% confidence intervals."
    if adjust:
        text += (
            " *p* values of the predictors were adjusted over all pooled models "
            f"({_ADJUST.get(str(adjust.get('method')), adjust.get('method'))})."
        )
    return text


def _software(results: Results, versions: Mapping[str, str]) -> str:
    named = [
        f"{name} {version}"
        for name, version in versions.items()
        if name.lower() in ("python", "snakemake", "numpy", "scipy", "statsmodels", "semopy")
    ]
    return (
        f"**Software.** {listing(named)}; seed {results.block('seed')}. All steps are reproduced by `snakemake "
        "--cores 4`."
        if named
        else ""
    )
