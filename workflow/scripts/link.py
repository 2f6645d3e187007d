"""Alliance scores to persistence: associations with clustered errors, by cohort and pooled."""

from _run import stage

with stage("link", snakemake):
    import pandas as pd
    from alliance.persistence.events_shared import withhold_events
    from alliance.persistence.flow_shared import shareable_flow
    from alliance.persistence.link import link_models
    from alliance.persistence.plausible_fit import DrawTables
    from alliance.spreadsheet import write_csv
    from alliance.study import minimum_cell

    drawn = snakemake.input.get("draws")
    about = pd.read_csv(snakemake.input.about, keep_default_na=False) if drawn else None
    draws = DrawTables(pd.read_parquet(drawn), about) if drawn else None
    tables = link_models(
        pd.read_parquet(snakemake.input.sample),
        pd.read_parquet(snakemake.input.scores),
        pd.read_parquet(snakemake.input.outcomes),
        pd.read_parquet(snakemake.input.periods),
        snakemake.config,
        minimum_cell(snakemake.config),
        draws,
    )
    minimum = minimum_cell(snakemake.config)
    for name, table in vars(tables).items():
        if name == "flow" and len(table):
            table = shareable_flow(table, ("model", "cohort"), minimum)
        write_csv(withhold_events(table, minimum), snakemake.output[name])
