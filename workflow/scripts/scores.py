"""Rule scores: scores of every report with the instrument's items, how good they are, and files for other programs."""

from _run import stage

with stage("scores", snakemake):
    import pandas as pd
    from alliance.measurement.export import export_scores
    from alliance.measurement.scores_tables import score_all
    from alliance.study import minimum_cell, read_codebook

    found = score_all(
        pd.read_parquet(snakemake.input.sample),
        read_codebook(snakemake.input.codebook),
        pd.read_csv(snakemake.input.separability, dtype={"sample": str}),
        snakemake.config,
        minimum_cell(snakemake.config),
    )
    for name in ("scores", "plausible"):
        found.tables[name].to_parquet(snakemake.output[name], index=False)
    for name in ("determinacy", "se_curve", "recommendation"):
        found.tables[name].to_csv(snakemake.output[name], index=False, lineterminator="\n")
    export_scores(found.tables["scores"], snakemake.config, snakemake.output.export)
    print(found.tables["determinacy"].drop(columns=["rule", "use"]).to_string(index=False))
    print("\n".join(found.reasons))
