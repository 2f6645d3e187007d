"""Rule invariance: are the dimensions measured alike across groups, waves and roles, and what does that allow?"""

from _run import stage

with stage("invariance", snakemake):
    import pandas as pd
    from alliance.measurement.invariance_tables import compare_all
    from alliance.spreadsheet import write_csv
    from alliance.study import minimum_cell, read_codebook

    tables = compare_all(
        pd.read_parquet(snakemake.input.sample),
        read_codebook(snakemake.input.codebook),
        snakemake.config,
        minimum_cell(snakemake.config),
    )
    for name, path in snakemake.output.items():
        write_csv(tables[name], path)
    print(tables["verdicts"].to_string(index=False))
    print(tables["status"].to_string(index=False))
