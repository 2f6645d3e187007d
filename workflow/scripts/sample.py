"""Apply the declared filters in order, link the reports to students, and count every exclusion."""

from _run import stage

with stage("sample", snakemake):
    import pandas as pd
    from alliance.errors import Stop
    from alliance.spreadsheet import write_csv
    from alliance.study import minimum_cell, read_codebook
    from alliance.survey.issues import Issues
    from alliance.survey.sample import Study, build_sample
    from alliance.survey.sample_shared import shareable_counts

    tables = [pd.read_parquet(snakemake.input[name]) for name in ("responses", "students", "terms", "degrees")]
    issues = Issues()
    study = Study(snakemake.config, read_codebook(snakemake.input.codebook), *tables)
    sample = build_sample(study, issues)
    if issues.errors:
        raise Stop("sample", issues.errors)
    sample.students.to_parquet(snakemake.output.sample, index=False)
    sample.flags.to_parquet(snakemake.output.flags, index=False)
    write_csv(sample.flow, snakemake.output.exact_flow)
    write_csv(sample.flow_reports, snakemake.output.exact_flow_reports)
    for name, table in shareable_counts(study, sample, minimum_cell(snakemake.config)).items():
        write_csv(table, snakemake.output[name])
