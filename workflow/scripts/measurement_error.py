"""The linking models by every way of treating measurement error, side by side on the same students."""

from _run import stage

with stage("measurement_error", snakemake):
    import pandas as pd
    from alliance.measurement.samples import report_items
    from alliance.persistence.measurement_error import side_by_side
    from alliance.persistence.plausible_fit import DrawTables
    from alliance.study import dimensions, minimum_cell, read_codebook

    config, settings = snakemake.config, snakemake.config["measurement"]
    sample, codebook = pd.read_parquet(snakemake.input.sample), read_codebook(snakemake.input.codebook)
    items, key = report_items(sample, codebook, settings["role"], settings["wave"], dimensions(config))
    quality = pd.read_csv(snakemake.input.determinacy, dtype={"sample": str})
    own = quality[(quality["sample"] == "pooled") & (quality["role"] == settings["role"])]
    own = own[own["wave"] == settings["wave"]]
    reliability = dict(zip(zip(own["method"], own["dimension"], strict=True), own["reliability"], strict=True))
    draws = DrawTables(
        pd.read_parquet(snakemake.input.draws), pd.read_csv(snakemake.input.about, keep_default_na=False)
    )
    table = side_by_side(
        sample,
        pd.read_parquet(snakemake.input.scores),
        pd.read_parquet(snakemake.input.outcomes),
        pd.read_parquet(snakemake.input.periods),
        items,
        key,
        reliability,
        draws,
        config,
        minimum_cell(config),
    )
    table.to_csv(snakemake.output.table, index=False, lineterminator="\n")
