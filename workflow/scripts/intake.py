"""Raw exports to tidy responses, students, terms and degrees, by the codebook alone."""

from _run import stage

with stage("intake", snakemake):
    import shutil

    from alliance.errors import Stop
    from alliance.spreadsheet import write_csv
    from alliance.study import minimum_cell, read_codebook
    from alliance.survey.intake import run_intake

    intake = run_intake(snakemake.config, read_codebook(snakemake.input.codebook))
    if intake.issues.errors:
        raise Stop("intake", intake.issues.errors)
    for name in ("responses", "students", "terms", "degrees"):
        getattr(intake, name).to_parquet(snakemake.output[name], index=False)
    write_csv(intake.issues.frame(), snakemake.output.issues)
    write_csv(intake.issues.summary(minimum_cell(snakemake.config)), snakemake.output.summary)
    write_csv(intake.inputs, snakemake.output.inputs, keep=["delimiter", "decimal"])
    shutil.copyfile(snakemake.input.codebook, snakemake.output.codebook)
