"""The relationship from both sides and over time: both reports, agreement, response surface, change."""

from _run import stage

with stage("relationship", snakemake):
    import pandas as pd
    from alliance.persistence.relationship_stage import relationship_tables
    from alliance.spreadsheet import write_csv
    from alliance.study import minimum_cell

    given = snakemake.input
    tables = relationship_tables(
        pd.read_parquet(given.sample),
        pd.read_parquet(given.scores),
        pd.read_parquet(given.outcomes),
        pd.read_parquet(given.periods),
        snakemake.config,
        minimum_cell(snakemake.config),
    )
    for name, table in vars(tables).items():
        write_csv(table, snakemake.output[name])
    print(tables.status.to_string(index=False))
