"""Measurement error carried into the link: plausible values, and what other ways of scoring would have said."""


rule plausible:
    """Draws of each student's alliance, for every linking model, that know the model's outcome and covariates."""
    input:
        sample=result("private/sample/sample.parquet"),
        codebook=result("intake/codebook.csv"),
        scores=result("private/scores/scores.parquet"),
        outcomes=result("private/outcomes/outcomes.parquet"),
        library=library("measurement", "sem", "persistence"),
    output:
        draws=result("private/link/plausible.parquet"),
        about=result("link/draws.csv"),
    log:
        f"{LOGS}/plausible.log",
    benchmark:
        f"{BENCHMARKS}/plausible.tsv"
    threads: 1
    params:
        study=study_config("link", "sample", "measurement", "instrument", "outcomes", "report"),
    script:
        "../scripts/plausible.py"


rule measurement_error:
    """The same models with sum scores, factor scores, corrected scores, latent predictors and plausible values."""
    input:
        sample=result("private/sample/sample.parquet"),
        codebook=result("intake/codebook.csv"),
        scores=result("private/scores/scores.parquet"),
        determinacy=result("scores/determinacy.csv"),
        outcomes=result("private/outcomes/outcomes.parquet"),
        periods=result("private/outcomes/periods.parquet"),
        draws=result("private/link/plausible.parquet"),
        about=result("link/draws.csv"),
        library=library("measurement", "sem", "persistence"),
    output:
        table=result("link/measurement_error.csv"),
    log:
        f"{LOGS}/measurement_error.log",
    benchmark:
        f"{BENCHMARKS}/measurement_error.tsv"
    threads: 1
    params:
        study=study_config("link", "sample", "measurement", "instrument", "outcomes", "report"),
    script:
        "../scripts/measurement_error.py"


rule mediation:
    """Associations by way of another latent variable, with Monte Carlo intervals."""
    input:
        sample=result("private/sample/sample.parquet"),
        codebook=result("intake/codebook.csv"),
        scores=result("private/scores/scores.parquet"),
        outcomes=result("private/outcomes/outcomes.parquet"),
        library=library("measurement", "sem", "persistence"),
    output:
        table=result("link/mediation.csv"),
    log:
        f"{LOGS}/mediation.log",
    benchmark:
        f"{BENCHMARKS}/mediation.tsv"
    threads: 1
    params:
        study=study_config("link", "sample", "measurement", "instrument", "outcomes", "report"),
    script:
        "../scripts/mediation.py"
