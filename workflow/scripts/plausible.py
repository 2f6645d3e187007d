"""Plausible values of the alliance for every linking model, drawn with what that model relates them to."""

from _run import stage

with stage("plausible", snakemake):
    import pandas as pd
    from alliance.measurement.samples import report_items
    from alliance.persistence.plausible_draws import analysed_rows, draw_models
    from alliance.study import dimensions, minimum_cell, read_codebook

    config, settings = snakemake.config, snakemake.config["measurement"]
    sample, codebook = pd.read_parquet(snakemake.input.sample), read_codebook(snakemake.input.codebook)
    items, key = report_items(sample, codebook, settings["role"], settings["wave"], dimensions(config))
    scores, outcomes = pd.read_parquet(snakemake.input.scores), pd.read_parquet(snakemake.input.outcomes)
    analysed = analysed_rows(sample, scores, outcomes, config)
    draws = draw_models(sample, analysed, items, key, config, minimum_cell(config))
    draws.table.to_parquet(snakemake.output.draws, index=False)
    draws.about.to_csv(snakemake.output.about, index=False, lineterminator="\n")
