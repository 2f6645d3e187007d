rule missing:
    """What is missing together, whether completely at random, and what being missing goes with."""
    input:
        sample=result("private/sample/sample.parquet"),
        codebook=result("intake/codebook.csv"),
        library=library("survey", "persistence", "sem"),
    output:
        patterns=result("missing/patterns.csv"),
        little=result("missing/little.csv"),
        predictors=result("missing/predictors.csv"),
        status=result("missing/status.csv"),
    log:
        f"{LOGS}/missing.log",
    benchmark:
        f"{BENCHMARKS}/missing.tsv"
    threads: 1
    params:
        study=study_config("describe", "sample", "instrument", "link", "imputation", "report"),
    script:
        "../scripts/missing.py"


rule imputation:
    """Impute what the link models miss, once for all later stages; check that the imputations can be trusted."""
    input:
        sample=result("private/sample/sample.parquet"),
        scores=result("private/scores/scores.parquet"),
        outcomes=result("private/outcomes/outcomes.parquet"),
        codebook=result("intake/codebook.csv"),
        library=library("persistence", "survey"),
    output:
        imputations=result("private/imputation/imputations.parquet"),
        plan=result("imputation/plan.csv"),
        convergence=result("imputation/convergence.csv"),
        traces=result("imputation/traces.csv"),
        overimputation=result("imputation/overimputation.csv"),
        status=result("imputation/status.csv"),
    log:
        f"{LOGS}/imputation.log",
    benchmark:
        f"{BENCHMARKS}/imputation.tsv"
    threads: 1
    params:
        study=study_config(
            "imputation",
            "link",
            "sample",
            "measurement",
            "instrument",
            "outcomes",
            "report",
        ),
    script:
        "../scripts/imputation.py"


rule link_missing:
    """The pooled link models by complete cases, multiple imputation and inverse-probability weights, side by side."""
    input:
        sample=result("private/sample/sample.parquet"),
        scores=result("private/scores/scores.parquet"),
        outcomes=result("private/outcomes/outcomes.parquet"),
        periods=result("private/outcomes/periods.parquet"),
        imputations=result("private/imputation/imputations.parquet"),
        library=library("persistence"),
    output:
        missing_data=result("link/missing_data.csv"),
        status=result("link/missing_data_status.csv"),
    log:
        f"{LOGS}/link_missing.log",
    benchmark:
        f"{BENCHMARKS}/link_missing.tsv"
    threads: 1
    params:
        study=study_config("link", "sample", "measurement", "instrument", "outcomes", "report"),
    script:
        "../scripts/link_missing.py"
