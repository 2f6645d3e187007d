from alliance.survey.pseudonyms import key_fingerprint


rule check:
    """Read config, codebook and data as the whole study would, and list every problem before anything is written."""
    input:
        raw=raw_files(),
        codebook=config["codebook"],
        library=library("survey"),
    output:
        check=result("check/check.csv"),
    log:
        f"{LOGS}/check.log",
    benchmark:
        f"{BENCHMARKS}/check.tsv"
    threads: 1
    params:
        study=study_config(
            "study",
            "inputs",
            "ids",
            "sample",
            "instrument",
            "roles",
            "waves",
            "outcomes",
            "report",
        ),
        key=key_fingerprint(config),
    script:
        "../scripts/check.py"


rule intake:
    """Raw exports to tidy responses, by the codebook alone; every doubt goes to the private issue list."""
    input:
        check=result("check/check.csv"),
        raw=raw_files(),
        codebook=config["codebook"],
        library=library("survey"),
    output:
        responses=result("private/intake/responses.parquet"),
        students=result("private/intake/students.parquet"),
        terms=result("private/intake/terms.parquet"),
        degrees=result("private/intake/degrees.parquet"),
        issues=result("private/intake/issues.csv"),
        summary=result("intake/issues_summary.csv"),
        codebook=result("intake/codebook.csv"),
        inputs=result("intake/inputs.csv"),
    log:
        f"{LOGS}/intake.log",
    benchmark:
        f"{BENCHMARKS}/intake.tsv"
    threads: 1
    params:
        study=study_config("study", "inputs", "ids", "outcomes", "sample", "report"),
        key=key_fingerprint(config),
    script:
        "../scripts/intake.py"


rule sample:
    """Apply the declared filters in order, link the reports to students, and count every exclusion."""
    input:
        responses=result("private/intake/responses.parquet"),
        students=result("private/intake/students.parquet"),
        terms=result("private/intake/terms.parquet"),
        degrees=result("private/intake/degrees.parquet"),
        codebook=result("intake/codebook.csv"),
        library=library("survey"),
    output:
        sample=result("private/sample/sample.parquet"),
        flags=result("private/sample/flags.parquet"),
        exact_flow=result("private/sample/flow.csv"),
        exact_flow_reports=result("private/sample/flow_reports.csv"),
        flow=result("sample/flow.csv"),
        flow_reports=result("sample/flow_reports.csv"),
        waves=result("sample/waves.csv"),
        careless=result("sample/careless.csv"),
        linkage=result("sample/linkage.csv"),
        relationships=result("sample/relationships.csv"),
    log:
        f"{LOGS}/sample.log",
    benchmark:
        f"{BENCHMARKS}/sample.tsv"
    threads: 1
    params:
        study=study_config("sample", "inputs", "outcomes", "roles", "waves", "report"),
    script:
        "../scripts/sample.py"


rule describe:
    """Item statistics, missingness, attrition and clustering of the sample."""
    input:
        sample=result("private/sample/sample.parquet"),
        codebook=result("intake/codebook.csv"),
        library=library("survey", "persistence"),
    output:
        item_statistics=result("describe/items.csv"),
        characteristics=result("describe/characteristics.csv"),
        missingness=result("describe/missingness.csv"),
        attrition=result("describe/attrition.csv"),
        icc=result("describe/icc.csv"),
    log:
        f"{LOGS}/describe.log",
    benchmark:
        f"{BENCHMARKS}/describe.tsv"
    threads: 1
    params:
        study=study_config("describe", "sample", "instrument", "link", "report"),
    script:
        "../scripts/describe.py"
