"""A codebook to be edited, from the raw files alone."""

from _run import stage

with stage("draft_codebook", snakemake):
    from alliance.survey.draft import draft_at

    print(draft_at(snakemake.config, snakemake.params.codebook))
