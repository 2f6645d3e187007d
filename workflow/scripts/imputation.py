"""Impute what the link models miss, once for all later stages, and check the imputations."""

from _run import stage

with stage("imputation", snakemake):
    import pandas as pd
    from alliance.persistence.imputation_stage import impute_study
    from alliance.spreadsheet import write_csv
    from alliance.study import minimum_cell, read_codebook

    tables = impute_study(
        *(pd.read_parquet(snakemake.input[name]) for name in ("sample", "scores", "outcomes")),
        read_codebook(snakemake.input.codebook),
        snakemake.config,
        minimum_cell(snakemake.config),
    )
    tables.imputations.to_parquet(snakemake.output.imputations, index=False)
    for name in ("plan", "convergence", "traces", "overimputation", "status"):
        write_csv(getattr(tables, name), snakemake.output[name])
