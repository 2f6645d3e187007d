rule outcomes:
    """Persistence outcomes from term records and surveys, each with its risk set and its censoring."""
    input:
        sample=result("private/sample/sample.parquet"),
        terms=result("private/intake/terms.parquet"),
        degrees=result("private/intake/degrees.parquet"),
        described=result("describe/characteristics.csv"),
        fields=field_lists(),
        library=library("persistence"),
    output:
        outcomes=result("private/outcomes/outcomes.parquet"),
        periods=result("private/outcomes/periods.parquet"),
        definitions=result("outcomes/definitions.csv"),
        rates=result("outcomes/rates.csv"),
        states=result("outcomes/states.csv"),
    log:
        f"{LOGS}/outcomes.log",
    benchmark:
        f"{BENCHMARKS}/outcomes.tsv"
    threads: 1
    params:
        study=study_config("outcomes", "sample", "describe", "report"),
    script:
        "../scripts/outcomes.py"


rule link:
    """Alliance scores to persistence: associations with clustered errors, by cohort and pooled."""
    input:
        unpack(declared_draws),
        sample=result("private/sample/sample.parquet"),
        scores=result("private/scores/scores.parquet"),
        outcomes=result("private/outcomes/outcomes.parquet"),
        periods=result("private/outcomes/periods.parquet"),
        library=library("persistence"),
    output:
        estimates=result("link/estimates.csv"),
        effects=result("link/effects.csv"),
        cohorts=result("link/cohorts.csv"),
        joint=result("link/joint.csv"),
        moderation=result("link/moderation.csv"),
        nonlinearity=result("link/nonlinearity.csv"),
        power=result("link/power.csv"),
        flow=result("link/flow.csv"),
        status=result("link/status.csv"),
    log:
        f"{LOGS}/link.log",
    benchmark:
        f"{BENCHMARKS}/link.tsv"
    threads: 1
    params:
        study=study_config("link", "sample", "measurement", "instrument", "outcomes", "report"),
    script:
        "../scripts/link.py"
