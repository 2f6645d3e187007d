"""A closer look at the links: what can be told apart, how large and how alike, and the relationship from both sides."""


rule collinearity:
    """What these data can tell apart: dominance, parameterisations, condition indices, joint confidence regions."""
    input:
        unpack(declared_draws),
        sample=result("private/sample/sample.parquet"),
        scores=result("private/scores/scores.parquet"),
        outcomes=result("private/outcomes/outcomes.parquet"),
        periods=result("private/outcomes/periods.parquet"),
        codebook=result("intake/codebook.csv"),
        separability=result("measurement/separability.csv"),
        measured=result("measurement/status.csv"),
        library=library("persistence", "measurement", "sem"),
    output:
        dominance=result("link/dominance.csv"),
        parameterisations=result("link/parameterisations.csv"),
        condition=result("link/condition.csv"),
        region=result("link/region.csv"),
        apart=result("link/apart.csv"),
        status=result("link/collinearity_status.csv"),
    log:
        f"{LOGS}/collinearity.log",
    benchmark:
        f"{BENCHMARKS}/collinearity.tsv"
    threads: 1
    params:
        study=study_config("link", "sample", "measurement", "instrument", "outcomes", "report"),
    script:
        "../scripts/collinearity.py"


rule magnitudes:
    """How large the associations are, whether the cohorts agree, how strong a confounder would have to be."""
    input:
        unpack(declared_draws),
        sample=result("private/sample/sample.parquet"),
        scores=result("private/scores/scores.parquet"),
        outcomes=result("private/outcomes/outcomes.parquet"),
        periods=result("private/outcomes/periods.parquet"),
        cohorts=result("link/cohorts.csv"),
        parameterisations=result("link/parameterisations.csv"),
        library=library("persistence"),
    output:
        curve=result("link/curve.csv"),
        contrasts=result("link/contrasts.csv"),
        heterogeneity=result("link/heterogeneity.csv"),
        cohorts_total=result("link/cohorts_total.csv"),
        sensitivity=result("link/sensitivity.csv"),
        status=result("link/magnitudes_status.csv"),
    log:
        f"{LOGS}/magnitudes.log",
    benchmark:
        f"{BENCHMARKS}/magnitudes.tsv"
    threads: 1
    params:
        study=study_config("link", "sample", "measurement", "outcomes", "report"),
    script:
        "../scripts/magnitudes.py"


rule relationship:
    """The relationship from both sides and over time: both reports, agreement, response surface, change."""
    input:
        sample=result("private/sample/sample.parquet"),
        scores=result("private/scores/scores.parquet"),
        outcomes=result("private/outcomes/outcomes.parquet"),
        periods=result("private/outcomes/periods.parquet"),
        library=library("persistence"),
    output:
        relationship=result("link/relationship.csv"),
        response_surface=result("link/response_surface.csv"),
        surface_grid=result("link/surface_grid.csv"),
        reports=result("link/reports.csv"),
        flow=result("link/relationship_flow.csv"),
        status=result("link/relationship_status.csv"),
    log:
        f"{LOGS}/relationship.log",
    benchmark:
        f"{BENCHMARKS}/relationship.tsv"
    threads: 1
    params:
        study=study_config("link", "sample", "measurement", "outcomes", "report"),
    script:
        "../scripts/relationship.py"
