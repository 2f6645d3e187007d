"""Rule scores: sum and regression scores of the report that is measured, sum scores of the other reports."""

import pandas as pd
from _run import stage
from alliance.measurement.samples import items_by_dimension, report_items
from alliance.measurement.scores_stage import DETERMINACY_COLUMNS, regression_tables, sum_tables
from alliance.study import dimensions, minimum_cell, read_codebook

with stage("scores", snakemake):
    config = snakemake.config
    settings, methods = config["measurement"], config["scores"]["methods"]
    sample = pd.read_parquet(snakemake.input.sample)
    codebook = read_codebook(snakemake.input.codebook)
    cohorts = sample["cohort"] if settings.get("by_cohort", False) and "cohort" in sample else None
    scores, about = [], []
    for role, wave in codebook.reports():
        if not items_by_dimension(codebook, role, wave, dimensions(config)):
            continue
        items, key = report_items(sample, codebook, role, wave, dimensions(config))
        if "sum" in methods:
            table, rows = sum_tables(sample["student_id"], items, key, role, wave, cohorts, minimum_cell(config))
            scores.append(table)
            about += rows
        if "regression" in methods and (role, wave) == (settings["role"], settings["wave"]):
            parameters = pd.read_csv(snakemake.input.parameters, dtype={"sample": str})
            status = pd.read_csv(snakemake.input.status, dtype={"sample": str}, keep_default_na=False)
            table, rows, why = regression_tables(
                sample["student_id"], items, key, settings, parameters, status, cohorts, minimum_cell(config)
            )
            scores.append(table)
            about += rows
            if why:
                print(why)
    table = pd.concat([t for t in scores if len(t)]) if any(map(len, scores)) else scores[0]
    table.reset_index(drop=True).to_parquet(snakemake.output.scores, index=False)
    found = pd.DataFrame(about, columns=DETERMINACY_COLUMNS)
    found.to_csv(snakemake.output.determinacy, index=False, lineterminator="\n")
    print(found.drop(columns="rule").to_string(index=False))
