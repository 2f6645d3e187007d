"""Methods paragraphs about collinear dimensions, ranges, cohorts, confounders and the two sides of a relationship."""

from __future__ import annotations

from alliance.reporting import apa
from alliance.reporting.associations import predictors
from alliance.reporting.labels import Labels
from alliance.reporting.results import Results
from alliance.reporting.words import listing


def closer_look(results: Results, labels: Labels) -> str:
    """What was done beyond the coefficients; empty when none of these stages ran."""
    parts = []
    if results.has("link_dominance"):
        draws = apa.count(results.get("link_dominance")["draws"].iloc[0])
        parts.append(
            "Because the dimensions are collinear, they were tested jointly first, and single coefficients were read "
            "only for dimensions that the measurement model tells apart. We report joint confidence regions, the same "
            "model with one dimension at a time, the total score and, where the bifactor model was admissible, the "
            f"general factor, and general dominance (McFadden’s *R*²; intervals from {draws} draws of whole clusters)."
        )
    if results.has("link_contrasts"):
        together = " and with all dimensions moved together" if len(predictors(results)) > 1 else ""
        parts.append(
            "Predicted outcomes are averages over the analysed students’ covariates across the range of each score"
            f"{together}, with intervals by the delta method on the scale of log odds."
        )
    if results.rows("link_heterogeneity", stages="two"):
        parts.append(
            "Cohorts were pooled in one stage (cohort fixed effects) and in two (random effects, REML, Hartung-Knapp "
            "intervals, prediction intervals); heterogeneity was tested in both."
        )
    if results.has("link_sensitivity"):
        parts.append("Sensitivity to unmeasured confounding is given by *E*-values (VanderWeele & Ding, 2017).")
    parts += _relationship(results, labels)
    return f"**Closer look.** {' '.join(parts)}" if parts else ""


def _relationship(results: Results, labels: Labels) -> list[str]:
    asked = results.block("link", "relationship")
    if not asked or not results.has("link_relationship"):
        return []
    roles = results.block("roles") or {}
    role, partner = results.block("measurement", "role"), asked.get("partner")
    parts = []
    if partner:
        pair = listing([str(roles.get(r, r)).lower() + "s" for r in (role, partner)])
        parts.append(
            f"Of each relationship, {pair} entered one model together (never averaged); agreement was examined by "
            "their interaction, by the size of their difference beside both, and by response surfaces (Edwards & "
            "Parry, 1993), *p* values adjusted by Holm’s method within each kind of model."
        )
    if asked.get("change"):
        parts.append("Change between waves entered beside the level at the first.")
    return parts
