"""Rule measurement: fit the menu of measurement models, pooled and by cohort."""

from pathlib import Path

import pandas as pd
from _run import stage
from alliance.measurement.samples import by_sample, report_items
from alliance.measurement.stage import measure
from alliance.study import dimensions, minimum_cell, read_codebook

with stage("measurement", snakemake):
    settings, design = snakemake.config["measurement"], snakemake.config["sample"]
    sample = pd.read_parquet(snakemake.input.sample)
    labels = dimensions(snakemake.config)
    items, key = report_items(
        sample, read_codebook(snakemake.input.codebook), settings["role"], settings["wave"], labels
    )
    tables = measure(
        by_sample(sample, items, design, by_cohort=settings.get("by_cohort", False)),
        key,
        labels,
        settings,
        minimum_cell(snakemake.config),
    )
    for name, path in snakemake.output.items():
        tables[name].to_csv(Path(path), index=False, lineterminator="\n")
    print(tables["status"].to_string(index=False))
    print(tables["separability"]["text"].to_string(index=False))
