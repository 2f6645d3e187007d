"""What leaves the house: the tables of each stage that the config asks for, and the files of the report."""

STAGES = {  # what each stage leaves to be shared, and the blocks of the config that ask for it
    "intake": ((), ("codebook", "inputs", "issues_summary")),
    "sample": ((), ("flow", "flow_reports", "waves", "careless", "linkage", "relationships")),
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
            "comparison",
            "sensitivity",
            "modification",
            "key",
            "clusters",
            "crosscheck",
        ),
    ),
    "invariance": (
        ("measurement", "invariance"),
        (
            "invariance",
            "partial",
            "effects",
            "means",
            "collapse",
            "verdicts",
            "change",
            "agreement",
            "status",
        ),
    ),
    "scores": (
        ("measurement", "scores"),
        ("determinacy", "se_curve", "recommendation"),
    ),
    "outcomes": (("outcomes",), ("definitions", "rates", "states")),
    "link": (
        ("link",),
        (
            "estimates",
            "effects",
            "cohorts",
            "joint",
            "moderation",
            "nonlinearity",
            "power",
            "flow",
            "status",
            "draws",
            "measurement_error",
            "dominance",
            "parameterisations",
            "condition",
            "region",
            "apart",
            "collinearity_status",
            "curve",
            "contrasts",
            "heterogeneity",
            "cohorts_total",
            "sensitivity",
            "magnitudes_status",
        ),
    ),
    "missing": (("describe",), ("patterns", "little", "predictors", "status")),
    "imputation": (
        ("link", "imputation"),
        ("plan", "convergence", "traces", "overimputation", "status"),
    ),
}

PARTS = {  # further tables of a stage, and the block that asks for them
    "link.relationship": (
        "link",
        (
            "relationship",
            "response_surface",
            "surface_grid",
            "reports",
            "relationship_flow",
            "relationship_status",
        ),
    ),
    "imputation": ("link", ("missing_data", "missing_data_status")),
    "link.mediation": ("link", ("mediation",)),
}


def shareable(wildcards=None):
    """The result tables of the stages that the config asks for, by name: `link_joint` is link/joint.csv."""
    stages = [(stage, tables) for stage, (blocks, tables) in STAGES.items() if asked(*blocks)]
    stages += [(stage, tables) for block, (stage, tables) in PARTS.items() if asked(block)]
    return {f"{stage}_{table}": result(f"{stage}/{table}.csv") for stage, tables in stages for table in tables}


def recovery_file(wildcards=None):
    """The table of the simulation that the limitations speak of, when the config names one."""
    path = (config.get("report") or {}).get("recovery")
    return {"recovery": path} if path else {}


def to_verify(wildcards=None):
    """Everything that is shared: the tables, the page and its files."""
    made = rules.report.output
    codebook = [result("codebook.html"), result("dataset_description.json")]
    return [*shareable().values(), made.page, made.methods, made.figures, made.tables, *codebook]
