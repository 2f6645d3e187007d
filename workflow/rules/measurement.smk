rule measurement:
    """Fit the menu of measurement models, pooled and by cohort; say which fits are admissible and what they mean."""
    input:
        sample=result("private/sample/sample.parquet"),
        codebook=result("intake/codebook.csv"),
        library=library("measurement"),
    output:
        fit=result("measurement/fit.csv"),
        parameters=result("measurement/parameters.csv"),
        correlations=result("measurement/correlations.csv"),
        reliability=result("measurement/reliability.csv"),
        residuals=result("measurement/residuals.csv"),
        validity=result("measurement/validity.csv"),
        separability=result("measurement/separability.csv"),
        status=result("measurement/status.csv"),
    log:
        f"{LOGS}/measurement.log",
    benchmark:
        f"{BENCHMARKS}/measurement.tsv"
    threads: 1
    params:
        study=study_config("measurement", "instrument", "sample", "report"),
    script:
        "../scripts/measurement.py"


rule scores:
    """Sum and regression scores of the chosen model, each with its standard error."""
    input:
        sample=result("private/sample/sample.parquet"),
        codebook=result("intake/codebook.csv"),
        parameters=result("measurement/parameters.csv"),
        status=result("measurement/status.csv"),
        library=library("measurement"),
    output:
        scores=result("private/scores/scores.parquet"),
        determinacy=result("scores/determinacy.csv"),
    log:
        f"{LOGS}/scores.log",
    benchmark:
        f"{BENCHMARKS}/scores.tsv"
    threads: 1
    params:
        study=study_config("measurement", "scores", "instrument", "sample", "report"),
    script:
        "../scripts/scores.py"
