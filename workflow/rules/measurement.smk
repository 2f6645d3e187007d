rule measurement:
    """Fit the menu of measurement models, pooled, by cohort and by report; say which fits are admissible."""
    input:
        sample=result("private/sample/sample.parquet"),
        codebook=result("intake/codebook.csv"),
        key=(config.get("instrument") or {}).get("key") or [],
        library=library("measurement", "sem"),
    output:
        fit=result("measurement/fit.csv"),
        parameters=result("measurement/parameters.csv"),
        correlations=result("measurement/correlations.csv"),
        reliability=result("measurement/reliability.csv"),
        residuals=result("measurement/residuals.csv"),
        validity=result("measurement/validity.csv"),
        separability=result("measurement/separability.csv"),
        status=result("measurement/status.csv"),
        comparison=result("measurement/comparison.csv"),
        sensitivity=result("measurement/sensitivity.csv"),
        modification=result("measurement/modification.csv"),
        key=result("measurement/key.csv"),
        clusters=result("measurement/clusters.csv"),
        crosscheck=result("measurement/crosscheck.csv"),
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
    """Scores of every kind asked for, each with its standard error; what they are good for; files for other programs."""
    input:
        sample=result("private/sample/sample.parquet"),
        codebook=result("intake/codebook.csv"),
        separability=result("measurement/separability.csv"),
        library=library("measurement", "sem"),
    output:
        scores=result("private/scores/scores.parquet"),
        plausible=result("private/scores/plausible.parquet"),
        export=directory(result("private/scores/export")),
        determinacy=result("scores/determinacy.csv"),
        se_curve=result("scores/se_curve.csv"),
        recommendation=result("scores/recommendation.csv"),
    log:
        f"{LOGS}/scores.log",
    benchmark:
        f"{BENCHMARKS}/scores.tsv"
    threads: 1
    params:
        study=study_config(
            "measurement",
            "scores",
            "instrument",
            "sample",
            "link",
            "roles",
            "waves",
            "report",
        ),
    script:
        "../scripts/scores.py"
