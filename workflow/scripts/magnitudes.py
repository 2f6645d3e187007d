"""How large the associations are, whether the cohorts agree, how strong a confounder would have to be."""

from _run import stage

with stage("magnitudes", snakemake):
    import pandas as pd
    from alliance.persistence.magnitude_stage import magnitude_tables
    from alliance.persistence.plausible_fit import DrawTables
    from alliance.spreadsheet import write_csv
    from alliance.study import minimum_cell

    given = snakemake.input
    about = pd.read_csv(given.about, keep_default_na=False) if given.get("draws") else None
    drawn = DrawTables(pd.read_parquet(given.draws), about) if given.get("draws") else None
    tables = magnitude_tables(
        pd.read_parquet(given.sample),
        pd.read_parquet(given.scores),
        pd.read_parquet(given.outcomes),
        pd.read_parquet(given.periods),
        pd.read_csv(given.cohorts, dtype={"sample": str}),
        pd.read_csv(given.parameterisations),
        snakemake.config,
        minimum_cell(snakemake.config),
        drawn,
    )
    for name, table in vars(tables).items():
        write_csv(table, snakemake.output[name])
    print(tables.contrasts.to_string(index=False))
