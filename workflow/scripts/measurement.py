"""Rule measurement: fit the menu of measurement models, pooled, by cohort and by report."""

from _run import stage

with stage("measurement", snakemake):
    import pandas as pd
    from alliance.measurement.stage import measure_study
    from alliance.study import minimum_cell, read_codebook

    tables = measure_study(
        pd.read_parquet(snakemake.input.sample),
        read_codebook(snakemake.input.codebook),
        snakemake.config,
        minimum_cell(snakemake.config),
    )
    for name, path in snakemake.output.items():
        tables[name].to_csv(path, index=False, lineterminator="\n")
    print(tables["status"].to_string(index=False))
    print(tables["separability"]["text"].to_string(index=False))
