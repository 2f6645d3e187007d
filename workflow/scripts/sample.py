"""Apply the declared filters in order, link the reports to students, and count every exclusion."""

from _run import stage

with stage("sample", snakemake):
    import pandas as pd
    from alliance.errors import Stop
    from alliance.study import read_codebook
    from alliance.survey.issues import Issues
    from alliance.survey.sample import Study, build_sample

    tables = [pd.read_parquet(snakemake.input[name]) for name in ("responses", "students", "terms")]
    issues = Issues()
    sample = build_sample(Study(snakemake.config, read_codebook(snakemake.input.codebook), *tables), issues)
    if issues.errors:
        raise Stop("sample", issues.errors)
    sample.students.to_parquet(snakemake.output.sample, index=False)
    sample.flow.to_csv(snakemake.output.flow, index=False)
    sample.waves.to_csv(snakemake.output.waves, index=False)
