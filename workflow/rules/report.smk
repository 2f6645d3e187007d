rule report:
    """One page that a person reads, its figures and tables as files, and a methods paragraph to paste."""
    input:
        unpack(shareable),
        unpack(recovery_file),
        template="workflow/report/report.html.j2",
        style="workflow/report/report.css",
        library=library("reporting", "verification"),
    output:
        page=result("report.html"),
        methods=result("report/methods.md"),
        figures=directory(result("report/figures")),
        tables=directory(result("report/tables")),
    log:
        f"{LOGS}/report.log",
    benchmark:
        f"{BENCHMARKS}/report.tsv"
    threads: 1
    params:
        study=config,
    script:
        "../scripts/report.py"
