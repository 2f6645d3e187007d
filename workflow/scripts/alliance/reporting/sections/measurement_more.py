"""What else was asked of the measurement: models compared, other estimators, key, clusters, use of the scores."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alliance.reporting.blocks import Section, TableBlock
from alliance.reporting.inline import escape
from alliance.reporting.labels import Labels, is_missing_text
from alliance.reporting.plain_tables import plain_table
from alliance.reporting.results import POOLED, Results
from alliance.reporting.tables import Column, Table


def add_more(section: Section, results: Results, labels: Labels) -> None:
    """Sentences about the use of the scores, and folded tables, each only where its file has rows."""
    _add_recommendation(section, results, labels)
    section.blocks += [TableBlock(t, folded=True) for t in _tables(results, labels) if t]


def _add_recommendation(section: Section, results: Results, labels: Labels) -> None:
    """What each score is good for: a row per dimension, and once what holds for all of them."""
    rows = results.rows("scores_recommendation")
    own = {str(r["dimension"]): _sentences(str(r["text"])) for r in rows if not is_missing_text(r.get("dimension"))}
    shared = [s for s in next(iter(own.values()), []) if len(own) > 1 and all(s in said for said in own.values())]
    table = Table("score_use", "What the scores are good for",
                  [Column("Dimension", numeric=False), Column("Use", numeric=False)],
                  note=escape(" ".join(shared)))  # fmt: skip
    for dimension, said in own.items():
        different = [s for s in said if s not in shared]
        table.add(escape(labels.dimension(dimension)), escape(" ".join(different) or "As said below."))
    if own:
        section.blocks.append(TableBlock(table))
    for row in rows:
        if is_missing_text(row.get("dimension")):
            section.say(escape(str(row["text"])))


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=\.) (?=[A-Z])", text)


def _tables(results: Results, labels: Labels) -> list[Table | None]:
    model = {"names": labels.measurement_model}
    return [
        _table(
            results, "measurement_comparison", "comparison", "Models compared in pairs",
            ["model_restricted", "model_general", "relation", "chisq_diff", "df_diff", "p_diff", "delta_bic"],
            {"model_restricted": model["names"], "model_general": model["names"]},
            {"model_restricted": "Restricted model", "model_general": "General model", "chisq_diff": "Δ*χ*²",
             "df_diff": "Δ*df*", "p_diff": "*p*", "delta_bic": "ΔBIC"},
            "Nested: the restricted model is a special case; scaled difference test. Equivalent: no data can choose. "
            "Neither: only information criteria compare them, where the estimator has them.",
        ),
        _sensitivity(results, labels),
        _table(
            results, "measurement_key", "key", "Does the key fit the answers?",
            ["dimension", "item", "reverse", "item_rest", "other_dimension", "other_r", "verdict"],
            {"dimension": labels.dimension, "other_dimension": lambda v: labels.dimension(v) if v else ""},
            {"item_rest": "Item-rest *r*", "other_dimension": "Next dimension", "other_r": "*r* with it"},
            "Item-rest: correlation with the mean of the other items of the dimension, after reversal.", sample=False,
        ),
        _table(
            results, "measurement_clusters", "clusters", "Likeness within clusters",
            ["kind", "variable", "n", "n_clusters", "icc", "ci_lower", "ci_upper", "design_effect"], {},
            {"icc": "ICC", "n_clusters": "Clusters", "design_effect": "Design effect", "ci_lower": "95% CI from",
             "ci_upper": "to"},
            "Factors: intraclass correlation of the factor itself, measurement error taken away.",
        ),
        _table(
            results, "measurement_modification", "modification", "Modification indices of the chosen model",
            ["lhs", "op", "rhs", "mi", "epc", "sepc_all"], {},
            {"lhs": "Left", "op": "", "rhs": "Right", "mi": "Index", "epc": "Change",
             "sepc_all": "Standardised"},
            "The largest ones, for reading: none was applied.",
        ),
        _table(
            results, "measurement_crosscheck", "crosscheck", "A second engine",
            ["model", "n", "chisq", "chisq_semopy", "difference_chisq", "difference_estimate", "status"],
            {"model": labels.measurement_model},
            {"chisq": "*χ*²", "chisq_semopy": "*χ*², semopy", "difference_chisq": "Difference",
             "difference_estimate": "Largest difference of an estimate"},
            "Maximum likelihood in complete cases by this pipeline’s engine and by semopy.",
        ),
    ]  # fmt: skip


def _table(
    results: Results, name: str, short: str, title: str, columns: Sequence[str], names: dict, heads: dict, note: str,
    *, sample: bool = True,
) -> Table | None:  # fmt: skip
    rows = results.rows(name, sample=POOLED) if sample else results.rows(name)
    if not rows:
        return None
    return plain_table(rows, short, title, list(columns), names=names, heads=heads, note=note)


def _sensitivity(results: Results, labels: Labels) -> Table | None:
    """Factor correlations under the other estimators, beside those of the main one."""
    rows = results.rows("measurement_sensitivity", measure="factor_correlation")
    chosen = results.block("measurement", "chosen")
    rows = [r for r in rows if r["model"] == chosen]
    if not rows:
        return None
    main = [{**r, "value": r["r"]} for r in results.rows("measurement_correlations", sample=POOLED, model=chosen)]
    return plain_table(
        [*main, *rows], "sensitivity", "Factor correlations by estimator",
        ["estimator", "dimension_1", "dimension_2", "n", "value", "ci_lower", "ci_upper"],
        names={"dimension_1": labels.dimension, "dimension_2": labels.dimension},
        heads={"dimension_1": "Dimension", "dimension_2": "With", "value": "*r*", "ci_lower": "95% CI from",
               "ci_upper": "to"},
        note="The same model in the pooled sample.",
    )  # fmt: skip
