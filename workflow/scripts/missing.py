"""What is missing together, whether completely at random, and what it goes with."""

from _run import stage

with stage("missing", snakemake):
    import pandas as pd
    from alliance.persistence import fit_outcome
    from alliance.persistence.multiplicity import adjust
    from alliance.spreadsheet import write_csv
    from alliance.study import read_codebook
    from alliance.survey.missing_stage import missing_tables

    sample, codebook = pd.read_parquet(snakemake.input.sample), read_codebook(snakemake.input.codebook)
    tables = missing_tables(sample, codebook, snakemake.config, fit_outcome, adjust)
    for name in ("patterns", "little", "predictors", "status"):
        write_csv(getattr(tables, name), snakemake.output[name])
