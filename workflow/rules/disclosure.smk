rule disclosure:
    """Read everything that is made to be shared; stop when a person's id or too small a count stands in it."""
    input:
        everything=end_points(),
        ids=[result(f"private/intake/{table}.parquet") for table in ("responses", "students", "terms", "degrees")],
        codebook=result("intake/codebook.csv"),
        library=library("verification", "survey"),
    output:
        scan=result("disclosure/scan.csv"),
    log:
        f"{LOGS}/disclosure.log",
    threads: 1
    params:
        study=config,
        folders={"results": RESULTS, "logs": LOGS, "benchmarks": BENCHMARKS},
    script:
        "../scripts/disclosure.py"


rule codebook_page:
    """The codebook as a page: questions, answers as small bars, what is missing; and as Psych-DS metadata."""
    input:
        codebook=result("intake/codebook.csv"),
        describe_items=result("describe/items.csv"),
        describe_characteristics=result("describe/characteristics.csv"),
        style="workflow/report/report.css",
        library=library("reporting", "survey"),
    output:
        page=result("codebook.html"),
        description=result("dataset_description.json"),
    log:
        f"{LOGS}/codebook_page.log",
    threads: 1
    params:
        study=config,
    script:
        "../scripts/codebook_page.py"
