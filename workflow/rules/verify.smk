rule manifest:
    """sha256 and size of every shareable result."""
    input:
        shared=to_verify,
        library=library("verification"),
    output:
        manifest=result("verify/manifest.csv"),
    log:
        f"{LOGS}/manifest.log",
    benchmark:
        f"{BENCHMARKS}/manifest.tsv"
    threads: 1
    script:
        "../scripts/manifest.py"


rule compare:
    """Hold every number that the study reports against the results. Always writes its table; `verify` judges."""
    input:
        claims=config.get("claims") or [],
        tables=lambda wildcards: list(shareable().values()),
        library=library("verification"),
    output:
        claims=result("verify/claims.csv"),
    log:
        f"{LOGS}/compare.log",
    benchmark:
        f"{BENCHMARKS}/compare.tsv"
    threads: 1
    script:
        "../scripts/compare.py"


rule receipt:
    """What ran: commit, lock, versions, platform, sha256 of inputs and outputs, seconds per rule."""
    input:
        manifest=result("verify/manifest.csv"),
        inputs=result("intake/inputs.csv"),
        claims=result("verify/claims.csv") if config.get("claims") else [],
        codebook=config["codebook"],
        lock="requirements.lock",
        library=library("verification"),
    output:
        receipt=result("verify/receipt.json"),
    log:
        f"{LOGS}/receipt.log",
    threads: 1
    params:
        study=config["study"]["name"],
        seed=config["seed"],
        benchmarks=BENCHMARKS,
    script:
        "../scripts/receipt.py"


rule verify:
    """Say whether the claims were reproduced; print those that were not, and fail."""
    input:
        claims=result("verify/claims.csv"),
        receipt=result("verify/receipt.json"),
        scan=result("disclosure/scan.csv"),
    log:
        f"{LOGS}/verify.log",
    threads: 1
    script:
        "../scripts/verify.py"
