"""What the study cannot say."""

from __future__ import annotations

from alliance.reporting import apa
from alliance.reporting.blocks import Bullets, Section, TableBlock
from alliance.reporting.labels import Labels
from alliance.reporting.plain_tables import plain_table
from alliance.reporting.results import POOLED, Results
from alliance.reporting.words_recovery import recovery_in_words


def limits_section(results: Results, labels: Labels) -> Section:
    """Limitations that follow from the design and from the methods in use, with what the recovery simulation showed."""
    section = Section("limitations", "Limitations")
    section.blocks.append(Bullets(tuple(_limits(results, labels))))
    rows = results.rows("recovery")
    if rows:
        section.blocks.append(
            TableBlock(
                plain_table(
                    rows,
                    "recovery",
                    "Recovery: truth against estimate in simulated studies",
                    ["kind", "term", "truth", "mean_estimate", "bias", "sd_estimate", "mean_se", "coverage"],
                    heads={"term": "Parameter", "mean_estimate": "Mean estimate", "mean_se": "Mean *SE*"},
                    note="Bias: mean estimate minus truth. Coverage: share of 95% intervals that hold the truth.",
                ),
                folded=True,
            )
        )
    return section


def _about_estimator(results: Results, labels: Labels) -> str:
    """What the estimator of the chosen model, as it was really used, takes for granted."""
    chosen = results.block("measurement", "chosen")
    rows = results.rows("measurement_fit", sample=POOLED, model=chosen)
    used = str(rows[0]["estimator"] if rows else results.block("measurement", "estimator"))
    name = labels.estimator(used)
    if used == "WLSMV":
        return (
            f"**Items as ordered answers.** The measurement models were estimated by {name}: a normal response is "
            "assumed to lie behind each answer, and whether an answer is missing may not depend on what it would be."
        )
    tests = "" if used == "MLR" else ", and the tests are not corrected for non-normality"
    return (
        f"**Items as numbers.** The measurement models were estimated by {name}, which treats ordered answers as "
        f"continuous. With few or skewed answer categories loadings and fit come out too low{tests}."
    )


def _about_error(results: Results) -> str:
    if results.block("link", "estimator") == "plausible":
        return (
            "**Measurement error in the predictors.** It is taken off as far as the measurement model holds: that the "
            "items reflect their dimensions only, and that the dimensions are normal given outcome and covariates. The "
            "price is wider intervals, most of all for dimensions that correlate highly."
        )
    kind = "Regression scores" if str(results.block("link", "scores")) == "regression" else "Mean scores"
    return (
        f"**Measurement error in the predictors.** {kind} are entered as if they were the alliance itself. "
        "When dimensions are highly correlated, error in one can show up as an association of another."
    )


def _limits(results: Results, labels: Labels) -> list[str]:
    said = []
    if results.block("study", "simulated"):
        said.append(
            "**The people in this study do not exist.** The data were simulated from a written truth; nothing here "
            "is evidence about mentoring."
        )
    if results.block("link"):
        said.append(
            "**Associations, not causes.** Nobody was assigned to good or poor mentoring. Whatever leads to higher "
            "scores "
            "and to the outcomes alike may produce the associations."
        )
    if results.block("measurement"):
        said.append(_about_estimator(results, labels))
        if not results.rows("invariance_verdicts"):
            said.append(
                "**Invariance was not tested.** Whether the items mean the same in every cohort and group is assumed "
                "when they are compared or pooled."
            )
    if results.block("link"):
        said.append(_about_error(results))
        if results.block("link", "covariates"):
            said.append(
                "**Complete cases.** Students without a score, a covariate or a place in the risk set are left out "
                "of a model; the flow shows how many."
            )
    if results.rows("sample_waves") and len(results.block("waves") or {}) > 1:
        said.append(
            "**Attrition.** Later waves are smaller, and who answers again may depend on the alliance. The link "
            "uses the wave named in the config only."
        )
    kinds = {str(d.get("kind")) for d in (results.block("outcomes", "define") or {}).values()}
    if kinds & {"time_to_departure", "graduated", "retained"}:
        said.append(
            "**Censoring.** Students whose records end before an outcome could be seen are not in its risk set; for "
            "terms to departure they count as long as they were followed."
        )
    if "answer" in kinds:
        said.append(
            "**Outcome and alliance from the same questionnaire.** Answers of one person on one occasion share mood "
            "and style, which makes associations larger."
        )
    if results.block("report", "recovery") and results.has("recovery"):
        words = recovery_in_words(results.rows("recovery"))
        if words:
            said.append(f"**What a simulation with known truth shows.** {words}")
    cell = results.block("report", "minimum_cell")
    if cell:
        said.append(
            f"**Small cells.** Counts of fewer than {apa.count(cell)} students by answer, group or outcome, and what "
            "would reveal them, are withheld; how many reports each filter excluded is given in full."
        )
    status = [r for stage in ("measurement", "link") for r in results.rows(f"{stage}_status")]
    failed = [r for r in status if r["status"] in ("inadmissible", "failed")]
    if failed:
        pooled = sum(r["sample"] == POOLED for r in failed)
        said.append(
            f"**Models without a result.** {apa.count(len(failed))} of the models asked for could not be used "
            f"({apa.count(pooled) if pooled else 'none'} of them pooled); the status table gives the reasons."
        )
    return said
