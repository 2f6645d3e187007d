"""Associations by way of another latent variable: direct, indirect and total."""

from _run import stage

with stage("mediation", snakemake):
    import pandas as pd
    from alliance.measurement.samples import report_items
    from alliance.persistence.mediation_stage import mediation_table
    from alliance.study import dimensions, minimum_cell, read_codebook

    config, settings = snakemake.config, snakemake.config["measurement"]
    sample, codebook = pd.read_parquet(snakemake.input.sample), read_codebook(snakemake.input.codebook)
    items, key = report_items(sample, codebook, settings["role"], settings["wave"], dimensions(config))
    scores, outcomes = pd.read_parquet(snakemake.input.scores), pd.read_parquet(snakemake.input.outcomes)
    table = mediation_table(sample, scores, outcomes, items, key, config, minimum_cell(config))
    table.to_csv(snakemake.output.table, index=False, lineterminator="\n")
