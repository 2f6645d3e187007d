rule invariance:
    """Compare the measurement across groups, waves and roles step by step; say what each verdict allows."""
    input:
        sample=result("private/sample/sample.parquet"),
        codebook=result("intake/codebook.csv"),
        library=library("measurement", "sem"),
    output:
        invariance=result("invariance/invariance.csv"),
        partial=result("invariance/partial.csv"),
        effects=result("invariance/effects.csv"),
        means=result("invariance/means.csv"),
        collapse=result("invariance/collapse.csv"),
        verdicts=result("invariance/verdicts.csv"),
        change=result("invariance/change.csv"),
        agreement=result("invariance/agreement.csv"),
        status=result("invariance/status.csv"),
    log:
        f"{LOGS}/invariance.log",
    benchmark:
        f"{BENCHMARKS}/invariance.tsv"
    threads: 1
    params:
        study=study_config("invariance", "measurement", "instrument", "sample", "report"),
    script:
        "../scripts/invariance.py"
