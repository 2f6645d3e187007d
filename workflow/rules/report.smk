STAGES = {  # what each stage leaves to be shared, and the blocks of the config that ask for it
    "intake": ((), ("codebook", "inputs", "issues_summary")),
    "sample": ((), ("flow", "waves")),
    "describe": (
        ("describe",),
        ("items", "characteristics", "missingness", "attrition", "icc"),
    ),
    "measurement": (
        ("measurement",),
        (
            "fit",
            "parameters",
            "correlations",
            "reliability",
            "residuals",
            "validity",
            "separability",
            "status",
        ),
    ),
    "scores": (("measurement", "scores"), ("determinacy",)),
    "outcomes": (("outcomes",), ("definitions", "rates")),
    "link": (("link",), ("estimates", "effects", "cohorts", "joint", "flow", "status")),
}


def shareable(wildcards=None):
    """The result tables of the stages that the config asks for, by name: `link_joint` is link/joint.csv."""
    return {
        f"{stage}_{table}": result(f"{stage}/{table}.csv")
        for stage, (blocks, tables) in STAGES.items()
        if asked(*blocks)
        for table in tables
    }


def recovery_file(wildcards=None):
    """The table of the simulation that the limitations speak of, when the config names one."""
    path = (config.get("report") or {}).get("recovery")
    return {"recovery": path} if path else {}


rule report:
    """One page that a person reads, its figures and tables as files, and a methods paragraph to paste."""
    input:
        unpack(shareable),
        unpack(recovery_file),
        template="workflow/report/report.html.j2",
        style="workflow/report/report.css",
        library=library("reporting"),
    output:
        page=result("report.html"),
        methods=result("report/methods.md"),
        figures=directory(result("report/figures")),
        tables=directory(result("report/tables")),
    log:
        f"{LOGS}/report.log",
    benchmark:
        f"{BENCHMARKS}/report.tsv"
    threads: 1
    params:
        study=config,
    script:
        "../scripts/report.py"
