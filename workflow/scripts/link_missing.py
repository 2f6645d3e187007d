"""The pooled link models by three ways of handling missing data."""

from _run import stage

with stage("link_missing", snakemake):
    import pandas as pd
    from alliance.persistence.missing_data import missing_data_tables
    from alliance.spreadsheet import write_csv
    from alliance.study import minimum_cell

    names = ("sample", "scores", "outcomes", "periods", "imputations")
    tables = missing_data_tables(
        *(pd.read_parquet(snakemake.input[name]) for name in names),
        snakemake.config,
        minimum_cell(snakemake.config),
    )
    write_csv(tables.table, snakemake.output.missing_data)
    write_csv(tables.status, snakemake.output.status)
