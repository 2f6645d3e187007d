rule recovery:
    """Simulate 100 small studies from the demo's truth, analyse each as the demo is analysed, and table truth against estimate."""
    input:
        truth="data/demo/truth.yaml",
        library=library("robustness", "measurement", "persistence"),
    output:
        recovery=result("robustness/recovery.csv"),
    log:
        f"{LOGS}/recovery.log",
    benchmark:
        f"{BENCHMARKS}/recovery.tsv"
    threads: 1
    params:
        studies=100,
        students=400,
        seed=config["seed"],
    script:
        "../scripts/recovery.py"
