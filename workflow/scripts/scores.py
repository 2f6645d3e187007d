"""Rule scores: scores of every report with the instrument's items, how good they are, and files for other programs."""

import pandas as pd
from _run import stage
from alliance.measurement.export import export_scores
from alliance.measurement.samples import items_by_dimension, report_items
from alliance.measurement.scores import PLAUSIBLE, SUM
from alliance.measurement.scores_stage import DETERMINACY_COLUMNS, model_tables, sum_tables
from alliance.measurement.scores_words import (
    RECOMMENDATION_COLUMNS,
    SE_CURVE_COLUMNS,
    plausible_table,
    recommend,
    se_curve,
)
from alliance.study import dimensions, minimum_cell, read_codebook

with stage("scores", snakemake):
    config = snakemake.config
    settings, methods, minimum = config["measurement"], config["scores"]["methods"], minimum_cell(snakemake.config)
    sample, codebook = pd.read_parquet(snakemake.input.sample), read_codebook(snakemake.input.codebook)
    cohorts = sample["cohort"] if settings.get("by_cohort", False) and "cohort" in sample else None
    own, ids = (settings["role"], settings["wave"]), sample["student_id"]
    scores, about, reasons = [], [], []
    for report in codebook.reports():
        if not items_by_dimension(codebook, *report, dimensions(config)):
            continue
        items, key = report_items(sample, codebook, *report, dimensions(config))
        if SUM in methods:
            table, rows = sum_tables(ids, items, key, *report, cohorts, minimum)
            scores.append(table)
            about += rows
        modelled = [m for m in methods if m not in (SUM, PLAUSIBLE) and (report == own or m != "eap")]
        table, rows, why = model_tables(ids, items, key, settings, report, modelled, cohorts, minimum)
        scores.append(table)
        about += rows
        reasons += why
    table = pd.concat([t for t in scores if len(t)] or scores[:1]).reset_index(drop=True)
    table.to_parquet(snakemake.output.scores, index=False)
    found = pd.DataFrame(about, columns=DETERMINACY_COLUMNS)
    found.to_csv(snakemake.output.determinacy, index=False, lineterminator="\n")
    items, key = report_items(sample, codebook, *own, dimensions(config))
    curve = pd.DataFrame(se_curve(items, key, settings, minimum), columns=SE_CURVE_COLUMNS)
    curve.to_csv(snakemake.output.se_curve, index=False, lineterminator="\n")
    separability = pd.read_csv(snakemake.input.separability, dtype={"sample": str})
    words = pd.DataFrame(recommend(found, separability, own, reasons), columns=RECOMMENDATION_COLUMNS)
    words.to_csv(snakemake.output.recommendation, index=False, lineterminator="\n")
    values = plausible_table(sample, items, key, config, minimum) if PLAUSIBLE in methods else pd.DataFrame()
    values.to_parquet(snakemake.output.plausible, index=False)
    export_scores(table, config, snakemake.output.export)
    print(found.drop(columns=["rule", "use"]).to_string(index=False))
    print("\n".join(reasons))
