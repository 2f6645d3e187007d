"""Persistence outcomes from term records and surveys, each with its risk set and its censoring."""

from _run import stage

with stage("outcomes", snakemake):
    import pandas as pd
    from alliance.persistence.derive import derive_outcomes
    from alliance.spreadsheet import write_csv
    from alliance.study import minimum_cell

    sample = pd.read_parquet(snakemake.input.sample)
    terms = pd.read_parquet(snakemake.input.terms)
    degrees = pd.read_parquet(snakemake.input.degrees)
    described = pd.read_csv(snakemake.input.described, dtype=str, keep_default_na=False)
    described["suppressed"] = described["suppressed"] == "True"
    tables = derive_outcomes(sample, terms, degrees, snakemake.config, minimum_cell(snakemake.config), described)
    tables.outcomes.to_parquet(snakemake.output.outcomes, index=False)
    tables.periods.to_parquet(snakemake.output.periods, index=False)
    for name in ("definitions", "rates", "states"):
        write_csv(getattr(tables, name), snakemake.output[name])
