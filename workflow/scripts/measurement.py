"""Rule measurement: fit the menu of measurement models, pooled, by cohort and by report."""

from pathlib import Path

import pandas as pd
from _run import stage
from alliance.measurement.samples import cluster_of, measured_samples, report_items, reversed_items, status_notes
from alliance.measurement.stage import measure
from alliance.study import dimensions, minimum_cell, read_codebook

with stage("measurement", snakemake):
    settings, design = snakemake.config["measurement"], snakemake.config["sample"]
    sample = pd.read_parquet(snakemake.input.sample)
    codebook, labels = read_codebook(snakemake.input.codebook), dimensions(snakemake.config)
    items, key = report_items(sample, codebook, settings["role"], settings["wave"], labels)
    samples = measured_samples(sample, items, key, codebook, design, settings)
    tables = measure(
        samples,
        key,
        labels,
        settings,
        minimum_cell(snakemake.config),
        clusters=cluster_of(sample, settings),
        reverse=reversed_items(codebook, settings["role"], settings["wave"]),
        notes=status_notes(samples, snakemake.config, codebook),
    )
    for name, path in snakemake.output.items():
        tables[name].to_csv(Path(path), index=False, lineterminator="\n")
    print(tables["status"].to_string(index=False))
    print(tables["separability"]["text"].to_string(index=False))
