from _run import stage

with stage("report", snakemake):
    from alliance.reporting.page import write_report
    from alliance.reporting.results import read_results
    from alliance.verification.receipt import package_versions

    tables = {name: path for name, path in snakemake.input.items() if name not in ("template", "style", "library")}
    write_report(
        read_results(snakemake.params.study, tables),
        template=snakemake.input.template,
        style=snakemake.input.style,
        page=snakemake.output.page,
        methods=snakemake.output.methods,
        figures=snakemake.output.figures,
        tables=snakemake.output.tables,
        versions=package_versions(),
    )
