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
        results=RESULTS,
        logs=LOGS,
        benchmarks=BENCHMARKS,
    script:
        "../scripts/disclosure.py"
