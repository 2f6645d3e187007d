"""The methods paragraph about missing data."""

from __future__ import annotations

from alliance.reporting import apa
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.results import Results
from alliance.reporting.words import listing

_WAYS = {
    "norm": "linear regression",
    "pmm": "predictive mean matching",
    "logreg": "logistic regression",
    "probit": "probit regression",
    "polr": "proportional odds",
    "polyreg": "multinomial logistic regression",
}


def missing_paragraph(results: Results, labels: Labels) -> str:
    """What was imputed, how and how often, and what stands beside the complete cases; empty without imputation."""
    plan = results.rows("imputation_plan")
    if not plan or not results.has("link_missing_data"):
        return ""
    imputed = [r for r in plan if not is_missing_text(r["method"])]
    auxiliary = sum(r["part"] == "auxiliary" for r in plan)
    ways = listing(list(dict.fromkeys(_WAYS[str(r["method"]).removeprefix("2l.")] for r in imputed)))
    cluster = results.block("imputation", "cluster") or results.block("link", "cluster")
    clustered = cluster and any(str(r["method"]).startswith("2l.") for r in imputed)
    within = f", with random intercepts for {labels.variable(str(cluster)).lower()}" if clustered else ""
    draws = results.block("imputation", "draws") or 20
    help_ = f" and {apa.count(auxiliary)} auxiliary variable{'s' * (auxiliary > 1)}" if auxiliary else ""
    return (
        "**Missing data.** The models were repeated after multiple imputation and with weights. All variables of the "
        f"models{help_} were imputed {draws} times by chained equations ({ways}{within}); estimates were pooled by "
        "Rubin’s rules with the degrees of freedom of Barnard and Rubin. Weights were the stabilised inverse of the "
        "estimated chance of being analysed, given predictors, covariates and cohort."
    )
