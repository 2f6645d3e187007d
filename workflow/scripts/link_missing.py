"""The pooled link models by three ways of handling missing data."""

from _run import stage

with stage("link_missing", snakemake):
    import pandas as pd
    from alliance.persistence.missing_data import missing_data_tables
    from alliance.study import minimum_cell

    names = ("sample", "scores", "outcomes", "periods", "imputations")
    tables = missing_data_tables(
        *(pd.read_parquet(snakemake.input[name]) for name in names),
        snakemake.config,
        minimum_cell(snakemake.config),
    )
    tables.table.to_csv(snakemake.output.missing_data, index=False, lineterminator="\n")
    tables.status.to_csv(snakemake.output.status, index=False, lineterminator="\n")
