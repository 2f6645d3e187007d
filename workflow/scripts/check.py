"""Every problem of config, codebook and raw files at once; later stages never stop on bad input."""

from _run import stage

with stage("check", snakemake):
    from alliance.errors import Stop
    from alliance.spreadsheet import write_csv
    from alliance.study import minimum_cell
    from alliance.survey.check import check_study

    problems, issues = check_study(snakemake.config)
    if problems:
        raise Stop("check", problems)
    write_csv(issues.check(minimum_cell(snakemake.config)), snakemake.output.check)
